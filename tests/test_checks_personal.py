"""Personal data and secret markings: found where they are, and nowhere else."""

import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from checksubjects import codes, dataset_of, found, judged, workbook
from openpyxl.comments import Comment

from checks import check
from checks.columns import ASK, REFUSE, personal_columns
from checks.identifiers import is_citizen_number, is_citizen_number_without_zeros
from checks.secret import is_stamp
from checks.words import masked, shown
from harvester.model import Effect, Verdict

RANDOM = random.Random(5517)
NAMES = ["Nguyễn Văn An", "Trần Thị Bình", "Lê Hoàng Cường", "Phạm Thị Dung", "Hồ Sỹ Đức", "Võ Thị Giang", "Lầu Y Pó"]
PROVINCES = ["040", "038", "042", "001", "079"]


def citizens(n: int = 12) -> list[str]:
    """Made-up numbers of the right form."""
    return [
        f"{RANDOM.choice(PROVINCES)}{RANDOM.choice('01')}{RANDOM.randint(50, 99)}{RANDOM.randint(0, 999999):06}"
        for _ in range(n)
    ]


def numbers(pattern: str, n: int = 12) -> list[str]:
    """`#` is a random digit."""
    return ["".join(str(RANDOM.randint(0, 9)) if c == "#" else c for c in pattern) for _ in range(n)]


def names(n: int = 12) -> list[str]:
    return [NAMES[i % len(NAMES)] for i in range(n)]


def words(*some: str) -> list[str]:
    return [some[i % len(some)] for i in range(12)]


SCHOOLS = words("Trường THPT Huỳnh Thúc Kháng", "Trường THPT Phan Bội Châu", "Trường THPT Lê Viết Thuật")
COMMUNES = words("Phường Trường Vinh", "Xã Nghi Lộc", "Xã Con Cuông")
BIRTHS = [f"{RANDOM.randint(1, 28):02}/{RANDOM.randint(1, 12):02}/{RANDOM.randint(1950, 2005)}" for _ in range(12)]

