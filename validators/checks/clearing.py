"""One field of a table: which cells of a block raise no error, by proof or by the field's own reader."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from checks import arrow
from checks.arrow import Mask, Numbers
from checks.keys import NOTHING, key_of, keys_of
from checks.proofs import CARELESS, Proof, Text, proof_of

_REMEMBERED = 20_000  # distinct texts of one field


_NO_VALUE = {"", "-", "--", "n/a", "N/A", "NA", "null"}
"""Missing values that no number, truth value, day or list looks like when written as text."""


class Judged(NamedTuple):
    """What the field's reader says of one text."""

    clean: bool
    wrong: bool  # Frictionless is sure to report it; neither: the reader stumbled
    filled: bool  # it has a value
    key: int


@dataclass
class Cleared:
    """Of every row of a block: whether doubt is left, an error is certain, any cell has a value, any has text."""

    doubtful: Mask
    wrong: Mask
    filled: Mask
    written: Mask  # an empty line has no text, and to Python no cells either

    @classmethod
    def none_yet(cls, rows: int) -> "Cleared":
        """No cell looked at."""
        return cls(*(np.zeros(rows, dtype=bool) for _ in range(4)))

    def close(self) -> None:
        """After the last column: rows without a value or without text are in doubt."""
        self.doubtful |= ~(self.filled & self.written)


@dataclass
class Column:
    """One expected field of the table, in the order of the cells."""

    field: Any  # Frictionless' own
    read: Callable[[Any], tuple[Any, Any]]
    prove: Proof | None
    keys: Callable[[Text], Numbers] | None
    is_key: bool
    constraints: dict[str, Any]  # those that a present cell can break
    misses_typed: bool  # a missing value may stand for a number or a truth value
    memory: dict[Any, Judged] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, field: Any, is_key: bool) -> "Column":
        """The column of a Frictionless field; raises what its `create_cell_reader` raises."""
        read = field.create_cell_reader()
        missing = field.missing_values
        if not field.has_defined("missing_values") and field.schema:
            missing = field.schema.missing_values
        keys = keys_of(field.type)
        prove = None if is_key and not keys else proof_of(field, read, missing)
        constraints = {name: value for name, value in field.constraints.items() if name not in CARELESS}
        return cls(field, read, prove, keys, is_key, constraints, not set(missing) <= _NO_VALUE)

    def judge(self, value: Any) -> Judged:
        """The reader's word on one cell, remembered."""
        name = value if isinstance(value, str) else (type(value), repr(value))
        judged = self.memory.get(name)
        if judged is None:
            if len(self.memory) >= _REMEMBERED:
                self.memory.clear()
            judged = self.memory[name] = self._ask(value)
        return judged

    def _ask(self, value: Any) -> Judged:
        try:
            cell, notes = self.read(value)
            key = key_of(cell) if self.is_key and cell is not None else NOTHING
        except Exception:  # its row goes to Frictionless, where it does the same
            return Judged(clean=False, wrong=False, filled=True, key=NOTHING)
        return Judged(not notes, bool(notes), cell is not None, key)

    def clear(self, cells: pa.StringArray, cleared: Cleared, absent: Mask | None = None) -> tuple[Numbers, Mask] | None:
        """Add to `cleared` what is known of these cells; of a key its numbers and which rows have one.

        `absent` cells are none, whatever text stands in their place.
        """
        text = Text.of(cells)
        proven = self.prove(text) if self.prove else np.zeros(len(cells), dtype=bool)
        if absent is not None:
            proven &= ~absent
        cleared.filled |= proven
        cleared.written |= text.lengths > 0
        found = self._keys(text, proven) if self.is_key else None
        left = np.flatnonzero(~proven if self.is_key else ~proven & ~cleared.doubtful)
        if len(left):
            self._ask_all(cells, left, cleared, found, absent)
        return found

    def _keys(self, text: Text, proven: Mask) -> tuple[Numbers, Mask]:
        numbers = np.full(len(proven), NOTHING, dtype=np.int64)
        if self.keys and proven.all():
            numbers = self.keys(text)
        elif self.keys and proven.any():
            numbers[proven] = self.keys(Text.of(arrow.chosen(text.cells, proven)))
        return numbers, proven.copy()

    def _ask_all(self, cells: pa.StringArray, rows: Numbers, cleared: Cleared, found: Any, absent: Mask | None) -> None:
        distinct = arrow.taken(cells, rows).dictionary_encode()
        codes = arrow.values(distinct.indices)
        judged = [self.judge(text) for text in distinct.dictionary.to_pylist()]
        if absent is not None:
            codes = np.where(absent[rows], len(judged), codes)
            judged.append(self.judge(None))
        clean, wrong, filled = (np.array([each[i] for each in judged], dtype=bool)[codes] for i in range(3))
        cleared.doubtful[rows] |= ~clean
        cleared.wrong[rows] |= wrong
        cleared.filled[rows] |= filled
        if found is not None:
            numbers, has = found
            numbers[rows] = np.array([each.key for each in judged], dtype=np.int64)[codes]
            has[rows] = filled
