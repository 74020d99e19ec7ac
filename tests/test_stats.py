"""The province's figures on a day: goldens, two clocks, successions, and the contract's JSON."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from facts import (
    PORTAL_RULES,
    agency,
    checked,
    collected,
    configured,
    dataset,
    day,
    decision,
    found,
    listed,
    moment,
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
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.config import Config, documents, packaged, read
from harvester.ledger import DatasetFacts, Decision, Observation
from harvester.model import Level, Verdict
from harvester.stats import INDICATORS, statistics, to_json

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
PROVINCE = read(documents(packaged()))


def counted(
    *facts: DatasetFacts,
    on: str,
    portal: tuple[Observation, ...] = (),
    decisions: tuple[Decision, ...] = (),
    known_at: datetime | None = None,
    config: Config = PROVINCE,
) -> dict[str, Any]:
    return to_json(statistics(config, iter(facts), portal, decisions, day(on), known_at), "vi")


def verdicts(stats: dict[str, Any]) -> dict[str, str]:
    return {a["id"]: a["verdict"] for a in stats["targets"][0]["agencies"]}


def indicator(stats: dict[str, Any], id: str) -> int:
    return next(i["value"] for i in stats["indicators"] if i["id"] == id)


# ---------------------------------------------------------------- goldens


@pytest.mark.parametrize(
    ("on", "in_scope", "needed", "with_communes"),
    [
        ("2024-06-30", 42, 9, (42, 9)),
        ("2024-12-31", 41, 9, (41, 9)),
        ("2025-03-01", 35, 7, (35, 7)),
        ("2025-06-30", 35, 7, (35, 7)),
        ("2025-07-01", 15, 3, (145, 29)),
    ],
)
def test_before_the_first_observation_all_agencies_of_cv_5517_are_unknown(on, in_scope, needed, with_communes):
    stats = counted(on=on)
    first, second, *_ = stats["targets"]
    assert (first["in_scope"], first["needed"]) == (in_scope, needed)
    assert (first["met"], first["not_met"], first["unknown"]) == (0, 0, in_scope)
    assert first["percent"] == {"low": 0.0, "high": 100.0}
    assert {a["verdict"] for a in first["agencies"]} == {a["lenient_verdict"] for a in first["agencies"]} == {"unknown"}
    assert (second["in_scope"], second["needed"]) == with_communes
    assert stats["known_at"] is None


def test_the_target_of_qd_699_is_never_computed_on_our_register():
    fed = [t for t in counted(on="2026-11-02", portal=(listed("2026-11-02"),))["targets"] if t["fed_by_person"]]
    assert {t["id"][:6] for t in fed} == {"qd-699"}
    for told in fed:
        assert {told[k] for k in ("in_scope", "needed", "met", "not_met", "unknown")} == {None}
        assert (told["percent"], told["agencies"]) == ({"low": None, "high": None}, [])


def test_decisions_enter_the_official_result_of_2024():
    official = tuple(
        decision(id, "", verdict, "2024-06-30", "2025-02-28", recorded="2026-11-20")
        for id, verdict in (("NA-P-STTTT", MET), ("NA-P-SYT", MET), ("NA-D-413", NOT_MET))
    )
    stats = counted(on="2024-06-30", decisions=official)
    first = stats["targets"][0]
    assert (first["met"], first["not_met"], first["unknown"]) == (2, 1, 39)
    assert first["percent"] == {"low": 100 * 2 / 42, "high": 100 * 41 / 42}
    told = next(a for a in first["agencies"] if a["id"] == "NA-P-STTTT")
    assert (told["verdict"], told["document"], told["obstacles"]) == ("met", "QĐ 12/QĐ-UBND", [])
    assert counted(on="2024-06-30", decisions=official, known_at=moment("2026-11-19"))["targets"][0]["unknown"] == 42
    assert counted(on="2024-06-29", decisions=official)["targets"][0]["unknown"] == 42
    assert counted(on="2025-03-01", decisions=official)["targets"][0]["met"] == 0


# ---------------------------------------------------------------- successions


def home_affairs(on: str, *facts: DatasetFacts) -> tuple[dict[str, str], dict[str, Any]]:
    stats = counted(*facts, on=on, portal=(listed(on),))
    return verdicts(stats), stats


def test_a_merged_departments_dataset_counts_for_its_only_successor():
    kept = (*open_dataset("2025-02-27"), read_back("2025-03-03"))
    labour = dataset(*kept, agency="NA-P-SLDTBXH")
    before, _ = home_affairs("2025-02-28", labour)
    after, stats = home_affairs("2025-03-01", labour)
    assert (before["NA-P-SLDTBXH"], before["NA-P-SNV-1"]) == ("met", "not_met")
    assert "NA-P-SNV" not in before
    assert (after["NA-P-SNV"], "NA-P-SLDTBXH" in after) == ("met", False)
    assert stats["unassigned"] == []


def test_two_merged_departments_datasets_stand_together():
    failing = (collected("2025-02-27"), checked("2025-02-27", C05="not_met"))
    labour = dataset(*open_dataset("2025-02-27"), agency="NA-P-SLDTBXH", name="d1")
    home = dataset(*failing, agency="NA-P-SNV-1", name="d2")
    _, stats = home_affairs("2025-03-01", home, labour)
    told = next(a for a in stats["targets"][0]["agencies"] if a["id"] == "NA-P-SNV")
    assert (told["verdict"], told["datasets"]) == ("met", 2)
    assert {o["rule"] for o in told["obstacles"]} == {"C05", "C11"}


def test_a_districts_dataset_is_unassigned_once_several_communes_take_over():
    vinh = dataset(*open_dataset("2025-06-30"), agency="NA-D-412")
    before, _ = home_affairs("2025-06-30", vinh)
    after, stats = home_affairs("2025-07-01", vinh)
    assert before["NA-D-412"] == "met"
    assert "met" not in after.values()
    assert stats["unassigned"] == [{"id": "d1", "title": "Bệnh viện", "agency": "NA-D-412", "verdict": "met"}]
    assert indicator(stats, "datasets_unassigned") == 1


def test_a_town_merged_into_a_city_counts_for_the_city():
    cua_lo = dataset(*open_dataset("2024-11-30"), agency="NA-D-413")
    assert home_affairs("2024-12-01", cua_lo)[0]["NA-D-412"] == "met"


def test_a_dataset_of_an_agency_no_longer_in_the_register_is_unassigned():
    lost = dataset(*open_dataset("2026-11-01"), agency="NA-P-XXX")
    assert [d["agency"] for d in home_affairs("2026-11-01", lost)[1]["unassigned"]] == ["NA-P-XXX"]


# ---------------------------------------------------------------- what is shown

SMALL = configured((agency("A"), agency("B"), agency("D", Level.DISTRICT)), (target(Level.PROVINCE, Level.DISTRICT),))


def test_the_json_has_the_shape_of_the_contract():
    overdue = (collected("2026-11-01", modified="2024-01-01"), *open_dataset("2026-11-01")[1:])
    stats = counted(dataset(*overdue), on="2026-11-02", portal=(listed("2026-11-01T12:00"),), config=SMALL)
    assert {k: stats[k] for k in ("as_of", "known_at", "illustration", "basis", "unassigned")} == {
        "as_of": "2026-11-02",
        "known_at": "2026-11-01T12:00:00+07:00",
        "illustration": False,
        "basis": {"id": "nd-47-2020", "title": "NĐ 47/2020", "verified": True},
        "unassigned": [],
    }
    [told] = stats["targets"]
    agencies = told.pop("agencies")
    assert told == {
        "id": "cv-5517",
        "title": "Chỉ tiêu",
        "legal_source": "CV 5517",
        "due": "2024-07-31",
        "share": 0.2,
        "in_scope": 3,
        "needed": 1,
        "met": 0,
        "not_met": 3,
        "unknown": 0,
        "percent": {"low": 0.0, "high": 0.0},
        "fed_by_person": False,
        "document": None,
        "note": "",
    }
    obstacles = agencies[0].pop("obstacles")
    assert agencies[0] == {
        "id": "A",
        "slug": "a",
        "name": "Sở A",
        "level": "province",
        "verdict": "not_met",
        "lenient_verdict": "met",
        "datasets": 1,
        "document": None,
    }
    assert [(o["rule"], o["dataset"]) for o in obstacles] == [("C06", "Bệnh viện"), ("C07", "Bệnh viện")]
    assert obstacles[1]["text"].endswith("(C07): sửa C07")
    assert agencies[1]["obstacles"] == [
        {"rule": "C11", "dataset": "", "text": "Chưa biết bộ dữ liệu nào của cơ quan (C11): sửa C11"}
    ]


def test_names_and_texts_follow_the_language_and_nothing_else_does():
    stats = statistics(SMALL, iter(()), (listed("2026-11-01"),), (), day("2026-11-02"))
    vietnamese, english = to_json(stats, "vi"), to_json(stats, "en")
    assert english["targets"][0]["agencies"][0]["name"] == "Department A"
    assert english["targets"][0]["title"] == "Target"
    assert english["basis"]["title"] == "Decree 47/2020"
    assert english["targets"][0]["agencies"][0]["obstacles"][0]["text"].endswith("(C11): mend C11")
    assert [i["id"] for i in english["indicators"]] == [i["id"] for i in vietnamese["indicators"]] == list(INDICATORS)
    words = {"name", "title", "text", "note"}
    assert without(english, words) == without(vietnamese, words)


def without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, dict):
        return {k: without(v, keys) for k, v in value.items() if k not in keys}
    return [without(v, keys) for v in value] if isinstance(value, list) else value


def test_a_law_whose_text_was_not_seen_is_marked_and_its_days_are_kept():
    later = replace(rule_set(valid_from="2025-08-19", verified=False), id="nd-194-2025")
    earlier = replace(rule_set(), valid_to=day("2025-08-18"))
    config = configured((agency("A"),), (target(),), (earlier, later))
    bases = {on: counted(on=on, config=config)["basis"] for on in ("2020-05-24", "2025-08-18", "2025-08-19")}
    assert bases["2020-05-24"] is None
    assert (bases["2025-08-18"]["id"], bases["2025-08-18"]["verified"]) == ("nd-47-2020", True)
    assert (bases["2025-08-19"]["id"], bases["2025-08-19"]["verified"]) == ("nd-194-2025", False)
    before_any_law = counted(dataset(*open_dataset("2020-05-01")), on="2020-05-01", config=config)
    assert verdicts(before_any_law) == {"A": "unknown"}


def test_a_demo_says_so():
    config = configured((agency("A"),), (target(),), illustration=True)
    assert counted(on="2026-11-02", config=config)["illustration"] is True


def test_indicators_count_agencies_and_datasets():
    overdue = (collected("2026-11-01", modified="2024-01-01"), *open_dataset("2026-11-01")[1:])
    personal = (
        collected("2026-11-01"),
        checked("2026-11-01", C15="not_met"),
        outcome("2026-11-01", "refused", found("C15", "x")),
    )
    pending = (collected("2026-11-01"), checked("2026-11-01", C15="unknown"), *open_dataset("2026-11-01")[2:])
    stats = counted(
        dataset(*open_dataset("2026-11-01"), name="d1"),
        dataset(*overdue, agency="B", name="d2"),
        dataset(*personal, agency="B", name="d3"),
        dataset(*pending, agency="D", name="d4"),
        on="2026-11-02",
        portal=(listed("2026-11-01"),),
        config=SMALL,
    )
    assert {i["id"]: i["value"] for i in stats["indicators"]} == {
        "agencies_met_province": 1,
        "agencies_met_district": 0,
        "agencies_met_commune": 0,
        "agencies_unknown": 1,
        "datasets": 4,
        "datasets_published": 3,
        "datasets_met": 1,
        "datasets_unknown": 1,
        "datasets_overdue": 1,
        "datasets_personal": 1,
        "datasets_unassigned": 0,
    }


# ---------------------------------------------------------------- two clocks


def test_a_correction_moves_the_restated_series_and_not_what_was_known_then():
    late = collected("2026-11-03", "k2", recorded="2026-11-10")
    news = (late, checked("2026-11-03", "k2", recorded="2026-11-10", C05="not_met"))
    facts = dataset(*open_dataset("2026-11-01"), *news, published("2026-11-03", "k2", recorded="2026-11-10"))
    then = counted(facts, on="2026-11-04", known_at=moment("2026-11-04"), config=SMALL)
    now = counted(facts, on="2026-11-04", config=SMALL)
    assert (verdicts(then)["A"], verdicts(now)["A"]) == ("met", "not_met")
    assert (then["known_at"][:10], now["known_at"][:10]) == ("2026-11-01", "2026-11-10")


def test_a_new_title_does_not_reach_back():
    facts = dataset(collected("2026-11-01"), collected("2026-11-05", "k2", title="Tên mới"), agency="gone")
    titles = [counted(facts, on=on, config=SMALL)["unassigned"][0]["title"] for on in ("2026-11-04", "2026-11-05")]
    assert titles == ["Bệnh viện", "Tên mới"]
    undescribed = dataset(published("2026-11-01"), agency="gone", name="so-a-0a1b2c")
    assert counted(undescribed, on="2026-11-01", config=SMALL)["unassigned"][0]["title"] == "so-a-0a1b2c"


def test_the_order_in_which_facts_are_read_changes_no_byte():
    facts = [dataset(collected("2026-11-01"), agency="gone", name=name) for name in ("d2", "d1", "d3")]
    assert counted(*facts, on="2026-11-01") == counted(*reversed(facts), on="2026-11-01")


def test_a_dataset_not_yet_known_is_no_dataset():
    stats = counted(dataset(*open_dataset("2026-11-05")), on="2026-11-04", portal=(listed("2026-11-04"),), config=SMALL)
    assert (verdicts(stats)["A"], indicator(stats, "datasets")) == ("not_met", 0)


def test_known_at_is_the_last_thing_used_the_configuration_included():
    arguments = (SMALL, iter([dataset(*open_dataset("2026-11-01"))]), (), (), day("2026-11-02"))
    stats = to_json(statistics(*arguments, revised_at=moment("2026-11-06")), "vi")
    assert stats["known_at"] == "2026-11-06T09:00:00+07:00"
    later = (decision("A", "", MET, "2026-12-01", recorded="2026-11-20"),)
    assert counted(on="2026-11-02", decisions=later, config=SMALL)["known_at"] is None
    assert counted(on="2026-12-01", decisions=later, config=SMALL)["known_at"] == "2026-11-20T09:00:00+07:00"


def test_only_a_whole_listing_proves_absence_and_not_for_ever():
    for portal in ((), (listed("2026-11-01", complete=False),)):
        assert set(verdicts(counted(on="2026-11-02", portal=portal, config=SMALL)).values()) == {"unknown"}
    portal = (listed("2026-11-01"), listed("2026-11-05", complete=False))
    assert set(verdicts(counted(on="2026-11-08", portal=portal, config=SMALL)).values()) == {"not_met"}
    assert set(verdicts(counted(on="2026-11-09", portal=portal, config=SMALL)).values()) == {"unknown"}


# any stream of facts, each true on one day and recorded on that day or up to three weeks later

FIRST = day("2026-10-01")
OUTCOMES = st.sampled_from(["met", "not_met", "unknown"])
CONTENT = st.sampled_from(["k1", "k2"])


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    on = FIRST + timedelta(days=draw(st.integers(0, 30)))
    recorded = str(on + timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 20]))))
    return draw(
        st.one_of(
            st.builds(collected, st.just(str(on)), CONTENT, st.just(recorded), title=st.sampled_from(["Một", "Hai"])),
            st.builds(checked, st.just(str(on)), CONTENT, st.just(recorded), C05=OUTCOMES, C01=OUTCOMES),
            st.builds(seen, st.just(str(on)), CONTENT, st.just(recorded)),
            st.builds(published, st.just(str(on)), CONTENT, st.just(recorded)),
            st.builds(withdrawn, st.just(str(on)), st.just(recorded)),
            st.builds(read_back, st.just(str(on)), st.just(recorded), **dict.fromkeys(PORTAL_RULES, OUTCOMES)),
        )
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[DatasetFacts], list[Observation], list[Decision]]:
    """Three datasets of three agencies, one of which ends on 2026-10-15 without a single successor."""
    good = [open_dataset(str(FIRST + timedelta(days=draw(st.integers(0, 30))))) if draw(st.booleans()) else ()]
    streams = [draw(st.lists(observations(), max_size=6)) for _ in range(3)]
    facts = [
        dataset(*(good[0] if agency == "A" else ()), *stream, agency=agency, name=f"d-{agency}")
        for agency, stream in zip("ABE", streams, strict=True)
    ]
    days = draw(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=2))
    portal = [listed(str(FIRST + timedelta(days=n)), complete=complete) for n, complete in days]
    about = st.tuples(st.sampled_from(["A", "d-A", "d-B"]), st.sampled_from(["", "C05"]), st.sampled_from(Verdict))
    decided = [decision(*each, "2026-10-10", recorded="2026-10-12") for each in draw(st.lists(about, max_size=2))]
    return facts, portal, decided


WORLD = configured(
    (agency("A"), agency("B"), agency("D"), agency("E", Level.DISTRICT, "", "2026-10-15", "A", "B")),
    (target(Level.PROVINCE, Level.DISTRICT),),
)
DAYS = st.integers(0, 45).map(lambda n: FIRST + timedelta(days=n))


def shown(facts, portal, decisions, on, known_at=None) -> str:
    return json.dumps(to_json(statistics(WORLD, iter(facts), portal, decisions, on, known_at), "vi"))


@settings(max_examples=150, deadline=None)
@given(worlds(), DAYS, DAYS)
def test_what_was_known_then_is_reproduced_byte_for_byte(world, on, known_day):
    facts, portal, decisions = world
    known_at = moment(str(known_day))
    then = [replace(f, observations=tuple(o for o in f.observations if o.recorded_at <= known_at)) for f in facts]
    portal_then = [o for o in portal if o.recorded_at <= known_at]
    decided_then = [d for d in decisions if d.recorded_at <= known_at]
    answer = shown(facts, portal, decisions, on, known_at)
    assert answer == shown(then, portal_then, decided_then, on)
    assert answer == shown(list(reversed(facts)), portal, decisions, on, known_at)
    stated = json.loads(answer)["known_at"]
    assert stated is None or answer == shown(facts, portal, decisions, on, datetime.fromisoformat(stated))


@settings(max_examples=150, deadline=None)
@given(worlds(), DAYS, DAYS)
def test_the_outcomes_add_up_and_an_unknown_takes_nothing_away(world, on, cut):
    facts, portal, decisions = world
    before = statistics(WORLD, iter(facts), portal, decisions, on)
    [count] = before.targets
    assert count.met + count.not_met + count.unknown == count.in_scope == len(count.agencies)
    assert 0 <= count.low <= count.high <= 100
    assert all(r.lenient is MET for r in before.agencies if r.verdict is MET)
    unanswered = unreachable(str(cut))
    existing = [f for f in facts if any(o.valid_at <= unanswered.valid_at for o in f.observations)]
    cut_off = [replace(f, observations=(*f.observations, unanswered)) if f in existing else f for f in facts]
    portal_cut = [*portal, listed(str(cut), complete=False)]
    [after] = statistics(WORLD, iter(cut_off), portal_cut, decisions, on).targets
    assert (after.met, after.not_met) == (count.met, count.not_met)


@settings(max_examples=50, deadline=None)
@given(worlds())
def test_after_the_carry_nothing_of_the_portal_is_known(world):
    facts, portal, decisions = world
    late = FIRST + timedelta(days=30 + 8)
    judged = statistics(WORLD, iter(facts), portal, [d for d in decisions if d.rule], late)
    assert {v for d in judged.datasets for v in (d.verdicts["C03"], d.verdicts["C11"], d.verdicts["C12"])} <= {UNKNOWN}
    assert judged.targets[0].met == 0
