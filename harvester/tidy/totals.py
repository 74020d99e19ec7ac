"""Totals as a checksum: what a row says it sums up, against the sum of the rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from checks.words import fold
from harvester.tidy.cells import Value, cell_name
from harvester.tidy.groups import Rows, Total
from harvester.tidy.layout import Region
from harvester.tidy.numbers import Convention, convention_of, digits_of, plain, readings

_NO_SUM = re.compile(
    r"\bty le\b|\bti le\b|\bbinh quan\b|\btrung binh\b|\bnang suat\b|\bmat do\b|\bdon gia\b|^gia$"
    r"|\bgia (?:ban|mua|ve|thanh|von)\b"
    r"|\bchi so\b|\btoc do\b|\bco cau\b|\bso sanh\b|\btang (?:giam|truong)\b|\bhe so\b"
    r"|\bxep hang\b|^diem$|\btong diem\b|^ma\b|%"
)
_TIMES = re.compile(r"(?:nam|thang|quy|ngay)(?: [a-z ]+)?")


@dataclass(frozen=True)
class Mismatch:
    """A total that is not the sum of its rows."""

    position: int  # of the column in the table
    cell: str
    said: str
    sum: str


def mismatches(region: Region, rows: Rows, columns: Sequence[tuple[int, str]]) -> list[Mismatch]:
    """The totals that do not agree; a heading with values counts as one only where others like it do add up."""
    found = []
    for position, (column, label) in enumerate(columns):
        if column and rows.totals and _adds_up(label):
            found += _of_column(region, rows, position, column)
    return found


def _adds_up(label: str) -> bool:
    """Whether a column so called can be summed: no shares, averages, prices, times, codes."""
    last = fold(label.rpartition(" - ")[2])
    return not (_NO_SUM.search(fold(label)) or _NO_SUM.search(last) or _TIMES.fullmatch(last) or "%" in label)


def _of_column(region: Region, rows: Rows, position: int, column: int) -> list[Mismatch]:
    read = _reader(region, rows, column)
    judged = [(total, _agrees(total, column, read)) for total in rows.totals]
    headings = [agrees for total, agrees in judged if not total.sure and agrees is not None]
    additive = headings.count(True) * 2 >= len(headings) and True in headings
    wrong = [total for total, agrees in judged if agrees is False and (total.sure or additive)]
    return [
        Mismatch(
            position, cell_name(t.number, column), _shown(read.get(t.number)), _shown(_sum(t.over or t.inside, read))
        )
        for t in wrong
    ]


def _reader(region: Region, rows: Rows, column: int) -> dict[int, float]:
    """The numbers of the column by row, texts read in the column's convention."""
    numbers = [row.number for row in rows.data] + [total.number for total in rows.totals]
    cells = {n: region.view.value(n, column) for n in numbers}
    texts = {n: d for n, cell in cells.items() if isinstance(cell, str) and (d := digits_of(cell)) and readings(d)}
    convention, _ = convention_of(texts.values())
    found = {n: float(cell) for n, cell in cells.items() if _is_number(cell)}  # type: ignore[arg-type]
    for number, digits in texts.items():
        if convention or not ("." in digits or "," in digits):
            chosen = convention or Convention.VIETNAMESE
            if chosen in readings(digits):
                found[number] = float(plain(digits, chosen))
    return found


def _is_number(cell: Value) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _agrees(total: Total, column: int, read: dict[int, float]) -> bool | None:
    """Whether it is the sum of its group or of all rows; None where nothing can be compared."""
    said = read.get(total.number)
    scopes = [scope for scope in (total.inside, total.over) if any(n in read for n in scope)]
    if said is None or not scopes:
        return None
    return any(_near(said, [read[n] for n in scope if n in read]) for scope in scopes)


def _near(said: float, parts: list[float]) -> bool:
    """Equal but for rounding: half of the last digit that is written, for each part."""
    step = 10.0 ** -max(map(_decimals, [said, *parts]))
    return abs(said - sum(parts)) <= step * 0.5 * (len(parts) + 1) if step < 1 else abs(said - sum(parts)) < 0.5


def _decimals(number: float) -> int:
    return min(len(f"{number:.6f}".rstrip("0").partition(".")[2]), 6)


def _sum(scope: Sequence[int], read: dict[int, float]) -> float:
    return sum(read[n] for n in scope if n in read)


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}" if abs(number) < 1e10 else f"{number:.0f}"
