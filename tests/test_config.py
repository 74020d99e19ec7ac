"""The packaged configuration loads, and every mistake in one is named by file, line and key, with the remedy."""

import os
import re
from datetime import date, timedelta
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester import sources
from harvester.config import documents, load, packaged, read
from harvester.cron import cron_mistake
from harvester.documents import toml
from harvester.environment import environment
from harvester.errors import ConfigurationError, OpendataError, UsageRefused
from harvester.model import FilePolicy, Source
from harvester.registry import needed
from harvester.starting import initialise

KINDS = {"folder": (), "datapackage": ("profile",)}
PACKAGED = documents(packaged())
BLOCKING = {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15, 17, 18, 21}  # design 10


def edited(name: str, old: str, new: str) -> dict[str, bytes]:
    """The packaged configuration with one passage of one document replaced."""
    text = PACKAGED[name].decode()
    assert old in text
    return PACKAGED | {name: text.replace(old, new, 1).encode()}


def line_of(name: str, passage: str) -> int:
    """The line of a packaged document in which a passage begins."""
    return PACKAGED[name].decode().split(passage)[0].count("\n") + 1


def test_the_packaged_configuration_is_the_provinces():
    config = read(PACKAGED, KINDS)
    assert (config.portal.kind, config.portal.title) == ("catalogue", "Cổng dữ liệu mở tỉnh Nghệ An")
    assert (config.portal.agencies, config.portal.illustration, config.portal.carry_days) == (None, False, 7)
    assert len(config.register.agencies) == 179
    assert [target.id for target in config.targets] == [
        "cv-5517-2024", "cv-5517-2024-communes", "qd-699-2024", "nghean-2030",
    ]  # fmt: skip
    assert (config.sources, config.owed) == ((), ())
    assert config.documents == PACKAGED


@pytest.mark.parametrize(
    ("day", "due"), [("2024-06-30", (42, 9)), ("2024-12-31", (41, 9)), ("2025-03-01", (35, 7)), ("2025-07-01", (15, 3))]
)
def test_the_goldens_come_from_the_configured_target(day: str, due: tuple[int, int]):
    config = read(PACKAGED)
    target = config.targets[0]
    in_scope = len(config.register.in_scope(target.levels, date.fromisoformat(day)))
    assert (in_scope, needed(target.share, in_scope)) == due
    assert target.due == date(2024, 7, 31)


def test_exactly_one_rule_set_is_in_force_on_each_day():
    config = read(PACKAGED)
    assert config.rules_on(date(2020, 5, 24)) is None
    for first, last, id in [
        (date(2020, 5, 25), date(2025, 8, 18), "nd-47-2020"),
        (date(2025, 8, 19), date(2030, 12, 31), "luat-gddt-2023-nd-194-2025"),
    ]:
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        assert {rules.id for day in days if (rules := config.rules_on(day))} == {id}


def test_rules_block_what_the_design_says_and_tell_the_agency_what_to_do():
    nd47, gddt = read(PACKAGED).rule_sets
    assert (nd47.verified, gddt.verified) == (True, False)
    for rules in (nd47, gddt):
        assert [rule.id for rule in rules.rules] == [f"C{n:02}" for n in range(1, 25)]
        assert {int(rule.id[1:]) for rule in rules.rules if rule.blocking} == BLOCKING
        assert {rule.id for rule in rules.rules if rule.decided_by == "portal"} == {"C03", "C11", "C12"}
        assert {rule.id for rule in rules.rules if rule.decided_by == "time"} == {"C06", "C07", "C08", "C09"}
        assert all(rule.remedy_vi.endswith(".") and rule.remedy_en.endswith(".") for rule in rules.rules)


@pytest.mark.parametrize(
    ("licence", "canonical"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("cc-zero", "CC0-1.0"),
        ("ODbL", "ODbL-1.0"),
        ("Nghị định 47/2020/NĐ-CP", "vn-nd47-2020-d18"),
        ("vn-gddt2023-d43", "vn-gddt2023-d43"),
        ("CC-BY-NC-4.0", None),
        ("notspecified", None),
    ],
)
def test_licences_are_known_by_id_address_and_title(licence: str, canonical: str | None):
    for rules in read(PACKAGED).rule_sets:
        assert rules.licences.get(licence.lower()) == canonical


