"""What all catalogues of others have in common: where they lie, and that each record becomes a dataset or a finding.

A kind reads records and hands each, in our words, to a `Catalogue`, which yields the dataset with the findings about
its fields, or the finding that says why there is none. What is lost makes the listing incomplete.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from harvester.errors import SourceChanged, SourceUnavailable
from harvester.fetch import Fetcher
from harvester.i18n import Text, say
from harvester.model import Dataset, Finding, Listing, Place, Resource, Severity, Source
from harvester.sources.describing import apart, dataset_of, inside, resource_of
from harvester.sources.descriptors import Descriptor
from harvester.sources.fields import Fields, masked

RECORDS = 200_000  # of one catalogue; data.gov lists more, no province does
RESOURCES = 500  # of one dataset
NAMED = 20  # of those missing, in one finding
IDENTIFIER = 500  # characters
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_NEXT = re.compile(r"""<([^<>]*)>\s*;[^,<]*\brel\s*=\s*["']?next\b""", re.IGNORECASE)  # RFC 8288
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


@dataclass(frozen=True)
class Home:
    """Where a catalogue lies, from which the relative addresses in it start: a URL, or a local folder."""

    name: str  # of its file, for messages
    url: str = ""
    folder: Path | None = None
    media_type: str = ""  # as the server said
    link: str = ""  # the next page, by the header Link

    def page(self, address: Any) -> Any:
        """The web address of a page: a relative one from our own, or none if the catalogue is a local file."""
        if not isinstance(address, str) or _SCHEME.match(address) or "/" not in address or " " in address.strip():
            return address
        return self.locate(address) if self.url else None

    def locate(self, address: str) -> str:
        """The absolute address or path; "" for one that cannot be asked (ftp:, javascript:, out of the folder)."""
        address = address.strip()
        try:
            absolute = urljoin(self.url, address) if self.url else address
            parts = urlsplit(absolute)
        except ValueError:
            return ""
        if _WEB.match(absolute) and parts.hostname:
            return absolute.partition("#")[0]
        if self.folder is None or _SCHEME.match(address):
            return ""
        relative = inside(unquote(address.partition("#")[0]))
        path = (self.folder / relative).resolve() if relative else self.folder
        return str(path) if relative and path.is_relative_to(self.folder.resolve()) else ""


class Catalogue:
    """One catalogue while it is read: how many records it had, and what is missing from its listing."""

    def __init__(self, source: Source, home: Home) -> None:
        self.source, self.home = source, home
        self.records = 0
        self._missing: Text | None = None

    def dataset(
        self,
        identifier: str,
        values: Mapping[str, Any],
        files: Sequence[Any] = (),
        *,
        where: str = "",
        names: Mapping[str, str] | None = None,
        row: int | None = None,
    ) -> Iterator[Dataset | Finding]:
        """One record: `values` by our keys (see `describing`), `files` likewise with `key` and `url`.

        `where` is its place in the file, such as dataset[3], `row` its line; `names` its own words for our keys.
        """
        self.records += 1
        values = {**values, "landing_page": self.home.page(values.get("landing_page"))}
        known, prefix = clean(identifier)[:IDENTIFIER], where and f"{where}."
        lines = {f"{prefix}{key}": row for key in values} if row else {}
        fields = Fields(Descriptor(self.home.name, values, lines), known, prefix=prefix, names=names)
        title = fields.text("title")
        if not known:
            yield self.lost("KND-001", title, say("it has no identifier"), say("Give it one that never changes."))
            return
        if not title:
            yield self.lost("KND-002", known, say("it has no title"), say("Give it a title."))
            return
        resources = self._resources(fields, {"resources": list(files)})
        yield dataset_of(
            fields,
            source=self.source.id,
            identifier=known,
            title=title,
            place=Place(self.home.name, row=row, column=where or None),
            resources=resources,
        )
        yield from fields.findings

    def lost(self, code: str, identifier: str, why: Text, remedy: Text) -> Finding:
        """The finding for a record (the one counted last) that gave no dataset."""
        shown = clean(identifier)[:IDENTIFIER]
        message = say(
            "{file}, record {position} ({identifier}): {why}; it was not taken.",
            file=self.home.name,
            position=self.records,
            identifier=masked(shown) or "–",
            why=why,
        )
        self._missing = self._missing or say("Some records could not be read.")
        place = Place(self.home.name)
        return Finding(code, Severity.ERROR, message, remedy, dataset=shown or None, place=place)

    def incomplete(self, code: str, why: Text, remedy: Text) -> Finding:
        """The finding for anything else that makes the listing incomplete."""
        self._missing = why
        return Finding(code, Severity.ERROR, why, remedy, place=Place(self.home.name))

    def not_described(self, named: Iterable[str]) -> Iterator[Finding]:
        """What is said of datasets that the catalogue names but does not describe; nothing if there are none."""
        missing = sorted({masked(clean(name)) for name in named})
        if missing:
            shown = ", ".join(missing[:NAMED]) + (" …" if len(missing) > NAMED else "")
            why = say(
                "{count} datasets or catalogues are named but not described: {names}.", count=len(missing), names=shown
            )
            yield self.incomplete("KND-004", why, say("Describe them in the catalogue, or take their names out."))

    @property
    def full(self) -> bool:
        """Whether as many records were read as are read at most."""
        return self.records >= RECORDS

    def too_many(self) -> Finding:
        """What is said where reading stops because of the number of records."""
        why = say("The catalogue holds more than {limit} records; the others were not read.", limit=RECORDS)
        return self.incomplete("KND-005", why, say("Divide it into several sources."))

    def end(self) -> Listing:
        """The last word."""
        return Listing(self._missing is None, self._missing)

    def _resources(self, fields: Fields, listed: Mapping[str, Any]) -> tuple[Resource, ...]:
        within = fields.inside(listed, "")
        found: list[Resource] = []
        taken: dict[str, str] = {}
        for number, part in within.parts("resources", RESOURCES):
            file = within.inside(part, f"resources[{number}].")
            written = file.text("url", 4000)
            address = self.home.locate(written) if written else ""
            if not written:
                file.note("url", "SRC-034", say("the address of the file is missing"), say("Give its download URL."))
            elif not address:
                why = say("{path} is no address that can be used", path=masked(written))
                code = "SRC-032" if self.home.folder and not _SCHEME.match(written) else "SRC-023"
                file.note("url", code, why, say("Write an address that begins with https://."))
            key = clean(str(part.get("key") or "")) or written or str(number)
            if taken.setdefault(key, address) != address:
                key = written  # two files under one name: the address tells them apart
            made = resource_of(file, key=key, address=address)
            found.append(replace(made, format=made.format or FORMATS.get(made.media_type.lower(), "")))
        return apart(fields, found)