# what a person would say of the column: "no" (publish), "ask" (a person decides), "yes" (refuse);
# columns are judged in their table, the labelled one is the first
TABLES: list[tuple[str, str, dict[str, list[str]]]] = [
    # ---- persons
    ("yes", "citizen numbers", {"Số CCCD": citizens()}),
    ("yes", "citizen numbers, header without marks", {"so cccd": citizens()}),
    ("yes", "citizen numbers, long header", {"Số căn cước công dân/Hộ chiếu": citizens()}),
    ("yes", "citizen numbers under no header", {"": citizens()}),
    ("yes", "citizen numbers under a code's header", {"Mã hồ sơ": citizens()}),
    ("yes", "citizen numbers, a zero eaten", {"Số định danh cá nhân": [c.lstrip("0") for c in citizens()]}),
    ("yes", "citizen numbers, a zero eaten, no header", {"Cột 3": ["40" + c[3:] for c in citizens()]}),
    ("yes", "citizen numbers with spaces", {"CCCD": [f"{c[:3]} {c[3:6]} {c[6:9]} {c[9:]}" for c in citizens()]}),
    ("yes", "old identity cards", {"Số CMND": numbers("18#######")}),
    ("yes", "old and new cards", {"CMND/CCCD": numbers("18#######", 6) + citizens(6)}),
    ("yes", "names and birth dates", {"Họ và tên": names(), "Ngày sinh": BIRTHS}),
    ("yes", "birth dates and names", {"Ngày, tháng, năm sinh": BIRTHS, "Họ tên": names()}),
    ("yes", "names and homes", {"Họ và tên": names(), "Nơi thường trú": COMMUNES}),
    ("yes", "homes and names", {"Quê quán": COMMUNES, "Họ và tên": names()}),
    ("yes", "names and phones", {"Họ tên": names(), "SĐT": numbers("09########")}),
    ("yes", "phones of persons", {"Số điện thoại": numbers("03########"), "Họ và tên": names()}),
    ("yes", "phones, zero eaten", {"Điện thoại": numbers("9########"), "Họ và tên": names()}),
    ("yes", "mail of persons", {"Email": [f"nguyenvan{i}@gmail.com" for i in range(12)], "Họ và tên": names()}),
    ("yes", "names in capitals", {"HỌ VÀ TÊN": [n.upper() for n in names()], "NĂM SINH": numbers("19##")}),
    ("yes", "pupils", {"Tên học sinh": names(), "Ngày sinh": BIRTHS, "Lớp": words("10A1", "10A2")}),
    ("yes", "householders", {"Chủ hộ": names(), "Số CMND": numbers("18#######")}),
    ("yes", "health cards", {"Số thẻ BHYT": numbers("DN440##########")}),
    ("yes", "health cards under no header", {"Ghi chú": numbers("HT240##########")}),
    ("yes", "social insurance", {"Mã số BHXH": numbers("40########")}),
    ("yes", "personal tax numbers", {"MST cá nhân": numbers("8#########")}),
    ("yes", "passports", {"Số hộ chiếu": numbers("C#######")}),
    ("yes", "bank accounts of persons", {"Số tài khoản": numbers("1903########"), "Họ và tên": names()}),
    ("yes", "plates", {"Biển số xe": [f"37A-{n[:3]}.{n[3:]}" for n in numbers("#####")]}),
    ("yes", "English headers", {"Full name": names(), "Date of birth": BIRTHS}),
    ("yes", "English id", {"National ID": citizens()}),
    ("yes", "NFD header", {"Số căn cước": citizens()}),
    ("yes", "camelCase headers", {"hoVaTen": names(), "ngaySinh": BIRTHS}),
    ("yes", "snake_case headers", {"so_cccd": citizens()}),
    ("yes", "phones of members", {"Di động": numbers("09########"), "Tên hội viên": names()}),
    ("yes", "patients", {"Bệnh nhân": names(), "Chẩn đoán": words("Sốt"), "Năm sinh": numbers("19##")}),
    # ---- a person must decide
    (
        "ask",
        "names of representatives",
        {"Người đại diện": names(), "Tên doanh nghiệp": words("Công ty A", "Công ty B")},
    ),
    ("ask", "directors", {"Giám đốc": names(), "Tên đơn vị": words("Sở A", "Sở B")}),
    ("ask", "artisans", {"Nghệ nhân": names(), "Loại hình": words("Ví giặm", "Hát xẩm")}),
    ("ask", "names alone", {"Họ và tên": names(), "Kết quả": words("Đạt", "Không đạt")}),
    ("ask", "names under a neutral header", {"Tên": names()}),
    ("ask", "birth years alone", {"Năm sinh": numbers("19##"), "Kết quả": words("Đạt", "Không đạt")}),
    ("ask", "mobiles of nobody named", {"Số điện thoại": numbers("09########"), "Nội dung": words("a", "b")}),
    (
        "ask",
        "mobiles of representatives",
        {"Điện thoại": numbers("09########"), "Người đại diện": names(), "Tên cơ sở": SCHOOLS},
    ),
    ("ask", "private mail of schools", {"Email": [f"truong{i}@gmail.com" for i in range(12)], "Tên trường": SCHOOLS}),
    ("ask", "accounts of organisations", {"Số tài khoản": numbers("12########"), "Tên đơn vị": words("Quỹ A")}),
    # ---- nobody
    ("no", "hotlines", {"Đường dây nóng": numbers("09########"), "Tên cơ quan": words("Sở A", "Sở B")}),
    ("no", "numbers for complaints", {"Điện thoại tiếp nhận phản ánh": numbers("09########"), "Xã": COMMUNES}),
    ("no", "places named after persons", {"Tên": words("Chợ Vinh", "Cầu Bến Thủy", "Nguyễn Huệ Plaza")}),
    ("no", "villages", {"Tên thôn, bản": words("Bản Vi", "Thôn Hồ Sen")}),
    ("no", "household registers counted", {"Số hộ khẩu": numbers("1###"), "Xã": COMMUNES}),
    ("no", "office phones", {"Điện thoại": numbers("0238#######"), "Tên cơ quan": words("Sở A", "Sở B")}),
    ("no", "office mobiles", {"Số điện thoại": numbers("09########"), "Tên cơ sở khám chữa bệnh": words("Trạm A")}),
    ("no", "service numbers", {"Tổng đài": words("19001000", "1022")}),
    ("no", "agency mail", {"Email": [f"vanthu{i}@nghean.gov.vn" for i in range(12)], "Cơ quan": words("Sở A")}),
    ("no", "company mail", {"Email": [f"info@congty{i}.com.vn" for i in range(12)], "Tên công ty": words("A", "B")}),
    ("no", "twelve-digit codes", {"Mã tài sản": numbers("9###########")}),
    ("no", "codes in steps", {"Mã hồ sơ": [f"04000000{i:04}" for i in range(12)]}),
    ("no", "codes of one year", {"Mã định danh thửa": [f"040024{i:06}" for i in range(12)]}),
    ("no", "random twelve digits", {"Số sê-ri": numbers("############", 40)}),
    ("no", "agency codes", {"Mã định danh": words("H41.01", "H41.02", "000.00.14.H41")}),
    ("no", "company tax codes", {"Mã số thuế": numbers("2900######"), "Tên doanh nghiệp": words("Công ty A")}),
    (
        "no",
        "company tax codes of the south",
        {"Mã số thuế": numbers("03########"), "Tên doanh nghiệp": words("Công ty A")},
    ),
    ("no", "communes", {"Mã xã": numbers("1####"), "Tên xã": COMMUNES}),
    ("no", "population", {"Dân số": numbers("1####"), "Xã": COMMUNES}),
    ("no", "money of ten digits", {"Kinh phí (đồng)": numbers("9#########")}),
    ("no", "years", {"Năm": numbers("20##")}),
    ("no", "year built", {"Năm xây dựng": numbers("19##")}),
    ("no", "coordinates", {"Vĩ độ": numbers("18.######"), "Kinh độ": numbers("105.######")}),
    ("no", "number of cards issued", {"Số CCCD đã cấp": numbers("1###"), "Xã": COMMUNES}),
    ("no", "rate of cards", {"Tỷ lệ cấp CCCD (%)": numbers("9#")}),
    ("no", "rate insured", {"Tỷ lệ bao phủ BHYT (%)": numbers("9#.#")}),
    ("no", "births", {"Số trẻ sinh ra": numbers("1##"), "Xã": COMMUNES}),
    ("no", "pupils counted", {"Số học sinh": numbers("1##"), "Tên trường": SCHOOLS}),
    ("no", "schools named after persons", {"Tên trường": SCHOOLS, "Địa chỉ": COMMUNES}),
    ("no", "streets named after persons", {"Tên đường": words("Nguyễn Du", "Trần Phú", "Lê Lợi", "Phan Đình Phùng")}),
    ("no", "ethnic groups counted", {"Dân tộc": words("Kinh", "Thái", "Thổ"), "Số người": numbers("1###")}),
    ("no", "poor households counted", {"Hộ nghèo": numbers("1##"), "Tổng số hộ": numbers("1###"), "Xã": COMMUNES}),
    ("no", "offices' addresses", {"Địa chỉ": words("Số 3 Trường Thi"), "Tên cơ quan": words("Sở A")}),
    ("no", "document numbers", {"Số văn bản": words("5517/UBND-CN", "194/2025/NĐ-CP")}),
    ("no", "dates of issue", {"Ngày ban hành": BIRTHS, "Trích yếu": words("Về việc A")}),
    ("no", "goods' codes", {"Mã vạch": numbers("893##########")}),
    ("no", "plots", {"Số thửa": numbers("1##"), "Tờ bản đồ": numbers("1#")}),
    ("no", "masked cards", {"Số CCCD": words("040********12", "038********45")}),
    ("no", "agency accounts", {"Kho bạc": words("KBNN Nghệ An"), "Mã quan hệ ngân sách": numbers("10#####")}),
]


