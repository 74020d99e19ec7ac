"""The sheets of an .xlsx or .xlsm, their XML read as a stream: values, merged cells, what is hidden, bold, formats.

The cells are cut out of the stream by a pattern, three times as fast as by an XML parser; a sheet that is written in
another way than Excel, LibreOffice or openpyxl do (prefixes, comments, CDATA) is first rewritten by lxml.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from html import unescape
from pathlib import Path
from typing import Any

from checks.workbooks import Bomb, preflight
from harvester.i18n import say
from harvester.tidy.cells import Area, Book, Fault, Grid, Value, column_number

_BLOCK = 1 << 20
_ROW = re.compile(r"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.S)
_CELL = re.compile(r'<c(?: r="([A-Z]+)\d+")?(?: s="(\d+)")?(?: t="(\w+)")?([^>]*?)(?:/>|>(.*?)</c>)', re.S)
_VALUE = re.compile(r"<v(?: [^>]*)?>(.*?)</v>", re.S)
_TEXT = re.compile(r"<rPh\b.*?</rPh>|<t(?: [^>]*)?>(.*?)</t>", re.S)
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ODD = re.compile(rb"<!--|<!\[CDATA|<\w+:(?:row|c|sheetData)\b|<row\b[^>]*='|<c [^>]*='")
_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))  # built-in days and times
_ROWS, _COLUMNS = 1_048_576, 16_384
AREA = 20_000_000
"""Cells of the rectangle that a sheet may fill, empty ones included."""


@dataclass(frozen=True)
class _Style:
    """What a cell format says."""

    bold: bool = False
    day: bool = False
    percent: bool = False
    digits: int = 0  # of a format of zeros only ("00000")


def read(path: Path) -> Book:
    """All sheets. Raises Bomb, or what zipfile and lxml raise at broken files."""
    with zipfile.ZipFile(path) as archive:
        preflight(archive)
        parts = set(archive.namelist())
        styles = _styles(archive) if "xl/styles.xml" in parts else []
        shared = _shared(archive) if "xl/sharedStrings.xml" in parts else []
        workbook = _parsed(archive, "xl/workbook.xml")
        base = datetime(1904, 1, 1) if _dates_from_1904(workbook) else datetime(1899, 12, 30)
        grids, texts = [], []
        for name, part, hidden in _sheets(archive, workbook):
            if part in parts:
                grid, notes = _sheet(archive, part, name, shared, styles, base)
                grid.hidden = hidden
                grids.append(grid)
                texts += notes
        properties = [
            name for name in ("docProps/core.xml", "docProps/app.xml", "docProps/custom.xml") if name in parts
        ]
        texts += [text for name in properties for text in _leaves(archive, name)]
        author = "docProps/core.xml" in parts and _names_author(archive)
        macro = any(part.endswith("vbaProject.bin") for part in parts)
        linked = any(part.startswith("xl/externalLinks/") for part in parts)
    return Book(tuple(grids), macro, "", tuple(texts), author, linked)


def _parsed(archive: zipfile.ZipFile, part: str) -> Any:
    from lxml import etree

    content = archive.read(part)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Bomb(say("it declares XML entities."))
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def _sheets(archive: zipfile.ZipFile, workbook: Any) -> Iterator[tuple[str, str, bool]]:
    """Name, part and whether it is hidden, in the order of the tabs."""
    relations = _parsed(archive, "xl/_rels/workbook.xml.rels")
    targets = {relation.get("Id"): str(relation.get("Target")) for relation in relations}
    for sheet in workbook.iter("{*}sheet"):
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        target = targets.get(key, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        yield str(sheet.get("name")), part, sheet.get("state", "visible") != "visible"


def _dates_from_1904(workbook: Any) -> bool:
    return any(part.get("date1904") in ("1", "true") for part in workbook.iter("{*}workbookPr"))


def _leaves(archive: zipfile.ZipFile, part: str) -> list[str]:
    return [text.strip() for text in _parsed(archive, part).itertext() if text.strip()]


def _names_author(archive: zipfile.ZipFile) -> bool:
    root = _parsed(archive, "docProps/core.xml")
    names = [e.text for tag in ("creator", "lastModifiedBy") for e in root.iter(f"{{*}}{tag}")]
    return any(name and name.strip() and name.strip().lower() != "openpyxl" for name in names)


# ---------------------------------------------------------------- texts and formats shared by all sheets


def _shared(archive: zipfile.ZipFile) -> list[str]:
    from lxml import etree

    found = []
    with archive.open("xl/sharedStrings.xml") as stream:
        for _, item in etree.iterparse(stream, tag="{*}si", resolve_entities=False, no_network=True):
            runs = (t for t in item.iter("{*}t") if not t.getparent().tag.endswith("}rPh"))
            found.append(_unescaped("".join(t.text or "" for t in runs)))
            item.clear()
    return found


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    """Text between two tags, its character references resolved; most texts of a table come again."""
    return _unescaped(unescape(text) if "&" in text else text)


def _unescaped(text: str) -> str:
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _styles(archive: zipfile.ZipFile) -> list[_Style]:
    root = _parsed(archive, "xl/styles.xml")
    codes = {format.get("numFmtId"): format.get("formatCode", "") for format in root.iter("{*}numFmt")}
    fonts = root.find("{*}fonts")
    bold = [_is_bold(font) for font in fonts] if fonts is not None else []
    formats = root.find("{*}cellXfs")
    styles = []
    for xf in formats if formats is not None else ():
        number, font = xf.get("numFmtId", "0"), int(xf.get("fontId", "0"))
        styles.append(_style(int(number), codes.get(number, ""), font < len(bold) and bold[font]))
    return styles


def _is_bold(font: Any) -> bool:
    mark = font.find("{*}b")
    return mark is not None and mark.get("val", "1") not in ("0", "false")


def _style(number: int, code: str, bold: bool) -> _Style:
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.', "", code.split(";")[0])
    day = number in _FORMATS or (bool(re.search("[ymdhs]", bare, re.I)) and "general" not in bare.lower())
    percent = number in (9, 10) or (not day and "%" in bare)
    return _Style(bold, day, percent, len(bare) if re.fullmatch("0{2,20}", bare) else 0)


# ---------------------------------------------------------------- one sheet


def _sheet(
    archive: zipfile.ZipFile, part: str, name: str, shared: list[str], styles: list[_Style], base: datetime
) -> tuple[Grid, list[str]]:
    """The grid and the texts of its printed headers and footers."""
    grid = Grid(name, [])
    day = _days_from(base)
    head, tail, hidden_rows, filled = "", "", [], 0
    plain = [_Style()]
    for text in _rewritten(archive, part) if _is_odd(archive, part) else _blocks(archive, part):
        end = 0
        for found in _ROW.finditer(text):
            if not grid.rows and not head:
                head = text[: found.start()]
            end = found.end()
            number, hidden = _row_attributes(found[1], len(grid.rows) + 1)
            row = _cells(found[2] or "", number, grid, shared, styles or plain, day)
            filled += len(row)
            if row:
                if number > _ROWS or filled > AREA or number - len(grid.rows) > 100_000:
                    raise Bomb(say("the sheet is too large."), name)
                grid.rows.extend([] for _ in range(number - 1 - len(grid.rows)))
                grid.rows.append(row)
                if hidden and any(cell is not None for cell in row):
                    hidden_rows.append(number)
        tail = text[end:] if end else tail + text
    grid.hidden_rows = set(hidden_rows)
    grid.merges = [_area(ref) for ref in re.findall(r'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z0-9:]+)"', tail)]
    grid.hidden_columns = _hidden_columns(head or tail, grid)
    notes = re.findall(r"<(?:odd|even|first)(?:Header|Footer)>(.*?)</", tail, re.S)
    return grid, [unescape(note) for note in notes]


def _is_odd(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether its first block is written in another way than the patterns know."""
    with archive.open(part) as stream:
        start = stream.read(_BLOCK)
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise Bomb(say("it declares XML entities."))
    return _ODD.search(start) is not None or not start.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<")


