"""The cells of an XLSX sheet exactly as openpyxl gives them to Frictionless, by a strict reading of the sheet's XML.

openpyxl opens the workbook (package, styles, sheets, what stands around the rows); the rows themselves are read by
pattern. What does not match to the letter, or might be read in two ways, raises Doubt: then openpyxl reads it all.
"""

import codecs
import re
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any
from xml.sax.saxutils import unescape

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import column_index_from_string, range_boundaries
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS
from openpyxl.xml.functions import fromstring

from checks.blocks import Doubt

_READ = 1 << 20
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_DECLARATION = re.compile(
    r"\ufeff?(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?:UTF-8|utf-8)[\"'])?"
    r"(?: standalone=[\"']yes[\"'])?\s*\?>\s*)?"
)
_ROW = re.compile(
    r'\s*<row r="(\d{1,7})"((?: (?:spans|s|customFormat|ht|customHeight|hidden|outlineLevel|collapsed)="[^"<&]*")*)'
    r'( x14ac:dyDescent="[\d.]*")?(/?)>'
)
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d{1,7}"(?: s="(\d{1,6})")?(?: t="(n|s|b|e|str|inlineStr)")?'
    r'(?:(/>|></c>)|>(<f>[^<]*</f>)?(<v>|<is><t>|<is><t xml:space="preserve">)([^<]*)(?:</v>|</t></is>)</c>)'
)
_DIMENSION = re.compile(r'<dimension ref="([A-Z0-9:$]+)" ?/>')
_NAME = re.compile(r" (\w+)=")
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7});")
_NUMBERED = re.compile(r"&#(\d{1,7});")
_ENTITIES = {"&quot;": '"', "&apos;": "'"}
_ILLEGAL = ("<!", "<?", "]]>", "\ufffe", "\uffff")
_CONTROLS = bytes(set(range(32)) - {9, 10})
_REMEMBERED = 20_000  # moments
_STRING = re.compile(r'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>|<si>(.*?)</si>', re.DOTALL)


class _Page(ReadOnlyWorksheet):
    """The sheet that will be read by pattern: openpyxl would parse it whole to find its size."""

    def _get_size(self) -> None:
        """Left to the reading."""


class _Opened(ExcelReader):
    """A workbook without its shared strings, which openpyxl is slow to read; the wanted sheet is a `_Page`."""

    def __init__(self, file: Any, wanted: str | int) -> None:
        super().__init__(file, read_only=True, data_only=True)
        self._wanted = wanted

    def read_strings(self) -> None:
        """None: they are read by pattern."""

    def read_worksheets(self) -> None:
        """As openpyxl does in read-only mode; chart sheets raise Doubt."""
        found = [(sheet, rel) for sheet, rel in self.parser.find_sheets() if rel.target in self.valid_files]
        if any("chartsheet" in rel.Type for _, rel in found):
            raise Doubt("chart sheets")
        titles = [sheet.name for sheet, _ in found]
        wanted = titles.index(self._wanted) if isinstance(self._wanted, str) else self._wanted - 1
        book: Any = self.wb
        for number, (sheet, rel) in enumerate(found):
            kind = _Page if number == wanted else ReadOnlyWorksheet
            page: Any = kind(self.wb, sheet.name, rel.target, self.shared_strings)
            page.sheet_state = sheet.state
            book._sheets.append(page)


def rows(file: Any, sheet: str | int) -> Iterator[list[Any]]:
    """The rows of one sheet as openpyxl has them, read-only and with values for formulas; raises Doubt."""
    try:
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # as Frictionless does
        reader = _Opened(file, sheet)
        reader.read()
        page = next(page for page in reader.wb.worksheets if isinstance(page, _Page))
        yield from _Sheet(page, _strings(reader)).rows()
    except Doubt:
        raise
    except Exception as error:  # openpyxl raises anything at a broken workbook: then it has the word
        raise Doubt("not a workbook as openpyxl knows it") from error


