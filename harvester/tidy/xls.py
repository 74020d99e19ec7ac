"""The sheets of an .xls of Excel 97–2003, by xlrd: values, merged cells, what is hidden, bold, formats."""

from datetime import datetime, time
from pathlib import Path
from typing import Any

import xlrd  # type: ignore[import-untyped]

from harvester.tidy.cells import Area, Book, Fault, Grid, Value


def read(path: Path) -> Book:
    """All sheets. Raises xlrd.XLRDError, and whatever xlrd raises at broken files."""
    book = xlrd.open_workbook(str(path), formatting_info=True, on_demand=True, logfile=_Silence())
    grids = tuple(_sheet(book, book.sheet_by_index(number)) for number in range(book.nsheets))
    return Book(grids, macro=_has_macro(path), author=bool(book.user_name))


class _Silence:
    """Where xlrd writes its remarks."""

    def write(self, text: str) -> int:
        """Forget `text`."""
        return len(text)


def _has_macro(path: Path) -> bool:
    return "_VBA_PROJECT".encode("utf-16-le") in path.read_bytes()


def _sheet(book: Any, sheet: Any) -> Grid:
    grid = Grid(sheet.name, [], hidden=sheet.visibility != 0)
    for number in range(sheet.nrows):
        row = [_value(book, cell) for cell in sheet.row(number)]
        while row and row[-1] is None:
            row.pop()
        grid.rows.append(row)
        _look(book, sheet, grid, number, row)
    grid.merges = [Area(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
    filled = {n for n, row in enumerate(grid.rows, 1) if row}
    grid.hidden_rows = {n + 1 for n, info in sheet.rowinfo_map.items() if info.hidden} & filled
    hidden = {n + 1 for n, info in sheet.colinfo_map.items() if info.hidden}
    grid.hidden_columns = {n for n in hidden if any(cell is not None for cell in grid.column(n))}
    return grid


def _look(book: Any, sheet: Any, grid: Grid, number: int, row: list[Value]) -> None:
    bold = []
    for column, value in enumerate(row):
        if value is None:
            continue
        format = book.xf_list[sheet.cell_xf_index(number, column)]
        if type(value) is str:
            bold.append(bool(book.font_list[format.font_index].bold))
            continue
        code = book.format_map[format.format_key].format_str if format.format_key in book.format_map else ""
        if "%" in code:
            grid.percent.setdefault(column + 1, set()).add(number + 1)
        elif len(code) > 1 and set(code) == {"0"}:
            grid.widths.setdefault(column + 1, {})[number + 1] = len(code)
    if bold and all(bold):
        grid.bold_rows.add(number + 1)


def _value(book: Any, cell: Any) -> Value:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value).replace("\r\n", "\n") or None
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        number = float(cell.value)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Fault(xlrd.error_text_from_code.get(cell.value, "#N/A"))
    return _day(cell.value, book.datemode) if cell.ctype == xlrd.XL_CELL_DATE else None


def _day(serial: float, mode: int) -> Value:
    try:
        year, month, day, *clock = xlrd.xldate_as_tuple(serial, mode)
    except xlrd.XLDateError:
        return serial
    return datetime(year, month, day, *clock) if year else time(*clock)
