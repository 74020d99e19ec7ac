"""What there is to say of a file, a sheet, a table: warnings and questions."""

from collections.abc import Iterable
from dataclasses import replace

from checks.classifying import PersonalLabel
from checks.headers import CALLED, Trait
from harvester.i18n import Text, say
from harvester.tidy.cells import Book, cell_name, letters
from harvester.tidy.cleaning import Trace
from harvester.tidy.decided import Note
from harvester.tidy.report import Asked, Part, TidyTable, Warning_
from harvester.tidy.tables import Column, Draft, Found, SheetDraft

_FIRST_ROWS = 6  # rows that a person may name as the header

LABELS = {
    Trait.CITIZEN: PersonalLabel.CCCD,
    Trait.OLD_ID: PersonalLabel.CMND,
    Trait.PASSPORT: PersonalLabel.PASSPORT,
    Trait.HEALTH_CARD: PersonalLabel.BHXH,
    Trait.INSURANCE: PersonalLabel.BHXH,
    Trait.TAX: PersonalLabel.CCCD,
    Trait.BANK: PersonalLabel.BANK,
    Trait.PLATE: PersonalLabel.PLATE,
    Trait.BIRTH: PersonalLabel.BIRTH_DATE,
    Trait.HOME: PersonalLabel.ADDRESS,
    Trait.EMAIL: PersonalLabel.EMAIL,
    Trait.PHONE: PersonalLabel.PHONE,
}
"""What the checks of whole tables find, by the labels of single columns; every other trait is a name."""

_CALLED = {label: CALLED[trait] for trait, label in reversed(LABELS.items()) if trait is not Trait.TAX} | {
    PersonalLabel.NAME: CALLED[Trait.NAME],
    PersonalLabel.HEALTH: say("facts about the health of persons"),
}


def about_person(table: TidyTable, column: str, label: PersonalLabel) -> Warning_:
    """A column that tells of people."""
    told = say("column “{column}” looks like {trait}. It must not be published.", column=column, trait=_CALLED[label])
    return Warning_("personal-data", told, table.file, column)


def about_book(book: Book, wanted: str) -> list[Warning_]:
    """Macros, encodings, hidden sheets."""
    found = []
    if book.macro:
        found.append(Warning_("macro", say("The file contains macros; they are left out.")))
    if book.encoding or book.broken_lines:
        code = "mixed-encoding" if book.broken_lines else "legacy-encoding"
        told = say("{n} lines are written in another encoding than the rest.", n=book.broken_lines)
        old = say("The file is written in {encoding}; it was read so.", encoding=book.encoding)
        found.append(Warning_(code, told if book.broken_lines else old))
    for grid in book.grids:
        if grid.hidden and grid.name != wanted and any(grid.rows):
            told = say("The sheet “{sheet}” is hidden ({n} rows); it is left out.", sheet=grid.name, n=len(grid.rows))
            found.append(Warning_("hidden-sheet", told))
    return found


def about_sheet(each: SheetDraft, found: Iterable[Found]) -> list[Warning_]:
    """What is hidden, how many tables, what letters were put right."""
    grid = each.grid
    files = [table.file for table, group, *_ in found if any(one.region.grid is grid for one in group)]
    table = files[0] if len(files) == 1 else None
    warnings = []
    if grid.hidden_rows:
        told = say(
            "The sheet “{sheet}” has {n} hidden rows (the first is row {row}); they are kept.",
            sheet=grid.name,
            n=len(grid.hidden_rows),
            row=min(grid.hidden_rows),
        )
        warnings.append(Warning_("hidden-rows", told, table))
    if grid.hidden_columns:
        names = ", ".join(letters(c) for c in sorted(grid.hidden_columns))
        told = say("The sheet “{sheet}” has hidden columns ({names}); they are kept.", sheet=grid.name, names=names)
        warnings.append(Warning_("hidden-columns", told, table))
    if len(each.drafts) > 1:
        told = say(
            "The sheet “{sheet}” holds {n} tables; each is written to its own file.",
            sheet=grid.name,
            n=len(each.drafts),
        )
        warnings.append(Warning_("multiple-tables", told))
    for one in each.drafts:
        file = next((t.file for t, group, *_ in found if one in group), None)
        warnings += _about_traces(each.traces, one, file)
        warnings += _ragged(one, file)
    return warnings


