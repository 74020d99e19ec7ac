"""Which datasets are open by the rules on a day, and which agencies count."""

from dataclasses import replace
from datetime import timedelta

import pytest
from facts import (
    agency,
    checked,
    collected,
    dataset,
    day,
    decision,
    found,
    listed,
    open_dataset,
    outcome,
    published,
    read_back,
    rule_set,
    seen,
    target,
    unreachable,
    withdrawn,
)

from harvester.i18n import Text
from harvester.ledger import Decision, Observation
from harvester.model import Figure, Level, Outcome, Severity, Verdict
from harvester.targets import AgencyResult, DatasetJudgement, agency_verdict, count, dataset_verdicts

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
RULES = rule_set()


def judge(
    *observations: Observation,
    on: str = "2026-11-02",
    decisions: tuple[Decision, ...] = (),
    listing: Observation | None = None,
    source: str = "kho",
    rules=RULES,
) -> DatasetJudgement:
    return dataset_verdicts(dataset(*observations, source=source), rules, decisions, day(on), 7, listing)


def test_a_dataset_found_good_and_read_back_is_met():
    judged = judge(*open_dataset("2026-11-01"))
    assert (judged.verdict, judged.lenient, judged.obstacles) == (MET, MET, ())
    assert judged.title == "Bệnh viện"


def test_a_warning_rule_never_matters():
    judged = judge(collected("2026-11-01"), checked("2026-11-01", C20="not_met"), *open_dataset("2026-11-01")[2:])
    assert judged.verdicts["C20"] is NOT_MET
    assert judged.verdicts["C16"] is judged.verdicts["C09"] is UNKNOWN
    assert judged.verdict is MET


@pytest.mark.parametrize("rules", [None, rule_set(valid_from="2020-05-25")])
def test_without_any_fact_or_any_law_all_is_unknown(rules):
    judged = judge(*(open_dataset("2026-11-01") if rules is None else ()), rules=rules)
    assert (judged.verdict, judged.lenient) == (UNKNOWN, UNKNOWN)


V1 = (*open_dataset("2026-11-01"),)
V2_REFUSED = (collected("2026-11-03", "k2"), checked("2026-11-03", "k2", C15="not_met"))
BAD = (collected("2026-11-01"), checked("2026-11-01", C15="not_met"))

FILE_CASES = {
    "the check of what is live": (V1, "C15", MET),
    "refused news does not touch what is live": ((*V1, *V2_REFUSED), "C15", MET),
    "nothing live: the last check": ((*BAD, *V2_REFUSED), "C15", NOT_MET),
    "nothing live any more: the last check": ((*V1, withdrawn("2026-11-02"), *V2_REFUSED), "C15", NOT_MET),
    "judged again by newer checks": ((*V1, checked("2026-11-03", C05="not_met")), "C05", NOT_MET),
    "live but never checked": ((collected("2026-11-01"), published("2026-11-01")), "C05", UNKNOWN),
    "a check that says nothing of the rule": (
        (collected("2026-11-01"), checked("2026-11-01", C05="unknown")),
        "C05",
        UNKNOWN,
    ),
    "rolled back to the first version": (
        (*V1, collected("2026-11-02", "k2"), checked("2026-11-02", "k2", C05="not_met"), published("2026-11-02", "k2")),
        "C05",
        NOT_MET,
    ),
    "a rule for a person": (V1, "C16", UNKNOWN),
}


@pytest.mark.parametrize(("observations", "rule", "expected"), FILE_CASES.values(), ids=FILE_CASES)
def test_file_rules_come_from_the_check_of_what_readers_find(observations, rule, expected):
    assert judge(*observations, on="2026-11-04").verdicts[rule] is expected


