"""JSON from strangers, read record by record, so that memory does not grow with the number of records."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import IO, Any

from harvester.errors import SourceChanged
from harvester.i18n import Text, say
from harvester.sources.descriptors import encoding_of, refused

CHUNK = 2**16  # characters read at once
LARGEST = 2**24  # characters of one record; the largest seen has some 200,000
LEVELS = 12  # catalogues inside catalogues

Path = tuple[str | int, ...]
Inside = Callable[[Path, str], bool]
"""Whether to look inside the value at a path, which opens with "{" or "["; else it is read and yielded whole."""

_SPACE = re.compile(r"[ \t\n\r]*")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_NEAR_THE_END = 16  # characters: a literal, number or escape may be cut there


class TooDeep:
    """Stands for a record that is nested too deeply to be read."""


class Repeated(dict[str, Any]):
    """An object in which a key stands twice; the last value was taken."""


def values(file: IO[bytes], name: str, inside: Inside) -> Iterator[tuple[Path, Any]]:
    """The values in a JSON file, each with its path; those of the objects and arrays looked into one by one.

    An empty array that is looked into is yielded itself. Raises SourceChanged naming the line for broken syntax, NaN,
    another encoding, also after values were yielded: whoever must not use half a file reads it twice.
    """
    reader = _Reader(file, name)
    yield from _value(reader, (), inside)
    if reader.peek():
        raise reader.broken(say("something stands after its end"))


def _value(reader: "_Reader", path: Path, inside: Inside) -> Iterator[tuple[Path, Any]]:
    opening = reader.peek()
    if opening in ("{", "[") and len(path) < 2 * LEVELS and inside(path, opening):
        yield from _parts(reader, path, inside, opening)
    else:
        yield path, reader.value()


def _parts(reader: "_Reader", path: Path, inside: Inside, opening: str) -> Iterator[tuple[Path, Any]]:
    """The members of an object, or the elements of an array."""
    closing = "}" if opening == "{" else "]"
    reader.take(opening)
    if reader.peek() == closing:
        reader.take(closing)
        yield path, {} if opening == "{" else []
        return
    for number in count():
        if opening == "[":
            yield from _value(reader, (*path, number), inside)
        else:
            yield from _value(reader, (*path, reader.key()), inside)
        if reader.take("," + closing) == closing:
            return


class _Reader:
    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        start = file.read(4)
        file.seek(0)
        self._decoder = codecs.getincrementaldecoder(encoding_of(start))()
        self._text, self._at, self._line, self._ended = "", 0, 1, False
        self._json = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)

    def peek(self) -> str:
        """The next character that is no space, not taken; "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> str:
        """The next character, which must be one of `expected`."""
        found = self.peek()
        if not found or found not in expected:
            why = say("it ends too early") if not found else say("“{found}” stands in a wrong place", found=found)
            raise self.broken(why)
        self._at += 1
        return found

    def key(self) -> str:
        """The next name of an object's member, and the colon."""
        if self.peek() != '"':
            raise self.broken(say("a name in quotes is missing"))
        key = str(self.value())
        self.take(":")
        return key

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_THE_END
                if not (cut and self._more()):
                    raise self.broken(say("its JSON breaks here"), error.pos) from error
            except ValueError as error:
                raise self.broken(say("it holds a value that is no number")) from error
            except RecursionError:
                self._skip()
                return TooDeep()
            else:
                if end < len(self._text) or not self._more():
                    self._at = end
                    return value

    def broken(self, why: Text, at: int | None = None) -> SourceChanged:
        """The refusal of the file, naming the line."""
        line = self._line + self._text.count("\n", 0, self._at if at is None else at)
        return refused("KND-012", self._name, line, why)

    def _skip(self) -> None:
        """Go behind a value without reading it."""
        while True:
            depth = 0
            for found in _BRACKETS.finditer(self._text, self._at):
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
                if depth == 0:
                    self._at = found.end()
                    return
            if not self._more():
                raise self.broken(say("it ends too early"))

    def _more(self) -> bool:
        """Read on; False at the end of the file."""
        if self._ended:
            return False
        kept = len(self._text) - self._at
        if kept > LARGEST:
            raise self.broken(say("one record is longer than {limit} characters", limit=LARGEST))
        self._line += self._text.count("\n", 0, self._at)
        try:
            content = self._file.read(max(CHUNK, kept))
            self._ended = not content
            fresh = self._decoder.decode(content, final=self._ended)
        except UnicodeDecodeError as error:
            raise self.broken(say("it is not written in UTF-8")) from error
        self._text, self._at = self._text[self._at :] + fresh, 0
        return bool(fresh) or self._more()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(found)


def _no_number(name: str) -> Any:
    raise ValueError(name)
