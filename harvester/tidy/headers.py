"""Finding the header of a table: one to three rows, with merged cells, a row of units, a row of column numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from checks.words import fold
from harvester.tidy.cells import Area, Grid, Value, shown
from harvester.tidy.words import NUMBERED, STT, bare, is_office, is_preamble, is_unit

_LONGEST = 150  # characters of one level of a header
_DEEPEST = 4  # rows of one header, units included
_BELOW = 40  # rows looked at below a header
_COVERED = 0.6  # share of the columns below that have a label


class View:
    """A grid with its merged cells looked up by place."""

    def __init__(self, grid: Grid, first: int = 1, last: int | None = None) -> None:
        self.grid = grid
        self.first, self.last = first, last or grid.width  # columns looked at
        self.anchors = {(area.top, area.left): area for area in grid.merges}
        self.covered = {
            (row, column): area
            for area in grid.merges
            if (area.bottom - area.top + 1) * (area.right - area.left + 1) < 100_000
            for row in range(area.top, area.bottom + 1)
            for column in range(area.left, area.right + 1)
            if (row, column) != (area.top, area.left)
        }

    def filled(self, row: int) -> list[int]:
        """The columns with something in them (texts of spaces only are gone since `clean`)."""
        cells = self.grid.rows[row - 1] if 0 < row <= len(self.grid.rows) else []
        if self.first > 1 or len(cells) > self.last:
            return [n for n in range(self.first, min(self.last, len(cells)) + 1) if cells[n - 1] is not None]
        return [n for n, cell in enumerate(cells, 1) if cell is not None]

    def value(self, row: int, column: int) -> Value:
        """The cell."""
        return self.grid.value(row, column)

    def text(self, row: int, column: int) -> str:
        """The cell as one line of text."""
        return bare(shown(self.grid.value(row, column)))

    def area(self, row: int, column: int) -> Area:
        """The merged cells that the place belongs to, else itself."""
        return self.covered.get((row, column)) or self.anchors.get((row, column)) or Area(row, column, row, column)


@dataclass(frozen=True)
class Label:
    """What stands above one column."""

    column: int
    levels: tuple[str, ...]  # from the outermost
    unit: str = ""  # of a row of units


@dataclass(frozen=True)
class Header:
    """The header of a table."""

    top: int
    bottom: int  # its last row, units and column numbers included
    labels: tuple[Label, ...]
    numbers: int | None = None  # the row of column numbers
    covered: float = 1.0
    texts: tuple[tuple[str, ...], ...] = field(default=(), compare=False)  # its rows, to know a repetition by


def is_year(value: Value) -> bool:
    """Whether a number or text can be a year or a month in a header."""
    return bool(re.fullmatch(r"(?:19|20)\d\d|(?:1[0-2]|0?[1-9])/(?:19|20)\d\d", shown(value).strip()))


def is_label(value: Value) -> bool:
    """Whether a cell can be part of a header."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | date | datetime):
        return False
    if isinstance(value, str):
        text = value.strip()
        return len(text) <= _LONGEST and (not _is_figure(text) or is_year(text))
    return isinstance(value, date) or is_year(value)


def _is_figure(text: str) -> bool:
    return bool(re.fullmatch(r"[-+(]?\s*\d[\d.,\s/:-]*\s*[%)]?", text))


def header_at(view: View, row: int, *, sure: bool = False) -> Header | None:
    """The header whose first row is `row`; None if none begins there. `sure`: a person says that one does."""
    cells = view.filled(row)
    if sure and cells:
        labels = tuple(_labels(view, row, row, False))
        return Header(row, row, labels, texts=(tuple(view.text(row, c) for c in range(view.first, view.last + 1)),))
    if len(cells) < 2 or any(not is_label(view.value(row, c)) or is_preamble(view.text(row, c)) for c in cells):
        return None
    if len(cells) <= 3 and any(is_office(view.text(row, c)) for c in cells):
        return None
    bottom = _depth(view, row, cells)
    units = _is_unit_row(view, bottom + 1) if bottom + 1 - row < _DEEPEST else False
    numbers = bottom + 1 + units if _is_number_row(view, bottom + 1 + units) else None
    labels = tuple(_labels(view, row, bottom, units))
    end = numbers or bottom + units
    share = _share_covered(view, end, labels)
    if share is None or share < _COVERED:
        return None
    texts = tuple(tuple(view.text(r, c) for c in range(view.first, view.last + 1)) for r in range(row, end + 1))
    return Header(row, end, labels, numbers, share, texts)


def _depth(view: View, row: int, cells: list[int]) -> int:
    """The last row of the levels: as deep as its merged cells, and on while rows only fill in below wide labels."""
    bottom = max(view.area(row, c).bottom for c in cells)
    if bottom - row >= _DEEPEST:
        bottom = row
    while bottom + 1 - row < _DEEPEST and _continues(view, row, bottom):
        bottom += 1
    return bottom


