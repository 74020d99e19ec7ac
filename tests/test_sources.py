"""What every kind of source must do; a new kind adds one line to KINDS.

A kind is given as a `Place`: how to lay out two datasets, break one record, and so on. Everything here goes through
SOURCES as `run` does.
"""

import json
import os
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import services
from catalogues import data_json, dcat, inventory
from servers import LOOPBACK, Server, serving, silent, status

from harvester.errors import SourceChanged, SourceUnavailable
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.guard import Limits
from harvester.model import Dataset, Finding, Listing, Severity, Source
from harvester.sources import SOURCES, begin, obtain

QUICK = Limits(connect=0.3, read=0.3, total=2.0, backoff=0.01, retries=1)
TITLE = "Danh sách trạm y tế"
CSV = b"a\n1\n"


@dataclass(frozen=True)
class Stage:
    """Where a source is put up for a test: a workspace and a web server."""

    workspace: Path
    server: Server

    def write(self, path: str, content: bytes) -> None:
        place = self.workspace / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def zip(self, path: str, entries: Mapping[str, bytes]) -> None:
        with zipfile.ZipFile(self.workspace / path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)

    def source(self, kind: str, address: str, options: Mapping[str, Any] | None = None) -> Source:
        return Source("s", kind, address, agency="a", allow_networks=LOOPBACK, options=options or {})


@dataclass(frozen=True)
class Kind:
    """How one kind of source is put up; each returns its address. None: this kind has no such case."""

    kind: str
    whole: Callable[[Stage], str] | None = None  # datasets whose titles hold TITLE, each with a file of CSV
    not_a_catalogue: Callable[[Stage], str] | None = None
    nowhere: Callable[[Stage], str] | None = None
    broken_record: Callable[[Stage], str] | None = None  # one of two records cannot be read; its identifier is "hong"
    twice: Callable[[Stage], str] | None = None  # two datasets, one identifier
    bad_field: Callable[[Stage], str] | None = None  # one dataset whose `modified` is the 31st of February
    hostile: Callable[[Stage], str] | None = None  # a file path that leads out of the source
    options: Mapping[str, Any] = field(default_factory=dict)  # the kind's own, in the source's file


def package(**changes: Any) -> dict[str, Any]:
    resources = [{"name": "tram", "path": "tram.csv", "format": "csv"}]
    return {"name": "tram-y-te", "title": TITLE, "resources": resources} | changes


def local_package(**changes: Any) -> Callable[[Stage], str]:
    def put_up(stage: Stage) -> str:
        stage.write("in/datapackage.json", json.dumps(package(**changes), ensure_ascii=False).encode())
        stage.write("in/tram.csv", CSV)
        stage.write("secret.csv", b"secret")
        return "in/datapackage.json"

    return put_up


def remote_package(**changes: Any) -> Callable[[Stage], str]:
    def put_up(stage: Stage) -> str:
        content = json.dumps(package(**changes)).encode("utf-16")
        stage.server.put("/in/tram.csv", CSV)
        stage.server.put("/secret.csv", b"secret")
        return stage.server.put("/in/datapackage.json", content, "application/json")

    return put_up


def files(entries: Mapping[str, bytes], *, archived: bool) -> Callable[[Stage], str]:
    def put_up(stage: Stage) -> str:
        if archived:
            stage.zip("in.zip", entries)
            return "in.zip"
        for name, content in entries.items():
            stage.write(f"in/{name}", content)
        return "in"

    return put_up


def described(text: str) -> dict[str, bytes]:
    return {"hong/dataset.yaml": text.encode(), "hong/a.csv": CSV}


