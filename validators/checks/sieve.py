"""Frictionless' own report, faster: rows proven free of errors are counted, the others are judged by Frictionless.

Frictionless opens the table (encoding, dialect, header, schema are its own). The file is then read in blocks as columns
of text, `proofs` clear cells, the field's own reader clears the rest once per distinct text, and only rows that are not
clear go, with their true numbers, through Frictionless' own loop. Nothing is ever called wrong here. What cannot be
read alike for certain (a dialect, an encoding, odd quotes) is left to Frictionless whole.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from frictionless import Dialect, Schema, helpers
from frictionless.formats.excel import ExcelControl
from frictionless.formats.excel.parsers.xlsx import XlsxParser
from frictionless.resources import TableResource

from checks import sheetxml
from checks.arrow import Numbers
from checks.blocks import Doubt
from checks.scan import Found, Plan, Table, prove_plain
from checks.typed import TypedTable

_OPEN_HEADER = vars(TableResource)["_TableResource__open_header"]  # private seams: held by the differential test
_OPEN_PARSER = vars(TableResource)["_TableResource__open_parser"]
_OPEN_ROW_STREAM = vars(TableResource)["_TableResource__open_row_stream"]
_SCHEMAS, _HEADERS = 16, 64  # kept by a process that judges file after file


def _listed(data: Any) -> Any:
    if not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        raise Doubt("not a list of lists")
    return data


@dataclass
class Known:
    """What need not be found out again for the next file with the same schema."""

    schema: Schema
    sound: set[str] = field(default_factory=set)  # descriptions of tables, but for the path, found valid
    headers: dict[Any, tuple[Any, Plan | None]] = field(default_factory=dict)  # valid ones


def known(schema: Mapping[str, Any]) -> Known:
    """What is known of a schema; raises what Frictionless raises at a schema that is none."""
    try:
        written = json.dumps(schema)
    except (TypeError, ValueError):  # no JSON
        written = "null"
    same = json.loads(written) == dict(schema)
    return _known(written) if same else Known(Schema.from_descriptor(dict(schema)))


@lru_cache(_SCHEMAS)
def _known(schema: str) -> Known:
    return Known(Schema.from_descriptor(json.loads(schema)))


class FedDialect(Dialect):
    """A dialect whose numbered rows may be replaced by chosen ones."""

    _feed: Iterable[tuple[int, list[Any]]] | None = None

    def read_enumerated_content_stream(self, cell_stream: Any) -> Any:
        """The numbered rows: the chosen ones, if there are any."""
        return super().read_enumerated_content_stream(cell_stream) if self._feed is None else iter(self._feed)


class SheetParser(XlsxParser):
    """Frictionless' reader of workbooks, with a quicker one of the rows in it."""

    def read_cell_stream_create(self) -> Any:
        """The rows; raises Doubt."""
        return sheetxml.rows(self.loader.byte_stream, _sheet(self.resource))

    def read_cell_stream_handle_errors(self, cell_stream: Any) -> Any:
        """As they are: the only error is Doubt, and not to be reported."""
        return cell_stream


