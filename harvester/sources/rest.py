"""Kind `rest`: any web service that lists datasets as JSON, page after page, by a mapping in its source file.

Options (paths are keys with dots between, `data.0.name`; a text with {gaps} is filled from the record):

- `records`: path of the list in a page ("": the page is the list).
- table [fields]: our key (identifier, title, publisher, modified, …) → path in a record. identifier and title needed.
- `file_list`: path in a record of its list of files ("": the record itself is the one file); table [file]: url, title,
  format, key … → path in a file, or a text such as "https://x.vn/tep/{id}".
- pages, one way of: `page` (name of the parameter that counts pages, from `first_page` = 1); `offset` (name of the one
  that counts records); `next` (path of the next page's address, or of a token that is sent as `next_parameter`).
  `limit` and `page_size`: name and value of the parameter for the size of a page. `total`: path of the total.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.i18n import Text, say
from harvester.model import Dataset, Finding, Listing, Source
from harvester.sources.catalogues import Catalogue, Home, clean, no_catalogue, text_of
from harvester.sources.describing import DATASET_KEYS, RESOURCE_KEYS
from harvester.sources.paging import Proof, page_failed, read_page, with_query

OPTIONS = frozenset({"records", "fields", "file_list", "file", "total"})
OPTIONS |= {"page", "first_page", "offset", "next", "next_parameter", "limit", "page_size"}
_FIELDS = {"identifier", *DATASET_KEYS} - {"resources", "license"}
_FILE = {"key", "url", "mediatype", *RESOURCE_KEYS} - {"path", "schema", "dialect"}


@dataclass(frozen=True)
class Mapped:
    """The mapping of a source file, checked."""

    options: Mapping[str, Any]
    fields: Mapping[str, str]
    file: Mapping[str, str]

    def text(self, key: str, default: str = "") -> str:
        """An option that is a text."""
        return str(self.options.get(key, default))

    def number(self, key: str, default: int) -> int:
        """An option that is a number."""
        value = self.options.get(key, default)
        return value if isinstance(value, int) else default


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset that the service at `source.address` lists.

    Raises SourceUnavailable when its first page cannot be reached, SourceChanged when that is no list of records, or
    the mapping is wrong. A later page that fails makes the listing incomplete.
    """
    mapped = mapping_of(source)
    catalogue, proof = Catalogue(source, Home(urlsplit(source.address).path, url=source.address)), Proof()
    address, first = _first(source.address, mapped), True
    while address:
        try:
            answer, page = read_page(fetcher, address, source.kind)
            records = _records(page, mapped, catalogue.home)
        except SourceError as error:
            if first:
                raise
            yield catalogue.incomplete("KND-008", page_failed(address, error.message), error.remedy)
            break
        wrong = proof.page(address, answer.content, _total(page, mapped), empty=not records)
        if wrong:
            yield catalogue.incomplete("KND-009", wrong, say("The next run tries again."))
            break
        for record in records:
            if catalogue.full:
                yield catalogue.too_many()
                break
            yield from _dataset(catalogue, proof, record, mapped)
        address, first = _next(address, page, records, mapped, proof), False
        address = "" if catalogue.full else address
    wrong = proof.whole() if catalogue.end().complete else None
    if wrong:
        yield catalogue.incomplete("KND-009", wrong, say("The next run tries again."))
    yield catalogue.end()


def mapping_of(source: Source) -> Mapped:
    """The mapping in a source's options. Raises SourceChanged naming what is wrong with it."""
    fields, file = source.options.get("fields"), source.options.get("file", {})
    if not isinstance(fields, Mapping) or not {"identifier", "title"} <= fields.keys():
        raise _wrong(source, say("[fields] must say where identifier and title stand"))
    if not isinstance(file, Mapping):
        raise _wrong(source, say("[file] must be a table"))
    unknown = [key for key in fields if key not in _FIELDS] + [key for key in file if key not in _FILE]
    if unknown:
        raise _wrong(source, say("{key} is no field that is known", key=str(unknown[0])[:80]))
    if sum(bool(source.options.get(key)) for key in ("page", "offset", "next")) > 1:
        raise _wrong(source, say("only one of page, offset and next can be meant"))
    return Mapped(
        source.options, {k: str(v) for k, v in fields.items()}, {key: str(value) for key, value in file.items()}
    )