def _blocks(archive: zipfile.ZipFile, part: str) -> Iterator[str]:
    """The XML in pieces that end between two rows."""
    rest = b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            block = rest + block
            cut = block.rfind(b"</row>") + 6
            if cut < 6 and len(block) < 64 * _BLOCK:
                rest = block
                continue
            yield block[:cut].decode("utf-8", "replace")
            rest = block[cut:]
    yield rest.decode("utf-8", "replace")


def _rewritten(archive: zipfile.ZipFile, part: str) -> Iterator[str]:
    """The same pieces, of a sheet written with prefixes, comments or CDATA."""
    from lxml import etree

    with archive.open(part) as stream:
        for _, element in etree.iterparse(
            stream,
            tag=("{*}cols", "{*}row", "{*}mergeCells", "{*}headerFooter"),
            resolve_entities=False,
            no_network=True,
        ):
            copy = etree.fromstring(etree.tostring(element, with_tail=False), etree.XMLParser(remove_comments=True))
            for inner in copy.iter():
                inner.tag = etree.QName(inner).localname
            etree.cleanup_namespaces(copy)
            ordered = sorted(copy.iter("c"), key=lambda cell: str(cell.get("r")))
            for cell in ordered:
                attributes = {key: cell.get(key) for key in ("r", "s", "t") if cell.get(key)}
                cell.attrib.clear()
                cell.attrib.update(attributes)
            element.clear()
            yield re.sub(r' xmlns(:\w+)?="[^"]*"', "", etree.tostring(copy, encoding="unicode"))


