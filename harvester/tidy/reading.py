"""Opening a file: what it is by its bytes, and its sheets."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from checks.formats import recognise
from checks.subject import Kind
from checks.workbooks import Bomb
from harvester.i18n import Text, say
from harvester.tidy import ods, textfile, xls, xlsx
from harvester.tidy.cells import Book

log = logging.getLogger(__name__)

_READERS: Mapping[Kind, Callable[[Path], Book]] = {
    Kind.XLSX: xlsx.read,
    Kind.XLS: xls.read,
    Kind.ODS: ods.read,
    Kind.CSV: textfile.read,
    Kind.TSV: textfile.read,
}
_NAMED = {
    "xlsx": {Kind.XLSX},
    "xlsm": {Kind.XLSX},
    "xls": {Kind.XLS},
    "ods": {Kind.ODS},
    "csv": {Kind.CSV, Kind.TSV},
    "tsv": {Kind.CSV, Kind.TSV},
    "txt": {Kind.CSV, Kind.TSV},
}


class Unreadable(Exception):
    """The file is refused: `code` is one of the report's, `why` a sentence for its owner."""

    def __init__(self, code: str, why: Text) -> None:
        super().__init__(code)
        self.code = code
        self.why = why


def kind_of(path: Path, name: str) -> Kind:
    """What the file is by its bytes; an old text encoding is text, whatever control characters it uses."""
    kind = recognise(path)
    if kind is Kind.BINARY and PurePath(name).suffix.lower() in (".csv", ".txt", ".tsv"):
        with path.open("rb") as file:
            head = file.read(4096)
        return kind if b"\x00" in head else Kind.CSV
    return kind


def read(path: Path, name: str = "") -> Book:
    """The sheets of the file at `path`, called `name` by its owner. Raises Unreadable."""
    name = name or path.name
    kind = kind_of(path, name)
    suffix = PurePath(name).suffix.lower().lstrip(".")
    if kind is Kind.LOCKED:
        raise Unreadable(
            "encrypted", say("The file is protected by a password. Remove the password and save it again.")
        )
    if kind is Kind.EMPTY:
        raise Unreadable("no-table", say("The file is empty."))
    if kind not in _READERS or (suffix in _NAMED and kind not in _NAMED[suffix]):
        told = say("The file is called .{suffix}, but its content is {kind}.", suffix=suffix, kind=kind.value)
        raise Unreadable("not-a-workbook", told)
    try:
        return _READERS[kind](path)
    except Bomb as bomb:
        raise Unreadable("bomb", say("The file would not fit into memory: {why}", why=bomb.why)) from bomb
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # parsers of hostile files raise anything
        if kind is Kind.XLS and "encrypted" in str(error).lower():
            raise Unreadable(
                "encrypted", say("The file is protected by a password. Remove the password and save it again.")
            ) from error
        log.info("reading failed: %s", type(error).__name__)
        raise Unreadable("not-a-workbook", say("The file is broken or cut off; it cannot be read.")) from error
