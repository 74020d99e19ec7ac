"""A CSV file in blocks that end where a record ends, and the proof that Arrow and Python tokenise a block alike."""

import codecs
import csv
import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv as arrow_csv

from checks import arrow
from checks.arrow import Numbers

FIRST = 256 << 10
"""Bytes of the first block: a file that cannot be proven is known early."""
SIZE = 1 << 20
"""Bytes of the other blocks."""
_LARGEST = 64 << 20  # bytes of one record
_QUOTE = b'"'


class Doubt(Exception):
    """Nothing is proven: Frictionless must judge the whole table."""


@dataclass(frozen=True)
class Block:
    """Whole records of the file; `start` is the offset of its first byte."""

    data: bytes
    start: int


@dataclass(frozen=True)
class Cells:
    """The records of a block: the regular ones in columns, the others by their position."""

    columns: list[pa.StringArray]
    regular: Numbers  # record positions (0-based in the block) of the columns' rows
    ragged: Numbers  # record positions of rows of another width
    count: int


class Digests:
    """MD5 and SHA-256 of what is read, computed beside the reading."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._digests = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        self._pool = pool
        self._pending: list[Future[None]] = []

    def update(self, data: bytes) -> None:
        """Add `data`; waits for the data before."""
        self._wait()
        if self._pool is None:
            for digest in self._digests:
                digest.update(data)
        else:
            self._pending = [self._pool.submit(digest.update, data) for digest in self._digests]

    def hex(self) -> tuple[str, str]:
        """MD5 and SHA-256 in hexadecimal."""
        self._wait()
        md5, sha256 = self._digests
        return md5.hexdigest(), sha256.hexdigest()

    def _wait(self) -> None:
        for future in self._pending:
            future.result()
        self._pending = []


def read(file: BinaryIO, digests: Digests) -> Iterator[Block]:
    """The blocks of `file` from where it stands; raises Doubt at a record longer than a block may be."""
    start, size = file.tell(), FIRST
    while data := file.read(size):
        last = len(data) < size
        end = len(data) if last else _record_end(data)
        if not end:
            size *= 2
            if size > _LARGEST:
                raise Doubt("a record without end")
        else:
            whole = data if end == len(data) else data[:end]
            digests.update(whole)
            yield Block(whole, start)
            start, size = start + end, SIZE
        file.seek(start)


def _record_end(data: bytes) -> int:
    """One past the last line feed outside quotes, 0 if there is none; `data` begins with a record."""
    end = data.rfind(b"\n")
    odd = data.count(_QUOTE, 0, end + 1) % 2
    while odd and end > 0:
        before = data.rfind(b"\n", 0, end)
        odd = (odd + data.count(_QUOTE, before + 1, end)) % 2
        end = before
    return end + 1


def tokenise(data: bytes, width: int, delimiter: str) -> Cells:
    """The cells of whole records, proven regular; raises Doubt where `csv.reader` might see other ones."""
    if data.startswith(codecs.BOM_UTF8):
        raise Doubt("a mark that Arrow would drop")
    ragged: list[int] = []
    limit = csv.field_size_limit()

    def aside(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row.number - 1)
        return "skip" if len(row.text) <= limit else "error"

    names = [str(number) for number in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=aside
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise Doubt("not UTF-8, or not CSV as Arrow knows it") from error
    columns = [_whole(column) for column in table.columns]
    count = table.num_rows + len(ragged)
    aside_at = np.array(ragged, dtype=np.int64)
    regular = np.delete(np.arange(count, dtype=np.int64), aside_at) if ragged else np.arange(count, dtype=np.int64)
    if any(len(column) and _longest(column) > limit for column in columns):
        raise Doubt("a cell longer than csv.reader takes")
    return Cells(columns, regular, aside_at, count)


def _whole(column: pa.ChunkedArray) -> pa.StringArray:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [arrow.strings([])])


def _longest(column: pa.StringArray) -> int:
    return int(np.diff(arrow.values(column)).max())


def prove_regular(data: bytes, delimiter: bytes) -> None:
    """Every quote opens after a separator, closes before one, or is doubled; no NUL, no lone carriage return."""
    if b"\0" in data:
        raise Doubt("NUL")
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        raise Doubt("a lone carriage return")
    if _QUOTE not in data:
        return
    raw = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(raw == _QUOTE[0])
    if len(quotes) % 2:
        raise Doubt("a quote that is not closed")
    opening, closing = quotes[0::2], quotes[1::2]
    before = raw[opening - 1]
    after = raw[np.minimum(closing + 1, len(raw) - 1)]
    doubled = np.zeros(len(opening), dtype=bool)
    doubled[1:] = opening[1:] == closing[:-1] + 1
    opens = (before == delimiter[0]) | (before == 10) | doubled | (opening == 0)
    closes = (after == delimiter[0]) | (after == 10) | (after == 13) | (closing == len(raw) - 1)
    closes[:-1] |= doubled[1:]
    if not (opens.all() and closes.all()):
        raise Doubt("a quote within a cell")


def record_ends(data: bytes) -> Numbers:
    """One past the end of every record in `data`, which holds whole ones."""
    raw = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(raw == 10)
    if _QUOTE in data:
        quotes = np.flatnonzero(raw == _QUOTE[0])
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    ends = ends + 1
    return ends if len(ends) and ends[-1] == len(data) else np.append(ends, len(data))
