"""Opening a file once for all checks: what it is, how it is written, and the cells of its tables as text."""

import csv
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from checks import formats, secret, workbooks
from checks.encoding import Written, written
from checks.subject import SAMPLE, Kind, Opened, Sheet, name_of
from harvester.i18n import say
from harvester.model import Effect, Finding, Place, Resource, Severity, StoredFile

log = logging.getLogger(__name__)

_KEPT = 200  # first rows, always kept: titles and header stand there
_CELL = 1_000_000  # characters in one cell of a CSV; longer, it is no table
_COLUMNS = 16_384  # as many as a spreadsheet has
_SNIFFED = 100  # lines looked at for the delimiter, as Frictionless does
TEXTS = frozenset({Kind.CSV, Kind.TSV, Kind.JSON, Kind.GEOJSON})
"""Kinds whose encoding must be found (XML says its own)."""


def open_file(resource: Resource, stored: StoredFile) -> Opened:
    """The file of `resource`, opened; everything that stands in the way is a finding of it."""
    kind = formats.recognise(stored.path)
    if kind is Kind.CSV and not formats.is_called_table(resource) and formats.looks_prose(stored.path):
        kind = Kind.DOCUMENT
    findings = [
        *formats.judge_kind(resource, kind),
        *formats.judge_bytes(resource, stored),
    ]
    if not kind.tabular or any(finding.effect is Effect.REFUSE for finding in findings):
        return Opened(resource, stored, kind, findings=tuple(findings))
    text = Written("")
    if kind in TEXTS:
        text = written(stored.path)
        findings += _judge_encoding(resource, text)
    try:
        sheets, properties = _READERS[kind](stored.path, resource, text.encoding)
    except workbooks.Bomb as bomb:
        findings.append(_bomb(resource, bomb))
        return Opened(resource, stored, kind, text.encoding, findings=tuple(findings))
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # parsers of hostile files raise anything, pyo3's PanicException is no Exception
        log.info("reading failed: %s", type(error).__name__)
        findings.append(_broken(resource, kind, error))
        return Opened(resource, stored, kind, text.encoding, findings=tuple(findings))
    return Opened(resource, stored, kind, text.encoding, sheets, properties, tuple(findings))


def _broken(resource: Resource, kind: Kind, error: BaseException) -> Finding:
    name = name_of(resource)
    return Finding(
        "FMT-004",
        Severity.ERROR,
        say(
            "“{file}” is broken or cut off: it cannot be read as {kind} ({reason}).",
            file=name,
            kind=kind.value,
            reason=type(error).__name__,
        ),
        say("Open it in the program it was made with, save it again, and hand it over once more."),
        "C05",
        place=Place(name),
        effect=Effect.REFUSE,
    )


def _bomb(resource: Resource, bomb: workbooks.Bomb) -> Finding:
    name = name_of(resource)
    return Finding(
        "FMT-009",
        Severity.ERROR,
        say("“{file}” would not fit into memory when opened: {why}", file=name, why=bomb.why),
        say("Copy the cells of the table into a new workbook, or save it as CSV (UTF-8)."),
        "C05",
        place=Place(name, bomb.sheet),
        effect=Effect.REFUSE,
    )


def _judge_encoding(resource: Resource, text: Written) -> Iterator[Finding]:
    name = name_of(resource)
    if text.cut:
        yield Finding(
            "FMT-004",
            Severity.ERROR,
            say("“{file}” is cut off in the middle of a character, in line {row}.", file=name, row=text.bad_row),
            say("Download or copy the file again, whole."),
            "C05",
            place=Place(name, row=text.bad_row),
            effect=Effect.REFUSE,
        )
    elif not text.encoding:
        yield Finding(
            "FMT-014",
            Severity.ERROR,
            say(
                "“{file}” is not in UTF-8: line {row}, byte {byte}. It may use an old font code (TCVN3, VNI).",
                file=name,
                row=text.bad_row,
                byte=text.bad_byte,
            ),
            say("Convert the text to Unicode (UniKey: Ctrl+Shift+F6), then save as “CSV UTF-8”."),
            "C05",
            place=Place(name, row=text.bad_row),
            effect=Effect.REFUSE,
        )
    elif text.encoding == "cp1258":
        yield Finding(
            "FMT-016",
            Severity.WARNING,
            say("“{file}” is written in windows-1258, not in UTF-8.", file=name),
            say("In Excel: Save As, “CSV UTF-8 (comma delimited)”."),
            "C24",
            place=Place(name),
        )


