"""The first and the second reading of a plain CSV file: which rows are in doubt, and what stands in them."""

import codecs
import csv
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from frictionless import system

from checks import blocks
from checks.arrow import Numbers
from checks.blocks import Block, Doubt
from checks.clearing import Cleared, Column
from checks.keys import NOTHING, Ledger, combined

_AHEAD = 2  # blocks in work at once
_HOPELESS, _EARLY = 0.5, 50_000  # share of suspects in the first rows from which sieving is given up
_SAMPLE = 100  # lines and rows that Frictionless reads ahead
_BOM = codecs.BOM_UTF8


@dataclass
class Found:
    """What a scan found: how many rows, and which of them Frictionless must see."""

    rows: int = 0
    certain: int = 0  # errors Frictionless is sure to find
    cut: bool = False  # the scan stopped, because these are enough
    bytes: int | None = None
    digests: tuple[str | None, str | None] = None, None
    doubtful: list[Numbers] = field(default_factory=list)
    read: list[tuple[int, int, int, int]] = field(default_factory=list)  # first record, records, offset, bytes

    def take(self, count: int, doubtful: Numbers, certain: int, limit: int) -> bool:
        """Add `count` rows and what was found in them; whether the errors certain by now are enough."""
        self.doubtful.append(doubtful + self.rows)
        self.rows += count
        self.certain += certain
        self.cut = bool(limit) and self.certain >= limit
        suspects = sum(map(len, self.doubtful))
        if not self.cut and self.rows < _EARLY and suspects > max(_HOPELESS * self.rows, 100):
            raise Doubt("hardly a row is clear")
        return self.cut

    def close(self, ledgers: list[Ledger]) -> None:
        """After the last row: those whose key repeats are in doubt too."""
        self.doubtful += [ledger.repeated() for ledger in ledgers]
        if not self.rows:
            self.doubtful.clear()

    def measure(self, path: Path) -> None:
        """Size and digests of the file at `path`, which was read as a whole."""
        digests = blocks.Digests(None)
        with path.open("rb") as file:
            while data := file.read(blocks.SIZE):
                digests.update(data)
            self.bytes, self.digests = file.tell(), digests.hex()

    def suspects(self) -> Numbers:
        """The records (0-based below the header) to be judged, in order."""
        return np.unique(np.concatenate(self.doubtful)) if self.doubtful else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Sifted:
    """One block: its records, those in doubt, and its keys."""

    block: Block
    count: int
    doubtful: Numbers
    certain: int
    keys: list[tuple[Numbers, Numbers | None]]


@dataclass(frozen=True)
class Plan:
    """How the rows under one header are judged."""

    columns: list[Column]
    uniques: list[tuple[int, ...]]  # the columns of each key; the primary key last
    primary: bool

    @classmethod
    def of(cls, header: Any, schema: Any) -> "Plan":
        """Raises Doubt, and whatever Frictionless raises at a schema that does not fit the header."""
        expected = header.get_expected_fields()
        names = [each.name for each in expected]
        has_primary = bool(schema.primary_key) and set(schema.primary_key) <= set(names)
        uniques: list[tuple[int, ...]] = [(i,) for i, each in enumerate(expected) if each.constraints.get("unique")]
        if has_primary:
            uniques.append(tuple(names.index(name) for name in schema.primary_key))
        keyed = {column for unique in uniques for column in unique}
        columns = [Column.of(each, index in keyed) for index, each in enumerate(expected)]
        if not columns or len(set(names)) != len(names):
            raise Doubt("no fields to judge by")
        return cls(columns, uniques, has_primary)


