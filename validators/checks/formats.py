"""What a file is by its bytes, against what its name and description say."""

import csv
import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from checks.subject import Kind, name_of
from harvester.i18n import say
from harvester.model import Effect, Finding, Place, Resource, Severity, StoredFile

_HEAD = 8192
_LINE = 80  # characters; lines without a delimiter that are longer are sentences
_HASHES = ("md5", "sha1", "sha256", "sha512")
_SIGNATURES = (
    (b"%PDF-", Kind.PDF),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"PAR1", Kind.PARQUET),
    (b"Rar!", Kind.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (b"\x1f\x8b", Kind.ARCHIVE),
    (b"{\\rtf", Kind.DOCUMENT),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|title|meta)\b", re.I | re.S)
_GEOJSON = re.compile(r'"type"\s*:\s*"(?:FeatureCollection|Feature)"')
OPEN = frozenset({Kind.CSV, Kind.TSV, Kind.ODS, Kind.JSON, Kind.GEOJSON, Kind.XML, Kind.PARQUET})
"""Formats without an owner; XLSX passes with a warning (practice of the published catalogues)."""

_NAMES = {
    "csv": {Kind.CSV, Kind.TSV},
    "tsv": {Kind.CSV, Kind.TSV},
    "txt": {Kind.CSV, Kind.TSV, Kind.DOCUMENT},
    "xlsx": {Kind.XLSX},
    "xlsm": {Kind.XLSX},
    "xls": {Kind.XLS},
    "ods": {Kind.ODS},
    "json": {Kind.JSON, Kind.GEOJSON},
    "geojson": {Kind.JSON, Kind.GEOJSON},
    "xml": {Kind.XML},
    "parquet": {Kind.PARQUET},
    "pdf": {Kind.PDF},
    "zip": {Kind.ZIP},
    "shp": {Kind.ZIP, Kind.BINARY},
}
"""What a file may be that is called, or said to be, so."""


def recognise(path: Path) -> Kind:
    """What the file at `path` is, from its first bytes (and its directory, when it is a ZIP)."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        return Kind.EMPTY
    if head.startswith(_OLE):
        return _kind_of_ole(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path)
    signed = next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
    return signed or _kind_of_text(head)


def _kind_of_text(head: bytes) -> Kind:
    text = _readable(head)
    if text is None:
        return Kind.BINARY
    start = text.lstrip("\ufeff \t\r\n\x00")
    if not start.strip():
        return Kind.EMPTY
    if _HTML.match(start.encode()):
        return Kind.HTML
    if start.startswith(("{", "[")):
        return Kind.GEOJSON if _GEOJSON.search(start) else Kind.JSON
    if start.startswith("<"):
        return Kind.XML
    line = start.partition("\n")[0]
    return Kind.TSV if line.count("\t") > max(line.count(","), line.count(";")) else Kind.CSV


def is_called_table(resource: Resource) -> bool:
    """Whether its name or description says that it is delimited text; then even a ragged one is judged as a table."""
    return any(word in ("CSV", "TSV") for word, _ in claims(resource))


def looks_prose(path: Path) -> bool:
    """Whether a text without a telling name is running text and no table: no delimiter gives most lines one width."""
    with path.open("rb") as file:
        lines = [line for line in (_readable(file.read(_HEAD)) or "").splitlines() if line.strip()][:50]
    for delimiter in ",;\t|":
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        width = max(set(widths), key=widths.count, default=0)
        if width > 1 and widths.count(width) >= len(widths) / 2:
            return False
    return max(map(len, lines), default=0) > _LINE  # short lines: a table of one column


def _readable(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace")
    if head[1:40:2].count(0) > len(head[1:40:2]) * 0.6:
        return head.decode("utf-16-le", errors="replace")
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c" for byte in head)
    return None if controls > len(head) * 0.01 else head.decode("utf-8", errors="replace")


def _kind_of_ole(path: Path) -> Kind:
    with path.open("rb") as file:
        content = file.read(1 << 24)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return Kind.LOCKED
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return Kind.XLS
    return Kind.DOCUMENT if "WordDocument".encode("utf-16-le") in content else Kind.BINARY


def _kind_of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, EOFError):
        return Kind.CUT
    except (OSError, ValueError, NotImplementedError, RuntimeError):
        return Kind.ZIP
    if b"opendocument.spreadsheet" in kind:
        return Kind.ODS
    if b"opendocument" in kind or "word/document.xml" in names or "ppt/presentation.xml" in names:
        return Kind.DOCUMENT
    return Kind.XLSX if "xl/workbook.xml" in names else Kind.ZIP


def claims(resource: Resource) -> Iterator[tuple[str, set[Kind]]]:
    """What the description and the file's name say it is, as words and as what would fit them."""
    extension = name_of(resource).rpartition(".")[2].lower()
    for word in dict.fromkeys((resource.format.strip().lower().lstrip("."), extension)):
        if word in _NAMES:
            yield word.upper(), _NAMES[word]


