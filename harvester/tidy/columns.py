"""What a column holds, decided from all its cells, and its cells as they shall stand in the table."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from types import NoneType

from harvester.i18n import say
from harvester.tidy import numbers
from harvester.tidy.cells import Fault, Value, shown
from harvester.tidy.days import is_of_days, read_days
from harvester.tidy.decided import MARK, MISSING, Decided, Look, Note, Question, leave_empty
from harvester.tidy.identifiers import is_identifier, restored
from harvester.tidy.numbers import Convention
from harvester.tidy.words import is_unit

_MOSTLY = 0.8  # of the cells must be numbers or days for the column to be so


def decide(label: str, cells: Sequence[Value], look: Look | None = None, answer: str | None = None) -> Decided:
    """The column called `label`; `answer` is what a person answered to its question last time."""
    look = look or Look()
    kinds = Counter(map(type, cells))
    column = Decided(_shown(cells, kinds))
    _faults(column, cells, kinds)
    if is_identifier(label) or look.widths:
        _identifiers(column, label, cells, look)
        return column
    texts = {i: cell for i, cell in enumerate(cells) if type(cell) is str} if kinds[str] else {}
    dated = sum(kinds[kind] for kind in (date, datetime))
    if is_of_days(label, cells, texts, dated):
        read_days(column, label, cells, texts, answer)
        return column
    figures = sum(kinds[kind] for kind in (int, float))
    if not texts:
        return _without_texts(column, label, cells, figures, dated, look)
    _figures(column, label, cells, texts, figures, answer, look)
    return column


def _shown(cells: Sequence[Value], kinds: Mapping[type, int]) -> list[str]:
    if kinds.keys() <= {str, NoneType}:
        return ["" if cell is None else cell for cell in cells]  # type: ignore[misc]
    if kinds.keys() <= {int, str, NoneType}:
        return ["" if cell is None else str(cell) for cell in cells]
    return [shown(cell) for cell in cells]


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
    leave_empty(column, {i: cell for i, cell in enumerate(cells) if type(cell) is str}, MARK)


def _lost_digits(cell: Value) -> bool:
    if type(cell) is str:
        return bool(re.fullmatch(r"\d[.,]\d+E\+\d{2}", cell.strip(), re.I))
    return isinstance(cell, int | float) and abs(cell) >= 1e15


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
    gone = {text for text in different if MISSING.fullmatch(text.strip()) or text.strip() in ("x", "X", "×")}
    rest = [text for text in different if text not in gone]
    read = {
        text: number for text in rest if (number := numbers.digits_of(text)) is not None and numbers.readings(number)
    }
    if any(re.fullmatch(r"0\d+", number) for number in read.values()):
        leave_empty(column, texts, MARK)
        return  # codes: a number has no leading zero
    measures = {text: found for text in rest if text not in read and (found := numbers.measured(text)) is not None}
    times = Counter(texts.values())
    filled = sum(cell is not None for cell in cells) - sum(
        n for text, n in times.items() if text in gone or not text.strip()
    )
    numeric = figures + sum(times[text] for text in read)
    if numeric + sum(times[text] for text in measures) < filled * _MOSTLY or not filled:
        leave_empty(column, texts, MARK)
        return
    leave_empty(column, {i: text for i, text in texts.items() if text in gone}, re.compile(".*", re.S))
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