@dataclass(frozen=True)
class Table:
    """An opened CSV file as the sieve reads it."""

    resource: Any
    plan: Plan
    path: Path
    delimiter: str
    skipped: int  # records above the first row

    @classmethod
    def of(cls, resource: Any, plan: Plan) -> "Table":
        """Raises Doubt when the file is not plain CSV as the sieve knows it."""
        delimiter = _plain_control(resource).delimiter
        skipped = resource.dialect.create_first_content_row() - 1
        return cls(resource, plan, Path(resource.normpath), delimiter, skipped)

    # ------------------------------------------------------------ the first pass

    def scan(self, limit: int, header_valid: bool) -> Found:
        """Read the file once; stop when `limit` errors (0: none) are certain. Raises Doubt."""
        found, ledgers = Found(), [Ledger() for _ in self.plan.uniques]
        if not header_valid:  # then Frictionless may stop after the first row, whatever is in it
            found.doubtful.append(np.zeros(1, dtype=np.int64))
        small = self.path.stat().st_size <= blocks.FIRST
        with self.path.open("rb") as file, ThreadPoolExecutor(4) as pool:
            digests = blocks.Digests(None if small else pool)
            mark = file.read(3)
            if (mark == _BOM) and self.resource.encoding != "utf-8-sig":
                raise Doubt("a byte order mark")
            digests.update(mark if mark == _BOM else b"")
            file.seek(3 if mark == _BOM else 0)
            for sifted in _in_turn(blocks.read(file, digests), self._sift, self.skipped, None if small else pool):
                self._take(sifted, found, ledgers, limit)
                if found.cut:
                    break
            else:
                found.bytes, found.digests = file.tell(), digests.hex()
        found.close(ledgers)
        return found

    def _take(self, sifted: Sifted, found: Found, ledgers: list[Ledger], limit: int) -> None:
        first = found.rows
        for ledger, (keys, records) in zip(ledgers, sifted.keys, strict=True):
            found.certain += ledger.add(keys, records, first)
        found.read.append((first, sifted.count, sifted.block.start, len(sifted.block.data)))
        found.take(sifted.count, sifted.doubtful, sifted.certain, limit)

    def _sift(self, block: Block, skip: int) -> Sifted:
        blocks.prove_regular(block.data, self.delimiter.encode())
        self._prove_dialect(block.data)
        block = _below(block, skip)
        if not block.data:
            return Sifted(block, 0, np.zeros(0, dtype=np.int64), 0, [_NO_KEYS] * len(self.plan.uniques))
        cells = blocks.tokenise(block.data, len(self.plan.columns), self.delimiter)
        cleared = Cleared.none_yet(len(cells.regular))
        keys = {i: column.clear(cells.columns[i], cleared) for i, column in enumerate(self.plan.columns)}
        cleared.close()
        ragged = self._ragged_keys(block.data, cells) if self.plan.uniques and len(cells.ragged) else []
        ledgers = []
        for number, unique in enumerate(self.plan.uniques):
            parts = [found for found in (keys[i] for i in unique) if found]
            has = np.logical_or.reduce([part[1] for part in parts])
            if self.plan.primary and number == len(self.plan.uniques) - 1:
                cleared.doubtful |= ~has
                cleared.wrong |= ~has
            numbers = combined([part[0] for part in parts])
            ledgers.append(_with_ragged(numbers, has, cells, [row[number] for row in ragged]))
        doubtful = np.concatenate([cells.regular[cleared.doubtful], cells.ragged])
        return Sifted(block, cells.count, doubtful, int(cleared.wrong.sum()) + len(cells.ragged), ledgers)

    def _prove_dialect(self, data: bytes) -> None:
        control = self.resource.dialect.get_control("csv")
        if control.skip_initial_space and f"{self.delimiter} ".encode() in data:
            raise Doubt("spaces after separators")
        if self.resource.format == "tsv" and b"\r" in data and b'"' in data:
            raise Doubt("line ends may be in cells")

    def _ragged_keys(self, data: bytes, cells: blocks.Cells) -> list[list[tuple[int, int]]]:
        """Of each ragged row and each key: the row's record and the key's number, where it has one."""
        found = []
        for record, row in self._tokenised(data, cells.ragged):
            keys = []
            for unique in self.plan.uniques:
                judged = [self.plan.columns[i].judge(row[i] if i < len(row) else None) for i in unique]
                number = combined([np.array([each.key], dtype=np.int64) for each in judged])[0]
                keys.append((record, int(number)) if any(each.filled for each in judged) else (-1, NOTHING))
            found.append(keys)
        return found

    # ------------------------------------------------------------ the second pass

    def rows(self, found: Found, suspects: Numbers) -> Iterator[tuple[int, list[str]]]:
        """The cells of the suspects, as Python's own reader sees them."""
        with self.path.open("rb") as file:
            for first, count, offset, length in found.read:
                low, high = np.searchsorted(suspects, [first, first + count])
                if low == high:
                    continue
                file.seek(offset)
                data = file.read(length)
                for record, row in self._tokenised(data, suspects[low:high] - first):
                    yield first + record, row

    def _tokenised(self, data: bytes, records: Numbers) -> Iterator[tuple[int, list[str]]]:
        ends = blocks.record_ends(data)
        starts = np.concatenate([[0], ends[:-1]])
        texts = (data[starts[record] : ends[record]].decode() for record in records)
        reader = csv.reader(texts, dialect=self.resource.dialect.get_control("csv").to_python())
        yield from zip(map(int, records), reader, strict=True)

    def read_as_far_as(self, found: Found, record: int) -> None:
        """Let Frictionless read the lines up to this record and no further: its byte count depends on it."""
        ahead = _SAMPLE - 1 - self.skipped
        if found.cut and ahead >= found.rows:
            raise Doubt("the sample reaches further than the scan")
        last = max(record, min(ahead, found.rows - 1))
        lines = self._lines_to(found, last) if found.rows > ahead or found.cut else None
        loader = system.create_loader(self.resource)
        try:
            with loader.open() as opened:  # type: ignore[no-untyped-call]
                deque(islice(opened.text_stream, lines and max(lines, _SAMPLE)), maxlen=0)
        except UnicodeDecodeError as error:
            raise Doubt("not UTF-8 just behind the last row") from error

    def _lines_to(self, found: Found, record: int) -> int:
        block = next(block for block in found.read if block[0] <= record < block[0] + block[1])
        first, _, offset, length = block
        with self.path.open("rb") as file:
            head = sum(chunk.count(b"\n") for chunk in iter(partial(_up_to, file, offset), b""))
            data = file.read(length)
        end = int(blocks.record_ends(data)[record - first])
        return head + data.count(b"\n", 0, end) + (not data[:end].endswith(b"\n"))