def _prove_text(text: str) -> None:
    """Plain XML text in which nothing can be read in two ways."""
    raw = text.encode()
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        raise Doubt("a character that is none")
    if any(part in text for part in _ILLEGAL) or ("&" in text and text.count("&") != len(_REFERENCE.findall(text))):
        raise Doubt("XML of another kind")
    if "&#" in text and not all(map(_is_character, set(_NUMBERED.findall(text)))):
        raise Doubt("a character that is none")


def _is_character(number: str) -> bool:
    point = int(number)
    return point in (9, 10, 13) or 0x20 <= point < 0xD800 or 0xE000 <= point < 0xFFFE or 0x10000 <= point < 0x110000


def _plain(text: str) -> str:
    if "&" not in text:
        return text
    if "&#" in text:
        text = _NUMBERED.sub(lambda found: "&amp;" if found[1] == "38" else chr(int(found[1])), text)
    return unescape(text, _ENTITIES) if "&" in text else text


def _beyond_ascii(found: re.Match[str]) -> str:
    """The character that a reference names, unless it could mean something in XML."""
    point = int(found[1])
    if point > 127 and _is_character(found[1]):
        return chr(point)
    return found[0]


def _strings(reader: Any) -> list[str]:
    part = reader.package.find(SHARED_STRINGS)
    if part is None:
        return []
    text = _DECLARATION.sub("", reader.archive.read(part.PartName[1:]).decode(), count=1)
    _prove_text(text)
    start, end = text.find("<si>"), text.rfind("</si>") + len("</si>")
    if start < 0 or _MAIN not in text[:start]:
        raise Doubt("shared strings of another shape")
    fromstring((text[:start] + text[end:]).encode())
    body = text[start:end]
    found = _STRING.findall(body)
    simple = body.count("<") == 4 * len(found) and "<si></si>" not in body
    if not simple and _STRING.sub("", body).strip():
        raise Doubt("shared strings of another shape")
    return [(_rich(rich) if rich else _plain(plain)).replace("x005F_", "") for plain, rich in found]


def _rich(content: str) -> str:
    text: Any = Text
    return str(text.from_tree(fromstring(f"<si {_MAIN}>{content}</si>".encode())).content)