PORTAL_CASES = {
    "read back": (V1, None, "2026-11-01", MET),
    "carried to the seventh day": (V1, None, "2026-11-08", MET),
    "unknown since the eighth": (V1, None, "2026-11-09", UNKNOWN),
    "an unreachable portal takes nothing away": ((*V1, unreachable("2026-11-05")), None, "2026-11-08", MET),
    "and gives no new time": ((*V1, unreachable("2026-11-05")), None, "2026-11-09", UNKNOWN),
    "a login page": ((*V1, read_back("2026-11-05", C11="not_met")), None, "2026-11-05", NOT_MET),
    "a later good reading": (
        (*V1, read_back("2026-11-04", C11="not_met"), read_back("2026-11-05")),
        None,
        "2026-11-05",
        MET,
    ),
    "never published, portal listed": (BAD, listed("2026-11-01"), "2026-11-08", NOT_MET),
    "never published, listed too long ago": (BAD, listed("2026-11-01"), "2026-11-09", UNKNOWN),
    "never published, never listed": (BAD, None, "2026-11-01", UNKNOWN),
    "published, not yet read back": ((*BAD, published("2026-11-01")), listed("2026-11-01"), "2026-11-01", UNKNOWN),
    "withdrawn, portal listed": ((*V1, withdrawn("2026-11-03")), listed("2026-11-03"), "2026-11-03", NOT_MET),
    "withdrawn, never listed": ((*V1, withdrawn("2026-11-03")), None, "2026-11-03", UNKNOWN),
    "not yet withdrawn that day": ((*V1, withdrawn("2026-11-03")), listed("2026-11-01"), "2026-11-02", MET),
    "published again": (
        (*V1, withdrawn("2026-11-03"), published("2026-11-04"), read_back("2026-11-04")),
        None,
        "2026-11-04",
        MET,
    ),
    "published again, a reading from before says nothing": (
        (*V1, withdrawn("2026-11-03"), published("2026-11-04")),
        None,
        "2026-11-04",
        UNKNOWN,
    ),
}


@pytest.mark.parametrize(("observations", "listing", "on", "expected"), PORTAL_CASES.values(), ids=PORTAL_CASES)
def test_portal_rules_carry_the_last_definite_reading(observations, listing, on, expected):
    assert judge(*observations, listing=listing, on=on).verdicts["C11"] is expected


def test_each_portal_rule_carries_for_itself():
    partly = read_back("2026-11-05", C03="unknown", C11="met", C12="unknown")
    judged = judge(*V1, partly, on="2026-11-10")
    assert {r: judged.verdicts[r] for r in ("C03", "C11", "C12")} == {"C03": UNKNOWN, "C11": MET, "C12": UNKNOWN}


def test_a_day_ends_at_midnight_in_viet_nam():
    late = (*V1[:3], read_back("2026-11-02T00:30"))
    assert judge(*late, on="2026-11-01").verdicts["C11"] is UNKNOWN
    assert judge(*late, on="2026-11-09").verdicts["C11"] is MET
    assert judge(*late, on="2026-11-10").verdicts["C11"] is UNKNOWN


def yearly(on: str, **described) -> tuple[Observation, ...]:
    return (collected(on, **described), *open_dataset(on)[1:])


TIME_CASES = {
    "changed this year": (yearly("2026-11-01"), "C07", MET),
    "declared changed long ago": (yearly("2026-11-01", modified="2024-01-01"), "C07", NOT_MET),
    "no declared day: the day it was first seen": (yearly("2026-11-01", modified=None), "C07", MET),
    "first seen long ago": (yearly("2024-01-01", modified=None), "C07", NOT_MET),
    "no declared frequency: as yearly": (yearly("2024-01-01", frequency=""), "C07", NOT_MET),
    "no declared frequency, changed this year": (yearly("2026-11-01", frequency=""), "C07", MET),
    "a declared day to come counts as the day it was seen": (
        yearly("2024-01-01", modified="2030-01-01"),
        "C07",
        NOT_MET,
    ),
    "changed since, the old stamp left standing": (
        (*yearly("2024-01-01"), collected("2026-11-01", "k2", modified="2024-01-01"), published("2026-11-01", "k2")),
        "C07",
        MET,
    ),
    "changed since, declared as long ago": (
        (*yearly("2024-01-01"), collected("2026-11-01", "k2", modified="2024-02-01"), published("2026-11-01", "k2")),
        "C07",
        NOT_MET,
    ),
    "news that was refused does not refresh what is live": (
        (*yearly("2024-01-01"), collected("2026-11-01", "k2")),
        "C07",
        NOT_MET,
    ),
    "seen unchanged by a harvester confirms nothing": ((*yearly("2024-01-01"), seen("2026-11-01")), "C07", NOT_MET),
    "never collected": (V1[1:], "C07", UNKNOWN),
    "the newest period": (yearly("2026-11-01", period_end="2026-06-30"), "C06", MET),
    "an old period": (yearly("2026-11-01", modified="2024-01-15", period_end="2023-12-31"), "C06", NOT_MET),
    "only issued, long ago": (yearly("2026-11-01", modified=None, issued="2024-01-15"), "C06", NOT_MET),
    "its description corrected, the data as old as before": (
        (
            *yearly("2024-01-01"),
            collected("2026-11-01", "k2", modified="2024-01-01", files_key="k1", licence="cc0"),
            published("2026-11-01", "k2"),
        ),
        "C06",
        NOT_MET,
    ),
    "its description corrected after a true change": (
        (
            *yearly("2024-01-01"),
            collected("2026-10-01", "k2", modified="2024-01-01"),
            collected("2026-11-01", "k3", modified="2024-01-01", files_key="k2", licence="cc0"),
            published("2026-11-01", "k3"),
        ),
        "C07",
        MET,
    ),
    "no check for it": (V1, "C08", UNKNOWN),
}