def shown_value(value: Any) -> str:
    """A typed cell as text: 7.0 → "7", a midnight → its day, None → ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def sheet_of(
    rows: Iterable[Sequence[str]], name: str | None = None, data: Sequence[Sequence[Any]] | None = None
) -> Sheet:
    """The sheet of `rows`, all of them looked at for markings, the first ones and an even sample of the rest kept."""
    kept: list[tuple[int, tuple[str, ...]]] = []
    stamps: list[tuple[int, int]] = []
    formulas: list[tuple[int, int]] = []
    step, count = 1, 0
    for count, row in enumerate(rows, 1):
        if len(row) > _COLUMNS:
            raise workbooks.Bomb(say("row {row} has {n} cells.", row=count, n=len(row)), name)
        for column, cell in enumerate(row, 1):
            if cell and len(stamps) < 20 and secret.is_stamp(cell):
                stamps.append((count, column))
            if cell and cell[0] in "=@+-" and len(formulas) < 20 and _runs(cell):
                formulas.append((count, column))
        if count <= _KEPT or count % step == 0:
            kept.append((count, tuple(row)))
        if len(kept) > SAMPLE:
            step *= 2
            kept = [(number, row) for number, row in kept if number <= _KEPT or number % step == 0]
    typed = None if data is None else tuple(map(tuple, data))
    return Sheet(
        name,
        tuple(row for _, row in kept),
        tuple(n for n, _ in kept),
        count,
        tuple(stamps),
        formulas=tuple(formulas),
        data=typed,
    )


def _runs(cell: str) -> bool:
    """Whether a spreadsheet would run the text: `=HYPERLINK(…)`, `@SUM(…)`, `+cmd|…`; not "-5", "- Nam", "+84 238"."""
    rest = cell[1:].lstrip()
    if cell[0] in "=@":
        return len(rest) > 1 and (cell[0] == "=" or "(" in rest)
    return ("(" in rest and rest[:1].isalpha() and rest.split("(")[0].isupper()) or "|" in rest


Read = tuple[tuple[Sheet, ...], Mapping[str, str]]


def _csv(path: Path, resource: Resource, encoding: str) -> Read:
    csv.field_size_limit(_CELL)
    with path.open(encoding=encoding or "utf-8", errors="strict" if encoding else "replace", newline="") as file:
        head = "".join(line for _, line in zip(range(_SNIFFED), iter(lambda: file.readline(_CELL), ""), strict=False))
        file.seek(0)
        return (sheet_of(csv.reader(file, delimiter=delimiter_of(resource, head))),), {}


def delimiter_of(resource: Resource, head: str) -> str:
    """The declared delimiter if the first line has it (a wrong one would hide columns), else a sniffed one."""
    declared = (resource.dialect or {}).get("csv", resource.dialect or {})
    delimiter = declared.get("delimiter") if isinstance(declared, Mapping) else None
    if isinstance(delimiter, str) and len(delimiter) == 1 and delimiter in head.partition("\n")[0]:
        return delimiter
    try:
        return csv.Sniffer().sniff(head, ",\t;|").delimiter
    except csv.Error:
        return ","


def _json(path: Path, resource: Resource, encoding: str) -> Read:
    with path.open(encoding=encoding or "utf-8") as file:
        records = _records(json.load(file))
    if not records:
        return (), {}
    if all(isinstance(record, list) for record in records):
        rows = records
    else:
        maps = [record if isinstance(record, dict) else {"value": record} for record in records]
        header = list(dict.fromkeys(key for record in maps for key in record))
        rows = [header, *([record.get(key) for key in header] for record in maps)]
    data = [[_plain(cell) for cell in row] for row in rows]
    return (sheet_of(([shown_value(cell) for cell in row] for row in data), data=data),), {}


def _records(content: Any, depth: int = 0) -> list[Any]:
    """The list of records in a JSON document: itself, a GeoJSON's properties, or the longest list some levels down."""
    if isinstance(content, list):
        return content
    if not isinstance(content, dict) or depth > 3:
        return []
    if isinstance(content.get("features"), list):
        return [f.get("properties") or {} for f in content["features"] if isinstance(f, dict)]
    if content.get("type") == "Feature":
        return [content.get("properties") or {}]
    found = [_records(value, depth + 1) for value in content.values()]
    longest = max(found, key=len, default=[])
    return longest if longest or depth else [content]


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _xml(path: Path, resource: Resource, encoding: str) -> Read:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    root = etree.parse(str(path), parser).getroot()
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a DOCTYPE")  # entities: nothing a table needs
    parent = root
    while len(parent) == 1 and len(parent[0]):
        parent = parent[0]
    records = [_fields(element) for element in parent if isinstance(element.tag, str)]
    header = list(dict.fromkeys(key for record in records for key in record))
    rows = [header, *([record.get(key, "") for key in header] for record in records)]
    return (sheet_of(rows, data=rows),) if header else (), {}


def _fields(element: Any) -> dict[str, str]:
    fields = {str(key): str(value) for key, value in element.attrib.items()}
    for child in element:
        if isinstance(child.tag, str):
            fields[child.tag.rpartition("}")[2]] = "".join(child.itertext()).strip()
    return fields or {element.tag.rpartition("}")[2]: (element.text or "").strip()}


def _parquet(path: Path, resource: Resource, encoding: str) -> Read:
    from pyarrow import parquet  # type: ignore[import-untyped]

    table = parquet.read_table(path, use_threads=False)
    rows = [
        list(table.column_names),
        *(list(row.values()) for batch in table.to_batches() for row in batch.to_pylist()),
    ]
    return (sheet_of(([shown_value(cell) for cell in row] for row in rows), data=rows),), {}


def _workbook(path: Path, resource: Resource, encoding: str) -> Read:
    from dataclasses import replace

    book = workbooks.read(path)
    sheets = []
    for page in book.pages:
        text = ([shown_value(cell) for cell in row] for row in page.rows)
        typed = None if page.plain else page.rows
        sheets.append(replace(sheet_of(text, page.name, typed), hidden=page.hidden, hidden_parts=page.hidden_parts))
    return tuple(sheets), book.texts


_READERS: Mapping[Kind, Callable[[Path, Resource, str], Read]] = {
    Kind.CSV: _csv,
    Kind.TSV: _csv,
    Kind.JSON: _json,
    Kind.GEOJSON: _json,
    Kind.XML: _xml,
    Kind.PARQUET: _parquet,
    Kind.XLSX: _workbook,
    Kind.ODS: _workbook,
    Kind.XLS: _workbook,
}
