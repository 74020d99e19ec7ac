"""Services of others, played over real sockets: they page, count, hand out tokens, and can be told to misbehave."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from catalogues import Cases, catalogue_ttl, hangs, lay, pod, serialised, turtle, web_page
from servers import Handler, Reply, Server

CSV = b"a\n1\n"
Query = dict[str, str]


def answering(answer: Callable[[Query], Any], media_type: str = "application/json") -> Reply:
    """A reply that depends on the query; an int is a bare status."""

    def reply(handler: Handler) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(handler.path).query).items()}
        content = answer(query)
        if isinstance(content, int):
            handler.reply(content, {})
            return
        written = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        handler.reply(200, {"Content-Type": media_type}, written)

    return reply


# ---------------------------------------------------------------- paged JSON

MAPPING: dict[str, Any] = {
    "records": "data.items",
    "total": "data.total",
    "page": "p",
    "limit": "size",
    "page_size": 2,
    "fields": {"identifier": "id", "title": "name", "modified": "modified", "publisher": "agency.name"},
    "file_list": "files",
    "file": {"url": "link", "format": "kind"},
}


def record(identifier: str = "tram", **changes: Any) -> dict[str, Any]:
    files = [{"link": "/in/tram.csv", "kind": "csv"}]
    return {
        "id": identifier,
        "name": "Danh sách trạm y tế",
        "modified": "2026-03-31",
        "agency": {"name": "Sở Nội vụ"},
        "files": files,
    } | changes


def paged(*records: Any) -> Callable[[Any], str]:
    """A list in pages of the size asked for."""

    def answer(query: Query) -> Any:
        page, size = int(query.get("p", 1)), int(query.get("size", 2))
        return {"data": {"total": len(records), "items": list(records[(page - 1) * size : page * size])}}

    def put_up(stage: Any) -> str:
        stage.server.put("/in/tram.csv", CSV)
        stage.server.answers["/api"] = [answering(answer)]
        return str(stage.server.url + "/api")

    return put_up


def rest(kind: Any, title: str, content: bytes) -> Cases:
    return {
        "rest": kind(
            "rest",
            options=MAPPING,
            whole=paged(record(), record("xa"), record("chợ")),
            broken_record=paged(record(), record("hong", name="")),
            twice=paged(record(), record("tram")),
            bad_field=paged(record(modified="2026-02-31")),
            not_a_catalogue=lambda stage: stage.server.put("/api", b'{"a": 1}', "application/json"),
            nowhere=hangs,
        )
    }


# ---------------------------------------------------------------- DKAN


def dkan(kind: Any, title: str, content: bytes) -> Cases:
    def site(name: str, written: bytes) -> Callable[[Any], str]:
        def put_up(stage: Any) -> str:
            stage.server.put("/tram.csv", CSV)
            stage.server.put(name, written, "application/json" if "json" in name else "application/rdf+xml")
            return str(stage.server.url + "/")

        return put_up

    def pods(*datasets: Any) -> Callable[[Any], str]:
        return site("/data.json", json.dumps({"dataset": list(datasets)}).encode())

    return {
        "dkan": kind(
            "dkan",
            whole=pods(pod(), pod("xa")),
            broken_record=pods(pod(), pod("hong", title=None)),
            twice=pods(pod(), pod()),
            bad_field=pods(pod(modified="2026-02-31")),
            not_a_catalogue=lambda stage: stage.server.url,
        ),
        "dkan, catalog.xml": kind(
            "dkan",
            whole=site("/catalog.xml", serialised(catalogue_ttl(turtle(), turtle("xa")), "xml")),
            not_a_catalogue=site("/catalog.xml", b"<a/>"),
        ),
    }


# ---------------------------------------------------------------- ArcGIS


@dataclass
class Layer:
    """A layer of a Feature service with points; what is set makes it misbehave."""

    name: str = "Danh sách trạm y tế"
    count: int = 5
    most: int = 2  # features at once
    repeats: bool = False  # the same page again and again
    fails_at: int = -1  # offset of a page that gives an error
    grows: bool = False  # a feature is added while it is read
    formats: str = "JSON, geoJSON"
    edited: Any = 1774900000000
    asked: list[Query] = field(default_factory=list)

    def describe(self, query: Query) -> Any:
        fields = [{"name": "OBJECTID", "type": "esriFieldTypeOID"}, {"name": "Tên", "type": "esriFieldTypeString"}]
        return {
            "id": 0,
            "name": self.name,
            "type": "Feature Layer",
            "description": "<p>Trạm <b>y tế</b></p>",
            "maxRecordCount": self.most,
            "objectIdField": "OBJECTID",
            "supportedQueryFormats": self.formats,
            "editingInfo": {"lastEditDate": self.edited},
            "fields": fields,
        }

    def query(self, query: Query) -> Any:
        self.asked.append(query)
        if query.get("returnCountOnly"):
            return {"count": self.count + (self.grows and len(self.asked) > 2)}
        offset = int(query["resultOffset"])
        if offset == self.fails_at:
            return {"error": {"code": 500, "message": "Unable to perform query."}}
        first = 0 if self.repeats else offset
        features = [
            {
                "type": "Feature",
                "id": number,
                "geometry": {"type": "Point", "coordinates": [105.7, 18.7]},
                "properties": {"OBJECTID": number, "Tên": f"Trạm {number}"},
            }
            for number in range(first, min(first + min(self.most, int(query["resultRecordCount"])), self.count))
        ]
        return {"type": "FeatureCollection", "features": features}


def feature_service(server: Server, *layers: Any) -> str:
    """A Feature service on the server; a layer that is an int answers with that status."""
    root = "/arcgis/rest/services/YTe/FeatureServer"
    listed = [{"id": number, "name": "x", "subLayerIds": None} for number in range(len(layers))]
    server.answers[root] = [answering(lambda query: {"layers": listed, "tables": []})]
    for number, layer in enumerate(layers):
        describe = layer.describe if isinstance(layer, Layer) else lambda query, code=layer: code
        server.answers[f"{root}/{number}"] = [answering(describe)]
        if isinstance(layer, Layer):
            server.answers[f"{root}/{number}/query"] = [answering(layer.query)]
    return server.url + root


def arcgis(kind: Any, title: str, content: bytes) -> Cases:
    return {
        "arcgis": kind(
            "arcgis",
            not_a_catalogue=lambda stage: stage.server.put("/rest/services/x/FeatureServer", b'{"a": 1}', "text/plain"),
            nowhere=lambda stage: hangs(stage, "/rest/services/x/FeatureServer"),
        )
    }


# ---------------------------------------------------------------- WFS


def capabilities(
    url: str, types: Sequence[str], *, most: int | None = None, formats: Sequence[str] = ("application/json", "csv")
) -> bytes:
    """Capabilities as the standard's annexes write them (OGC 09-025r2)."""
    listed = "".join(
        f"<FeatureType><Name>{escape(name)}</Name><Title>Danh sách trạm y tế</Title><Abstract>Trạm</Abstract>"
        "<ows:Keywords><ows:Keyword>y tế</ows:Keyword></ows:Keywords>"
        "<DefaultCRS>urn:ogc:def:crs:EPSG::4326</DefaultCRS></FeatureType>"
        for name in types
    )
    offered = "".join(f"<ows:Value>{value}</ows:Value>" for value in formats)
    limit = f"<ows:NoValues/><ows:DefaultValue>{most}</ows:DefaultValue>"
    limit = f'<ows:Constraint name="CountDefault">{limit}</ows:Constraint>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<WFS_Capabilities version="2.0.0" xmlns="http://www.opengis.net/wfs/2.0" xmlns:ows="http://www.opengis.net/ows/1.1"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<ows:ServiceIdentification><ows:Title>Dịch vụ</ows:Title><ows:ServiceType>WFS</ows:ServiceType>
