"""What a column holds, decided from all its cells, and its cells as they shall stand in the table."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from checks.words import fold
from harvester.i18n import Text, say
from harvester.tidy import dates, numbers
from harvester.tidy.cells import Fault, Value, shown
from harvester.tidy.identifiers import is_identifier, restored
from harvester.tidy.numbers import Convention
from harvester.tidy.words import is_unit

_MISSING = re.compile(
    r"[-–—―]{1,5}|\(-\)|\.{2,}|…+|n/?a|#n/a|null|none|kxđ|k\.?x\.?đ\.?|không xác định|chưa xác định"
    r"|(?:không|chưa) có (?:số liệu|thông tin|dữ liệu)|\?+",
    re.I,
)
_MARK = re.compile(r"[-–—―.…]+|\(-\)|n/?a|#n/a|null|kxđ|k\.?x\.?đ\.?", re.I)
_MOSTLY = 0.8  # of the cells must be numbers or days for the column to be so
_SERIALS = range(20_000, 60_000)  # days of 1954 to 2064


@dataclass(frozen=True)
class Note:
    """Something to say of a column; `index` is the row of data it is about, from 0."""

    code: str
    message: Text
    index: int | None = None


@dataclass(frozen=True)
class Question:
    """What only a person can decide."""

    code: str
    choices: tuple[str, ...]
    answer: str | None = None


@dataclass
class Decided:
    """A column as it shall stand."""

    values: list[str]
    type: str = "string"  # of Table Schema
    unit: str = ""  # found in all its cells
    numeric: bool = False  # its cells are numbers, even where their convention is not known
    changes: list[tuple[int, str, str, str]] = field(default_factory=list)  # index, before, after, rule
    notes: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def change(self, index: int, after: str, rule: str) -> None:
        """Put `after` in a cell, and write it down."""
        before = self.values[index]
        if before != after:
            self.changes.append((index, before, after, rule))
            self.values[index] = after


@dataclass(frozen=True)
class Look:
    """What the sheet shows of a column besides its values; by index of the row of data."""

    percent: frozenset[int] = frozenset()
    widths: Mapping[int, int] = field(default_factory=dict)


def decide(label: str, cells: Sequence[Value], look: Look | None = None, answer: str | None = None) -> Decided:
    """The column called `label`; `answer` is what a person answered to its question last time."""
    look = look or Look()
    column = Decided([shown(cell) for cell in cells])
    kinds = Counter(map(type, cells))
    _faults(column, cells, kinds)
    if is_identifier(label) or look.widths:
        _identifiers(column, label, cells, look)
        return column
    texts = {i: cell for i, cell in enumerate(cells) if type(cell) is str} if kinds[str] else {}
    dated = sum(kinds[kind] for kind in (date, datetime))
    if _is_of_days(label, cells, texts, dated):
        _days(column, label, cells, texts, answer)
        return column
    figures = sum(kinds[kind] for kind in (int, float))
    if not texts:
        return _without_texts(column, label, cells, figures, dated, look)
    _figures(column, label, cells, texts, figures, answer, look)
    return column


def _without_texts(
    column: Decided, label: str, cells: Sequence[Value], figures: int, dated: int, look: Look
) -> Decided:
    if figures and not dated:
        _percent(column, label, cells, look)
        column.type, column.numeric = _type_of_numbers(column.values), True
        _round(column, cells)
    elif any(isinstance(cell, time) for cell in cells) and not figures:
        column.type = "time"
    return column


def _type_of_numbers(values: Sequence[str]) -> str:
    return "number" if any("." in value for value in values) else "integer"


def _faults(column: Decided, cells: Sequence[Value], kinds: Mapping[type, int]) -> None:
    """Cells without a value because their formula failed, or was never computed."""
    if not kinds.get(Fault):
        return
    for index, cell in enumerate(cells):
        if not isinstance(cell, Fault):
            continue
        if cell:
            column.change(index, "", "formula-error")
            told = say("the formula gives {error}; the cell is left empty.", error=str(cell))
            column.notes.append(Note("formula-error", told, index))
        else:
            told = say("the formula has no stored result; open the file in Excel, save it, and try again.")
            column.notes.append(Note("formula-no-value", told, index))


# ---------------------------------------------------------------- identifiers


def _identifiers(column: Decided, label: str, cells: Sequence[Value], look: Look) -> None:
    zeros = lost = 0
    for index, after in restored(label, cells, look.widths).items():
        column.change(index, after, "lost-leading-zero")
        zeros = zeros or index + 1
        lost += 1
    if lost:
        told = say("{n} codes had lost their leading zeros; they are restored.", n=lost)
        column.notes.append(Note("lost-leading-zero", told, zeros - 1))
    rounded = [i for i, cell in enumerate(cells) if _lost_digits(cell)]
    if rounded:
        told = say(
            "{n} codes have lost digits in the spreadsheet (such as 4.01E+10); type them again as text.", n=len(rounded)
        )
        column.notes.append(Note("lost-digits", told, rounded[0]))
    _missing(column, {i: cell for i, cell in enumerate(cells) if type(cell) is str}, _MARK)


def _lost_digits(cell: Value) -> bool:
    if type(cell) is str:
        return bool(re.fullmatch(r"\d[.,]\d+E\+\d{2}", cell.strip(), re.I))
    return isinstance(cell, int | float) and abs(cell) >= 1e15


def _missing(column: Decided, texts: Mapping[int, str], pattern: re.Pattern[str], note: bool = True) -> set[int]:
    """Marks that mean "no value" become empty; the indexes they stood at."""
    found = {i: text.strip() for i, text in texts.items() if text and pattern.fullmatch(text.strip())}
    for index in found:
        column.change(index, "", "missing-marker")
    if found and note:
        marks = ", ".join(sorted(set(found.values()))[:4])
        told = say("{n} cells hold a mark for “no value” ({marks}); they are left empty.", n=len(found), marks=marks)
        column.notes.append(Note("missing-marker", told, next(iter(found))))
    return set(found)


# ---------------------------------------------------------------- days


def _is_of_days(label: str, cells: Sequence[Value], texts: Mapping[int, str], dated: int) -> bool:
    kept = {text for text in texts.values() if text.strip() and not _MISSING.fullmatch(text.strip())}
    told = dates.tells_of_days(label)
    serials = sum(type(c) in (int, float) and int(c) in _SERIALS for c in cells) if told else 0  # type: ignore[arg-type]
    if told and re.search(r"\bngay\b|\bdate\b", fold(label)) and serials and not kept and not dated:
        return serials == sum(cell is not None for cell in cells)
    read = [dates.read(text) for text in list(kept)[:20_000]]
    fits = sum(found is not None and (told or found.form != "month" or len(kept) > 2) for found in read)
    if dated:
        return fits >= len(read) / 2 or told
    return bool(fits) and fits >= len(read) * (0.5 if told else _MOSTLY)


def _days(column: Decided, label: str, cells: Sequence[Value], texts: Mapping[int, str], answer: str | None) -> None:
    column.type = "date"
    _missing(column, texts, _MISSING)
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


# ---------------------------------------------------------------- figures


def _figures(
    column: Decided,
    label: str,
    cells: Sequence[Value],
    texts: Mapping[int, str],
    figures: int,
    answer: str | None,
    look: Look,
) -> None:
    """Numbers among texts: in one convention, with marks for missing ones, or with units."""
    different = [text for text in dict.fromkeys(texts.values()) if text.strip()]
    gone = {text for text in different if _MISSING.fullmatch(text.strip()) or text.strip() in ("x", "X", "×")}
    rest = [text for text in different if text not in gone]
    read = {
        text: number for text in rest if (number := numbers.digits_of(text)) is not None and numbers.readings(number)
    }
    if any(re.fullmatch(r"0\d+", number) for number in read.values()):
        _missing(column, texts, _MARK)
        return  # codes: a number has no leading zero
    measures = {text: found for text in rest if text not in read and (found := numbers.measured(text)) is not None}
    times = Counter(texts.values())
    filled = sum(cell is not None for cell in cells) - sum(
        n for text, n in times.items() if text in gone or not text.strip()
    )
    numeric = figures + sum(times[text] for text in read)
    if numeric + sum(times[text] for text in measures) < filled * _MOSTLY or not filled:
        _missing(column, texts, _MARK)
        return
    _missing(column, {i: text for i, text in texts.items() if text in gone}, re.compile(".*", re.S))
    column.numeric = not measures
    if measures:
        _units(column, texts, read, measures, numeric, answer)
        return
    convention = _convention(column, list(read.values()), texts, answer)
    if convention is None:
        return
    _write(column, texts, read, convention)
    _percent(column, label, cells, look)
    strays = [i for i, text in texts.items() if column.values[i].strip() and text not in read]
    if strays:
        told = say(
            "{n} cells hold a text among numbers, such as “{text}”; they stay as written.",
            n=len(strays),
            text=texts[strays[0]].strip()[:40],
        )
        column.notes.append(Note("not-a-number", told, strays[0]))
    else:
        column.type = _type_of_numbers(column.values)
    _round(column, cells)


def _convention(column: Decided, written: list[str], texts: Mapping[int, str], answer: str | None) -> Convention | None:
    """The convention of the column; None where its cells contradict each other or do not tell, and nobody answered."""
    found, contradiction = numbers.convention_of(written)
    if found is not None:
        return found
    choices = tuple(convention.value for convention in Convention)
    if not contradiction and not any(map(numbers.is_ambiguous, written)):
        return Convention.VIETNAMESE  # no sign in any of them
    code = "mixed-number-format" if contradiction else "ambiguous-number"
    known = next((convention for convention in Convention if convention.value == answer), None)
    column.questions.append(Question(code, choices, answer if known else None))
    if known is not None:
        return known
    example = next((number for number in written if numbers.is_ambiguous(number)), written[0])
    if contradiction:
        told = say("numbers of two kinds (1.234,5 and 1,234.5) stand in one column; it stays as written.")
    else:
        told = say(
            "“{number}” may mean thousands or decimals, and no other cell tells; the column stays as written.",
            number=example,
        )
    column.notes.append(Note(code, told))
    return None


def _write(column: Decided, texts: Mapping[int, str], read: Mapping[str, str], convention: Convention) -> None:
    after = {t: numbers.plain(n, convention) if convention in numbers.readings(n) else t for t, n in read.items()}
    for index, text in texts.items():
        if text in after and column.values[index]:
            column.change(index, after[text], "number")


def _units(
    column: Decided,
    texts: Mapping[int, str],
    read: Mapping[str, str],
    measures: Mapping[str, tuple[str, str]],
    numeric: int,
    answer: str | None,
) -> None:
    """Numbers with their unit in the cell: one unit everywhere goes to the header, several stay."""
    units = {unit for _, unit in measures.values()}
    first = next(i for i, text in texts.items() if text in measures)
    convention, contradiction = numbers.convention_of([number for number, _ in measures.values()])
    doubtful = any(numbers.is_ambiguous(number) for number, _ in measures.values())
    if len(units) == 1 and not numeric and not contradiction and convention is None and doubtful:
        convention = _convention(column, [number for number, _ in measures.values()], texts, answer)
        if convention is None:
            return
    elif len(units) > 1 or numeric or contradiction:
        told = say(
            "some cells hold a number with its unit (“{text}”), not all the same one; they stay as written.",
            text=texts[first].strip(),
        )
        column.notes.append(Note("unit-in-cell", told, first))
        return
    after = {text: numbers.plain(number, convention or Convention.VIETNAMESE) for text, (number, _) in measures.items()}
    for index, text in texts.items():
        if text in after and column.values[index]:
            column.change(index, after[text], "unit-in-cell")
    column.unit = next(iter(units))
    told = say("all cells hold the unit “{unit}”; it is moved to the header.", unit=column.unit)
    column.notes.append(Note("unit-in-cell", told, first))
    column.type = _type_of_numbers(column.values)


def _percent(column: Decided, label: str, cells: Sequence[Value], look: Look) -> None:
    """0.15 shown as 15 % under a header that says %: the number is written as people read it."""
    if "%" not in label:
        return
    for index in look.percent:
        cell = cells[index] if index < len(cells) else None
        if isinstance(cell, int | float):
            column.change(index, shown(_tidied(cell * 100)), "percent")


def _tidied(number: float) -> int | float:
    rounded = float(f"{number:.12g}")
    return int(rounded) if rounded.is_integer() else rounded


def _round(column: Decided, cells: Sequence[Value]) -> None:
    """0.30000000000000004 is 0.3, as the spreadsheet shows it: more than 15 digits are noise of binary numbers."""
    for index, cell in enumerate(cells):
        if type(cell) is float and len(column.values[index]) > 16 and column.values[index] == shown(cell):
            column.change(index, shown(_fifteen(cell)), "binary-noise")


def _fifteen(number: float) -> float:
    return float(f"{number:.15g}")


def is_measure(unit: str) -> bool:
    """Whether a text is a unit that a header may carry."""
    return is_unit(unit)
