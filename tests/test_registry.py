"""Who exists on a day, who is meant by a name, who answers afterwards; and what no register may say."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.config import documents, packaged, read
from harvester.errors import ConfigurationError, UsageRefused
from harvester.model import Agency, Level
from harvester.registry import Register, checked, needed

PROVINCE = read(documents(packaged())).register
BEFORE, AFTER, NOW = date(2024, 6, 30), date(2025, 3, 1), date(2026, 1, 15)


def agency(id: str, name: str, start: str = "", end: str = "", then: str = "", line: int = 0) -> Agency:
    """An agency from a few words; its slug is its id in small letters."""
    return Agency(
        id, id.lower(), name, f"{id} Office", Level.COMMUNE,
        date.fromisoformat(start) if start else None, date.fromisoformat(end) if end else None,
        tuple(then.split()), "", "", True, line,
    )  # fmt: skip


def changed(id: str, **fields: object) -> list[Agency]:
    """The province's register with one row changed."""
    return [replace(each, **fields) if each.id == id else each for each in PROVINCE.agencies]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "day", "id"),
    [
        ("NA-P-SYT", NOW, "NA-P-SYT"),
        ("na-p-syt", NOW, "NA-P-SYT"),
        ("so-y-te", NOW, "NA-P-SYT"),
        ("Sở Y tế", NOW, "NA-P-SYT"),
        ("  SỞ  y TẾ ", NOW, "NA-P-SYT"),
        ("So Y te", NOW, "NA-P-SYT"),
        ("Department of Health", NOW, "NA-P-SYT"),
        ("So Van hoa The thao va Du lich", NOW, "NA-P-SVHTTDL"),
        ("Phường Thái Hoà", NOW, "NA-C-16939"),
        ("Ban Quản lý Khu kinh tế Ðông Nam", NOW, "NA-P-BQLKKT"),
        # four names have two rows
        ("Sở Nội vụ", BEFORE, "NA-P-SNV-1"),
        ("Sở Nội vụ", date(2025, 2, 28), "NA-P-SNV-1"),
        ("Sở Nội vụ", AFTER, "NA-P-SNV"),
        ("so-noi-vu", BEFORE, "NA-P-SNV-1"),
        ("so-noi-vu", NOW, "NA-P-SNV"),
        ("so-noi-vu-2025", BEFORE, "NA-P-SNV-1"),
        ("huyen-tuong-duong", BEFORE, "NA-D-418"),
        ("Xã Tương Dương", NOW, "NA-C-16876"),
    ],
)
def test_an_agency_is_found_by_what_people_call_it_on_the_day(text: str, day: date, id: str):
    assert PROVINCE.resolve(text, day).id == id


@pytest.mark.parametrize(
    ("text", "day", "code", "words"),
    [
        ("Sở Y té công cộng xyz", NOW, "AGY-001", ""),
        ("Sở Y tếe", NOW, "AGY-001", "“Sở Y tế”"),
        ("so-y-tee", NOW, "AGY-001", "“Sở Y tế”"),
        ("", NOW, "AGY-001", "config/agencies.csv"),
        ("x" * 100_000, NOW, "AGY-001", "config/agencies.csv"),
        ("Sở Thông tin và Truyền thông", NOW, "AGY-002", "Sở Khoa học và Công nghệ (so-khoa-hoc-va-cong-nghe)"),
        ("so-noi-vu-2025", NOW, "AGY-002", "Sở Nội vụ (so-noi-vu)"),
        ("NA-P-SNV", BEFORE, "AGY-002", "Sở Nội vụ (so-noi-vu-2025)"),
        ("Thị xã Cửa Lò", date(2025, 1, 1), "AGY-002", "Thành phố Vinh (thanh-pho-vinh)"),
        ("Thị xã Cửa Lò", NOW, "AGY-002", "Phường Thành Vinh (phuong-thanh-vinh); Phường Trường Vinh"),
    ],
)
def test_what_cannot_be_resolved_says_what_would_do(text: str, day: date, code: str, words: str):
    with pytest.raises(UsageRefused) as refused:
        PROVINCE.resolve(text, day)
    assert refused.value.code == code
    assert words in str(refused.value.remedy)