@pytest.mark.parametrize(("observations", "rule", "expected"), TIME_CASES.values(), ids=TIME_CASES)
def test_time_rules_are_judged_at_the_day_from_dated_facts(observations, rule, expected):
    assert judge(*observations, on="2026-11-05").verdicts[rule] is expected


def test_handing_it_over_again_unchanged_confirms_it():
    kept = (*yearly("2024-01-01", frequency="khi có thay đổi"), seen("2026-10-01"))
    confirmed, only_seen = judge(*kept, source="publish").verdicts, judge(*kept, source="kho").verdicts
    assert (confirmed["C06"], confirmed["C07"]) == (MET, MET)
    assert (only_seen["C06"], only_seen["C07"]) == (NOT_MET, NOT_MET)


def test_an_overdue_dataset_is_told_since_when_and_what_to_do():
    overdue = judge(*yearly("2026-01-05", frequency="hằng tháng"), on="2026-11-05")
    assert [o.rule.id for o in overdue.obstacles][:2] == ["C06", "C07"]
    assert overdue.obstacles[1].text("en") == (
        "Overdue since 20 Feb 2026: to be renewed monthly, last on 5 Jan 2026 (C07): mend C07"
    )


def test_an_untouched_dataset_becomes_overdue_without_any_new_fact():
    monthly = yearly("2026-01-05", frequency="hằng tháng")
    verdicts = [
        judge(*monthly, on=on).verdicts["C07"] for on in ("2026-01-04", "2026-01-05", "2026-02-05", "2026-05-01")
    ]
    assert verdicts == [UNKNOWN, MET, MET, NOT_MET]


DECISION_CASES = {
    "overrides the check": ([decision("d1", "C15", MET, "2026-11-01")], MET),
    "not before its first day": ([decision("d1", "C15", MET, "2026-11-03")], NOT_MET),
    "on its last day": ([decision("d1", "C15", MET, "2026-10-01", "2026-11-02")], MET),
    "not after it": ([decision("d1", "C15", MET, "2026-10-01", "2026-11-01")], NOT_MET),
    "of another dataset": ([decision("d2", "C15", MET, "2026-11-01")], NOT_MET),
    "of another rule": ([decision("d1", "C17", MET, "2026-11-01")], NOT_MET),
    "the one recorded last": (
        [
            decision("d1", "C15", UNKNOWN, "2026-10-01", recorded="2026-11-02"),
            decision("d1", "C15", MET, "2026-11-01", recorded="2026-11-01"),
        ],
        UNKNOWN,
    ),
}


@pytest.mark.parametrize(("decisions", "expected"), DECISION_CASES.values(), ids=DECISION_CASES)
def test_a_decision_in_force_overrides_a_rule(decisions, expected):
    assert judge(*BAD, decisions=tuple(decisions)).verdicts["C15"] is expected


def test_a_blocking_rule_for_a_person_waits_for_the_decision():
    rules = rule_set("C16")
    assert judge(*V1, rules=rules).verdict is UNKNOWN
    assert judge(*V1, rules=rules, decisions=(decision("d1", "C16", MET, "2026-11-01"),)).verdict is MET
    refused = judge(*V1, rules=rules, decisions=(decision("d1", "C16", NOT_MET, "2026-11-01"),))
    waiting = judge(*V1, rules=rules).obstacles[0]
    assert waiting.text("en").endswith("(C16): record the decision with `opendata decide`")
    assert refused.obstacles[0].text("en") == "Decided by QĐ 12/QĐ-UBND (C16): mend C16"


