"""Values that must not repeat: eight bytes each, so that equal values have equal numbers and repeats can be found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from checks.arrow import Numbers
from checks.proofs import Text, integers

NOTHING = 0x6E6F7468696E67
"""Stands for a missing part of a key of several columns."""
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def key_of(value: Any) -> int:
    """The number of one value as a field's reader gives it; raises TypeError for what cannot be a key."""
    if type(value) is int and -(1 << 62) < value < 1 << 62:
        return value
    if isinstance(value, str):
        return int(text_keys(value.encode(errors="surrogatepass"))[0])
    return hash(value)


def keys_of(kind: str) -> Callable[[Text], Numbers] | None:
    """How proven cells of a field of this type become numbers; None: by the reader, value for value."""
    return {"integer": lambda column: integers(column.cells), "string": _string_keys}.get(kind)


def text_keys(*texts: bytes) -> Numbers:
    """The numbers of single texts: those that `_string_keys` gives to the same bytes."""
    keys = [_mixed(_padded(np.frombuffer(text, np.uint8)[None, :]), len(text))[0] for text in texts]
    return np.array(keys, dtype=np.uint64).view(np.int64)


def _string_keys(column: Text) -> Numbers:
    values, starts, lengths = column.bytes, column.starts[:-1] - column.starts[0], column.lengths
    if not len(lengths):
        return np.zeros(0, dtype=np.int64)
    if lengths.min() == lengths.max():
        return _mixed(_padded(values.reshape(len(lengths), -1)), int(lengths[0])).view(np.int64)
    keys = np.empty(len(lengths), dtype=np.uint64)
    order = np.argsort(lengths, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        width = int(lengths[rows[0]])
        matrix = values[starts[rows][:, None] + np.arange(width, dtype=np.int32)]
        keys[rows] = _mixed(_padded(matrix), width)
    return keys.view(np.int64)


def _padded(matrix: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    rows, width = matrix.shape
    words = -(-width // 8)
    padded = np.zeros((rows, words * 8), dtype=np.uint8)
    padded[:, :width] = matrix
    return padded.view("<u8").reshape(rows, words)


def _mixed(words: npt.NDArray[np.uint64], width: int) -> npt.NDArray[np.uint64]:
    mixed = np.full(len(words), width, dtype=np.uint64)
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * _ODD
        mixed ^= mixed >> _SHIFT
    return mixed


def combined(parts: Sequence[Numbers]) -> Numbers:
    """The numbers of keys of several columns."""
    if len(parts) == 1:
        return parts[0]
    return _mixed(np.stack([part.view(np.uint64) for part in parts], axis=1), len(parts)).view(np.int64)


@dataclass
class Ledger:
    """The keys of one constraint over the whole file, block after block."""

    blocks: list[tuple[Numbers, Numbers | None, int]] = field(default_factory=list)  # keys, their records, the first
    _rising: bool = True
    _last: int | None = None

    def add(self, keys: Numbers, records: Numbers | None, first: int) -> int:
        """Keep the keys of a block that begins at record `first` (`records` None: one each); the repeats within it."""
        self.blocks.append((keys, records, first))
        if not len(keys):
            return 0
        rising = bool((keys[1:] > keys[:-1]).all())  # no differences: they overflow
        self._rising = self._rising and rising and (self._last is None or int(keys[0]) > self._last)
        self._last = int(keys[-1])
        return 0 if rising else _repeats(np.sort(keys))

    def repeated(self) -> Numbers:
        """The records whose key stands in more than one record (0-based in the file)."""
        if self._rising or not self.blocks:
            return np.zeros(0, dtype=np.int64)
        ordered = np.concatenate([keys for keys, _, _ in self.blocks])
        ordered.sort()
        again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]], sorted=True)
        del ordered
        found = []
        for keys, records, first in self.blocks if len(again) else ():
            at = np.minimum(np.searchsorted(again, keys), len(again) - 1)
            rows = np.flatnonzero(again[at] == keys)
            found.append(first + (rows if records is None else records[rows]))
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _repeats(ordered: Numbers) -> int:
    return int((ordered[1:] == ordered[:-1]).sum())