def test_names_that_differ_in_their_marks_only_are_never_guessed():
    register = checked([agency("A", "Xã Hòa Sơn"), agency("B", "Xã Hoa Sơn")])
    assert register.resolve("Xã Hoà Sơn", NOW).id == "A"
    assert register.resolve("xã hoa sơn", NOW).id == "B"
    with pytest.raises(UsageRefused) as refused:
        register.resolve("Xa Hoa Son", NOW)
    assert refused.value.code == "AGY-003"
    assert str(refused.value.remedy) == "Use one of: Xã Hòa Sơn (a); Xã Hoa Sơn (b)."


def test_an_ended_namesake_in_plain_letters_is_not_taken_for_the_living_one():
    register = checked([agency("A", "Xã Hòa Sơn", end="2025-06-30"), agency("B", "Xã Hoa Sơn")])
    with pytest.raises(UsageRefused) as refused:
        register.resolve("xa hoa son", NOW)
    assert refused.value.code == "AGY-003"


@pytest.mark.parametrize(
    ("id", "day", "holder"),
    [
        ("NA-P-STTTT", BEFORE, "NA-P-STTTT"),
        ("NA-P-STTTT", date(2025, 2, 28), "NA-P-STTTT"),
        ("NA-P-STTTT", AFTER, "NA-P-SKHCN"),
        ("NA-D-413", date(2024, 12, 1), "NA-D-412"),  # Cửa Lò, then Vinh
        ("NA-D-413", NOW, None),  # then six wards
        ("NA-D-412", NOW, None),
        ("NA-P-SNV", BEFORE, None),  # not founded yet
    ],
)
def test_what_an_agency_published_is_held_by_its_only_successor(id: str, day: date, holder: str | None):
    found = PROVINCE.holder(PROVINCE.by_id[id], day)
    assert (found.id if found else None) == holder


@pytest.mark.parametrize(
    ("day", "agencies", "enough", "with_communes"),
    [
        (date(2024, 6, 30), 42, 9, (42, 9)),
        (date(2024, 12, 31), 41, 9, (41, 9)),
        (date(2025, 3, 1), 35, 7, (35, 7)),
        (date(2025, 7, 1), 15, 3, (145, 29)),
    ],
)
def test_the_goldens_of_cv_5517(day: date, agencies: int, enough: int, with_communes: tuple[int, int]):
    scope = len(PROVINCE.in_scope({Level.PROVINCE, Level.DISTRICT}, day))
    assert (scope, needed(0.2, scope)) == (agencies, enough)
    scope = len(PROVINCE.in_scope(set(Level), day))
    assert (scope, needed(0.2, scope)) == with_communes