@pytest.mark.parametrize(
    ("licence", "forbidden"),
    [
        ("CC BY-NC 4.0", True),
        ("https://creativecommons.org/licenses/by-nd/4.0/", True),
        ("cc-by-nc-sa", True),
        ("Chỉ dùng cho mục đích phi thương mại", True),
        ("Không được sử dụng vào mục đích thương mại", True),
        ("Phải xin phép Sở Y tế trước khi sử dụng", True),
        ("Phải được sự đồng ý của cơ quan cung cấp", True),
        ("All rights reserved", True),
        ("Not to be copied without written permission", True),
        ("Lưu hành nội bộ", True),
        ("Tự do sử dụng cho mục đích thương mại hoặc phi thương mại", False),
        ("free for commercial and non-commercial use", False),
        ("Sử dụng không cần xin phép, ghi rõ nguồn", False),
        ("Theo ND 47/2020/ND-CP", False),
        ("UBND tỉnh Nghệ An", False),
        ("CC-BY-4.0", False),
    ],
)
def test_a_licence_is_forbidden_only_for_what_contradicts_free_use(licence: str, forbidden: bool):
    for rules in read(PACKAGED).rule_sets:
        assert any(re.search(pattern, licence.lower()) for pattern in rules.forbidden_licences) is forbidden


def test_no_accepted_licence_is_forbidden():
    for rules in read(PACKAGED).rule_sets:
        assert not [
            spelling
            for spelling in rules.licences
            for pattern in rules.forbidden_licences
            if re.search(pattern, spelling)
        ]


def test_a_source_file_becomes_a_source():
    text = """
kind = "datapackage"
address = "https://example.org/datapackage.json"
schedule = "15 2 * * mon-fri"
approved = true
approved_by = "Nguyễn Văn A"
approved_on = 2026-01-15
files = "link"
allow_networks = ["10.20.0.0/16", "::1/128"]
profile = "v2"
[agencies]
"Sở Y tế tỉnh" = "so-y-te"
"SNV" = "Sở Nội vụ"
"""
    config = read(PACKAGED | {"sources/so-y-te.toml": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()}, KINDS)
    source = config.source("so-y-te")
    assert source == Source(
        id="so-y-te",
        kind="datapackage",
        address="https://example.org/datapackage.json",
        agencies={"Sở Y tế tỉnh": "NA-P-SYT", "SNV": "Sở Nội vụ"},
        schedule="15 2 * * mon-fri",
        approved=True,
        approved_by="Nguyễn Văn A",
        approved_on=date(2026, 1, 15),
        files=FilePolicy.LINK,
        allow_networks=("10.20.0.0/16", "::1/128"),
        options={"profile": "v2"},
        path=Path("config/sources/so-y-te.toml"),
    )
    with pytest.raises(UsageRefused, match="CFG-013") as refused:
        config.source("so-yte")
    assert "`so-y-te`" in str(refused.value.remedy)


def test_the_examples_of_sources_are_sources():
    for path in packaged().glob("sources/*.example"):
        assert read(PACKAGED | {"sources/example.toml": path.read_bytes()}, sources.KINDS).source("example")


def test_a_database_is_no_web_address_and_holds_no_password():
    text = 'kind = "sql"\naddress = "{}"\nagency = "so-y-te"\n'
    for address in ("sqlite:///data/x.db", "postgresql://10.20.0.5:5432/x"):
        document = text.format(address).encode()
        assert read(PACKAGED | {"sources/a.toml": document}, sources.KINDS).source("a").address == address
    for address in ("postgresql://u:p@10.20.0.5/x", "postgresql://h/x?password=p", "https://x.vn/", "mysql://h/x"):
        with pytest.raises(ConfigurationError, match="CFG-009"):
            read(PACKAGED | {"sources/a.toml": text.format(address).encode()}, sources.KINDS)


def test_a_stored_revision_is_read_without_judging_kinds_again():
    gone = b'kind = "gone"\naddress = "x"\nagency = "so-y-te"\nold = 1\n'
    assert read(PACKAGED | {"sources/a.toml": gone}).source("a").options == {"old": 1}


