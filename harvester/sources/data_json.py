"""Kind `data_json`: a catalogue after DCAT-US (Project Open Data) 1.0, 1.1 or 3.0, by its path or URL.

The file is read twice, record by record: first its syntax to the end, so that nothing is taken out of a broken file,
then its datasets, so that memory does not grow with them. Datasets stand in `dataset`, and also inside nested
catalogues (`catalog`), services (`servesDataset`), series (`seriesMember`) and catalogue records (`primaryTopic`);
these themselves are none. What its source marks as not public is named and not taken. The identifier is `identifier`,
else `@id`. https://resources.data.gov/resources/dcat-us/, https://github.com/GSA/dcat-us
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Severity, Source
from harvester.sources import streaming
from harvester.sources.catalogues import (
    NOT_FILES,
    Catalogue,
    Home,
    clean,
    contact_of,
    document,
    last_part,
    no_catalogue,
    period_of,
    text_of,
    what_it_is,
)

CATALOGUES = frozenset({"catalog", "service", "datasetSeries", "record"})
DATASETS = frozenset({"dataset", "servesDataset", "seriesMember", "primaryTopic"})
NO_DATASETS = frozenset({"catalog", "catalogrecord", "dataservice", "datasetseries"})
CLOSED = frozenset({"non-public", "restricted public", "non_public", "restricted", "confidential"})
NAMES = {
    "licence": "license",
    "frequency": "accrualPeriodicity",
    "keywords": "keyword",
    "contact": "contactPoint",
    "landing_page": "landingPage",
    "period": "temporal",
    "resources": "distribution",
}
DEPTH = 8  # of series in services in catalogues


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset of the catalogue at `source.address`.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it is no such catalogue, or its JSON broken.
    """
    with document(source, fetcher, workspace, "application/json, */*;q=0.5", names=("data.json",)) as (file, home):
        missing = _survey(file, home)
        catalogue = Catalogue(source, home)
        for where, record in _records(file, home):
            if not isinstance(record, Named):
                missing -= _names_of(record)
                yield from _taken(catalogue, where, record)
            if catalogue.full:
                yield catalogue.too_many()
                break
        yield from catalogue.not_described(missing)
        yield catalogue.end()


def _survey(file: IO[bytes], home: Home) -> set[str]:
    """Read the whole file once: the datasets that are named in it and not described where they are named."""
    start = file.read(4000)
    if start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1] not in (b"{", b"["):
        raise no_catalogue(home, what_it_is(start), "data_json")
    named, keys, found = set[str](), dict[str, None](), False
    for path, value in _values(file, home):
        keys |= {str(path[0]): None} if len(keys) < 12 and path and isinstance(path[0], str) else {}
        found = found or _is_list_of_datasets(path, value)
        named |= {str(record) for _, record in _inside(path, value) if isinstance(record, Named)}
    if not found:
        shown = clean(", ".join(keys))[:200]
        why = say("it lists no datasets; its keys are {keys}", keys=shown) if shown else what_it_is(start)
        raise no_catalogue(home, why, "data_json")
    return named


def _is_list_of_datasets(path: streaming.Path, value: Any) -> bool:
    if len(path) == 1 and isinstance(path[0], int):  # version 1.0: a bare list
        return isinstance(value, dict) and bool({"title", "identifier"} & value.keys())
    return any(key in DATASETS or key in CATALOGUES for key in path if isinstance(key, str))


def _values(file: IO[bytes], home: Home) -> Iterator[tuple[streaming.Path, Any]]:
    file.seek(0)
    return streaming.values(file, home.name, _looked_into)


def _looked_into(path: streaming.Path, opening: str) -> bool:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if opening == "{":
        return not path or key in CATALOGUES
    return not path or (path[-1] == key and (key in CATALOGUES or key in DATASETS))


class Named(str):
    """A dataset that is only named."""

    __slots__ = ()


def _records(file: IO[bytes], home: Home) -> Iterator[tuple[str, Any]]:
    """Every record that should be a dataset, with its place in the file."""
    for path, value in _values(file, home):
        yield from _inside(path, value)


def _inside(path: streaming.Path, value: Any) -> Iterator[tuple[str, Any]]:
    """What is, or should be, a dataset at `path` and below: itself, and what a series or service there holds."""
    keys = [part for part in path if isinstance(part, str)]
    last, deepest = keys[-1] if keys else "", len(path) >= 2 * streaming.LEVELS
    if not path:
        return
    if last in CATALOGUES and deepest:
        yield _shown(path), streaming.TooDeep()
    elif (value == [] and isinstance(path[-1], str)) or (last and last not in DATASETS and last != "catalog"):
        return
    elif isinstance(value, str) and last and clean(value):
        yield _shown(path), Named(clean(value))
    elif not isinstance(value, dict):
        yield _shown(path), value
    elif value.keys() <= {"@id", "@type"} and clean(str(value.get("@id") or "")):
        yield _shown(path), Named(clean(str(value["@id"])))
    elif last in DATASETS or not last:
        if not _types(value) & NO_DATASETS:
            yield _shown(path), value
        for key in sorted((DATASETS | CATALOGUES) & value.keys()):
            parts = value[key] if isinstance(value[key], list) else [value[key]]
            for number, part in enumerate(parts):
                yield from _held((*path, key, number), part)


def _held(path: streaming.Path, value: Any) -> Iterator[tuple[str, Any]]:
    """What a series, service or catalogue inside a record holds."""
    if path[-2] in DATASETS or len(path) >= 2 * streaming.LEVELS or not isinstance(value, dict):
        yield from _inside(path, value)
    else:
        yield from _inside((*path, "dataset"), value | {"@type": "Catalog"})