class _Sheet:
    """One sheet while it is read."""

    def __init__(self, page: Any, strings: list[str]) -> None:
        self._page = page
        self._strings = strings
        self._dates, self._timedeltas = page.parent._date_formats, page.parent._timedelta_formats
        self._columns: dict[str, int] = {}
        self._readers: dict[tuple[str, str], Callable[[str], Any]] = {}
        self._moments: dict[tuple[str, str], Any] = {}
        self._head = ""
        self._size: tuple[int | None, int | None] = None, None

    def rows(self) -> Iterator[list[Any]]:
        """As `ReadOnlyWorksheet.iter_rows` without bounds: gaps filled, every row as wide as the dimension says."""
        counter = 1
        for index, row in self._found():
            width, last = self._size
            if index < counter or (last is not None and index > last):
                raise Doubt("rows out of order")
            for _ in range(counter, index):
                yield [None] * (width or 0)
            counter = index + 1
            yield row

    def _found(self) -> Iterator[tuple[int, list[Any]]]:
        """Number and cells of every row in the XML."""
        rest, inside = "", False
        for text in self._read():
            rest += text
            if not inside:
                start = rest.find("<sheetData>")
                if start < 0:
                    raise Doubt("no rows where they are looked for")
                self._head, rest, inside = rest[:start], rest[start + len("<sheetData>") :], True
                self._size = _size(self._head)
            end = rest.rfind("</row>") + len("</row>")
            if end < len("</row>"):
                continue
            for written in rest[: end - len("</row>")].split("</row>"):
                yield from self._row(written)
            rest = rest[end:]
        tail = rest.find("</sheetData>")
        yield from self._row(rest[:tail] if tail >= 0 else "")
        around = f"{self._head}<sheetData></sheetData>{rest[tail + len('</sheetData>') :]}"
        if tail < 0 or "<row" in around:
            raise Doubt("rows without end")
        for _ in WorkSheetParser(BytesIO(around.encode()), [], data_only=True).parse():
            raise Doubt("a row outside of the rows")

    def _read(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self._page._get_source() as source:
            first = True
            held = ""
            while block := source.read(_READ):
                text = held + decoder.decode(block)
                cut = text.rfind(">") + 1  # nothing that is looked for stands across
                text, held = text[:cut], text[cut:]
                if first:
                    text, first = _DECLARATION.sub("", text, count=1), False
                text = _NUMBERED.sub(_beyond_ascii, text) if "&#" in text else text
                _prove_text(text)
                yield text
            decoder.decode(b"", final=True)
            _prove_text(held)
            yield held

    def _row(self, written: str) -> Iterator[tuple[int, list[Any]]]:
        position = 0
        while found := _ROW.match(written, position):
            number, names, dyed, closed = found.groups()
            position = found.end()
            if (dyed and "xmlns:x14ac=" not in self._head) or (names and _repeats(_NAME.findall(names))):
                raise Doubt("a row of another kind")
            if not closed:
                yield int(number), self._cells(written[position:])
                return
            yield int(number), [None] * (self._size[0] or 0)
        if written[position:].strip():
            raise Doubt("rows of another kind")

    def _cells(self, written: str) -> list[Any]:
        """One row, each cell in its place; the tags are counted, so that nothing stands between the cells."""
        width, columns, readers, tags = self._size[0], self._columns, self._readers, 0
        row: list[Any] = [None] * (width or 0)
        for letters, style, kind, empty, formula, opening, content in _CELL.findall(written):
            column = columns.get(letters) or self._column(letters)
            if column > len(row):
                if width:
                    raise Doubt("a cell outside of the sheet")
                row += [None] * (column - len(row))
            if empty:
                tags += empty.count("<") + 1
            elif kind == "inlineStr":
                if opening == "<v>":
                    raise Doubt("a cell that says two things")
                tags += 8 if formula else 6
                row[column - 1] = _plain(content)
            elif opening != "<v>":
                raise Doubt("a cell that says two things")
            else:
                tags += 6 if formula else 4
                if content:
                    read = readers.get((kind, style)) or self._reader(kind, style)
                    row[column - 1] = read(content)
        if written.count("<") != tags:
            raise Doubt("cells of another kind")
        return row

    def _column(self, letters: str) -> int:
        column = self._columns[letters] = column_index_from_string(letters)
        return column

    def _reader(self, kind: str, style: str) -> Callable[[str], Any]:
        """How the text of such a cell becomes a value: by the calls that openpyxl makes."""
        dated = kind in ("", "n") and int(style or 0) in self._dates
        readers = {"": _number, "n": _number, "s": self._string, "b": _truth}
        read = partial(self._moment, style) if dated else readers.get(kind, _plain)
        self._readers[kind, style] = read
        return read

    def _string(self, content: str) -> str:
        return self._strings[int(content)]

    def _moment(self, style: str, content: str) -> Any:
        key = content, style
        moment = self._moments.get(key)
        if moment is None:
            if len(self._moments) > _REMEMBERED:
                self._moments.clear()
            timedelta = int(style or 0) in self._timedeltas
            moment = from_excel(_number(content), self._page.parent.epoch, timedelta=timedelta)
            self._moments[key] = moment
        return moment


def _number(content: str) -> int | float:
    return float(content) if "." in content or "E" in content or "e" in content else int(content)


def _truth(content: str) -> bool:
    return bool(int(content))


def _size(head: str) -> tuple[int | None, int | None]:
    """Columns and rows that the sheet says it has."""
    if _MAIN not in head or "<row" in head:
        raise Doubt("a sheet of another kind")
    said = _DIMENSION.findall(head)
    if len(said) != head.count("<dimension"):
        raise Doubt("a size of another kind")
    if not said:
        return None, None
    bounds = range_boundaries(said[0])
    return bounds[2], bounds[3]


def _repeats(names: list[str]) -> bool:
    return len(names) != len(set(names))