def test_figures_of_a_person_belong_to_the_only_target_fed_by_one():
    figures = '\n[[figures]]\nday = {}\nin_scope = 85\nmet = 20\ndocument = "BC 1"\n'
    text = PACKAGED["targets.toml"].decode() + figures.format("2024-12-31") + figures.format("2024-09-30")
    target = read(PACKAGED | {"targets.toml": text.encode()}).targets[2]
    assert (target.id, target.fed_by_person, target.levels) == ("qd-699-2024", True, frozenset())
    assert [figure.day.isoformat() for figure in target.figures] == ["2024-09-30", "2024-12-31"]


SOURCE = 'kind = "folder"\naddress = "handover"\nagency = "so-y-te"\n'
TARGETS = PACKAGED["targets.toml"].decode()
FIGURE = '[[figures]]\nday = 2024-12-31\nin_scope = 85\nmet = 20\ndocument = "BC 1"\n'


@pytest.mark.parametrize(
    ("text", "code", "line", "key", "words"),
    [
        (SOURCE + 'shedule = "0 2 * * *"\n', "CFG-003", 4, "shedule", "Did you mean `schedule`?"),
        ('kind = "folder"\nadress = "x"\nagency = "so-y-te"\n', "CFG-003", 2, "adress", "Did you mean `address`?"),
        (SOURCE + 'profile = "v2"\n', "CFG-003", 4, "profile", "Did you mean `files`?|Known here: `address`"),
        (SOURCE.replace("folder", "foldr"), "CFG-006", 1, "kind", "Did you mean `folder`?"),
        (SOURCE.replace("folder", "zzz"), "CFG-006", 1, "kind", "`datapackage`, `folder`"),
        ('kind = "folder"\nagency = "so-y-te"\n', "CFG-005", 1, None, "`address = …`"),
        ('kind = "folder"\naddress = "x"\n', "CFG-005", 1, "agency", "[agencies]"),
        (SOURCE + '[agencies]\nx = "so-y-te"\n', "CFG-005", 3, "agency", "[agencies]"),
        (SOURCE.replace("so-y-te", "so-y-tee"), "CFG-008", 3, "agency", "Did you mean “so-y-te”?|“Sở Y tế”"),
        ('kind = "folder"\naddress = "x"\n[agencies]\n"Sở X" = "???"\n', "CFG-008", 4, "Sở X", "Add it there"),
        (SOURCE + "approved = 1\n", "CFG-004", 4, "approved", "true or false, without quotes"),
        (SOURCE + 'approved = "yes"\n', "CFG-004", 4, "approved", "true or false"),
        (SOURCE + "schedule = 5\n", "CFG-004", 4, "schedule", "text in quotes"),
        (SOURCE + 'schedule = "0 25 * * *"\n', "CFG-009", 4, "schedule", "02:15"),
        (SOURCE + 'approved_on = "15/01/2026"\n', "CFG-006", 4, "approved_on", "approved_on = 2024-07-31"),
        (SOURCE + "approved_on = 2026-01-15T07:00:00\n", "CFG-006", 4, "approved_on", "year, month, day"),
        (SOURCE + "approved_on = 2026-02-30\n", "CFG-002", 4, None, "without"),
        (SOURCE + 'files = "links"\n', "CFG-006", 4, "files", "Did you mean `link`?"),
        (SOURCE + 'allow_networks = "10.0.0.0/8"\n', "CFG-004", 4, "allow_networks", "a list of texts"),
        (SOURCE + "allow_networks = [1]\n", "CFG-004", 4, "allow_networks", "a list of texts"),
        (SOURCE + 'allow_networks = ["10.20.30.40/16"]\n', "CFG-009", 4, "allow_networks", "10.20.0.0/16"),
        (SOURCE.replace("handover", "ftp://x/y"), "CFG-009", 2, "address", "https://"),
        (SOURCE.replace("handover", "https://a:secret@x/y"), "CFG-009", 2, "address", "secrets do not belong"),
        (SOURCE + "agencies = 3\n", "CFG-004", 4, "agencies", "[agencies]"),
        (SOURCE + "kind = \n", "CFG-002", 4, None, "title = "),
        (SOURCE + 'kind = "folder"\n', "CFG-002", 4, None, "Texts stand in quotes"),
        (SOURCE + "x = " + "[" * 100_000, "CFG-002", 4, None, "Texts stand in quotes"),
        (SOURCE + "approved_on = " + "9" * 10_000, "CFG-002", 4, None, "Texts stand in quotes"),
        (SOURCE.encode() + b'approved_by = "Nguy\xea\xf1n"\n', "CFG-002", 4, None, "UTF-8"),
        ("# a comment\n\n" + 'x = """\nkind = 1\n"""\n' + SOURCE, "CFG-003", 3, "x", "Known here"),
        ("", "CFG-005", 1, None, "`kind = …`"),
    ],
)
def test_a_mistake_in_a_source_file_is_named(text: str | bytes, code: str, line: int, key: str | None, words: str):
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigurationError) as refused:
        read(PACKAGED | {"sources/so-y-te.toml": content}, KINDS)
    assert refused.value.code == code
    assert str(refused.value.message).startswith(f"config/sources/so-y-te.toml, line {line}: ")
    place = refused.value.place or {}
    assert (place["file"], place["row"], place["column"]) == ("config/sources/so-y-te.toml", line, key)
    assert any(word in str(refused.value.remedy) for word in words.split("|"))
    assert "secret@" not in str(refused.value.message)
    assert str(refused.value.message) != refused.value.message.render("vi")


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "place", "words"),
    [
        ("portal.toml", 'kind = "catalogue"', 'kind = "ckn"', "CFG-006", 'kind = "cat', "`ckan`"),
        ("portal.toml", "# base_url", "baseurl", "CFG-003", "# base_url", "`base_url`"),
        ("portal.toml", "# [validation]", "[valdation]", "CFG-003", "# [validation]", "`validation`"),
        ("portal.toml", "# [validation]", '[validation]\nengin = "auto"', "CFG-003", "# engine", "`engine`"),
        ("portal.toml", '# agencies = ["NA', 'agencies = ["NB', "CFG-008", "# agencies =", "Did you mean"),
        ("portal.toml", "# [organizations]", '[organizations]\n"x" = "y"', "CFG-008", "# NA-P", "Add it there"),
        ("portal.toml", "# carry_days = 7", "carry_days = -1", "CFG-006", "# carry_days", "0 or more"),
        ("portal.toml", 'title = "Cổng dữ liệu mở tỉnh Nghệ An"', "", "CFG-005", "", "`title = …`"),
        ("targets.toml", "share = 0.2\n", "share = 20\n", "CFG-011", "share = 0.2\n", "0.2"),
        ("targets.toml", "share = 0.2\n", "share = nan\n", "CFG-011", "share = 0.2\n", "0.2"),
        ("targets.toml", "share = 0.2\n", 'share = "20 %"\n', "CFG-004", "share = 0.2\n", "a number"),
        ("targets.toml", '["province", "district"]', '["provinz"]', "CFG-006", "levels = [", "province, district"),
        ("targets.toml", 'levels = ["province", "district"]\n', "", "CFG-011", "[[targets]]\n", "levels ="),
        ("targets.toml", 'id = "cv-5517-2024-communes"', 'id = "cv-5517-2024"', "CFG-010",
         'id = "cv-5517-2024-communes"', "of its own"),
        ("targets.toml", "due = 2024-07-31 ", "", "CFG-005", "[[targets]]\n", "`due = …`"),
        ("rules/nd-47-2020.toml", "valid_to = 2025-08-18", "valid_to = 2025-08-19", "CFG-012", "", "18 Aug 2025"),
        ("rules/nd-47-2020.toml", "valid_to = 2025-08-18", "valid_to = 2025-08-17", "CFG-012", "", "18 Aug 2025"),
        ("rules/nd-47-2020.toml", "valid_to = 2025-08-18", "", "CFG-012", "", "18 Aug 2025"),
        ("rules/nd-47-2020.toml", "valid_to = 2025-08-18", "valid_to = 2019-08-18", "CFG-006",
         "valid_to =", "Correct one"),
        ("rules/nd-47-2020.toml", "[rules.C02]", "[rules.D02]", "CFG-006", "[rules.C02]", "C01 to C99"),
        ("rules/nd-47-2020.toml", 'decided_by = "portal"', 'decided_by = "portl"', "CFG-006",
         'decided_by = "portal"', "`portal`"),
        ("rules/nd-47-2020.toml", "  'all rights", "  '(all rights", "CFG-006", "forbidden_licences", "backslash"),
        ("rules/nd-47-2020.toml", '  "cc0",', '  "cc-by",', "CFG-010", '"CC-BY-4.0" =', "one licence only"),
    ],
)  # fmt: skip
def test_a_mistake_elsewhere_is_named(name: str, old: str, new: str, code: str, place: str, words: str):
    with pytest.raises(ConfigurationError) as refused:
        read(edited(name, old, new), KINDS)
    assert refused.value.code == code
    assert words in str(refused.value.remedy)
    lines = {line_of(name, each) for each in place.split("|") if each and each in PACKAGED[name].decode()} or {1}
    assert (refused.value.place or {})["row"] in lines
    assert str(refused.value.message).startswith(f"config/{name}, line ")


