"""Kind `dkan`: a DKAN portal, by its address: its /data.json (DCAT-US), else its /catalog.xml (DCAT).

A file that is only there through the datastore (/api/action/datastore/search.json?resource_id=…, as in DKAN 1) is read
from it page after page and kept as CSV; if its total moves, or a page fails, that file fails.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harvester.errors import SourceChanged, SourceError, SourceUnavailable
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Place, Resource, Severity, Source
from harvester.sources import data_json, dcat
from harvester.sources.paging import Proof, read_page, with_query
from harvester.sources.rest import at
from harvester.sources.tables import keep_csv

PAGE = 1_000  # rows at once
_DATASTORE = "/datastore/search.json"


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset of the portal at `source.address`.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it has neither of the two catalogues.
    """
    for item in _listed(source, fetcher, workspace):
        if isinstance(item, Dataset):
            dataset, findings = _with_rows(item, fetcher)
            yield dataset
            yield from findings
        else:
            yield item


def _listed(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    base = source.address.rstrip("/")
    items = data_json.collect(replace(source, address=f"{base}/data.json"), fetcher, workspace)
    try:
        first = next(items)  # raises what refuses the whole
    except SourceUnavailable:
        raise
    except SourceChanged as refused:
        items = dcat.collect(replace(source, address=f"{base}/catalog.xml"), fetcher, workspace)
        try:
            first = next(items)
        except SourceChanged as error:
            raise _no_portal(base, refused, error) from error
    yield first
    yield from items


def _no_portal(base: str, first: SourceError, second: SourceError) -> SourceChanged:
    message = say(
        "{address} has no catalogue of DKAN: {first} {second}", address=base, first=first.message, second=second.message
    )
    return SourceChanged("KND-041", message, say("Write the address of the portal's first page."))


def _with_rows(dataset: Dataset, fetcher: Fetcher) -> tuple[Dataset, list[Finding]]:
    """The dataset, its files that are only in the datastore kept as CSV."""
    resources, findings = [], []
    for resource in dataset.resources:
        if not urlsplit(resource.address).path.endswith(_DATASTORE):
            resources.append(resource)
            continue
        try:
            resources.append(_kept(resource, fetcher))
        except SourceError as error:
            resources.append(replace(resource, address=""))
            place = Place(resource.key)
            message = say("The file {name} could not be obtained: {why}", name=resource.key, why=error.message)
            findings.append(
                Finding(error.code, Severity.ERROR, message, error.remedy, dataset=dataset.identifier, place=place)
            )
    return replace(dataset, resources=tuple(resources)), findings


def _kept(resource: Resource, fetcher: Fetcher) -> Resource:
    rows = _rows(resource.address, fetcher)
    header = next(rows)
    return replace(resource, address=str(keep_csv(fetcher.files, header, rows)), format="CSV", media_type="text/csv")


def _rows(address: str, fetcher: Fetcher) -> Iterator[list[Any]]:
    """The names of the columns, then every row. Raises SourceError."""
    proof, header, count = Proof(), list[str](), 0
    while True:
        page_address = with_query(address, limit=PAGE, offset=count)
        answer, page = read_page(fetcher, page_address, "dkan")
        records, total = at(page, "result.records"), at(page, "result.total")
        if not isinstance(records, list) or any(not isinstance(record, dict) for record in records):
            raise _moved(address)
        wrong = proof.page(page_address, answer.content, int(total) if str(total).isdecimal() else None)
        if wrong and records:
            raise SourceChanged("KND-009", wrong, say("The next run tries again."))
        if not header:
            fields = at(page, "result.fields") or []
            names = [field.get("id") for field in fields if isinstance(field, dict)] or list(
                records[0] if records else []
            )
            header = [str(name) for name in names]
            yield header
        for record in records:
            yield [record.get(name) for name in header]
        count += len(records)
        if not records or (str(total).isdecimal() and count >= int(total)):
            break
    if str(total).isdecimal() and count != int(total):
        raise _moved(address)


def _moved(address: str) -> SourceChanged:
    why = say("The rows of {address} did not come whole.", address=urlsplit(address).path)
    return SourceChanged("KND-009", why, say("The next run tries again."))
