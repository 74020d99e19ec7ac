"""Working days: weekends, public holidays, Tết and the Saturdays worked in exchange, from config/calendar.toml.

Holidays by the moon are written out year by year, as the government announces them: nothing is computed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from harvester.documents import Section
from harvester.i18n import say

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST = 31
"""Days of the longest holiday that is believed; more is a slip of the pen."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """Which days are worked. Without a calendar.toml: Monday to Friday. Slots are cached by its identity."""

    weekend: frozenset[int] = frozenset({5, 6})  # date.weekday()
    yearly: Mapping[tuple[int, int], str] = field(default_factory=dict)  # (month, day) → name
    off: Mapping[date, str] = field(default_factory=dict)
    worked: Mapping[date, str] = field(default_factory=dict)  # days that would be off, worked in exchange

    def works(self, day: date) -> bool:
        """Whether offices are open on `day`."""
        if day in self.worked:
            return True
        return not (day in self.off or (day.month, day.day) in self.yearly or day.weekday() in self.weekend)

    def between(self, first: date, last: date) -> int:
        """How many working days have begun after `first`, up to and with `last`."""
        return sum(self.works(first + timedelta(days=ahead)) for ahead in range(1, (last - first).days + 1))


def calendar(document: Section) -> Calendar:
    """The calendar a document says. Raises ConfigurationError."""
    document.keys(needed=(), allowed=("weekend", "yearly", "off", "worked"))
    weekend = document.texts("weekend") if "weekend" in document.values else ("sat", "sun")
    for word in weekend:
        if word not in WEEKDAYS:
            message = say("`{word}` is no day of the week.", word=word[:40])
            raise document.wrong("CFG-006", "weekend", message, say('Write weekend = ["sat", "sun"].'))
    return Calendar(
        frozenset(WEEKDAYS.index(word) for word in weekend),
        dict(_yearly(section) for section in document.sections("yearly")),
        _days(document, "off"),
        _days(document, "worked"),
    )


def _yearly(section: Section) -> tuple[tuple[int, int], str]:
    section.keys(needed=("month", "day", "name"))
    month, day = section.whole("month"), section.whole("day")
    try:
        date(2024, month, day)  # a leap year
    except ValueError as error:
        message = say("There is no day {day} of month {month}.", day=day, month=month)
        raise section.wrong("CFG-006", "day", message, say("Write month and day as numbers.")) from error
    return (month, day), section.text("name")


def _days(document: Section, key: str) -> dict[date, str]:
    days: dict[date, str] = {}
    for section in document.sections(key):
        section.keys(needed=("first", "name"), allowed=("last",))
        first = section.due("first")
        last = section.day("last") or first
        if not 0 <= (last - first).days < LONGEST:
            message = say("From {first} to {last} is no holiday.", first=first, last=last)
            raise section.wrong("CFG-006", "last", message, say("Write the first and the last day off."))
        days |= {first + timedelta(days=ahead): section.text("name") for ahead in range((last - first).days + 1)}
    return days
