"""Kind `dcat`: RDF of every syntax and page, and what hostile or careless publishers make of it."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from catalogues import PREFIXES, catalogue_ttl, serialised, turtle
from reading import read, read_text
from servers import Server, body, reset, serving, status

from harvester.errors import SourceChanged

DCAT = "https://www.w3.org/ns/dcat3.jsonld"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def page(*datasets: str, next_page: str = "", total: int | None = None) -> bytes:
    view = f"<> hydra:next <{next_page}> .\n" if next_page else ""
    view += f"<#c> hydra:totalItems {total} .\n" if total is not None else ""
    return (catalogue_ttl(*datasets) + view).encode()


def pages(server: Server, *contents: bytes) -> str:
    for number, content in enumerate(contents, 1):
        server.put(f"/{number}", content, "text/turtle")
    return server.url + "/1"


@pytest.mark.parametrize("syntax", ["turtle", "json-ld", "xml", "nt"])
def test_every_field_is_taken_in_every_syntax(tmp_path: Path, syntax: str):
    also = 'dct:modified "2026-03-31T20:00:00Z"^^xsd:dateTime ; dct:spatial [ dct:title "Nghệ An" ]'
    written = serialised(catalogue_ttl(turtle(also=also)), syntax)
    (dataset,) = read_text("dcat", "catalog", written, tmp_path).datasets.values()
    assert (dataset.identifier, dataset.title, dataset.publisher) == ("tram", "Danh sách trạm y tế", "Sở Nội vụ")
    assert (dataset.modified, dataset.spatial) == (date(2026, 4, 1), "Nghệ An")
    assert (dataset.period_start, dataset.period_end) == (date(2025, 1, 1), date(2025, 12, 31))
    assert (dataset.licence, dataset.frequency) == ("https://creativecommons.org/licenses/by/4.0/", "MONTHLY")
    assert (dataset.contact, dataset.keywords) == ("Văn thư (vanthu@example.gov.vn)", ("y tế",))
    (resource,) = dataset.resources
    assert (resource.format, resource.declared_bytes, resource.address) == ("CSV", 4, str(tmp_path / "tram.csv"))


def test_without_one_identifier_the_address_is_it(tmp_path: Path):
    written = catalogue_ttl(turtle(iri="https://x.vn/d/1", also='dct:identifier "2"'), turtle("b"))
    assert sorted(read_text("dcat", "c.ttl", written.encode(), tmp_path).datasets) == ["b", "https://x.vn/d/1"]


def test_a_nameless_node_without_identifier_is_reported(tmp_path: Path):
    written = PREFIXES + '[] a dcat:Dataset ; dct:title "T" . <a> a dcat:Dataset ; dct:title "U" .'
    result = read_text("dcat", "c.ttl", written.encode(), tmp_path)
    assert (list(result.datasets), result.codes, result.complete) == (["a"], ["KND-001"], False)


def test_what_holds_datasets_is_none_and_what_is_held_is(tmp_path: Path):
    written = catalogue_ttl(
        turtle("a"),
        turtle("b", also="a dcat:Dataset ; dcat:inSeries <s>"),
        '<s> a dcat:DatasetSeries, dcat:Dataset ; dct:title "Chuỗi" .',
        '<v> a dcat:DataService ; dct:title "Dịch vụ" ; dcat:servesDataset <d/c> .',
        turtle("c").replace("a dcat:Dataset ;", ""),
        "<r> a dcat:CatalogRecord ; foaf:primaryTopic <d/a> .",
        "<k> a dcat:Catalog ; dcat:dataset <d/e> .",
        also="; dcat:dataset <d/a>, <d/f> ; dcat:catalog <k>",
    )
    result = read_text("dcat", "c.ttl", written.encode(), tmp_path)
    assert sorted(result.datasets) == ["a", "b", "c"]
    assert (result.codes, result.complete) == (["KND-004"], False)
    assert "d/e" in str(result.findings[0].message) and "d/f" in str(result.findings[0].message)


def test_what_is_not_public_is_not_taken(tmp_path: Path):
    rights = "dct:accessRights <http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC>"
    result = read_text("dcat", "c.ttl", catalogue_ttl(turtle("a"), turtle("b", also=rights)).encode(), tmp_path)
    assert (list(result.datasets), result.codes, result.complete) == (["a"], ["KND-006"], True)


# ---------------------------------------------------------------- pages


def test_pages_are_followed_to_the_end(server: Server, tmp_path: Path):
    address = pages(server, page(turtle("a"), next_page="2", total=3), page(turtle("b"), turtle("c"), total=3))
    result = read("dcat", address, tmp_path)
    assert (sorted(result.datasets), result.codes, result.complete) == (["a", "b", "c"], [], True)


def test_the_next_page_may_stand_in_the_header(server: Server, tmp_path: Path):
    server.answers["/1"] = [body(page(turtle("a")), "text/turtle", Link='</2>; rel="next", </9>; rel="last"')]
    server.put("/2", page(turtle("b")), "text/turtle")
    assert sorted(read("dcat", server.url + "/1", tmp_path).datasets) == ["a", "b"]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (page(turtle("b"), total=4), "KND-009"),  # the total moved
        (page(turtle("b"), total=3), "KND-009"),  # fewer than announced
        (page(turtle("a"), next_page="1", total=3), "KND-009"),  # round and round
        (page(turtle("b"))[:-20], "KND-008"),  # broken
        (b"<!doctype html>", "KND-008"),
    ],
)
def test_pages_that_do_not_prove_to_be_all_are_incomplete(server: Server, tmp_path: Path, second: bytes, code: str):
    result = read("dcat", pages(server, page(turtle("a"), next_page="2", total=3), second), tmp_path)
    assert "a" in result.datasets and not result.complete
    assert code in result.codes


@pytest.mark.parametrize("reply", [reset, status(500), status(404)])
def test_a_page_that_fails_leaves_the_listing_incomplete(server: Server, tmp_path: Path, reply: Any):
    server.answers["/2"] = [reply]
    result = read("dcat", pages(server, page(turtle("a"), next_page="2")), tmp_path)
    assert (list(result.datasets), result.codes, result.complete) == (["a"], ["KND-008"], False)


def test_one_dataset_described_on_another_page_is_described(server: Server, tmp_path: Path):
    first = catalogue_ttl(turtle("a"), also="; dcat:dataset <d/a>, <d/b>") + "<> hydra:next <2> ."
    result = read("dcat", pages(server, first.encode(), page(turtle("b"))), tmp_path)
    assert (sorted(result.datasets), result.complete) == (["a", "b"], True)


def test_further_pages_of_a_local_file_make_it_incomplete(tmp_path: Path):
    result = read_text("dcat", "c.ttl", page(turtle("a"), next_page="2"), tmp_path)
    assert (list(result.datasets), result.codes, result.complete) == (["a"], ["KND-021"], False)


# ---------------------------------------------------------------- hostile and careless


def jsonld(context: Any, **changes: Any) -> bytes:
    dataset = {"@id": "https://x.vn/a", "@type": "Dataset", "title": "T", **changes}
    return json.dumps({"@context": context, "@type": "Catalog", "dataset": [dataset]}).encode()


def test_a_known_context_is_bundled(tmp_path: Path):
    result = read_text("dcat", "c.jsonld", jsonld(DCAT, issued="2026-01-02"), tmp_path)
    assert result.datasets["https://x.vn/a"].issued == date(2026, 1, 2)


@pytest.mark.parametrize("place", ["top", "list", "nested", "scoped", "import"])
def test_no_context_is_ever_fetched(server: Server, tmp_path: Path, place: str):
    url = server.put("/context", b'{"@context": {}}', "application/ld+json")
    scoped = {"publisher": {"@id": "http://purl.org/dc/terms/publisher", "@context": url}}
    contexts = {"top": url, "list": [DCAT, url], "nested": DCAT, "scoped": [DCAT, scoped], "import": {"@import": url}}
    extra = {"publisher": {"@context": url, "name": "X"}} if place == "nested" else {}
    with pytest.raises(SourceChanged):
        read_text("dcat", "c.jsonld", jsonld(contexts[place], **extra), tmp_path)
    assert server.asked == []


@pytest.mark.parametrize(
    "change",
    [
        {"@id": "https://x.vn/a b"},
        {"description": {"@value": "x", "@language": 5}},
        {"description": {"@value": "x", "@language": "khong phai"}},
        {"description": {"@value": {"a": 1}}},
        {"@type": ["Dataset", 5]},
        {"license": {"@id": 5}},
        {"landingPage": "khong co gi <>"},
    ],
)
def test_a_careless_field_never_costs_the_record(tmp_path: Path, change: dict[str, Any]):
    result = read_text("dcat", "c.jsonld", jsonld(DCAT, **change), tmp_path)
    assert (len(result.datasets), result.complete) == (1, True)


RDF_XML = serialised(catalogue_ttl(turtle("a")), "xml")


def test_an_rdf_id_that_is_none_costs_nothing(tmp_path: Path):
    written = RDF_XML.replace(b'rdf:about="d/a"', b'rdf:ID="1 a"').replace(b'xml:lang="vi"', b'xml:lang="?"')
    assert list(read_text("dcat", "c.rdf", written, tmp_path).datasets) == ["a"]


@pytest.mark.parametrize(
    "document",
    [
        RDF_XML[:-30],
        RDF_XML.replace(b"?>", b'?><!DOCTYPE r [<!ENTITY a "x">]>', 1),
        RDF_XML.replace(b"?>", b'?><!DOCTYPE r SYSTEM "http://127.0.0.1:9/x">', 1),
        RDF_XML.replace(b"<rdf:RDF", b"<rdf:RDF a=", 1),
        catalogue_ttl(turtle()).encode()[:-10],
        catalogue_ttl(turtle()).replace("dct:title", "unbound:title").encode(),
        b"<a> <b> <c> . <d",
        jsonld(DCAT)[:-1],
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_what_breaks_the_rules_is_refused_whole(tmp_path: Path, document: bytes):
    with pytest.raises(SourceChanged):
        read_text("dcat", "catalog", document, tmp_path)


def test_a_catalogue_without_datasets_is_one(tmp_path: Path):
    result = read_text("dcat", "c.ttl", catalogue_ttl().encode(), tmp_path)
    assert (result.datasets, result.complete) == ({}, True)


def test_a_named_graph_is_read(tmp_path: Path):
    inner = json.loads(jsonld(DCAT))
    written = {"@context": DCAT, "@id": "https://x.vn/g", "@graph": [{k: v for k, v in inner.items() if k[:2] != "@c"}]}
    assert len(read_text("dcat", "c.jsonld", json.dumps(written).encode(), tmp_path).datasets) == 1
