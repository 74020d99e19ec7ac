"""Kind `ckan`: every dataset that a CKAN portal shows to an anonymous reader, by the portal's address.

Read page by page in the order of the ids. The listing is complete only if the declared number stayed the same and as
many different datasets came. A dataset's publisher is its organisation, by title; [agencies] may name it by its name
in addresses too. Option `query` narrows the datasets by a filter in CKAN's (Solr's) words, such as "groups:y-te".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from harvester.errors import SourceChanged
from harvester.fetch import Fetcher
from harvester.i18n import Text, say
from harvester.model import Dataset, Finding, Listing, Place, Resource, Severity, Source
from harvester.sources.describing import apart, dataset_of, resource_of
from harvester.sources.descriptors import Descriptor, read_json
from harvester.sources.fields import Fields, masked

OPTIONS = frozenset({"query", "observe"})
PAGE = 100  # datasets asked for at once; CKAN gives at most 1,000
RESOURCES = 500
OURS = "opendata_key"  # the extra by which this program knows what it published
DUMP = "_datastore_only_resource"  # in a resource's address: the table is in the DataStore alone
DIGESTS = {32: "md5", 64: "sha256"}

EXTRAS = {
    "issued": ("issued",),
    "modified": ("modified",),
    "frequency": ("frequency", "update_frequency", "accrual_periodicity"),
    "language": ("language",),
    "spatial": ("spatial_text", "spatial_coverage"),
    "fee": ("fee",),
    "catalogue_item": ("catalogue_item",),
    "theme": ("theme",),
    "start": ("temporal_start",),
    "end": ("temporal_end",),
}
"""Our key → the extras (or fields of a schema) that may hold it, the first that does."""


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset of the portal at `source.address`.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it does not answer as CKAN does.
    """
    base = source.address.rstrip("/")
    seen: set[str] = set()
    broken, declared, start, reason = 0, -1, 0, None
    while reason is None and (declared < 0 or start < declared):
        page = _page(base, source, fetcher, start)
        if declared not in (-1, page["count"]):
            reason = say("the number of datasets changed while they were listed")
        declared = page["count"]
        for number, package in enumerate(page["results"], start):
            identifier = str(package.get("id") or "") if isinstance(package, dict) else ""
            if not identifier or identifier in seen:
                broken += 1
                yield _unfit(number, identifier)
                continue
            seen.add(identifier)
            if source.options.get("observe") and OURS in {extra.get("key") for extra in _dicts(package.get("extras"))}:
                continue  # what we published there is known
            yield from _dataset(package, identifier, base, source)
        start += len(page["results"])
        if not page["results"] and start < declared:
            reason = say("the portal ended its list early")
    if reason is None and len(seen) != declared:
        reason = say(
            "{declared} datasets are declared, {received} were received", declared=declared, received=len(seen)
        )
    yield Listing(reason is None and not broken, _told(reason) if reason else None)


def _page(base: str, source: Source, fetcher: Fetcher, start: int) -> dict[str, Any]:
    asked = {"q": "*:*", "fq": source.options.get("query", ""), "sort": "id asc", "rows": PAGE, "start": start}
    url = f"{base}/api/3/action/package_search?{urlencode({key: value for key, value in asked.items() if value})}"
    answer = read_json(fetcher.read(url, accept="application/json").content, "package_search")
    result = answer.get("result") if isinstance(answer, dict) and answer.get("success") is True else None
    if not isinstance(result, dict) or not isinstance(result.get("results"), list):
        raise _no_ckan(base)
    if not isinstance(result.get("count"), int) or result["count"] < 0:
        raise _no_ckan(base)
    return result


def _dataset(package: Mapping[str, Any], identifier: str, base: str, source: Source) -> Iterator[Dataset | Finding]:
    name = str(package.get("name") or identifier)[:200]
    page = f"{base}/dataset/{name}"
    organisation = package.get("organization") if isinstance(package.get("organization"), dict) else {}
    values = _in_our_words(package, organisation or {}, page, source)
    fields = Fields(Descriptor(page, values), identifier)
    resources = [
        found
        for number, part in fields.parts("resources", RESOURCES)
        if (found := _resource(fields, part, base, number))
    ]
    dataset = dataset_of(
        fields,
        source=source.id,
        identifier=identifier,
        title=name,
        place=Place(page),
        resources=apart(fields, resources),
    )
    yield dataset
    yield from fields.findings


