"""Kind `datapackage`: one Data Package (v1 or v2), by its descriptor's path or URL, or its folder's path.

Standard properties are taken as https://datapackage.org says. Where the standard has no word, ours are understood
in the descriptor too: publisher, creator, issued, modified, frequency (or accrualPeriodicity), theme, language,
spatial, period, contact, landing_page, fee, catalogue_item, and rows of a resource. The identifier is the package's
`id`, else its `name`, else ".".
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Place, Resource, Source
from harvester.sources.describing import DATASET_KEYS, apart, dataset_of, inside, readable, resource_of
from harvester.sources.descriptors import JSON_BYTES, Descriptor, read_json
from harvester.sources.fields import SHORT, Fields, cleaned, masked
from harvester.sources.holding import Holding, hold

FILE_NAME = "datapackage.json"
RESOURCES = 500
_PROPERTIES = {
    "licence": "licenses",
    "landing_page": "homepage",
    "frequency": "accrualPeriodicity",
    "period": "temporal",
}


class Base:
    """Where the paths in a descriptor lead: the folder or ZIP it lies in, or the URL it came from."""

    def __init__(self, fetcher: Fetcher, *, holding: Holding | None = None, folder: str = ".", url: str = "") -> None:
        self.fetcher, self._holding, self._folder, self._url = fetcher, holding, folder, url

    def locate(self, path: str) -> tuple[str, str]:
        """Address and member of a resource's `path`. Raises SourceError for one that is missing or leads out."""
        if re.match("https?://", path, re.IGNORECASE):
            return path, ""
        if self._holding is None:
            return urljoin(self._url, _inside(path)), ""
        return self._holding.address(self._name(path, self._holding))

    def read(self, path: str) -> bytes:
        """A small document that the descriptor refers to, such as a schema. Raises SourceError."""
        if self._holding is None or re.match("https?://", path, re.IGNORECASE):
            return self.fetcher.read(self.locate(path)[0], accept="application/json").content
        return self._holding.read(self._name(path, self._holding), JSON_BYTES)

    def _name(self, path: str, holding: Holding) -> str:
        name = unicodedata.normalize("NFC", str(PurePosixPath(self._folder, _inside(path))))
        if name in holding.files:
            return name
        raise SourceChanged(
            "SRC-030",
            say("there is no file {path}", path=masked(path)),
            say("Put the file there, or correct its name in the description."),
        )


def _inside(path: str) -> str:
    relative = inside(path)
    if relative is None:
        raise SourceChanged(
            "SRC-032",
            say("{path} leads out of the folder", path=masked(path)),
            say("Put the file beside the description and write its name only."),
        )
    return relative


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """The one dataset at `source.address`.

    Raises SourceUnavailable when the descriptor cannot be reached, SourceChanged when it is no Data Package.
    """
    content, base, file = _descriptor(source.address, fetcher, workspace)
    dataset, findings = package(content, base, file, source.id)
    yield dataset
    yield from findings
    yield Listing(complete=True)


def package(
    content: bytes,
    base: Base,
    file: str,
    source: str,
    *,
    identifier: str = "",
    title: str = "",
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Dataset, list[Finding]]:
    """The dataset a descriptor describes; `file` is its name for messages, `overrides` replace what it says.

    Raises SourceChanged when it is no Data Package.
    """
    descriptor = read_json(content, file)
    if not isinstance(descriptor, dict) or not isinstance(descriptor.get("resources"), list):
        raise SourceChanged(
            "SRC-016",
            say("{file} is no Data Package: it has no list of resources.", file=file),
            say("See datapackage.org for what a descriptor holds."),
            Place(file).to_json(),
        )
    name = cleaned(str(descriptor.get("id") or descriptor.get("name") or ""))[:SHORT] or "."
    identifier = identifier or name
    values = {**_in_our_words(descriptor), **(overrides or {})}
    fields = Fields(Descriptor(file, values), identifier, names=_PROPERTIES)
    resources = [_resource(fields, part, base, number) for number, part in fields.parts("resources", RESOURCES)]
    place = Place(file)
    dataset = dataset_of(
        fields,
        source=source,
        identifier=identifier,
        title=title or readable(name),
        place=place,
        resources=apart(fields, resources),
    )
    return dataset, fields.findings


def _descriptor(address: str, fetcher: Fetcher, workspace: Path) -> tuple[bytes, Base, str]:
    if re.match("https?://", address, re.IGNORECASE):
        answer = fetcher.read(address, accept="application/json")
        return answer.content, Base(fetcher, url=answer.url), address.partition("?")[0].rpartition("/")[2] or FILE_NAME
    path = workspace / address
    folder, name = (path, FILE_NAME) if path.is_dir() or path.suffix.lower() == ".zip" else (path.parent, path.name)
    holding = hold(folder)
    if name not in holding.files:
        raise SourceChanged(
            "SRC-017",
            say("There is no {file} in {place}.", file=name, place=str(folder)),
            say("Write the address of the Data Package's descriptor."),
        )
    return holding.read(name, JSON_BYTES), Base(fetcher, holding=holding), name


