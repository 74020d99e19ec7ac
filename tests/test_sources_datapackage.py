"""Data Packages: what the standard's properties become, and what a hostile descriptor cannot do."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import LOOPBACK, Server, body, redirect, serving

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.guard import Limits
from harvester.model import Dataset, Finding, Listing, Source
from harvester.records import to_json
from harvester.sources import SOURCES, obtain
from harvester.sources.datapackage import Base, package
from harvester.sources.holding import hold

ADDRESS = "in/datapackage.json"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    limits = Limits(connect=0.3, read=0.3, backoff=0.01, retries=1)
    with Fetcher(FileStore(tmp_path / "files"), allow_networks=LOOPBACK, limits=limits) as opened:
        yield opened


def collected(fetcher: Fetcher, tmp_path: Path, address: str = ADDRESS) -> tuple[Dataset, list[Finding]]:
    dataset, *findings, listing = SOURCES["datapackage"](Source("s", "datapackage", address), fetcher, tmp_path)
    assert isinstance(dataset, Dataset) and listing == Listing(complete=True)
    return dataset, [finding for finding in findings if isinstance(finding, Finding)]


def put(tmp_path: Path, descriptor: Any, **files: bytes) -> None:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / ADDRESS).write_text(descriptor if isinstance(descriptor, str) else json.dumps(descriptor), "utf-8")
    (tmp_path / "in" / "a.csv").write_bytes(b"a\n1\n")
    for name, content in files.items():
        (tmp_path / "in" / f"{name}.json").write_bytes(content)


RESOURCE = {"name": "a", "path": "a.csv"}

V1 = {
    "name": "tram-y-te", "id": "https://example.vn/id/1", "title": "Trạm y tế", "description": "Mô tả",
    "homepage": "https://example.vn/", "version": "1.0", "created": "2026-01-31T18:00:00Z",
    "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    "keywords": ["y tế"], "sources": [{"title": "x"}],
    "contributors": [
        {"title": "Sở Y tế", "role": "publisher"}, {"title": "Lê An", "role": "author"},
        {"title": "Phòng CNTT", "email": "cntt@example.vn", "role": "contact"},
    ],
    "accrualPeriodicity": "hằng năm", "resources": [RESOURCE | {"mediatype": "text/csv", "hash": "d41d", "bytes": 4}],
}  # fmt: skip
V2 = V1 | {
    "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
    "contributors": [
        {"title": "Sở Y tế", "roles": ["publisher", "x"]}, {"title": "Lê An", "roles": ["creator"]},
        {"title": "Phòng CNTT", "email": "cntt@example.vn", "roles": ["contact"]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("descriptor", [V1, V2], ids=["v1", "v2"])
def test_what_the_standards_properties_become(tmp_path: Path, fetcher: Fetcher, descriptor: dict[str, Any]):
    put(tmp_path, descriptor)
    dataset, findings = collected(fetcher, tmp_path)
    assert findings == []
    assert (dataset.identifier, dataset.title, dataset.description) == ("https://example.vn/id/1", "Trạm y tế", "Mô tả")
    assert (dataset.publisher, dataset.creator, dataset.contact) == ("Sở Y tế", "Lê An", "cntt@example.vn")
    assert (dataset.licence, dataset.frequency, dataset.keywords) == ("CC-BY-4.0", "hằng năm", ("y tế",))
    assert (dataset.issued, dataset.landing_page) == (date(2026, 2, 1), "https://example.vn/")
    (resource,) = dataset.resources
    assert (resource.key, resource.format, resource.media_type) == ("a", "CSV", "text/csv")
    assert (resource.declared_hash, resource.declared_bytes) == ("d41d", 4)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"licenses": [{"path": "https://l"}]}, "licence", "https://l"),
        ({"licenses": [{"title": "Tự do"}]}, "licence", "Tự do"),
        ({"licenses": [{"name": "A"}, {"name": "B"}]}, "licence", "A; B"),
        ({"license": "CC0"}, "licence", "CC0"),
        ({"resources": [RESOURCE | {"licenses": [{"name": "CC0"}]}]}, "licence", "CC0"),
        ({"licenses": "x"}, "licence", "x"), ({"licenses": 5}, "licence", ""),
        ({"contributors": {"title": "Sở", "role": "publisher"}}, "publisher", "Sở"),
        ({"contributors": [1, None, []]}, "publisher", ""),
        ({"publisher": "Sở", "contributors": [{"title": "x", "role": "publisher"}]}, "publisher", "Sở"),
        ({"frequency": "yearly", "accrualPeriodicity": "x"}, "frequency", "yearly"),
        ({"modified": "02/03/2026"}, "modified", date(2026, 3, 2)),
        ({"title": None}, "title", "P"), ({"title": "a\u0000\u0001b"}, "title", "ab"),
    ],
)  # fmt: skip
def test_shapes_met_in_the_wild(tmp_path: Path, fetcher: Fetcher, changes: dict[str, Any], field: str, value: Any):
    put(tmp_path, {"name": "p", "resources": [RESOURCE]} | changes)
    assert getattr(collected(fetcher, tmp_path)[0], field) == value


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ({"path": "/etc/passwd"}, "SRC-032"), ({"path": "../files/x"}, "SRC-032"), ({"path": "a/../../x"}, "SRC-032"),
        ({"path": "..\\x"}, "SRC-032"), ({"path": "C:\\x"}, "SRC-032"), ({"path": "file:///etc/passwd"}, "SRC-032"),
        ({"path": "~/x"}, "SRC-032"), ({"path": "gone.csv"}, "SRC-030"), ({"path": "a\0.csv"}, "SRC-032"),
        ({"path": ["a.csv", "b.csv"]}, "SRC-033"), ({"path": 5}, "SRC-034"), ({}, "SRC-034"),
        ({"data": "a,b"}, "SRC-037"), ({"data": []}, "SRC-037"),
    ],
)  # fmt: skip
def test_a_resource_that_cannot_be_had_fails_its_dataset(
    tmp_path: Path, fetcher: Fetcher, resource: dict[str, Any], code: str
):
    put(tmp_path, {"name": "p", "resources": [{"name": "x"} | resource, RESOURCE]})
    dataset, findings = collected(fetcher, tmp_path)
    assert [finding.code for finding in findings] == [code]
    assert "resources[0]" in str(findings[0].message)
    obtained = obtain(dataset, fetcher)
    assert (list(obtained.files), obtained.failed) == (["a"], 1)


def test_one_part_is_a_file_and_one_name_is_one_resource(tmp_path: Path, fetcher: Fetcher):
    put(tmp_path, {"name": "p", "resources": [{"name": "x", "path": ["a.csv"]}, RESOURCE, RESOURCE, "odd"]})
    dataset, findings = collected(fetcher, tmp_path)
    assert ([r.key for r in dataset.resources], [f.code for f in findings]) == (["x", "a"], ["SRC-021", "SRC-035"])
    assert obtain(dataset, fetcher).failed == 0


@pytest.mark.parametrize(
    ("data", "format", "content"),
    [
        ([["tên", "n"], ["x", 1], [None, True]], "CSV", "tên,n\nx,1\n,true\n"),
        ([{"a": 1}, {"b": "x,y"}], "CSV", 'a,b\n1,\n,"x,y"\n'),
        ({"type": "FeatureCollection"}, "JSON", '{\n "type": "FeatureCollection"\n}'),
        ([{"a": [1]}], "JSON", '[\n {\n  "a": [\n   1\n  ]\n }\n]'),
        ([1, 2], "JSON", "[\n 1,\n 2\n]"),
    ],
)
def test_data_inside_the_descriptor_is_kept_as_a_file(
    tmp_path: Path, fetcher: Fetcher, data: Any, format: str, content: str
):
    put(tmp_path, {"name": "p", "resources": [{"name": "x", "data": data}]})
    dataset, findings = collected(fetcher, tmp_path)
    assert (findings, dataset.resources[0].format) == ([], format)
    assert obtain(dataset, fetcher).files["x"].path.read_text("utf-8") == content


def test_a_schema_that_is_only_referred_to_is_read(tmp_path: Path, fetcher: Fetcher, server: Server):
    schema = {"fields": [{"name": "a", "type": "integer"}]}
    remote = server.put("/schema.json", json.dumps(schema).encode(), "application/json")
    put(
        tmp_path,
        {"name": "p", "resources": [RESOURCE | {"schema": "s.json"}, RESOURCE | {"name": "b", "schema": remote}]},
        s=json.dumps(schema).encode(),
    )
    dataset, findings = collected(fetcher, tmp_path)
    assert ([resource.schema for resource in dataset.resources], findings) == ([schema, schema], [])


@pytest.mark.parametrize("schema", ["gone.json", "../x.json", "http://10.0.0.1/s.json", "broken.json", "table-schema"])
def test_a_schema_that_cannot_be_read_costs_only_itself(tmp_path: Path, fetcher: Fetcher, schema: str):
    put(tmp_path, {"name": "p", "resources": [RESOURCE | {"schema": schema}]}, broken=b"{")
    dataset, findings = collected(fetcher, tmp_path)
    assert (dataset.resources[0].schema, [finding.code for finding in findings]) == (None, ["SRC-036"])


def test_paths_of_a_remote_package_start_where_its_descriptor_is(tmp_path: Path, fetcher: Fetcher, server: Server):
    descriptor = {"name": "p", "resources": [RESOURCE | {"schema": "s.json"}, {"name": "b", "path": server.url + "/b"}]}
    server.answers["/latest"] = [redirect("/v2/datapackage.json")]
    server.put("/v2/datapackage.json", json.dumps(descriptor).encode(), "application/json")
    server.put("/v2/s.json", b'{"fields": []}', "application/json")
    server.put("/v2/a.csv", b"a")
    server.put("/b", b"b")
    dataset, findings = collected(fetcher, tmp_path, server.url + "/latest?key=secret")
    assert (findings, obtain(dataset, fetcher).failed) == ([], 0)
    assert "secret" not in json.dumps(to_json(dataset))


def test_a_package_may_be_named_by_its_folder(tmp_path: Path, fetcher: Fetcher):
    put(tmp_path, {"name": "p", "resources": [RESOURCE]})
    assert collected(fetcher, tmp_path, "in")[0].identifier == "p"
    (tmp_path / ADDRESS).unlink()
    with pytest.raises(SourceChanged, match=r"no datapackage\.json"):
        collected(fetcher, tmp_path, "in")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"name": "p"', ["line 1, column"]),
        ('{"name": "p",\n "resources": [}', ["line 2, column 16"]),
        ('{"name": "p", "name": "q"}', ["“name”", "twice"]),
        ('{"name": NaN}', ["no number"]), ('{"name": -Infinity}', ["no number"]),
        ('{"n": ' + "9" * 5000 + "}", ["no number"]),
        ("[" * 100_000, ["nested"]), ('{"a":' * 100_000, ["nested"]),
        ('{"name": "\\ud800", "resources": []}', ["characters"]),
        ("", ["line 1"]), ("[]", ["no list of resources"]), ('{"resources": {}}', ["no list of resources"]),
        ("null", ["no list of resources"]), ('"x"', ["no list of resources"]),
    ],
)  # fmt: skip
def test_what_is_no_package_is_refused_with_the_place(tmp_path: Path, fetcher: Fetcher, content: str, words: list[str]):
    put(tmp_path, content)
    with pytest.raises(SourceChanged) as caught:
        collected(fetcher, tmp_path)
    assert [word for word in ["datapackage.json", *words] if word not in str(caught.value.message)] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_json_may_have_are_read(tmp_path: Path, fetcher: Fetcher, encoding: str):
    put(tmp_path, "")
    text = json.dumps({"name": "p", "title": "Trạm", "resources": [RESOURCE]}, ensure_ascii=False)
    (tmp_path / ADDRESS).write_bytes(text.encode(encoding))
    assert collected(fetcher, tmp_path)[0].title == "Trạm"


def test_a_web_page_at_the_descriptors_address_is_no_package(tmp_path: Path, fetcher: Fetcher, server: Server):
    server.answers["/p"] = [body(b"<!DOCTYPE html><p>Home", "text/html")]
    with pytest.raises(SourceChanged, match="web page"):
        collected(fetcher, tmp_path, server.url + "/p")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = [*V1, "license", "publisher", "modified", "period", "frequency", "landing_page", "licence", "temporal"]
PROPERTIES = ["name", "path", "data", "title", "format", "mediatype", "encoding", "schema", "dialect", "hash", "bytes"]
RESOURCES = st.lists(st.dictionaries(st.sampled_from([*PROPERTIES, "rows"]), JSON) | JSON, max_size=3)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), RESOURCES)
def test_no_descriptor_crashes_and_every_record_can_be_stored(
    tmp_path: Path, fetcher: Fetcher, descriptor: dict[str, Any], resources: list[Any]
):
    (tmp_path / "in").mkdir(exist_ok=True)
    content = json.dumps(descriptor | {"resources": resources}).encode()
    try:
        dataset, findings = package(content, Base(fetcher, holding=hold(tmp_path / "in")), "f", "s")
    except SourceError as error:
        assert error.code.startswith("SRC-")
    else:
        assert json.dumps([to_json(dataset), to_json(findings)]).encode()
        assert len({resource.key for resource in dataset.resources}) == len(dataset.resources)
