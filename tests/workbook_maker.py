"""Writing small workbooks for tests from a few lines of text, in any of the formats stewards use.

A line is a row, `|` parts its cells. `12`, `1.5` are numbers, `d:2024-03-05` is a true day, `'012` a text, `!#DIV/0!`
an error, `?` a formula without a stored value, `12%` a number shown as per cent, `007_7` a number 7 shown with three
digits ("000"); everything else is text (`\\n` a new line). A line that begins with `*` is bold, with `~` hidden.
"""

import re
import unicodedata
import zipfile
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import Font


@dataclass(frozen=True)
class Sheet:
    """One sheet to be written."""

    name: str
    lines: str
    merges: str = ""  # "A1:C1 D1:D2"
    hidden: bool = False
    hidden_columns: str = ""


@dataclass(frozen=True)
class Case:
    """A workbook with the truth about it."""

    name: str  # with its ending
    sheets: tuple[Sheet, ...] = ()
    text: str = ""  # of a text file
    encoding: str = "utf-8"
    tables: tuple[str, ...] = ()  # CSV
    codes: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    refused: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def cells_of(line: str) -> tuple[list[str], bool, bool]:
    """The cells of a line, whether it is bold, whether hidden."""
    bold, hidden = line.startswith("*"), line.startswith("~")
    return [cell.strip().replace("\\n", "\n") for cell in line.lstrip("*~").split("|")], bold, hidden


def value_of(cell: str) -> Any:
    """What a cell's text stands for."""
    if not cell:
        return None
    if cell.startswith("'"):
        return cell[1:]
    if cell.startswith("d:"):
        return date.fromisoformat(cell[2:])
    if re.fullmatch(r"-?\d+", cell):
        return int(cell)
    return float(cell) if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", cell) else cell


def write_xlsx(path: Path, sheets: tuple[Sheet, ...]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in sheets:
        made = book.create_sheet(sheet.name)
        for number, line in enumerate(sheet.lines.strip("\n").split("\n"), 1):
            cells, bold, hidden = cells_of(line)
            made.row_dimensions[number].hidden = hidden
            for column, text in enumerate(cells, 1):
                _write_cell(made.cell(number, column), text, bold)
        for merge in sheet.merges.split():
            made.merge_cells(merge)
        for letter in sheet.hidden_columns:
            made.column_dimensions[letter].hidden = True
        made.sheet_state = "hidden" if sheet.hidden else "visible"
    book.save(path)


def _write_cell(cell: Any, text: str, bold: bool) -> None:
    if text == "?":
        cell.value = "=SUM(Z1:Z9)"
    elif text.startswith("!"):
        cell.value, cell.data_type = text[1:], "e"
    elif found := re.fullmatch(r"(-?\d+(?:\.\d+)?)%", text):
        cell.value, cell.number_format = float(found[1]) / 100, "0.0%"
    elif found := re.fullmatch(r"0+\d*_(\d+)", text):
        cell.value, cell.number_format = int(found[1]), "0" * text.index("_")
    else:
        cell.value = value_of(text)
        if isinstance(cell.value, str) and cell.value.startswith("="):
            cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)


def write_text(path: Path, text: str, encoding: str) -> None:
    if encoding == "cp1258":  # base letters with their tones behind them
        text = "".join(_composed_1258(letter) for letter in text)
    path.write_bytes(text.encode(encoding))


def _composed_1258(letter: str) -> str:
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        apart = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in apart if mark in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", "".join(mark for mark in apart if mark not in tones)) + tones
    return letter


_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    + " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in (
            ("office", "office"),
            ("table", "table"),
            ("text", "text"),
            ("style", "style"),
            ("fo", "xsl-fo-compatible"),
        )
    )
    + '><office:automatic-styles><style:style style:name="b" style:family="table-cell"><style:text-properties '
    'fo:font-weight="bold"/></style:style></office:automatic-styles><office:body><office:spreadsheet>'
)


def write_ods(path: Path, sheets: tuple[Sheet, ...]) -> None:
    parts = [_ODS]
    for sheet in sheets:
        spans = {m.split(":")[0]: m for m in sheet.merges.split()}
        parts.append(
            f'<table:table table:name="{escape(sheet.name)}">'
            '<table:table-column table:number-columns-repeated="16384"/>'
        )
        for number, line in enumerate(sheet.lines.strip("\n").split("\n"), 1):
            cells, bold, hidden = cells_of(line)
            parts.append('<table:table-row table:visibility="collapse">' if hidden else "<table:table-row>")
            parts += [_ods_cell(text, bold, spans.get(f"{chr(64 + c)}{number}")) for c, text in enumerate(cells, 1)]
            parts.append('<table:table-cell table:number-columns-repeated="1000"/></table:table-row>')
        parts.append(
            '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row></table:table>'
        )
    parts.append("</office:spreadsheet></office:body></office:document-content>")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "".join(parts))


def _ods_cell(text: str, bold: bool, merge: str | None) -> str:
    look = ' table:style-name="b"' if bold else ""
    if merge:
        first, last = (re.fullmatch(r"([A-Z])(\d+)", corner) for corner in merge.split(":"))
        right, down = ord(last[1]) - ord(first[1]) + 1, int(last[2]) - int(first[2]) + 1
        look += f' table:number-columns-spanned="{right}" table:number-rows-spanned="{down}"'
    value = value_of(text)
    if value is None:
        return f"<table:table-cell{look}/>"
    if isinstance(value, date):
        kind = f' office:value-type="date" office:date-value="{value}"'
    elif isinstance(value, int | float):
        kind = f' office:value-type="float" office:value="{value}"'
    else:
        kind = ' office:value-type="string"'
    lines = "".join(f"<text:p>{escape(part)}</text:p>" for part in str(value).split("\n"))
    return f"<table:table-cell{look}{kind}>{lines}</table:table-cell>"


def write_xls(path: Path, sheets: tuple[Sheet, ...]) -> None:
    """Needs xlwt, which the tests themselves do not."""
    import xlwt

    book = xlwt.Workbook()
    plain, strong = xlwt.easyxf(""), xlwt.easyxf("font: bold on")
    for sheet in sheets:
        made = book.add_sheet(sheet.name)
        spans = {}
        for merge in sheet.merges.split():
            first, last = (re.fullmatch(r"([A-Z])(\d+)", corner) for corner in merge.split(":"))
            spans[int(first[2]), ord(first[1]) - 64] = (int(last[2]), ord(last[1]) - 64)
        for number, line in enumerate(sheet.lines.strip("\n").split("\n"), 1):
            cells, bold, _ = cells_of(line)
            for column, text in enumerate(cells, 1):
                value, style = value_of(text), strong if bold else plain
                if isinstance(value, date):
                    style = xlwt.easyxf(num_format_str="dd/mm/yyyy")
                if (number, column) in spans:
                    bottom, right = spans[number, column]
                    made.write_merge(number - 1, bottom - 1, column - 1, right - 1, value, style)
                elif value is not None:
                    made.write(number - 1, column - 1, value, style)
        made.visibility = 1 if sheet.hidden else 0
    book.save(str(path))


def write(case: Case, path: Path) -> None:
    """The file of a case."""
    if case.text:
        write_text(path, case.text, case.encoding)
        return
    {".xlsx": write_xlsx, ".xlsm": write_xlsx, ".ods": write_ods, ".xls": write_xls}[path.suffix](path, case.sheets)
    if path.suffix == ".xlsm":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("xl/vbaProject.bin", b"macro")
