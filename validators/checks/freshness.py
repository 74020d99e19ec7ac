"""Whether data is new enough (C06, C07): pure, judged when counted, from dated facts.

Due times and grace: a proposal of ours (no Vietnamese rule gives them), but for "on change": the review every three
months of NĐ 47/2020 Điều 20.3.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum

from checks.words import fold
from harvester.i18n import Text, say
from harvester.model import Finding, Severity, Verdict


class Frequency(Enum):
    """How often a dataset is to be renewed."""

    CONTINUOUS = "continuous"
    DAILY = "daily"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    BIMONTHLY = "bimonthly"  # every two months
    QUARTERLY = "quarterly"
    FOUR_MONTHLY = "four_monthly"
    SEMIANNUAL = "semiannual"
    ANNUAL = "annual"
    BIENNIAL = "biennial"
    TRIENNIAL = "triennial"
    QUADRENNIAL = "quadrennial"
    QUINQUENNIAL = "quinquennial"
    DECENNIAL = "decennial"
    ON_CHANGE = "on_change"
    ONCE = "once"  # or irregular


@dataclass(frozen=True)
class Due:
    """When the next version is due after the last, and how many days more are allowed."""

    months: int = 0  # calendar months
    days: int = 0
    grace: int = 0  # days
    called: Text = field(default_factory=lambda: say(""))

    def after(self, last: date) -> date:
        """The last day, inclusive, on which `last` still is new enough."""
        return min(_add_months(last, self.months), date.max - timedelta(400)) + timedelta(self.days + self.grace)


DUE: Mapping[Frequency, Due] = {
    Frequency.CONTINUOUS: Due(days=1, grace=1, called=say("continuously")),
    Frequency.DAILY: Due(days=1, grace=2, called=say("daily")),
    Frequency.WEEKLY: Due(days=7, grace=3, called=say("weekly")),
    Frequency.FORTNIGHTLY: Due(days=14, grace=5, called=say("every two weeks")),
    Frequency.MONTHLY: Due(1, grace=15, called=say("monthly")),
    Frequency.BIMONTHLY: Due(2, grace=20, called=say("every two months")),
    Frequency.QUARTERLY: Due(3, grace=30, called=say("quarterly")),
    Frequency.FOUR_MONTHLY: Due(4, grace=30, called=say("every four months")),
    Frequency.SEMIANNUAL: Due(6, grace=30, called=say("every six months")),
    Frequency.ANNUAL: Due(12, grace=60, called=say("yearly")),
    Frequency.BIENNIAL: Due(24, grace=90, called=say("every two years")),
    Frequency.TRIENNIAL: Due(36, grace=90, called=say("every three years")),
    Frequency.QUADRENNIAL: Due(48, grace=90, called=say("every four years")),
    Frequency.QUINQUENNIAL: Due(60, grace=90, called=say("every five years")),
    Frequency.DECENNIAL: Due(120, grace=90, called=say("every ten years")),
    Frequency.ON_CHANGE: Due(3, called=say("on change, confirmed every three months")),
}
"""ONCE is never due."""

_MONTHS = {
    due.months: frequency for frequency, due in DUE.items() if due.months and frequency is not Frequency.ON_CHANGE
}
_DAYS = {1: Frequency.DAILY, 7: Frequency.WEEKLY, 15: Frequency.FORTNIGHTLY}
_CODES = {
    "annual_2": Frequency.SEMIANNUAL,
    "annual_3": Frequency.FOUR_MONTHLY,
    "biweekly": Frequency.FORTNIGHTLY,
    "monthly_2": Frequency.FORTNIGHTLY,
    "monthly_3": Frequency.WEEKLY,
    "weekly_2": Frequency.DAILY,
    "weekly_3": Frequency.DAILY,
    "weekly_5": Frequency.DAILY,
    "daily_2": Frequency.DAILY,
    "cont": Frequency.CONTINUOUS,
    "update_cont": Frequency.CONTINUOUS,
    "hourly": Frequency.CONTINUOUS,
    "bihourly": Frequency.CONTINUOUS,
    "trihourly": Frequency.CONTINUOUS,
    "irreg": Frequency.ONCE,
    "never": Frequency.ONCE,
    "not_planned": Frequency.ONCE,
    "notplanned": Frequency.ONCE,
    "as_needed": Frequency.ON_CHANGE,
    "asneeded": Frequency.ON_CHANGE,
    "semiannual": Frequency.SEMIANNUAL,
    "biannual": Frequency.SEMIANNUAL,
    "yearly": Frequency.ANNUAL,
    "annually": Frequency.ANNUAL,
}
"""EU authority codes, and those of Dublin Core and ISO 19115 that differ from our own words."""

_NUMBERS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "one": 1, "two": 2, "three": 3, "six": 6}
_UNITS = {"ngay": ("day", 1), "tuan": ("day", 7), "thang": ("month", 1), "quy": ("month", 3), "nam": ("month", 12)}
_ENGLISH = {
    "day": ("day", 1),
    "week": ("day", 7),
    "month": ("month", 1),
    "quarter": ("month", 3),
    "year": ("month", 12),
}
_UNIT = "ngay|tuan|thang|quy|nam"
_NUMBER = r"\d{1,3}|mot|hai|ba|bon|(?<!viet )nam(?= nam)|sau"
_TIMES = re.compile(rf"\b({_NUMBER}) lan (?:(?:moi|trong|tren|mot|01|1|hang) )*({_UNIT})\b")
_EVERY = re.compile(rf"(?<!ngay )(?<!thang )(?<!quy )(?<!nam )(?<!lan )\b({_NUMBER}) ({_UNIT})\b")
_EACH = re.compile(rf"\b(?:hang|moi|tung|dinh ky|theo) ({_UNIT})\b|^({_UNIT})$|\b({_UNIT}) (?:1 |01 |mot )?lan\b")
_EACH_EN = re.compile(
    r"\b(?:every|each|per|once an?|once every) (?:(\d+|two|three|six) )?(day|week|month|quarter|year)s?\b"
)
_ISO = re.compile(r"(?:r\d*/)?p(?:([\d.]+)y)?(?:([\d.]+)m)?(?:([\d.]+)w)?(?:([\d.]+)d)?(t[\dhms.]+)?")


def frequency(text: str) -> Frequency | None:
    """The frequency that `text` says: Vietnamese words, English words, ISO 8601 durations, EU codes; else None.

    Where a period and "when it changes" are both named, the period counts.
    """
    code = text.strip().lower().rstrip("/").rpartition("/")[2] if "//" in text else text.strip().lower()
    code = code.rpartition("#")[2].replace(" ", "_").replace("-", "_") if "#" in code else code
    named = _CODES.get(code.replace("-", "_")) or next(
        (f for f in Frequency if f.value == code.replace("-", "_")), None
    )
    return named or _iso(text.strip().lower()) or _vietnamese(fold(text)) or _english(fold(text))


def _iso(text: str) -> Frequency | None:
    match = _ISO.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    years, months, weeks, days = (float(part or 0) for part in match.groups()[:4])
    total = 12 * years + months
    if total >= 1:
        return _nearest(_MONTHS, total)
    days += 7 * weeks + 30 * total
    return _nearest(_DAYS, days) if days else Frequency.CONTINUOUS


def _nearest(known: Mapping[int, Frequency], wanted: float) -> Frequency:
    """The shortest known period not shorter than `wanted`."""
    return known[min((period for period in known if period >= wanted), default=max(known))]


def _vietnamese(words: str) -> Frequency | None:
    if match := _TIMES.search(words):
        return _times(_number(match[1]), *_UNITS[match[2]])
    if match := _EVERY.search(words):
        return _every(_number(match[1]), *_UNITS[match[2]])
    if re.search(r"\bnua nam\b", words):
        return Frequency.SEMIANNUAL
    if re.search(r"\bnam hoc\b", words):
        return Frequency.ANNUAL
    if match := _EACH.search(words):
        return _every(1, *_UNITS[next(unit for unit in match.groups() if unit)])
    if re.search(r"\b(thay doi|phat sinh|dot xuat|bien dong|cap nhat khi|khi can|theo yeu cau|dieu chinh)\b", words):
        return Frequency.ON_CHANGE
    if re.search(r"\b(thoi gian thuc|lien tuc|thuong xuyen|hang gio|truc tuyen)\b", words):
        return Frequency.CONTINUOUS
    if re.search(r"\b(mot lan|1 lan|01 lan|khong dinh ky|khong cap nhat|khong thay doi)\b", words):
        return Frequency.ONCE
    return None


def _english(words: str) -> Frequency | None:
    if match := _EACH_EN.search(words):
        return _every(_number(match[1] or "1"), *_ENGLISH[match[2]])
    table = (
        (r"\b(on change|when(ever)? .*chang|as needed|on demand)", Frequency.ON_CHANGE),
        (r"\b(semi ?annual|half ?yearly|twice a year|biannual)", Frequency.SEMIANNUAL),
        (r"\b(real ?time|continuous|hourly)", Frequency.CONTINUOUS),
        (r"\b(daily)\b", Frequency.DAILY),
        (r"\b(fortnightly|bi ?weekly)\b", Frequency.FORTNIGHTLY),
        (r"\b(weekly)\b", Frequency.WEEKLY),
        (r"\b(bi ?monthly)\b", Frequency.BIMONTHLY),
        (r"\b(monthly)\b", Frequency.MONTHLY),
        (r"\b(quarterly)\b", Frequency.QUARTERLY),
        (r"\b(annual|annually|yearly)\b", Frequency.ANNUAL),
        (r"\b(once|never|irregular|not planned|one time)\b", Frequency.ONCE),
    )
    return next((found for pattern, found in table if re.search(pattern, words)), None)


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _every(n: int, unit: str, size: int) -> Frequency | None:
    """Once in `n` periods of `size` days or months."""
    if n == 0:
        return None
    if unit == "day" and n * size <= max(_DAYS):
        return _nearest(_DAYS, n * size)
    return _nearest(_MONTHS, n * size if unit == "month" else n * size / 31)


def _times(n: int, unit: str, size: int) -> Frequency | None:
    """`n` times in a period of `size` days or months."""
    if n == 0:
        return None
    days = size * (1 if unit == "day" else 30.4) / n
    if unit == "month" and size / n >= 1:
        return _nearest(_MONTHS, size / n)
    return _nearest(_DAYS, min(int(days) or 1, 15))


def _add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month: 31 January + 1 = 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    year = min(year, date.max.year)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def newest(
    day: date, *, period_end: date | None, modified: date | None, frequency: Frequency | None
) -> tuple[Verdict, Finding | None]:
    """C06 on `day`: the newest period in the data, or its last change, is not older than the frequency allows.

    No frequency is judged as yearly, with a warning. For ON_CHANGE pass a later confirmation as `modified`.
    """
    return _judged("C06", day, _latest(period_end, modified), frequency)


def kept(
    day: date, *, last_change: date | None, last_confirmation: date | None, frequency: Frequency | None
) -> tuple[Verdict, Finding | None]:
    """C07 on `day`: the last change, or the agency's word that nothing changed, is within the frequency."""
    return _judged("C07", day, _latest(last_change, last_confirmation), frequency)


