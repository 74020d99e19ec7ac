"""Workbooks: refused before they explode, read by calamine, with what they hide."""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any
from xml.parsers import expat

from harvester.i18n import Text, say

ENTRIES = 2_000
UNPACKED = 1 << 30  # bytes
RATIO = 100  # unpacked to packed, of parts above 10 MB
AREA = 5_000_000  # cells of a sheet's rectangle that may be nearly empty
SPARSE = 50  # times more cells in the rectangle than filled
_LARGE = 10 << 20
_PROPERTIES = frozenset({"docProps/core.xml", "docProps/app.xml", "docProps/custom.xml", "meta.xml"})
_MACHINERY = re.compile(r"xl/(?:vbaProject\.bin|externalLinks/externalLink\d+\.xml)$")
_NOTES = re.compile(r"xl/(?:threadedComments/|comments/)?(?:threadedC|c)omments?\d+\.xml$")
_PIVOT = re.compile(r"xl/pivotCache/pivotCacheDefinition\d+\.xml$")
_TEXT = 1 << 20  # characters read of a part for its words


class Bomb(Exception):
    """The workbook is not opened; `why` is a sentence for its owner."""

    def __init__(self, why: Text, sheet: str | None = None) -> None:
        super().__init__(str(why))
        self.why = why
        self.sheet = sheet


@dataclass(frozen=True)
class Page:
    """One sheet as calamine reads it, row 1 first."""

    name: str
    rows: list[list[Any]]
    hidden: bool = False
    hidden_parts: int = 0  # rows and columns with data that are hidden
    plain: bool = False  # XLSX with nothing drawn beyond its values: Frictionless reads the file itself
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()  # first and last (row, column) from 0, where known


@dataclass(frozen=True)
class Book:
    """A workbook, read."""

    pages: tuple[Page, ...]
    texts: Mapping[str, str] = field(default_factory=dict)  # properties, headers and footers, hidden machinery


@dataclass
class _Scan:
    """What one pass over a sheet's XML finds."""

    rows: int = 0  # with values
    columns: int = 0
    drawn_rows: int = 0  # with values or only formatted
    drawn_columns: int = 0
    cells: int = 0
    errors: list[tuple[int, int]] = field(default_factory=list)  # (row, column) of #DIV/0! and the like
    used: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Nothing is drawn beyond the values: formatted empty cells would be read as rows and columns."""
        return 0 < self.rows == self.drawn_rows and self.columns == self.drawn_columns

    @property
    def hidden_parts(self) -> int:
        hidden = sum(any(first <= column <= last for first, last in self.hidden_columns) for column in self.used)
        return hidden + len(self.hidden_rows)


def read(path: Path) -> Book:
    """All sheets of an XLSX, ODS or XLS; raises Bomb, or whatever the libraries raise at broken files."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    scans: dict[str, _Scan] = {}
    texts: dict[str, str] = {}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            preflight(archive)
            texts = _texts(archive)
            scans = _scan_xlsx(archive) if "xl/workbook.xml" in archive.namelist() else _scan_ods(archive)
    for name, scan in scans.items():
        texts |= {f"{name} {number}": text for number, text in enumerate(scan.texts, 1)}
        _refuse_sparse(name, scan)
    pages = []
    with CalamineWorkbook.from_path(path) as book:
        for meta in book.sheets_metadata:
            if meta.typ is SheetTypeEnum.WorkSheet:
                sheet = book.get_sheet_by_name(meta.name)
                hidden = meta.visible is not SheetVisibleEnum.Visible
                page = _page(meta.name, sheet.to_python(skip_empty_area=False), hidden, scans.get(meta.name, _Scan()))
                pages.append(replace(page, merged=tuple(sheet.merged_cell_ranges or ())))
    return Book(tuple(page for page in pages if page.rows), texts)


def _refuse_sparse(name: str, scan: _Scan) -> None:
    if scan.rows * scan.columns > max(AREA, SPARSE * scan.cells):
        raise Bomb(
            say(
                "the sheet reaches to row {row} and column {column}, but only {cells} cells are filled.",
                row=scan.rows,
                column=scan.columns,
                cells=scan.cells,
            ),
            name,
        )


def _page(name: str, cells: list[list[Any]], hidden: bool, scan: _Scan) -> Page:
    """The sheet up to its last value; no rows if it has none."""
    rows = [[_typed(cell) for cell in row] for row in cells]
    for row, column in scan.errors:  # calamine leaves them empty
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = "#ERROR!"
    height = max((number for number, row in enumerate(rows, 1) if any(cell is not None for cell in row)), default=0)
    width = max((i for row in rows for i, cell in enumerate(row, 1) if cell is not None), default=0)
    return Page(name, [row[:width] for row in rows[:height]], hidden, scan.hidden_parts, scan.plain)


def _typed(cell: Any) -> Any:
    if cell == "" and isinstance(cell, str):
        return None
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell


