"""One table of a sheet, tidied: labels, rows without headings and totals, cells as they shall stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harvester.i18n import say
from harvester.tidy import labels as naming
from harvester.tidy.cells import Grid, Value, cell_name, is_empty, letters, shown
from harvester.tidy.cleaning import Edit, Trace
from harvester.tidy.columns import decide
from harvester.tidy.decided import Decided, Look, Note
from harvester.tidy.groups import Rows, rows_of
from harvester.tidy.headers import Label
from harvester.tidy.layout import Region
from harvester.tidy.report import Asked, Change, TidyTable, Warning_
from harvester.tidy.totals import Mismatch, mismatches
from harvester.tidy.words import bare


@dataclass
class Column:
    """One column of the table in the making."""

    label: str
    decided: Decided
    number: int = 0  # on the sheet; 0 for one made of headings
    unit: str = ""


@dataclass
class Draft:
    """A table in the making, of one sheet."""

    region: Region
    rows: Rows
    columns: list[Column]
    notes: list[tuple[int, Note]] = field(default_factory=list)  # position of the column (-1: the table), note
    mismatches: list[Mismatch] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Its labels."""
        return [column.label for column in self.columns]


@dataclass
class SheetDraft:
    """What was found on one sheet."""

    grid: Grid
    edits: list[Edit]
    traces: list[Trace]
    drafts: list[Draft]


Found = tuple[TidyTable, list[Draft], list[Warning_], list[Asked]]
"""A table with what it was made of and what there is to say of it."""


def draft(region: Region, answers: Mapping[str, str]) -> Draft | None:
    """The table that a region is; None if nothing is left of it."""
    rows = rows_of(region)
    if not rows.data:
        return None
    made = Draft(region, rows, [])
    for label in _kept(region, rows):
        _add_column(made, label, answers)
    if not made.columns:
        return None
    _name_columns(made)
    made.mismatches = mismatches(made.region, rows, [(c.number, c.label) for c in made.columns])
    _add_groups(made)
    return made


def _kept(region: Region, rows: Rows) -> list[Label]:
    """The columns that stay: not the running number, not empty ones without a name; unnamed ones with data too."""
    named = {label.column: label for label in region.labels}
    numbers = [row.number for row in rows.data]
    kept = []
    for column in range(region.view.first, region.view.last + 1):
        label = named.get(column)
        if column == rows.running:
            continue
        if label is not None or any(not is_empty(region.view.value(n, column)) for n in numbers):
            kept.append(label or Label(column, ()))
    return kept


def _add_column(made: Draft, label: Label, answers: Mapping[str, str]) -> None:
    region, column = made.region, label.column
    numbers = [row.number for row in made.rows.data]
    cells, filled = _cells(region, column, numbers)
    levels, unit = naming.unit_and_levels(label)
    name = naming.named(levels, unit)
    decided = decide(name, cells, _look(region, column, numbers), _answer(answers, name))
    sheet = region.grid.name
    for index, before in filled.items():
        made.changes.append(
            Change(sheet, cell_name(numbers[index], column), before, shown(cells[index]), "merged-cells")
        )
    _strip(decided)
    made.columns.append(Column(name, decided, column, unit))


def _answer(answers: Mapping[str, str], name: str) -> str | None:
    return next((answer for key, answer in answers.items() if key.partition("/")[2] == name), None)


def _cells(region: Region, column: int, numbers: Sequence[int]) -> tuple[list[Value], dict[int, str]]:
    """The cells of a column in the rows of data, cells merged downwards filled; where that was done."""
    rows = region.grid.rows
    at = column - 1
    cells: list[Value] = [rows[n - 1][at] if at < len(rows[n - 1]) else None for n in numbers]
    filled = {}
    if region.view.covered:
        for index, number in enumerate(numbers):
            area = region.view.covered.get((number, column))
            if (
                area
                and area.left == area.right
                and area.top in set(numbers[max(0, index - 5000) : index + 1]) | {number}
            ):
                cells[index] = region.view.value(area.top, column)
                if cells[index] is not None:
                    filled[index] = ""
    return cells, filled


def _look(region: Region, column: int, numbers: Sequence[int]) -> Look:
    percent, widths = region.grid.percent.get(column, set()), region.grid.widths.get(column, {})
    if not percent and not widths:
        return Look()
    return Look(
        frozenset(i for i, number in enumerate(numbers) if number in percent),
        {i: widths[number] for i, number in enumerate(numbers) if number in widths},
    )


def _strip(decided: Decided) -> None:
    """Cells of spaces only are empty."""
    for index, value in enumerate(decided.values):
        if value and value.isspace():
            decided.change(index, "", "spaces")


def _name_columns(made: Draft) -> None:
    """Labels with the unit of the whole table, or of the cells; names for columns without; no two alike."""
    unit = made.region.unit
    for position, column in enumerate(made.columns):
        if not column.label:
            column.label = f"Cột {letters(column.number)}"
            if made.region.header is not None:
                told = say("column {column} of the sheet has no name.", column=letters(column.number))
                made.notes.append((position, Note("missing-header", told)))
        own = column.decided.unit
        if not column.unit:
            numeric = column.decided.numeric and unit and naming.takes_unit(column.label, unit)
            column.unit = own or (unit if numeric and "," not in unit and ";" not in unit else "")
            column.label = naming.named([column.label], column.unit)
    _make_distinct(made)


def _make_distinct(made: Draft) -> None:
    found, changed = naming.distinct(made.names)
    for position in changed:
        told = say("two columns are called “{name}”.", name=made.columns[position].label)
        made.notes.append((position, Note("duplicate-header", told)))
    for column, label in zip(made.columns, found, strict=True):
        column.label = label


def _add_groups(made: Draft) -> None:
    """Headings as columns at the left."""
    rows, levels = made.rows.data, made.rows.levels
    names = [naming.GROUP] if levels == 1 else [f"{naming.GROUP} {n}" for n in range(1, levels + 1)]
    added = [Column(name, Decided([row.groups[n] for row in rows])) for n, name in enumerate(names)]
    if made.rows.of_which:
        added.append(Column(naming.OF_WHICH, Decided([row.parent for row in rows])))
    shift = len(added)
    made.columns = added + made.columns
    made.notes = [(position + shift if position >= 0 else position, note) for position, note in made.notes]
    made.mismatches = [replace(m, position=m.position + shift) for m in made.mismatches]
    _make_distinct(made) if added else None


def title_of(region: Region) -> str:
    """What the lines above call the table."""
    return bare(" ".join(region.caption))
