"""A publication in CKAN's words and back: flat fields that can be compared one by one, whoever wrote them last.

`fields` is what a publication says, `shown` what a portal's package says, `package` the way back. What only we need
(our key, the version, a digest of what we wrote) travels in extras that are never compared.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import unquote

from harvester.model import Finding, Portal, Publication, PublishedFile, SeenFile, Tombstone
from publishers.labels import LABELS
from publishers.metadata import web_address

Package = Mapping[str, Any]
"""A dataset as CKAN's API gives it."""

Fields = dict[str, str]
"""Field → text; a field that says nothing is ""."""

CORE = {
    "title": "title",
    "description": "notes",
    "homepage": "url",
    "creator": "author",
    "contact": "maintainer",
    "licence": "license_id",
}
"""Our field → CKAN's own."""

EXTRAS = {
    "agency": "opendata_agency",
    "publisher": "publisher_name",
    "issued": "issued",
    "modified": "modified",
    "frequency": "frequency",
    "theme": "theme",
    "language": "language",
    "spatial": "spatial_text",  # `spatial` itself must be GeoJSON where ckanext-spatial is
    "period_start": "temporal_start",
    "period_end": "temporal_end",
    "licence_title": "licence_title",
    "licence_declared": "licence_declared",
    "fee": "fee",
    "catalogue_item": "catalogue_item",
    "notice": "notice",
    "findings": "opendata_findings",
    "source": "opendata_source",
    "identifier": "opendata_identifier",
}
"""Our field → the extra it is kept in, where possible under the name that ckanext-dcat knows."""

KEY = "opendata_key"  # the frozen name: this dataset is ours
VERSION = "opendata_version"
WRITTEN = "opendata_written"  # digest of what we wanted to stand there: another one means that somebody edited it
SENT = "opendata_sent"  # how often this dataset was sent: makes every repair a change, so that CKAN indexes it again
WITHDRAWN, REASON = "opendata_withdrawn", "opendata_reason"
BOOKKEEPING = (KEY, VERSION, WRITTEN, SENT, WITHDRAWN, REASON)
FILE = "opendata_file"  # on a resource, the logical file: this resource is ours