FORMATS = {
    "text/csv": "CSV",
    "application/csv": "CSV",
    "text/tab-separated-values": "TSV",
    "application/json": "JSON",
    "application/geo+json": "GEOJSON",
    "application/vnd.geo+json": "GEOJSON",
    "application/xml": "XML",
    "text/xml": "XML",
    "text/plain": "TXT",
    "text/html": "HTML",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.apache.parquet": "PARQUET",
}
"""Media type (IANA) → format as we write it."""

NOT_FILES = frozenset({"API", "HTML", "HTM", "WMS", "WFS", "WMTS", "WCS", "REST", "ESRI REST", "SPARQL", "ODATA"})
"""Formats of what is behind an access address and cannot be taken as one file."""


def clean(text: str) -> str:
    """`text` in NFC on one line, without characters that no identifier may hold."""
    return " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFC", text)).split())


@contextmanager
def document(
    source: Source, fetcher: Fetcher, workspace: Path, accept: str, *, names: Sequence[str] = ()
) -> Iterator[tuple[IO[bytes], Home]]:
    """The document at `source.address`, open for reading, and where it lies; in a folder the first of `names`.

    Raises SourceUnavailable when it is not there, SourceChanged when the server says no.
    """
    if _WEB.match(source.address):
        with TemporaryFile() as spooled:
            answer = fetcher.spool(source.address, spooled, accept=accept)
            spooled.seek(0)
            next_page = _NEXT.search(answer.headers.get("Link", ""))
            name, link = _file_name(source.address), next_page[1] if next_page else ""
            yield spooled, Home(name, url=answer.url, media_type=answer.media_type, link=link)
        return
    path = local_file(workspace / source.address, names)
    with path.open("rb") as file:
        yield file, Home(path.name, folder=path.parent)


def local_file(path: Path, names: Sequence[str] = ()) -> Path:
    """The file at `path`, in a folder the first of `names`. Raises SourceUnavailable when there is none."""
    try:
        real = path.resolve(strict=True)
        if real.is_dir():
            real = next((real / name for name in names if (real / name).is_file()), real)
        with real.open("rb") if real.is_file() else _nothing(real):
            return real
    except (OSError, RuntimeError) as error:
        raise SourceUnavailable(
            "SRC-001",
            say("{place} does not exist, or may not be read.", place=str(path)),
            say("Correct the address, or put the file there."),
        ) from error


