"""Kind `oai`: a repository that speaks OAI-PMH 2.0 (Dublin Core, `oai_dc`), by its base address.

sickle speaks the protocol; what it asks goes through our own door, and every answer is judged as XML before sickle,
which would mend a half answer, sees it. Resumption tokens lead to the end; `completeListSize` must agree. Deleted
records are no datasets. Option `set`: only the records of this set. Addresses in dc:identifier, dc:relation and
dc:source that end like a data file are its files, the first other one is its page.
https://www.openarchives.org/OAI/openarchivesprotocol.html
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Source
from harvester.sources.catalogues import FORMATS, Catalogue, Home, clean, no_catalogue, what_it_is, xml_of
from harvester.sources.describing import format_of
from harvester.sources.paging import Proof, page_failed, with_query

OPTIONS = frozenset({"set"})
DATA_FILES = {*FORMATS.values(), "GEOJSON", "XLSM", "GPKG", "SHP", "KML"} - {"HTML", "PDF"}


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every record of the repository at `source.address`.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it does not speak OAI-PMH. A later answer
    that fails makes the listing incomplete.
    """
    home = Home(urlsplit(source.address).path.strip("/").rpartition("/")[2] or "oai", url=source.address)
    catalogue, proof = Catalogue(source, home), Proof()
    asked: dict[str, Any] = {"metadataPrefix": "oai_dc"}
    if source.options.get("set"):
        asked["set"] = str(source.options["set"])
    answers = _answers(source.address, fetcher, asked, home)
    first = True
    while True:
        try:
            address, answer = next(answers)
        except StopIteration:
            break
        except SourceError as error:
            if first:
                raise
            yield catalogue.incomplete("KND-008", page_failed(source.address, error.message), error.remedy)
            break
        first = False
        wrong = proof.page(address, answer.http_response.content, _total(answer))
        if wrong:
            yield catalogue.incomplete("KND-009", wrong, say("The next run tries again."))
            break
        for record in _records(answer):
            if catalogue.full:
                yield catalogue.too_many()
                break
            yield from _dataset(catalogue, proof, record)
    wrong = proof.whole() if catalogue.end().complete else None
    if wrong:
        yield catalogue.incomplete("KND-009", wrong, say("The next run tries again."))
    yield catalogue.end()


class _Page:
    """What sickle takes for an answer of requests."""

    status_code = 200

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.text = content.decode("utf-8", "replace")

    def raise_for_status(self) -> None:
        """It is one that did not fail."""


def _answers(address: str, fetcher: Fetcher, asked: Mapping[str, Any], home: Home) -> Iterator[tuple[str, Any]]:
    """Each answer of ListRecords with its address. Raises SourceError."""
    from sickle import Sickle
    from sickle.iterator import OAIResponseIterator

    class Asking(Sickle):  # type: ignore[misc]
        """Sickle, asking through our door."""

        def _request(self, kwargs: dict[str, Any]) -> _Page:
            self.asked = with_query(address, **kwargs)
            content = fetcher.read(self.asked, accept="text/xml, application/xml").content
            _judge(content, home)
            return _Page(content)

    sickle = Asking(address, iterator=OAIResponseIterator)
    try:
        for answer in sickle.ListRecords(**asked):
            yield sickle.asked, answer
    except _NoRecords:
        return


class _NoRecords(Exception):
    """The repository says that it has none."""


def _judge(content: bytes, home: Home) -> None:
    """Raise SourceChanged for an error, and for what is no whole answer: sickle would read half of it."""
    root = xml_of(content, home, "oai")
    if root.tag != "{http://www.openarchives.org/OAI/2.0/}OAI-PMH":
        raise no_catalogue(home, what_it_is(content[:4000]), "oai")
    error = root.find("{*}error")
    if error is not None and error.get("code") == "noRecordsMatch":
        raise _NoRecords
    if error is not None:
        told = clean(f"{error.get('code')}: {error.text}")[:200]
        message = say("The service answers with an error: {told}", told=told)
        raise SourceChanged("KND-050", message, say("Ask whoever runs it."))


def _total(answer: Any) -> int | None:
    token = answer.xml.find(".//{*}resumptionToken")
    size = token.get("completeListSize", "") if token is not None else ""
    return int(size) if size.isdecimal() else None


def _records(answer: Any) -> Iterator[Any]:
    from sickle.models import Record

    for element in answer.xml.iterfind(".//{http://www.openarchives.org/OAI/2.0/}record"):
        if element.find("{*}header") is None:
            yield None
            continue
        yield Record(element)


def _dataset(catalogue: Catalogue, proof: Proof, record: Any) -> Iterator[Dataset | Finding]:
    identifier = clean(str(record.header.identifier or "")) if record is not None else ""
    proof.saw(identifier or f"record {catalogue.records}")
    if record is None:
        catalogue.records += 1
        yield catalogue.lost("KND-001", "", say("it has no identifier"), say("Give it one that never changes."))
        return
    if record.deleted:
        return
    said: Mapping[str, list[Any]] = getattr(record, "metadata", None) or {}
    addresses = [text for key in ("identifier", "relation", "source") for text in _texts(said, key) if "://" in text]
    files = [address for address in addresses if format_of(urlsplit(address).path) in DATA_FILES]
    words = {
        "title": next(iter(_texts(said, "title")), ""),
        "description": "\n".join(_texts(said, "description")),
        "publisher": "; ".join(_texts(said, "publisher")),
        "creator": "; ".join(_texts(said, "creator")),
        "licence": "; ".join(_texts(said, "rights")),
        "issued": next(iter(_texts(said, "date")), ""),
        "modified": record.header.datestamp,
        "keywords": _texts(said, "subject"),
        "language": ", ".join(_texts(said, "language")),
        "spatial": "; ".join(_texts(said, "coverage")),
        "landing_page": next((address for address in addresses if address not in files), ""),
    }
    listed = [{"key": address, "url": address} for address in dict.fromkeys(files)]
    names = {"licence": "dc:rights", "issued": "dc:date", "modified": "datestamp", "keywords": "dc:subject"}
    yield from catalogue.dataset(identifier, words, listed, where=identifier, names=names)


def _texts(said: Mapping[str, list[Any]], key: str) -> list[str]:
    return [text for value in said.get(key) or () if value and (text := str(value).strip())]
