"""What the checks look at: one dataset with its files opened, read once for all checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from checks.columns import Personal, personal_columns
from harvester.model import Dataset, Finding, Resource, RuleSet, StoredFile, Table

SAMPLE = 50_000
"""Rows of a table kept for looking at values; a longer one is sampled evenly."""


class Kind(Enum):
    """What a file is by its bytes."""

    CSV = "CSV"
    TSV = "TSV"
    XLSX = "XLSX"
    ODS = "ODS"
    XLS = "XLS"
    JSON = "JSON"
    GEOJSON = "GeoJSON"
    XML = "XML"
    PARQUET = "Parquet"
    HTML = "HTML"
    PDF = "PDF"
    DOCUMENT = "DOC"  # a text or slides of an office suite
    IMAGE = "IMAGE"
    ZIP = "ZIP"
    ARCHIVE = "RAR"  # archives other than ZIP
    CUT = "CUT"  # a ZIP file, so perhaps a workbook, that is cut off or damaged
    LOCKED = "LOCKED"  # a workbook behind a password
    EMPTY = "EMPTY"
    BINARY = "BINARY"  # none of these

    @property
    def tabular(self) -> bool:
        """Whether rows can be read out of it."""
        return self in _TABULAR


_TABULAR = {Kind.CSV, Kind.TSV, Kind.XLSX, Kind.ODS, Kind.XLS, Kind.JSON, Kind.GEOJSON, Kind.XML, Kind.PARQUET}
WORKBOOKS = frozenset({Kind.XLSX, Kind.ODS, Kind.XLS})


@dataclass(frozen=True)
class Sheet:
    """One table of a file as text: every row once seen, at most `SAMPLE` of them kept."""

    name: str | None  # None: the file is the table
    rows: tuple[tuple[str, ...], ...]  # the header among them
    numbers: tuple[int, ...]  # their 1-based row in the file
    count: int  # all rows in the file, the header and blank ones among them
    stamps: tuple[tuple[int, int], ...] = ()  # (row, column), 1-based, of cells that are a secret marking
    hidden: bool = False  # the whole sheet
    hidden_parts: int = 0  # hidden rows and columns in it
    formulas: tuple[tuple[int, int], ...] = ()  # (row, column) of text that a spreadsheet would run
    data: tuple[tuple[Any, ...], ...] | None = None  # typed cells, where Frictionless cannot read the file itself

    @cached_property
    def personal(self) -> tuple[Personal, ...]:
        """Its columns that tell of people."""
        return personal_columns(self.rows)

    @property
    def header(self) -> tuple[str, ...]:
        """The first row."""
        return self.rows[0] if self.rows else ()


@dataclass(frozen=True)
class Opened:
    """One resource with its file, what the file is, and its tables."""

    resource: Resource
    stored: StoredFile
    kind: Kind
    encoding: str = ""
    sheets: tuple[Sheet, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)  # document properties, by name
    findings: tuple[Finding, ...] = ()  # of opening it

    @property
    def name(self) -> str:
        """The file's name as its owner knows it."""
        return name_of(self.resource)


@dataclass(frozen=True)
class Subject:
    """One dataset to be checked."""

    dataset: Dataset
    files: tuple[Opened, ...]
    missing: tuple[Resource, ...]  # no file was fetched
    rules: RuleSet | None
    tables: tuple[Table, ...] = ()
    table_findings: tuple[Finding, ...] = ()


def name_of(resource: Resource) -> str:
    """The file's name: that in the archive, else the last part of its address, else its key."""
    path = resource.member or (
        unquote(urlsplit(resource.address).path) if "://" in resource.address else resource.address
    )
    return PurePosixPath(path.replace("\\", "/")).name or resource.key


def column_letters(number: int) -> str:
    """The letters of the 1-based column `number` in a spreadsheet: 28 → "AB"."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """The cell as a spreadsheet names it: (17, 2) → "B17"."""
    return f"{column_letters(column)}{row}"


def any_data(sheets: Iterable[Sheet]) -> bool:
    """Whether any of them holds a row below its header."""
    return any(len(sheet.rows) > 1 for sheet in sheets)