def _in_our_words(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """Standard properties under our keys; what has the wrong shape is passed on, to be noted where it is read."""
    values = {key: descriptor[key] for key in DATASET_KEYS if key in descriptor and key != "license"}
    people = [c for c in _list(descriptor.get("contributors")) if isinstance(c, dict)]
    contact = _with_role(people, "contact") or {}
    standard = {
        "landing_page": descriptor.get("homepage"),
        "frequency": descriptor.get("accrualPeriodicity"),
        "period": descriptor.get("temporal"),
        "issued": descriptor.get("created"),
        "licence": _licence(descriptor),
        "publisher": (_with_role(people, "publisher") or {}).get("title"),
        "creator": (_with_role(people, "creator", "author") or {}).get("title"),
        "contact": contact.get("email") or contact.get("title"),
    }
    return {key: value for key, value in standard.items() if value} | values


def _licence(descriptor: Mapping[str, Any]) -> Any:
    """Name, path or title of the licence: the package's, else the one all its resources share."""
    own = _list(descriptor.get("licenses")) or _list(descriptor.get("license"))
    if not own:
        shared = [_list(r.get("licenses")) for r in _list(descriptor.get("resources")) if isinstance(r, dict)]
        own = shared[0] if shared and all(one == shared[0] for one in shared) else []
    names = [one.get("name") or one.get("path") or one.get("title") if isinstance(one, dict) else one for one in own]
    return "; ".join(str(name) for name in names if name)


def _with_role(people: list[dict[str, Any]], *roles: str) -> dict[str, Any] | None:
    """The first contributor with one of `roles` (`role` in v1, `roles` in v2)."""
    return next((p for p in people if set(roles) & {str(r) for r in _list(p.get("roles")) or [p.get("role")]}), None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, dict | str) else []


def _resource(package: Fields, values: Mapping[str, Any], base: Base, number: int) -> Resource:
    values = _with_references(package, values, base, number)
    fields = package.inside(values, f"resources[{number}].")
    path = values.get("path")
    if isinstance(path, list) and len(path) == 1:
        path = path[0]
    key = fields.text("name") or (masked(path) if isinstance(path, str) else "") or str(number)
    if "data" in values:
        address, ending = _inline(fields, values["data"], base)
        return replace(resource_of(fields, key=key, address=address), format=fields.text("format").upper() or ending)
    address, member = _located(fields, path, base)
    return resource_of(fields, key=key, address=address, member=member)


def _located(fields: Fields, path: Any, base: Base) -> tuple[str, str]:
    """Where the file is; ("", "") with a finding where that cannot be said, so that the dataset's file fails."""
    if isinstance(path, list):
        fields.note("path", "SRC-033", say("it is divided into several files"), say("Hand it over as one file."))
    elif not isinstance(path, str) or not path:
        fields.note("path", "SRC-034", say("the name of the file is missing"), say("Write the file's name as path."))
    else:
        try:
            return base.locate(path)
        except SourceError as error:
            fields.note("path", error.code, error.message, error.remedy)
    return "", ""


def _with_references(package: Fields, values: Mapping[str, Any], base: Base, number: int) -> Mapping[str, Any]:
    """The resource with the schema and dialect that it only refers to put in."""
    found = dict(values)
    for key in ("schema", "dialect"):
        written = found.get(key)
        if not isinstance(written, str):
            continue
        found[key] = None
        try:
            found[key] = read_json(base.read(written), masked(written))
        except SourceError as error:
            fields = package.inside(values, f"resources[{number}].")
            fields.note(key, "SRC-036", say("it could not be read ({why})", why=error.message), error.remedy)
    return found


def _inline(fields: Fields, data: Any, base: Base) -> tuple[str, str]:
    """Data inside the descriptor, kept as the file it would have been: plain rows as CSV, anything else as JSON."""
    if isinstance(data, str) or not data:
        fields.note("data", "SRC-037", say("it holds no rows"), say("Put the data in a file and write its path."))
        return "", ""
    table = _as_csv(data) if isinstance(data, list) else None
    content = table or json.dumps(data, ensure_ascii=False, indent=1).encode()
    return str(base.fetcher.files.keep_stream([content], len(content)).path), "CSV" if table else "JSON"


def _as_csv(rows: list[Any]) -> bytes | None:
    """Rows of plain values as CSV; None where some are no such rows."""
    if all(isinstance(row, dict) for row in rows):
        header = list(dict.fromkeys(key for row in rows for key in row))
        rows = [header, *([row.get(key) for key in header] for row in rows)]
    if not all(isinstance(row, list) and not any(isinstance(v, list | dict) for v in row) for row in rows):
        return None
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([[_cell(value) for value in row] for row in rows])
    return written.getvalue().encode()


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