<ows:ServiceTypeVersion>2.0.0</ows:ServiceTypeVersion></ows:ServiceIdentification>
<ows:ServiceProvider><ows:ProviderName>Sở Nội vụ</ows:ProviderName></ows:ServiceProvider>
<ows:OperationsMetadata><ows:Operation name="GetFeature">
<ows:DCP><ows:HTTP><ows:Get xlink:href="{url}"/></ows:HTTP></ows:DCP>
<ows:Parameter name="outputFormat"><ows:AllowedValues>{offered}</ows:AllowedValues></ows:Parameter></ows:Operation>
{limit if most else ""}</ows:OperationsMetadata>
<FeatureTypeList>{listed}</FeatureTypeList></WFS_Capabilities>""".encode()


def wfs_service(server: Server, *types: str, features: int = 2, **more: Any) -> str:
    url = server.url + "/wfs"

    def answer(query: Query) -> Any:
        if query.get("request") == "GetCapabilities":
            return capabilities(url, types, **more)
        if query.get("resultType") == "hits":
            return f'<FeatureCollection numberMatched="{features}" xmlns="http://www.opengis.net/wfs/2.0"/>'.encode()
        return CSV

    server.answers["/wfs"] = [answering(answer, "application/xml")]
    return url


def wfs(kind: Any, title: str, content: bytes) -> Cases:
    return {
        "wfs": kind(
            "wfs",
            whole=lambda stage: wfs_service(stage.server, "yte:tram", "yte:xa", formats=("csv",)),
            not_a_catalogue=lambda stage: stage.server.put("/wfs", b"<a/>", "text/xml"),
            nowhere=hangs,
        )
    }


# ---------------------------------------------------------------- OAI-PMH


def oai_record(
    identifier: str = "tram",
    *,
    title: str = "Danh sách trạm y tế",
    day: str = "2026-03-31",
    url: str = "",
    deleted: bool = False,
) -> str:
    header = f"<header><identifier>{identifier}</identifier><datestamp>{day}</datestamp></header>"
    if deleted:
        return f"<record>{header.replace('<header', '<header status=' + repr('deleted'))}</record>"
    return f"""<record>{header}<metadata>
