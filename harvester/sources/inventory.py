"""Kind `inventory`: the spreadsheet (XLSX, XLS, ODS, CSV) in which a province or agency lists its datasets.

One row is one dataset. The header row is the first with a column for the dataset's name and one more that is known;
columns are known by many names, with or without diacritics (`COLUMNS`). Rows between that hold one text only, such as
"I | Lĩnh vực y tế" or "Sở Y tế", say the theme or the agency of the rows below; so do merged cells. The identifier is
the column "Mã định danh", else agency and title. Links and file names (relative to the spreadsheet) are the files.
The columns are those of Vietnamese provinces' appendices; see QĐ and appendices of Thanh Hóa, Đà Nẵng.
"""

import csv
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from checks import workbooks
from checks.encoding import written
from harvester.fetch import Fetcher
from harvester.i18n import Text, say
from harvester.model import Dataset, Finding, Listing, Place, Severity, Source
from harvester.names import plain, slug
from harvester.sources.catalogues import Catalogue, Home, clean, document, no_catalogue, what_it_is
from harvester.sources.describing import format_of

BYTES = 64 * 2**20
HEADER_WITHIN = 40  # rows from the top
ACCEPT = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, application/vnd.ms-excel;q=0.9, "
    "application/vnd.oasis.opendocument.spreadsheet;q=0.9, text/csv;q=0.8, */*;q=0.1"
)
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("tt", "stt", "so tt", "so thu tu", "no"),
    "identifier": ("ma dinh danh", "ma dinh danh tap du lieu", "ma bo du lieu", "ma tap du lieu", "ma", "identifier"),
    "title": (
        *("ten bo du lieu", "ten tap du lieu", "bo du lieu", "tap du lieu", "ten du lieu", "ten danh muc du lieu"),
        *("danh muc du lieu", "ten co so du lieu", "du lieu", "ten", "title", "dataset", "name"),
    ),
    "description": ("mo ta", "mo ta noi dung", "noi dung", "noi dung du lieu", "truong thong tin", "description"),
    "publisher": (
        *("co quan chu tri", "co quan chu tri cung cap", "co quan cung cap", "co quan chu quan", "don vi cung cap"),
        *("don vi chu tri", "don vi chu quan", "co quan", "don vi", "don vi thuc hien", "agency", "publisher"),
    ),
    "partner": ("co quan phoi hop", "don vi phoi hop"),
    "theme": ("linh vuc", "chu de", "nhom", "nhom du lieu", "theme"),
    "format": ("dinh dang", "dinh dang hinh thuc chia se", "dinh dang du lieu", "format"),
    "sharing": ("hinh thuc chia se", "hinh thuc", "phuong thuc chia se"),
    "frequency": (
        *("tan suat cap nhat", "tan suat cung cap", "tan suat", "ky nhap lieu", "ky cap nhat", "ky cong bo"),
        "frequency",
    ),
    "issued": ("ngay tao", "ngay cong bo", "issued"),
    "planned": ("thoi gian cong bo", "thoi gian hoan thanh", "thoi gian cong bo hoan thanh", "thoi gian"),
    "modified": ("ngay cap nhat", "cap nhat lan cuoi", "modified"),
    "keywords": ("tag", "tu khoa", "keywords"),
    "contact": ("nguoi lien he", "lien he", "dau moi lien he", "contact"),
    "licence": ("giay phep", "dieu khoan su dung", "licence", "license"),
    "files": (
        *("duong dan", "lien ket", "link", "url", "dia chi", "dia chi truy cap", "tep", "ten tep", "tep du lieu"),
        *("file", "files", "duong dan tai", "duong dan truy cap"),
    ),
    "note": ("ghi chu", "note"),
}
"""Our key (or what is passed over: number, partner, sharing, planned, note) → names of its column, without marks."""

_BY_NAME = {name: key for key, names in COLUMNS.items() for name in names}
_ROMAN = re.compile(r"[IVXLC]+|[A-Z]", re.IGNORECASE)
_SUM = re.compile(r"tong( cong| so)?\b|cong:?$")
_AGENCY = re.compile(r"(so|ban|uy ban|ubnd|cong an|van phong|thanh tra|chi cuc|trung tam|bo chi huy|truong|phong)\b")


