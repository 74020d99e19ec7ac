"""A table in a text file: in any encoding Viet Nam has used, with any delimiter."""

import csv
import io
import unicodedata
from collections import Counter
from pathlib import Path

from checks.encoding import written
from harvester.tidy.cells import Book, Grid, Value
from harvester.tidy.spelling import Encoding, best_encoding

_DELIMITERS = ",;\t|^~"
_SNIFFED = 200  # lines
_CELL = 1_000_000  # characters


def read(path: Path) -> Book:
    """The table; letters of TCVN3, VNI and VISCII stay as they are, their code points those of the bytes."""
    text, old, broken = _decoded(path)
    hint, text = _hinted(text)
    csv.field_size_limit(_CELL)
    delimiter = hint or delimiter_of(text)
    rows: list[list[Value]] = []
    for fields in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        row: list[Value] = [field or None for field in fields]
        while row and row[-1] is None:
            row.pop()
        rows.append(row)
    return Book((Grid("", rows),), encoding=old, broken_lines=broken)


def _decoded(path: Path) -> tuple[str, str, int]:
    """The text, the old encoding it was read from ("" for Unicode), and how many lines are in another one."""
    found = written(path)
    content = path.read_bytes()
    if found.encoding.startswith("utf"):
        return content.decode(found.encoding).removeprefix("\ufeff"), "", 0
    if _mostly_unicode(content):
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        read = [(_utf8(line), line) for line in lines]
        text = "\n".join(line.decode("latin-1") if known is None else known for known, line in read)
        return text, "", sum(known is None for known, _ in read)
    if best_encoding(content[: 1 << 18].decode("latin-1")) is Encoding.CP1258:
        return unicodedata.normalize("NFC", content.decode("cp1258", errors="replace")), "windows-1258", 0
    return content.decode("latin-1"), "", 0


def _mostly_unicode(content: bytes) -> bool:
    """Whether most lines with letters beyond ASCII are UTF-8."""
    lines = [line for line in content.split(b"\n") if not line.isascii()]
    return sum(_utf8(line) is not None for line in lines) > len(lines) / 2


def _utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _hinted(text: str) -> tuple[str, str]:
    """The delimiter that Excel's first line `sep=;` names, and the text without that line."""
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):
        return text[4], text[5:].lstrip("\r\n")
    return "", text


def delimiter_of(text: str) -> str:
    """The delimiter that cuts most of the first lines into equally many fields; a comma if none does."""
    lines = text.splitlines()[:_SNIFFED]
    return max(_DELIMITERS, key=lambda delimiter: _regularity(lines, delimiter))


def _regularity(lines: list[str], delimiter: str) -> float:
    counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    several = Counter(count for count in counts if count > 1)
    if not several:
        return 0
    fields, times = max(several.items(), key=lambda item: (item[1], item[0]))
    return times / max(sum(count > 0 for count in counts), 1) * (2 - 1 / fields)