TAGS = 200  # of one dataset; a record with 34,866 was seen
LONGEST = {"description": 100_000}
LONGEST_FIELD = 8_000  # characters; Solr refuses a term of more than 32,766 bytes
FINDINGS = 50
_NOT_IN_TAG = re.compile(r"[^\w \-.]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def fields(wanted: Publication, organisation: str, portal: Portal) -> Fields:
    """What the publication says, as CKAN will show it."""
    dataset = wanted.dataset
    notice = LABELS["notice"].render("vi") if portal.illustration else ""
    said = {
        "name": wanted.name,
        "organization": organisation,
        "title": dataset.title,
        "description": f"**{notice}**\n\n{dataset.description}" if notice else dataset.description,
        "homepage": web_address(dataset.landing_page),
        "creator": dataset.creator,
        "contact": dataset.contact,
        "licence": wanted.licence,
        "keywords": ", ".join(sorted(tags(dataset.keywords))),
        "agency": wanted.agency.id,
        "publisher": dataset.publisher,
        "issued": _day(dataset.issued),
        "modified": _day(dataset.modified),
        "frequency": dataset.frequency,
        "theme": dataset.theme,
        "language": dataset.language,
        "spatial": dataset.spatial,
        "period_start": _day(dataset.period_start),
        "period_end": _day(dataset.period_end),
        "licence_title": wanted.licence_title,
        "licence_declared": dataset.licence,
        "fee": dataset.fee,
        "catalogue_item": dataset.catalogue_item,
        "notice": notice,
        "source": dataset.source,
        "identifier": dataset.identifier,
        "findings": "; ".join(_finding(finding) for finding in wanted.report.findings[:FINDINGS]),
    }
    return {name: _clean(text, LONGEST.get(name, LONGEST_FIELD)) for name, text in said.items()}


def shown(package: Package) -> Fields:
    """What a package says, field by field as `fields`."""
    kept = extras(package)
    said = {name: package.get(key) for name, key in CORE.items()}
    said |= {name: kept.get(key) for name, key in EXTRAS.items()}
    said["name"] = package.get("name")
    said["organization"] = (package.get("organization") or {}).get("name")
    said["keywords"] = ", ".join(sorted(tag["name"] for tag in package.get("tags", ()) if not tag.get("vocabulary_id")))
    return {name: _clean(str(text or ""), LONGEST.get(name, LONGEST_FIELD)) for name, text in said.items()}


def package(said: Fields, before: Package) -> dict[str, Any]:
    """The fields as CKAN takes them, over what `before` has that is not ours: other extras, tags of vocabularies."""
    ours = {*EXTRAS.values(), *BOOKKEEPING}
    others = [{"key": key, "value": value} for key, value in extras(before).items() if key not in ours]
    words = [word for word in said["keywords"].split(", ") if word]
    vocabulary = [tag for tag in before.get("tags", ()) if tag.get("vocabulary_id")]
    return {
        "name": said["name"],
        **{key: said[name] for name, key in CORE.items()},
        "tags": [{"name": word} for word in words] + vocabulary,
        "extras": others + [{"key": key, "value": said[name]} for name, key in EXTRAS.items() if said[name]],
    }


def tombstone(stone: Tombstone) -> dict[str, str]:
    """The extras that a withdrawn dataset carries."""
    return {WITHDRAWN: stone.day.isoformat(), REASON: _clean(stone.reason, LONGEST_FIELD)}


def extras(package: Package) -> dict[str, str]:
    """The extras of a package, by key."""
    return {str(extra["key"]): str(extra["value"]) for extra in package.get("extras", ())}


def with_extras(package: Package, **changed: str) -> list[dict[str, str]]:
    """All extras of `package` with some changed; an empty text takes one away."""
    merged = extras(package) | changed
    return [{"key": key, "value": value} for key, value in merged.items() if value]


# ---------------------------------------------------------------- files


def resource(file: PublishedFile) -> dict[str, Any]:
    """A file as CKAN's resource, without its bytes."""
    link = web_address(file.link)
    return {
        "id": file.id,
        FILE: file.key,
        "name": _clean(file.title, LONGEST_FIELD),
        "format": _clean(file.format, 100),
        "mimetype": file.media_type if re.fullmatch(r"[\w.+-]+/[\w.+-]+", file.media_type) else "",
        "hash": file.sha256,
        "url": link or file.name,
        "url_type": "" if link else "upload",
        **({"size": file.bytes} if link else {}),
    }


def described(resource: Mapping[str, Any]) -> Fields:
    """What of a resource is compared beside its bytes."""
    hosted = resource.get("url_type") == "upload"
    return {
        "title": _clean(str(resource.get("name") or ""), LONGEST_FIELD),
        "format": str(resource.get("format") or "").casefold(),  # CKAN writes formats it knows its own way
        "mediatype": str(resource.get("mimetype") or ""),
        "path": file_name(resource) if hosted else str(resource.get("url") or ""),
    }


def file_name(resource: Mapping[str, Any]) -> str:
    """The name of the file that a resource is."""
    return unquote(str(resource.get("url") or "").partition("?")[0].rstrip("/").rpartition("/")[2])


def seen_file(resource: Mapping[str, Any]) -> SeenFile:
    """A resource as its portal describes it."""
    size = resource.get("size")
    return SeenFile(str(resource["id"]), file_name(resource), str(resource.get("hash") or ""), int(size) if size else 0)


def is_ours(resource: Mapping[str, Any]) -> bool:
    """Whether we put this resource there; others are left alone."""
    return bool(resource.get(FILE))


def digest(said: Fields, files: Iterable[tuple[SeenFile, Fields]]) -> str:
    """One short text for all that is compared."""
    content = [sorted(said.items()), sorted([file.id, file.sha256, *sorted(about.items())] for file, about in files)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]


def tags(keywords: Iterable[str]) -> list[str]:
    """Keywords as CKAN takes tags: letters, digits, space, - _ . and 2 to 100 of them; NFC, none twice."""
    words = (_NOT_IN_TAG.sub(" ", unicodedata.normalize("NFC", keyword)) for keyword in keywords)
    found = dict.fromkeys(" ".join(word.split())[:100].strip() for word in words)
    return [word for word in found if len(word) >= 2][:TAGS]


def _finding(finding: Finding) -> str:
    place = finding.place
    if place is None:
        return finding.code
    name = place.file.rpartition("/")[2]
    return f"{finding.code} ({name}:{place.row})" if place.row else f"{finding.code} ({name})"


def _clean(text: str, longest: int) -> str:
    text = _CONTROL.sub(" ", unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n"))
    return text[:longest].strip()


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""