@pytest.mark.parametrize(
    ("figure", "code", "words"),
    [
        (FIGURE.replace("met = 20", "met = 86"), "CFG-011", "Correct `met`"),
        (FIGURE + FIGURE, "CFG-010", "one figure for a day"),
        (FIGURE + 'target = "cv-5517-2024"\n', "CFG-006", "`qd-699-2024`"),
        (FIGURE.replace('document = "BC 1"', 'document = ""'), "CFG-005", "`document = …`"),
        (FIGURE.replace("85", "-85"), "CFG-006", "0 or more"),
    ],
)
def test_a_mistake_in_the_figures_of_a_person_is_named(figure: str, code: str, words: str):
    with pytest.raises(ConfigurationError, match=code) as refused:
        read(PACKAGED | {"targets.toml": f"{TARGETS}\n{figure}".encode()})
    assert words in str(refused.value.remedy)
    assert (refused.value.place or {})["row"] > TARGETS.count("\n")


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column", "words"),
    [
        ("id,slug,", "id,slog,", "CFG-003", 1, "slog", "Did you mean `slug`?"),
        ("id,slug,", "id,id,", "CFG-003", 1, "id", "separated by commas"),
        (",verified\n", "\n", "CFG-005", 1, "verified", "separated by commas"),
        ("id,slug,name_vi,", "id;slug;name_vi,", "CFG-003", 1, "id;slug;name_vi", "separated by commas"),
        ('"Sở Lao động, Thương binh và Xã hội"', "Sở Lao động, Thương binh và Xã hội", "CFG-002", 3, None, "quotation"),
        ("Sở Y tế", '"Sở "Y" tế"', "CFG-002", 18, None, "not closed"),
        (",province,", ",provinz,", "CFG-006", 2, "level", "`province`"),
        ("2025-02-28", "28/02/2025", "CFG-006", 2, "valid_to", "2025-03-01"),
        ("so-noi-vu-2025", "Sở Nội vụ", "CFG-006", 2, "slug", "so-y-te"),
        ("so-noi-vu-2025", "", "CFG-005", 2, "slug", "Fill it in"),
        ("so-noi-vu-2025", "so-tai-chinh", "AGY-011", 23, "slug", "of its own"),
        ("2025-02-28,NA-P-SNV,", "2025-02-28,NA-P-SNVV,", "AGY-012", 2, "successor_ids", "“NA-P-SNV”"),
        (".html,yes", ".html,maybe", "CFG-006", 2, "verified", "`yes`, `no`"),
    ],
)
def test_a_mistake_in_the_register_is_named(old: str, new: str, code: str, line: int, column: str | None, words: str):
    with pytest.raises(ConfigurationError) as refused:
        read(edited("agencies.csv", old, new))
    assert refused.value.code == code
    assert str(refused.value.message).startswith(f"config/agencies.csv, line {line}: ")
    assert (refused.value.place or {})["column"] == column
    assert words in str(refused.value.remedy)


