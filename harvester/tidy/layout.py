"""Where the tables of a sheet are: which rows are headers, data, totals, notes, and where one table ends."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from harvester.tidy.cells import Fault, Grid, is_empty
from harvester.tidy.headers import Header, Label, View, header_at, is_running_number
from harvester.tidy.words import (
    bare,
    is_note,
    is_of_which,
    is_preamble,
    is_prose,
    is_signature,
    is_total,
    is_unit,
    unit_line,
)

_TRIED = 8  # rows below a doubtful header in which a better one is looked for

_SETTLED = 500  # rows of a body that show which of its columns are numbers


@dataclass
class Region:
    """A table as it lies on its sheet; rows and columns 1-based."""

    view: View
    header: Header | None  # None: no row names the columns
    labels: tuple[Label, ...]
    body: list[int]  # rows with data, group headings and totals among them
    dropped: list[tuple[int, str]] = field(default_factory=list)
    caption: list[str] = field(default_factory=list)
    unit: str = ""  # of the line above

    @property
    def grid(self) -> Grid:
        """Its sheet."""
        return self.view.grid


def regions(grid: Grid) -> list[Region]:
    """The tables of a sheet, in reading order."""
    found = list(_down(View(grid)))
    apart = [part for region in found for part in _beside(region)]
    return apart or _without_header(grid)


def _down(view: View) -> Iterator[Region]:
    row, above = 1, 1
    last = len(view.grid.rows)
    while row <= last:
        header = _best_header(view, row)
        if header is None:
            row += 1
            continue
        region = Region(view, header, header.labels, [])
        _read_above(region, above, header.top)
        row = _read_body(region, header.bottom + 1, last)
        above = row
        region.labels = _with_unnamed(region)
        if region.body:
            yield region


def _best_header(view: View, row: int) -> Header | None:
    """The header at `row`, unless a row soon below names its columns better."""
    first = header_at(view, row)
    if (
        first is None
        or first.covered > 0.99
        or is_running_number(first.labels[0].levels[0] if first.labels[0].levels else "")
    ):
        return first
    for below in range(row + 1, row + _TRIED):
        later = header_at(view, below)
        if later and later.covered > first.covered + 0.15 and below <= first.bottom + 3:
            return None
    return first


def _read_above(region: Region, start: int, top: int) -> None:
    """Title and unit from the rows above the header."""
    for row in range(start, top):
        for column in region.view.filled(row):
            text = region.view.text(row, column)
            unit = unit_line(text)
            if unit is None and len(region.view.filled(row)) == 1 and len(text) < 30 and is_unit(text):
                unit = text
            if unit:
                region.unit = unit
            elif not is_preamble(text) and len(region.view.filled(row)) == 1:
                region.caption.append(text)
    region.caption = region.caption[-3:]


def _read_body(region: Region, row: int, last: int) -> int:
    """Fill the body; returns the row at which something else begins."""
    view, header = region.view, region.header
    assert header is not None  # noqa: S101  the caller found it
    columns = [label.column for label in region.labels]
    numeric: dict[int, int] = {}
    empty, noted = 0, False
    repeated = {texts for texts in header.texts if sum(map(bool, texts)) > 1}
    beginnings = {next(text for text in texts if text) for texts in repeated}
    while row <= last:
        cells = view.filled(row)
        if not cells:
            empty += 1
            row += 1
            continue
        if view.text(row, cells[0]) in beginnings and _texts(view, row) in repeated:
            region.dropped.append((row, "repeated-header"))
        elif noted or empty or len(cells) < 3:
            what = _other(region, row, cells, columns, noted, empty, numeric)
            if what == "table":
                break
            noted = noted or what == "note"
            if what:
                region.dropped.append((row, what))
            else:
                region.body.append(row)
        elif _is_new_table(region, row, numeric):
            break
        elif _is_signed(view, row, cells, numeric):
            noted = True
            region.dropped.append((row, "note"))
        else:
            region.body.append(row)
        if len(region.body) < _SETTLED and region.body and region.body[-1] == row:
            for column in cells:
                value = view.value(row, column)
                if isinstance(value, int | float):
                    numeric[column] = numeric.get(column, 0) + 1
        empty = 0
        row += 1
    _leave_titles(region)
    return row


def _with_unnamed(region: Region) -> tuple[Label, ...]:
    """The labels, with empty ones for columns that have data but no name."""
    named = {label.column: label for label in region.labels}
    used = {column for row in region.body for column in region.view.filled(row)}
    return tuple(named.get(column, Label(column, ())) for column in sorted(used | set(named)))


def _texts(view: View, row: int) -> tuple[str, ...]:
    return tuple(view.text(row, c) for c in range(view.first, view.last + 1))


def _other(
    region: Region,
    row: int,
    cells: list[int],
    columns: list[int],
    noted: bool,
    empty: int,
    numeric: dict[int, int],
) -> str:
    """What a row is that may not belong to the body: "table" (a new one), "note", or "" for data."""
    view = region.view
    first = view.text(row, cells[0])
    if _begins_table(region, row, noted, empty):
        return "table"
    if noted:
        return "note"
    if len(cells) <= 2 and (is_note(first) or (is_signature(first) and not _has_figures(view, row, cells))):
        return "note"
    if _is_signed(view, row, cells, numeric):
        return "note"
    if empty and region.body and len(cells) == 1 and cells[0] not in columns[:2] and not is_total(first):
        return "note"  # place and date, or an office, standing at the right
    if len(cells) == 1 and len(first) > 200:
        return "note"
    return ""


def _begins_table(region: Region, row: int, noted: bool, empty: int) -> bool:
    """Whether a header starts here, or below a few lines of title that start here."""
    view = region.view
    for ahead in range(row, min(row + 6, len(view.grid.rows) + 1)):
        cells = view.filled(ahead)
        if not cells:
            if not noted and not empty:
                return False
            continue
        if len(cells) >= 2:
            header = header_at(view, ahead)
            if header is None:
                if not all(is_preamble(view.text(ahead, c)) for c in cells):
                    return False
                continue
            return (noted and _looks_like_header(region, header)) or _is_other_header(region, header)
        if not isinstance(view.value(ahead, cells[0]), str) or is_total(view.text(ahead, cells[0])):
            return False
    return False


def _looks_like_header(region: Region, header: Header) -> bool:
    """After the notes of one table: a signature block is no header."""
    texts = [level for label in header.labels for level in label.levels]
    return not any(is_signature(text) or is_note(text) for text in texts)


def _is_other_header(region: Region, header: Header) -> bool:
    """Whether a header inside the body is surely another table's: numbered, or labels where numbers were."""
    view, mine = region.view, region.header
    first = next((label.levels[0] for label in header.labels if label.levels), "")
    texts = [level for label in header.labels for level in label.levels]
    if any((is_total(text) and text == first) or is_of_which(text) for text in texts[:1]):
        return False
    if is_running_number(first) or header.numbers:
        return True
    body = region.body[-200:]
    columns = {label.column for label in header.labels}
    figures = [c for c in columns if body and sum(_is_figure(view, r, c) for r in body) > len(body) / 2]
    own = mine is not None and texts and texts == [level for label in mine.labels for level in label.levels]
    bold = header.top in view.grid.bold_rows and not any(r in view.grid.bold_rows for r in body)
    contrast = any(_is_figure(view, header.bottom + 1, c) for c in columns)
    return bool(own or (figures and contrast) or (bold and len(columns) > 1 and header.covered > 0.9))


