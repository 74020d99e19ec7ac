"""The five fields of a crontab line, as cron itself reads them (crontab(5)): what is wrong with one."""

import re

from harvester.i18n import Text, say

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[Text, int, int, dict[str, int]], ...] = (
    (say("minute"), 0, 59, {}),
    (say("hour"), 0, 23, {}),
    (say("day of the month"), 1, 31, {}),
    (say("month"), 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (say("day of the week"), 0, 7, {name: number for number, name in enumerate(_DAYS)}),  # 0 and 7 are Sunday
)
_SHORT = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")


def cron_mistake(expression: str) -> Text | None:
    """What is wrong with a cron expression, None if nothing is. Five fields, or a short form such as @daily."""
    fields = expression.lower().split()
    if expression.lower() in _SHORT:
        return None
    if len(fields) != len(_FIELDS):
        return say("A schedule has 5 fields (minute hour day month weekday), this one {found}.", found=len(fields))
    for field, (title, low, high, names) in zip(fields, _FIELDS, strict=True):
        for item in field.split(","):
            if not _legal(item, low, high, names):
                values = {"field": title, "item": item[:40], "low": str(low), "high": str(high)}
                return say("The {field} `{item}` is not *, a value {low}–{high}, a range a-b, or */n.", **values)
    return None


def _legal(item: str, low: int, high: int, names: dict[str, int]) -> bool:
    found = re.fullmatch(r"(?:(\*)|(\w{1,3})(?:-(\w{1,3}))?)(?:/(\d{1,2}))?", item, re.ASCII)
    if not found:
        return False
    star, first, last, step = found.groups()
    if step and (int(step) == 0 or not (star or last)):  # cron steps through a range only
        return False
    if star:
        return True
    ends = [names.get(word, int(word) if word.isdecimal() else -1) for word in (first, last or first)]
    return low <= ends[0] <= ends[1] <= high
