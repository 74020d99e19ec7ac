"""Catalogues of others as the shared source suite puts them up; each function gives the cases of one kind.

They are written after the examples in the standards' own text, with Vietnamese words.
"""

import json
from collections.abc import Callable
from typing import Any

from servers import silent

Cases = dict[str, Any]


def put(name: str, content: Any, media_type: str) -> Callable[[Any], str]:
    """A document on the web server, with a file beside it."""

    def put_up(stage: Any) -> str:
        stage.server.put("/in/tram.csv", b"a\n1\n")
        return str(stage.server.put(f"/in/{name}", as_bytes(content), media_type))

    return put_up


def lay(name: str, content: Any) -> Callable[[Any], str]:
    """The same in a folder."""

    def put_up(stage: Any) -> str:
        stage.write("in/tram.csv", b"a\n1\n")
        stage.write("secret.csv", b"secret")
        stage.write(f"in/{name}", as_bytes(content))
        return f"in/{name}"

    return put_up


def as_bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content, ensure_ascii=False).encode()


def hangs(stage: Any, path: str = "/x") -> str:
    stage.server.answers[path] = [silent]
    return str(stage.server.url + path)


def web_page(stage: Any) -> str:
    return str(stage.server.put("/x", b"<!doctype html><p>Home", "text/html"))


# ---------------------------------------------------------------- DCAT-US


def pod(identifier: str = "tram", **changes: Any) -> dict[str, Any]:
    """A dataset of DCAT-US 1.1, as its schema asks for it."""
    return {
        "@type": "dcat:Dataset",
        "identifier": identifier,
        "title": "Danh sách trạm y tế",
        "description": "Trạm y tế các xã",
        "keyword": ["y tế", "trạm"],
        "modified": "2026-03-31",
        "publisher": {"@type": "org:Organization", "name": "Sở Nội vụ"},
        "contactPoint": {"@type": "vcard:Contact", "fn": "Văn thư", "hasEmail": "mailto:vanthu@example.gov.vn"},
        "accessLevel": "public",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "accrualPeriodicity": "R/P1M",
        "temporal": "2025-01-01/2025-12-31",
        "distribution": [{"@type": "dcat:Distribution", "downloadURL": "tram.csv", "mediaType": "text/csv"}],
    } | changes


def data_json(kind: Any, title: str, content: bytes) -> Cases:
    """Local and by URL."""

    def catalogue(*datasets: Any) -> dict[str, Any]:
        return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": list(datasets)}

    def cases(at: Any) -> Cases:
        return {
            "whole": at("data.json", catalogue(pod(), pod("xa"))),
            "broken_record": at("data.json", catalogue(pod(), pod("hong", title=None))),
            "twice": at("data.json", catalogue(pod(), pod())),
            "bad_field": at("data.json", catalogue(pod(modified="2026-02-31"))),
        }

    return {
        "data.json": kind(
            "data_json",
            **cases(lay),
            not_a_catalogue=lay("data.json", {"a": 1}),
            nowhere=lambda stage: "nowhere/data.json",
            hostile=lay("data.json", catalogue(pod(distribution=[{"downloadURL": "../secret.csv"}]))),
        ),
        "data.json by URL": kind("data_json", **cases(by_url), not_a_catalogue=web_page, nowhere=hangs),
    }


def by_url(name: str, content: Any) -> Callable[[Any], str]:
    return put(name, content, "application/json")


# ---------------------------------------------------------------- DCAT

PREFIXES = """@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def turtle(
    identifier: str = "tram", *, iri: str = "", without: str = "", also: str = "", file: str = "tram.csv"
) -> str:
    """A dataset of DCAT-AP in Turtle; `without` leaves out a property, `also` adds others."""
    said = {
        "dct:title": '"Danh sách trạm y tế"@vi, "Health stations"@en',
        "dct:identifier": f'"{identifier}"',
        "dct:publisher": '[ a foaf:Agent ; foaf:name "Sở Nội vụ" ]',
        "dcat:keyword": '"y tế"@vi, "health"@en',
        "dcat:contactPoint": '[ vcard:fn "Văn thư" ; vcard:hasEmail <mailto:vanthu@example.gov.vn> ]',
        "dct:license": "<https://creativecommons.org/licenses/by/4.0/>",
        "dct:accrualPeriodicity": "<http://publications.europa.eu/resource/authority/frequency/MONTHLY>",
        "dct:temporal": '[ dcat:startDate "2025-01-01"^^xsd:date ; dcat:endDate "2025-12-31"^^xsd:date ]',
        "dcat:distribution": f'[ dcat:downloadURL <{file}> ; dcat:byteSize "4"^^xsd:decimal ;'
        " dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ]",
    }
    said.pop(without, None)
    listed = " ;\n  ".join(f"{predicate} {value}" for predicate, value in said.items())
    return f"<{iri or 'd/' + identifier}> a dcat:Dataset ;\n  {listed} ;\n  {also} .\n"


def catalogue_ttl(*datasets: str, also: str = "") -> str:
    return PREFIXES + f'<#catalog> a dcat:Catalog ; dct:title "Cổng"@vi {also} .\n' + "\n".join(datasets)


def serialised(written: str, syntax: str) -> bytes:
    """Turtle in another syntax of RDF, by the library that is the field's standard."""
    from rdflib import Graph

    base = "http://x.example/in/"
    text = Graph().parse(data=written, format="turtle", publicID=base).serialize(format=syntax, encoding="utf-8")
    return text.replace(base.encode(), b"")