def test_the_register_saved_in_another_encoding_is_named_by_line():
    content = PACKAGED["agencies.csv"].decode().encode("utf-16")
    with pytest.raises(ConfigurationError, match="CFG-002") as refused:
        read(PACKAGED | {"agencies.csv": content})
    assert "CSV UTF-8" in str(refused.value.remedy)


def test_the_list_of_datasets_owed_is_read_against_the_register():
    header = "item,title,agency,frequency,decision,theme\n"
    line = "{},Danh sách bệnh viện,Sở Y tế,hằng năm,QĐ 1,Y tế\n"
    config = read(PACKAGED | {"catalogue.csv": (header + line.format(1) + line.format("1.2")).encode()})
    assert [(owed.item, owed.frequency) for owed in config.owed] == [("1", "hằng năm"), ("1.2", "hằng năm")]
    for lines, code in [(line.format(1) * 2, "CFG-010"), (line.format(1).replace("Sở Y tế", "???"), "CFG-008")]:
        with pytest.raises(ConfigurationError, match=code):
            read(PACKAGED | {"catalogue.csv": (header + lines).encode()})


@pytest.mark.parametrize("name", ["portal.toml", "agencies.csv", "targets.toml", "rules/*.toml"])
def test_a_missing_document_is_named(name: str):
    with pytest.raises(ConfigurationError, match="CFG-001") as refused:
        read({key: content for key, content in PACKAGED.items() if not fnmatch(key, name)})
    assert f"config/{name}" in str(refused.value.message)


