"""What is in the files: readable (C01, C02), rows (C05), hidden parts (C19), codes (C20), text (C24)."""

import re
from collections.abc import Iterator
from datetime import date

from checks.encoding import is_decomposed, is_mojibake
from checks.headers import Trait, trait_of
from checks.subject import WORKBOOKS, Kind, Opened, Sheet, Subject, any_data, cell_name
from checks.words import fold
from harvester.i18n import Text, say
from harvester.model import Effect, Finding, Place, Severity

_SEX = re.compile(r"\b(gioi tinh|nam nu|sex|gender|phai)\b")
_GROUP = re.compile(r"\b(dan toc|ton giao|nghe nghiep|trinh do|ethnicity|religion|occupation)\b")
_DISTRICT = re.compile(r"\b(ma (?:huyen|quan|qh|quan huyen)|district code)\b")
_UNIT = re.compile(
    r"\b(ma (?:xa|phuong|huyen|quan|tinh|don vi hanh chinh|dvhc|px|phuong xa|xa phuong)"
    r"|(?:commune|ward|district|province) code)\b"
)


def file_findings(subject: Subject) -> Iterator[Finding]:
    """C05, C01, C02, C24: what was found when the files were opened."""
    for opened in subject.files:
        yield from opened.findings
    for resource in subject.missing:
        yield Finding(
            "FMT-017",
            Severity.INFO,
            say("The file “{file}” was not fetched, so it was not judged.", file=resource.key),
            rule="C05",
            place=Place(resource.key),
        )


def readable(subject: Subject) -> Iterator[Finding]:
    """C01 and C02: at least one file of which software can read rows, in a format without an owner."""
    if subject.missing:
        return
    if not any(opened.kind.tabular and opened.sheets for opened in subject.files):
        yield Finding(
            "FMT-010",
            Severity.ERROR,
            say("No file of this dataset can be read as a table."),
            say("Publish the data itself as CSV, XLSX or ODS; a PDF or a picture may stand beside it."),
            "C01",
            place=Place(subject.files[0].name) if subject.files else subject.dataset.place,
            effect=Effect.REFUSE,
        )
    if not any(opened.kind in _OPEN_ENOUGH for opened in subject.files):
        yield Finding(
            "FMT-015",
            Severity.ERROR,
            say("No file of this dataset is in an open format."),
            say("Save it as CSV (UTF-8) or ODS."),
            "C02",
            place=Place(subject.files[0].name) if subject.files else subject.dataset.place,
        )


_OPEN_ENOUGH = {Kind.CSV, Kind.TSV, Kind.ODS, Kind.JSON, Kind.GEOJSON, Kind.XML, Kind.PARQUET, Kind.XLSX}


def rows(subject: Subject) -> Iterator[Finding]:
    """C05: a table has rows below its header, as many as were declared."""
    for opened in subject.files:
        if opened.kind.tabular and opened.sheets and not any_data(opened.sheets):
            yield Finding(
                "FMT-018",
                Severity.ERROR,
                say("“{file}” has a header but no rows.", file=opened.name),
                say("Fill in the data, then hand the file over again."),
                "C05",
                place=Place(opened.name),
                effect=Effect.REFUSE,
            )
        declared, read = opened.resource.declared_rows, _rows_read(subject, opened)
        if declared is not None and opened.sheets and declared != read:
            yield Finding(
                "FMT-013",
                Severity.ERROR,
                say(
                    "“{file}” has {read} rows, but {declared} are declared.",
                    file=opened.name,
                    read=read,
                    declared=declared,
                ),
                say("Look for lost or doubled rows, then correct the declared number."),
                "C05",
                place=Place(opened.name),
            )


def _rows_read(subject: Subject, opened: Opened) -> int:
    return next((table.rows for table in subject.tables if table.file == opened.resource.key), 0)


def unseen(subject: Subject) -> Iterator[Finding]:
    """C15: files that are no tables are not looked into; a person must."""
    for opened in subject.files:
        if opened.kind in UNSEEN:
            yield Finding(
                "FMT-028",
                Severity.INFO,
                say("“{file}” was not looked into for personal data or secret markings.", file=opened.name),
                say("Read it yourself before publishing, or leave it out."),
                "C15",
                place=Place(opened.name),
            )


UNSEEN = frozenset({Kind.PDF, Kind.DOCUMENT, Kind.IMAGE, Kind.ZIP, Kind.ARCHIVE, Kind.BINARY})
"""Kinds that are published as they are, their content unseen."""


def table_errors(subject: Subject) -> Iterator[Finding]:
    """C05: what Frictionless says of the tables."""
    yield from subject.table_findings


