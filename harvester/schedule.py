"""When a cron line is due next, as cron itself reads it: in Asia/Ho_Chi_Minh, 0 and 7 are Sunday."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from harvester.model import ZONE

SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
NAMES = {
    3: ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    4: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
LOOK_AHEAD = 366 * 8  # days: "0 0 29 2 *" may be eight years away, as over 2100


def next_times(cron: str, after: datetime, count: int = 3) -> tuple[datetime, ...]:
    """The next `count` times of a valid cron line (or "") after `after`, in Viet Nam's time; () if never due."""
    return tuple(islice(times(cron, after), count))


def times(cron: str, after: datetime) -> Iterator[datetime]:
    """The times of a valid cron line after `after`, in Viet Nam's time, as far as eight years ahead."""
    if not cron:
        return
    after = after.astimezone(ZONE)
    fields = SHORT.get(cron.lower(), cron.lower()).split()
    minutes, hours, days, months, weekdays = (_values(field, number) for number, field in enumerate(fields))
    either = not (fields[2].startswith("*") or fields[4].startswith("*"))  # crontab(5): two restricted days are an "or"
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(LOOK_AHEAD):
        day = midnight + timedelta(days=ahead)
        in_days, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and (in_days or in_week if either else in_days and in_week):
            slots = (day.replace(hour=hour, minute=minute) for hour in sorted(hours) for minute in sorted(minutes))
            yield from (slot for slot in slots if slot > after)


def _values(field: str, number: int) -> set[int]:
    """The values of one field; Sunday is 0."""
    values: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        low, high = BOUNDS[number]
        if span != "*":
            first, _, last = span.partition("-")
            low, high = _value(first, number), _value(last or first, number)
        values.update(range(low, high + 1, int(step or 1)))
    return {value % 7 for value in values} if number == 4 else values


def _value(word: str, number: int) -> int:
    return NAMES[number].index(word) if word in NAMES.get(number, ()) else int(word)
