"""Frictionless' errors in our words: what is wrong, where, and what to type instead; alike errors in one finding."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.subject import cell_name
from harvester.i18n import Text, say
from harvester.model import Finding, Place, Severity

_GROUPS = 100  # findings of one table; a table with more kinds of error is no table


def findings_of(descriptor: Mapping[str, Any], place: Place, spreadsheet: bool) -> Iterator[Finding]:
    """One finding for each kind of error and column of a (masked) report descriptor; `place` is its file and sheet."""
    groups: dict[tuple[str, Any], list[Mapping[str, Any]]] = {}
    for error in [*descriptor["errors"], *(e for task in descriptor["tasks"] for e in task["errors"])]:
        groups.setdefault((error["type"], error.get("fieldName")), []).append(error)
    for errors in list(groups.values())[:_GROUPS]:
        yield _finding(errors, place, spreadsheet)


def _finding(errors: Sequence[Mapping[str, Any]], place: Place, spreadsheet: bool) -> Finding:
    first = errors[0]
    code, message, remedy = _words(first)
    rows = {error["rowNumber"] for error in errors if "rowNumber" in error}
    if len(rows) > 1:
        message = say(
            "{what} Repeated in {n} more rows, the last is row {last}.", what=message, n=len(rows) - 1, last=max(rows)
        )
    row, column = first.get("rowNumber"), first.get("fieldNumber")
    cell = cell_name(row, column) if spreadsheet and row and column else None
    where = Place(place.file, place.sheet, row, first.get("fieldName") or first.get("label"), cell)
    return Finding(code, Severity.ERROR, message, remedy, "C05", place=where)


def _words(error: Mapping[str, Any]) -> tuple[str, Text, Text]:
    """Code, sentence and remedy of one error."""
    kind, row = error["type"], error.get("rowNumber")
    column, cell = error.get("fieldName") or error.get("label") or "", error.get("cell", "")
    number = error.get("fieldNumber")
    if kind == "type-error":
        return _type_error(column, cell, row, error["note"])
    if kind == "constraint-error":
        return _constraint(column, cell, row, error["note"])
    table = {
        "blank-row": (
            "TAB-005",
            say("Row {row} is empty.", row=row),
            say("Delete the empty row."),
        ),
        "extra-cell": (
            "TAB-003",
            say("Row {row} has a cell beyond the last column: “{cell}”.", row=row, cell=cell),
            say("Delete it, or name its column in the first row. In CSV, a value with a comma needs quotation marks."),
        ),
        "missing-cell": (
            "TAB-004",
            say("Row {row} ends before column “{column}”.", row=row, column=column),
            say("Fill in the missing cells, or leave them empty between delimiters."),
        ),
        "blank-label": (
            "TAB-006",
            say("Column {number} has no name in the first row.", number=number),
            say("Give the column a name. The first row must hold the column names, no title, no merged cells."),
        ),
        "duplicate-label": (
            "TAB-007",
            say("Two columns are called “{column}”.", column=column),
            say("Give each column its own name."),
        ),
        "missing-label": (
            "TAB-008",
            say("The column “{column}” of the declared schema is missing.", column=column),
            say("Add the column, or correct the schema."),
        ),
        "extra-label": (
            "TAB-009",
            say("The column “{column}” is not in the declared schema.", column=column or str(number)),
            say("Remove the column, or add it to the schema."),
        ),
        "incorrect-label": (
            "TAB-010",
            say(
                "The column “{label}” should be “{column}” by the declared schema.",
                label=error.get("label", ""),
                column=column,
            ),
            say("Put the columns in the order of the schema and name them as there."),
        ),
        "blank-header": (
            "TAB-011",
            say("The first row is empty."),
            say("Put the column names in the first row."),
        ),
        "primary-key": (
            "TAB-012",
            say("Row {row} repeats the key of an earlier row.", row=row),
            say("Each row needs a key of its own: correct or delete the repeated row."),
        ),
        "unique-error": (
            "TAB-013",
            say(
                "Row {row}: “{cell}” in column “{column}” occurs more than once, but must be unique.",
                row=row,
                cell=cell,
                column=column,
            ),
            say("Correct or delete the repeated row."),
        ),
        "foreign-key": (
            "TAB-014",
            say("Row {row} refers to a record that does not exist.", row=row),
            say("Correct the code, or add the record it refers to."),
        ),
        "encoding-error": (
            "TAB-015",
            say("The text cannot be read in its encoding."),
            say("Save the file as “CSV UTF-8”."),
        ),
        "schema-error": (
            "TAB-016",
            say("The declared schema cannot be used: {note}", note=error["note"]),
            say("Correct the schema, or leave it out."),
        ),
        "field-error": (
            "TAB-016",
            say("The declared schema cannot be used: {note}", note=error["note"]),
            say("Correct the schema, or leave it out."),
        ),
        "source-error": (
            "TAB-017",
            say("The table cannot be read: {note}", note=error["note"]),
            say("Open the file in the program it was made with, save it again, and hand it over once more."),
        ),
    }
    unknown = (
        "TAB-099",
        say("The table does not pass the check “{check}”: {note}", check=error.get("title", kind), note=error["note"]),
        say("Correct the table, or its declared schema."),
    )
    return table.get(kind, unknown)


def _type_error(column: str, cell: str, row: Any, note: str) -> tuple[str, Text, Text]:
    wanted = note.partition('type is "')[2].partition("/")[0].partition('"')[0]
    kind, remedy = _TYPES.get(wanted, (Text("", {}), Text("", {})))
    if not kind.id:
        sentence = say(
            "Row {row}, column “{column}”: “{cell}” is not of the type {type}.",
            row=row,
            column=column,
            cell=cell,
            type=wanted,
        )
        return "TAB-002", sentence, say("Type a value of the kind the other rows hold.")
    sentence = say(
        "Row {row}, column “{column}”: “{cell}” is not {kind}.", row=row, column=column, cell=cell, kind=kind
    )
    return "TAB-001" if wanted in ("date", "datetime", "year", "yearmonth") else "TAB-002", sentence, remedy


_TYPES: Mapping[str, tuple[Text, Text]] = {
    "date": (say("a valid day"), say("Type the day as year-month-day, for example 2025-02-28.")),
    "datetime": (say("a valid day and time"), say("Type day and time as 2025-02-28T08:30:00.")),
    "time": (say("a valid time"), say("Type the time as 08:30:00.")),
    "year": (say("a year"), say("Type the year in four digits, for example 2025.")),
    "yearmonth": (say("a month"), say("Type the month as 2025-02.")),
    "integer": (
        say("a whole number"),
        say("Type digits only, without dots, spaces or units: 1234567."),
    ),
    "number": (
        say("a number"),
        say("Type digits with a point before the decimals, nothing between thousands: 1234567.89."),
    ),
    "boolean": (say("true or false"), say("Type true or false.")),
    "email": (say("an e-mail address"), say("Type one address, such as vanthu@nghean.gov.vn.")),
}


def _constraint(column: str, cell: str, row: Any, note: str) -> tuple[str, Text, Text]:
    constraint, _, limit = note.removeprefix('constraint "').rstrip('"').partition('" is "')
    if constraint == "required":
        return (
            "TAB-020",
            say("Row {row}: column “{column}” must not be empty.", row=row, column=column),
            say("Fill in the value."),
        )
    return (
        "TAB-021",
        say(
            "Row {row}, column “{column}”: “{cell}” breaks the rule {constraint} = {limit} of the schema.",
            row=row,
            column=column,
            cell=cell,
            constraint=constraint,
            limit=limit,
        ),
        say("Correct the value, or the rule in the schema."),
    )
