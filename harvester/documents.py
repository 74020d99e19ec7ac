"""One configuration document, read strictly: every mistake is named by file, line and key, with the nearest right word.

Raises ConfigurationError with CFG-002 not readable as UTF-8, TOML or CSV; CFG-003 unknown key or column; CFG-004 wrong
type; CFG-005 missing key or column; CFG-006 a value that cannot be.
"""

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from harvester.errors import ConfigurationError
from harvester.i18n import Text, say
from harvester.model import Place
from harvester.names import nearest

KeyPath = tuple[str | int, ...]
"""Where a value stands in a TOML document: ("targets", 1, "share")."""


@dataclass(frozen=True)
class Section:
    """One table of a TOML document. First say with `keys` what may stand in it, then ask for the values."""

    file: str
    lines: Mapping[KeyPath, int]
    values: Mapping[str, Any]
    path: KeyPath = ()

    def keys(self, needed: Collection[str], allowed: Collection[str] = ()) -> None:
        """Raise CFG-003 for a key that is neither needed nor allowed, CFG-005 for a needed one without a value."""
        known = sorted({*needed, *allowed})
        for key in self.values:
            if key not in known:
                near = nearest(key, known)
                words = ", ".join(f"`{word}`" for word in known)
                remedy = say("Did you mean `{near}`?", near=near) if near else say("Known here: {words}.", words=words)
                raise self.wrong("CFG-003", key, say("Unknown key `{key}`.", key=key[:100]), remedy)
        for key in needed:
            if self.values.get(key) in (None, ""):
                raise self._missing(key)

    def text(self, key: str, default: str = "") -> str:
        """A string, without blanks around it."""
        return str(self._value(key, str, default, say("text in quotes"))).strip()

    def word(self, key: str, allowed: Collection[str], default: str = "") -> str:
        """A string that is one of the allowed words."""
        value = self.text(key, default)
        if not value and value not in allowed:
            raise self._missing(key)
        if value not in allowed:
            words = ", ".join(f"`{word}`" for word in sorted(allowed))
            near = nearest(value, allowed)
            remedy = say("Did you mean `{near}`?", near=near) if near else say("Write one of: {words}.", words=words)
            message = say("`{value}` is not a word that `{key}` knows.", value=value[:100], key=key)
            raise self.wrong("CFG-006", key, message, remedy)
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        return bool(self._value(key, bool, default, say("true or false, without quotes")))

    def whole(self, key: str, default: int = 0) -> int:
        """An integer that is not negative."""
        value = int(self._value(key, int, default, say("a whole number, without quotes")))
        if value < 0:
            raise self.wrong("CFG-006", key, say("`{key}` is less than 0.", key=key), say("Write 0 or more."))
        return value

    def number(self, key: str, default: float = 0.0) -> float:
        """An integer or a float."""
        value: float = self._value(key, int | float, default, say("a number, without quotes"))
        return value

    def day(self, key: str) -> date | None:
        """A TOML date, or an ISO date in quotes; None when absent."""
        value = self._value(key, date | str, None, say("a day such as 2024-07-31"))
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        try:
            return date.fromisoformat(str(value).strip())
        except ValueError as error:
            message = say("`{value}` is not a day.", value=str(value)[:100])
            remedy = say("Write `{key} = 2024-07-31` (year, month, day).", key=key)
            raise self.wrong("CFG-006", key, message, remedy) from error

    def due(self, key: str) -> date:
        """A day that must be there."""
        value = self.day(key)
        if value is None:
            raise self._missing(key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        expected = say('a list of texts such as ["a", "b"]')
        value = self._value(key, list, [], expected)
        if not all(isinstance(item, str) for item in value):
            raise self._mistyped(key, expected)
        return tuple(item.strip() for item in value)

    def section(self, key: str) -> "Section":
        """The table under `key`; an empty one when absent."""
        expected = say("a table of its own, begun by a line [{key}]", key=key)
        return self._inner(key, self._value(key, dict, {}, expected))

    def sections(self, key: str) -> tuple["Section", ...]:
        """The tables of the list under `key`, each begun by [[key]]."""
        expected = say("a list of tables, each begun by a line [[{key}]]", key=key)
        value = self._value(key, list, [], expected)
        if not all(isinstance(item, dict) for item in value):
            raise self._mistyped(key, expected)
        return tuple(self._inner(key, item, index) for index, item in enumerate(value))

    def by_key(self) -> Iterator[tuple[str, "Section"]]:
        """The tables in this one with their keys: [rules.C01], [rules.C02] …"""
        for key in self.values:
            yield key, self.section(key)

    def mapping(self) -> dict[str, str]:
        """This whole table as key → text."""
        return {key: self.text(key) for key in self.values}

    def wrong(self, code: str, key: str, message: Text, remedy: Text) -> ConfigurationError:
        """The error for a mistake at `key` ("" for the table as a whole)."""
        path = (*self.path, key) if key else self.path
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1)
        return mistake(code, self.file, line, key or None, message, remedy)

    def _value(self, key: str, kind: Any, default: Any, expected: Text) -> Any:
        value = self.values.get(key, default)
        if value is not default and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise self._mistyped(key, expected)
        return value

    def _missing(self, key: str) -> ConfigurationError:
        message = say("The key `{key}` is missing.", key=key)
        return self.wrong("CFG-005", "", message, say("Add a line `{key} = …`.", key=key))

    def _mistyped(self, key: str, expected: Text) -> ConfigurationError:
        message = say("The value of `{key}` is of the wrong type.", key=key)
        return self.wrong("CFG-004", key, message, say("Write {expected}.", expected=expected))

    def _inner(self, key: str, values: Mapping[str, Any], index: int | None = None) -> "Section":
        path = (*self.path, key) if index is None else (*self.path, key, index)
        return Section(self.file, self.lines, values, path)


