"""One field of a table: which cells of a block raise no error, by proof or by the field's own reader."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from checks import arrow
from checks.arrow import Mask, Numbers
from checks.keys import NOTHING, key_of, keys_of
from checks.proofs import Proof, Text, proof_of

_REMEMBERED = 20_000  # distinct texts of one field


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

    read: Callable[[Any], tuple[Any, Any]]
    prove: Proof | None
    keys: Callable[[Text], Numbers] | None
    is_key: bool
    memory: dict[str | None, Judged] = field(default_factory=dict)

    @classmethod
    def of(cls, field: Any, is_key: bool) -> "Column":
        """The column of a Frictionless field; raises what its `create_cell_reader` raises."""
        read = field.create_cell_reader()
        missing = field.missing_values
        if not field.has_defined("missing_values") and field.schema:
            missing = field.schema.missing_values
        keys = keys_of(field.type)
        return cls(read, None if is_key and not keys else proof_of(field, read, missing), keys, is_key)

    def judge(self, text: str | None) -> Judged:
        """The reader's word on one text, remembered."""
        judged = self.memory.get(text)
        if judged is None:
            if len(self.memory) >= _REMEMBERED:
                self.memory.clear()
            judged = self.memory[text] = self._ask(text)
        return judged

    def _ask(self, text: str | None) -> Judged:
        try:
            cell, notes = self.read(text)
            key = key_of(cell) if self.is_key and cell is not None else NOTHING
        except Exception:  # its row goes to Frictionless, where it does the same
            return Judged(clean=False, wrong=False, filled=True, key=NOTHING)
        return Judged(not notes, bool(notes), cell is not None, key)

    def clear(self, cells: pa.StringArray, cleared: Cleared) -> tuple[Numbers, Mask] | None:
        """Add to `cleared` what is known of these cells; of a key its numbers and which rows have one."""
        text = Text.of(cells)
        proven = self.prove(text) if self.prove else np.zeros(len(cells), dtype=bool)
        cleared.filled |= proven
        cleared.written |= text.lengths > 0
        found = self._keys(text, proven) if self.is_key else None
        left = np.flatnonzero(~proven if self.is_key else ~proven & ~cleared.doubtful)
        if len(left):
            self._ask_all(cells, left, cleared, found)
        return found

    def _keys(self, text: Text, proven: Mask) -> tuple[Numbers, Mask]:
        numbers = np.full(len(proven), NOTHING, dtype=np.int64)
        if self.keys and proven.all():
            numbers = self.keys(text)
        elif self.keys and proven.any():
            numbers[proven] = self.keys(Text.of(arrow.chosen(text.cells, proven)))
        return numbers, proven.copy()

    def _ask_all(self, cells: pa.StringArray, rows: Numbers, cleared: Cleared, found: Any) -> None:
        distinct = arrow.taken(cells, rows).dictionary_encode()
        codes = arrow.values(distinct.indices)
        judged = [self.judge(text) for text in distinct.dictionary.to_pylist()]
        clean, wrong, filled = (np.array([each[i] for each in judged], dtype=bool)[codes] for i in range(3))
        cleared.doubtful[rows] |= ~clean
        cleared.wrong[rows] |= wrong
        cleared.filled[rows] |= filled
        if found is not None:
            numbers, has = found
            numbers[rows] = np.array([each.key for each in judged], dtype=np.int64)[codes]
            has[rows] = filled
