"""Which rows of a table are headings of groups, totals and parts ("Trong đó"), and which are data.

Headings are known by their numbering (A, I, 1, 1.1, a, -), by standing alone in their row, by bold. Depth grows from
capital letters to dashes; a row is a heading if the next one is deeper.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from checks.words import fold
from harvester.tidy.cells import Fault, Value, is_empty
from harvester.tidy.headers import is_running_number
from harvester.tidy.layout import Region
from harvester.tidy.words import is_of_which, is_roman, is_total, numeral

LETTER, ROMAN, PLAIN, ARABIC, DOTTED, TWICE, SMALL, DASH = range(8)
_LEAF = 99


@dataclass(slots=True)
class Row:
    """One row of the body."""

    number: int  # on the sheet
    text: str  # its first text, running number apart
    mark: str  # its numbering
    values: int  # filled cells besides numbering and text
    groups: tuple[str, ...] = ()
    parent: str = ""  # of a row below "Trong đó"
    depth: int = _LEAF
    total: bool = False  # it sums up others


@dataclass
class Total:
    """A row that sums up others."""

    number: int  # on the sheet
    text: str
    over: list[int]  # rows of the sheet that it may sum up: its group, or all
    inside: list[int] = field(default_factory=list)  # of the group only
    sure: bool = True  # it says so; else a heading with values


@dataclass
class Rows:
    """What the body turned out to be."""

    data: list[Row]
    levels: int  # of groups
    dropped: list[tuple[int, str]]
    totals: list[Total]
    running: int | None  # the column of running numbers
    of_which: bool  # some row is a part of another


def rows_of(region: Region) -> Rows:
    """The rows of the body, sorted out."""
    running = running_column(region)
    text_column = _text_column(region, running)
    rows = [_row(region, number, running, text_column) for number in region.body]
    for row in rows:
        row.total = is_total(row.text)
    found = Rows([], 0, [], [], running, False)
    _set_depths(region, rows, running)
    _sort_out(region, rows, found)
    return found


def running_column(region: Region) -> int | None:
    """The column of running numbers: named so, or unnamed and counting from 1."""
    named = next((x for x in region.labels if x.levels and is_running_number(x.levels[-1])), None)
    if named is not None:
        values = [region.view.text(row, named.column) for row in region.body if len(region.view.filled(row)) > 1]
        kept = [value for value in values if value]
        marks = sum(bool(_mark_depth(value, "") is not None) for value in kept)
        return named.column if marks >= len(kept) * 0.5 else None
    first = region.labels[0]
    return first.column if not first.levels and region.header and _counts(region, first.column) else None


def _counts(region: Region, column: int) -> bool:
    values = [region.view.value(row, column) for row in region.body]
    numbers = [int(v) for v in values if isinstance(v, int) or (isinstance(v, str) and v.strip().isdigit())]
    return len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1))


def _text_column(region: Region, running: int | None) -> int:
    """The column that names the rows: the first one with texts."""
    columns = [label.column for label in region.labels if label.column != running]
    for column in columns:
        values = [region.view.value(row, column) for row in region.body[:200]]
        texts = [v for v in values if isinstance(v, str) and not re.fullmatch(r"[\d.,\s]*", v)]
        if len(texts) > sum(v is not None for v in values) / 2:
            return column
    return columns[0] if columns else region.labels[0].column


def _row(region: Region, number: int, running: int | None, text_column: int) -> Row:
    view = region.view
    mark = view.text(number, running) if running else ""
    cells = [c for c in view.filled(number) if c != running]
    text = view.text(number, text_column)
    used = text_column
    if not text:
        used = next((c for c in cells if isinstance(view.value(number, c), str)), 0)
        text = view.text(number, used) if used else ""
    if mark and _mark_depth(mark, "") is None:
        if not cells:
            return Row(number, mark, "", 0)  # a heading written in the column of running numbers
        if not text or is_total(mark) or is_of_which(mark):
            return Row(number, mark, "", len(cells))
    return Row(number, text, mark, len(cells) - (used in cells))


@lru_cache(maxsize=10_000)
def _mark_depth(mark: str, before: str) -> int | None:
    """The depth of a numbering; None if it is none. `before`: the last capital letter, which tells C from a numeral."""
    written = mark.strip().strip("().,:;-/ ") if mark.strip() not in ("-", "+", "*", "–", "•") else "-"
    if written == "-":
        return DASH
    if re.fullmatch(r"\d{1,6}", written):
        return ARABIC
    if re.fullmatch(r"\d+\.\d+", written):
        return DOTTED
    if re.fullmatch(r"\d+(\.\d+){2,3}", written):
        return TWICE
    if re.fullmatch("[A-Z]", written) and (written not in "CDILMVX" or (before and ord(written) == ord(before) + 1)):
        return LETTER
    if is_roman(written):
        return ROMAN
    if re.fullmatch("[A-ZĐ]", written):
        return LETTER
    return SMALL if re.fullmatch("[a-zđ]|[ivx]{1,4}", written) else None


# ---------------------------------------------------------------- depths


def _set_depths(region: Region, rows: list[Row], running: int | None) -> None:
    """The depth of each row by its numbering, else by its look; a total keeps that of data."""
    alone = _alone(region, rows, running)
    written = _numbered_texts(rows) if running is None else set()
    letter = ""
    last = _LEAF
    for row in rows:
        if row.total:
            continue
        in_text = row.number in alone or row.number in written
        mark, rest = (row.mark, row.text) if row.mark else numeral(row.text) if in_text else ("", row.text)
        depth = _mark_depth(mark, letter) if mark else None
        if depth == LETTER:
            letter = mark.strip("().,: ")
        if row.number in alone and (depth is None or not row.mark):
            depth = PLAIN if depth is None else depth
            row.text = rest
        elif depth is None and not row.mark and row.number in region.grid.bold_rows and _is_heading(region, rows, row):
            depth = PLAIN
        elif depth is None and running:
            depth = last if last >= ARABIC else _LEAF
        elif row.number in written:
            row.text = rest
        row.depth = _LEAF if depth is None else depth
        last = row.depth if row.mark else last


def _numbered_texts(rows: list[Row]) -> set[int]:
    """Rows whose text begins with a numeral ("I. Khai thác"), where such numerals count from the first one."""
    marked = [(row.number, numeral(row.text)[0]) for row in rows if not row.total]
    big = [(number, mark) for number, mark in marked if mark and (mark.isdigit() or mark.isupper())]
    if len(big) < 2 or big[0][1] not in ("I", "A", "1"):
        return set()
    return {number for number, mark in marked if mark}


def _alone(region: Region, rows: list[Row], running: int | None) -> set[int]:
    """Rows with one text only among rows that are full."""
    if len(region.labels) < 2 or not rows:
        return set()
    full = sorted(row.values for row in rows)[len(rows) * 3 // 4]  # headings may be more than the data
    columns = len(region.labels) - (running is not None)
    if columns < 2 or full < 1 or full < (columns - 1) / 2:
        return set()
    return {
        row.number for row in rows if row.values == 0 and row.text and not _is_counted(row) and _stands(region, row)
    }


def _is_counted(row: Row) -> bool:
    """A row with an ordinary running number is data, however empty."""
    return _mark_depth(row.mark, "") in (ARABIC, DOTTED, TWICE) if row.mark else False


def _stands(region: Region, row: Row) -> bool:
    """Whether the single text is where headings stand: in one of the first two columns, or merged over several."""
    cells = region.view.filled(row.number)
    first = min(label.column for label in region.labels)
    texts = [c for c in cells if isinstance(region.view.value(row.number, c), str)]
    if not texts:
        return False
    area = region.view.area(row.number, texts[0])
    return texts[0] <= first + 2 or area.right > area.left


def _is_heading(region: Region, rows: list[Row], row: Row) -> bool:
    """Whether a bold row with values heads the rows below: they are not bold, and add up to it or are numbered."""
    bold = region.grid.bold_rows
    at = rows.index(row)
    below = []
    for other in rows[at + 1 :]:
        if other.number in bold:
            break
        below.append(other)
    if not below or sum(r.number in bold for r in rows) > len(rows) / 2:
        return False
    if below[0].mark and not row.mark and _mark_depth(below[0].mark, "") is not None:
        return True
    sums = [_adds_up(region, row.number, [r.number for r in below], x.column) for x in region.labels]
    return any(sums) and None not in [s for s in sums if s is not None]


def _adds_up(region: Region, total: int, parts: list[int], column: int) -> bool | None:
    """Whether the numbers below add up to the one in the row; None if it has no number."""
    value = region.view.value(total, column)
    numbers = [region.view.value(row, column) for row in parts]
    figures = [n for n in numbers if isinstance(n, int | float)]
    if not isinstance(value, int | float) or not figures:
        return None
    return abs(sum(figures) - value) <= 0.005 * max(1.0, abs(value))


# ---------------------------------------------------------------- headings, totals, data


def _sort_out(region: Region, rows: list[Row], found: Rows) -> None:
    depths = sorted({row.depth for row, heads in _with_heads(rows) if heads})
    found.levels = len(depths)
    stack: dict[int, Row] = {}
    headings: list[tuple[Row, Total]] = []
    part_of: str | None = None
    last_name, inline = "", False  # inline: "Trong đó" has values of its own
    for row, heads in _with_heads(rows):
        if row.total and (row.values or not row.mark):
            found.dropped.append((row.number, "total"))
            found.totals.append(Total(row.number, row.text, [], _inside(stack)))
            continue
        if part_of is not None and row.mark and _mark_depth(row.mark, "") not in (DASH, SMALL):
            part_of = None
        if part_of is not None and found.running is None and inline and not row.text.startswith(("-", "+", "–")):
            part_of = None
        if is_of_which(row.text):
            part_of, inline = last_name, bool(row.values)
            if not row.values:
                found.dropped.append((row.number, "of-which"))
                continue
        if heads:
            part_of = None
            stack = {depth: head for depth, head in stack.items() if depth < row.depth} | {row.depth: row}
            found.dropped.append((row.number, "group"))
            if row.values:
                headings.append((row, Total(row.number, row.text, [], [], sure=False)))
            continue
        stack = {depth: head for depth, head in stack.items() if depth < row.depth or part_of is not None}
        row.groups = tuple(stack[depth].text if depth in stack else "" for depth in depths)
        row.parent = part_of or ""
        found.of_which = found.of_which or bool(part_of)
        last_name = last_name if part_of else row.text
        found.data.append(row)
        for head, total in headings:
            if stack.get(head.depth) is head and not row.parent:
                total.inside.append(row.number)
    _take_out_totals(region, found)
    found.totals += [total for _, total in headings]
    _give_scope(found)


def _take_out_totals(region: Region, found: Rows) -> None:
    """First and last rows called "Tổng …" that are no known total ("Tổng diện tích"), if they add up to the others."""
    for at in (0, -1):
        if len(found.data) < 3:
            return
        row = found.data[at]
        others = [other.number for other in found.data if other is not row and not other.parent]
        if not row.values or not fold(row.text).startswith(("tong ", "cong ")):
            continue
        sums = [_adds_up(region, row.number, others, label.column) for label in region.labels]
        if sums.count(True) > sums.count(False):
            found.data.remove(row)
            found.dropped.append((row.number, "total"))
            found.totals.append(Total(row.number, row.text, []))


def _with_heads(rows: list[Row]) -> Iterator[tuple[Row, bool]]:
    """Each row, and whether it is a heading: the next one that is no total is deeper."""
    following: Row | None = None
    told: list[tuple[Row, bool]] = []
    for row in reversed(rows):
        if row.total and (row.values or not row.mark):
            told.append((row, False))
            continue
        parts = is_of_which(row.text)
        heads = following is not None and following.depth > row.depth and not parts and not is_of_which(following.text)
        told.append((row, heads and _is_deeper(row, following)))
        following = row
    yield from reversed(told)


def _is_deeper(row: Row, following: Row | None) -> bool:
    """A numbered row followed by one without a number is not thereby a heading."""
    return following is not None and (row.depth <= PLAIN or bool(following.mark) or following.depth < _LEAF)


def _inside(stack: dict[int, Row]) -> list[int]:
    return [head.number for head in stack.values()]


def _give_scope(found: Rows) -> None:
    """What each total may sum up: all rows, or those of the group it stands in."""
    every = [row.number for row in found.data if not row.parent]
    for total in found.totals:
        if not total.sure:
            total.over = total.inside
            continue
        heads = total.inside
        start = max(heads, default=0)
        others = [other.number for other in found.totals if other.sure and start < other.number < total.number]
        total.inside = [number for number in every if max([start, *others]) < number < total.number]
        total.over = every


def is_fault(value: Value) -> bool:
    """Whether a formula went wrong in the cell."""
    return isinstance(value, Fault)


def is_blank(value: Value) -> bool:
    """Whether the cell is empty."""
    return is_empty(value)