def says(columns: dict[str, list[str]]) -> str:
    rows = [list(columns), *map(list, zip(*columns.values(), strict=True))]
    first = next((found for found in personal_columns(rows) if found.column == 1), None)
    if first is None or first.score < ASK:
        return "no"
    return "yes" if first.score >= REFUSE else "ask"


@pytest.mark.parametrize(("wanted", "columns"), [t[::2] for t in TABLES], ids=[t[1] for t in TABLES])
def test_a_column_is_judged_as_a_person_would(wanted: str, columns: dict[str, list[str]]):
    assert says(columns) == wanted


def test_recall_and_precision_over_the_labelled_columns(record_property: Callable[[str, float], None]):
    judgements = [(wanted != "no", says(columns) != "no") for wanted, _, columns in TABLES]
    hits = judgements.count((True, True))
    recall, precision = hits / sum(w for w, _ in judgements), hits / sum(s for _, s in judgements)
    record_property("recall", recall)
    record_property("precision", precision)
    assert len(TABLES) >= 60
    assert (recall, precision) == (1.0, 1.0)


def test_random_twelve_digits_rarely_pass_for_a_citizen_number():
    passing = sum(map(is_citizen_number, numbers("############", 20_000)))
    assert passing < 20_000 * 0.02


@pytest.mark.parametrize("number", ["040091000012", "001200000012"])
def test_eaten_zeros_are_seen(number: str):
    assert is_citizen_number(number)
    assert is_citizen_number_without_zeros(number.lstrip("0"))


