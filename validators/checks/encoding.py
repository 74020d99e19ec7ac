"""In what encoding a text is written: Unicode first, then windows-1258, else nothing is guessed.

Detection by statistics reads short cp1258 as cp1251 and calls it valid, so Frictionless is always told.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONED = re.compile(f"[aăâeêioôơuưy][{_TONES}]", re.IGNORECASE)
_STRAY = re.compile(f"(?<![aăâeêioôơuưyAĂÂEÊIOÔƠUƯY])[{_TONES}]|[\x80-\x9f¡-¯´-¼¾¿×÷]")  # but ° ± ² ³ ½
_MOJIBAKE = re.compile("Ã[¡-¿]|áº|á»|Ä‘|Æ°|Æ¡|\ufffd")
_SENTENCE = 64 * 1024  # characters enough to know a language by


@dataclass(frozen=True)
class Written:
    """How a text is written."""

    encoding: str  # a Python codec; "" when it cannot be read as text
    bad_byte: int | None = None  # offset of the first byte that is not UTF-8, where nothing else fits
    bad_row: int | None = None  # its 1-based line
    cut: bool = False  # the file ends in the middle of a character


def written(path: Path) -> Written:
    """The encoding of the text file at `path`, read as a stream of blocks."""
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return _strictly(path, encoding)
    if start[1:40:2].count(0) > len(start[1:40:2]) * 0.6:
        return _strictly(path, "utf-16-le")
    unicode = _strictly(path, "utf-8")
    if unicode.encoding or unicode.cut:
        return unicode
    return Written("cp1258") if _is_vietnamese_1258(path) else unicode


def _strictly(path: Path, encoding: str) -> Written:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, row = 0, 1
    for block in _blocks(path):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            within = max(error.start - pending, 0)
            return Written("", offset + within, row + block[:within].count(b"\n"))
        offset, row = offset + len(block), row + block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Written("", offset, row, cut=True)
    return Written(encoding)


def _is_vietnamese_1258(path: Path) -> bool:
    with path.open("rb") as file:
        text = file.read(_SENTENCE).decode("cp1258", errors="replace")
    return len(_TONED.findall(text)) >= 1 and not _STRAY.search(text) and "\ufffd" not in text


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def is_mojibake(text: str) -> bool:
    """Whether `text` shows UTF-8 that was once read as windows-1252 ("Nghá»‡ An")."""
    return bool(_MOJIBAKE.search(text))


def is_decomposed(text: str) -> bool:
    """Whether `text` is not in Unicode form NFC (letters and marks apart, as macOS writes them)."""
    return not text.isascii() and not unicodedata.is_normalized("NFC", text)