def test_obstacles_name_what_is_wrong_before_what_is_unknown_and_causes_before_effects():
    findings = (found("C15", "Hint", Severity.INFO), found("C15", "Cột “CCCD” có số căn cước."), found("C20", "other"))
    observations = (collected("2026-11-01"), checked("2026-11-01", C15="not_met", C01="unknown", findings=findings))
    judged = judge(*observations, listing=listed("2026-11-01"))
    assert [o.rule.id for o in judged.obstacles] == ["C15", "C11", "C01"]
    assert judged.obstacles[0].text("vi") == "Cột “CCCD” có số căn cước (C15): sửa C15"
    assert judged.obstacles[1].text("vi") == "Chưa có trên cổng (C11): sửa C11"
    assert judged.obstacles[2].text("vi") == (
        "Bộ kiểm tra chưa kết luận được (C01): cơ quan chưa phải làm gì; lần chạy sau sẽ xem lại"
    )
    assert {o.dataset for o in judged.obstacles} == {"Bệnh viện"}


def test_an_obstacle_says_since_when_it_is_unknown_or_gone():
    [unknown] = judge(*V1, on="2026-11-09").obstacles
    assert unknown.text("vi") == (
        "Không rõ từ 09/11/2026: chưa đọc được cổng (C11): cơ quan chưa phải làm gì; lần chạy sau sẽ xem lại"
    )
    [gone] = judge(*V1, withdrawn("2026-11-03"), listing=listed("2026-11-03"), on="2026-11-04").obstacles
    assert gone.text("en") == "Off the portal since 3 Nov 2026 (C11): mend C11"


def test_portal_rules_that_fail_for_their_own_reason_are_told_one_by_one():
    judged = judge(*V1, read_back("2026-11-02", C03="not_met", C11="not_met"))
    assert [o.rule.id for o in judged.obstacles] == ["C03", "C11"]


def test_what_is_in_doubt_is_told_with_the_words_of_the_check():
    doubt = replace(found("C15", "Cột “ghi chú” có thể có tên người."), remedy=Text("look at it", {}))
    [told] = judge(collected("2026-11-01"), checked("2026-11-01", C15="unknown", findings=(doubt,)), *V1[2:]).obstacles
    assert told.text("vi") == "Cột “ghi chú” có thể có tên người (C15): look at it"


def test_a_rule_not_met_without_a_finding_is_named_by_its_title():
    judged = judge(*V1, read_back("2026-11-02", C03="not_met"))
    assert judged.obstacles[0].text("vi") == "Chưa đạt: Tiêu chí C03 (C03): sửa C03"
    assert judged.obstacles[0].text("en") == "Not met: Rule C03 (C03): mend C03"


def test_what_it_was_last_refused_for_is_kept_apart_from_what_is_live():
    refused = outcome("2026-11-03", "refused", found("C15", "x"), found("C20", "y", Severity.WARNING))
    judged = judge(*V1, *V2_REFUSED, refused, on="2026-11-03")
    assert (judged.verdict, judged.outcome, judged.refused_for) == (MET, Outcome.REFUSED, {"C15"})
    mended = judge(*V1, refused, outcome("2026-11-04", "published", found("C15", "x")), on="2026-11-04")
    assert (mended.outcome, mended.refused_for) == (Outcome.PUBLISHED, frozenset())


def test_the_lenient_reading_asks_only_for_listed_readable_and_reachable():
    judged = judge(collected("2026-11-01"), checked("2026-11-01", C13="not_met", C21="unknown"), *V1[2:])
    assert (judged.verdict, judged.lenient) == (NOT_MET, MET)


# ---------------------------------------------------------------- agencies


def standing(verdict: Verdict, obstacles: int = 0, name: str = "d") -> DatasetJudgement:
    held = judge(*BAD, listing=listed("2026-11-01")).obstacles[:obstacles]
    return DatasetJudgement(name, name, "A", {}, held, verdict, verdict, None, frozenset(), None)


OFFICIAL = decision("A", "", MET, "2026-01-01", "2026-12-31")

AGENCY_CASES = {
    "one met dataset is enough": ([NOT_MET, UNKNOWN, MET], True, (), MET),
    "all fail": ([NOT_MET, NOT_MET], False, (), NOT_MET),
    "one may still be met": ([NOT_MET, UNKNOWN], True, (), UNKNOWN),
    "none, and the portal was listed whole": ([], True, (), NOT_MET),
    "none, and the portal was not": ([], False, (), UNKNOWN),
    "the official result": ([NOT_MET], True, (OFFICIAL,), MET),
    "the official result against us": ([MET], True, (decision("A", "", NOT_MET, "2026-01-01"),), NOT_MET),
    "an official result that ended": ([NOT_MET], True, (decision("A", "", MET, "2025-01-01", "2025-12-31"),), NOT_MET),
    "an official result of another": ([NOT_MET], True, (decision("B", "", MET, "2026-01-01"),), NOT_MET),
    "a decision about a rule is none about the agency": (
        [NOT_MET],
        True,
        (decision("A", "C15", MET, "2026-01-01"),),
        NOT_MET,
    ),
}