<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>{title}</dc:title><dc:publisher>Sở Nội vụ</dc:publisher><dc:subject>y tế</dc:subject>
<dc:identifier>{escape(url)}</dc:identifier><dc:rights>CC BY 4.0</dc:rights></oai_dc:dc></metadata></record>"""


def oai_page(*records: str, token: str | None = None, total: int | None = None) -> bytes:
    size = f' completeListSize="{total}"' if total is not None else ""
    resume = "" if token is None else f"<resumptionToken{size}>{escape(token)}</resumptionToken>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-11-24T00:00:00Z</responseDate>
<request verb="ListRecords">x</request><ListRecords>{"".join(records)}{resume}</ListRecords></OAI-PMH>""".encode()


def oai_error(code: str) -> bytes:
    return f"""<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>x</responseDate>
<request>x</request><error code="{code}">told</error></OAI-PMH>""".encode()


def repository(server: Server, pages: dict[str, Any]) -> str:
    """A repository: its pages by resumption token, "" the first."""
    server.put("/in/tram.csv", CSV)
    server.answers["/oai"] = [answering(lambda query: pages[query.get("resumptionToken", "")], "text/xml")]
    return server.url + "/oai"


def oai(kind: Any, title: str, content: bytes) -> Cases:
    def holds(*records: Callable[[str], str]) -> Callable[[Any], str]:
        def put_up(stage: Any) -> str:
            written = [make(stage.server.url + "/in/tram.csv") for make in records]
            return repository(
                stage.server,
                {
                    "": oai_page(*written[:1], token="t" if written[1:] else None, total=len(written)),
                    "t": oai_page(*written[1:], token="", total=len(written)),
                },
            )

        return put_up

    return {
        "oai": kind(
            "oai",
            whole=holds(lambda url: oai_record(url=url), lambda url: oai_record("xa", url=url)),
            broken_record=holds(lambda url: oai_record(url=url), lambda url: oai_record("hong", title="", url=url)),
            twice=None,
            bad_field=None,
            not_a_catalogue=lambda stage: stage.server.put("/oai", b"<a/>", "text/xml"),
            nowhere=hangs,
        )
    }


# ---------------------------------------------------------------- databases


def database(folder: Any, name: str = "in.db", rows: int = 3) -> str:
    """An SQLite database with a table `tram`; returns its URL."""
    connection = sqlite3.connect(folder / name)
    connection.execute("CREATE TABLE tram (a INTEGER, ten TEXT)")
    connection.executemany("INSERT INTO tram VALUES (?, ?)", [(n, f"Trạm {n}") for n in range(1, rows + 1)])
    connection.commit()
    connection.close()
    return f"sqlite:///{name}"


def described(identifier: str = "tram", **changes: Any) -> dict[str, Any]:
    found = {
        "identifier": identifier,
        "title": "Danh sách trạm y tế",
        "query": "SELECT 1 AS a",
        "publisher": "Sở Nội vụ",
    }
    return {key: value for key, value in (found | changes).items() if value is not None}


def sql(kind: Any, title: str, content: bytes) -> Cases:
    return {
        "sql": kind(
            "sql",
            options={"datasets": [described(), described("xa")]},
            whole=lambda stage: database(stage.workspace),
            nowhere=lambda stage: "sqlite:///nowhere.db",
            not_a_catalogue=lambda stage: lay("in.db", b"no database" * 100)(stage) and "sqlite:///in/in.db",
        )
    }


# ---------------------------------------------------------------- web pages


def site(server: Server, pages: dict[str, str], robots: str | None = None) -> str:
    """A web site: pages by path, data files wherever they link."""
    for path, written in pages.items():
        server.put(path, f"<!doctype html><html><body>{written}</body></html>".encode(), "text/html; charset=utf-8")
    if robots is not None:
        server.put("/robots.txt", robots.encode(), "text/plain")
    return server.url + next(iter(pages))


def page(kind: Any, title: str, content: bytes) -> Cases:
    def whole(stage: Any) -> str:
        stage.server.put("/tep/tram.csv", CSV)
        stage.server.put("/tep/xa.csv", CSV)
        first = f'<p><a href="/tep/tram.csv">{title}</a></p><a href="b.html">Trang sau</a>'
        return site(stage.server, {"/yte/a.html": first, "/yte/b.html": f'<a href="../tep/xa.csv">{title}</a>'})

    def bad_field(stage: Any) -> str:
        return site(stage.server, {"/yte/a.html": '<li><a href="/a.csv">Trạm</a> 31/02/2026</li>'})

    return {
        "page": kind(
            "page", whole=whole, bad_field=bad_field, not_a_catalogue=lambda stage: web_page(stage), nowhere=hangs
        )
    }