def preflight(archive: zipfile.ZipFile) -> None:
    """Raise Bomb when the archive's directory says it unpacks into too much."""
    parts = archive.infolist()
    if len(parts) > ENTRIES:
        raise Bomb(say("it has {n} parts.", n=len(parts)))
    total = sum(part.file_size for part in parts)
    if total > UNPACKED:
        raise Bomb(say("it unpacks to {n} MB.", n=total >> 20))
    for part in parts:
        if part.file_size > _LARGE and part.file_size > RATIO * max(part.compress_size, 1):
            raise Bomb(say("one part unpacks to {n} times its size.", n=part.file_size // max(part.compress_size, 1)))


def _texts(archive: zipfile.ZipFile) -> dict[str, str]:
    """What stands outside the cells, by part: properties and notes, columns kept for pivot tables, macros and links."""
    texts = {}
    for name in archive.namelist():
        if name in _PROPERTIES or _NOTES.match(name):
            texts[name] = "\n".join(map(unescape, re.findall(r">([^<>]+)<", _start_of(archive, name))))
        elif _PIVOT.match(name):
            fields = re.findall(r'<cacheField [^>]*?name="([^"]*)"', _start_of(archive, name))
            texts[name] = "\n".join(map(unescape, fields))
        elif _MACHINERY.match(name):
            texts[name] = ""
    return texts


def _start_of(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as part:
        return part.read(_TEXT).decode("utf-8", "replace")


def _scan_xlsx(archive: zipfile.ZipFile) -> dict[str, _Scan]:
    relations = _parsed(archive, "xl/_rels/workbook.xml.rels")
    targets = {relation.get("Id"): str(relation.get("Target")) for relation in relations}
    scans = {}
    for sheet in _parsed(archive, "xl/workbook.xml").iter("{*}sheet"):
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        target = targets.get(key, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in archive.namelist():
            scans[str(sheet.get("name"))] = _scan_sheet(archive, part)
    return scans


def _parsed(archive: zipfile.ZipFile, part: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    return etree.fromstring(archive.read(part), parser)


def _scan_sheet(archive: zipfile.ZipFile, part: str) -> _Scan:
    """One pass over a sheet's XML, its entities refused."""
    scan = _Scan()
    state = {"row": 0, "column": 0, "hidden": 0, "error": 0, "text": 0}

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            state["column"] = _column(attributes["r"]) if "r" in attributes else state["column"] + 1
            state["error"] = attributes.get("t") == "e"
            scan.drawn_columns = max(scan.drawn_columns, state["column"])
        elif tag in ("v", "is"):
            scan.cells += 1
            scan.rows, scan.columns = max(scan.rows, state["row"]), max(scan.columns, state["column"])
            scan.used.add(state["column"])
            if state["error"]:
                scan.errors.append((state["row"], state["column"]))
            if state["hidden"]:
                scan.hidden_rows.add(state["row"])
        elif tag == "row":
            state["row"], state["column"] = int(attributes.get("r", state["row"] + 1)), 0
            state["hidden"] = attributes.get("hidden") in ("1", "true")
            scan.drawn_rows = max(scan.drawn_rows, state["row"])
        elif tag == "col" and attributes.get("hidden") in ("1", "true"):
            scan.hidden_columns.append((int(attributes["min"]), int(attributes["max"])))
        elif tag.endswith(("Header", "Footer")):
            state["text"] = 1
            scan.texts.append("")

    def end(tag: str) -> None:
        if tag.endswith(("Header", "Footer")):
            state["text"] = 0

    def text(content: str) -> None:
        if state["text"]:
            scan.texts[-1] += content

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.EntityDeclHandler = _refuse_entity
    with archive.open(part) as stream:
        while block := stream.read(1 << 16):
            parser.Parse(block)
    parser.Parse(b"", True)
    return scan


def _refuse_entity(*declaration: Any) -> None:
    raise Bomb(say("it declares XML entities."))


def _column(reference: str) -> int:
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number


_ODS_HIDDEN = re.compile(rb'<table:table-(?:row|column)[^>]*table:visibility="(?:collapse|filter)"')
_ODS_TABLE = re.compile(rb'<table:table [^>]*table:name="([^"]*)"')


def _scan_ods(archive: zipfile.ZipFile) -> dict[str, _Scan]:
    content = archive.read("content.xml")
    if b"<!ENTITY" in content:
        raise Bomb(say("it declares XML entities."))
    starts = list(_ODS_TABLE.finditer(content))
    ends = [match.start() for match in starts[1:]] + [len(content)]
    scans = {}
    for match, end in zip(starts, ends, strict=True):
        hidden = len(_ODS_HIDDEN.findall(content, match.end(), end))
        scans[unescape(match[1].decode("utf-8", "replace"))] = _Scan(hidden_rows=set(range(hidden)))
    return scans