def hidden_parts(subject: Subject) -> Iterator[Finding]:
    """C19: macros, links to other files, hidden sheets, rows and columns, cells that a spreadsheet would run."""
    for opened in subject.files:
        yield from _machinery(opened)
        for sheet in opened.sheets:
            place = Place(opened.name, sheet.name)
            if sheet.hidden:
                yield _unsafe("FMT-020", say("The sheet “{sheet}” is hidden but holds data.", sheet=sheet.name), place)
            if sheet.hidden_parts:
                told = say(
                    "The sheet “{sheet}” has {n} hidden rows or columns with data.",
                    sheet=sheet.name,
                    n=sheet.hidden_parts,
                )
                yield _unsafe("FMT-021", told, place)
            if sheet.formulas and opened.kind not in WORKBOOKS:
                row, column = sheet.formulas[0]
                told = say(
                    "{n} cells begin like a formula that a spreadsheet would run; the first is in row {row}.",
                    n=len(sheet.formulas),
                    row=row,
                )
                yield _unsafe("FMT-022", told, Place(opened.name, sheet.name, row, None, cell_name(row, column)))


def _machinery(opened: Opened) -> Iterator[Finding]:
    place = Place(opened.name)
    if any("vbaProject" in part for part in opened.texts):
        yield _unsafe("FMT-023", say("“{file}” contains macros.", file=opened.name), place)
    if any("externalLink" in part for part in opened.texts):
        yield _unsafe("FMT-024", say("“{file}” refers to cells of other workbooks.", file=opened.name), place)

    if any("omment" in part for part in opened.texts):
        yield _unsafe("FMT-029", say("“{file}” contains notes on cells.", file=opened.name), place)
    if any("pivotCache" in part for part in opened.texts):
        yield _unsafe("FMT-030", say("“{file}” keeps a copy of the source of a pivot table.", file=opened.name), place)


def _unsafe(code: str, told: Text, place: Place) -> Finding:
    return Finding(
        code,
        Severity.WARNING,
        told,
        say("Delete what is hidden, copy values only into a new file, and hand that over."),
        "C19",
        place=place,
    )


def well_written(subject: Subject) -> Iterator[Finding]:
    """C24: text in Unicode NFC, without traces of a wrong encoding."""
    for opened in subject.files:
        for sheet in opened.sheets:
            cells = [(number, cell) for number, row in zip(sheet.numbers, sheet.rows, strict=True) for cell in row]
            wrong = [number for number, cell in cells if not cell.isascii() and is_mojibake(cell)]
            apart = [number for number, cell in cells if is_decomposed(cell)] if opened.encoding != "cp1258" else []
            if wrong:
                yield Finding(
                    "FMT-025",
                    Severity.WARNING,
                    say(
                        "{n} cells show letters of a wrong encoding (such as “Nghá»‡ An”); the first is in row {row}.",
                        n=len(wrong),
                        row=wrong[0],
                    ),
                    say("Export again from the source as UTF-8; do not open and save the broken file."),
                    "C24",
                    place=Place(opened.name, sheet.name, wrong[0]),
                )
            if apart:
                yield Finding(
                    "FMT-026",
                    Severity.WARNING,
                    say(
                        "{n} cells have letters and marks apart (not Unicode NFC); the first is in row {row}.",
                        n=len(apart),
                        row=apart[0],
                    ),
                    say("In UniKey choose “Unicode”, not “Unicode tổ hợp”, and convert the text."),
                    "C24",
                    place=Place(opened.name, sheet.name, apart[0]),
                )


def admin_codes(subject: Subject) -> Iterator[Finding]:
    """C20: district codes have no meaning for data after 2025-06-30, the last day of districts."""
    day = subject.dataset.period_end or subject.dataset.modified
    if day is None or day.isoformat() <= "2025-06-30":
        return
    for opened in subject.files:
        for sheet in opened.sheets:
            header = next((h for h in sheet.header if _DISTRICT.search(fold(h))), None)
            if header is not None:
                yield Finding(
                    "FMT-027",
                    Severity.WARNING,
                    say(
                        "Column “{column}” holds district codes, but districts ended on {day}.",
                        column=header,
                        day=date(2025, 6, 30),
                    ),
                    say("Use the codes of communes in force since 1 July 2025."),
                    "C20",
                    place=Place(opened.name, sheet.name, None, header),
                )


def has_admin_codes(sheet: Sheet) -> bool:
    """Whether some header names a code of an administrative unit."""
    return any(_UNIT.search(fold(header)) for header in sheet.header)


def quasi_identifiers(sheet: Sheet) -> int:
    """How many kinds of fact that single people out in combination the headers name (C16)."""
    headers = [fold(header) for header in sheet.header]
    birth = any(trait_of(header) is Trait.BIRTH for header in sheet.header)
    return birth + any(map(_SEX.search, headers)) + any(map(_GROUP.search, headers))
