"""Kind `arcgis`: a Feature or Map service (…/rest/services/X/FeatureServer), or an ArcGIS Hub site, by its address.

Of a service every layer and table is one dataset, with two files: GeoJSON (WGS 84) and CSV of its attributes. They are
read page after page; the server's count before and after, and the object ids, prove that nothing is missing or double.
A Hub is read by its feed of DCAT-US.
https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.i18n import Text, say
from harvester.model import ZONE, Dataset, Finding, Listing, Place, Resource, Severity, Source
from harvester.sources import data_json
from harvester.sources.catalogues import Catalogue, Home, no_catalogue
from harvester.sources.paging import read_page, with_query
from harvester.sources.tables import keep_csv, keep_geojson

PAGE = 1_000  # features at once, unless the server gives fewer
FEATURES = 5_000_000  # of one layer
_SERVICE = re.compile(r"/rest/services/.+/(Feature|Map)Server(/\d+)?/?$", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every layer and table of the service at `source.address`, or every dataset of the Hub.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it is no such service. A layer that cannot
    be described makes the listing incomplete; one whose features do not come whole is a dataset without its files.
    """
    address = source.address.partition("?")[0].rstrip("/")
    if not _SERVICE.search(address):
        feed = f"{address}/api/feed/dcat-us/1.1.json"
        yield from data_json.collect(replace(source, address=feed), fetcher, workspace)
        return
    catalogue = Catalogue(source, Home(address.rpartition("/rest/services/")[2], url=address))
    for url in _layers(fetcher, address, catalogue.home):
        try:
            described = _asked(fetcher, url)
        except SourceError as error:
            catalogue.records += 1
            yield catalogue.lost(error.code, url.rpartition("/")[2], error.message, error.remedy)
            continue
        yield from _dataset(catalogue, fetcher, url, described)
    yield catalogue.end()


def _layers(fetcher: Fetcher, address: str, home: Home) -> list[str]:
    """The addresses of the layers and tables. Raises SourceError."""
    if re.search(r"/\d+$", address):
        return [address]
    service = _asked(fetcher, address)
    listed = [part for key in ("layers", "tables") for part in service.get(key) or () if isinstance(part, Mapping)]
    if not isinstance(service.get("layers"), list):
        raise no_catalogue(home, say("it names no layers"), "arcgis")
    groups = {part.get("id") for part in listed if part.get("subLayerIds")}
    return [f"{address}/{part.get('id')}" for part in listed if part.get("id") not in groups]


def _asked(fetcher: Fetcher, address: str, **query: str | int) -> Mapping[str, Any]:
    """What the service answers. Raises SourceError; it says errors with status 200."""
    _, found = read_page(fetcher, with_query(address, **{"f": "json", **query}), "arcgis")
    if not isinstance(found, dict):
        raise no_catalogue(Home(address.rpartition("/rest/services/")[2]), say("it is JSON of another kind"), "arcgis")
    error = found.get("error")
    if error:
        told = str(error.get("message") if isinstance(error, Mapping) else error)[:200]
        message = say("The service answers with an error: {told}", told=told)
        raise SourceChanged("KND-050", message, say("Ask whoever runs it."))
    return found


def _dataset(catalogue: Catalogue, fetcher: Fetcher, url: str, layer: Mapping[str, Any]) -> Iterator[Dataset | Finding]:
    number = url.rpartition("/")[2]
    paths, why = ["", ""], None
    try:
        paths = _files(fetcher, url, layer)
    except SourceError as error:
        why = error.message
    editing = layer.get("editingInfo")
    words = {
        "title": layer.get("name"),
        "description": _TAGS.sub(" ", str(layer.get("description") or "")).strip(),
        "creator": layer.get("copyrightText"),
        "modified": _day(editing.get("lastEditDate") if isinstance(editing, Mapping) else None),
        "landing_page": url,
    }
    names = {"title": "name", "creator": "copyrightText"}
    for item in catalogue.dataset(f"{number}", words, where=f"layers[{number}]", names=names):
        yield replace(item, resources=_resources(paths)) if isinstance(item, Dataset) else item
    if why is not None:
        yield _not_whole(catalogue, number, why)


