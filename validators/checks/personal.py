"""Persons named in the files (C15), and sensitive facts beside them (C17). Values are masked in every message."""

import re
from collections.abc import Iterator

from checks.classifying import PersonalLabel, classify_column
from checks.columns import REFUSE, Personal
from checks.headers import CALLED, Trait, header_row, is_sensitive, trait_of
from checks.identifiers import is_citizen_number
from checks.subject import SAMPLE, Opened, Sheet, Subject, cell_name, column_letters
from checks.words import masked
from harvester.i18n import say
from harvester.model import Effect, Finding, Place, Severity

__all__ = ["PersonalLabel", "classify_column", "personal_data", "sensitive_classes"]

_NUMBER_IN_TEXT = re.compile(
    r"(?:cccd|cmnd|c[aă]n c[uư][oớ]c|[đd][iị]nh danh)\D{0,25}(?<!\d)(\d{12}|\d{9})(?!\d)", re.IGNORECASE
)
_KEYS = frozenset({Trait.NAME, Trait.CITIZEN, Trait.OLD_ID, Trait.HEALTH_CARD, Trait.INSURANCE, Trait.PASSPORT})


def personal_data(subject: Subject) -> Iterator[Finding]:
    """C15: a finding for each column that tells of people, and for identity numbers inside texts."""
    for opened in subject.files:
        for sheet in opened.sheets:
            yield from (_finding(opened, sheet, found) for found in sheet.personal)
            yield from _classified(opened, sheet)
            yield from _in_texts(opened, sheet)
        yield from _outside_cells(opened)


def _finding(opened: Opened, sheet: Sheet, found: Personal) -> Finding:
    told = say(
        "Column “{column}” holds {trait} ({percent} % of the values, such as {example}).",
        column=found.header[:60] or column_letters(found.column),
        trait=CALLED[found.trait],
        percent=round(100 * found.share),
        example=found.example,
    )
    if sheet.count > SAMPLE:
        told = say("{finding} Judged on {n} of {all} rows.", finding=told, n=len(sheet.rows), all=sheet.count)
    place = Place(opened.name, sheet.name, column=found.header or column_letters(found.column))
    if found.score >= REFUSE:
        remedy = say("Delete the column, or publish counts instead of persons: open data must not name anyone.")
        return Finding("PER-001", Severity.ERROR, told, remedy, "C15", place=place, effect=Effect.REFUSE)
    remedy = say("Delete the column, or have the person in charge record by which law these persons may be named.")
    return Finding("PER-002", Severity.WARNING, told, remedy, "C15", place=place, effect=Effect.HOLD)


def _classified(opened: Opened, sheet: Sheet) -> Iterator[Finding]:
    """Columns that only the closer look of `classify_column` takes for persons: a person must decide."""
    if not sheet.rows:
        return
    told = {found.column for found in sheet.personal}
    head = header_row(sheet.rows)
    for column, header in enumerate(sheet.rows[head], 1):
        values = (row[column - 1] for row in sheet.rows[head + 1 :] if len(row) >= column)
        if column in told or classify_column(header, values)[0] is PersonalLabel.NONE:
            continue
        name = header or column_letters(column)
        yield Finding(
            "PER-005",
            Severity.WARNING,
            say("Column “{column}” may tell of persons.", column=name[:60]),
            say("Delete the column, or have the person in charge record by which law these persons may be named."),
            "C15",
            place=Place(opened.name, sheet.name, column=name),
            effect=Effect.HOLD,
        )


def _outside_cells(opened: Opened) -> Iterator[Finding]:
    """Identity numbers in notes and properties, and personal columns of which a pivot table keeps a copy."""
    for part, text in opened.texts.items():
        match = _NUMBER_IN_TEXT.search(text)
        copied = (
            next((line for line in text.splitlines() if trait_of(line) in _KEYS), "") if "pivotCache" in part else ""
        )
        if match or copied:
            yield Finding(
                "PER-004",
                Severity.ERROR,
                say("“{file}” still holds personal data outside its cells ({part}).", file=opened.name, part=part),
                say("Copy values only into a new workbook, and hand that over."),
                "C15",
                place=Place(opened.name),
                effect=Effect.REFUSE,
            )


def _in_texts(opened: Opened, sheet: Sheet) -> Iterator[Finding]:
    """The first identity number inside a longer text; one is enough to refuse."""
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        for column, cell in enumerate(row, 1):
            match = _NUMBER_IN_TEXT.search(cell) if len(cell) > 12 else None
            if match and (len(match[1]) == 9 or is_citizen_number(match[1])):
                yield Finding(
                    "PER-003",
                    Severity.ERROR,
                    say("Row {row}: an identity number in a text ({example}).", row=number, example=masked(match[1])),
                    say("Delete the number from the text, and look for others like it."),
                    "C15",
                    place=Place(opened.name, sheet.name, number, None, cell_name(number, column)),
                    effect=Effect.REFUSE,
                )
                return


def sensitive_classes(subject: Subject) -> Iterator[Finding]:
    """C17: origin, religion, illness, crime, poverty in one table with a person's name or number (NĐ 356 Điều 4)."""
    for opened in subject.files:
        for sheet in opened.sheets:
            persons = [found for found in sheet.personal if found.trait in _KEYS]
            told = [header for header in sheet.rows[header_row(sheet.rows)] if is_sensitive(header)] if persons else []
            if told:
                yield Finding(
                    "PER-010",
                    Severity.ERROR,
                    say(
                        "Column “{column}” tells a sensitive fact about the persons in column “{person}”.",
                        column=told[0],
                        person=persons[0].header or column_letters(persons[0].column),
                    ),
                    say("Publish counts by area instead, never a list of persons."),
                    "C17",
                    place=Place(opened.name, sheet.name, column=told[0]),
                    effect=Effect.REFUSE,
                )
