"""The report of a cleaning: what was found, changed, dropped, asked. Its JSON is a contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.i18n import Language, Text


@dataclass(frozen=True)
class Change:
    """One cell that does not stand in the table as it stood in the file. `rule` says why it was changed."""

    sheet: str
    cell: str  # as in "B17"
    before: str
    after: str
    rule: str


@dataclass(frozen=True)
class Warning_:
    """Something a person should look at."""

    code: str
    message: Text
    table: str | None = None  # file name, "1.csv"
    column: str | None = None  # label
    row: int | None = None  # 1-based row of data
    sheet: str = ""
    cells: tuple[str, ...] = ()  # all of them on the sheet, where it is about cells


@dataclass(frozen=True)
class Asked:
    """A question about the data, with the answer if it was given before."""

    code: str
    table: str | None
    column: str | None
    choices: tuple[str, ...]
    answer: str | None = None


@dataclass(frozen=True)
class Field:
    """One column of a tidy table."""

    label: str
    id: str
    type: str  # of Table Schema
    unit: str = ""
    source: str = ""  # letters of its column on the sheet; "" for one made of headings or sheet names
    personal: bool = False  # no value of it is shown
    example: str = ""


@dataclass(frozen=True)
class Part:
    """The rows of a tidy table that come from one sheet."""

    sheet: str
    range: str
    first: int  # 1-based row of data of its first one
    rows: tuple[int, ...]  # rows of the sheet, in the order of the table
    sources: tuple[str, ...]  # letters of the sheet's column of each field; "" for a made one
    dropped: tuple[tuple[int, str], ...]  # row of the sheet and why
    header: tuple[int, ...] = ()  # rows of the sheet that name the columns
    left_out: tuple[tuple[str, str], ...] = ()  # column of the sheet and why


@dataclass(frozen=True)
class TidyTable:
    """One tidy table."""

    file: str
    title: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[str, ...], ...]
    parts: tuple[Part, ...]

    def to_json(self) -> dict[str, Any]:
        """Its entry in the report."""
        several = len(self.parts) > 1
        return {
            "file": self.file,
            "title": self.title,
            "sheet": ", ".join(part.sheet for part in self.parts),
            "range": self.parts[0].range if not several else ", ".join(f"{p.sheet}!{p.range}" for p in self.parts),
            "parts": [{"sheet": p.sheet, "range": p.range, "columns": list(p.sources)} for p in self.parts],
            "rows": len(self.rows),
            "columns": [column.label for column in self.fields],
            "fields": [
                {"label": f.label, "id": f.id, "type": f.type, "unit": f.unit or None, "source": f.source or None}
                for f in self.fields
            ],
            "header": [
                {"row": row, **({"sheet": part.sheet} if several else {})} for part in self.parts for row in part.header
            ],
            "dropped_columns": [
                {"column": column, "why": why, **({"sheet": part.sheet} if several else {})}
                for part in self.parts
                for column, why in part.left_out
            ],
            "dropped_rows": [
                {"row": row, "why": why, **({"sheet": part.sheet} if several else {})}
                for part in self.parts
                for row, why in part.dropped
            ],
        }


@dataclass(frozen=True)
class Tidied:
    """What became of a file."""

    tables: tuple[TidyTable, ...] = ()
    changes: tuple[Change, ...] = ()
    warnings: tuple[Warning_, ...] = ()
    questions: tuple[Asked, ...] = ()
    refused: str = ""  # the code of the reason
    why: Text = field(default_factory=lambda: Text("", {}))
    clean: bool = True  # the original may stand beside the tables
    already: bool = False  # the file is a tidy table as it is

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's report."""
        return {
            "refused": bool(self.refused),
            "reason": self.refused or None,
            "message": self.why.render(language) or None,
            "tables": [table.to_json() for table in self.tables],
            "changes": [
                {"sheet": c.sheet, "cell": c.cell, "before": c.before, "after": c.after, "rule": c.rule}
                for c in self.changes
            ],
            "warnings": [
                {
                    "code": w.code,
                    "message": w.message.render(language),
                    "table": w.table,
                    "column": w.column,
                    "row": w.row,
                    "sheet": w.sheet or None,
                    "cell": w.cells[0] if w.cells else None,
                }
                for w in self.warnings
            ],
            "questions": [
                {
                    "code": q.code,
                    "table": q.table,
                    "column": q.column,
                    "choices": list(q.choices),
                    "answer": q.answer,
                }
                for q in self.questions
            ],
        }


Answers = Mapping[str, str]
"""What a person answered before: by "code/column label", or "sheet" and "header-row"."""