def _nothing(path: Path) -> IO[bytes]:
    raise FileNotFoundError(path)


def _file_name(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2] or urlsplit(address).netloc


def what_it_is(start: bytes) -> Text:
    """What a document is by its first bytes, in words for a refusal."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    if not head:
        return say("it is empty")
    if re.match(rb"(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", head, re.IGNORECASE | re.DOTALL):
        return say("it is a web page")
    if head.startswith(b"PK"):
        return say("it is a ZIP archive or an Office file")
    if head.startswith(b"%PDF"):
        return say("it is a PDF file")
    if head.startswith(b"<"):
        root = re.search(rb"<([A-Za-z_][\w:.-]*)", head)
        return say("it is XML with the root element {name}", name=root[1].decode()[:60] if root else "–")
    if head[:1] in b"{[":
        return say("it is JSON of another kind")
    return say("it is neither JSON nor XML")


def no_catalogue(home: Home, why: Text, wanted: str) -> SourceChanged:
    """The refusal of what is no catalogue of the kind `wanted`."""
    return SourceChanged(
        "KND-010",
        say("{file} is no catalogue of the kind {kind}: {why}.", file=home.name, kind=wanted, why=why),
        say("Correct the address or the kind; `opendata sources add URL` says what is there."),
        Place(home.name).to_json(),
    )


def xml_of(content: bytes, home: Home, wanted: str) -> etree._Element:
    """The root of a whole XML document, without entities. Raises SourceChanged for anything less."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        broken = say("its XML breaks at line {line}", line=error.lineno or 1)
        is_xml = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<"))
        web_page = what_it_is(content[:4000]).id == "it is a web page"
        raise no_catalogue(home, broken if is_xml and not web_page else what_it_is(content[:4000]), wanted) from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise no_catalogue(home, say("it has a DOCTYPE, which could hide entities"), wanted)
    return root


# ---------------------------------------------------------------- from others' shapes to one text

LANGUAGES = ("vi", "", "en")
_LABELS = ("name", "title", "prefLabel", "label", "fn", "@value", "foaf:name", "skos:prefLabel", "rdfs:label", "@id")


def text_of(value: Any, *labels: str) -> Any:
    """One text of a text, a number, an object with a label, a map of languages, or a list of these (joined by "; ").

    A shape that is none of these is given back as it is, so that it is noted where the field is read.
    """
    if isinstance(value, list):
        parts = [text_of(part, *labels) for part in value if part not in (None, "")]
        tagged = [part for part in value if isinstance(part, dict) and "@language" in part]
        if tagged and len(tagged) == len(value):
            return in_language({str(part["@language"]): part.get("@value") for part in reversed(tagged)})
        return "; ".join(dict.fromkeys(map(str, parts))) if all(isinstance(p, str | int) for p in parts) else value
    if isinstance(value, dict):
        for label in (*labels, *_LABELS):
            if value.get(label) not in (None, "", [], {}):
                return text_of(value[label], *labels)
        if value and all(re.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]+)*", str(key)) for key in value):
            return in_language(value)
    return value


def in_language(texts: Mapping[str, Any]) -> Any:
    """Of one text in several languages: Vietnamese, else the one without a language, else English, else the first."""
    by_base = {str(tag).lower().partition("-")[0]: text for tag, text in reversed(list(texts.items())) if text}
    for language in (*LANGUAGES, *sorted(by_base)):
        if language in by_base:
            return by_base[language]
    return ""


def period_of(value: Any, start: str = "startDate", end: str = "endDate") -> Any:
    """A period as {"start", "end"}: of "2020-01-01/2020-12-31", or of an object with two days."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        found = {"start": text_of(value.get(start)), "end": text_of(value.get(end))}
        return {key: day for key, day in found.items() if day} or value
    if isinstance(value, str) and value.count("/") == 1 and not value.startswith("R/"):
        first, _, last = value.partition("/")
        return {key: day for key, day in (("start", first.strip()), ("end", last.strip())) if day not in ("", "..")}
    return value


def contact_of(name: Any, address: Any) -> Any:
    """Name and e-mail of whom to ask, in one text; the address once."""
    mail = re.sub("^mailto:", "", address.strip(), flags=re.IGNORECASE) if isinstance(address, str) else ""
    if not isinstance(name, str) or not name:
        return mail or name
    return f"{name} ({mail})" if mail and mail not in name else name


def last_part(value: Any) -> Any:
    """The end of an address that stands for a code: ".../file-type/CSV" → "CSV"; anything else as it is."""
    if isinstance(value, str) and _WEB.match(value):
        return re.split("[/#]", value.rstrip("/#"))[-1]
    return value
