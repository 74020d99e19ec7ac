"""The whole of a cleaning: a book of sheets → tidy tables with the report of what was done."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from checks.classifying import PersonalLabel, classify_column
from checks.columns import is_person_name, personal_columns
from checks.secret import is_stamp
from checks.words import masked
from harvester.i18n import Text, say
from harvester.tidy import labels as naming
from harvester.tidy.cells import Book, Grid, cell_name, letters
from harvester.tidy.cleaning import clean
from harvester.tidy.layout import Region, region_from, regions
from harvester.tidy.report import Change, Field, Part, Tidied, TidyTable, Warning_
from harvester.tidy.tables import Column, Draft, Found, SheetDraft, draft, title_of
from harvester.tidy.telling import LABELS, about_book, about_person, about_sheet, about_table

_LOOKED_AT = 5_000  # rows, evenly taken, that say whether a column tells of people


def tidied(book: Book, *, sheet: str = "", answers: Mapping[str, str] | None = None) -> Tidied:
    """The tables of `book`. `sheet`: only this one. `answers`: what a person has answered before."""
    answers = answers or {}
    wanted = sheet or answers.get("sheet", "")
    secret = _secret(book)
    if secret:
        return Tidied(refused="secret-marking", why=secret, warnings=(Warning_("secret-marking", secret),))
    seen = [grid for grid in book.grids if (grid.name == wanted if wanted else not grid.hidden)]
    sheets = [_sheet(grid, answers) for grid in seen]
    drafts = [one for each in sheets for one in each.drafts]
    about = about_book(book, wanted)
    if not drafts:
        why = _no_table(book, wanted)
        return Tidied(refused="no-table", why=why, warnings=(*about, Warning_("no-table", why)), clean=False)
    groups = _stacked(sheets)
    found = [_table(number, group, sheets) for number, group in enumerate(groups, 1)]
    warnings = [
        *about,
        *(w for each in sheets for w in about_sheet(each, found)),
        *(w for _, _, ws, _ in found for w in ws),
    ]
    changes = _all_changes(sheets, found)
    hidden = any(grid.hidden or grid.hidden_rows or grid.hidden_columns for grid in book.grids)
    personal = any(f.personal for table, *_ in found for f in table.fields)
    return Tidied(
        tuple(table for table, *_ in found),
        tuple(changes),
        tuple(warnings),
        tuple(q for *_, questions in found for q in questions),
        clean=not (hidden or book.macro or book.author or book.formulas or personal or _names_beside(sheets)),
        already=len(book.grids) == 1 and _is_already(sheets, found, changes),
    )


def _names_beside(sheets: Sequence[SheetDraft]) -> bool:
    """Whether a person is named outside the tables: a signature, a contact."""
    for each in sheets:
        inside = {n for one in each.drafts for n in (*_header_rows(one), *(row.number for row in one.rows.data))}
        for number, row in enumerate(each.grid.rows, 1):
            if number not in inside and any(type(cell) is str and is_person_name(cell) for cell in row):
                return True
    return False


def _header_rows(one: Draft) -> range:
    header = one.region.header
    return range(header.top, header.bottom + 1) if header else range(0)


def _is_already(sheets: Sequence[SheetDraft], found: Sequence[Found], changes: Sequence[Change]) -> bool:
    """Whether the file is a tidy table as it is: one header in row 1, column A, and nothing was done to it."""
    if len(found) != 1 or changes or len(sheets) != 1 or sheets[0].grid.merges:
        return False
    table, (one, *others), _, questions = found[0]
    header = one.region.header
    if others or questions or header is None or (header.top, header.bottom) != (1, 1) or table.parts[0].left_out:
        return False
    last = max(table.parts[0].rows)
    written = [one.region.view.text(1, column.number) for column in one.columns]
    in_place = [column.number for column in one.columns] == list(range(1, len(one.columns) + 1))
    return (
        in_place
        and not table.parts[0].dropped
        and written == [f.label for f in table.fields]
        and last == len(one.region.grid.rows)
    )


def _sheet(grid: Grid, answers: Mapping[str, str]) -> SheetDraft:
    edits, traces = clean(grid)
    found = _asked_regions(grid, answers) or regions(grid)
    drafts = [made for region in found if (made := draft(region, answers)) is not None]
    return SheetDraft(grid, edits, traces, drafts)


def _asked_regions(grid: Grid, answers: Mapping[str, str]) -> list[Region]:
    """The table whose header row a person has named."""
    row = answers.get("header-row/", "")
    if not row.isdigit():
        return []
    return region_from(grid, int(row))


def _no_table(book: Book, wanted: str) -> Text:
    names = ", ".join(grid.name for grid in book.grids)
    if wanted and all(grid.name != wanted for grid in book.grids):
        return say("There is no sheet “{sheet}”; there are: {names}.", sheet=wanted, names=names)
    return say("No table was found: no row of headers with rows of data below it.")


def _secret(book: Book) -> Text | None:
    """Where a marking of secret papers stands; None without one. What it says is not repeated."""
    for grid in book.grids:
        if is_stamp(grid.name):
            return say("A marking of secret or internal papers is the name of a sheet. Nothing was written.")
        for row, cells in enumerate(grid.rows, 1):
            for column, cell in enumerate(cells, 1):
                if type(cell) is str and len(cell) < 61 and cell[:1] not in "0123456789" and is_stamp(cell):
                    place = f"{grid.name}!{cell_name(row, column)}".lstrip("!")
                    return say(
                        "A marking of secret or internal papers stands in {cell}. Nothing was written.", cell=place
                    )
    if any(is_stamp(line.strip()) for text in book.texts for line in _lines(text)):
        return say(
            "A marking of secret or internal papers stands in a header, footer or property. Nothing was written."
        )
    return None


def _lines(text: str) -> list[str]:
    return re.sub(r'&(?:"[^"]*"|K[0-9A-F]{6}|\d+|[A-Z])', "\n", text).splitlines()


# ---------------------------------------------------------------- stacking sheets


def _stacked(sheets: Sequence[SheetDraft]) -> list[list[Draft]]:
    """Tables that become one: each sheet has one, and all have the same header; else each is one."""
    drafts = [one for each in sheets for one in each.drafts]
    single = len(drafts) > 1 and all(len(each.drafts) == 1 for each in sheets if each.drafts)
    if single and len({tuple(_own(d)) for d in drafts}) == 1:
        return [drafts]
    return [[one] for one in drafts]


def _own(made: Draft) -> list[str]:
    """The labels without those made of headings, and without units (of numbers only)."""
    return [" ".join(c.label.lower().split()) for c in made.columns if c.number]


def _table(number: int, group: list[Draft], sheets: Sequence[SheetDraft]) -> Found:
    file = f"{number}.csv"
    names, made_up = _columns_of(group)
    rows: list[tuple[str, ...]] = []
    parts: list[Part] = []
    for one in group:
        columns = [_values(one, name, made_up) for name in names]
        part = list(zip(*columns, strict=True))
        parts.append(_part(one, len(rows) + 1, names, made_up))
        rows += part
    personal = _personal(names, rows[:: max(1, len(rows) // _LOOKED_AT)])
    fields = tuple(_field(position, names, group, position in personal) for position in range(len(names)))
    ids = naming.ids(names)
    fields = tuple(replace(f, id=short) for f, short in zip(fields, ids, strict=True))
    table = TidyTable(file, title_of(group[0].region), fields, tuple(rows), tuple(parts))
    warnings, asked = about_table(table, group, parts)
    warnings += [about_person(table, names[at], label) for at, label in sorted(personal.items())]
    return table, group, warnings, asked


def _personal(names: list[str], rows: Sequence[Sequence[str]]) -> dict[int, PersonalLabel]:
    """The columns that tell of people, by position: by what stands in them, or by their neighbours too."""
    judged = {at: classify_column(name, (row[at] for row in rows))[0] for at, name in enumerate(names)}
    found = {at: label for at, label in judged.items() if label is not PersonalLabel.NONE}
    beside = {p.column - 1: LABELS.get(p.trait, PersonalLabel.NAME) for p in personal_columns([names, *rows])}
    return beside | found


def _columns_of(group: list[Draft]) -> tuple[list[str], set[str]]:
    """The labels of the stacked table, and those that are made of headings or sheet names."""
    made_up = [c.label for one in group for c in one.columns if not c.number]
    own = [c.label for c in group[0].columns if c.number]
    first = [naming.SHEET] if len(group) > 1 else []
    names, _ = naming.distinct([*first, *dict.fromkeys(made_up), *own])
    return names, {*first, *made_up}


def _values(one: Draft, name: str, made_up: set[str]) -> list[str]:
    if name == naming.SHEET and name in made_up and all(c.label != name for c in one.columns if not c.number):
        return [one.region.grid.name] * len(one.rows.data)
    column = _column(one, name, made_up)
    return column.decided.values if column else [""] * len(one.rows.data)


def _column(one: Draft, name: str, made_up: set[str]) -> Column | None:
    lowered = " ".join(name.lower().split())
    return next(
        (
            c
            for c in one.columns
            if " ".join(c.label.lower().split()) == lowered and bool(c.number) != (name in made_up)
        ),
        None,
    )


def _part(one: Draft, first: int, names: list[str], made_up: set[str]) -> Part:
    numbers = tuple(row.number for row in one.rows.data)
    region = one.region
    header = tuple(_header_rows(one))
    columns = [c.number for c in one.columns if c.number] + ([one.rows.running] if one.rows.running else [])
    last = max([*numbers, *(row for row, why in one.rows.dropped)])
    rows = range(min([*header, *numbers]), last + 1)
    dropped = [*region.dropped, *one.rows.dropped]
    known = {*header, *numbers, *(row for row, _ in dropped)}
    dropped += [(row, "empty") for row in rows if row not in known]
    kept = {c.number for c in one.columns}
    left_out = [
        (letters(c), "running-number" if c == one.rows.running else "empty")
        for c in range(min(columns), max(columns) + 1)
        if c not in kept
    ]
    area = f"{letters(min(columns))}{rows[0]}:{letters(max(columns))}{last}"
    found = [_column(one, name, made_up) for name in names]
    sources = tuple(letters(c.number) if c and c.number else "" for c in found)
    return Part(region.grid.name, area, first, numbers, sources, tuple(sorted(dropped)), header, tuple(left_out))


def _field(position: int, names: list[str], group: list[Draft], personal: bool) -> Field:
    column = next((c for one in group for c in one.columns if c.label == names[position]), None)
    types = {c.decided.type for one in group for c in one.columns if c.label == names[position]}
    kind = next(iter(types)) if len(types) == 1 else "number" if types == {"integer", "number"} else "string"
    source = letters(column.number) if column and column.number else ""
    return Field(names[position], "", kind, column.unit if column else "", source, personal)


# ---------------------------------------------------------------- changes


def _all_changes(sheets: Sequence[SheetDraft], found: Sequence[Found]) -> list[Change]:
    """Every change in the order it was made; values of personal columns masked."""
    hidden = {
        (part.sheet, source)
        for table, _, _, _ in found
        for part in table.parts
        for field, source in zip(table.fields, part.sources, strict=True)
        if field.personal and source
    }
    changes = []
    for each in sheets:
        name = each.grid.name
        own = [Change(name, cell_name(e.row, e.column), e.before, e.after, e.rule) for e in each.edits]
        for one in each.drafts:
            own += one.changes
            for column in one.columns:
                own += [
                    Change(name, cell_name(one.rows.data[index].number, column.number), before, after, rule)
                    for index, before, after, rule in column.decided.changes
                ]
        changes += [_masked(change) if (name, _letters(change.cell)) in hidden else change for change in own]
    return changes


def _letters(cell: str) -> str:
    return cell.rstrip("0123456789")


def _masked(change: Change) -> Change:
    return replace(
        change,
        before=masked(change.before) if change.before else "",
        after=masked(change.after) if change.after else "",
    )