_NO_KEYS = np.zeros(0, dtype=np.int64), None


def _up_to(file: Any, offset: int) -> bytes:
    return bytes(file.read(min(offset - file.tell(), blocks.SIZE)))


def _below(block: Block, skip: int) -> Block:
    """The block without its first `skip` records."""
    if not skip:
        return block
    ends = blocks.record_ends(block.data)
    if len(ends) < skip:
        raise Doubt("the header is longer than a block")
    end = int(ends[skip - 1])
    return Block(block.data[end:], block.start + end)


def _with_ragged(
    numbers: Numbers, has: Any, cells: blocks.Cells, ragged: list[tuple[int, int]]
) -> tuple[Numbers, Numbers | None]:
    """The keys of a block and the records they stand in; None where every record has one, in order."""
    ragged = [(record, number) for record, number in ragged if record >= 0]
    if not len(cells.ragged) and has.all():
        return numbers, None
    records = np.concatenate([cells.regular[has], np.array([record for record, _ in ragged], dtype=np.int64)])
    return np.concatenate([numbers[has], np.array([number for _, number in ragged], dtype=np.int64)]), records


def _in_turn(
    found: Iterator[Block], sift: Callable[[Block, int], Sifted], skip: int, pool: ThreadPoolExecutor | None
) -> Iterator[Sifted]:
    """Every block sifted, in order, a few at once; the first without its `skip` records of header."""
    pending: deque[Future[Sifted]] = deque()
    for block in found:
        if pool is None:
            yield sift(block, skip)
        else:
            pending.append(pool.submit(sift, block, skip))
            if len(pending) >= _AHEAD:
                yield pending.popleft().result()
        skip = 0
    while pending:
        yield pending.popleft().result()


def prove_plain(resource: Any) -> None:
    """Raise Doubt when rows are left out, or another table has a say."""
    dialect = resource.dialect
    if dialect.comment_char or dialect.comment_rows or dialect.skip_blank_rows or not dialect.header_case:
        raise Doubt("rows that do not count")
    if resource.schema.foreign_keys or system.onerror != "ignore":
        raise Doubt("another table decides")


def _plain_control(resource: Any) -> Any:
    """The CSV control of a table that the sieve can read; raises Doubt."""
    prove_plain(resource)
    if resource.format not in ("csv", "tsv") or resource.scheme != "file" or resource.compression:
        raise Doubt("not a plain CSV file")
    if resource.extrapaths or resource.encoding not in ("utf-8", "utf-8-sig") or not resource.normpath:
        raise Doubt("not one UTF-8 file")
    control = resource.dialect.get_control("csv")
    if control.quote_char != '"' or control.escape_char:
        raise Doubt("another way of quoting")
    if len(control.delimiter) != 1 or not control.delimiter.isascii() or control.delimiter in '\r\n" \0':
        raise Doubt("another delimiter")
    return control