def dcat(kind: Any, title: str, content: bytes) -> Cases:
    """Every syntax, local and by URL."""

    def cases(at: Any, name: str, syntax: str) -> Cases:
        def put_up(*datasets: str) -> Any:
            return at(name, serialised(catalogue_ttl(*datasets), syntax))

        return {
            "whole": put_up(turtle(), turtle("xa")),
            "broken_record": put_up(turtle(), turtle("hong", without="dct:title")),
            "twice": put_up(turtle(), turtle(iri="d/other")),
            "bad_field": put_up(turtle(also='dct:modified "2026-02-31"^^xsd:date')),
        }

    def by_accept(name: str, written: bytes) -> Any:
        return put("catalog", written, "text/turtle")

    return {
        "dcat, Turtle": kind(
            "dcat",
            **cases(lay, "catalog.ttl", "turtle"),
            not_a_catalogue=lay("catalog.ttl", PREFIXES + "<a> dct:title 'A' ."),
            nowhere=lambda stage: "nowhere/catalog.ttl",
            hostile=lay("catalog.ttl", catalogue_ttl(turtle(file="../secret.csv"))),
        ),
        "dcat, JSON-LD": kind(
            "dcat", **cases(lay, "catalog.jsonld", "json-ld"), not_a_catalogue=lay("c.json", {"a": 1})
        ),
        "dcat, RDF/XML": kind("dcat", **cases(lay, "catalog.rdf", "xml"), not_a_catalogue=lay("c.xml", "<a/>")),
        "dcat, N-Triples": kind("dcat", **cases(lay, "catalog.nt", "nt"), not_a_catalogue=lay("c.nt", "<a> <b> .")),
        "dcat by URL": kind("dcat", **cases(by_accept, "", "turtle"), not_a_catalogue=web_page, nowhere=hangs),
    }


# ---------------------------------------------------------------- an inventory

HEADERS = ["TT", "Mã định danh", "Tên bộ dữ liệu", "Cơ quan chủ trì", "modified", "Kỳ nhập liệu", "Đường dẫn"]


def workbook(
    *rows: list[Any], headers: list[str] | None = None, merged: str = "", more: dict[str, Any] | None = None
) -> bytes:
    """An XLSX with a title above, the headers, and the rows."""
    import io

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "PL1"
    for row in (["DANH MỤC DỮ LIỆU MỞ"], [], headers or HEADERS, *rows):
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    for name, state in (more or {}).items():
        other = book.create_sheet(name)
        other.append(["Ghi chú riêng"])
        other.sheet_state = state
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def row(
    identifier: str = "tram", title: Any = "Danh sách trạm y tế", modified: Any = "2026-03-31", file: str = "tram.csv"
) -> list[Any]:
    return [1, identifier, title, "Sở Nội vụ", modified, "Hằng quý", file]


def inventory(kind: Any, title: str, content: bytes) -> Cases:
    def as_csv(*rows: list[Any]) -> bytes:
        return "\n".join(";".join(str("" if c is None else c) for c in r) for r in (HEADERS, *rows)).encode("utf-8-sig")

    def cases(at: Any, write: Any, name: str) -> Cases:
        return {
            "whole": at(name, write(row(), row("xa"))),
            "broken_record": at(name, write(row(), row("hong", None))),
            "twice": at(name, write(row(), row())),
            "bad_field": at(name, write(row(modified="2026-02-31"))),
        }

    return {
        "inventory, XLSX": kind(
            "inventory",
            **cases(lay, workbook, "in.xlsx"),
            not_a_catalogue=lay("in.xlsx", workbook([1, 2], headers=["A", "B"])),
            nowhere=lambda stage: "nowhere.xlsx",
            hostile=lay("in.xlsx", workbook(row(file="../secret.csv"))),
        ),
        "inventory, CSV": kind(
            "inventory", **cases(lay, as_csv, "in.csv"), not_a_catalogue=lay("in.csv", "a,b\n1,2\n")
        ),
        "inventory by URL": kind(
            "inventory", **cases(put3, workbook, "in.xlsx"), not_a_catalogue=web_page, nowhere=hangs
        ),
    }


def put3(name: str, content: Any) -> Callable[[Any], str]:
    return put(name, content, "application/octet-stream")
