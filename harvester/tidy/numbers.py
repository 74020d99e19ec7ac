"""Numbers as people write them: the convention is decided for a column from all its cells, never for one cell."""

import re
from collections.abc import Iterable
from enum import Enum

from harvester.tidy.words import is_unit


class Convention(Enum):
    """Which sign groups thousands and which begins decimals; the values are the choices of the question."""

    VIETNAMESE = "1.234,5"
    ENGLISH = "1,234.5"


_BODY = re.compile(r"([-+\u2212\u2013]?)\s*(\d[\d.,]*\d|\d)")
_SPACED = re.compile(r"(?<=\d)[ \u00a0\u202f\u2009](?=\d{3}(?!\d))")
_GROUPS = {sign: re.compile(rf"\d{{1,3}}(?:\{sign}\d{{3}})+") for sign in ".,"}
_MEASURED = re.compile(r"([-+\u2212]?\s*\d[\d., ]*\d|\d)\s*([^\d\s.,()+-][^\d()+]{0,15}[23²³]?)")


def digits_of(text: str) -> str | None:
    """The number in `text` without spaces, its sign in front ("(1.234)" is negative); None if it is no number."""
    stripped = text.strip()
    if stripped.startswith("(") and stripped.endswith(")") and re.search(r"\d{2}|[.,]", stripped):
        stripped = "-" + stripped[1:-1].strip()
    found = _BODY.fullmatch(_SPACED.sub("", stripped))
    if found is None:
        return None
    sign = "-" if found[1] in ("-", "\u2212", "\u2013") else ""
    return sign + found[2]


def readings(number: str) -> frozenset[Convention]:
    """The conventions in which the digits make a number; both where it is ambiguous or has no sign."""
    bare = number.lstrip("-")
    dots, commas = bare.count("."), bare.count(",")
    if not dots and not commas:
        return frozenset(Convention)
    fits = set()
    if _fits(bare, ".", ","):
        fits.add(Convention.VIETNAMESE)
    if _fits(bare, ",", "."):
        fits.add(Convention.ENGLISH)
    return frozenset(fits)


def _fits(bare: str, thousands: str, decimal: str) -> bool:
    whole, _, part = bare.partition(decimal)
    if decimal in part or (decimal in bare and not part.isdigit()):
        return False
    if thousands in part:
        return False
    if thousands not in whole:
        return whole.isdigit()
    return bool(_GROUPS[thousands].fullmatch(whole)) and not whole.startswith("0")


def plain(number: str, convention: Convention) -> str:
    """The digits as 1234.5."""
    thousands, decimal = (".", ",") if convention is Convention.VIETNAMESE else (",", ".")
    return number.replace(thousands, "").replace(decimal, ".")


def convention_of(numbers: Iterable[str]) -> tuple[Convention | None, bool]:
    """The convention all agree on, and whether two contradict each other; (None, False): nothing tells."""
    sure = {next(iter(fits)) for number in numbers if len(fits := readings(number)) == 1}
    return (next(iter(sure)) if len(sure) == 1 else None), len(sure) > 1


def is_ambiguous(number: str) -> bool:
    """Whether the digits make two different numbers in the two conventions."""
    return len(readings(number)) == 2 and ("." in number or "," in number)


def measured(text: str) -> tuple[str, str] | None:
    """Number and unit of a cell such as "1,5 tỷ" or "25 ha"; None if it is no such cell."""
    found = _MEASURED.fullmatch(text.strip())
    if found is None or not is_unit(found[2].strip()):
        return None
    number = digits_of(found[1])
    return (number, found[2].strip()) if number else None