def _latest(*days: date | None) -> date | None:
    return max((day for day in days if day is not None), default=None)


def _judged(rule: str, day: date, last: date | None, frequency: Frequency | None) -> tuple[Verdict, Finding | None]:
    if frequency is Frequency.ONCE:
        return Verdict.MET, None
    if last is None:
        return Verdict.UNKNOWN, _unknown(rule)
    expected = DUE[frequency or Frequency.ANNUAL]
    due = expected.after(last)
    if day <= due:
        return Verdict.MET, None if frequency else _undeclared(rule)
    message = say(
        "Overdue since {due}: to be renewed {frequency}, last on {last}.", due=due, frequency=expected.called, last=last
    )
    if frequency is None:
        message = say("{overdue} No frequency is declared, so it was judged as yearly.", overdue=message)
    remedy = say("Publish the newest data, or confirm that nothing has changed.")
    return Verdict.NOT_MET, Finding("TIM-001", Severity.ERROR, message, remedy, rule)


def _undeclared(rule: str) -> Finding:
    message = say("No update frequency is declared (or it is not understood): judged as yearly.")
    return Finding("TIM-002", Severity.WARNING, message, say("State the frequency, for example “hằng quý”."), rule)


def _unknown(rule: str) -> Finding:
    message = say("It is not known when the data was last renewed.")
    return Finding(
        "TIM-003", Severity.WARNING, message, say("State the day of the last change in the description."), rule
    )
