"""Reading a CKAN: what its words mean, and when its list is known to be whole."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from servers import LOOPBACK, Server, body, serving

from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.guard import Limits
from harvester.model import Dataset, Finding, Listing, Source
from harvester.sources import SOURCES

SEARCH = "/api/3/action/package_search"
QUICK = Limits(connect=0.3, read=0.3, total=2.0, backoff=0.01, retries=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def package(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"p{number}", "name": f"bo-{number}", "title": f"Bộ {number}", "resources": []} | more


def pages(server: Server, *listed: tuple[int, list[dict[str, Any]]]) -> None:
    """Serve one page after another, each with the number of datasets it declares."""
    answers = [{"success": True, "result": {"count": count, "results": found}} for count, found in listed]
    server.answers[SEARCH] = [body(json.dumps(answer).encode(), "application/json") for answer in answers]


def collected(server: Server, tmp_path: Path, **more: Any) -> list[Dataset | Finding | Listing]:
    source = Source("s", "ckan", server.url, **({"agency": "a"} | more), allow_networks=LOOPBACK)
    with Fetcher(FileStore(tmp_path / "files"), allow_networks=LOOPBACK, limits=QUICK) as fetcher:
        return list(SOURCES["ckan"](source, fetcher, tmp_path))


def ending(items: list[Dataset | Finding | Listing]) -> Listing:
    assert isinstance(items[-1], Listing)
    return items[-1]


def test_pages_are_read_to_the_declared_number(server: Server, tmp_path: Path):
    pages(server, (3, [package(1), package(2)]), (3, [package(3)]))
    items = collected(server, tmp_path)
    assert [item.identifier for item in items if isinstance(item, Dataset)] == ["p1", "p2", "p3"]
    assert ending(items) == Listing(complete=True)
    assert ["start=2" in asked for asked, _ in server.asked] == [False, True]
    assert all("sort=id+asc" in asked for asked, _ in server.asked)


@pytest.mark.parametrize(
    "listed",
    [
        ((3, [package(1), package(2)]), (4, [package(3), package(4)])),
        ((3, [package(1), package(2)]), (3, [package(2)])),
        ((3, [package(1), package(2)]), (3, [])),
        ((2, [package(1), package(2), package(3)]),),
        ((2, [package(1), {"title": "no id"}]),),
    ],
    ids=["the number moves", "a page repeats", "a page is empty", "more than declared", "no identifier"],
)
def test_a_list_that_moved_is_not_complete(server: Server, tmp_path: Path, listed: Any):
    pages(server, *listed)
    assert not ending(collected(server, tmp_path)).complete


def test_an_empty_portal_is_complete_and_empty(server: Server, tmp_path: Path):
    pages(server, (0, []))
    assert collected(server, tmp_path) == [Listing(complete=True)]


def test_ckans_words_become_ours(server: Server, tmp_path: Path):
    digest = "ab" * 32
    resources = [
        {"id": "r1", "name": "Bảng", "url": f"{server.url}/a.csv", "format": "csv", "hash": digest},
        {"id": "r2", "name": "Kho", "url": f"{server.url}/_datastore_only_resource", "datastore_active": True},
        {"id": "r3", "name": "Hỏng", "url": "xem tại trụ sở"},
    ]
    extras = [{"key": "frequency", "value": "hằng năm"}, {"key": "temporal_start", "value": "2024-01-01"}]
    whole = package(
        1,
        notes="Mô tả",
        author="Phòng A",
        license_id="cc-by",
        organization={"name": "so-y-te", "title": "Sở Y tế"},
        tags=[{"name": "y tế"}],
        groups=[{"title": "Y tế"}],
        extras=extras,
        resources=resources,
        metadata_created="2024-01-05T00:00:00",
        metadata_modified="2024-03-01T00:00:00",
    )
    pages(server, (1, [whole]))
    dataset, finding, _ = collected(server, tmp_path, agency="", agencies={"Sở Y tế": "NA-P-SYT"})
    assert isinstance(dataset, Dataset)
    assert isinstance(finding, Finding)
    assert (dataset.agency, dataset.publisher, dataset.creator) == ("NA-P-SYT", "Sở Y tế", "Phòng A")
    assert (dataset.frequency, dataset.licence, dataset.theme) == ("hằng năm", "cc-by", "Y tế")
    assert (dataset.issued, dataset.modified, dataset.period_start) == (
        date(2024, 1, 5),
        date(2024, 3, 1),
        date(2024, 1, 1),
    )
    assert [(r.key, r.format, r.declared_hash) for r in dataset.resources] == [
        ("r1", "CSV", f"sha256:{digest}"),
        ("r2", "CSV", ""),
    ]
    assert dataset.resources[1].address == f"{server.url}/datastore/dump/r2?bom=true"
    assert finding.code == "SRC-050"


def test_an_organisation_may_be_mapped_by_its_name_in_addresses(server: Server, tmp_path: Path):
    pages(server, (1, [package(1, organization={"name": "so-y-te", "title": "Sở Y tế"})]))
    dataset, _ = collected(server, tmp_path, agency="", agencies={"so-y-te": "NA-P-SYT"})
    assert isinstance(dataset, Dataset)
    assert dataset.agency == "NA-P-SYT"


def test_an_option_narrows_the_datasets(server: Server, tmp_path: Path):
    pages(server, (0, []))
    collected(server, tmp_path, options={"query": "groups:y-te"})
    assert "fq=groups%3Ay-te" in server.asked[0][0]
