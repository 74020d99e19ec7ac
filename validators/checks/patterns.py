"""Which texts a pattern or a date format certainly accepts: strict subsets of Python's own reading."""

import calendar
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]

from checks.arrow import Mask

Bytes = npt.NDArray[np.uint8]

_PLAIN = r"[^\\\[\]^&~|-]"
_SET = rf"\[-?(?:{_PLAIN}(?:-{_PLAIN})?|\\[dws.\-/])*-?(?<!\[)\]"
_SET_WITHOUT = rf"\[\^(?:{_PLAIN}(?:-{_PLAIN})?)+-?\]"  # no \d, \w, \s: what they leave out differs
_ATOM = rf"\\[dws.\-/()\[\]{{}}+*?|^$,:;#@& ]|[^\\\[\]{{}}()*+?|^$\n]|{_SET}|{_SET_WITHOUT}|\)"
_QUANTIFIER = r"(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?"
_KNOWN = re.compile(rf"(?:(?:{_ATOM}){_QUANTIFIER}|\((?:\?:)?(?![*+?{{])|\|)*")


def for_arrow(pattern: str) -> str | None:
    """A pattern for RE2 that finds only what Frictionless' `^pattern$` matches; None outside the common grammar.

    RE2 differs from Python in Unicode classes (here a subset), look-around, back references and `{,n}`.
    """
    if not _KNOWN.fullmatch(pattern):
        return None
    return f"^(?:^{pattern}$)"


_DIRECTIVES = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_BOUNDS = {"Y": (1, 9999), "m": (1, 12), "d": (1, 31), "H": (0, 23), "M": (0, 59), "S": (0, 59)}
_DAYS = np.array([[0, *(calendar.monthrange(year, month)[1] for month in range(1, 13))] for year in (2023, 2024)])


@dataclass(frozen=True)
class Template:
    """A date or time text of fixed width: where its numbers and its literals stand."""

    width: int
    numbers: tuple[tuple[str, int], ...]  # directive, start
    literals: tuple[tuple[int, int], ...]  # position, byte

    def accepts(self, cells: Bytes) -> tuple[Mask, dict[str, npt.NDArray[np.int64]]]:
        """Of cells (n, width): which are real dates or times written so, and the numbers in them."""
        good = np.ones(len(cells), dtype=bool)
        for position, literal in self.literals:
            good &= cells[:, position] == literal
        values = {}
        for directive, start in self.numbers:
            value = np.zeros(len(cells), dtype=np.int64)
            for position in range(start, start + _DIRECTIVES[directive]):
                digit = cells[:, position] - np.uint8(48)
                good &= digit < 10
                value = value * 10 + digit
            low, high = _BOUNDS[directive]
            good &= (value >= low) & (value <= high)
            values[directive] = value
        if "d" in values:
            year, month = values["Y"], np.minimum(values["m"], 12)
            leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
            good &= values["d"] <= _DAYS[leap.astype(np.int64), month]
        return good, values


def template(form: str) -> Template | None:
    """The template of a `strptime` format made of %Y %m %d %H %M %S between literals; None of any other."""
    numbers: list[tuple[str, int]] = []
    literals: list[tuple[int, int]] = []
    position, index, after_number = 0, 0, False
    while index < len(form):
        char = form[index]
        if char == "%":
            directive = form[index + 1 : index + 2]
            if directive not in _DIRECTIVES or after_number or directive in {name for name, _ in numbers}:
                return None
            numbers.append((directive, position))
            position, index, after_number = position + _DIRECTIVES[directive], index + 2, True
            continue
        if not char.isascii() or (char.isalnum() and char not in "TZ") or (char.isspace() and char != " "):
            return None
        literals.append((position, ord(char)))
        position, index, after_number = position + 1, index + 1, False
    names = {name for name, _ in numbers}
    whole_date = {"Y", "m", "d"} <= names or not {"Y", "m", "d"} & names
    return Template(position, tuple(numbers), tuple(literals)) if names and whole_date else None


def fixed(column: pa.StringArray, starts: npt.NDArray[np.int32], rows: Mask, width: int) -> Bytes:
    """The cells of `rows`, all `width` bytes long, as a matrix."""
    values: Bytes = np.frombuffer(column.buffers()[2], dtype=np.uint8)
    if rows.all():
        return values[starts[0] : starts[-1]].reshape(-1, width)
    found: Bytes = values[starts[:-1][rows][:, None] + np.arange(width, dtype=np.int32)]
    return found
