"""From a report and its tables back to the input, cell by cell: the proof that nothing was changed in silence."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Cell = tuple[str, str]
"""Name of the sheet and of the cell."""


def restored(report: Mapping[str, Any], tables: Mapping[str, Sequence[Sequence[str]]]) -> dict[Cell, str]:
    """The input's text of every cell that stands in a table. `tables`: rows of each file, without its header.

    Raises ValueError where a change does not fit what stands in the table.
    """
    changes: dict[Cell, list[Mapping[str, str]]] = {}
    for change in report["changes"]:
        changes.setdefault((change["sheet"], change["cell"]), []).append(change)
    found = {}
    for table in report["tables"]:
        for cell, value in _placed(table, tables[table["file"]]):
            for change in reversed(changes.get(cell, ())):
                if change["after"] != value:
                    raise ValueError(f"{cell}: the report says {change['after']!r}, the table {value!r}")
                value = change["before"]
            found[cell] = value
    return found


def _placed(table: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> Iterator[tuple[Cell, str]]:
    """Each cell of the table that comes from the sheet, with its place there."""
    at = 0
    for part in table["parts"]:
        numbers = _data_rows(table, part["sheet"], part["range"])
        for number, row in zip(numbers, rows[at : at + len(numbers)], strict=True):
            for column, value in zip(part["columns"], row, strict=True):
                if column:
                    yield (part["sheet"], f"{column}{number}"), value
        at += len(numbers)


def _data_rows(table: Mapping[str, Any], sheet: str, area: str) -> list[int]:
    first, last = (int(re.sub("[A-Z]", "", corner)) for corner in area.split(":"))
    out = {entry["row"] for entry in table["dropped_rows"] if entry.get("sheet", sheet) == sheet}
    header = {entry["row"] for entry in table["header"] if entry.get("sheet", sheet) == sheet}
    return [number for number in range(first, last + 1) if number not in out | header]
