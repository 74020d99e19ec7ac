"""The records of a decision about a column, and the marks for "no value" that all kinds of columns share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harvester.i18n import Text, say

_LONGEST = 30  # characters of a mark

MISSING = re.compile(
    r"[-–—―]{1,5}|\(-\)|\.{2,}|…+|n/?a|#n/a|null|none|kxđ|k\.?x\.?đ\.?|không xác định|chưa xác định"
    r"|(?:không|chưa) có (?:số liệu|thông tin|dữ liệu)|\?+",
    re.I,
)
"""Marks that mean "no value" in a column of numbers or days."""

MARK = re.compile(r"[-–—―.…]+|\(-\)|n/?a|#n/a|null|kxđ|k\.?x\.?đ\.?", re.I)
"""Marks that mean "no value" in any column."""


@dataclass(frozen=True)
class Note:
    """Something to say of a column; `index` is the row of data it is about, from 0."""

    code: str
    message: Text
    index: int | None = None


@dataclass(frozen=True)
class Question:
    """What only a person can decide."""

    code: str
    choices: tuple[str, ...]
    answer: str | None = None


@dataclass
class Decided:
    """A column as it shall stand."""

    values: list[str]
    type: str = "string"  # of Table Schema
    unit: str = ""  # found in all its cells
    numeric: bool = False  # its cells are numbers, even where their convention is not known
    changes: list[tuple[int, str, str, str]] = field(default_factory=list)  # index, before, after, rule
    notes: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def change(self, index: int, after: str, rule: str) -> None:
        """Put `after` in a cell, and write it down."""
        before = self.values[index]
        if before != after:
            self.changes.append((index, before, after, rule))
            self.values[index] = after


@dataclass(frozen=True)
class Look:
    """What the sheet shows of a column besides its values; by index of the row of data."""

    percent: frozenset[int] = frozenset()
    widths: Mapping[int, int] = field(default_factory=dict)


def leave_empty(column: Decided, texts: Mapping[int, str], pattern: re.Pattern[str], note: bool = True) -> set[int]:
    """Marks that mean "no value" become empty; the indexes they stood at."""
    marked = {text for text in set(texts.values()) if text and len(text) < _LONGEST and pattern.fullmatch(text.strip())}
    found = {i: text.strip() for i, text in texts.items() if text in marked} if marked else {}
    for index in found:
        column.change(index, "", "missing-marker")
    if found and note:
        marks = ", ".join(sorted(set(found.values()))[:4])
        told = say("{n} cells hold a mark for “no value” ({marks}); they are left empty.", n=len(found), marks=marks)
        column.notes.append(Note("missing-marker", told, next(iter(found))))
    return set(found)