def _resources(paths: list[str]) -> tuple[Resource, ...]:
    kinds = (("geojson", "GEOJSON", "application/geo+json"), ("csv", "CSV", "text/csv"))
    made = zip(kinds, paths, strict=True)
    return tuple(Resource(key, path, format=kind, media_type=media) for (key, kind, media), path in made)


def _files(fetcher: Fetcher, url: str, layer: Mapping[str, Any]) -> list[str]:
    """The kept GeoJSON and CSV of a layer; features are asked for once. Raises SourceError."""
    formats = str(layer.get("supportedQueryFormats") or "geoJSON").lower()
    if "geojson" not in formats:
        why = say("The service cannot give GeoJSON.")
        raise SourceChanged("KND-051", why, say("Ask whoever runs it for a newer version."))
    fields = [str(field.get("name")) for field in layer.get("fields") or () if isinstance(field, Mapping)]
    geojson = keep_geojson(fetcher.files, _features(fetcher, url, layer))
    rows = ([row.get(name) for name in fields] for row in _attributes(geojson))
    return [str(geojson), str(keep_csv(fetcher.files, fields, rows))]


def _attributes(geojson: Path) -> Iterator[Mapping[str, Any]]:
    """The attributes in a GeoJSON that was kept with one feature on each line."""
    with geojson.open(encoding="utf-8") as lines:
        for line in lines:
            written = line.strip().rstrip(",")
            if written.startswith("{") and written.endswith("}"):
                yield json.loads(written)["properties"]


def _features(fetcher: Fetcher, url: str, layer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every feature, page after page. Raises SourceError when they do not come whole."""
    key = _key(layer)
    before = _count(fetcher, url)
    size = min(PAGE, int(layer.get("maxRecordCount") or PAGE))
    seen: set[Any] = set()
    while len(seen) < min(before, FEATURES):
        asked: dict[str, str | int] = {
            "where": "1=1",
            "outFields": "*",
            "outSR": 4326,
            "resultOffset": len(seen),
            "resultRecordCount": size,
        }
        page = _asked(fetcher, f"{url}/query", **{**asked, "f": "geojson", "orderByFields": key})
        features = page.get("features")
        if not isinstance(features, list) or not features:
            break
        for feature in features:
            known = _id(feature, key)
            if known is None or known in seen:
                raise _moved(say("A page came twice: {page}.", page=str(len(seen))))
            seen.add(known)
            yield feature
    after = _count(fetcher, url)
    if not len(seen) == before == after:
        raise _moved(say("{total} records are announced, {count} came.", total=max(before, after), count=len(seen)))


def _id(feature: Any, key: str) -> Any:
    if not isinstance(feature, Mapping) or not isinstance(feature.get("properties"), Mapping):
        return None
    found = feature["properties"].get(key)
    return found if isinstance(found, int | str) else feature.get("id")


def _key(layer: Mapping[str, Any]) -> str:
    fields = [field for field in layer.get("fields") or () if isinstance(field, Mapping)]
    oid = next((field.get("name") for field in fields if field.get("type") == "esriFieldTypeOID"), "OBJECTID")
    return str(layer.get("objectIdField") or oid)


def _count(fetcher: Fetcher, url: str) -> int:
    found = _asked(fetcher, f"{url}/query", where="1=1", returnCountOnly="true").get("count")
    if not isinstance(found, int):
        raise _moved(say("The service does not say how many features there are."))
    return found


def _day(moment: Any) -> str | None:
    """The day of a moment in milliseconds since 1970; None for what is none."""
    if not isinstance(moment, int) or not 0 <= moment < 2**42:
        return None
    return datetime.fromtimestamp(moment / 1000, UTC).astimezone(ZONE).date().isoformat()


def _moved(why: Text) -> SourceChanged:
    return SourceChanged("KND-009", why, say("The next run tries again."))


def _not_whole(catalogue: Catalogue, number: str, why: Text) -> Finding:
    message = say("The file {name} could not be obtained: {why}", name=f"layers[{number}]", why=why)
    return Finding(
        "KND-052",
        Severity.ERROR,
        message,
        say("The next run tries again."),
        dataset=number,
        place=Place(catalogue.home.name),
    )
