"""`opendata template`: an empty workbook in the form of a dataset, for next month's data."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from harvester.by_hand import find
from harvester.errors import UsageRefused
from harvester.i18n import Language, Text, say
from harvester.model import PublishedFile
from harvester.tidy.cells import letters
from harvester.workspace import Workspace
from harvester.written import publication_of

_ROWS = 2_000  # rows that the drop-downs reach down to
_CHOICES = 20  # different values, at most, that make a drop-down
_LOOKED_AT = 5_000  # rows
_TYPES: Mapping[str, Text] = {
    "string": say("text"),
    "integer": say("whole number, without separators"),
    "number": say("number"),
    "date": say("day: day/month/year, for example 28/02/2025"),
    "year": say("year, for example 2025"),
    "yearmonth": say("month, for example 02/2025"),
}


@dataclass(frozen=True)
class _Column:
    """One column of the template."""

    name: str
    type: str
    example: str
    choices: tuple[str, ...]
    note: str


def template(workspace: Workspace, name: str, language: Language, target: Path) -> str:
    """Write the template of the dataset called `name` to `target`; its title. Raises UsageRefused."""
    known = find(workspace, name)
    entries = workspace.store.versions(known.name)
    file = next((f for f in publication_of(workspace, entries[-1]).files if f.schema), None) if entries else None
    if file is None:
        raise UsageRefused(
            "TDY-003",
            say("“{title}” has no table on the portal, so there is no form to make a template of.", title=known.title),
            say("Publish it once, then ask again."),
        )
    book = _book(_columns(file), known.title, language)
    try:
        book.save(target)
    except OSError as error:
        raise UsageRefused(
            "TDY-002",
            say(
                "The result cannot be written to {folder}: {reason}.", folder=str(target), reason=error.strerror or "?"
            ),
            say("Name another folder with --output."),
        ) from error
    return known.title


def _columns(file: PublishedFile) -> list[_Column]:
    rows = _rows(file)
    body = rows[1:]
    fields: Sequence[Mapping[str, Any]] = (file.schema or {}).get("fields", ())
    return [_column(field, [row[at] for row in body if at < len(row)]) for at, field in enumerate(fields)]


def _rows(file: PublishedFile) -> list[list[str]]:
    if file.format != "CSV":
        return []
    with file.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return list(islice(csv.reader(stream), _LOOKED_AT))


def _column(field: Mapping[str, Any], values: Sequence[str]) -> _Column:
    kind = str(field.get("type", "string"))
    filled = [value for value in values if value]
    listed = field.get("constraints", {}).get("enum") or sorted(set(filled))
    repeated = len(listed) <= _CHOICES and (len(filled) >= 2 * len(listed) or "enum" in field.get("constraints", {}))
    choices = tuple(map(str, listed)) if kind == "string" and repeated else ()
    note = str(field.get("description") or field.get("unit") or "")
    return _Column(str(field["name"]), kind, filled[0] if filled else "", choices, note)


def _book(columns: Sequence[_Column], title: str, language: Language) -> Workbook:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = say("Data").render(language)
    notes = book.create_sheet(say("Notes").render(language))
    for number, column in enumerate(columns, 1):
        _head(sheet, number, column)
        if column.choices:
            _drop_down(sheet, number, column.choices)
    sheet.freeze_panes = "A2"
    _explain(notes, columns, title, language)
    return book


def _head(sheet: Any, number: int, column: _Column) -> None:
    heading = sheet.cell(1, number, column.name)
    heading.font, heading.fill = Font(bold=True), PatternFill("solid", fgColor="DDEBF7")
    example = sheet.cell(2, number)
    example.value, example.font = _typed(column), Font(italic=True, color="808080")
    for cell in (heading, example):
        if isinstance(cell.value, str):
            cell.data_type = "s"  # never a formula
    sheet.column_dimensions[letters(number)].width = min(max(len(column.name), len(column.example)) + 2, 40)
    if column.type == "string":
        for row in range(3, 203):
            sheet.cell(row, number).number_format = "@"  # so that codes keep their zeros


def _typed(column: _Column) -> str | int | float:
    try:
        if column.type == "integer":
            return int(column.example)
        return float(column.example) if column.type == "number" else column.example
    except ValueError:
        return column.example


def _drop_down(sheet: Any, number: int, choices: Sequence[str]) -> None:
    """The choices stand in the rule itself, which takes 255 characters and no commas inside."""
    letter, listed = letters(number), ",".join(choices)
    if len(listed) > 250 or any("," in choice or '"' in choice for choice in choices):
        return
    rule = DataValidation("list", formula1=f'"{listed}"', allow_blank=True)
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{_ROWS}")


def _explain(notes: Any, columns: Sequence[_Column], title: str, language: Language) -> None:
    """Lines of text, not a table: the sheet must not be taken for data when the workbook comes back."""
    lines = [
        title,
        say("Fill in from row 2; row 2 is an example, write over it. Change no heading.").render(language),
        "",
    ]
    for column in columns:
        told = say("{column}: {type}.", column=column.name, type=_TYPES.get(column.type, _TYPES["string"]))
        chosen = say("Choose one of: {words}.", words=", ".join(column.choices)) if column.choices else Text("", {})
        lines.append(" ".join(part for part in (told.render(language), chosen.render(language), column.note) if part))
    for row, line in enumerate(lines, 1):
        cell = notes.cell(row, 1, line)
        cell.data_type, cell.font = "s", Font(bold=row == 1)
    notes.column_dimensions["A"].width = 100