@pytest.mark.parametrize("name", ["portal.toml", "agencies.csv", "targets.toml", "rules/nd-47-2020.toml"])
def test_an_empty_document_is_refused(name: str):
    with pytest.raises(ConfigurationError, match=r"CFG-0\d\d"):
        read(PACKAGED | {name: b""})


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PACKAGED)), st.integers(0, 5_000), st.binary(max_size=12), st.integers(0, 40))
def test_a_damaged_document_is_read_or_refused_and_never_breaks(name: str, at: int, new: bytes, cut: int):
    content = PACKAGED[name]
    at = min(at, len(content))
    try:
        read(PACKAGED | {name: content[:at] + new + content[at + cut :]}, KINDS)
    except ConfigurationError as refused:
        assert refused.message.render("vi")
        assert refused.remedy.render("vi")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("source/so-y-te.toml", "sources/so-y-te.toml"),
        ("target.toml", "targets.toml"),
        ("sources/deep/x.toml", "sources/x.toml"),
        ("Portal.toml", "portal.toml"),
    ],
)
def test_a_file_that_would_be_overlooked_is_named(tmp_path: Path, wrong: str, right: str):
    path = tmp_path / "config" / wrong
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(ConfigurationError, match="CFG-007") as refused:
        load(tmp_path, KINDS)
    assert f"`{right}`" in str(refused.value.remedy)


def test_a_document_of_absurd_size_is_refused_unread(tmp_path: Path):
    path = tmp_path / "config" / "agencies.csv"
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(ConfigurationError, match="CFG-002"):
        load(tmp_path, KINDS)


@pytest.mark.parametrize(
    "expression",
    ["* * * * *", "*/15 0-6/2 1,15 jan-mar,12 MON-fri", "0 0 * * 7", "5 4 * * sun", "@daily", "0  2 * * *"],
)
def test_what_cron_accepts_is_accepted(expression: str):
    assert cron_mistake(expression) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * *", "this one 4"),
        ("0 0 2 * * *", "this one 6"),
        ("60 * * * *", "minute `60`"),
        ("* 24 * * *", "hour `24`"),
        ("* * 0 * *", "day of the month `0`"),
        ("* * * 13 *", "month `13`"),
        ("* * * mon *", "month `mon`"),
        ("* * * * 8", "day of the week `8`"),
        ("* * * * fri-mon", "`fri-mon`"),
        ("30-10 * * * *", "`30-10`"),
        ("*/0 * * * *", "`*/0`"),
        ("5/10 * * * *", "`5/10`"),
        ("1,,2 * * * *", "``"),
        ("? * L * 1#2", "`?`"),
        ("@reboot", "this one 1"),
        ("٣ * * * *", "`٣`"),
    ],
)
def test_what_cron_refuses_is_refused(expression: str, words: str):
    assert words in str(cron_mistake(expression))


