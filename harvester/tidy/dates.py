"""Days and periods as people write them, into ISO 8601: 2024-07-03, 2024-07, 2024-Q3, 2024."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from checks.words import fold
from harvester.tidy.words import is_roman

_TIME = r"(?:[ T,]+(\d{1,2}:\d{2}(?::\d{2})?))?"
_DAY_FIRST = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4}|\d{2})" + _TIME)
_YEAR_FIRST = re.compile(r"(\d{4})[\-/.](\d{1,2})[\-/.](\d{1,2})" + _TIME)
_WORDS = re.compile(r"(?:ngay )?(\d{1,2}) thang (\d{1,2}) nam (\d{4})")
_MONTH = re.compile(r"(?:thang |t)?(\d{1,2})(?: nam | )(\d{4})")
_QUARTER = re.compile(r"(?:quy|q) ?([1-4]|i{1,3}|iv)(?: nam | )(\d{4})")
_YEAR = re.compile(r"nam (\d{4})")
_TELLING = re.compile(
    r"\bngay\b|\bthang\b|\bnam sinh\b|\bthoi (?:gian|diem|han)\b|\bdate\b|\bky\b|\bquy\b|\bhieu luc\b|^nam$"
    r"|\bngay sinh\b"
)
_COUNTING = re.compile(
    r"\bso (?:ngay|thang|nam)\b|\b(?:ngay|thang|nam) (?:cong|thu|lam viec)\b|\bluong\b|/(?:ngay|thang|nam)\b"
)
_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


@dataclass(frozen=True)
class Read:
    """A text that has the form of a day or period."""

    form: str  # "day", "month", "quarter", "year"
    year: int
    first: int = 0  # of a day: as written, before the order is decided; of a month or quarter: its number
    second: int = 0
    fixed: bool = False  # the order is beyond doubt (year first, words)
    short: bool = False  # a year of two digits
    time: str = ""


@lru_cache(maxsize=50_000)
def read(text: str) -> Read | None:
    """The day or period that `text` has the form of; it need not exist (31/02/2025)."""
    stripped = text.strip()
    if found := _DAY_FIRST.fullmatch(stripped):
        year = int(found[3])
        full = year if len(found[3]) == 4 else year + (2000 if year < 50 else 1900)
        return Read("day", full, int(found[1]), int(found[2]), short=len(found[3]) == 2, time=found[4] or "")
    if found := _YEAR_FIRST.fullmatch(stripped):
        return Read("day", int(found[1]), int(found[3]), int(found[2]), fixed=True, time=found[4] or "")
    if len(stripped) > 40 or not re.search(r"\d{4}", stripped):
        return None
    words = fold(stripped)
    if found := _WORDS.fullmatch(words):
        return Read("day", int(found[3]), int(found[1]), int(found[2]), fixed=True)
    if found := _QUARTER.fullmatch(words):
        return Read("quarter", int(found[2]), _QUARTERS.get(found[1]) or int(found[1]), fixed=True)
    if found := _YEAR.fullmatch(words):
        return Read("year", int(found[1]), fixed=True)
    if (found := _MONTH.fullmatch(words)) and not re.search(r"\d\s+\d", stripped):
        return Read("month", int(found[2]), int(found[1]), fixed=True)
    return None


@lru_cache(maxsize=50_000)
def iso(found: Read, month_first: bool = False) -> str | None:
    """The day or period in ISO 8601; None if there is none such."""
    if not 1800 <= found.year <= 2200:
        return None
    if found.form == "year":
        return f"{found.year}"
    if found.form == "quarter":
        return f"{found.year}-Q{found.first}"
    if found.form == "month":
        return f"{found.year}-{found.first:02d}" if 1 <= found.first <= 12 else None
    day, month = (found.second, found.first) if month_first and not found.fixed else (found.first, found.second)
    try:
        written = date(found.year, month, day).isoformat()
    except ValueError:
        return None
    if not found.time or re.fullmatch(r"0?0:00(:00)?", found.time):
        return written
    return f"{written} {found.time if len(found.time) > 5 else found.time + ':00'}".replace(" 0:", " 00:")


def tells_of_days(label: str) -> bool:
    """Whether a header says that its column holds days or periods."""
    words = fold(label)
    return bool(_TELLING.search(words)) and not _COUNTING.search(words) and not is_roman(label)
