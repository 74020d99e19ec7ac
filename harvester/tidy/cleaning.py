"""The letters of a sheet put right before anything is understood: dead encodings, Unicode form, look-alikes, spaces."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from harvester.tidy.cells import Fault, Grid
from harvester.tidy.spelling import Encoding, converted, encoding_of, is_odd, is_syllable, odd_words, words_of

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e]")
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_UNTIDY = re.compile("^\\s|\\s$|[\u00a0\u00ad\u2000-\u200f\u202a-\u202f\u205f\u2060\u3000\ufeff\uff01-\uff5e]", re.M)
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ALIKE = str.maketrans("АВЕКМНОРСТУХІЅЈаеорсухіѕјΑΒΕΗΙΚΜΝΟΡΤΥΧΖο", "ABEKMHOPCTYXISJaeopcyxisjABEHIKMNOPTYXZo")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u04ff]")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Edit:
    """One cell put right."""

    row: int
    column: int
    before: str
    after: str
    rule: str


@dataclass(frozen=True)
class Trace:
    """What was found in a column of the sheet."""

    code: str
    column: int
    row: int  # the first one
    count: int
    detail: str = ""


def clean(grid: Grid) -> tuple[list[Edit], list[Trace]]:
    """Put the texts of `grid` right, in place; every edit in the order it was made, and what there is to say."""
    edits: list[Edit] = []
    traces: list[Trace] = []
    columns = _texts(grid)
    _decode(grid, columns, edits, traces)
    for column, texts in columns.items():
        joined = "\n".join(texts.values())
        if not joined.isascii() and not unicodedata.is_normalized("NFC", joined):
            _apply(grid, column, texts, _composed, "unicode-form", edits, traces)
        if not joined.isascii() and ("Ð" in joined or "ð" in joined or _FOREIGN.search(joined)):
            _apply(grid, column, texts, _latin, "lookalike-letter", edits, traces)
        if _UNTIDY.search(joined):
            _apply(grid, column, texts, _spaced, "spaces", edits, [])
    return edits, traces


def _texts(grid: Grid) -> dict[int, dict[int, str]]:
    """The texts of each column by row."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for number, row in enumerate(grid.rows, 1):
        for column, cell in enumerate(row, 1):
            if type(cell) is str:
                found[column][number] = cell
    return dict(sorted(found.items()))


def _put(grid: Grid, row: int, column: int, texts: dict[int, str], after: str, rule: str, edits: list[Edit]) -> None:
    edits.append(Edit(row, column, texts[row], after, rule))
    texts[row] = after
    grid.rows[row - 1][column - 1] = after or None


def _apply(
    grid: Grid, column: int, texts: dict[int, str], repair: object, rule: str, edits: list[Edit], traces: list[Trace]
) -> None:
    assert callable(repair)  # noqa: S101
    changed = [(row, after) for row, text in texts.items() if (after := repair(text)) != text]
    for row, after in changed:
        _put(grid, row, column, texts, after, rule, edits)
    if changed:
        traces.append(Trace(rule, column, changed[0][0], len(changed)))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _latin(text: str) -> str:
    """Ð (Icelandic) as Đ; Cyrillic and Greek letters inside Latin words as the Latin ones they look like."""
    text = text.replace("Ð", "Đ").replace("ð", "đ")
    return _WORD.sub(_latin_word, text) if _FOREIGN.search(text) else text


def _latin_word(found: re.Match[str]) -> str:
    word = found[0]
    if not _FOREIGN.search(word) or not any("LATIN" in unicodedata.name(letter, "") for letter in word):
        return word
    after = word.translate(_ALIKE)
    return word if _FOREIGN.search(after) else after


def _spaced(text: str) -> str:
    """Without invisible signs and outer spaces, with plain spaces and plain ASCII."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).translate(_WIDE).strip()


# ---------------------------------------------------------------- dead encodings


def _decode(grid: Grid, columns: dict[int, dict[int, str]], edits: list[Edit], traces: list[Trace]) -> None:
    odd = {column: odd_words(texts.values()) for column, texts in columns.items()}
    odd = {column: words for column, words in odd.items() if words}
    if not odd:
        return
    sheet = encoding_of(set().union(*odd.values()))
    whole = sheet is not None and not any(_is_unicode(text) for texts in columns.values() for text in texts.values())
    for column in columns:
        words = odd.get(column, set())
        encoding = encoding_of(words) if words else None
        if encoding is None and sheet and ((words and _all_become_syllables(words, sheet)) or (whole and not words)):
            encoding = sheet
        if encoding:
            _decode_column(grid, column, columns[column], encoding, edits, traces)


def _all_become_syllables(words: set[str], encoding: Encoding) -> bool:
    read = [converted(word, encoding) for word in words]
    return all(word is not None and not is_odd(word) for word in read)


def _decode_column(
    grid: Grid, column: int, texts: dict[int, str], encoding: Encoding, edits: list[Edit], traces: list[Trace]
) -> None:
    beside = [text for text in texts.values() if _is_unicode(text)]
    rows = [row for row, text in texts.items() if not text.isascii() and _is_written_in(text, encoding, bool(beside))]
    for row in rows:
        after = converted(texts[row], encoding)
        if after is not None and after != texts[row]:
            _put(grid, row, column, texts, after, "legacy-encoding", edits)
    if rows:
        traces.append(Trace("legacy-encoding", column, rows[0], len(rows), encoding.value))
    if rows and beside:
        traces.append(Trace("mixed-encoding", column, rows[0], len(rows), encoding.value))


def _is_unicode(text: str) -> bool:
    """Whether the text has Vietnamese letters that only Unicode has, in words that are Vietnamese."""
    return any(_beyond(word) and is_syllable(word) for word in words_of(text))


def _beyond(word: str) -> bool:
    return any(0x1EA0 <= ord(letter) <= 0x1EF9 or letter in "ăĂđĐơƠưƯĩĨũŨ" for letter in word)


def _is_written_in(text: str, encoding: Encoding, mixed: bool) -> bool:
    """Whether this cell of a column in `encoding` is so written too; beside Unicode only if its words are odd."""
    if isinstance(text, Fault) or converted(text, encoding) is None:
        return False
    words = words_of(text)
    odd = {word for word in words if is_odd(word)}
    return bool(odd) if mixed else bool(odd) or not any(_beyond(word) for word in words)


def labels_of(traces: list[Trace]) -> Iterator[str]:
    """The names of the encodings found."""
    yield from dict.fromkeys(trace.detail for trace in traces if trace.code == "legacy-encoding")
