"""The list of what is wrong as the steward's own workbook: the cells coloured, a sheet that explains each."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from checks.subject import Kind
from harvester.i18n import Language, say
from harvester.tidy.cells import Grid, Value, shown
from harvester.tidy.reading import kind_of, read
from harvester.tidy.report import Tidied, Warning_

_FILL = PatternFill("solid", fgColor="FFFF99")
_COLOURED = 5_000  # cells; a list longer than this is read by nobody


def mark(path: Path, name: str, found: Tidied, target: Path, language: Language) -> None:
    """Write a copy of the file at `path` (called `name`) to `target`, an .xlsx; raises what reading it raises."""
    if kind_of(path, name) is Kind.XLSX:
        book = load_workbook(path, keep_vba=False, keep_links=False)
    else:
        book = _copied(read(path, name).grids)
    explained = book.create_sheet(_free(book, say("Explanations").render(language)), 0)
    headings = (say("Sheet"), say("Cell"), say("Column"), say("What is wrong"), say("Code"))
    explained.append([heading.render(language) for heading in headings])
    for cell in explained[1]:
        cell.font = Font(bold=True)
    for warning in found.warnings:
        _write(explained, _row(warning, language))
        _colour(book, warning, language)
    for letter, width in zip("ABCDE", (20, 10, 28, 90, 22), strict=True):
        explained.column_dimensions[letter].width = width
    book.save(target)


def _row(warning: Warning_, language: Language) -> list[str]:
    cells = ", ".join(warning.cells[:20]) + (" …" if len(warning.cells) > 20 else "")
    return [warning.sheet, cells, warning.column or "", warning.message.render(language), warning.code]


def _write(sheet: Any, row: Iterable[str]) -> None:
    """A row of texts, none of which a spreadsheet would run."""
    number = sheet.max_row + 1
    for column, text in enumerate(row, 1):
        cell = sheet.cell(number, column)
        _put(cell, text)


def _put(cell: Any, value: Value) -> None:
    cell.value = value if isinstance(value, int | float) else shown(value) or None
    if isinstance(cell.value, str):
        cell.data_type = "s"


def _colour(book: Workbook, warning: Warning_, language: Language) -> None:
    if not warning.cells or (warning.sheet and warning.sheet not in book.sheetnames):
        return
    sheet = book[warning.sheet] if warning.sheet else book.worksheets[-1]
    for name in warning.cells[:_COLOURED]:
        sheet[name].fill = _FILL
    first = sheet[warning.cells[0]]
    if hasattr(first, "comment"):
        first.comment = Comment(warning.message.render(language), "opendata")


def _copied(grids: Iterable[Grid]) -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    for grid in grids:
        sheet = book.create_sheet(_free(book, grid.name or "1"))
        for number, row in enumerate(grid.rows, 1):
            for column, value in enumerate(row, 1):
                if value is not None:
                    _put(sheet.cell(number, column), value)
    return book


def _free(book: Workbook, name: str) -> str:
    """A name of a sheet that is not taken."""
    while name in book.sheetnames:
        name += "_"
    return name[:31]