@pytest.mark.parametrize(
    "number", ["100091000012", "003091000012", "040491000012", "040000000012", "04009100001", "٠٤٠٠٩١٠٠٠٠١٢"]
)
def test_impossible_citizen_numbers_are_refused(number: str):
    assert not is_citizen_number(number)


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        ("040091000012", "040********12"),
        ("Nguyễn Văn An", "Ng***"),
        ("12/03/1985", "***"),
        ("an", "***"),
        ("nguyenvana@gmail.com", "ng***@gmail.com"),
    ],
)
def test_a_mask_shows_the_ends_only(value: str, mask: str):
    assert masked(value) == mask


def test_identity_numbers_are_masked_in_any_cell_that_is_shown():
    assert shown("Ông A, 040091000012, a@gmail.com, vanthu@nghean.gov.vn, 0238 3840 123") == (
        "Ông A, 040********12, a***@gmail.com, vanthu@nghean.gov.vn, 0238 3840 123"
    )


PERSONS = "STT,Họ và tên,Số CCCD,Dân tộc\n1,Nguyễn Văn An,040091000012,Kinh\n2,Trần Thị Bình,040191000013,Thái\n"


def test_a_list_of_persons_is_refused_and_nothing_of_it_is_told(tmp_path: Path):
    report = judged(tmp_path, "ds.csv", PERSONS)
    assert report.effect is Effect.REFUSE
    assert report.verdicts["C15"] is report.verdicts["C17"] is Verdict.NOT_MET
    told = repr(report) + "".join(f.message.render("vi") + f.message.render("en") for f in report.findings)
    assert not any(value in told for value in ("040091000012", "040191000013", "Nguyễn Văn An", "Trần Thị Bình"))
    assert "040********12" in told


def test_values_are_masked_in_the_errors_of_the_report(tmp_path: Path):
    dataset, files = dataset_of(tmp_path, {"ds.csv": PERSONS + "x,Hồ Thị Cúc,040191000014,Kinh,thừa 040191000015\n"})
    schema = {
        "fields": [
            {"name": n, "type": t}
            for n, t in (("STT", "integer"), ("Họ và tên", "date"), ("Số CCCD", "date"), ("Dân tộc", "string"))
        ]
    }
    dataset = replace(dataset, resources=(replace(dataset.resources[0], schema=schema),))
    told = repr(check(dataset, files, None))
    assert "type-error" in told
    assert not any(
        value in told for value in ("0400910000", "040191000013", "0401910000", "Hồ Thị Cúc", "Nguyễn Văn An")
    )


def test_a_table_without_a_header_tells_no_person_by_its_first_row(tmp_path: Path):
    rows = [f"{n},{c},x" for n, c in zip(names(9), citizens(9), strict=True)]
    report = judged(tmp_path, "a.csv", "\n".join(["Đinh Văn Lam,040091000012,x", *rows]))
    assert report.effect is Effect.REFUSE
    told = repr(report) + "".join(f.message.render("vi") for f in report.findings)
    assert "040091000012" not in told
    assert "Đinh Văn Lam" not in told


def test_a_declared_delimiter_that_is_wrong_hides_no_column(tmp_path: Path):
    dataset, files = dataset_of(tmp_path, {"ds.csv": PERSONS})
    lying = replace(dataset.resources[0], dialect={"csv": {"delimiter": ";"}})
    assert check(replace(dataset, resources=(lying,)), files, None).effect is Effect.REFUSE


def test_persons_in_notes_and_behind_pivot_tables_are_found(tmp_path: Path):
    book, path = workbook(tmp_path, {"a": [["Xã", "Số hộ"], ["A", 3]]})
    book["a"]["A2"].comment = Comment("Liên hệ ông A, CCCD 040091000012", "x")
    book.save(path)
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert "FMT-029" in codes(report.findings, "C19")
    assert "PER-004" in codes(report.findings, "C15")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/pivotCache/pivotCacheDefinition1.xml", '<p><cacheField name="Họ và tên" x="1"/></p>')
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert codes(report.findings).count("PER-004") == 2
    assert "FMT-030" in codes(report.findings, "C19")