@dataclass(frozen=True)
class Sheet:
    """One sheet, its merged cells filled; `columns` maps our key to the column from 0."""

    name: str
    rows: list[list[Any]]
    header: int  # row from 0
    columns: Mapping[str, int]
    unknown: tuple[str, ...]  # headers that are not known


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset that the spreadsheet at `source.address` lists.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it is no spreadsheet, or lists no datasets.
    """
    with document(source, fetcher, workspace, ACCEPT) as (file, home), NamedTemporaryFile() as copy:
        start = file.read(4000)
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
        if copy.tell() > BYTES:
            raise no_catalogue(home, say("it is longer than {limit} bytes", limit=BYTES), "inventory")
        pages = _pages(Path(copy.name), start, home)
    sheets = [sheet for page in pages if not page.hidden and (sheet := _sheet(page)) is not None]
    if not sheets:
        why = say("no row holds the names of its columns, such as “Tên bộ dữ liệu” and “Cơ quan chủ trì”")
        raise no_catalogue(home, why, "inventory")
    catalogue = Catalogue(source, home)
    read = {sheet.name for sheet in sheets}
    for page in pages:
        if page.name not in read:
            yield _not_read(home, page)
    for sheet in sheets:
        if sheet.unknown:
            yield _unknown_columns(home, sheet)
        yield from _datasets(catalogue, sheet)
    yield catalogue.end()


def _pages(path: Path, start: bytes, home: Home) -> tuple[workbooks.Page, ...]:
    if not start.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return (_text_page(path, start, home),)
    try:
        return workbooks.read(path).pages
    except workbooks.Bomb as error:
        raise no_catalogue(home, error.why, "inventory") from error
    except Exception as error:  # the libraries raise anything at a broken workbook
        if isinstance(error, MemoryError):
            raise
        raise no_catalogue(home, say("it is damaged, or no workbook"), "inventory") from error


def _text_page(path: Path, start: bytes, home: Home) -> workbooks.Page:
    how = written(path).encoding
    if not how or start.lstrip()[:1] in (b"<", b"{", b"%") or (b"\0" in start and "16" not in how):
        raise no_catalogue(home, what_it_is(start), "inventory")
    with path.open(encoding=how, newline="") as file:
        head = file.read(4000)
        file.seek(0)
        delimiter = max(",;\t|", key=head.count)
        try:
            rows = [[cell or None for cell in row] for row in csv.reader(file, delimiter=delimiter, strict=True)]
        except csv.Error as error:
            raise no_catalogue(home, say("its CSV breaks the rules of the format"), "inventory") from error
    return workbooks.Page("", rows)


def _sheet(page: workbooks.Page) -> Sheet | None:
    """The sheet with its header row; None where there is none."""
    for number, row in enumerate(page.rows[:HEADER_WITHIN]):
        columns: dict[str, int] = {}
        unknown = []
        for place, cell in enumerate(row):
            name = _header(cell)
            key = _BY_NAME.get(name) or next(
                (k for n, k in _BY_NAME.items() if len(n) > 5 and name.startswith(n)), None
            )
            if key and key not in columns:
                columns[key] = place
            elif name:
                unknown.append(clean(str(cell))[:60])
        if "title" in columns and len(columns) > 1:
            return Sheet(page.name, _unmerged(page), number, columns, tuple(unknown))
    return None


def _header(cell: Any) -> str:
    text = re.sub(r"\(.*?\)", " ", plain(str(cell))) if isinstance(cell, str) else ""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def _unmerged(page: workbooks.Page) -> list[list[Any]]:
    """The rows, each merged cell that goes down repeated in the rows it spans."""
    rows = [list(row) for row in page.rows]
    for (top, left), (bottom, right) in page.merged:
        if left == right and top < len(rows) and left < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]
    return rows


def _datasets(catalogue: Catalogue, sheet: Sheet) -> Iterator[Dataset | Finding]:
    groups: dict[str, str] = {}
    for number, row in enumerate(sheet.rows[sheet.header + 1 :], sheet.header + 2):
        cells = [_cell(value) for value in row]
        values = {key: cells[place] for key, place in sheet.columns.items() if place < len(cells)}
        filled = [cell for cell in cells if cell]
        if not filled or _counts_columns(filled) or _SUM.match(plain(values.get("title") or filled[0])):
            continue
        group = _group(values, filled)
        if group:
            groups["publisher" if _AGENCY.match(plain(group)) else "theme"] = group
            continue
        if catalogue.full:
            yield catalogue.too_many()
            return
        yield from _dataset(catalogue, sheet, number, {key: values.get(key) or groups.get(key, "") for key in COLUMNS})


def _group(values: Mapping[str, str], filled: list[str]) -> str:
    """The text of a row that only says whose, or of what theme, the rows below are; else ""."""
    number = values.get("number", "")
    texts = list(dict.fromkeys(cell for cell in filled if cell != number))
    roman = bool(_ROMAN.fullmatch(number.strip(". )")))
    return texts[0] if len(texts) == 1 and (roman or (not number and len(filled) == 1)) else ""


def _counts_columns(filled: list[str]) -> bool:
    """Whether a row below the header numbers the columns: (1), (2), (3)."""
    bare = [cell.strip("()[] ") for cell in filled]
    return len(bare) > 1 and bare == [str(number) for number in range(1, len(bare) + 1)]


def _dataset(catalogue: Catalogue, sheet: Sheet, row: int, values: Mapping[str, str]) -> Iterator[Dataset | Finding]:
    title, publisher = values["title"], values["publisher"]
    made = f"{slug(publisher)}/{slug(title, 200)}" if publisher and title else slug(title, 200) if title else ""
    identifier = values["identifier"] or made
    headers = {key: clean(str(sheet.rows[sheet.header][place]))[:60] for key, place in sheet.columns.items()}
    words = {key: values[key] for key in ("title", "description", "publisher", "theme", "frequency", "licence")}
    words |= {key: values[key] for key in ("issued", "modified", "keywords", "contact")}
    files = _files(values["files"], values["format"])
    headers["resources"] = headers.pop("files", "resources")
    lost = not title and not values["identifier"]
    for item in catalogue.dataset(identifier, words, files, where=sheet.name, names=headers, row=row):
        if lost and isinstance(item, Finding):
            item = replace(item, dataset=None)
        yield _placed(item, row, sheet) if isinstance(item, Finding) else item


def _placed(finding: Finding, row: int, sheet: Sheet) -> Finding:
    place = finding.place or Place()
    return replace(finding, place=replace(place, row=row, sheet=sheet.name or None))


def _files(cell: str, written_format: str) -> list[dict[str, Any]]:
    """The links and file names in a cell; the format of the row only where the name has no ending."""
    parts = re.findall(r"https?://[^\s;,]+", cell) or [part.strip() for part in re.split(r"[\n;]", cell)]
    formats = [word for word in re.split(r"[,;/\s]+", written_format) if word]
    alone = {"EXCEL": "XLSX"}.get(formats[0].upper(), formats[0]) if len(formats) == 1 else ""
    return [{"key": part, "url": part, "format": format_of(part.partition("?")[0]) or alone} for part in parts if part]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value).strip()


def _not_read(home: Home, page: workbooks.Page) -> Finding:
    why = say("it is hidden") if page.hidden else say("no row holds the names of its columns")
    return _note(home, page.name, "KND-030", say("The sheet {sheet} was not read: {why}.", sheet=page.name, why=why))


def _unknown_columns(home: Home, sheet: Sheet) -> Finding:
    names = ", ".join(sheet.unknown[:10])
    return _note(
        home, sheet.name, "KND-031", say("These columns are not known and were not used: {names}.", names=names)
    )


def _note(home: Home, sheet: str, code: str, message: Text) -> Finding:
    remedy = say("Nothing, if that is meant; else name the columns as in the template.")
    return Finding(code, Severity.INFO, message, remedy, place=Place(home.name, sheet=sheet or None))
