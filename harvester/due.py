"""When a source is due: computed from its schedule and its last attempt, never stored, so nothing drifts or is lost.

A source never attempted is due at once. After an attempt it is due when a slot of its schedule has passed; after
failures when the back-off has passed instead, be that sooner (a monthly source is not lost for a month) or later.
However many slots went by while nothing ran, it is due once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import islice, takewhile

from harvester.ledger import Attempt, SourceState
from harvester.model import Source
from harvester.schedule import times
from harvester.working_days import Calendar

BACK_OFF = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=23))
"""After the first, second and every further failure in a row; the last is less than a day, so that it cannot drift."""
LONGEST_WAIT = timedelta(hours=24)
"""A server that asks to be left alone for longer is asked again after this."""
TRIES = 3
"""Attempts that may die one after the other and be taken up again at once; then the back-off holds for them too."""
SPREAD = timedelta(minutes=5)
"""Sources with the same schedule start spread over so much time, or a tenth of the time between two slots."""
CLOCK_FAULT = timedelta(hours=25)
"""An attempt further ahead than this was dated by a clock that was wrong: it does not silence its source."""
HORIZON = timedelta(days=400)
"""Slots on days off are passed over, but not for ever."""


def due(source: Source, attempt: Attempt | None, calendar: Calendar, now: datetime) -> datetime | None:
    """Since when, or from when on, `source` is due; None: never by itself. Times in UTC or Viet Nam's time."""
    if not source.approved:
        return None
    if attempt is not None and attempt.started > now + CLOCK_FAULT:
        return now
    if attempt is not None and attempt.ended is None and attempt.failures <= TRIES:
        return attempt.started  # under way, which its lock will tell, or its process died
    if attempt is not None and attempt.state is SourceState.SKIPPED:
        return attempt.ended  # stopped on the way
    if not source.schedule:
        return None
    if attempt is None:
        return now
    if attempt.failures:
        waited = attempt.started + BACK_OFF[min(attempt.failures, len(BACK_OFF)) - 1]
        return max(waited, min(attempt.wait_until or waited, attempt.started + LONGEST_WAIT))
    return slot(source, attempt.started, calendar)


def slot(source: Source, after: datetime, calendar: Calendar) -> datetime | None:
    """The source's own time for the first slot of its schedule after `after`; None: there is none."""
    slots = _slots(source.schedule, after, calendar if source.working_days else None)
    if not slots:
        return None
    gap = slots[1] - slots[0] if len(slots) > 1 else 10 * SPREAD
    share = int.from_bytes(sha256(source.id.encode()).digest()[:4]) / 2**32
    return slots[0] + share * min(SPREAD, gap / 10)


def coming(
    sources: tuple[Source, ...], attempts: Mapping[str, Attempt], calendar: Calendar, now: datetime
) -> tuple[tuple[datetime, Source], ...]:
    """Every source that will be due by itself, with when, the soonest first."""
    found = [(due(source, attempts.get(source.id), calendar, now), source) for source in sources]
    return tuple(sorted(((at, source) for at, source in found if at), key=lambda pair: (pair[0], pair[1].id)))


@lru_cache(maxsize=65536)
def _slots(schedule: str, after: datetime, calendar: Calendar | None) -> tuple[datetime, ...]:
    """The first two slots, on working days where there is a calendar."""
    near = takewhile(lambda slot: calendar is None or slot - after < HORIZON, times(schedule, after))
    return tuple(islice((slot for slot in near if calendar is None or calendar.works(slot.date())), 2))