def _row_attributes(attributes: str, following: int) -> tuple[int, bool]:
    if not attributes:
        return following, False
    found = dict(_ATTRIBUTE.findall(attributes))
    number = found.get("r", "")
    return int(number) if number.isdigit() else following, found.get("hidden") in ("1", "true")


def _cells(body: str, number: int, grid: Grid, shared: list[str], styles: list[_Style], day: Any) -> list[Value]:
    """The cells of a row up to the last filled one; bold, per cent and zeros are noted on the grid."""
    row: list[Value] = []
    texts = bold = 0
    for name, style_id, kind, rest, inner in _CELL.findall(body):
        if rest and ("=" in rest):
            name, style_id, kind = _in_any_order(name, style_id, kind, rest)
        if not inner:
            continue
        style = styles[int(style_id)] if style_id and int(style_id) < len(styles) else styles[0]
        value: Value
        if kind == "s" and inner[:3] == "<v>" and inner[3:-4].isdigit():
            at = int(inner[3:-4])
            value = (shared[at] if at < len(shared) else "") or None
        elif kind in ("", "n") and not style.day and inner[:3] == "<v>" and inner[3:-4].isdigit() and len(inner) < 24:
            value = int(inner[3:-4])
        else:
            value = _value(inner, kind, shared, style, day)
        if value is None:
            continue
        column = _columns(name) if name else len(row) + 1
        if column > _COLUMNS:
            continue
        if column > len(row) + 1:
            row.extend([None] * (column - 1 - len(row)))
        row.append(value)
        if type(value) is str:
            texts += 1
            bold += style.bold
        elif style.percent:
            grid.percent.setdefault(column, set()).add(number)
        elif style.digits:
            grid.widths.setdefault(column, {})[number] = style.digits
    if texts and texts == bold:
        grid.bold_rows.add(number)
    return row


_columns = cache(column_number)


def _in_any_order(name: str, style_id: str, kind: str, rest: str) -> tuple[str, str, str]:
    found = dict(_ATTRIBUTE.findall(rest))
    return found.get("r", name).rstrip("0123456789"), found.get("s", style_id), found.get("t", kind)


def _value(inner: str, kind: str, shared: list[str], style: _Style, day: Any) -> Value:
    if kind == "inlineStr":
        if inner[:7] == "<is><t>" and inner.find("<", 7) == len(inner) - 9:
            return _plain(inner[7:-9]) or None
        return _unescaped(unescape("".join(_TEXT.findall(inner)))) or None
    if inner.startswith("<v>") and inner.find("<", 3) == len(inner) - 4:
        text = inner[3:-4]
    else:
        found = _VALUE.search(inner)
        text = found[1] if found else ""
    if kind == "s":
        return (shared[int(text)] if text.isdigit() and int(text) < len(shared) else "") or None
    if kind in ("", "n"):
        if not text:
            return Fault("") if "<f" in inner else None
        return _number(text, style, day)
    if kind == "b":
        return text == "1"
    if kind == "e":
        return Fault(text)
    if kind == "d":
        return _iso(text)
    return _unescaped(unescape(text)) or (Fault("") if "<f" in inner and not text else None)


def _number(text: str, style: _Style, day: Any) -> Value:
    try:
        number: int | float = int(text) if len(text) < 18 and "." not in text and "E" not in text else float(text)
    except ValueError:
        return text
    if style.day:
        return day(number)  # type: ignore[no-any-return]
    return int(number) if type(number) is float and number.is_integer() and abs(number) < 1e15 else number


def _iso(text: str) -> Value:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _days_from(base: datetime) -> Any:
    """Turns a serial number into a time; Excel's 29 February 1900 never was, so days before it are one later."""

    def day(serial: int | float) -> Value:
        if not 0 <= serial < 2_958_466:
            return serial
        shifted = serial + 1 if serial < 60 and base.year == 1899 else serial
        moment = base + timedelta(days=shifted)
        rounded = (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
        return rounded.time() if serial < 1 else rounded

    return cache(day)


def _area(ref: str) -> Area:
    first, _, last = ref.partition(":")
    top, left = _place(first)
    bottom, right = _place(last or first)
    return Area(top, left, bottom, right)


def _place(name: str) -> tuple[int, int]:
    bare = name.rstrip("0123456789")
    return int(name[len(bare) :] or 1), column_number(bare)


def _hidden_columns(head: str, grid: Grid) -> set[int]:
    found = set()
    for attributes in re.findall(r"<(?:\w+:)?col ([^>]*)>", head):
        told = dict(_ATTRIBUTE.findall(attributes))
        if told.get("hidden") in ("1", "true"):
            found |= set(range(int(told.get("min", 0)), min(int(told.get("max", 0)), grid.width) + 1))
    return {column for column in found if any(cell is not None for cell in grid.column(column))}
