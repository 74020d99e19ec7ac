"""Rows of typed cells (a workbook's, JSON's, Parquet's) as the sieve reads them: proven by type, column by column."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

import numpy as np

from checks import arrow
from checks.arrow import Mask, Numbers
from checks.blocks import Doubt
from checks.clearing import Cleared, Column
from checks.keys import NOTHING, Ledger, combined
from checks.proofs import bounds_of, within
from checks.scan import Found, Plan

_CHUNK = 8_192  # rows looked at together
_NUMBERS = {int, float}


@dataclass(frozen=True)
class TypedTable:
    """A table whose rows come as lists of Python values."""

    plan: Plan
    source: Callable[[], Iterable[Sequence[Any]]]  # all rows from the file's first, each time anew
    skipped: int

    def scan(self, limit: int, header_valid: bool) -> Found:
        """Look at every row; stop when `limit` errors (0: none) are certain."""
        found, ledgers = Found(), [Ledger() for _ in self.plan.uniques]
        if not header_valid:
            found.doubtful.append(np.zeros(1, dtype=np.int64))
        rows = islice(iter(self.source()), self.skipped, None)
        while chunk := list(islice(rows, _CHUNK)):
            doubtful, certain, keys = self._sift(chunk)
            for ledger, (numbers, records) in zip(ledgers, keys, strict=True):
                certain += ledger.add(numbers, records, found.rows)
            if found.take(len(chunk), doubtful, certain, limit):
                break
        found.close(ledgers)
        return found

    def rows(self, found: Found, suspects: Numbers) -> Iterator[tuple[int, list[Any]]]:
        """The suspects again."""
        wanted = set(suspects.tolist())
        last = int(suspects[-1])
        for record, row in enumerate(islice(iter(self.source()), self.skipped, self.skipped + last + 1)):
            if record in wanted:
                yield record, list(row)

    def read_as_far_as(self, found: Found, record: int) -> None:
        """Nothing depends on how far a typed table was read."""

    def _sift(self, chunk: list[Sequence[Any]]) -> tuple[Numbers, int, list[tuple[Numbers, Numbers | None]]]:
        width = len(self.plan.columns)
        even = np.fromiter((len(row) == width for row in chunk), dtype=bool, count=len(chunk))
        regular = [row for row in chunk if len(row) == width]
        cleared = Cleared.none_yet(len(regular))
        cleared.written[:] = True
        cells = list(zip(*regular, strict=True)) if regular else [()] * width
        keys = [clear(column, cells[number], cleared) for number, column in enumerate(self.plan.columns)]
        cleared.close()
        where, ragged = np.flatnonzero(even), np.flatnonzero(~even)
        ledgers: list[tuple[Numbers, Numbers | None]] = []
        for number, unique in enumerate(self.plan.uniques):
            parts = [found for found in (keys[i] for i in unique) if found]
            has = np.logical_or.reduce([part[1] for part in parts])
            if self.plan.primary and number == len(self.plan.uniques) - 1:
                cleared.doubtful |= ~has
                cleared.wrong |= ~has
            numbers = combined([part[0] for part in parts])[has]
            odd = [(int(record), key) for record in ragged for key in self._key(chunk[record], unique)]
            records = np.concatenate([where[has], np.array([record for record, _ in odd], dtype=np.int64)])
            ledgers.append((np.concatenate([numbers, np.array([key for _, key in odd], dtype=np.int64)]), records))
        doubtful = np.concatenate([where[cleared.doubtful], ragged])
        return doubtful, int(cleared.wrong.sum()) + len(ragged), ledgers

    def _key(self, row: Sequence[Any], unique: tuple[int, ...]) -> list[int]:
        judged = [self.plan.columns[i].judge(row[i] if i < len(row) else None) for i in unique]
        number = combined([np.array([each.key], dtype=np.int64) for each in judged])[0]
        return [int(number)] if any(each.filled for each in judged) else []


def clear(column: Column, values: Sequence[Any], cleared: Cleared) -> tuple[Numbers, Mask] | None:
    """`Column.clear` for typed values."""
    kinds = set(map(type, values))
    absent = np.fromiter((value is None for value in values), bool, len(values)) if type(None) in kinds else None
    kinds.discard(type(None))
    if kinds == {str}:
        return _clear_text(column, values, absent, cleared)
    proven = np.zeros(len(values), dtype=bool)
    if kinds and not column.is_key:
        proven = _proven(column, values, kinds, absent)
    numbers = np.full(len(values), NOTHING, dtype=np.int64)
    has = np.zeros(len(values), dtype=bool)
    cleared.filled |= proven
    left = np.flatnonzero(~proven if column.is_key else ~proven & ~cleared.doubtful)
    for row in map(int, left):
        clean, wrong, filled, key = column.judge(values[row])
        cleared.doubtful[row] |= not clean
        cleared.wrong[row] |= wrong
        cleared.filled[row] |= filled
        numbers[row], has[row] = key, filled
    return (numbers, has) if column.is_key else None


def _clear_text(
    column: Column, values: Sequence[str | None], absent: Mask | None, cleared: Cleared
) -> tuple[Numbers, Mask] | None:
    try:
        texts = arrow.strings(values if absent is None else [value or "" for value in values])  # type: ignore[arg-type]
    except UnicodeEncodeError as error:
        raise Doubt("half a character") from error
    return column.clear(texts, cleared, absent)


def _proven(column: Column, values: Sequence[Any], kinds: set[type], absent: Mask | None) -> Mask:
    """The cells that no error can be in, by their type."""
    nothing = np.zeros(len(values), dtype=bool)
    present = ~absent if absent is not None else ~nothing
    field, plain = column.field, not column.constraints
    if column.misses_typed:
        return nothing
    if kinds <= _NUMBERS and field.type in ("integer", "number"):
        return _numbers(column, values, kinds, present)
    if kinds == {bool} and field.type == "boolean" and plain:
        return present
    if kinds == {datetime} and field.type == "datetime" and plain:
        return present
    if kinds == {date} and field.type == "date" and plain:
        return present
    if kinds == {datetime} and field.type == "date" and plain:
        return np.fromiter((bool(v) and not (v.hour or v.minute or v.second) for v in values), bool, len(values))
    return present if field.type == "any" and plain and str not in kinds else nothing


def _numbers(column: Column, values: Sequence[Any], kinds: set[type], present: Mask) -> Mask:
    bounds = bounds_of(column.field, column.constraints, float)
    if bounds is None:
        return np.zeros(len(values), dtype=bool)
    try:
        numbers = np.array([0 if value is None else value for value in values], dtype=np.float64)
    except OverflowError:
        return np.zeros(len(values), dtype=bool)
    proven = present & np.isfinite(numbers)
    if column.field.type == "integer" and float in kinds:
        proven &= numbers == np.floor(numbers)
    return proven & within(numbers, bounds)