def _is_figure(view: View, row: int, column: int) -> bool:
    value = view.value(row, column)
    return isinstance(value, int | float) or (isinstance(value, str) and value.strip()[:1].isdigit())


def _is_new_table(region: Region, row: int, numeric: dict[int, int]) -> bool:
    """Whether a full row directly below data begins another table: its numbers' columns hold labels."""
    view = region.view
    first = next(iter(numeric), 0)
    if not first or type(view.value(row, first)) is not str:
        return False
    figures = [column for column, times in numeric.items() if times > 1]
    texts = [c for c in figures if type(view.value(row, c)) is str and not _is_figure(view, row, c)]
    if len(texts) < max(1, len(figures)) or len(region.body) < 2:
        return False
    header = header_at(view, row)
    return header is not None and _is_other_header(region, header)


def _has_figures(view: View, row: int, cells: list[int]) -> bool:
    return any(isinstance(view.value(row, c), int | float) for c in cells)


def _is_signed(view: View, row: int, cells: list[int], numeric: dict[int, int]) -> bool:
    """Whether the row begins a block of signatures: offices and dates, no figure, words where numbers stood."""
    if len(cells) > 5 or _has_figures(view, row, cells) or isinstance(view.value(row, cells[0]), Fault):
        return False
    signs = sum(is_signature(view.text(row, c)) for c in cells)
    misplaced = any(numeric.get(c, 0) > 1 and not _is_figure(view, row, c) for c in cells)
    return signs * 2 > len(cells) or (signs > 0 and misplaced)