def folder(name: str, *, archived: bool) -> Kind:
    good = {"tram/dataset.yaml": f"title: {TITLE}\n".encode(), "tram/tram.csv": CSV, "xa/Danh sách trạm y tế.csv": CSV}
    twice = {"a/dataset.yaml": b"title: One\n", "a/a.csv": CSV, "a.csv": CSV}
    return Kind(
        "folder",
        whole=files(good, archived=archived),
        not_a_catalogue=lambda stage: stage.write("in.txt", b"text") or "in.txt",
        nowhere=lambda stage: "nowhere",
        broken_record=files(good | described("title: [\n"), archived=archived),
        twice=files(twice, archived=archived),
        bad_field=files(described("title: T\nmodified: 31/02/2026\n"), archived=archived),
        hostile=files(described("resources:\n- path: ../../secret.csv\n"), archived=archived),
    )


def portal(*packages: dict[str, Any], **changes: Any) -> Callable[[Stage], str]:
    """A CKAN that lists these packages, one by default, each with a file of its own."""

    def put_up(stage: Stage) -> str:
        url = stage.server.put("/dataset/x/tram.csv", CSV)
        file = {"id": "r1", "name": "Trạm", "url": url, "format": "CSV"}
        whole = {"id": "p1", "name": "tram-y-te", "title": TITLE, "resources": [file], "license_id": "cc-by"}
        listed = [whole | package for package in packages] or [whole | changes]
        answer = {"success": True, "result": {"count": len(listed), "results": listed}}
        stage.server.put("/api/3/action/package_search", json.dumps(answer).encode(), "application/json")
        return stage.server.url

    return put_up


KINDS = {
    "ckan": Kind(
        "ckan",
        whole=portal({}, {"id": "p2", "name": "tram-2"}),
        not_a_catalogue=lambda stage: stage.server.put("/api/3/action/package_search", b"{}") and stage.server.url,
        nowhere=lambda stage: (
            stage.server.answers.update({"/api/3/action/package_search": [silent]}) or stage.server.url
        ),
        bad_field=portal(extras=[{"key": "modified", "value": "2026-02-31"}]),
    ),
    "folder": folder("folder", archived=False),
    "zip": folder("zip", archived=True),
    "datapackage": Kind(
        "datapackage",
        whole=local_package(),
        not_a_catalogue=lambda stage: stage.write("in.json", b'{"a": 1}') or "in.json",
        nowhere=lambda stage: "nowhere/datapackage.json",
        bad_field=local_package(modified="2026-02-31"),
        hostile=local_package(resources=[{"name": "x", "path": "../secret.csv"}]),
    ),
    "datapackage by URL": Kind(
        "datapackage",
        whole=remote_package(),
        not_a_catalogue=lambda stage: stage.server.put("/x", b"<!doctype html><p>Home", "text/html"),
        nowhere=lambda stage: stage.server.answers.update({"/x": [silent]}) or stage.server.url + "/x",
        bad_field=remote_package(modified="2026-02-31"),
        hostile=remote_package(resources=[{"name": "x", "path": "../secret.csv"}]),
    ),
}
OTHERS = (services.rest, services.dkan, services.arcgis, services.wfs, services.oai, services.sql, services.page)
for put_up in (data_json, dcat, inventory, *OTHERS):
    KINDS |= put_up(Kind, TITLE, CSV)


def having(case: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if getattr(kind, case)])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "workspace").mkdir()
    with serving() as server:
        yield Stage(tmp_path / "workspace", server)


@pytest.fixture
def fetcher(stage: Stage) -> Iterator[Fetcher]:
    with Fetcher(FileStore(stage.workspace / "files"), allow_networks=LOOPBACK, limits=QUICK) as opened:
        yield opened


def collected(stage: Stage, fetcher: Fetcher, name: str, address: str) -> list[Dataset | Finding | Listing]:
    kind = KINDS[name].kind
    source = stage.source(kind, address, KINDS[name].options)
    return list(SOURCES[kind](source, fetcher, stage.workspace))


def datasets(items: list[Dataset | Finding | Listing]) -> list[Dataset]:
    return [item for item in items if isinstance(item, Dataset)]


def findings(items: list[Dataset | Finding | Listing]) -> list[Finding]:
    return [item for item in items if isinstance(item, Finding)]