def test_doubt_holds_and_leaves_the_rule_unknown(tmp_path: Path):
    report = judged(tmp_path, "ds.csv", "Tên đơn vị,Giám đốc\nSở A,Nguyễn Văn An\nSở B,Trần Thị Bình\n")
    assert report.effect is Effect.HOLD
    assert report.verdicts["C15"] is Verdict.UNKNOWN


def test_persons_on_a_hidden_sheet_below_a_title_are_found(tmp_path: Path):
    persons = [["DANH SÁCH HỖ TRỢ"], ["Năm 2025"], ["TT", "Họ và tên", "Năm sinh"], [1, "Nguyễn Văn An", 1960]]
    book, path = workbook(tmp_path, {"Tổng hợp": [["Xã", "Số hộ"], ["A", 3]], "goc": persons})
    book["goc"].sheet_state = "hidden"
    book.save(path)
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert found(report, "PER-001").place.sheet == "goc"
    assert "FMT-020" in codes(report.findings, "C19")


def test_an_identity_number_inside_a_text_is_found(tmp_path: Path):
    report = judged(tmp_path, "a.csv", "Xã,Ghi chú\nA,khen thưởng ông Nguyễn Văn An CCCD số 040091000012 năm 2025\n")
    assert found(report, "PER-003").place.row == 2
    assert report.effect is Effect.REFUSE


def test_a_long_table_is_sampled_and_the_finding_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("checks.grids.SAMPLE", 300)
    monkeypatch.setattr("checks.personal.SAMPLE", 300)
    text = "STT,Số CCCD\n" + "".join(f"{i},{c}\n" for i, c in enumerate(citizens(900)))
    message = found(judged(tmp_path, "a.csv", text), "PER-001").message.render("en")
    assert message.endswith("of 901 rows.")


@pytest.mark.parametrize(
    "cell",
    [
        "MẬT",
        "TỐI MẬT",
        "TUYỆT MẬT",
        "  MẬT  ",
        "[MẬT]",
        "ĐỘ MẬT: TỐI MẬT",
        "LƯU HÀNH NỘI BỘ",
        "TÀI LIỆU MẬT",
        "UBND TỈNH\nMẬT",
        "TÀI LIỆU THU HỒI",
        "MẬT",
    ],
)
def test_a_stamp_is_a_stamp(cell: str):
    assert is_stamp(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "bảo mật",
        "BẢO MẬT",
        "Mật độ",
        "MẬT ĐỘ",
        "mật khẩu",
        "MẬT ONG",
        "Mật ong",
        "bí mật kinh doanh",
        "BÍ MẬT KINH DOANH",
        "Mật",
        "mật",
        "MẬT MÍA",
        "THÂN MẬT",
    ],
)
def test_everyday_words_are_no_stamp(cell: str):
    assert not is_stamp(cell)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "MẬT,,\nSTT,Tên,Số\n1,A,2\n"),
        ("Danh sách (TỐI MẬT).csv", "a,b\n1,2\n"),
        ("bao-cao_tuyet-mat.csv", "a,b\n1,2\n"),
        ("a.csv", "a,b\n1,2\nLƯU HÀNH NỘI BỘ,\n"),
    ],
)
def test_a_marked_file_is_refused_without_telling_its_content(tmp_path: Path, name: str, text: str):
    report = judged(tmp_path, name, text)
    assert found(report, "SEC-001").effect is Effect.REFUSE
    assert report.verdicts["C18"] is Verdict.NOT_MET


@pytest.mark.parametrize("name", ["mat-do-dan-so.csv", "san-luong-MẬT ONG.csv", "bảo mật.csv", "mật khẩu.csv"])
def test_an_everyday_file_name_is_no_marking(tmp_path: Path, name: str):
    report = judged(tmp_path, name, "Xã,Mật độ,Mật ong (tấn)\nA,120,3\n")
    assert report.verdicts["C18"] is Verdict.MET


def test_markings_in_sheet_names_properties_and_footers_are_found(tmp_path: Path):
    book, path = workbook(tmp_path, {"MẬT": [["a", "b"], [1, 2]], "b": [["a", "b"], [1, 2]]})
    book.properties.keywords = "TỐI MẬT"
    book["b"].oddFooter.center.text = "LƯU HÀNH NỘI BỘ"
    book.save(path)
    report = judged(tmp_path, "a.xlsx", path.read_bytes())
    assert codes(report.findings).count("SEC-001") == 3