def test_lines_are_found_in_every_shape_of_toml():
    text = 'a.b = 1\n[t]\n"x y" = 1\nn = """\nq = 1\n"""\nq = 2\n'
    text += "[[l]]\nk = 1\n[[l]]\nk = 2\n[l.sub]\ns = 1\n[[l.in]]\nz = 1\n"
    lines = toml("x", text.encode()).lines
    due = {("a", "b"): 1, ("t",): 2, ("t", "x y"): 3, ("t", "q"): 7, ("l", 0, "k"): 9, ("l", 1, "k"): 11}
    due |= {("l", 1, "sub", "s"): 13, ("l", 1, "in", 0, "z"): 15}
    assert {path: lines[path] for path in due} == due


def test_the_environment_is_read_and_its_secrets_are_not_shown(tmp_path: Path):
    (tmp_path / "key").write_text("s3cret\n")
    found = environment(
        {
            "OPENDATA_WORKSPACE": str(tmp_path),
            "OPENDATA_DATABASE": "postgresql://u:s3cret@h/d",
            "CKAN_URL": "https://data.example.org",
            "CKAN_API_KEY_FILE": str(tmp_path / "key"),
            "HTTPS_PROXY": "http://u:s3cret@proxy:3128",
            "SSL_CERT_FILE": str(tmp_path / "key"),
            "PATH": "/bin",
        }
    )
    assert (found.workspace, found.ckan_api_key, found.ca_bundle) == (tmp_path, "s3cret", tmp_path / "key")
    assert "s3cret" not in repr(found)
    assert environment({}).workspace is None


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CKAN_API_KEY": "s3cret key"}, "CKAN_API_KEY"),
        ({"CKAN_API_KEY": "s3cret\nX-Evil: 1"}, "CKAN_API_KEY"),
        ({"CKAN_API_KEY": "s3crét"}, "CKAN_API_KEY"),
        ({"CKAN_API_KEY": "s3cret", "CKAN_API_KEY_FILE": "x"}, "both"),
        ({"CKAN_API_KEY_FILE": "/nowhere/key"}, "/nowhere/key"),
        ({"CKAN_API_KEY_FILE": "/"}, "CKAN_API_KEY_FILE"),
        ({"CKAN_API_KEY_FILE": os.devnull}, "CKAN_API_KEY_FILE"),
        ({"CKAN_URL": "data.example.org"}, "CKAN_URL"),
        ({"HTTPS_PROXY": "http://[s3cret"}, "HTTPS_PROXY"),
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "/nowhere/ca.pem"),
    ],
)
def test_a_variable_that_cannot_be_is_named_without_its_secret(variables: dict[str, str], words: str):
    with pytest.raises(ConfigurationError, match="CFG-014") as refused:
        environment(variables)
    assert words in str(refused.value.message)
    assert "s3cr" not in f"{refused.value.message} {refused.value.remedy}"


@pytest.mark.parametrize(("kind", "url"), [("catalogue", ""), ("ckan", "https://data.nghean.gov.vn")])
def test_a_new_workspace_has_the_packaged_configuration(tmp_path: Path, kind: str, url: str):
    folder = tmp_path / "deep" / "workspace"
    written = initialise(folder, kind)
    config = load(folder, KINDS)
    assert (config.portal.kind, config.portal.url) == (kind, url)
    assert config.documents | {"portal.toml": b""} == PACKAGED | {"portal.toml": b""}
    assert sorted(written) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert {"portal.toml", "folder.toml.example", ".gitignore"} <= {path.name for path in written}


@pytest.mark.parametrize("name", ["config", ".gitignore"])
def test_a_new_workspace_never_goes_over_what_is_there(tmp_path: Path, name: str):
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageRefused, match="CFG-015"):
        initialise(tmp_path, "catalogue")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["data.csv", name])
    assert (tmp_path / name).read_text() == "mine"


def test_a_workspace_that_cannot_be_written_whole_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if Path(target).name == ".gitignore" and path.parent != tmp_path:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(ConfigurationError, match="CFG-016") as refused:
        initialise(tmp_path, "catalogue")
    assert "No space left" in str(refused.value.message)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OpendataError, match="CFG-016"):
        initialise(tmp_path / "file", "catalogue")
    assert (tmp_path / "file").read_text() == "mine"