@having("whole")
def test_a_whole_source_is_listed_and_ends_by_saying_so(stage: Stage, fetcher: Fetcher, name: str):
    items = collected(stage, fetcher, name, KINDS[name].whole(stage))
    assert items[-1] == Listing(complete=True)
    assert findings(items) == []
    found = datasets(items)
    assert found and len({dataset.identifier for dataset in found}) == len(found)
    for dataset in found:
        assert (dataset.title, dataset.source, dataset.agency) == (TITLE, "s", "a")
        assert [resource.format for resource in dataset.resources] == ["CSV"]
        obtained = obtain(dataset, fetcher)
        assert [file.path.read_bytes() for file in obtained.files.values()] == [CSV]
        assert (obtained.findings, obtained.failed) == ((), 0)


@having("whole")
def test_listing_twice_gives_the_same_and_writes_nothing_but_the_store(stage: Stage, fetcher: Fetcher, name: str):
    address = KINDS[name].whole(stage)
    before = everything(stage.workspace)
    first = collected(stage, fetcher, name, address)
    assert {path for path, _ in everything(stage.workspace) - before} <= kept(stage)
    assert collected(stage, fetcher, name, address) == first
    for dataset in datasets(first):
        obtain(dataset, fetcher)
    written = everything(stage.workspace) - before
    assert all(path.is_relative_to(stage.workspace / "files") for path, _ in written)


def kept(stage: Stage) -> set[Path]:
    """What is in the store: a kind may keep rows there that its source only hands out in pages."""
    return {path for path, _ in everything(stage.workspace / "files")}


