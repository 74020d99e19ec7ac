"""Names that portals, disks and people accept."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.names import file_name, fold, frozen_name, nearest, plain, slug

TEXTS = st.text(max_size=200) | st.text(alphabet="aăâeêioôơuưyđĐÐ\u0300\u0301\u0303\u0309\u0323 hnt-.", max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sở Lao động, Thương binh và Xã hội", "so-lao-dong-thuong-binh-va-xa-hoi"),
        ("ÐƯỜNG SẮT", "duong-sat"),  # U+00D0
        (unicodedata.normalize("NFD", "Đường Hồ Chí Minh"), "duong-ho-chi-minh"),
        ("  --A__b--  ", "a-b"),
        ("Diện tích m²", "dien-tich-m2"),
    ],
)
def test_a_slug_is_vietnamese_without_its_marks(text: str, expected: str):
    assert slug(text) == expected


@given(TEXTS, st.integers(1, 100))
def test_a_slug_is_legal_short_and_stays_as_it_is(text: str, limit: int):
    short = slug(text, limit)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", short)
    assert len(short) <= limit
    assert slug(short, limit) == short
    assert slug(unicodedata.normalize("NFD", text), limit) == short


def test_texts_without_letters_have_slugs_of_their_own():
    assert slug("…") != slug("！！")
    assert slug("数据") == slug("数据")


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_a_frozen_name_is_legal_on_ckan_and_ends_in_its_digits(agency: str, title: str, source: str, identifier: str):
    name = frozen_name(agency, title, source, identifier)
    assert re.fullmatch("[a-z0-9-]{2,93}-[0-9a-f]{6}", name)
    assert "--" not in name


def test_a_frozen_name_tells_datasets_of_one_title_apart():
    title = "Danh sách cơ sở giáo dục mầm non trên địa bàn tỉnh Nghệ An năm học 2023–2024"
    names = {frozen_name("so-giao-duc-va-dao-tao", title, s, i) for s, i in [("a", "b"), ("ab", ""), ("a", "c")]}
    assert len(names) == 3
    assert all(name.startswith("so-giao-duc-va-dao-tao-danh-sach-co-so-") for name in names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thái Hòa", "Thái Hoà"),
        ("Phường THÁI  HOÀ", "phường thái hòa"),
        ("Thủy sản", "Thuỷ sản"),
        ("sức khỏe", "sức khoẻ"),
        ("Hoàng Mai", unicodedata.normalize("NFD", "Hoàng Mai")),
        ("Ðô Lương", "Đô Lương"),
        ("Yên\u00a0Hòa\n", "Yên Hòa"),
    ],
)
def test_two_spellings_of_one_name_fold_to_one_key(one: str, other: str):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Hòa Sơn", "Hoa Sơn"), ("Diên Hoa", "Diễn Hoa"), ("mua", "mùa"), ("hoà", "hoá"), ("tủa", "tuả")]
)
def test_two_names_keep_two_keys_though_they_are_alike_without_marks(one: str, other: str):
    assert fold(one) != fold(other)
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    "name", ["Hoàng Mai", "Thuận", "của", "toán", "quý", "Nguyễn", "hoặc", "khuỷu", "ngoèo", "giữa"]
)
def test_folding_leaves_a_syllable_that_is_written_one_way_only(name: str):
    assert fold(name) == name.casefold()


@given(TEXTS)
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)
    assert plain(fold(text)) == plain(text)


def test_the_nearest_word_is_found_or_none():
    assert nearest("shedule", ["agency", "schedule", "kind"]) == "schedule"
    assert nearest("So Noi vu", ["Sở Nội vụ", "Sở Ngoại vụ"]) == "Sở Nội vụ"
    assert nearest("xyz", ["agency", "kind"]) == ""
    assert nearest("", []) == ""
    assert nearest("a" * 1_000_000, ["agency"]) == ""


@pytest.mark.parametrize(
    ("title", "extension", "expected"),
    [
        ("Số liệu 2024", "CSV", "so-lieu-2024.csv"),
        ("so lieu.csv", ".csv", "so-lieu.csv"),
        ("../../etc/passwd", "csv", "etc-passwd.csv"),
        ("CON", "csv", "tep-con.csv"),
        ("bản đồ", "geojson", "ban-do.geojson"),
        ("lưu trữ", "tar.gz", "luu-tru.tar.gz"),
        ("không đuôi", "", "khong-duoi"),
    ],
)
def test_a_file_name_suits_every_system(title: str, extension: str, expected: str):
    assert file_name(title, extension) == expected


@given(TEXTS, TEXTS)
def test_a_file_name_is_ascii_short_and_never_leaves_its_folder(title: str, extension: str):
    name = file_name(title, extension)
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]|[a-z0-9]", name)
    assert len(name) <= 80
    assert ".." not in name