class SheetRows:
    """The rows of an opened workbook, once from the opened file, then anew."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource
        self._opened = resource.cell_stream

    def __call__(self) -> Iterator[list[Any]]:
        """From the first row of the sheet on."""
        if self._opened is not None:
            rows, self._opened = self._opened, None
            yield from rows
        else:
            with Path(self._resource.normpath).open("rb") as file:
                yield from sheetxml.rows(file, _sheet(self._resource))


def _sheet(resource: Any) -> str | int:
    control = ExcelControl.from_dialect(resource.dialect)
    if (
        control.fill_merged_cells
        or control.preserve_formatting
        or control.adjust_floating_point_error
        or control.stringified
    ):
        raise Doubt("cells are changed while they are read")
    sheet: str | int = control.sheet
    return sheet


class SievedTable(TableResource):
    """A CSV table that shows Frictionless only the rows that may be wrong."""

    _limit = 0
    _known: Known | None = None  # when its schema was given
    _table: Table | TypedTable | None = None
    _stream: Any = None
    _last: tuple[Found, int] | None = None  # the row Frictionless saw last, while it has not seen all

    def to_descriptor(self, *, validate: bool = False, upgrade: bool = False) -> Any:
        """Its descriptor; not validated again when only the path differs from one found valid."""
        if not validate or self._known is None or not self.path or not helpers.is_safe_path(self.path):
            return super().to_descriptor(validate=validate, upgrade=upgrade)
        options = [self.name, self.scheme, self.format, self.get_defined("encoding"), self.dialect.to_descriptor()]
        described = json.dumps(options)
        if described not in self._known.sound:
            super().to_descriptor(validate=True)
            self._known.sound.add(described)
        return {}

    def _TableResource__open_header(self) -> None:
        kept = self._kept()
        if kept:
            self._TableResource__header = kept[0]
        else:
            _OPEN_HEADER(self)
            if self._known and self.header.valid:
                self._keep(None)

    def _kept(self) -> tuple[Any, Plan | None] | None:
        same = self._known is not None and self.schema is self._known.schema
        return self._known.headers.get(self._labels()) if self._known and same else None

    def _keep(self, plan: Plan | None) -> None:
        if self._known and self.schema is self._known.schema and self.header.valid:
            if len(self._known.headers) >= _HEADERS:
                self._known.headers.clear()
            self._known.headers[self._labels()] = self.header, plan

    def _labels(self) -> Any:
        return tuple(self.labels), tuple(self.dialect.header_rows), self.dialect.header_case

    def _TableResource__open_row_stream(self) -> None:
        kept = self._kept()
        try:
            plan = (kept and kept[1]) or Plan.of(self.header, self.schema)
            self._table = self._readable(plan)
            self._keep(plan)
        except Doubt:
            self._table = None
            _OPEN_ROW_STREAM(self)
        self._last = self._stream = None

    def _TableResource__open_parser(self) -> None:
        if self.format == "xlsx":
            self._TableResource__parser = SheetParser(self)
            self._TableResource__parser.open()  # type: ignore[no-untyped-call]
        else:
            _OPEN_PARSER(self)

    def _readable(self, plan: Plan) -> Table | TypedTable:
        if self.format not in ("inline", "xlsx"):
            return Table.of(self, plan)
        prove_plain(self)
        source = partial(_listed, self.data) if self.format == "inline" else SheetRows(self)
        skipped = self.dialect.create_first_content_row() - 1  # type: ignore[no-untyped-call]
        return TypedTable(plan, source, skipped)

    @property
    def row_stream(self) -> Any:
        """The rows that may be wrong, each with its number in the file."""
        if self._table is None:
            return super().row_stream
        if self._stream is None:
            self._stream = self._sifted(self._table)
        return self._stream

    def _sifted(self, table: Table | TypedTable) -> Iterator[Any]:
        try:
            found = table.scan(self._limit, self.header.valid)
        except Doubt:
            if self.format == "xlsx":  # its rows are read up
                raise
            _OPEN_ROW_STREAM(self)
            yield from super().row_stream
            return
        self.stats.rows = 0
        suspects = found.suspects()
        if len(suspects):
            self.dialect._feed = self._fed(table, found, suspects)
            _OPEN_ROW_STREAM(self)
            yield from super().row_stream
            if found.cut:
                raise Doubt("fewer errors than were certain")
        if self.format == "xlsx":
            found.measure(Path(self.normpath or ""))
        self._tell(found)
        self.stats.rows = found.rows

    def _tell(self, found: Found) -> None:
        self.stats.bytes = found.bytes
        self.stats.md5, self.stats.sha256 = found.digests

    def _fed(self, table: Table | TypedTable, found: Found, suspects: Numbers) -> Iterator[tuple[int, list[Any]]]:
        for record, cells in table.rows(found, suspects):
            self._last = found, record
            self.stats.rows = record
            yield record + table.skipped + 1, cells
        self._last = None

    def close(self) -> None:
        """Close the file; where judging stopped at the error limit, read as far as Frictionless would have."""
        last, self._last = getattr(self, "_last", None), None
        try:
            if last and self._table and self.format != "xlsx":
                self._table.read_as_far_as(*last)
            elif last and len(self.sample) < self.detector.sample_size:  # the sample was all there is
                last[0].measure(Path(self.normpath or ""))
                self._tell(last[0])
        finally:
            super().close()
