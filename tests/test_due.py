"""When a source is due: from its schedule, its last attempt, the days worked; once however much time went by."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.config import documents, packaged
from harvester.documents import toml
from harvester.due import BACK_OFF, LONGEST_WAIT, SPREAD, coming, due, slot
from harvester.errors import ConfigurationError
from harvester.ledger import Attempt, SourceState
from harvester.model import ZONE, Source
from harvester.working_days import Calendar, calendar

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)  # Tuesday, 12:00 in Viet Nam
NIGHTLY = Source("s", "folder", "x", agency="a", schedule="0 2 * * *", approved=True)
WEEKDAYS = Calendar()


def attempted(hours_ago: float, failures: int = 0, **fields) -> Attempt:
    started = NOW - timedelta(hours=hours_ago)
    state = SourceState.FAILED if failures else SourceState.OK
    return Attempt("s", 1, started, **{"failures": failures, "ended": started, "state": state} | fields)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_a_source_never_attempted_is_due_at_once_if_it_is_approved_and_has_a_schedule():
    assert due(NIGHTLY, None, WEEKDAYS, NOW) == NOW
    assert due(Source("s", "folder", "x", schedule="0 2 * * *"), None, WEEKDAYS, NOW) is None
    assert due(Source("s", "folder", "x", approved=True), None, WEEKDAYS, NOW) is None


def test_after_an_attempt_it_is_due_at_the_next_slot_and_a_little_later():
    at = due(NIGHTLY, attempted(3), WEEKDAYS, NOW)
    assert at and local("2026-11-25T02:00") <= at <= local("2026-11-25T02:05")


def test_three_days_down_are_one_run():
    at = due(NIGHTLY, attempted(80), WEEKDAYS, NOW)
    assert at and at < NOW
    assert due(NIGHTLY, attempted(0), WEEKDAYS, NOW) > NOW


@pytest.mark.parametrize(("failures", "hours"), [(1, 1), (2, 6), (3, 23), (9, 23)])
def test_after_failures_the_back_off_takes_the_place_of_the_slot(failures: int, hours: int):
    for schedule in ("* * * * *", "0 2 1 * *"):
        source = Source("s", "folder", "x", schedule=schedule, approved=True)
        assert due(source, attempted(0, failures), WEEKDAYS, NOW) == NOW + timedelta(hours=hours)
    assert max(BACK_OFF) < timedelta(days=1)


def test_a_wait_that_a_server_asked_for_is_kept_but_not_for_ten_years():
    asked = attempted(0, 1, wait_until=NOW + timedelta(hours=3))
    assert due(NIGHTLY, asked, WEEKDAYS, NOW) == NOW + timedelta(hours=3)
    asked = attempted(0, 1, wait_until=NOW + timedelta(days=3650))
    assert due(NIGHTLY, asked, WEEKDAYS, NOW) == NOW + LONGEST_WAIT


def test_one_that_died_is_due_at_once_until_it_has_died_too_often():
    for failures in (1, 2, 3):
        assert due(NIGHTLY, attempted(0.1, failures, ended=None, state=None), WEEKDAYS, NOW) < NOW
    assert due(NIGHTLY, attempted(0.1, 4, ended=None, state=None), WEEKDAYS, NOW) > NOW


def test_one_that_was_stopped_is_due_at_once():
    assert due(NIGHTLY, attempted(0.1, 0, state=SourceState.SKIPPED), WEEKDAYS, NOW) < NOW


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
def test_a_clock_that_jumps_back_runs_nothing_twice(jump: timedelta):
    """Attempted, then the clock is put back: due again only when the slot after the attempt has come."""
    at = due(NIGHTLY, attempted(0), WEEKDAYS, NOW - jump)
    assert at and at > NOW


def test_an_attempt_dated_by_a_clock_gone_mad_silences_nobody():
    assert due(NIGHTLY, attempted(-24 * 365 * 50), WEEKDAYS, NOW) == NOW


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ("2028-02-28T12:00", "2028-02-29T02:00"),  # a leap day
        ("2026-12-31T23:59", "2027-01-01T02:00"),  # midnight, and a year
        ("2026-11-25T01:59", "2026-11-25T02:00"),
        ("2026-11-25T02:00", "2026-11-26T02:00"),
    ],
)
def test_slots_cross_midnights_years_and_leap_days(after: str, first: str):
    at = slot(NIGHTLY, local(after), WEEKDAYS)
    assert at and local(first) <= at <= local(first) + SPREAD


def test_on_days_off_a_source_of_working_days_rests():
    province = calendar(toml("calendar.toml", documents(packaged())["calendar.toml"]))
    source = Source("s", "folder", "x", schedule="0 2 * * *", approved=True, working_days=True)
    at = slot(source, local("2026-02-13T12:00"), province)  # the Friday before Tết
    assert at and at.date() == date(2026, 2, 23)
    assert slot(NIGHTLY, local("2026-02-13T12:00"), province).date() == date(2026, 2, 14)
    saturday = slot(source, local("2026-08-21T12:00"), province)
    assert saturday and saturday.date() == date(2026, 8, 22), "worked in exchange for a Monday"
    every_minute = Source("s", "folder", "x", schedule="* * * * *", approved=True, working_days=True)
    assert slot(every_minute, local("2026-02-13T23:59"), province).date() == date(2026, 2, 23)
    never = Calendar(weekend=frozenset(range(7)))
    assert slot(source, local("2026-02-13T12:00"), never) is None


def test_working_days_are_counted_over_tet():
    province = calendar(toml("calendar.toml", documents(packaged())["calendar.toml"]))
    assert province.between(date(2026, 2, 13), date(2026, 2, 23)) == 1
    assert province.between(date(2026, 11, 23), date(2026, 11, 24)) == 1
    assert province.between(date(2026, 11, 24), date(2026, 11, 24)) == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('weekend = ["sat", "sunday"]', "CFG-006"),
        ("[[yearly]]\nmonth = 2\nday = 30\nname = 'x'", "CFG-006"),
        ("[[off]]\nfirst = 2026-02-14\nlast = 2026-02-13\nname = 'x'", "CFG-006"),
        ("[[off]]\nfirst = 2026-02-14\nlast = 2027-02-13\nname = 'x'", "CFG-006"),
        ("[[off]]\nname = 'x'", "CFG-005"),
        ("[[of]]\nname = 'x'", "CFG-003"),
    ],
)
def test_a_wrong_calendar_is_named(text: str, code: str):
    with pytest.raises(ConfigurationError) as refused:
        calendar(toml("config/calendar.toml", text.encode()))
    assert refused.value.code == code
    assert "calendar.toml" in str(refused.value.message)


def test_sources_of_one_minute_are_spread_and_always_in_the_same_order():
    sources = tuple(Source(f"s{n}", "folder", "x", schedule="0 2 * * *", approved=True) for n in range(200))
    attempts = {s.id: Attempt(s.id, 1, NOW, 0, NOW, SourceState.OK) for s in sources}
    found = coming(sources, attempts, WEEKDAYS, NOW)
    times = [at for at, _ in found]
    assert times == sorted(times)
    assert len(set(times)) > 190
    assert max(times) - min(times) <= SPREAD
    assert found == coming(sources, attempts, WEEKDAYS, NOW + timedelta(hours=1))


@settings(max_examples=60, deadline=None)
@given(
    schedule=st.sampled_from(["*/10 * * * *", "7 * * * *", "0 2 * * *", "30 6 * * 1-5", "0 0 1 * *", "0 */6 * * 0"]),
    gaps=st.lists(st.integers(1, 3000), min_size=5, max_size=60),
)
def test_whenever_it_is_looked_at_each_slot_is_run_once_or_with_a_later_one(schedule: str, gaps: list[int]):
    """Looking at any times: runs never outnumber the slots that passed, and after a look nothing is left due."""
    source, now, attempt, runs = Source("s", "folder", "x", schedule=schedule, approved=True), NOW, None, 0
    for gap in gaps:
        now += timedelta(minutes=gap)
        at = due(source, attempt, WEEKDAYS, now)
        if at and at <= now:
            attempt, runs = Attempt("s", 1, now, 0, now, SourceState.OK), runs + 1
        again = due(source, attempt, WEEKDAYS, now)
        assert again is None or again > now
    slots, at = 0, slot(source, NOW, WEEKDAYS)
    while at and at <= now:
        slots, at = slots + 1, slot(source, at, WEEKDAYS)
    assert runs <= slots + 1
