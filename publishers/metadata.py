"""How one dataset is described to machines: its Data Package, and what makes two versions of it differ."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

from harvester.model import Agency, Change, Finding, Publication, PublishedFile, Seen, SeenFile, Table, Tombstone
from publishers.labels import LABELS

Description = Mapping[str, Any]
"""What datapackage.json (or tombstone.json) of a version folder holds."""

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
NOT_COMPARED = {"name", "version", "agency", "notice", "notice_en"}
SAID = {"creator", "issued", "modified", "frequency", "theme", "language", "spatial", "contact", "licence"}
OWN = SAID | {"name", "key", "version", "withdrawn", "illustration", "agency", "period_start", "period_end", "findings"}
"""What under `opendata` this portal's catalogues rely on."""
FINDINGS = 200  # findings kept in a description; a broken table can have thousands
CREATIVE_COMMONS = re.compile(r"CC-(BY|BY-SA|BY-ND|BY-NC)-([1-4]\.0)")
LICENCES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "ODC-BY-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
    "MIT": "https://opensource.org/license/mit",
}


# ---------------------------------------------------------------- one dataset


def data_package(wanted: Publication, illustration: bool) -> dict[str, Any]:
    """The Data Package (v2) of a publication; what that standard has no word for is under `opendata`."""
    dataset = wanted.dataset
    people = [{"title": wanted.agency.name_vi, "roles": ["publisher"]}]
    if dataset.creator:
        people.append({"title": dataset.creator, "roles": ["creator"]})
    return filled(
        {
            "$schema": PROFILE,
            "name": wanted.name,
            "title": dataset.title,
            "description": dataset.description,
            "version": str(wanted.version),
            "homepage": web_address(dataset.landing_page),
            "keywords": list(dataset.keywords),
            "licenses": _licences(wanted),
            "contributors": people,
            "resources": [_resource(wanted, file) for file in wanted.files],
            "opendata": _own(wanted, illustration),
        }
    )


def tombstone(stone: Tombstone, illustration: bool) -> dict[str, Any]:
    """What stays of a dataset that was taken off the portal."""
    return {
        "title": stone.title,
        "opendata": notice(illustration)
        | {
            "name": stone.name,
            "withdrawn": True,
            "reason": stone.reason,
            "day": stone.day.isoformat(),
            "agency": _agency(stone.agency),
        },
    }


def dumped(description: Any) -> bytes:
    """JSON as it is written: one form for one content."""
    return (json.dumps(description, ensure_ascii=False, indent=1) + "\n").encode()


def streamed(envelope: Mapping[str, Any], key: str, items: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """As `dumped`, of `envelope` with `items` under `key`, which comes last; one item in memory at a time."""
    head = json.dumps(envelope, ensure_ascii=False, indent=1)
    yield f"{head[:-2]},\n {json.dumps(key)}: [".encode()
    between = "\n"
    for item in items:
        text = json.dumps(item, ensure_ascii=False, indent=1).replace("\n", "\n  ")
        yield f"{between}  {text}".encode()
        between = ",\n"
    yield b"\n ]\n}\n"


def _own(wanted: Publication, illustration: bool) -> dict[str, Any]:
    dataset, findings = wanted.dataset, wanted.report.findings
    return notice(illustration) | {
        "name": wanted.name,
        "key": _digest(dataset.source, dataset.identifier),
        "version": wanted.version,
        "withdrawn": False,
        "agency": _agency(wanted.agency),
        "publisher": dataset.publisher,
        "creator": dataset.creator,
        "issued": _day(dataset.issued),
        "modified": _day(dataset.modified),
        "frequency": dataset.frequency,
        "licence": wanted.licence,
        "licence_title": wanted.licence_title,
        "licence_declared": dataset.licence,
        "theme": dataset.theme,
        "language": dataset.language,
        "spatial": dataset.spatial,
        "period_start": _day(dataset.period_start),
        "period_end": _day(dataset.period_end),
        "contact": dataset.contact,
        "fee": dataset.fee,
        "preview": _previews(wanted.report.tables),
        "findings": [_finding(finding) for finding in findings[:FINDINGS]],
        "findings_total": len(findings),
    }


def _resource(wanted: Publication, file: PublishedFile) -> dict[str, Any]:
    described = next((r for r in wanted.dataset.resources if r.key == file.key), None)
    return filled(
        {
            "name": file.name.lower(),
            "id": file.id,
            "path": web_address(file.link) or file.name,
            "filename": file.name,
            "title": file.title,
            "format": file.format.lower(),
            "mediatype": file.media_type if "/" in file.media_type else "",
            "encoding": described.encoding if described else "",
            "bytes": file.bytes,
            "hash": f"sha256:{file.sha256}",
            "dialect": described.dialect if described else None,
            "schema": file.schema,
        }
    )


def _licences(wanted: Publication) -> list[dict[str, Any]]:
    title = wanted.licence_title or wanted.licence or wanted.dataset.licence
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted.licence).strip("-")
    address = licence_address(wanted.licence) or licence_address(wanted.dataset.licence)
    return [filled({"name": name, "path": address, "title": title})] if name or address else []


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "rule": finding.rule,
        "place": finding.place.to_json() if finding.place else None,
        "message": finding.message.render("vi"),
        "message_en": finding.message.render("en"),
        "remedy": finding.remedy.render("vi"),
        "remedy_en": finding.remedy.render("en"),
    }


def _previews(tables: Iterable[Table]) -> str:
    """A digest of what the page shows of the tables: a change in how personal values are masked must reach it."""
    shown = [[table.file, table.rows, table.preview] for table in tables]
    return _digest(json.dumps(shown)) if shown else ""