def _continues(view: View, top: int, bottom: int) -> bool:
    """Whether the next row is a level too: labels only, and none below a label that is already narrow."""
    below = view.filled(bottom + 1)
    if not below or any(not _is_lower_label(view, bottom + 1, c) for c in below):
        return False
    if _is_unit_row(view, bottom + 1) or _is_number_row(view, bottom + 1):
        return False
    wide = {c for c in below if _is_wide(view, top, bottom, c)}
    open_ = {c for c in below if not any(_at(view, r, c) for r in range(top, bottom + 1))}
    return bool(wide) and len(wide) + len(open_) == len(below)


def _is_lower_label(view: View, row: int, column: int) -> bool:
    value = view.value(row, column)
    return is_label(value) or (isinstance(value, int) and 0 < value <= 31)  # months, days


def _at(view: View, row: int, column: int) -> str:
    """The label that covers the place, merged cells included."""
    area = view.area(row, column)
    return view.text(area.top, area.left)


def _is_wide(view: View, top: int, bottom: int, column: int) -> bool:
    """Whether the label above reaches over several columns: merged, or followed by cells this level fills."""
    area = view.area(bottom, column)
    if area.right > area.left:
        return bool(view.text(area.top, area.left))
    if view.anchors.get((bottom, column)) or (bottom, column) in view.covered:
        return False
    owner = next((c for c in range(column, view.first - 1, -1) if _at(view, bottom, c)), None)
    if owner is None or view.area(bottom, owner).right > view.area(bottom, owner).left:
        return False
    filled = set(view.filled(bottom + 1))
    beyond = [c for c in sorted(filled) if c > owner]
    free = beyond and not _at(view, bottom, beyond[0]) and beyond[0] == owner + 1
    return bool(free) and owner in filled


def _is_unit_row(view: View, row: int) -> bool:
    """Whether the row gives units in brackets below the labels."""
    cells = [view.text(row, c) for c in view.filled(row)]
    inner = [c.strip("() ") for c in cells if (c.startswith("(") and c.endswith(")")) or c == "%"]
    return bool(cells) and len(inner) == len(cells) and all(is_unit(text) for text in inner)


def _is_number_row(view: View, row: int) -> bool:
    """Whether the row numbers the columns: (1) (2) (3)=(1)+(2), or A B 1 2 3."""
    cells = [view.text(row, c) for c in view.filled(row)]
    if len(cells) < 2 or not all(NUMBERED.fullmatch(cell) for cell in cells):
        return False
    numbers = [int(found[0]) for cell in cells if (found := re.match(r"\d+", cell.lstrip("(")))]
    letters = [cell.strip("() ") for cell in cells if not re.match(r"\d", cell.lstrip("("))]
    if letters and not (
        letters[0] in ("A", "a") and [x.upper() for x in letters] == sorted({x.upper() for x in letters})
    ):
        return False
    if not numbers:
        return False
    enough = len(cells) > 2 or all(cell.startswith("(") for cell in cells)
    return enough and numbers[0] <= 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _labels(view: View, top: int, bottom: int, units: bool) -> Iterator[Label]:
    for column in range(view.first, view.last + 1):
        levels: list[str] = []
        areas = set()
        for row in range(top, bottom + 1):
            area = view.area(row, column)
            text = view.text(area.top, area.left) or _implied(view, row, bottom, column)
            if text and area not in areas and (not levels or levels[-1] != text):
                levels.append(text)
            areas.add(area)
        unit = view.text(bottom + 1, column).strip("() ") if units else ""
        if levels or unit:
            yield Label(column, tuple(levels), unit)


def _implied(view: View, row: int, bottom: int, column: int) -> str:
    """The label to the left, where its cells were not merged but the level below divides it."""
    if row == bottom or (row, column) in view.covered:
        return ""
    below = any(view.text(r, column) for r in range(row + 1, bottom + 1))
    owner = next((c for c in range(column - 1, view.first - 1, -1) if _at(view, row, c)), None)
    if not below or owner is None or view.area(row, owner).right > owner or view.area(row, owner).bottom > row:
        return ""
    divided = all(any(view.text(r, c) for r in range(row + 1, bottom + 1)) for c in range(owner, column))
    return _at(view, row, owner) if divided else ""


def _share_covered(view: View, end: int, labels: tuple[Label, ...]) -> float | None:
    """The share of the columns filled below that have a label; None if there is no table below."""
    used: dict[int, int] = {}
    fullest = 0
    for row in range(end + 1, min(end + _BELOW, len(view.grid.rows)) + 1):
        cells = view.filled(row)
        fullest = max(fullest, len(cells))
        for column in cells:
            used[column] = used.get(column, 0) + 1
    named = {label.column: label.levels for label in labels}
    different = len(set(named.values()))
    if fullest < 2 or different < 2 or not used:
        return None
    regular = [c for c, times in used.items() if times > max(used.values()) * 0.1]
    return min(sum(c in named for c in regular) / len(regular), different / max(len(named), 1))


def is_running_number(label: str) -> bool:
    """Whether the label is that of the column of running numbers."""
    return fold(label) in STT
