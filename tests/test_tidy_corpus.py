"""Workbooks as offices make them, each with its truth written by hand: all exact."""

import json
from pathlib import Path

import pytest

from harvester.tidy.cells import Grid, shown
from harvester.tidy.reading import read
from harvester.tidy.restoring import restored
from harvester.tidy.work import tidy
from harvester.tidy.writing import report, write

FOLDER = Path(__file__).parent / "data" / "workbooks"
FILES = sorted(path.with_suffix("") for path in FOLDER.glob("*.json"))


def test_the_corpus_is_large_enough():
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workbook_gives_exactly_its_truth(path: Path, tmp_path: Path):
    truth = json.loads((FOLDER / f"{path.name}.json").read_text("utf-8"))
    found = tidy(path)
    write(found, tmp_path, "label")
    expected = [(FOLDER / f"{path.name}.{n}.csv").read_text("utf-8") for n in range(1, truth["tables"] + 1)]
    assert [p.read_text("utf-8") for p in sorted(tmp_path.glob("*.csv"))] == expected
    assert sorted({warning.code for warning in found.warnings}) == truth["codes"]
    assert sorted({question.code for question in found.questions}) == truth["questions"]
    assert found.refused == truth["refused"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_report_and_tables_give_the_input_back(path: Path):
    found = tidy(path)
    told = report(found, "en")
    personal = {
        column
        for table in found.tables
        for part in table.parts
        for f, column in zip(table.fields, part.sources, strict=True)
        if f.personal
    }
    before = {grid.name: grid for grid in read(path).grids}
    rows = {table.file: [list(row) for row in table.rows] for table in found.tables}
    if personal:
        return  # masked: the original file alone has them
    for (sheet, cell), text in restored(told, rows).items():
        assert text == _text(before[sheet], cell), (sheet, cell)


def _text(grid: Grid, cell: str) -> str:
    from harvester.tidy.cells import column_number

    letters = cell.rstrip("0123456789")
    return shown(grid.value(int(cell[len(letters) :]), column_number(letters)))
