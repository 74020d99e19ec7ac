"""Kind `data_json`: DCAT-US 1.0, 1.1 and 3.0 as they are written, and as they should not be."""

import json
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from catalogues import pod
from reading import Read, read, read_text

from harvester.errors import SourceChanged
from harvester.model import Severity
from harvester.sources import catalogues, streaming

Reads = Callable[[Any], Read]


@pytest.fixture
def reading(tmp_path: Path) -> Reads:
    def reads(content: Any) -> Read:
        written = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        return read_text("data_json", "data.json", written, tmp_path)

    return reads


def test_every_field_of_a_dataset_is_taken(reading: Reads):
    file = {
        "downloadURL": "https://x.vn/a.csv",
        "mediaType": "text/csv",
        "title": "Bảng",
        "byteSize": 12,
        "checksum": "sha256:ab",
    }
    record = pod(distribution=[file], theme=["Y tế"], language=["vi"], spatial="Nghệ An", issued="2025-01-02")
    (dataset,) = reading({"dataset": [record]}).datasets.values()
    assert (dataset.identifier, dataset.title, dataset.publisher) == ("tram", "Danh sách trạm y tế", "Sở Nội vụ")
    assert (dataset.issued, dataset.modified) == (date(2025, 1, 2), date(2026, 3, 31))
    assert (dataset.period_start, dataset.period_end) == (date(2025, 1, 1), date(2025, 12, 31))
    assert (dataset.licence, dataset.frequency) == ("https://creativecommons.org/licenses/by/4.0/", "R/P1M")
    assert dataset.contact == "Văn thư (vanthu@example.gov.vn)"
    assert (dataset.keywords, dataset.theme, dataset.language) == (("y tế", "trạm"), "Y tế", "vi")
    assert dataset.spatial == "Nghệ An"
    (resource,) = dataset.resources
    assert (resource.address, resource.format, resource.title) == ("https://x.vn/a.csv", "CSV", "Bảng")
    assert (resource.declared_bytes, resource.declared_hash) == (12, "sha256:ab")


def test_version_3_with_its_objects_is_taken(reading: Reads):
    record = {
        "@type": "Dataset",
        "identifier": {"@type": "Identifier", "@id": "https://doi.org/10.1/x"},
        "title": {"vi": "Trạm", "en": "Stations"},
        "publisher": {"@type": "Organization", "name": "Sở Y tế"},
        "contactPoint": [{"@type": "Kind", "fn": "Văn thư", "hasEmail": "mailto:a@b.vn"}],
        "temporal": [{"@type": "PeriodOfTime", "startDate": "2025-01-01", "endDate": "2025-02-01"}],
        "theme": [{"@type": "Concept", "prefLabel": "Y tế"}],
        "distribution": [
            {
                "downloadURL": "https://x.vn/a",
                "mediaType": "text/csv",
                "license": "https://x.vn/l",
                "checksum": {"algorithm": "checksumAlgorithm_sha256", "checksumValue": "ab"},
            },
            {"accessURL": "https://x.vn/api", "format": "API", "license": "https://x.vn/l"},
        ],
    }
    (dataset,) = reading({"@type": "Catalog", "dataset": [record]}).datasets.values()
    assert (dataset.identifier, dataset.title) == ("https://doi.org/10.1/x", "Trạm")
    assert (dataset.theme, dataset.licence, dataset.contact) == ("Y tế", "https://x.vn/l", "Văn thư (a@b.vn)")
    assert [(r.format, r.declared_hash) for r in dataset.resources] == [("CSV", "sha256:ab")]
    assert dataset.period_end == date(2025, 2, 1)


def test_version_1_0_is_a_bare_list(reading: Reads):
    record = {"title": "Trạm", "identifier": "1", "accessURL": "https://x.vn/a.csv", "format": "text/csv"}
    result = reading([record])
    assert [r.format for r in result.datasets["1"].resources] == ["CSV"]