def _shown(path: streaming.Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _types(record: Mapping[str, Any]) -> set[str]:
    kinds = record.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return {str(last_part(kind)).rpartition(":")[2].lower() for kind in kinds}


def _names_of(record: Any) -> set[str]:
    if not isinstance(record, dict):
        return set()
    return {_identifier(record), clean(str(record.get("@id") or ""))}


def _identifier(record: Mapping[str, Any]) -> str:
    written = text_of(record.get("identifier"), "identifier", "@id")
    return clean(str(written if isinstance(written, str | int) else record.get("@id") or ""))


def _taken(catalogue: Catalogue, where: str, record: Any) -> Iterator[Dataset | Finding]:
    if not isinstance(record, dict):
        catalogue.records += 1
        deep = isinstance(record, streaming.TooDeep)
        why = say("it is nested too deeply") if deep else say("it is no group of keys")
        yield catalogue.lost("KND-003", where, why, say("Describe the dataset by keys such as title and identifier."))
        return
    identifier = _identifier(record)
    access = str(last_part(text_of(record.get("accessLevel") or record.get("accessRights")))).lower()
    if access in CLOSED:
        catalogue.records += 1
        yield _closed(catalogue.home, identifier, record)
        return
    names = {ours: theirs for ours, theirs in NAMES.items() if theirs in record}
    yield from catalogue.dataset(identifier, _words(record), _files(record), where=where, names=names)
    if isinstance(record, streaming.Repeated):
        yield _repeated(catalogue.home, identifier, where)


def _closed(home: Home, identifier: str, record: Mapping[str, Any]) -> Finding:
    title = str(text_of(record.get("title")))[:80]
    message = say("{file}: “{title}” is marked as not public and was not taken.", file=home.name, title=title)
    remedy = say("Nothing, if that is meant; else mark it as public.")
    return Finding("KND-006", Severity.INFO, message, remedy, dataset=identifier or None)


def _repeated(home: Home, identifier: str, where: str) -> Finding:
    message = say("{file}, {where}: a key stands there twice; the last was taken.", file=home.name, where=where)
    remedy = say("Write each key once.")
    return Finding("KND-007", Severity.WARNING, message, remedy, dataset=identifier or None)


def _words(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record in our words."""
    contact = _first(record.get("contactPoint"))
    name, mail = (contact.get("fn"), contact.get("hasEmail")) if isinstance(contact, dict) else (contact, None)
    modified = text_of(record.get("modified"))
    repeats = isinstance(modified, str) and modified.startswith("R/")
    return {
        "title": text_of(record.get("title")),
        "description": text_of(record.get("description")),
        "publisher": text_of(record.get("publisher")),
        "creator": text_of(record.get("creator")),
        "licence": _licence(record),
        "frequency": last_part(text_of(record.get("accrualPeriodicity"))) or (modified if repeats else None),
        "issued": text_of(record.get("issued")),
        "modified": None if repeats else modified,
        "keywords": _keywords(record.get("keyword")),
        "theme": text_of(record.get("theme")),
        "language": _joined(record.get("language")),
        "spatial": _place(_first(record.get("spatial"))),
        "period": period_of(record.get("temporal")),
        "contact": contact_of(text_of(name) or record.get("mbox"), text_of(mail)),
        "landing_page": text_of(record.get("landingPage"), "@id", "accessURL"),
    }


def _licence(record: Mapping[str, Any]) -> Any:
    """The dataset's licence, else the one that all its files share."""
    own = text_of(record.get("license"), "@id", "uri")
    if own:
        return own
    parts = record.get("distribution")
    theirs = {str(text_of(p.get("license"), "@id", "uri") or "") for p in _list(parts) if isinstance(p, dict)}
    return theirs.pop() if len(theirs) == 1 else None


def _files(record: Mapping[str, Any]) -> list[Any]:
    """The files of a record in our words; of version 1.0 the one that the record itself names."""
    parts = _list(record.get("distribution"))
    if not parts and isinstance(record.get("accessURL"), str):
        parts = [{key: record[key] for key in ("accessURL", "format") if key in record}]
    return [_file(part) if isinstance(part, dict) else part for part in parts if not _is_no_file(part)]


def _is_no_file(part: Any) -> bool:
    """Whether a distribution is a page or a service, where no file can be fetched."""
    if not isinstance(part, dict) or part.get("downloadURL"):
        return False
    kind = str(last_part(text_of(part.get("format") or part.get("mediaType")))).upper()
    return kind in NOT_FILES or bool(part.get("accessService"))


def _file(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = last_part(text_of(part.get("format")))
    media_type = text_of(part.get("mediaType"))
    checksum = part.get("checksum")
    if isinstance(checksum, dict):
        algorithm = str(last_part(text_of(checksum.get("algorithm")))).lower().rpartition("_")[2]
        checksum = f"{algorithm}:{checksum.get('checksumValue')}"
    return {
        "key": text_of(part.get("identifier")) or text_of(part.get("@id")),
        "url": text_of(part.get("downloadURL"), "@id") or text_of(part.get("accessURL"), "@id"),
        "title": text_of(part.get("title")),
        "format": "" if isinstance(kind, str) and "/" in kind else kind,
        "mediatype": media_type,
        "hash": checksum,
        "bytes": part.get("byteSize"),
    }


def _keywords(value: Any) -> Any:
    if isinstance(value, list):
        return [text_of(word) for word in value]
    return value if isinstance(value, str | None) else [text_of(value)]


def _place(value: Any) -> Any:
    label = text_of(value, "prefLabel", "geographicName")
    if not isinstance(label, dict | list):
        return label
    return json.dumps(label, ensure_ascii=False, separators=(",", ":"))[:1000]  # a geometry


def _joined(value: Any) -> Any:
    found = text_of(value)
    return found.replace("; ", ", ") if isinstance(found, str) else found


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
