"""Arrow columns to NumPy and back by their buffers: pyarrow's own conversions import pandas, which costs 30 MB."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_TYPES = {pa.int64(): np.int64, pa.int32(): np.int32, pa.float64(): np.float64, pa.string(): np.int32}


def use_plain_memory() -> None:
    """Let Arrow allocate as the rest of the process does.

    Its own pool reserves 1 GB of address space, more than a child with limits has, and keeps what it once had.
    """
    pa.set_memory_pool(pa.system_memory_pool())


def values(array: pa.Array) -> Any:
    """The numbers of an Arrow array without nulls; of text where each cell begins and where the last one ends."""
    more = 1 if array.type == pa.string() else 0
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(more, dtype=_TYPES[array.type])
    return np.frombuffer(buffer, dtype=_TYPES[array.type])[array.offset : array.offset + len(array) + more]


def truths(array: pa.BooleanArray) -> Mask:
    """The truth values of an Arrow array without nulls."""
    bits = np.frombuffer(array.buffers()[1] or b"", dtype=np.uint8)
    found = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")[array.offset :]
    return found.view(np.bool_)


def strings(texts: Sequence[str]) -> pa.StringArray:
    """Texts as an Arrow column."""
    encoded = [text.encode() for text in texts]
    starts = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(starts), pa.py_buffer(b"".join(encoded))]
    )


def chosen(column: pa.Array, rows: Mask) -> pa.Array:
    """The cells of these rows."""
    bits = pa.py_buffer(np.packbits(rows, bitorder="little"))
    return column.filter(pa.Array.from_buffers(pa.bool_(), len(rows), [None, bits]))


def taken(column: pa.Array, rows: Numbers) -> pa.Array:
    """The cells at these positions, in this order."""
    positions = pa.py_buffer(np.ascontiguousarray(rows, dtype=np.int64))
    return column.take(pa.Array.from_buffers(pa.int64(), len(rows), [None, positions]))