def test_datasets_inside_catalogues_services_series_and_records_are_found(reading: Reads):
    result = reading(
        {
            "title": "Cổng",
            "dataset": [
                pod("a"),
                {"@type": "DatasetSeries", "title": "Chuỗi", "identifier": "s", "seriesMember": [pod("b")]},
            ],
            "catalog": [
                {"@type": "Catalog", "title": "Con", "dataset": [pod("c")], "catalog": [{"dataset": [pod("d")]}]}
            ],
            "service": [{"@type": "DataService", "title": "Dịch vụ", "servesDataset": [pod("e"), {"@id": "a"}, "b"]}],
            "datasetSeries": [{"title": "Chuỗi 2", "identifier": "s2", "seriesMember": [pod("f")]}],
            "record": [{"@type": "CatalogRecord", "title": "Phiếu", "primaryTopic": pod("g")}],
        }
    )
    assert sorted(result.datasets) == ["a", "b", "c", "d", "e", "f", "g"]
    assert (result.findings, result.complete) == ((), True)


def test_the_ends_of_a_series_are_members_and_not_further_datasets(reading: Reads):
    series = {"@type": "DatasetSeries", "title": "Chuỗi", "seriesMember": [pod("a"), pod("b")]}
    result = reading({"datasetSeries": [series | {"first": pod("a"), "last": {"@id": "b"}}]})
    assert (sorted(result.datasets), result.codes, result.complete) == (["a", "b"], [], True)
    lacking = reading({"datasetSeries": [series | {"last": pod("c")}]})
    assert (sorted(lacking.datasets), lacking.codes, lacking.complete) == (["a", "b"], ["KND-004"], False)


def test_pages_and_services_among_the_files_are_no_files(reading: Reads):
    """As ArcGIS Hub writes them."""
    files = [
        {"accessURL": "https://x.vn/maps/1", "format": "Web Page", "mediaType": "text/html"},
        {"accessURL": "https://x.vn/rest/1", "format": "ArcGIS GeoServices REST API", "mediaType": "application/json"},
        {"accessURL": "https://x.vn/csv?layers=5", "format": "CSV", "mediaType": "text/csv"},
    ]
    contact = {"fn": "Văn thư", "email": "a@b.vn"}
    (dataset,) = reading({"dataset": [pod(distribution=files, contactPoint=contact)]}).datasets.values()
    assert [resource.format for resource in dataset.resources] == ["CSV"]
    assert dataset.contact == "Văn thư (a@b.vn)"


def test_what_is_named_but_not_described_is_named_and_makes_it_partial(reading: Reads):
    result = reading({"dataset": [pod("a"), {"@id": "https://x.vn/z"}], "service": [{"servesDataset": ["y"]}]})
    assert (list(result.datasets), result.codes, result.complete) == (["a"], ["KND-004"], False)
    assert "https://x.vn/z, y" in str(result.findings[0].message)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (pod(identifier=""), "KND-001"),
        (pod(title="  "), "KND-002"),
        (7, "KND-003"),
        (None, "KND-003"),
        ([pod()], "KND-003"),
    ],
)
def test_a_record_that_cannot_be_taken_is_reported(reading: Reads, record: Any, code: str):
    result = reading({"dataset": [record, pod("b")]})
    assert (list(result.datasets), result.codes, result.complete) == (["b"], [code], False)


@pytest.mark.parametrize(
    "change",
    [
        {"modified": "hôm qua"},
        {"keyword": {"a": {}}},
        {"publisher": {"x": []}},
        {"license": {"x": {"y": []}}},
        {"landingPage": "khong"},
        {"distribution": [{"downloadURL": "ftp://x.vn/a"}]},
        {"distribution": ["a"]},
        {"distribution": "a"},
        {"temporal": {"startDate": "2026-01-01", "endDate": "2025-01-01"}},
        {"contactPoint": {"fn": {"a": []}}},
    ],
)
def test_a_bad_field_is_a_finding_and_never_costs_the_record(reading: Reads, change: dict[str, Any]):
    result = reading({"dataset": [pod(**change)]})
    assert (list(result.datasets), result.complete) == (["tram"], True)
    assert len(result.findings) == 1 and "dataset[0]" in str(result.findings[0].message)


def test_one_title_under_two_identifiers_is_two_datasets(reading: Reads):
    assert len(reading({"dataset": [pod("a"), pod("b")]}).datasets) == 2


def test_what_is_not_public_is_named_and_not_taken(reading: Reads):
    result = reading({"dataset": [pod("a"), pod("b", accessLevel="non-public")]})
    assert (list(result.datasets), result.complete) == (["a"], True)
    assert [(f.code, f.severity, f.dataset) for f in result.findings] == [("KND-006", Severity.INFO, "b")]


def test_a_key_twice_is_said(reading: Reads):
    text = json.dumps(pod())[:-1] + ', "title": "Hai"}'
    result = reading(b'{"dataset": [' + text.encode() + b"]}")
    assert (result.datasets["tram"].title, result.codes) == ("Hai", ["KND-007"])