def toml(file: str, content: bytes) -> Section:
    """The document as its outermost table; `file` is the name that messages show."""
    text = _decoded(file, content)
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and numbers of 5,000 digits
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = say("This is not TOML: {reason}.", reason=str(error).split(" (at ")[0][:200])
        remedy = say('Texts stand in quotes, days and numbers without: title = "…", due = 2024-07-31.')
        raise mistake("CFG-002", file, line, None, message, remedy) from error
    return Section(file, _lines(text), values)


@dataclass(frozen=True)
class Row:
    """One line of a CSV document: its cells by column, and its line number."""

    file: str
    line: int
    cells: Mapping[str, str]

    def day(self, column: str) -> date | None:
        """An ISO date; None when the cell is empty."""
        try:
            return date.fromisoformat(self.cells[column]) if self.cells[column] else None
        except ValueError as error:
            message = say("`{value}` is not a day.", value=self.cells[column][:100])
            remedy = say("Write year-month-day, such as 2025-03-01, or leave the cell empty.")
            raise self.wrong("CFG-006", column, message, remedy) from error

    def word(self, column: str, allowed: Collection[str]) -> str:
        """One of the allowed words."""
        value = self.cells[column]
        if value not in allowed:
            message = say("`{value}` is not a word that column {column} knows.", value=value[:100], column=column)
            words = ", ".join(f"`{word}`" for word in allowed)
            raise self.wrong("CFG-006", column, message, say("Write one of: {words}.", words=words))
        return value

    def filled(self, *columns: str) -> None:
        """Raise CFG-005 unless each of these cells has a value."""
        for column in columns:
            if not self.cells[column]:
                message = say("The cell in column {column} is empty.", column=column)
                raise self.wrong("CFG-005", column, message, say("Fill it in, or take the line out."))

    def wrong(self, code: str, column: str, message: Text, remedy: Text) -> ConfigurationError:
        """The error for a mistake in one cell."""
        return mistake(code, self.file, self.line, column, message, remedy)


def table(file: str, content: bytes, columns: Collection[str]) -> Iterator[Row]:
    """The lines of a CSV document that has exactly these columns, in any order; empty lines are left out."""
    reader = csv.reader(io.StringIO(_decoded(file, content), newline=""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not header:
                header = _header(file, cells, columns)
            elif any(cell.strip() for cell in cells):
                _check_width(file, reader.line_num, cells, header)
                yield Row(file, reader.line_num, dict(zip(header, map(str.strip, cells), strict=True)))
    except csv.Error as error:
        message = say("This line is not CSV: {reason}.", reason=str(error))
        remedy = say("Look for a quotation mark that is not closed.")
        raise mistake("CFG-002", file, max(1, reader.line_num), None, message, remedy) from error
    if not header:
        _header(file, [], columns)


def mistake(code: str, file: str, line: int, key: str | None, message: Text, remedy: Text) -> ConfigurationError:
    """A ConfigurationError that names file and line."""
    where = say("{file}, line {line}: {message}", file=file, line=str(line), message=message)
    return ConfigurationError(code, where, remedy, Place(file=file, row=line, column=key).to_json())


def _decoded(file: str, content: bytes) -> str:
    try:
        return unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        remedy = say("Save it again as UTF-8 (in Excel: “CSV UTF-8”).")
        raise mistake("CFG-002", file, line, None, say("This file is not UTF-8 text."), remedy) from error


def _header(file: str, cells: list[str], columns: Collection[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in names:
        if name not in columns or names.count(name) > 1:
            near = nearest(name, columns)
            message = say("Unknown column or column given twice: `{column}`.", column=name[:100])
            expected = say("The columns are: {columns}, separated by commas.", columns=", ".join(columns))
            remedy = (
                say("Did you mean `{near}`?", near=near) if near not in ("", name) and ";" not in name else expected
            )
            raise mistake("CFG-003", file, 1, name[:100], message, remedy)
    for name in columns:
        if name not in names:
            message = say("The column `{column}` is missing.", column=name)
            expected = say("The columns are: {columns}, separated by commas.", columns=", ".join(columns))
            raise mistake("CFG-005", file, 1, name, message, expected)
    return names


def _check_width(file: str, line: int, cells: list[str], header: list[str]) -> None:
    if len(cells) != len(header):
        message = say("This line has {found} cells, the header {due}.", found=len(cells), due=len(header))
        remedy = say('A text with a comma stands in quotation marks: "Sở Văn hóa, Thể thao và Du lịch".')
        raise mistake("CFG-002", file, line, None, message, remedy)


_TABLE = re.compile(r"\s*\[(\[)?\s*(.+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def _lines(text: str) -> dict[KeyPath, int]:
    """The line on which each key and table of a TOML text begins (tomllib tells none)."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    here: KeyPath = ()
    quoted = False
    for number, line in enumerate(text.split("\n"), 1):
        opened = quoted
        quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1
        if opened:
            continue
        if found := _KEY.match(line):
            lines.setdefault((*here, *_parts(found[1])), number)
        elif found := _TABLE.match(line):
            here = _absolute(_parts(found[2]), counts, new=bool(found[1]))
            lines.setdefault(here, number)
    return lines


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(dotted)]


def _absolute(parts: list[str], counts: dict[KeyPath, int], new: bool) -> KeyPath:
    """The path of a table header, with the index of the list item it belongs to or begins."""
    if new:
        *outer, last = parts
        whole = (*_absolute(outer, counts, new=False), last)
        counts[whole] = counts.get(whole, 0) + 1
        return (*whole, counts[whole] - 1)
    path: KeyPath = ()
    for part in parts:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path] - 1)
    return path
