"""The sheets of an .ods: values, merged cells, what is hidden, bold."""

import zipfile
from datetime import datetime, time
from pathlib import Path
from typing import Any

from checks.workbooks import Bomb, preflight
from harvester.i18n import say
from harvester.tidy.cells import Area, Book, Fault, Grid, Value

_T = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_O = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_S = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_F = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_X = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_ROWS, _COLUMNS = 1_048_576, 16_384
_REPEATED = 10_000  # of a filled row or cell; more is no table


def read(path: Path) -> Book:
    """All sheets. Raises Bomb, or what zipfile and lxml raise at broken files."""
    from lxml import etree

    with zipfile.ZipFile(path) as archive:
        preflight(archive)
        content, parts = archive.read("content.xml"), archive.namelist()
        meta = archive.read("meta.xml") if "meta.xml" in parts else b""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"<!ENTITY" in meta:
        raise Bomb(say("it declares XML entities."))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(content, parser)
    texts = [str(text).strip() for text in etree.fromstring(meta, parser).itertext() if text.strip()] if meta else []
    looks = {str(style.get(f"{_S}name")): style for style in root.iter(f"{_S}style")}
    grids = tuple(_sheet(table, looks) for table in root.iter(f"{_T}table"))
    macro = any(part.startswith("Basic/") and part.endswith(".xml") and "script-" not in part for part in parts)
    return Book(grids, macro, "", tuple(texts), b"creator>" in meta)


def _sheet(table: Any, looks: dict[str, Any]) -> Grid:
    grid = Grid(str(table.get(f"{_T}name")), [], hidden=_is_hidden_style(looks.get(table.get(f"{_T}style-name"))))
    defaults, hidden = _columns(table)
    for row in table.iter(f"{_T}table-row"):
        cells, look = _row(row, grid, len(grid.rows) + 1, defaults, looks)
        times = int(row.get(f"{_T}number-rows-repeated", "1"))
        if not cells and times > _REPEATED:
            break  # the empty rest of the sheet
        if times > _REPEATED or len(grid.rows) + times > _ROWS:
            raise Bomb(say("the sheet is too large."), grid.name)
        if cells and row.get(f"{_T}visibility") in ("collapse", "filter"):
            grid.hidden_rows |= set(range(len(grid.rows) + 1, len(grid.rows) + times + 1))
        for _ in range(times):
            grid.rows.append(list(cells))
            if look:
                grid.bold_rows.add(len(grid.rows))
    while grid.rows and not grid.rows[-1]:
        grid.rows.pop()
    grid.hidden_columns = {n for n in hidden if any(cell is not None for cell in grid.column(n))}
    return grid


def _is_hidden_style(style: Any) -> bool:
    return style is not None and any(part.get(f"{_T}display") == "false" for part in style)


def _columns(table: Any) -> tuple[dict[int, str], set[int]]:
    """Default cell style and visibility of the first columns."""
    defaults, hidden, number = {}, set(), 0
    for column in table.iter(f"{_T}table-column"):
        for _ in range(min(int(column.get(f"{_T}number-columns-repeated", "1")), 1000)):
            number += 1
            defaults[number] = str(column.get(f"{_T}default-cell-style-name"))
            if column.get(f"{_T}visibility") in ("collapse", "filter"):
                hidden.add(number)
    return defaults, hidden


def _row(
    row: Any, grid: Grid, number: int, defaults: dict[int, str], looks: dict[str, Any]
) -> tuple[list[Value], bool]:
    cells: list[Value] = []
    bold: list[bool] = []
    column = 1
    for cell in row:
        if cell.tag not in (f"{_T}table-cell", f"{_T}covered-table-cell"):
            continue
        times = int(cell.get(f"{_T}number-columns-repeated", "1"))
        value = _value(cell) if cell.tag.endswith("}table-cell") else None
        if value is not None:
            if column + times > _COLUMNS:
                raise Bomb(say("the sheet is too large."), grid.name)
            cells += [None] * (column - 1 - len(cells)) + [value] * times
            style = looks.get(
                cell.get(f"{_T}style-name") or row.get(f"{_T}default-cell-style-name") or defaults.get(column, "")
            )
            if type(value) is str:
                bold.append(_is_bold(style))
            if cell.get(f"{_O}value-type") == "percentage":
                grid.percent.setdefault(column, set()).add(number)
        down, right = int(cell.get(f"{_T}number-rows-spanned", "1")), int(cell.get(f"{_T}number-columns-spanned", "1"))
        if down > 1 or right > 1:
            grid.merges.append(Area(number, column, number + down - 1, column + right - 1))
        column += times
    return cells, bool(bold) and all(bold)


def _is_bold(style: Any) -> bool:
    return style is not None and any(part.get(f"{_F}font-weight") == "bold" for part in style)


def _value(cell: Any) -> Value:
    kind = cell.get(f"{_O}value-type")
    text = "\n".join("".join(_texts(part)) for part in cell.iterchildren(f"{_X}p"))
    if kind in ("float", "currency", "percentage"):
        if text.startswith(("#", "Err:")):
            return Fault(text)
        number = float(cell.get(f"{_O}value", "nan"))
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if kind == "date":
        return _moment(cell.get(f"{_O}date-value", ""), text)
    if kind == "time":
        return text or None
    if kind == "boolean":
        return bool(cell.get(f"{_O}boolean-value") == "true")
    if text.startswith("#") and cell.get(f"{_T}formula"):
        return Fault(text)
    return text or (Fault("") if cell.get(f"{_T}formula") else None)


def _texts(part: Any) -> Any:
    yield part.text or ""
    for inner in part:
        if inner.tag == f"{_X}s":
            yield " " * min(int(inner.get(f"{_X}c", "1")), 100)
        elif inner.tag in (f"{_X}line-break", f"{_X}tab"):
            yield "\n" if inner.tag.endswith("break") else "\t"
        elif not str(inner.tag).endswith("}annotation"):
            yield from _texts(inner)
        yield inner.tail or ""


def _moment(written: str, text: str) -> Value:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return text or None
    return moment if moment.time() != time.min else datetime.combine(moment, time.min)
