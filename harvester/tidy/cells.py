"""What a file holds before anything is understood: sheets of typed cells, with what print forms say by their look."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal


class Fault(str):
    """A cell whose formula gave an error ("#DIV/0!"), or no stored value at all ("")."""

    __slots__ = ()


Value = None | str | int | float | bool | date | datetime | time
"""A cell: None is empty; a `Fault` is a str."""


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, 1-based, both ends inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Grid:
    """One sheet, row 1 first, column A first; rows may be of different lengths."""

    name: str
    rows: list[list[Value]]
    merges: list[Area] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)  # those with data
    hidden_columns: set[int] = field(default_factory=set)  # those with data
    bold_rows: set[int] = field(default_factory=set)  # every text in the row is bold
    percent: dict[int, set[int]] = field(default_factory=dict)  # column → rows shown as per cent
    widths: dict[int, dict[int, int]] = field(default_factory=dict)  # column → row → digits shown (format "00000")

    def value(self, row: int, column: int) -> Value:
        """The cell at the 1-based place; None outside."""
        if not 0 < row <= len(self.rows):
            return None
        cells = self.rows[row - 1]
        return cells[column - 1] if column <= len(cells) else None

    @property
    def width(self) -> int:
        """Columns up to the last filled one."""
        return max(map(len, self.rows), default=0)

    def column(self, number: int) -> Iterator[Value]:
        """The cells of a column, row 1 first."""
        return (row[number - 1] if number <= len(row) else None for row in self.rows)


@dataclass(frozen=True)
class Book:
    """A file, read."""

    grids: tuple[Grid, ...]
    macro: bool = False
    encoding: str = ""  # of a text file, when it is an old one
    texts: tuple[str, ...] = ()  # document properties, headers and footers
    author: bool = False  # its properties name an author
    formulas: bool = False  # refers to other workbooks
    broken_lines: int = 0  # lines of a text file in another encoding than the rest


def is_empty(value: Value) -> bool:
    """Whether nothing can be seen in the cell."""
    return value is None or (type(value) is str and (not value or value.isspace()))


def shown(value: Value) -> str:
    """A cell as text: 7.0 → "7", a midnight → its day, None → ""; numbers plain, days as in ISO 8601."""
    if value is None:
        return ""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    if kind is int:
        return str(value)
    if kind is float:
        return _plain(value)  # type: ignore[arg-type]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _plain(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def letters(number: int) -> str:
    """The letters of the 1-based column `number`: 28 → "AB"."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_number(name: str) -> int:
    """The number of the column named by letters: "AB" → 28."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number


def cell_name(row: int, column: int) -> str:
    """(17, 2) → "B17"."""
    return f"{letters(column)}{row}"
