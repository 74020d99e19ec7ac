"""Kind `dcat`: a catalogue after DCAT or DCAT-AP (2, 3) as JSON-LD, Turtle, RDF/XML or N-Triples, by path or URL.

The syntax is settled by what the server says, the file's ending, or its first bytes. Pages are followed by `hydra:next`
(or `hydra:nextPage`) and by the header `Link: …; rel="next"`; `hydra:totalItems` must agree. Catalogues, services,
series and catalogue records are no datasets; what they hold is. The identifier is `dct:identifier` where there is
exactly one, else the IRI. Of texts in several languages the Vietnamese one is taken.
https://www.w3.org/TR/vocab-dcat-3/, https://semiceu.github.io/DCAT-AP/releases/3.0.0/
"""

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from harvester.errors import SourceError
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Severity, Source
from harvester.sources.catalogues import (
    NOT_FILES,
    Catalogue,
    Home,
    clean,
    contact_of,
    document,
    in_language,
    last_part,
    no_catalogue,
    what_it_is,
)
from harvester.sources.contexts import PREFIXES
from harvester.sources.paging import Proof, page_failed
from harvester.sources.rdf import ACCEPT, BYTES, graph_of, syntax

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

LOCAL = "https://catalogue.invalid/a/b/c/d/e/f/"
"""Where a local file pretends to lie, so that relative addresses in it are seen to lead out of its folder."""

