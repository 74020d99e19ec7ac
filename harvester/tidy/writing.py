"""The tables of a cleaning on disk: CSV files, a Data Package that describes them, the report."""

import csv
import json
from pathlib import Path
from typing import Any, Literal

from checks.words import masked
from harvester.i18n import Language
from harvester.tidy.report import Field, Tidied, TidyTable

Headers = Literal["label", "id"]
PREVIEWED = 20
"""Rows of each table in the report."""


def write(tidied: Tidied, folder: Path, headers: Headers) -> None:
    """`1.csv`, `2.csv` …, `datapackage.json` into `folder`; nothing when the file was refused."""
    if tidied.refused:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for table in tidied.tables:
        with (folder / table.file).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([_heading(column, headers) for column in table.fields])
            writer.writerows(table.rows)
    (folder / "datapackage.json").write_text(_json(package(tidied, headers)), "utf-8")


def _heading(column: Field, headers: Headers) -> str:
    return column.label if headers == "label" else column.id


def package(tidied: Tidied, headers: Headers) -> dict[str, Any]:
    """The Data Package descriptor: schema and data dictionary of each table."""
    return {"profile": "tabular-data-package", "resources": [_resource(table, headers) for table in tidied.tables]}


def _resource(table: TidyTable, headers: Headers) -> dict[str, Any]:
    return {
        "name": f"table-{table.file.partition('.')[0]}",
        "path": table.file,
        **({"title": table.title} if table.title else {}),
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema(table, headers),
    }


def schema(table: TidyTable, headers: Headers) -> dict[str, Any]:
    """The Table Schema of a table; labels and units are its dictionary."""
    fields = []
    for column in table.fields:
        field: dict[str, Any] = {"name": _heading(column, headers), "type": column.type, "title": column.label}
        if column.type == "datetime":
            field["format"] = "%Y-%m-%d %H:%M:%S"
        if column.unit:
            field["unit"] = column.unit
        field["id"] = column.id
        fields.append(field)
    return {"fields": fields}


def report(tidied: Tidied, language: Language) -> dict[str, Any]:
    """The report with the first rows of each table, personal values masked."""
    told = tidied.to_json(language)
    for entry, table in zip(told["tables"], tidied.tables, strict=True):
        entry["preview"] = [
            [masked(cell) if column.personal and cell else cell for cell, column in zip(row, table.fields, strict=True)]
            for row in table.rows[:PREVIEWED]
        ]
    return told


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def write_report(tidied: Tidied, path: Path, language: Language) -> None:
    """The report as JSON; written on refusal too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = report(tidied, language)
    changes = told.pop("changes")  # may be very many: without indents they are written by C code
    lines = json.dumps(changes, ensure_ascii=False).replace("}, {", "},\n{")
    body = _json(told).rstrip().removesuffix("}").rstrip()
    path.write_text(f'{body},\n  "changes": {lines}\n}}\n', "utf-8")