@given(st.integers(0, 100), st.integers(0, 100_000))
def test_the_number_needed_is_the_exact_ceiling(percent: int, in_scope: int):
    assert needed(percent / 100, in_scope) == -(-percent * in_scope // 100)


def test_districts_and_communes_never_stand_side_by_side():
    levels = {Level.DISTRICT: 20, Level.COMMUNE: 130}
    for level, due in levels.items():
        day = date(2025, 6, 30) if level is Level.DISTRICT else date(2025, 7, 1)
        assert len(PROVINCE.in_scope({level}, day)) == due
    assert not PROVINCE.in_scope({Level.DISTRICT}, date(2025, 7, 1))
    assert not PROVINCE.in_scope({Level.COMMUNE}, date(2025, 6, 30))


@pytest.mark.parametrize("delta", [-400, -20, -1, 1, 30])
def test_a_successor_that_does_not_begin_the_day_after_is_refused(delta: int):
    start = date(2025, 3, 1) + timedelta(days=delta)
    with pytest.raises(ConfigurationError) as refused:
        checked(changed("NA-P-SNV", valid_from=start))
    assert refused.value.code in ("AGY-015", "AGY-016")
    assert refused.value.place == {
        "file": "config/agencies.csv", "sheet": None, "row": 2 if delta != -400 else 22,
        "column": "valid_to" if delta != -400 else "name_vi", "cell": None,
    }  # fmt: skip


@pytest.mark.parametrize("end", ["2025-02-27", "2025-03-01", "2025-03-15"])
def test_an_agency_that_does_not_end_the_day_before_is_refused(end: str):
    with pytest.raises(ConfigurationError) as refused:
        checked(changed("NA-P-SKHDT", valid_to=date.fromisoformat(end)))
    assert refused.value.code == "AGY-015"
    assert "line 5" in str(refused.value.message)


def test_a_successor_that_existed_before_takes_the_ended_one_in():
    assert checked(changed("NA-D-412", valid_from=date(2008, 9, 5)))
    assert checked(
        [
            agency("A", "a", end="2025-02-28", then="B"),
            agency("B", "b", start="2025-03-01"),
            agency("C", "c", end="2025-06-30", then="B"),
        ]
    )


@pytest.mark.parametrize(
    ("agencies", "code", "words"),
    [
        ([agency("A", "a", line=2), agency("A", "b", line=3)], "AGY-011", "line 3: “A” already stands in line 2"),
        ([agency("A", "a", line=2), agency("a", "b", line=3)], "AGY-011", "line 3"),
        ([agency("A", "a", end="2025-01-01", then="AB", line=2), agency("AC", "b")], "AGY-012", "line 2"),
        ([agency("A", "a", start="2025-01-02", end="2025-01-01", line=2)], "AGY-013", "before valid_from"),
        ([agency("A", "a", then="B", line=2), agency("B", "b", line=3)], "AGY-013", "no last day"),
        ([agency("A", "a", end="2025-01-01", then="A", line=2)], "AGY-014", "line 2"),
        (
            [
                agency("A", "a", end="2025-01-01", then="B", line=2),
                agency("B", "b", end="2025-01-01", then="A", line=3),
            ],
            "AGY-014",
            "line 2",
        ),
        ([agency("A", "Hòa", end="2025-01-01"), agency("B", "Hoà", line=3)], "AGY-016", "line 3"),
    ],
)
def test_a_register_that_contradicts_itself_is_refused(agencies: list[Agency], code: str, words: str):
    with pytest.raises(ConfigurationError) as refused:
        checked(agencies)
    assert refused.value.code == code
    assert words in str(refused.value.message)
    assert str(refused.value.remedy)


@given(st.dictionaries(st.sampled_from("ABCDEF"), st.frozensets(st.sampled_from("ABCDEF"), max_size=3)))
def test_every_register_is_accepted_or_refused_and_never_loops(successors: dict[str, frozenset[str]]):
    rows = [
        agency(id, f"name {id}", end="2025-01-01", then=" ".join(sorted(successors.get(id, ())))) for id in "ABCDEF"
    ]
    try:
        register = checked(rows)
    except ConfigurationError as refused:
        assert refused.code == "AGY-014"
    else:
        assert all(register.holder(each, NOW) is None and not register.successors(each, NOW) for each in rows)


def test_every_slug_leads_to_its_agency():
    for each in PROVINCE.agencies:
        assert PROVINCE.named(each.slug) is each
        assert PROVINCE.resolve(each.slug, each.valid_to or NOW) is each
        assert PROVINCE.resolve(each.name_vi, each.valid_to or NOW) is each


def test_an_empty_register_knows_nobody():
    register = Register(())
    assert not register.knows("Sở Y tế")
    with pytest.raises(UsageRefused):
        register.resolve("Sở Y tế", NOW)
