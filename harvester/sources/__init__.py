"""The kinds of source, and how a dataset's files are obtained.

A kind's `collect` yields datasets and findings as it reads them and ends with a Listing: `complete=True` only if all
that the source holds was yielded. It raises SourceUnavailable when the source cannot be reached, SourceChanged when
what is there is no catalogue. A record that cannot be read is a finding naming its position and identifier, and makes
the listing incomplete. `Finding.dataset` is the identifier here: frozen names are given later.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.ledger import Validators
from harvester.model import Dataset, Files, Finding, Listing, Place, Resource, Severity, Source, StoredFile
from harvester.names import fold
from harvester.sources import (
    arcgis,
    ckan,
    data_json,
    datapackage,
    dcat,
    dkan,
    folder,
    inventory,
    oai,
    page,
    rest,
    sql,
    wfs,
)

Collect = Callable[[Source, Fetcher, Path], Iterator[Dataset | Finding | Listing]]
"""Lists one source; the path is the workspace's folder, which relative addresses start from."""

Known = Callable[[str], Validators | None]
"""What is remembered of an address, to ask only for what changed."""


@dataclass(frozen=True)
class Obtained:
    """What came of a dataset's files."""

    files: Files  # by resource key
    findings: tuple[Finding, ...]  # one for each file that did not come
    failed: int  # how many did not
    validators: Mapping[str, Validators]  # by address, those that are new


class Obtaining:
    """The files of one dataset on their way; downloads go on in the background."""

    def __init__(self, dataset: Dataset, fetcher: Fetcher, known: Known) -> None:
        self._dataset = dataset
        self._store = fetcher.files
        self._before = {r.address: known(r.address) for r in dataset.resources if _is_remote(r)}
        self._downloads = {address: fetcher.submit(address, before) for address, before in self._before.items()}

    def done(self) -> bool:
        """Whether `result` has nothing left to wait for."""
        return all(download.done() for download in self._downloads.values())

    def result(self) -> Obtained:
        """Wait for the downloads and read the local files. What cannot be had is a finding, never an exception.

        Raises only ConfigurationError, when the store cannot be written.
        """
        files: dict[str, StoredFile] = {}
        findings = []
        for resource in self._dataset.resources:
            try:
                files[resource.key] = self._file(resource)
            except SourceError as error:
                findings.append(_not_obtained(self._dataset, resource, error))
        return Obtained(files, tuple(findings), len(findings), self._validators())

    def _file(self, resource: Resource) -> StoredFile:
        if _is_remote(resource):
            return self._downloads[resource.address].result().file
        if not resource.address:
            raise SourceChanged(
                "SRC-038",
                say("Its description names no file that can be used."),
                say("See what is said of the description."),
            )
        path = Path(resource.address)
        return self._store.keep_member(path, resource.member) if resource.member else self._store.keep(path)

    def _validators(self) -> dict[str, Validators]:
        fresh = {a: d.result().validators for a, d in self._downloads.items() if d.exception() is None}
        return {address: validators for address, validators in fresh.items() if validators != self._before[address]}


def begin(dataset: Dataset, fetcher: Fetcher, known: Known) -> Obtaining:
    """Start downloading a dataset's files, two at a time from one host; `.result()` gives them."""
    return Obtaining(dataset, fetcher, known)


def obtain(dataset: Dataset, fetcher: Fetcher, known: Known = lambda address: None) -> Obtained:
    """A dataset's files, kept; see `Obtaining.result`."""
    return begin(dataset, fetcher, known).result()


def _is_remote(resource: Resource) -> bool:
    return resource.address.lower().startswith(("http://", "https://"))


def _not_obtained(dataset: Dataset, resource: Resource, error: SourceError) -> Finding:
    name = resource.title or resource.key
    message = say("The file {name} could not be obtained: {why}", name=name, why=error.message)
    place = Place(resource.key)
    return Finding(error.code, Severity.ERROR, message, error.remedy, dataset=dataset.identifier, place=place)


def _listing(collect: Collect) -> Collect:
    """What is the same for every kind: the agency by the source's file, and one dataset for one identifier."""

    def listed(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
        agencies = {fold(name): agency for name, agency in source.agencies.items()}
        seen: set[bytes] = set()  # digests: a catalogue may have very many identifiers, and long ones
        for item in collect(source, fetcher, workspace):
            if not isinstance(item, Dataset):
                yield item
                continue
            digest = hashlib.blake2b(item.identifier.encode("utf-8", "surrogatepass"), digest_size=12).digest()
            if digest in seen:
                yield _twice(item)
            else:
                seen.add(digest)
                yield replace(item, agency=source.agency or agencies.get(fold(item.publisher), ""))

    return listed


def _twice(dataset: Dataset) -> Finding:
    return Finding(
        "SRC-040",
        Severity.WARNING,
        say(
            "“{title}” has the identifier {identifier}, which another one before it has; the first was taken.",
            title=dataset.title[:80],
            identifier=dataset.identifier,
        ),
        say("Give each dataset an identifier of its own."),
        dataset=dataset.identifier,
        place=dataset.place,
    )


SOURCES: Mapping[str, Collect] = {
    "folder": _listing(folder.collect),
    "datapackage": _listing(datapackage.collect),
    "ckan": _listing(ckan.collect),
    "data_json": _listing(data_json.collect),
    "dcat": _listing(dcat.collect),
    "inventory": _listing(inventory.collect),
    "page": _listing(page.collect),
    "dkan": _listing(dkan.collect),
    "arcgis": _listing(arcgis.collect),
    "wfs": _listing(wfs.collect),
    "oai": _listing(oai.collect),
    "sql": _listing(sql.collect),
    "rest": _listing(rest.collect),
}
"""The kinds of source by name; a new kind is a module with `collect` and a line here."""

_OPTIONS = {"ckan": ckan.OPTIONS, "page": page.OPTIONS, "oai": oai.OPTIONS, "sql": sql.OPTIONS, "rest": rest.OPTIONS}

KINDS: Mapping[str, frozenset[str]] = {kind: _OPTIONS.get(kind, frozenset()) for kind in SOURCES}
"""The names of each kind's own options in its source file."""