def everything(folder: Path) -> set[tuple[Path, int]]:
    return {(path, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


@having("whole")
def test_a_publisher_is_mapped_to_its_agency_and_nobody_is_guessed(stage: Stage, fetcher: Fetcher, name: str):
    kind, address = KINDS[name].kind, KINDS[name].whole(stage)
    unmapped = replace(stage.source(kind, address, KINDS[name].options), agency="", agencies={"Sở Y tế": "so-y-te"})
    for dataset in datasets(list(SOURCES[kind](unmapped, fetcher, stage.workspace))):
        assert dataset.agency == ""


@having("not_a_catalogue")
def test_what_is_no_catalogue_is_refused(stage: Stage, fetcher: Fetcher, name: str):
    with pytest.raises(SourceChanged):
        collected(stage, fetcher, name, KINDS[name].not_a_catalogue(stage))


@having("nowhere")
def test_what_is_not_there_is_unavailable(stage: Stage, fetcher: Fetcher, name: str):
    with pytest.raises(SourceUnavailable):
        collected(stage, fetcher, name, KINDS[name].nowhere(stage))


@having("broken_record")
def test_a_broken_record_is_named_and_makes_the_listing_incomplete(stage: Stage, fetcher: Fetcher, name: str):
    items = collected(stage, fetcher, name, KINDS[name].broken_record(stage))
    assert isinstance(items[-1], Listing) and not items[-1].complete and items[-1].reason
    assert "hong" not in [dataset.identifier for dataset in datasets(items)] != []
    (broken,) = findings(items)
    assert (broken.severity, broken.dataset) == (Severity.ERROR, "hong")
    assert "hong" in str(broken.message) and any(letter.isdigit() for letter in str(broken.message))


@having("twice")
def test_one_identifier_twice_is_one_dataset_and_a_finding(stage: Stage, fetcher: Fetcher, name: str):
    items = collected(stage, fetcher, name, KINDS[name].twice(stage))
    identifiers = [dataset.identifier for dataset in datasets(items)]
    assert len(identifiers) == 1
    assert [(finding.code, finding.dataset) for finding in findings(items)] == [("SRC-040", identifiers[0])]


@having("bad_field")
def test_a_bad_field_never_costs_the_record(stage: Stage, fetcher: Fetcher, name: str):
    items = collected(stage, fetcher, name, KINDS[name].bad_field(stage))
    (dataset,) = datasets(items)
    (finding,) = findings(items)
    assert dataset.modified is None and dataset.title
    assert "modified" in str(finding.message) and "2026" in str(finding.remedy)
    assert items[-1] == Listing(complete=True)


@having("hostile")
def test_no_path_leads_out_of_the_source(stage: Stage, fetcher: Fetcher, name: str):
    items = collected(stage, fetcher, name, KINDS[name].hostile(stage))
    assert [finding.code for finding in findings(items)][:1] == ["SRC-032"]
    (dataset,) = datasets(items)
    obtained = obtain(dataset, fetcher)
    assert (obtained.files, obtained.failed) == ({}, 1)
    assert not any(asked[0] == "/secret.csv" for asked in stage.server.asked)


# ---------------------------------------------------------------- obtaining files


def remote(stage: Stage, fetcher: Fetcher, *addresses: str) -> Dataset:
    resources = [{"name": f"r{number}", "path": address} for number, address in enumerate(addresses)]
    return datasets(collected(stage, fetcher, "datapackage", local_package(resources=resources)(stage)))[0]


def test_unchanged_files_are_asked_conditionally_and_remembered_once(stage: Stage, fetcher: Fetcher):
    dataset = remote(stage, fetcher, stage.server.put("/a.csv", CSV), stage.server.put("/b.csv", b"b"))
    first = obtain(dataset, fetcher)
    assert set(first.validators) == {resource.address for resource in dataset.resources}
    second = obtain(dataset, fetcher, first.validators.get)
    assert (second.files, second.validators) == (first.files, {})
    stage.server.put("/b.csv", b"c")
    assert list(obtain(dataset, fetcher, first.validators.get).validators) == [stage.server.url + "/b.csv"]


def test_a_file_that_cannot_be_had_is_a_finding_of_its_dataset(stage: Stage, fetcher: Fetcher):
    stage.server.answers["/b.csv"] = [status(503)]
    dataset = remote(stage, fetcher, stage.server.put("/a.csv", CSV), stage.server.url + "/b.csv", "http://10.0.0.1/")
    begun = begin(dataset, fetcher, lambda address: None)
    obtained = begun.result()
    assert begun.done()
    assert (list(obtained.files), obtained.failed) == (["r0"], 2)
    assert [finding.code for finding in obtained.findings] == ["NET-503", "NET-009"]
    assert all(finding.dataset == dataset.identifier for finding in obtained.findings)
    assert list(obtained.validators) == [stage.server.url + "/a.csv"]


def test_an_address_named_twice_is_asked_once(stage: Stage, fetcher: Fetcher):
    url = stage.server.put("/a.csv", CSV)
    obtained = obtain(remote(stage, fetcher, url, url), fetcher)
    assert set(obtained.files) == {"r0", "r1"}
    assert stage.server.count("/a.csv") == 1


def test_a_file_gone_between_listing_and_reading_fails_its_dataset(stage: Stage, fetcher: Fetcher):
    (dataset,) = datasets(collected(stage, fetcher, "datapackage", local_package()(stage)))
    (stage.workspace / "in" / "tram.csv").unlink()
    obtained = obtain(dataset, fetcher)
    assert (obtained.failed, [finding.code for finding in obtained.findings]) == (1, ["FIL-005"])
    os.mkfifo(stage.workspace / "in" / "tram.csv")
    assert obtain(dataset, fetcher).findings[0].code == "FIL-001"


def test_names_are_one_form_of_unicode(stage: Stage, fetcher: Fetcher):
    stage.write(unicodedata.normalize("NFD", "in/Sở Y tế/Trạm.csv"), CSV)
    (dataset,) = datasets(collected(stage, fetcher, "folder", "in"))
    assert dataset.identifier == unicodedata.normalize("NFC", "Sở Y tế/Trạm")
    assert obtain(dataset, fetcher).failed == 0