_TRACES = {
    "legacy-encoding": say("{n} cells were written in {detail}; they are converted to Unicode."),
    "mixed-encoding": say("{n} cells were in {detail}, beside others in Unicode."),
    "unicode-form": say("{n} cells had letters and marks apart; they are put together (NFC)."),
    "lookalike-letter": say("{n} cells had letters of another alphabet that look like ours; they are replaced."),
}


def _about_traces(traces: Iterable[Trace], one: Draft, file: str | None) -> list[Warning_]:
    names = {c.number: c.label for c in one.columns if c.number}
    rows = {row.number: index for index, row in enumerate(one.rows.data, 1)}
    last = max(rows)
    top = one.region.header.top if one.region.header else min(rows)
    return [
        Warning_(
            t.code, Text(_TRACES[t.code].id, {"n": t.count, "detail": t.detail}), file, names[t.column], rows.get(t.row)
        )
        for t in traces
        if t.column in names and top <= t.row <= last
    ]


def _ragged(one: Draft, file: str | None) -> list[Warning_]:
    """Rows of a text file with more fields than its header."""
    if one.region.grid.name or not one.region.header:
        return []
    last = max(label.column for label in one.region.labels if label.levels)
    long = [i for i, row in enumerate(one.rows.data, 1) if len(one.region.grid.rows[row.number - 1]) > last]
    if not long:
        return []
    told = say("{n} rows have more fields than the header; the first is row {row}.", n=len(long), row=long[0])
    return [Warning_("ragged-rows", told, file, None, long[0])]


def about_table(table: TidyTable, group: list[Draft], parts: list[Part]) -> tuple[list[Warning_], list[Asked]]:
    """What the columns and totals of a table give to say, and what they ask."""
    warnings: list[Warning_] = []
    asked: list[Asked] = []
    for one, part in zip(group, parts, strict=True):
        if one.region.header is None:
            told = say("No row names the columns; they are called by their letters.")
            warnings.append(Warning_("no-header", told, table.file))
            rows = range(1, min(max(part.rows), _FIRST_ROWS) + 1)
            asked.append(Asked("header-row", table.file, None, tuple(map(str, rows))))
        for position, note in one.notes:
            warnings.append(_noted(table.file, note, one.columns[position], part))
        for column in one.columns:
            warnings += _grouped(table.file, column, part)
            asked += [Asked(q.code, table.file, column.label, q.choices, q.answer) for q in column.decided.questions]
        for wrong in one.mismatches:
            told = say(
                "{cell} says {said}, but the rows add up to {sum}.", cell=wrong.cell, said=wrong.said, sum=wrong.sum
            )
            label = one.columns[wrong.position].label
            warnings.append(Warning_("total-mismatch", told, table.file, label, None, part.sheet, (wrong.cell,)))
    return warnings, asked


def _noted(file: str, note: Note, column: Column, part: Part) -> Warning_:
    """A note as a warning; one about a cell names it as its owner knows it."""
    if note.index is None:
        return Warning_(note.code, note.message, file, column.label, None, part.sheet)
    cell = cell_name(part.rows[note.index], column.number) if column.number else ""
    told = say("Cell {cell} (column “{column}”): {message}", cell=cell, column=column.label, message=note.message)
    cells = (cell,) if cell else ()
    return Warning_(note.code, told, file, column.label, part.first + note.index, part.sheet, cells)


def _grouped(file: str, column: Column, part: Part) -> list[Warning_]:
    """The first note of each code, with how often it comes again."""
    by_code: dict[str, list[Warning_]] = {}
    for note in column.decided.notes:
        by_code.setdefault(note.code, []).append(_noted(file, note, column, part))
    return [_together(warnings) for warnings in by_code.values()]


def _together(warnings: list[Warning_]) -> Warning_:
    first, *others = warnings
    if not others:
        return first
    told = say("{message} (repeated in {n} more rows)", message=first.message, n=len(others))
    return replace(first, message=told, cells=tuple(cell for warning in warnings for cell in warning.cells))
