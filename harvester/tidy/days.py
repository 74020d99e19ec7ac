"""Columns of days and periods: the order of day and month is decided from all cells."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from checks.words import fold
from harvester.i18n import say
from harvester.tidy import dates
from harvester.tidy.cells import Value, shown
from harvester.tidy.decided import MISSING, Decided, Note, Question, leave_empty

_MOSTLY = 0.8  # of the texts must be days where the header does not say so
_LOOKED_AT = 20_000  # different texts
_SERIALS = range(20_000, 60_000)  # days of 1954 to 2064


def is_of_days(label: str, cells: Sequence[Value], texts: Mapping[int, str], dated: int) -> bool:
    """Whether a column holds days or periods, by its header, its true days (`dated`) and its texts."""
    kept = {text for text in set(texts.values()) if not MISSING.fullmatch(text.strip())} - {""}
    told = dates.tells_of_days(label)
    serials = sum(type(c) in (int, float) and int(c) in _SERIALS for c in cells) if told else 0  # type: ignore[arg-type]
    if told and re.search(r"\bngay\b|\bdate\b", fold(label)) and serials and not kept and not dated:
        return serials == sum(cell is not None for cell in cells)
    some = sorted(kept)[:_LOOKED_AT]
    if not told and not dated and not any(map(dates.read, some[:50])):
        return False
    read = [dates.read(text) for text in some]
    fits = sum(found is not None and (told or found.form != "month" or len(kept) > 2) for found in read)
    if dated:
        return fits >= len(read) / 2 or told
    return bool(fits) and fits >= len(read) * (0.5 if told else _MOSTLY)


def read_days(
    column: Decided, label: str, cells: Sequence[Value], texts: Mapping[int, str], answer: str | None
) -> None:
    """Write the days of `column` in ISO 8601, its `texts` read in the order that all of them tell, or `answer` says."""
    column.type = "date"
    leave_empty(column, texts, MISSING)
    read = {i: found for i, text in texts.items() if column.values[i] and (found := dates.read(text)) is not None}
    doubtful = {i: f for i, f in read.items() if f.form == "day" and not f.fixed}
    true_days = [cell for cell in cells if isinstance(cell, datetime | date)]
    order = _order(column, list(doubtful.values()), true_days, answer)
    for index, found in read.items():
        if order is None and index in doubtful:
            continue
        after = dates.iso(found, month_first=order == "month-first")
        if after is None:
            _invalid(column, index, texts[index])
        else:
            column.change(index, after, "date")
    if order == "swapped":
        _exchange(column, cells)
    _serials(column, label, cells)
    unread = [i for i, text in texts.items() if column.values[i] and i not in read]
    for index in unread:
        _invalid(column, index, texts[index])
    short = [i for i, found in read.items() if found.short and order]
    if short:
        told = say("{n} days have a year of two digits; 00–49 are read as 20.., 50–99 as 19...", n=len(short))
        column.notes.append(Note("two-digit-year", told, short[0]))
    column.type = _type_of_days(column.values)


def _order(
    column: Decided, written: list[dates.Read], true_days: list[datetime | date], answer: str | None
) -> str | None:
    """ "day-first", "month-first" or "swapped" (the true days are exchanged).

    None where the evidence contradicts itself and nobody has answered.
    """
    day_first = sum(found.first > 12 for found in written)
    month_first = sum(found.second > 12 >= found.first for found in written)
    swapped = bool(true_days) and all(day.day <= 12 for day in true_days) and day_first == len(written) > 0
    if (day_first and month_first) or swapped:
        choices = ("day-first", "swapped") if swapped else ("day-first", "month-first")
        column.questions.append(Question("ambiguous-date", choices, answer if answer in choices else None))
        if answer in choices:
            return answer
        told = say(
            "days of two kinds stand side by side; day and month may have changed places. The column stays as written."
        )
        column.notes.append(Note("ambiguous-date", told))
        return None
    if month_first:
        told = say("the days are written month first (some second numbers are above 12), and read so.")
        column.notes.append(Note("ambiguous-date", told))
        return "month-first"
    if written and not day_first:
        if answer == "month-first":
            return answer
        if answer != "day-first":
            told = say("no day is above 12, so day and month cannot be told apart; they are read day first.")
            column.notes.append(Note("ambiguous-date", told))
    return "day-first"


def _exchange(column: Decided, cells: Sequence[Value]) -> None:
    """Day and month of the true days change places: the spreadsheet took one for the other."""
    for index, cell in enumerate(cells):
        if isinstance(cell, date) and cell.day <= 12:
            column.change(index, shown(cell.replace(day=cell.month, month=cell.day)), "day-month-exchanged")


def _invalid(column: Decided, index: int, text: str) -> None:
    told = say(
        "“{text}” is not a valid day; it stays as written. Type day/month/year, for example 28/02/2025.",
        text=text.strip(),
    )
    column.notes.append(Note("invalid-date", told, index))


def _serials(column: Decided, label: str, cells: Sequence[Value]) -> None:
    if not re.search(r"\bngay\b|\bdate\b|\bthoi\b", fold(label)):
        return
    for index, cell in enumerate(cells):
        if type(cell) in (int, float) and int(cell) in _SERIALS:  # type: ignore[arg-type]
            day = date.fromordinal(date(1899, 12, 30).toordinal() + int(cell))  # type: ignore[arg-type]
            column.change(index, day.isoformat(), "excel-serial")


def _type_of_days(values: Sequence[str]) -> str:
    forms = {
        "date": r"\d{4}-\d\d-\d\d",
        "datetime": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        "yearmonth": r"\d{4}-\d\d",
        "year": r"\d{4}",
    }
    filled = {value for value in values if value}
    for name, form in forms.items():
        if filled and all(re.fullmatch(form, value) for value in filled):
            return name
    return "string"
