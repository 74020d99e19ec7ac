"""Per field: which texts of a column certainly raise no error in Frictionless, without asking it.

A proof accepts a strict subset of what the field's own reader accepts, and never a missing value. What it leaves is
asked of that reader, once per distinct text. So a proof may be too careful, never too generous.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import compute

from checks import arrow, patterns
from checks.arrow import Mask, Numbers

CARELESS = {"required", "unique"}  # constraints that a present cell cannot break on its own


@dataclass(frozen=True)
class Text:
    """A column of text: its cells, where each begins, how many bytes it has."""

    cells: pa.StringArray
    starts: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]

    @classmethod
    def of(cls, cells: pa.StringArray) -> "Text":
        """The column `cells`, which holds no nulls."""
        starts = arrow.values(cells)
        return cls(cells, starts, np.diff(starts))

    @property
    def bytes(self) -> npt.NDArray[np.uint8]:
        """All its bytes, cell after cell."""
        buffer = self.cells.buffers()[2]
        if buffer is None:
            return np.zeros(0, dtype=np.uint8)
        return np.frombuffer(buffer, dtype=np.uint8)[self.starts[0] : self.starts[-1]]

    def rows_of(self, positions: Numbers) -> Numbers:
        """The row in which each of these positions of `bytes` lies."""
        rows: Numbers = np.searchsorted(self.starts, positions + self.starts[0], "right") - 1
        return rows


Proof = Callable[[Text], Mask]


def proof_of(field: Any, reader: Callable[[Any], tuple[Any, Any]], missing: Iterable[str]) -> Proof | None:
    """The proof for a Frictionless `field` whose cell reader is `reader`; None when there is none for its kind."""
    kind, constraints = field.type, {name: value for name, value in field.constraints.items() if value is not None}
    maker = _MAKERS.get(kind)
    texts = constraints.get("enum")
    if texts is None and kind == "boolean":
        texts = [*field.true_values, *field.false_values]
    if texts is not None:
        prove: Proof | None = _one_of(texts, reader)
    else:
        prove = maker(field, constraints) if maker else None
    return _without(prove, missing) if prove else None


def _without(prove: Proof, missing: Iterable[str]) -> Proof:
    texts = [text for text in missing if isinstance(text, str)]
    named = arrow.strings([text for text in texts if text])

    def present(column: Text) -> Mask:
        proven = prove(column)
        if "" in texts:
            proven = proven & (column.lengths > 0)
        if len(named):
            proven = proven & ~arrow.truths(compute.is_in(column.cells, value_set=named))
        return proven

    return present


def _one_of(texts: Iterable[Any], reader: Callable[[Any], tuple[Any, Any]]) -> Proof:
    good = [text for text in texts if isinstance(text, str) and _reads(reader, text)]
    allowed = arrow.strings(list(dict.fromkeys(good)))
    return lambda column: arrow.truths(compute.is_in(column.cells, value_set=allowed))


def _reads(reader: Callable[[Any], tuple[Any, Any]], text: str) -> bool:
    try:
        cell, notes = reader(text)
    except Exception:  # a reader that stumbles proves nothing
        return False
    return cell is not None and not notes


# ---------------------------------------------------------------- text


def _of_string(field: Any, constraints: dict[str, Any]) -> Proof | None:
    if field.type == "string" and field.format != "default":
        return None
    if set(constraints) - CARELESS - {"minLength", "maxLength", "pattern"}:
        return None
    low, high, pattern = (constraints.get(name) for name in ("minLength", "maxLength", "pattern"))
    regex = patterns.for_arrow(pattern) if pattern is not None else None
    if pattern is not None and (regex is None or not _compiles(regex)):
        return None

    def prove(column: Text) -> Mask:
        proven = np.ones(len(column.lengths), dtype=bool)
        if low is not None or high is not None:
            lengths = arrow.values(compute.utf8_length(column.cells))
            proven &= (lengths >= (0 if low is None else low)) & (lengths <= (1 << 30 if high is None else high))
        if regex is not None:
            proven &= arrow.truths(compute.match_substring_regex(column.cells, regex))
        return proven

    return prove


def _compiles(regex: str) -> bool:
    try:
        compute.match_substring_regex(arrow.strings([""]), regex)
    except pa.ArrowInvalid:
        return False
    return True


# ---------------------------------------------------------------- numbers

_MINUS, _POINT = 45, 46
_BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}


def _of_integer(field: Any, constraints: dict[str, Any]) -> Proof | None:
    bounds = bounds_of(field, constraints, int)
    if bounds is None:
        return None

    def prove(column: Text) -> Mask:
        proven = _digits(column, point=None, longest=18)
        return _bounded(column, proven, bounds, integers) if bounds and proven.any() else proven

    return prove


def _of_number(field: Any, constraints: dict[str, Any]) -> Proof | None:
    bounds = bounds_of(field, constraints, float)
    point, group = field.decimal_char, field.group_char
    if bounds is None or len(point) != 1 or not point.isascii() or point.isalnum() or point == "-":
        return None
    if group and (group in point or any(char.isdigit() or char == "-" for char in group)):
        return None
    simple = field.bare_number  # else what stands around the number is cut off, a point too

    def prove(column: Text) -> Mask:
        proven = _digits(column, point=ord(point) if simple else None, longest=30)
        if bounds and proven.any():
            return _bounded(column, proven, bounds, lambda cells: _floats(cells, point))
        return proven

    return prove


def _digits(column: Text, *, point: int | None, longest: int) -> Mask:
    """Cells made of ASCII digits with a minus before and at most one `point`, of at most `longest` characters."""
    lengths = column.lengths
    proven = (lengths > 0) & (lengths <= longest)
    text = column.bytes
    others = np.flatnonzero((text - np.uint8(48)) >= 10)
    if not len(others):
        return proven
    rows = column.rows_of(others)
    minus = (text[others] == _MINUS) & (others + column.starts[0] == column.starts[rows])
    points = (text[others] == point) & ~minus if point is not None else np.zeros(len(others), dtype=bool)
    proven[rows[~(minus | points)]] = False
    proven &= np.bincount(rows[points], minlength=len(lengths)) <= 1
    return proven & (np.bincount(rows, minlength=len(lengths)) < lengths)


def bounds_of(field: Any, constraints: dict[str, Any], kind: Callable[[Any], Any]) -> dict[str, Any] | None:
    """The bounds as numbers by name; None when a constraint is not understood."""
    if set(constraints) - CARELESS - _BOUNDS:
        return None
    read = field.create_value_reader()
    bounds = {}
    for name in set(constraints) & _BOUNDS:
        try:
            bounds[name] = kind(read(constraints[name]))
        except (ArithmeticError, TypeError, ValueError):
            return None
        if bounds[name] != bounds[name] or abs(bounds[name]) > 1 << 62:
            return None
    return bounds


def integers(cells: pa.StringArray) -> Numbers:
    """Texts proven to be integers of at most 18 digits, as numbers."""
    return arrow.values(cells.cast(pa.int64()))  # type: ignore[no-any-return]


def _floats(cells: pa.StringArray, point: str) -> npt.NDArray[np.float64]:
    text = cells if point == "." else compute.replace_substring(cells, point, ".")
    return arrow.values(text.cast(pa.float64()))  # type: ignore[no-any-return]


def _bounded(column: Text, proven: Mask, bounds: dict[str, Any], values: Callable[[pa.StringArray], Any]) -> Mask:
    """The proven cells that lie strictly within the bounds: rounding to a float keeps the order, so this is exact.

    What lies on a bound is left to the reader.
    """
    chosen = column.cells if proven.all() else arrow.chosen(column.cells, proven)
    try:
        numbers = values(chosen)
    except pa.ArrowInvalid:
        return np.zeros(len(proven), dtype=bool)
    result = proven.copy()
    result[proven] = within(numbers, bounds)
    return result


def within(numbers: Any, bounds: dict[str, Any]) -> Mask:
    """Which of these numbers lie strictly within the bounds."""
    inside = np.ones(len(numbers), dtype=bool)
    for name, bound in bounds.items():
        inside &= numbers > bound if name.endswith("inimum") else numbers < bound
    return inside


# ---------------------------------------------------------------- days and times

_DEFAULT_FORMATS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%dT%H:%M:%S", "time": "%H:%M:%S"}
_PARTS = {"date": "Ymd", "datetime": "YmdHMS", "time": "HMS"}


def _of_moment(field: Any, constraints: dict[str, Any]) -> Proof | None:
    default = field.format == "default"
    form = patterns.template(_DEFAULT_FORMATS[field.type] if default else field.format)
    bounds = _moments(field, constraints)
    if form is None or bounds is None:
        return None
    parts = _PARTS[field.type]
    if bounds and "Y" in parts and "Y" not in dict(form.numbers):
        return None
    utc = patterns.template(_DEFAULT_FORMATS[field.type] + "Z") if default and field.type != "date" else None
    forms = [form, utc] if utc and not bounds else [form]
    return lambda column: _moment_proof(column, forms, bounds, parts)


def _moment_proof(column: Text, forms: list[patterns.Template], bounds: dict[str, int], parts: str) -> Mask:
    proven = np.zeros(len(column.lengths), dtype=bool)
    for form in forms:
        rows = column.lengths == form.width
        if not rows.any():
            continue
        good, values = form.accepts(patterns.fixed(column.cells, column.starts, rows, form.width))
        if bounds:
            good &= within(_ordered(values, parts), bounds)
        proven[rows] = good
    return proven


_RADIX = {"Y": 1, "m": 13, "d": 32, "H": 24, "M": 60, "S": 60}


def _ordered(values: dict[str, Any], parts: str) -> Any:
    """One number that orders moments as their parts do."""
    number: Any = 0
    for part in parts:
        number = number * _RADIX[part] + values.get(part, 0)
    return number


def _moments(field: Any, constraints: dict[str, Any]) -> dict[str, int] | None:
    if set(constraints) - CARELESS - _BOUNDS:
        return None
    read, bounds = field.create_value_reader(), {}
    names = {"Y": "year", "m": "month", "d": "day", "H": "hour", "M": "minute", "S": "second"}
    for name in set(constraints) & _BOUNDS:
        try:
            moment = read(constraints[name])
        except (ArithmeticError, TypeError, ValueError):
            return None
        if moment is None or getattr(moment, "tzinfo", None) or getattr(moment, "microsecond", 0):
            return None
        parts = _PARTS[field.type]
        bounds[name] = int(_ordered({part: getattr(moment, names[part]) for part in parts}, parts))
    return bounds


def _of_year(field: Any, constraints: dict[str, Any]) -> Proof | None:
    if set(constraints) - CARELESS:
        return None
    return lambda column: _digits(column, point=None, longest=4) & (column.lengths == 4) & _unsigned(column)


def _unsigned(column: Text) -> Mask:
    unsigned = np.ones(len(column.lengths), dtype=bool)
    unsigned[column.rows_of(np.flatnonzero(column.bytes == _MINUS))] = False
    return unsigned


_MAKERS: dict[str, Callable[[Any, dict[str, Any]], Proof | None]] = {
    "string": _of_string,
    "any": _of_string,
    "integer": _of_integer,
    "number": _of_number,
    "date": _of_moment,
    "datetime": _of_moment,
    "time": _of_moment,
    "year": _of_year,
}