def result(verdicts, whole=True, decisions=(), rules=RULES) -> AgencyResult:
    datasets = [standing(verdict) for verdict in verdicts]
    return agency_verdict(agency("A"), datasets, rules, decisions, day("2026-11-02"), whole)


@pytest.mark.parametrize(("verdicts", "whole", "decisions", "expected"), AGENCY_CASES.values(), ids=AGENCY_CASES)
def test_an_agency_counts_by_its_datasets_or_its_official_result(verdicts, whole, decisions, expected):
    judged = result(verdicts, whole, decisions)
    assert (judged.verdict, judged.datasets) == (expected, len(verdicts))
    assert judged.document == ("QĐ 12/QĐ-UBND" if judged.verdict is not result(verdicts, whole).verdict else "")


def test_an_official_result_never_leaves_the_lenient_reading_behind_the_strict():
    assert result([NOT_MET], decisions=(OFFICIAL,)).lenient is MET
    assert result([MET], decisions=(decision("A", "", NOT_MET, "2026-01-01"),)).lenient is MET


def test_the_dataset_nearest_to_being_met_comes_first():
    datasets = [standing(NOT_MET, 2, "a"), standing(NOT_MET, 1, "b"), standing(UNKNOWN, 2, "c")]
    judged = agency_verdict(agency("A"), datasets, RULES, (), day("2026-11-02"), True)
    assert [o.rule.id for o in judged.obstacles] == ["C15", "C11", "C15", "C15", "C11"]


def test_an_agency_without_a_dataset_is_told_to_publish_one():
    told = result([]).obstacles
    assert [(o.rule.id, o.dataset, o.text("vi")) for o in told] == [
        ("C11", "", "Chưa biết bộ dữ liệu nào của cơ quan (C11): sửa C11")
    ]
    assert result([], rules=None).obstacles == ()
    assert result([], decisions=(OFFICIAL,)).obstacles == ()


# ---------------------------------------------------------------- targets


def test_a_target_counts_the_agencies_of_its_levels():
    commune = agency_verdict(agency("C", Level.COMMUNE), [], RULES, (), day("2026-11-02"), False)
    results = [result([MET]), result([NOT_MET]), result([], False), result([UNKNOWN]), commune]
    counted = count(target(), results, day("2026-11-02"))
    assert (counted.in_scope, counted.needed, counted.met, counted.not_met, counted.unknown) == (4, 1, 1, 1, 2)
    assert (counted.low, counted.high) == (25.0, 75.0)
    both = count(target(Level.PROVINCE, Level.COMMUNE), results, day("2026-11-02"))
    assert (both.in_scope, both.unknown, len(both.agencies)) == (5, 3, 5)


def test_a_target_with_no_agency_in_scope_has_no_percent():
    counted = count(target(Level.DISTRICT), [result([MET])], day("2026-11-02"))
    assert (counted.in_scope, counted.needed, counted.low, counted.high) == (0, 0, None, None)


FIGURES = (Figure(day("2024-12-31"), 85, 12, "BC 2"), Figure(day("2024-06-30"), 86, 5, "BC 1"))


@pytest.mark.parametrize(
    ("on", "in_scope", "needed", "met", "document"),
    [
        ("2024-06-29", None, None, None, ""),
        ("2024-06-30", 86, 18, 5, "BC 1"),
        ("2024-12-30", 86, 18, 5, "BC 1"),
        ("2026-11-02", 85, 17, 12, "BC 2"),
    ],
)
def test_a_target_fed_by_a_person_shows_the_last_figure_and_never_our_register(on, in_scope, needed, met, document):
    counted = count(target(fed_by_person=True, figures=FIGURES), [result([MET])], day(on))
    assert (counted.in_scope, counted.needed, counted.met, counted.document) == (in_scope, needed, met, document)
    assert counted.agencies == ()
    assert counted.low == counted.high == (None if met is None else 100 * met / in_scope)
    assert counted.not_met == (None if met is None else in_scope - met)


def test_carrying_ends_on_the_day_it_should():
    first = day("2026-11-01")
    verdicts = [judge(*V1, on=str(first + timedelta(days=n))).verdict for n in range(10)]
    assert verdicts == [MET] * 8 + [UNKNOWN] * 2
