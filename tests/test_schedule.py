"""When a cron line is due: against crontab(5), and against a minute-by-minute reading of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.cron import cron_mistake
from harvester.model import ZONE
from harvester.schedule import next_times

TUESDAY = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # 12:00 in Viet Nam


@pytest.mark.parametrize(
    ("cron", "first"),
    [
        ("0 2 * * *", "2026-11-25 02:00"),
        ("0 12 * * *", "2026-11-25 12:00"),  # at this very minute: the next is tomorrow's
        ("*/15 * * * *", "2026-11-24 12:15"),
        ("0 2 * * 0", "2026-11-29 02:00"),  # Sunday
        ("0 2 * * 7", "2026-11-29 02:00"),
        ("0 2 * * 5-7", "2026-11-27 02:00"),
        ("0 2 * * sun,mon", "2026-11-29 02:00"),
        ("30 6 1 * *", "2026-12-01 06:30"),
        ("0 0 13 * 5", "2026-11-27 00:00"),  # the 13th or a Friday
        ("0 0 */2 * 5", "2026-11-27 00:00"),  # a starred day field: both must hold; the 27th is odd
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("5 4 * jan mon", "2027-01-04 04:05"),
        ("0 8-10/2 * * *", "2026-11-25 08:00"),
        ("@daily", "2026-11-25 00:00"),
        ("@weekly", "2026-11-29 00:00"),
        ("@yearly", "2027-01-01 00:00"),
    ],
)
def test_a_line_is_next_due(cron: str, first: str):
    assert cron_mistake(cron) is None
    assert f"{next_times(cron, TUESDAY)[0]:%Y-%m-%d %H:%M}" == first


@pytest.mark.parametrize("cron", ["", "0 0 31 2 *"])
def test_a_line_that_never_comes_due_has_no_next_time(cron: str):
    assert next_times(cron, TUESDAY) == ()


FIELDS = st.tuples(
    st.sampled_from(["0", "*/20", "5,50"]),
    st.sampled_from(["*", "3", "22-23", "*/7"]),
    st.sampled_from(["*", "1", "13,31", "*/10"]),
    st.sampled_from(["*", "12", "2-3"]),
    st.sampled_from(["*", "0", "7", "1-5", "sat"]),
)


def due(fields: tuple[str, ...], moment: datetime) -> bool:
    """The plain reading of crontab(5), for one minute."""

    def fits(field: str, value: int, low: int) -> bool:
        for item in field.replace("sat", "6").split(","):
            span, _, step = item.partition("/")
            first, _, last = span.partition("-") if span != "*" else (str(low), "", "99")
            if int(first) <= value <= int(last or first) and (value - int(first)) % int(step or 1) == 0:
                return True
        return False

    minute, hour, day, month, weekday = fields
    in_week = any(fits(weekday, value, 0) for value in {moment.isoweekday(), moment.isoweekday() % 7})
    days = [fits(day, moment.day, 1), in_week]
    either = day[0] != "*" and weekday[0] != "*"
    both = any(days) if either else all(days)
    return both and fits(minute, moment.minute, 0) and fits(hour, moment.hour, 0) and fits(month, moment.month, 1)


@settings(max_examples=60, deadline=None)
@given(FIELDS, st.integers(0, 500_000))
def test_the_next_times_are_exactly_those_a_clock_would_find(fields: tuple[str, ...], minutes: int):
    after = datetime(2026, 1, 1, tzinfo=ZONE) + timedelta(minutes=minutes)
    horizon = after + timedelta(days=3)
    found = [moment for moment in next_times(" ".join(fields), after, 300) if moment <= horizon]
    ticks = (after + timedelta(minutes=number) for number in range(1, 3 * 24 * 60 + 1))
    assert found == [tick for tick in ticks if due(fields, tick)]