NO_DATASETS = ("dcat:Catalog", "dcat:CatalogRecord", "dcat:DataService", "dcat:DatasetSeries")
HOLDING = ("dcat:dataset", "dcat:servesDataset", "dcat:seriesMember", "foaf:primaryTopic")
LABELS = (
    "foaf:name",
    "skos:prefLabel",
    "rdfs:label",
    "vcard:fn",
    "dct:title",
    "schema:name",
    "vcard:organization-name",
)
CLOSED = frozenset({"NON_PUBLIC", "RESTRICTED", "CONFIDENTIAL", "SENSITIVE"})
NAMES = {
    "licence": "dct:license",
    "frequency": "dct:accrualPeriodicity",
    "keywords": "dcat:keyword",
    "contact": "dcat:contactPoint",
    "landing_page": "dcat:landingPage",
    "period": "dct:temporal",
    "resources": "dcat:distribution",
    "issued": "dct:issued",
    "modified": "dct:modified",
}


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset of the catalogue at `source.address`, page after page.

    Raises SourceUnavailable when its first page cannot be reached, SourceChanged when that is no catalogue or cannot
    be read. A later page that fails makes the listing incomplete.
    """
    reading = _Reading(source, fetcher, workspace)
    address = source.address
    while address:
        try:
            page = reading.page(address)
        except SourceError as error:
            if reading.catalogue is None:
                raise
            yield reading.catalogue.incomplete("KND-008", page_failed(address, error.message), error.remedy)
            break
        yield from reading.datasets(page)
        address = yield from reading.after(page)
    yield from reading.end()


@dataclass(frozen=True)
class Page:
    """One page of a catalogue."""

    graph: "Graph"
    home: Home
    content: bytes
    link: str  # the next one by its header


class _Reading:
    def __init__(self, source: Source, fetcher: Fetcher, workspace: Path) -> None:
        self._source, self._fetcher, self._workspace = source, fetcher, workspace
        self.catalogue: Catalogue | None = None
        self._proof = Proof()
        self._named: set[str] = set()
        self._described: set[str] = set()

    def page(self, address: str) -> Page:
        """Read one page. Raises SourceError."""
        source = Source(self._source.id, self._source.kind, address)
        names = ("catalog.jsonld", "catalog.ttl", "catalog.rdf", "catalog.xml")
        with document(source, self._fetcher, self._workspace, ACCEPT, names=names) as (file, home):
            content = file.read(BYTES + 1)
        if len(content) > BYTES:
            raise no_catalogue(home, say("it is longer than {limit} bytes", limit=BYTES), "dcat")
        written = syntax(content, home.media_type, home.name)
        if not written:
            raise no_catalogue(home, what_it_is(content[:4000]), "dcat")
        graph = graph_of(content, written, home.name, home.url or LOCAL)
        if self.catalogue is None and not _is_catalogue(graph):
            what = say("it is RDF without a catalogue or datasets") if len(graph) else what_it_is(content[:4000])
            raise no_catalogue(home, what, "dcat")
        if self.catalogue is None:
            self.catalogue = Catalogue(self._source, home)
        return Page(graph, home, content, home.link)

    def datasets(self, page: Page) -> Iterator[Dataset | Finding]:
        """The datasets of one page."""
        catalogue = self._open()
        catalogue.home = page.home
        named, described = _datasets(page.graph)
        self._named |= {str(node) for node in named}
        self._described |= {str(node) for node in described}
        for node, record in sorted(((n, _Record(page.graph, n)) for n in described), key=lambda each: each[1].order):
            if catalogue.full:
                yield catalogue.too_many()
                return
            self._proof.saw(record.identifier or str(node))
            yield from record.taken(catalogue)

    def after(self, page: Page) -> Generator[Finding, None, str]:
        """Take note of a page; gives the address of the next, "" after the last."""
        catalogue = self._open()
        total = next((int(str(o)) for o in _objects(page.graph, None, "hydra:totalItems") if str(o).isdecimal()), None)
        wrong = self._proof.page(page.home.url, page.content, total)
        if wrong:
            yield catalogue.incomplete("KND-009", wrong, say("The next run tries again."))
            return ""
        following = {str(o) for o in _objects(page.graph, None, "hydra:next", "hydra:nextPage")}
        address = next(iter(sorted(following)), "") or page.link
        if address and not page.home.url:
            why = say("It says that there are more pages, which cannot be followed from a local file.")
            yield catalogue.incomplete("KND-021", why, say("Give the catalogue's web address instead."))
            return ""
        return urljoin(page.home.url, address) if address and not catalogue.full else ""

    def end(self) -> Iterator[Finding | Listing]:
        """The last word."""
        catalogue = self._open()
        yield from catalogue.not_described(self._named - self._described)
        wrong = self._proof.whole() if catalogue.end().complete else None
        if wrong:
            yield catalogue.incomplete("KND-009", wrong, say("The next run tries again."))
        yield catalogue.end()

    def _open(self) -> Catalogue:
        assert self.catalogue is not None  # noqa: S101  (set by the first page)
        return self.catalogue


def _is_catalogue(graph: "Graph") -> bool:
    named, described = _datasets(graph)
    return bool(named or described or list(_subjects_of_type(graph, "dcat:Catalog")))


def _datasets(graph: "Graph") -> tuple[set["Node"], set["Node"]]:
    """The datasets that are named, and those that are described."""
    none = {node for kind in NO_DATASETS for node in _subjects_of_type(graph, kind)}
    named = set(_objects(graph, None, *HOLDING)) - none
    typed = set(_subjects_of_type(graph, "dcat:Dataset")) - none
    described = {node for node in named | typed if any(_is_said(p) for p in graph.predicates(node))}
    return named | typed, described


def _is_said(predicate: "Node") -> bool:
    return not str(predicate).endswith(("#type", "#inSeries"))


class _Record:
    """One dataset in a graph, in our words."""

    def __init__(self, graph: "Graph", node: "Node") -> None:
        self._graph, self._node = graph, node
        written = {clean(str(o)) for o in self._objects("dct:identifier", "dc:identifier")}
        self.identifier = next(iter(written)) if len(written) == 1 else ""
        self.identifier = self.identifier or clean(_address(node).removeprefix(LOCAL))
        self.title = self._text("dct:title", "dc:title", "rdfs:label")
        self.order = (self.identifier, str(self.title))

    def taken(self, catalogue: Catalogue) -> Iterator[Dataset | Finding]:
        """The dataset, or the finding that says why there is none."""
        rights = {last_part(str(o)).upper() for o in self._objects("dct:accessRights")}
        if rights & CLOSED:
            catalogue.records += 1
            title = str(self.title)[:80]
            message = say(
                "{file}: “{title}” is marked as not public and was not taken.", file=catalogue.home.name, title=title
            )
            remedy = say("Nothing, if that is meant; else mark it as public.")
            yield Finding("KND-006", Severity.INFO, message, remedy, dataset=self.identifier or None)
            return
        where = clean(_address(self._node).removeprefix(LOCAL))[:200]
        yield from catalogue.dataset(self.identifier, self._words(), self._files(), where=where, names=NAMES)

    def _words(self) -> dict[str, Any]:
        keywords = [(_language(o), str(o)) for o in self._objects("dcat:keyword", "dc:subject")]
        spoken = {language for language, _ in keywords}
        chosen = next((language for language in ("vi", "", "en", *sorted(spoken)) if language in spoken), "")
        return {
            "title": self.title,
            "description": self._text("dct:description", "dc:description"),
            "publisher": self._label("dct:publisher", "dc:publisher"),
            "creator": self._label("dct:creator", "dc:creator"),
            "licence": self._licence(),
            "frequency": last_part(self._one("dct:accrualPeriodicity")),
            "issued": self._one("dct:issued"),
            "modified": self._one("dct:modified", "dc:date"),
            "keywords": sorted({word for language, word in keywords if language in (chosen, "")}),
            "theme": self._label("dcat:theme"),
            "language": ", ".join(sorted({last_part(str(o)) for o in self._objects("dct:language", "dc:language")})),
            "spatial": self._label("dct:spatial"),
            "period": self._period(),
            "contact": self._contact(),
            "landing_page": self._relative(self._one("dcat:landingPage", "foaf:page")),
        }

    def _licence(self) -> Any:
        """The dataset's licence, else the one that all its files share."""
        own = list(self._objects("dct:license"))
        if not own:
            of_files = [list(_objects(self._graph, file, "dct:license")) for file in self._objects("dcat:distribution")]
            own = of_files[0] if of_files and all(one == of_files[0] for one in of_files) else []
        return "; ".join(sorted({_address(node) or self._name(node) or str(node) for node in own}))

    def _period(self) -> Any:
        for node in sorted(self._objects("dct:temporal"), key=str):
            days = {
                "start": self._one("dcat:startDate", "schema:startDate", of=node),
                "end": self._one("dcat:endDate", "schema:endDate", of=node),
            }
            found = {key: day for key, day in days.items() if day}
            if found:
                return found
        return None

    def _contact(self) -> Any:
        for node in sorted(self._objects("dcat:contactPoint"), key=str):
            name = self._name(node) or ("" if _address(node) or _is_blank(node) else str(node))
            mail = self._one("vcard:hasEmail", "foaf:mbox", "vcard:value", of=node)
            if name or mail:
                return contact_of(name, mail)
        return None

    def _files(self) -> list[dict[str, Any]]:
        nodes = sorted(self._objects("dcat:distribution"), key=self._order_of_file)
        return [self._file(node) for node in nodes if not self._is_no_file(node)]

    def _order_of_file(self, node: "Node") -> tuple[str, str]:
        return self._one("dcat:downloadURL", "dcat:accessURL", of=node), _address(node)

    def _is_no_file(self, node: "Node") -> bool:
        """Whether a distribution is a page or a service, where no file can be fetched."""
        if self._one("dcat:downloadURL", of=node):
            return False
        kind = str(self._format(node) or self._media_type(node).rpartition("/")[2]).upper()
        return kind in NOT_FILES or bool(self._one("dcat:accessService", of=node))

    def _file(self, node: "Node") -> dict[str, Any]:
        checksum = next(iter(_objects(self._graph, node, "spdx:checksum")), None)
        digest = self._one("spdx:checksumValue", of=checksum) if checksum is not None else ""
        algorithm = self._one("spdx:algorithm", of=checksum).lower().rpartition("_")[2] if digest else ""
        return {
            "key": self._one("dct:identifier", of=node) or _address(node).removeprefix(LOCAL),
            "url": self._relative(self._one("dcat:downloadURL", "dcat:accessURL", of=node)),
            "title": self._text("dct:title", of=node),
            "format": self._format(node),
            "mediatype": self._media_type(node),
            "hash": f"{algorithm}:{digest}" if digest else "",
            "bytes": re.sub(r"\.0*$", "", self._one("dcat:byteSize", of=node)),
        }

    def _format(self, node: "Node") -> str:
        kind = last_part(self._label("dct:format", "dc:format", of=node))
        return "" if "/" in kind else kind

    def _media_type(self, node: "Node") -> str:
        written = self._label("dcat:mediaType", of=node) or self._label("dct:format", "dc:format", of=node)
        return found[0] if (found := re.search(r"[\w.+-]+/[\w.+-]+$", written)) else ""

    def _relative(self, address: str) -> str:
        """An address as it was written, where the catalogue is a local file; one that leads out stays seen to."""
        if address.startswith(LOCAL):
            return address.removeprefix(LOCAL)
        return "../" + address.rpartition("/")[2] if address.startswith(LOCAL[:26]) else address

    def _objects(self, *names: str) -> Iterator["Node"]:
        return _objects(self._graph, self._node, *names)

    def _text(self, *names: str, of: "Node | None" = None) -> str:
        """A literal in the reader's language."""
        for name in names:
            texts = list(_objects(self._graph, of or self._node, name))
            if texts:
                return str(in_language({_language(o): str(o) for o in sorted(texts, key=str, reverse=True)}))
        return ""

    def _one(self, *names: str, of: "Node | None" = None) -> str:
        """The first value, as text."""
        found = (sorted(map(str, _objects(self._graph, of or self._node, name))) for name in names)
        return next((texts[0] for texts in found if texts), "")

    def _label(self, *names: str, of: "Node | None" = None) -> str:
        """What people call the values: literals as they are, others by their label, else their IRI."""
        nodes = list(_objects(self._graph, of or self._node, *names))
        literals = {_language(o): str(o) for o in nodes if not _address(o) and not _is_blank(o)}
        if literals and len(literals) == len(nodes):
            return str(in_language(literals))
        return "; ".join(dict.fromkeys(filter(None, sorted(self._name(o) or _address(o) for o in nodes))))

    def _name(self, node: "Node") -> str:
        return self._text(*LABELS, of=node)


# ---------------------------------------------------------------- the graph


def _term(name: str) -> Any:
    from rdflib import URIRef

    prefix, _, word = name.partition(":")
    return URIRef(PREFIXES[prefix] + word)


def _objects(graph: "Graph", subject: "Node | None", *names: str) -> Iterator["Node"]:
    for name in names:
        yield from graph.objects(subject, _term(name))


def _subjects_of_type(graph: "Graph", kind: str) -> Iterable["Node"]:
    return graph.subjects(_term("rdf:type"), _term(kind))


def _address(node: "Node") -> str:
    from rdflib import URIRef

    return str(node) if isinstance(node, URIRef) else ""


def _is_blank(node: "Node") -> bool:
    from rdflib import BNode

    return isinstance(node, BNode)


def _language(node: "Node") -> str:
    return str(getattr(node, "language", None) or "")