WHOLE = json.dumps({"dataset": [pod("a"), pod("b")]}, ensure_ascii=False, indent=1).encode()


@pytest.mark.parametrize(
    "broken",
    [
        WHOLE[:-3],
        WHOLE[:-200],
        WHOLE + b"x",
        WHOLE.replace(b'"b"', b"b"),
        WHOLE.replace(b'"identifier": "b"', b'"identifier": NaN'),
        WHOLE.replace(b"\n  }\n", b"\n  },\n", 1)[:-3] + b",]}",
        WHOLE.replace("Sở Nội".encode(), b"S\xff N\xff", 1),
        b"9" * 5000,
    ],
)
def test_a_syntax_error_refuses_the_whole_file(reading: Reads, broken: bytes):
    with pytest.raises(SourceChanged):
        reading(broken)


def test_a_syntax_error_is_told_with_its_line(reading: Reads):
    line = WHOLE[: WHOLE.index(b'"b"')].count(b"\n") + 1
    with pytest.raises(SourceChanged) as refused:
        reading(WHOLE.replace(b'"b"', b"b"))
    assert refused.value.place and refused.value.place["row"] == line


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_of_unicode_are_read(reading: Reads, encoding: str):
    assert sorted(reading(WHOLE.decode().encode(encoding)).datasets) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"<!doctype html><p>", "web page"),
        (b"<?xml version='1.0'?><rdf:RDF/>", "rdf:RDF"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\3\4", "ZIP"),
        (b"a,b\n1,2\n", "neither"),
        (b'{"help": 1, "success": true, "result": []}', "help, success, result"),
        (b"[1, 2]", "JSON of another kind"),
        (b"[]", "JSON of another kind"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_what_it_is(reading: Reads, content: bytes, word: str):
    with pytest.raises(SourceChanged, match=word):
        reading(content)


def test_an_empty_catalogue_is_one(reading: Reads):
    result = reading({"dataset": []})
    assert (result.datasets, result.complete) == ({}, True)


def test_a_record_nested_without_end_costs_itself_only(reading: Reads):
    deep = b'{"identifier":"hong","title":"T","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    text = json.dumps(pod()).encode()
    result = reading(b'{"dataset": [' + text + b"," + deep + b"," + json.dumps(pod("b")).encode() + b"]}")
    assert (list(result.datasets), result.codes, result.complete) == (["tram", "b"], ["KND-003"], False)


def test_catalogues_in_catalogues_without_end_are_read_to_a_limit(reading: Reads):
    content = json.dumps(pod()).encode()
    for _ in range(200):
        content = b'{"catalog": [' + content + b"]}"
    result = reading(content)
    assert (result.datasets, result.codes, result.complete) == ({}, ["KND-003"], False)


def test_a_catalogue_that_is_only_named_makes_it_partial(reading: Reads):
    result = reading({"dataset": [pod()], "catalog": ["https://x.vn/c", {"@id": "https://x.vn/d"}]})
    assert (list(result.datasets), result.codes, result.complete) == (["tram"], ["KND-004"], False)


def test_limits_are_findings(reading: Reads, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogues, "RECORDS", 2)
    result = reading({"dataset": [pod(str(n)) for n in range(5)]})
    assert (len(result.datasets), result.codes, result.complete) == (2, ["KND-005"], False)
    monkeypatch.setattr(streaming, "LARGEST", 1000)
    with pytest.raises(SourceChanged, match="longer than"):
        reading({"dataset": [pod(description="x" * 200_000)]})


def test_memory_does_not_grow_with_the_catalogue(tmp_path: Path):
    def peak(count: int) -> int:
        (tmp_path / "data.json").write_text(json.dumps({"dataset": [pod(str(n)) for n in range(count)]}))
        tracemalloc.start()
        read_all(tmp_path)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(2000) < peak(200) + 600_000


def read_all(folder: Path) -> None:
    from reading import door

    from harvester.model import Source
    from harvester.sources import SOURCES

    with door(folder) as fetcher:
        for _ in SOURCES["data_json"](Source("s", "data_json", "data.json", agency="a"), fetcher, folder):
            continue


def test_a_folder_is_looked_into_for_data_json(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data.json").write_bytes(WHOLE)
    assert sorted(read("data_json", "in", tmp_path).datasets) == ["a", "b"]