def is_link(resource: Mapping[str, Any]) -> bool:
    """Whether the file stays with its source."""
    return bool(resource["path"] != resource["filename"])


def file_address(description: Description, resource: Mapping[str, Any], base: str) -> str:
    """Where a file of exactly this version is fetched."""
    if is_link(resource):
        return web_address(resource["path"])
    own = description["opendata"]
    return f"{base}versions/{own['name']}.{own['version']}/{quote(resource['filename'])}"


def web_address(address: str) -> str:
    """`address` fit for a link: http or https, nothing that could run or break out; else ""."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return quote(address, safe="%/:?#[]@!$&'()*+,;=~-._")


def licence_address(licence: str) -> str:
    """Where a licence's text is, for the licences known by their SPDX id and those named by an address; else ""."""
    if found := CREATIVE_COMMONS.fullmatch(licence):
        return f"https://creativecommons.org/licenses/{found[1].lower()}/{found[2]}/"
    return LICENCES.get(licence, "") or web_address(licence)


# ---------------------------------------------------------------- comparing


def is_ours(description: Any, name: str) -> bool:
    """Whether `description`, read from a folder anybody may have changed, is one that this module wrote for `name`."""
    if not isinstance(description, dict) or not isinstance(own := description.get("opendata"), dict):
        return False
    fields = {"name", "agency", "reason", "day"} if own.get("withdrawn") else OWN
    resources, agency = description.get("resources", []), own.get("agency")
    return (
        own.get("name") == name
        and fields <= own.keys()
        and isinstance(agency, dict)
        and agency.keys() >= {"id", "slug", "name_vi", "name_en"}
        and isinstance(resources, list)
        and bool(resources or own.get("withdrawn"))
        and all(isinstance(r, dict) and r.keys() >= {"id", "path", "filename", "hash", "bytes"} for r in resources)
    )


def seen(description: Description, name: str, url: str, files: Iterable[SeenFile]) -> Seen:
    """A description read back, as `Seen`."""
    own = description["opendata"]
    return Seen(
        name=name,
        title=str(description.get("title", "")),
        agency=str(own["agency"]["id"]),
        ours=True,
        version=int(own.get("version", 0)),
        withdrawn=bool(own["withdrawn"]),
        metadata=compared(description),
        files=tuple(files),
        url=url,
    )


def seen_files(description: Description) -> tuple[SeenFile, ...]:
    """The files of a version, as its description has them."""
    return tuple(
        SeenFile(r["id"], r["filename"], r["hash"].removeprefix("sha256:"), r["bytes"])
        for r in description.get("resources", ())
    )


def compared(description: Description) -> dict[str, Any]:
    """What makes two versions of a dataset differ, by field; the version's number does not."""
    own = {key: value for key, value in description["opendata"].items() if key not in NOT_COMPARED}
    findings = own.pop("findings", [])
    agency = description["opendata"]["agency"]
    return {
        "title": description.get("title", ""),
        "description": description.get("description", ""),
        "homepage": description.get("homepage", ""),
        "keywords": ", ".join(description.get("keywords", ())),
        "agency": f"{agency['id']} {agency['name_vi']}",
        **{key: "" if value is None else str(value) for key, value in own.items()},
        "findings": ", ".join(_found(finding) for finding in findings),  # not their words, which translators mend
        "resources": {r["id"]: _described(r) for r in description.get("resources", ())},
    }


def difference(wanted: Seen, before: Seen | None) -> tuple[Change, ...]:
    """Field by field, then file by file (by id), what changes from `before` to `wanted`."""
    old, new = dict(before.metadata if before else {}), dict(wanted.metadata)
    described, describing = old.pop("resources", {}), new.pop("resources", {})
    changes = [Change(f, old.get(f, ""), new.get(f, "")) for f in [*new, *(o for o in old if o not in new)]]
    files = {file.id: file for file in (before.files if before else ())}
    for file in wanted.files:
        was, fields = files.pop(file.id, None), describing[file.id]
        changes.append(Change(f"file {file.name}", _bytes(was), _bytes(file)))
        if was:
            known = described.get(file.id, {})
            changes += [Change(f"file {file.name}: {f}", known.get(f, ""), fields[f]) for f in fields]
    changes += [Change(f"file {gone.name}", _bytes(gone), "") for gone in files.values()]
    return tuple(change for change in changes if change.before != change.after)


def _found(finding: Mapping[str, Any]) -> str:
    place = finding["place"] or {}
    return " ".join([finding["code"], *(str(place[key]) for key in place if place[key])])


def _described(resource: Mapping[str, Any]) -> dict[str, str]:
    fields = {field: str(resource.get(field, "")) for field in ("title", "format", "mediatype", "encoding", "path")}
    for field in ("schema", "dialect"):  # too long to show: by digest
        fields[field] = _digest(json.dumps(resource[field], sort_keys=True)) if field in resource else ""
    return fields


def _bytes(file: SeenFile | None) -> str:
    return f"{file.name} · {file.bytes} B · sha256 {file.sha256[:12]}" if file else ""


def _agency(agency: Agency) -> dict[str, str]:
    return {"id": agency.id, "slug": agency.slug, "name_vi": agency.name_vi, "name_en": agency.name_en}


def notice(illustration: bool) -> dict[str, Any]:
    """What every JSON of the portal says about whether its figures are real."""
    if not illustration:
        return {"illustration": False}
    words = LABELS["notice"]
    return {"illustration": True, "notice": words.render("vi"), "notice_en": words.render("en")}


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something; an absent one is left out, never guessed."""
    return {key: value for key, value in fields.items() if value is not None and value not in ("", [], {})}
