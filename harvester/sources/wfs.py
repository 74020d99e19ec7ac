"""Kind `wfs`: a Web Feature Service (OGC WFS 1.1 or 2.0), by its address.

Every feature type is one dataset; its files are the service's own addresses for GeoJSON and CSV, as far as it offers
them. owslib reads the capabilities from bytes that came through our own door; it connects to nothing. Where the
service gives at most so many features at once, and there are more, the file is not taken: it would be cut.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from harvester.errors import SourceError
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Place, Severity, Source
from harvester.sources.catalogues import Catalogue, Home, clean, no_catalogue, what_it_is, xml_of
from harvester.sources.paging import with_query

FORMATS = {
    "GEOJSON": ("application/json", "application/geo+json", "geojson", "application/json; subtype=geojson", "json"),
    "CSV": ("csv", "text/csv"),
}
"""Our format → names that services give it (GeoServer, MapServer, QGIS Server)."""


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every feature type of the service at `source.address`.

    Raises SourceUnavailable when it cannot be reached, SourceChanged when it is no such service.
    """
    home = Home(urlsplit(source.address).path.rpartition("/")[2] or "wfs", url=source.address)
    service, most = _service(fetcher, source.address, home)
    catalogue = Catalogue(source, home)
    for name in sorted(service.contents):
        if catalogue.full:
            yield catalogue.too_many()
            break
        yield from _dataset(catalogue, fetcher, service, name, most)
    yield catalogue.end()


def _service(fetcher: Fetcher, address: str, home: Home) -> tuple[Any, int | None]:
    """owslib's view of the capabilities, and how many features come at once. Raises SourceError."""
    from owslib.feature.wfs110 import WebFeatureService_1_1_0
    from owslib.feature.wfs200 import WebFeatureService_2_0_0

    asked = with_query(address, service="WFS", request="GetCapabilities")
    content = fetcher.read(asked, accept="application/xml, text/xml").content
    root = xml_of(content, home, "wfs")
    version = root.get("version", "")
    kinds = {"1.1.0": WebFeatureService_1_1_0, "2.0.0": WebFeatureService_2_0_0, "2.0.2": WebFeatureService_2_0_0}
    if etree.QName(root).localname != "WFS_Capabilities" or version not in kinds:
        raise no_catalogue(home, what_it_is(content[:4000]), "wfs")
    try:
        return kinds[version](address, version, content), _most(root)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:  # a part that must be there is not
        raise no_catalogue(home, say("its capabilities do not follow the standard"), "wfs") from error


def _most(root: etree._Element) -> int | None:
    """How many features the service gives at once (OGC 09-025r2, CountDefault); None: as many as there are."""
    limit = root.find(".//{*}Constraint[@name='CountDefault']")
    values = [element.text or "" for element in limit.iter("{*}DefaultValue", "{*}Value")] if limit is not None else []
    return next((int(value) for value in values if value.strip().isdecimal()), None)


def _dataset(
    catalogue: Catalogue, fetcher: Fetcher, service: Any, name: str, most: int | None
) -> Iterator[Dataset | Finding]:
    kind = service.contents[name]
    words = {
        "title": kind.title,
        "description": kind.abstract,
        "keywords": [word for word in kind.keywords or () if isinstance(word, str)],
        "publisher": getattr(service.provider, "name", None) if hasattr(service, "provider") else None,
    }
    files = _files(service, name)
    cut = _cut(fetcher, service, name, most, catalogue.home)
    yield from catalogue.dataset(name, words, [] if cut else files, where=name, names={"title": "Title"})
    if cut:
        yield _too_many_features(catalogue, name, cut)
    elif not files:
        message = say("The service offers {name} neither as GeoJSON nor as CSV.", name=clean(name)[:100])
        remedy = say("Ask whoever runs it to add one of the two.")
        yield Finding("KND-061", Severity.ERROR, message, remedy, dataset=name, place=Place(catalogue.home.name))


def _files(service: Any, name: str) -> list[dict[str, str]]:
    offered = {str(value).lower(): str(value) for value in _offered(service)}
    found = []
    for ours, theirs in FORMATS.items():
        named = next((offered[each] for each in theirs if each in offered), None)
        if named:
            found.append({"key": ours.lower(), "url": _get_feature(service, name, outputFormat=named), "format": ours})
    return found


def _offered(service: Any) -> list[str]:
    operation = next((each for each in service.operations if each.name == "GetFeature"), None)
    parameters: Mapping[str, Any] = getattr(operation, "parameters", {})
    values = list((parameters.get("outputFormat") or {}).get("values") or [])
    return values or list(getattr(operation, "formatOptions", None) or [])


def _get_feature(service: Any, name: str, **more: str) -> str:
    names = "typeNames" if service.version.startswith("2") else "typeName"
    query = {"service": "WFS", "version": service.version, "request": "GetFeature", names: name, **more}
    return with_query(service.url, **query)


def _cut(fetcher: Fetcher, service: Any, name: str, most: int | None, home: Home) -> tuple[int, int] | None:
    """How many features there are and how many come at once, if those are fewer; None also where it is not said."""
    if most is None:
        return None
    try:
        content = fetcher.read(_get_feature(service, name, resultType="hits"), accept="application/xml").content
        root = xml_of(content, home, "wfs")
    except SourceError:
        return None  # not said; the file itself will tell
    matched = root.get("numberMatched") or root.get("numberOfFeatures") or ""
    return (int(matched), most) if matched.isdecimal() and int(matched) > most else None


def _too_many_features(catalogue: Catalogue, name: str, cut: tuple[int, int]) -> Finding:
    message = say(
        "{name} has {count} features, but the service gives only {most} at once; it was not taken.",
        name=clean(name)[:100],
        count=cut[0],
        most=cut[1],
    )
    remedy = say("Ask whoever runs it to raise the limit, or for the file itself.")
    return Finding("KND-060", Severity.ERROR, message, remedy, dataset=name, place=Place(catalogue.home.name))