def _leave_titles(region: Region) -> None:
    """Lines below the last row with data are no data: the next table's title, or notes without the word."""
    view = region.view
    while region.body:
        row = region.body[-1]
        cells = view.filled(row)
        if len(cells) > 1 or len(region.labels) < 2:
            break
        text = view.text(row, cells[0])
        if is_total(text) or _is_row_of_its_own(region, row, cells[0]):
            break
        region.dropped.append((region.body.pop(), "note"))


def _is_row_of_its_own(region: Region, row: int, column: int) -> bool:
    """A last row with one value only, where such rows are usual (two columns, a column mostly empty)."""
    single = sum(len(region.view.filled(r)) == 1 for r in region.body[:-1])
    return (len(region.labels) == 2 and single > 0) or not isinstance(region.view.value(row, column), str)


# ---------------------------------------------------------------- tables side by side, tables without a header


def _beside(region: Region) -> list[Region]:
    """The tables that stand side by side under one row of headers; the region itself if it is one table."""
    parts = list(_runs(region))
    if len(parts) < 2 or not _are_apart(region, parts):
        return [region]
    found = []
    for first, last in parts:
        view = View(region.grid, first, last)
        top = region.header.top if region.header else 1
        header = header_at(view, top)
        if header is None:
            return [region]
        part = Region(view, header, header.labels, [], [], list(region.caption), region.unit)
        _read_body(part, header.bottom + 1, max(region.body))
        part.labels = _with_unnamed(part)
        found.append(part)
    return found


def _runs(region: Region) -> Iterator[tuple[int, int]]:
    """First and last column of each run of columns that are not empty."""
    named = {label.column for label in region.labels if label.levels}
    rows = region.body[:200]
    used = {c for row in rows for c in region.view.filled(row)} | named
    start = None
    for column in range(region.view.first, region.view.last + 2):
        if column in used and start is None:
            start = column
        elif column not in used and start is not None:
            yield start, column - 1
            start = None


def _are_apart(region: Region, parts: list[tuple[int, int]]) -> bool:
    """Whether each run is a table: it has its own running numbers, the first one's labels, or rows of its own."""
    labels = [[x.levels for x in region.labels if first <= x.column <= last] for first, last in parts]
    if any(len(part) < 2 for part in labels):
        return False
    if all(part[0] and is_running_number(part[0][0]) for part in labels) or all(part == labels[0] for part in labels):
        return True
    view = region.view
    alone = 0
    for row in region.body:
        cells = view.filled(row)
        alone += any(all(not first <= c <= last for c in cells) for first, last in parts)
    return alone >= max(2, len(region.body) * 0.2)


def _without_header(grid: Grid) -> list[Region]:
    """The whole sheet as one table whose columns have no names, if it looks like one; a list of one column."""
    view = View(grid)
    rows = [row for row in range(1, len(grid.rows) + 1) if view.filled(row)]
    if not rows:
        return []
    used = sorted({c for row in rows for c in view.filled(row)})
    if len(used) == 1 and len(rows) > 1:
        return _one_column(view, rows, used[0])
    wide = [row for row in rows if len(view.filled(row)) > 1]
    if len(wide) < 2 or not any(_is_figure(view, row, c) for row in wide for c in view.filled(row)):
        return []
    count = max(len(view.filled(row)) for row in wide)
    full = [row for row in wide if len(view.filled(row)) > count / 2]
    if len(full) < 2 or len(full) < len(rows) / 2:
        return []
    columns = sorted({c for row in full for c in view.filled(row)})
    body = [row for row in rows if full[0] <= row <= full[-1]]
    region = Region(view, None, tuple(Label(c, ()) for c in columns), body)
    region.dropped = [(row, "note") for row in rows if row > full[-1]]
    return [region]


def _one_column(view: View, rows: list[int], column: int) -> list[Region]:
    """A list of short values below their name; a page of prose is no table."""
    cells = [view.grid.value(row, column) for row in rows]
    texts = [bare(cell) for cell in cells if isinstance(cell, str)]
    if any(is_prose(text) for text in texts) or not isinstance(cells[0], str):
        return []
    if rows != list(range(rows[0], rows[0] + len(rows))) or view.grid.merges or is_empty(cells[0]):
        return []
    name = bare(cells[0])
    header = Header(rows[0], rows[0], (Label(column, (name,)),))
    return [Region(view, header, header.labels, rows[1:])]


def region_from(grid: Grid, row: int) -> list[Region]:
    """The table whose header begins in `row`, as a person said; [] if none can."""
    view = View(grid)
    header = header_at(view, row) or header_at(view, row, sure=True)
    if header is None:
        return []
    region = Region(view, header, header.labels, [])
    _read_above(region, 1, row)
    _read_body(region, header.bottom + 1, len(grid.rows))
    region.labels = _with_unnamed(region)
    return [region] if region.body else []