def judge_kind(resource: Resource, kind: Kind) -> Iterator[Finding]:
    """Findings of a file that is nothing to read, or something else than it is said to be (C01, C02, C05)."""
    name = name_of(resource)
    place = Place(name)
    if kind is Kind.EMPTY:
        yield Finding(
            "FMT-001",
            Severity.ERROR,
            say("“{file}” is empty.", file=name),
            say("Export the file again, look into it, and hand it over once more."),
            "C05",
            place=place,
            effect=Effect.REFUSE,
        )
    elif kind is Kind.HTML:
        yield Finding(
            "FMT-002",
            Severity.ERROR,
            say("“{file}” is a web page (a login or error page, perhaps), not data.", file=name),
            say("Give an address from which the file itself can be downloaded without logging in."),
            "C05",
            place=place,
            effect=Effect.REFUSE,
        )
    elif kind is Kind.CUT:
        yield Finding(
            "FMT-031",
            Severity.ERROR,
            say("“{file}” is cut off or damaged: it cannot be opened.", file=name),
            say("Copy or download it again, open it once to see that it is whole, and hand it over once more."),
            "C05",
            place=place,
            effect=Effect.REFUSE,
        )
    elif kind is Kind.LOCKED:
        yield Finding(
            "FMT-005",
            Severity.ERROR,
            say("“{file}” is protected by a password and cannot be read.", file=name),
            say("In Excel: File, Info, Protect Workbook, Encrypt with Password; delete the password and save."),
            "C05",
            place=place,
            effect=Effect.REFUSE,
        )
    else:
        yield from _judge_name(resource, kind)
        yield from () if resource.original else _judge_openness(resource, kind)


def _judge_name(resource: Resource, kind: Kind) -> Iterator[Finding]:
    name = name_of(resource)
    wrong = next((word for word, fitting in claims(resource) if kind not in fitting), None)
    if wrong is not None:
        yield Finding(
            "FMT-003",
            Severity.ERROR,
            say(
                "“{file}” is said to be {claimed}, but its content is {kind}.",
                file=name,
                claimed=wrong,
                kind=_called(kind),
            ),
            say("Save the file in the format its name says, or correct its name and its declared format."),
            "C05",
            place=Place(name),
            effect=Effect.REFUSE,
        )


def _judge_openness(resource: Resource, kind: Kind) -> Iterator[Finding]:
    name = name_of(resource)
    if kind is Kind.XLSX:
        yield Finding(
            "FMT-008",
            Severity.WARNING,
            say("“{file}” is an Excel workbook: readable, but not the best open format.", file=name),
            say("Publish it as CSV (UTF-8) too."),
            "C02",
            place=Place(name),
        )
    elif kind.tabular and kind not in OPEN:
        yield Finding(
            "FMT-007",
            Severity.WARNING,
            say("“{file}” is in {kind}, which is not an open format.", file=name, kind=_called(kind)),
            say("Save it as CSV (UTF-8) or ODS."),
            "C02",
            place=Place(name),
        )
    elif not kind.tabular:
        yield Finding(
            "FMT-006",
            Severity.WARNING,
            say("“{file}” is {kind}: software cannot read rows out of it.", file=name, kind=_called(kind)),
            say("Publish the table itself as CSV, XLSX or ODS beside it."),
            "C01",
            place=Place(name),
        )


def _called(kind: Kind) -> object:
    words = {
        Kind.DOCUMENT: say("a text document"),
        Kind.IMAGE: say("a picture"),
        Kind.ARCHIVE: say("a compressed archive"),
        Kind.ZIP: say("a ZIP archive"),
        Kind.BINARY: say("of an unknown kind"),
        Kind.XLS: say("the old Excel format (.xls)"),
    }
    return words.get(kind, kind.value)


def judge_bytes(resource: Resource, stored: StoredFile) -> Iterator[Finding]:
    """Findings when the bytes are not those declared (C05); a hash may be "sha256:…", "md5:…" or plain MD5."""
    name = name_of(resource)
    if resource.declared_bytes is not None and resource.declared_bytes != stored.bytes:
        yield Finding(
            "FMT-011",
            Severity.ERROR,
            say(
                "“{file}” has {size} bytes, but {declared} are declared.",
                file=name,
                size=stored.bytes,
                declared=resource.declared_bytes,
            ),
            say("Check that the upload was complete, then correct the declared size."),
            "C05",
            place=Place(name),
        )
    algorithm, colon, digest = resource.declared_hash.strip().lower().partition(":")
    if not colon:
        algorithm, digest = "md5", algorithm
    if digest and algorithm in _HASHES and digest != _digest(stored, algorithm):
        yield Finding(
            "FMT-012",
            Severity.ERROR,
            say("“{file}” is not the file whose {algorithm} hash is declared.", file=name, algorithm=algorithm.upper()),
            say("Check that the upload was complete, then correct the declared hash."),
            "C05",
            place=Place(name),
        )


def _digest(stored: StoredFile, algorithm: str) -> str:
    if algorithm == "sha256":
        return stored.sha256
    with stored.path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
