"""A known table dressed as offices dress it is recovered exactly; and nothing changes in silence."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.tidy.cells import Area, Book, Grid, cell_name, shown
from harvester.tidy.restoring import restored
from harvester.tidy.tidying import tidied
from harvester.tidy.writing import report

PLACES = (
    "Nghi Kim",
    "Hưng Lộc",
    "Diễn Phong",
    "Yên Hòa",
    "Thanh Lĩnh",
    "Tam Quang",
    "Châu Hội",
    "Đông Hiếu",
    "Nam Cát",
)
GROUPS = ("Khu vực đồng bằng", "Khu vực trung du", "Khu vực miền núi")
MEASURES = ("Dân số", "Diện tích", "Sản lượng", "Doanh thu", "Học sinh")


@dataclass(frozen=True)
class Dress:
    """How the table is dressed."""

    left: int  # empty columns before it
    titles: int
    unit: str
    running: bool
    levels: bool  # measures under a common label
    numbers: bool  # a row of column numbers
    groups: int
    numerals: bool
    total: bool
    total_first: bool
    gap: bool  # an empty row in the middle
    notes: int
    as_text: bool  # numbers as Vietnamese text


DRESSES = st.builds(
    Dress,
    left=st.integers(0, 2),
    titles=st.integers(0, 3),
    unit=st.sampled_from(("", "ha", "triệu đồng", "người")),
    running=st.booleans(),
    levels=st.booleans(),
    numbers=st.booleans(),
    groups=st.integers(0, 3),
    numerals=st.booleans(),
    total=st.booleans(),
    total_first=st.booleans(),
    gap=st.booleans(),
    notes=st.integers(0, 2),
    as_text=st.booleans(),
)
TABLES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(10_001, 10**6), st.integers(0, 500)), min_size=4, max_size=9
)


def dressed(dress: Dress, rows: list[tuple[int, ...]]) -> tuple[Grid, list[list[str]]]:
    """The sheet, and the table it means."""
    grid = Grid("Biểu 1", [])
    for title in ("UBND TỈNH NGHỆ AN", "BÁO CÁO TỔNG HỢP", "(Kèm theo Báo cáo số 12/BC-UBND)")[: dress.titles]:
        put(grid, dress, [title])
    if dress.unit:
        put(grid, dress, ["", "", "", f"Đơn vị tính: {dress.unit}"])
    measures = list(MEASURES[:3])
    labels = header(grid, dress, measures)
    expected = [[*(["Nhóm"] if dress.groups else []), "Xã", *labels]]
    body(grid, dress, rows, expected)
    for note in ("Ghi chú: số liệu sơ bộ", "Nguồn: Chi cục Thống kê")[: dress.notes]:
        put(grid, dress, [note])
    return grid, expected


def put(grid: Grid, dress: Dress, cells: list[object]) -> int:
    """Add a row; its number."""
    row = [None] * dress.left + [None if cell == "" else cell for cell in cells]
    while row and row[-1] is None:
        row.pop()
    grid.rows.append(row)
    return len(grid.rows)


def header(grid: Grid, dress: Dress, measures: list[str]) -> list[str]:
    """The header; what the labels of its measures shall be."""
    first = ["STT"] if dress.running else []
    start = dress.left + len(first) + 1
    unit = f" ({dress.unit})" if dress.unit else ""
    if dress.levels:
        top = put(grid, dress, [*first, "Xã", "Năm 2024", "", ""])
        put(grid, dress, [*([""] if first else []), "", *measures])
        grid.merges += [Area(top, column, top + 1, column) for column in range(dress.left + 1, start + 1)]
        grid.merges.append(Area(top, start + 1, top, start + len(measures)))
    else:
        put(grid, dress, [*first, "Xã", *measures])
    if dress.numbers:
        put(grid, dress, [f"({n})" for n in range(1, len(first) + len(measures) + 2)])
    return [f"Năm 2024 - {m}{unit}" if dress.levels else f"{m}{unit}" for m in measures]


def body(grid: Grid, dress: Dress, rows: list[tuple[int, ...]], expected: list[list[str]]) -> None:
    sums = [sum(column) for column in zip(*rows, strict=True)]
    total = ["Tổng cộng", *written(dress, sums)]
    lead = [""] if dress.running else []
    if dress.total and dress.total_first:
        put(grid, dress, [*lead, *total])
    size = -(-len(rows) // max(dress.groups, 1))
    for number, row in enumerate(rows):
        group = number // size
        if dress.groups and number % size == 0:
            mark = ("I", "II", "III")[group]
            name = GROUPS[group]
            if dress.running:
                put(grid, dress, [mark if dress.numerals else "", name])
            else:
                put(grid, dress, [f"{mark}. {name}" if dress.numerals else name])
            grid.bold_rows.add(len(grid.rows))
        if dress.gap and number == 2:
            put(grid, dress, [])
        put(grid, dress, [*([number + 1] if dress.running else []), f"Xã {PLACES[number]}", *written(dress, row)])
        values = [str(value) for value in row]
        expected.append([*([GROUPS[group]] if dress.groups else []), f"Xã {PLACES[number]}", *values])
    if dress.total and not dress.total_first:
        put(grid, dress, [*lead, *total])


def written(dress: Dress, row: tuple[int, ...] | list[int]) -> list[object]:
    """Numbers, or texts that leave no doubt: the last column has no thousands, the others decimals of nothing."""
    if not dress.as_text:
        return list(row)
    return [f"{value:,}".replace(",", ".") + ",0" if at < 2 else str(value) for at, value in enumerate(row)]


@settings(max_examples=250, deadline=None)
@given(DRESSES, TABLES)
def test_a_dressed_table_is_recovered(dress: Dress, rows: list[tuple[int, ...]]):
    grid, expected = dressed(dress, rows)
    before = {
        (grid.name, cell_name(r, c)): shown(v) for r, row in enumerate(grid.rows, 1) for c, v in enumerate(row, 1)
    }
    found = tidied(Book((grid,)))
    assert found.refused == ""
    assert len(found.tables) == 1
    table = found.tables[0]
    got = [[field.label for field in table.fields], *map(list, table.rows)]
    if dress.as_text:
        got = [[cell.removesuffix(".0") for cell in row] for row in got]
    assert got == expected
    assert [w.code for w in found.warnings if w.code == "total-mismatch"] == []
    back = restored(report(found, "en"), {table.file: [list(row) for row in table.rows]})
    assert {cell: before.get(cell, "") for cell in back} == back


@settings(max_examples=60, deadline=None)
@given(DRESSES, TABLES, st.integers(1, 9))
def test_a_wrong_total_is_told(dress: Dress, rows: list[tuple[int, ...]], wrong: int):
    dress = Dress(**{**vars(dress), "total": True, "total_first": False, "as_text": False, "notes": 0})
    grid, _ = dressed(dress, rows)
    grid.rows[-1][-1] += wrong
    found = tidied(Book((grid,)))
    assert [w.code for w in found.warnings] == ["total-mismatch"]