def _in_our_words(
    package: Mapping[str, Any], organisation: Mapping[str, Any], page: str, source: Source
) -> dict[str, Any]:
    extras = {str(e.get("key")): e.get("value") for e in _dicts(package.get("extras"))}
    found = {
        ours: next((value for key in theirs if (value := extras.get(key) or package.get(key))), None)
        for ours, theirs in EXTRAS.items()
    }
    name, title = organisation.get("name"), organisation.get("title")
    themes = [str(group.get("title") or group.get("name") or "") for group in _dicts(package.get("groups"))]
    values = {
        "title": package.get("title"),
        "description": package.get("notes"),
        "publisher": name if name in source.agencies else title or name,
        "creator": package.get("author"),
        "licence": package.get("license_id") or package.get("license_url") or package.get("license_title"),
        "keywords": [str(tag.get("display_name") or tag.get("name") or "") for tag in _dicts(package.get("tags"))],
        "contact": package.get("maintainer") or package.get("maintainer_email") or package.get("author_email"),
        "landing_page": page,
        "resources": _dicts(package.get("resources")),
        **{key: value for key, value in found.items() if key not in ("start", "end")},
        "period": {key: found[key] for key in ("start", "end") if found[key]},
    }
    values["theme"] = values["theme"] or "; ".join(theme for theme in themes if theme)
    values["modified"] = values["modified"] or _last_change(package)
    values["issued"] = values["issued"] or str(package.get("metadata_created") or "")[:10]
    return {key: value for key, value in values.items() if value}


def _last_change(package: Mapping[str, Any]) -> str:
    """The day the last file changed, else the day the description did; CKAN's own times, in UTC."""
    changed = [str(r.get("last_modified") or r.get("created") or "")[:10] for r in _dicts(package.get("resources"))]
    days = [day for day in changed if _is_day(day)]
    return max(days, default=str(package.get("metadata_modified") or "")[:10])


def _resource(package: Fields, values: Mapping[str, Any], base: str, number: int) -> Resource | None:
    words = {"title": values.get("name") or values.get("description"), "format": values.get("format")}
    words |= {"mediatype": values.get("mimetype"), "url": values.get("url")}
    fields = package.inside({key: str(word) for key, word in words.items() if word}, f"resources[{number}].")
    key = str(values.get("id") or number)[:100]
    address = fields.text("url", 4000)
    if values.get("datastore_active") and (not address or DUMP in address):
        resource = resource_of(fields, key=key, address=f"{base}/datastore/dump/{key}?bom=true")
        return replace(resource, format="CSV", media_type="text/csv")
    if not re.match(r"https?://[^\s/]", address, re.IGNORECASE):
        fields.note(
            "url",
            "SRC-050",
            say("“{value}” is no web address", value=masked(address)),
            say("Put the file on the portal, or write its address there."),
            Severity.WARNING,
        )
        return None
    digest = str(values.get("hash") or "").lower()
    kind = DIGESTS.get(len(digest)) if re.fullmatch("[0-9a-f]+", digest) else None
    resource = resource_of(fields, key=key, address=address)
    return replace(resource, declared_hash=f"{kind}:{digest}") if kind else resource


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _unfit(number: int, identifier: str) -> Finding:
    return Finding(
        "SRC-051",
        Severity.ERROR,
        say(
            "Record {number} of the listing has no identifier, or one that was there before ({identifier}).",
            number=number + 1,
            identifier=identifier or "–",
        ),
        say("The list moved while it was read; the next run reads it again."),
        dataset=identifier or None,
    )


def _told(reason: Text) -> Text:
    return say("The list of datasets is not complete: {reason}.", reason=reason)


def _no_ckan(base: str) -> SourceChanged:
    return SourceChanged(
        "SRC-052",
        say("{address} does not answer as a CKAN portal does.", address=base),
        say("Write the portal's own address, without /dataset or /api after it."),
    )