def _wrong(source: Source, why: Text) -> SourceChanged:
    place = str(source.path or f"config/sources/{source.id}.toml")
    remedy = say("Correct the source's file; `opendata sources` names it.")
    return SourceChanged("KND-040", say("{file}: {why}.", file=place, why=why), remedy)


def at(value: Any, path: str) -> Any:
    """What stands at a path with dots; None where there is nothing."""
    for part in filter(None, path.split(".")):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _first(address: str, mapped: Mapped) -> str:
    changes: dict[str, str | int] = {}
    if mapped.text("limit"):
        changes[mapped.text("limit")] = mapped.number("page_size", 100)
    if mapped.text("page"):
        changes[mapped.text("page")] = mapped.number("first_page", 1)
    if mapped.text("offset"):
        changes[mapped.text("offset")] = 0
    return with_query(address, **changes) if changes else address


def _next(address: str, page: Any, records: list[Any], mapped: Mapped, proof: Proof) -> str:
    """The address of the page after this one, "" after the last."""
    if mapped.text("next"):
        found = at(page, mapped.text("next"))
        if not isinstance(found, str | int) or found in ("", False):
            return ""
        parameter = mapped.text("next_parameter")
        return with_query(address, **{parameter: found}) if parameter else urljoin(address, str(found))
    parameter = mapped.text("page") or mapped.text("offset")
    total = _total(page, mapped)
    if not parameter or not records or (total is not None and proof.count >= total):
        return ""
    step = 1 if mapped.text("page") else len(records)
    counted = re.search(rf"[?&]{re.escape(quote(parameter, safe=''))}=(\d+)", address)
    return with_query(address, **{parameter: int(counted[1]) + step}) if counted else ""


def _total(page: Any, mapped: Mapped) -> int | None:
    total = at(page, mapped.text("total")) if mapped.text("total") else None
    return int(total) if isinstance(total, int | str) and str(total).isdecimal() else None


def _records(page: Any, mapped: Mapped, home: Home) -> list[Any]:
    records = at(page, mapped.text("records"))
    if isinstance(records, list):
        return records
    path = mapped.text("records") or "."
    raise no_catalogue(home, say("there is no list at {path}", path=path), "rest")


def _dataset(catalogue: Catalogue, proof: Proof, record: Any, mapped: Mapped) -> Iterator[Dataset | Finding]:
    if not isinstance(record, Mapping):
        catalogue.records += 1
        proof.saw(f"record {catalogue.records}")
        remedy = say("Describe the dataset by keys such as title and identifier.")
        yield catalogue.lost("KND-003", "", say("it is no group of keys"), remedy)
        return
    values = {key: _said(record, path) for key, path in mapped.fields.items()}
    identifier = clean(str(values.pop("identifier") or ""))
    proof.saw(identifier or f"record {catalogue.records}")
    names = {key: path for key, path in mapped.fields.items() if key != "identifier"}
    where = f"{mapped.text('records')}[{catalogue.records}]"
    yield from catalogue.dataset(identifier, values, _files(record, mapped), where=where, names=names)


def _files(record: Mapping[str, Any], mapped: Mapped) -> list[Any]:
    if not mapped.file:
        return []
    parts = at(record, mapped.text("file_list"))
    listed = parts if isinstance(parts, list) else [] if parts is None else [parts]
    return [_file({**record, **part}, mapped) if isinstance(part, Mapping) else part for part in listed]


def _file(part: Mapping[str, Any], mapped: Mapped) -> dict[str, Any]:
    return {key: _said(part, path) for key, path in mapped.file.items()}


def _said(record: Mapping[str, Any], path: str) -> Any:
    """What the record says at a path, or a text with its gaps filled."""
    if "{" not in path:
        return text_of(at(record, path))
    return re.sub(r"{([^{}]+)}", lambda gap: quote(str(at(record, gap[1]) or ""), safe=""), path)
