"""Services of others: what proves that all came, what does not, and what is said about it."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import services
from catalogues import pod
from reading import Read, door, read
from servers import LOOPBACK, Server, reset, serving, status
from services import Layer, answering, described, oai_error, oai_page, oai_record, record

from harvester.errors import SourceChanged, SourceUnavailable
from harvester.model import Source
from harvester.sources import SOURCES, obtain


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


# ---------------------------------------------------------------- rest


def listed(server: Server, folder: Path, answer: Any, **changes: Any) -> Read:
    server.answers["/api"] = [answering(answer)]
    return read("rest", server.url + "/api", folder, **(services.MAPPING | changes))


NOT_PAGED = {"records": "items", "page": "", "limit": "", "total": "", "file_list": ""}


def page(number: int, total: int = 6) -> dict[str, Any]:
    return {"data": {"total": total, "items": [record(f"{number}a"), record(f"{number}b")]}}


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (page(2, total=7), "KND-009"),  # the total moved
        (page(1), "KND-009"),  # the same page again
        ({"data": {"total": 6, "items": []}}, "KND-009"),  # fewer than announced
        ({"data": {"total": 6, "items": [record("1b"), record("2a")]}}, "KND-009"),  # something slid down a page
        ({"data": "x"}, "KND-008"),
        (b"{", "KND-008"),
        (500, "KND-008"),
        (404, "KND-008"),
    ],
)
def test_rest_pages_that_prove_nothing_are_incomplete(server: Server, tmp_path: Path, second: Any, code: str):
    pages = {"1": page(1), "2": second, "3": page(3)}
    result = listed(server, tmp_path, lambda query: pages.get(query["p"], {"data": {"total": 6, "items": []}}))
    assert not result.complete and code in result.codes
    assert {"1a", "1b"} <= result.datasets.keys()


def test_rest_follows_an_address_a_token_or_an_offset(server: Server, tmp_path: Path):
    def by_token(query: dict[str, str]) -> Any:
        if "cursor" in query:
            return {"data": {"items": [record("b")]}}
        return {"data": {"items": [record("a")]}, "next": "abc"}

    plain = {"page": "", "limit": "", "total": ""}
    assert len(listed(server, tmp_path, by_token, next="next", next_parameter="cursor", **plain).datasets) == 2
    links = {"1": "/api?n=2", "2": None}
    by_link = listed(
        server,
        tmp_path,
        lambda query: {"data": {"items": [record(query.get("n", "1"))]}, "next": links[query.get("n", "1")]},
        next="next",
        **plain,
    )
    assert list(by_link.datasets) == ["1", "2"]
    items = [record(str(number)) for number in range(5)]
    by_offset = listed(
        server,
        tmp_path,
        lambda query: {"data": {"items": items[int(query["o"]) : int(query["o"]) + 2]}},
        offset="o",
        **plain,
    )
    assert (len(by_offset.datasets), by_offset.complete) == (5, True)


def test_rest_takes_fields_by_path_and_addresses_by_template(server: Server, tmp_path: Path):
    result = listed(
        server,
        tmp_path,
        lambda query: {"items": [{"id": 7, "ten": {"vi": "Trạm"}, "tags": [{"name": "y tế"}], "tep": "a b"}]},
        **NOT_PAGED,
        fields={"identifier": "id", "title": "ten", "keywords": "tags", "landing_page": "https://x.vn/d/{id}"},
        file={"url": "https://x.vn/tep/{id}/{tep}.csv"},
    )
    (dataset,) = result.datasets.values()
    assert (dataset.identifier, dataset.title, dataset.landing_page) == ("7", "Trạm", "https://x.vn/d/7")
    assert (dataset.keywords, dataset.resources[0].address) == (("y tế",), "https://x.vn/tep/7/a%20b.csv")


@pytest.mark.parametrize(
    "options",
    [{}, {"fields": {"title": "t"}}, {"fields": {"identifier": "i", "title": "t", "tilte": "x"}}]
    + [services.MAPPING | change for change in ({"next": "n"}, {"file": 5}, {"file": {"adress": "x"}})],
)
def test_rest_a_wrong_mapping_is_told(tmp_path: Path, options: dict[str, Any]):
    with pytest.raises(SourceChanged, match=r"config/sources/s\.toml"):
        read("rest", "http://127.0.0.1:9/", tmp_path, **options)


# ---------------------------------------------------------------- DKAN


def datastore(server: Server, answer: Any, folder: Path) -> Any:
    server.answers["/api/action/datastore/search.json"] = [answering(answer)]
    address = server.url + "/api/action/datastore/search.json?resource_id=1"
    catalogue = {"dataset": [pod(distribution=[{"downloadURL": address, "identifier": "r"}])]}
    server.put("/data.json", json.dumps(catalogue).encode(), "application/json")
    source = Source("s", "dkan", server.url, agency="a", allow_networks=LOOPBACK)
    with door(folder) as fetcher:
        dataset, *others = SOURCES["dkan"](source, fetcher, folder)
        return obtain(dataset, fetcher), others


def rows(query: dict[str, str], total: int = 2500, count: int = 2500) -> Any:
    first = int(query["offset"])
    records = [{"_id": n, "ten": f"Trạm {n}"} for n in range(first, min(first + int(query["limit"]), count))]
    return {"result": {"fields": [{"id": "_id"}, {"id": "ten"}], "records": records, "total": total}}


def test_dkan_reads_a_datastore_page_after_page(server: Server, tmp_path: Path):
    obtained, others = datastore(server, rows, tmp_path)
    (file,) = obtained.files.values()
    with file.path.open(encoding="utf-8", newline="") as lines:
        read_back = list(csv.reader(lines))
    assert (read_back[0], len(read_back), read_back[-1]) == (["_id", "ten"], 2501, ["2499", "Trạm 2499"])
    assert others[-1].complete


@pytest.mark.parametrize(
    "answer",
    [
        lambda query: rows(query, total=9000),
        lambda query: rows(query, total=2500 + int(query["offset"])),
        lambda query: rows({**query, "offset": "0"}),
        lambda query: rows(query) if query["offset"] == "0" else 500,
        lambda query: {"result": {"records": 5}},
    ],
)
def test_dkan_rows_that_do_not_come_whole_fail_the_file(server: Server, tmp_path: Path, answer: Any):
    obtained, others = datastore(server, answer, tmp_path)
    assert (obtained.files, obtained.failed, others[-1].complete) == ({}, 1, True)
    assert others[0].dataset == "tram"


# ---------------------------------------------------------------- ArcGIS


def service(server: Server, folder: Path, *layers: Any) -> Read:
    return read("arcgis", services.feature_service(server, *layers), folder)


def test_arcgis_every_layer_is_a_dataset_with_two_files(server: Server, tmp_path: Path):
    result = service(server, tmp_path, Layer(), Layer("Trường học", count=0))
    assert (result.codes, result.complete) == ([], True)
    first, empty = result.datasets.values()
    assert (first.title, first.modified, first.description.split()) == (
        "Danh sách trạm y tế",
        date(2026, 3, 31),
        ["Trạm", "y", "tế"],
    )
    geojson, table = (Path(resource.address).read_text("utf-8") for resource in first.resources)
    assert [f["properties"]["OBJECTID"] for f in json.loads(geojson)["features"]] == [0, 1, 2, 3, 4]
    assert table.splitlines() == ["OBJECTID,Tên", *(f"{n},Trạm {n}" for n in range(5))]
    assert json.loads(Path(empty.resources[0].address).read_text())["features"] == []


@pytest.mark.parametrize(
    "layer",
    [Layer(repeats=True), Layer(fails_at=2), Layer(grows=True), Layer(formats="JSON"), Layer(most=2, count=2**40)],
)
def test_arcgis_features_that_do_not_come_whole_fail_the_files(server: Server, tmp_path: Path, layer: Layer):
    if layer.count > 5:
        layer.fails_at = 4
    result = service(server, tmp_path, layer, Layer())
    assert (result.codes, result.complete) == (["KND-052"], True)
    assert [bool(r.address) for d in result.datasets.values() for r in d.resources] == [False, False, True, True]


def test_arcgis_a_layer_that_cannot_be_described_is_named(server: Server, tmp_path: Path):
    result = service(server, tmp_path, 404, Layer())
    assert (list(result.datasets), result.codes, result.complete) == (["1"], ["NET-404"], False)


def test_arcgis_a_hub_is_read_by_its_feed(server: Server, tmp_path: Path):
    content = json.dumps({"dataset": [pod()]}).encode()
    server.put("/api/feed/dcat-us/1.1.json", content, "application/json")
    assert list(read("arcgis", server.url, tmp_path).datasets) == ["tram"]


# ---------------------------------------------------------------- WFS


def test_wfs_offers_its_own_addresses(server: Server, tmp_path: Path):
    result = read("wfs", services.wfs_service(server, "yte:tram"), tmp_path)
    (dataset,) = result.datasets.values()
    assert (dataset.identifier, dataset.publisher, dataset.keywords) == ("yte:tram", "Sở Nội vụ", ("y tế",))
    assert [resource.format for resource in dataset.resources] == ["GEOJSON", "CSV"]
    assert "typeNames=yte%3Atram" in dataset.resources[0].address


def test_wfs_a_layer_that_would_be_cut_is_not_taken(server: Server, tmp_path: Path):
    whole = read("wfs", services.wfs_service(server, "a", features=10, most=10), tmp_path)
    assert (whole.codes, len(whole.datasets["a"].resources)) == ([], 2)
    cut = read("wfs", services.wfs_service(server, "a", features=11, most=10), tmp_path)
    assert (cut.codes, cut.datasets["a"].resources) == (["KND-060"], ())


def test_wfs_without_an_open_format_it_says_so(server: Server, tmp_path: Path):
    result = read("wfs", services.wfs_service(server, "a", formats=("text/xml; subtype=gml/3.2",)), tmp_path)
    assert (result.codes, list(result.datasets)) == (["KND-061"], ["a"])


@pytest.mark.parametrize("cut", [-20, -400, 60])
def test_wfs_half_an_answer_is_refused(server: Server, tmp_path: Path, cut: int):
    server.put("/wfs", services.capabilities("http://x/", ["a"])[:cut], "text/xml")
    with pytest.raises(SourceChanged):
        read("wfs", server.url + "/wfs", tmp_path)


# ---------------------------------------------------------------- OAI-PMH


def test_oai_tokens_lead_to_the_end_and_the_deleted_are_none(server: Server, tmp_path: Path):
    file = server.url + "/in/tram.csv"
    pages = {
        "": oai_page(oai_record("a", url=file), oai_record("b", deleted=True), token="x&y", total=3),
        "x&y": oai_page(oai_record("c", url="https://x.vn/trang/1"), token="", total=3),
    }
    result = read("oai", services.repository(server, pages), tmp_path)
    assert (sorted(result.datasets), result.codes, result.complete) == (["a", "c"], [], True)
    assert [r.format for r in result.datasets["a"].resources] == ["CSV"]
    assert (result.datasets["c"].resources, result.datasets["c"].landing_page) == ((), "https://x.vn/trang/1")
    assert result.datasets["a"].licence == "CC BY 4.0"


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (oai_page(oai_record("b"), token="", total=9), "KND-009"),
        (oai_page(token="", total=3), "KND-009"),
        (oai_page(oai_record("b"), token="t", total=3), "KND-009"),
        (oai_error("badResumptionToken"), "KND-008"),
        (oai_page(oai_record("b"), token="")[:-60], "KND-008"),
        (503, "KND-008"),
    ],
)
def test_oai_answers_that_prove_nothing_are_incomplete(server: Server, tmp_path: Path, second: Any, code: str):
    pages = {"": oai_page(oai_record("a"), token="t", total=3), "t": second}
    result = read("oai", services.repository(server, pages), tmp_path)
    assert "a" in result.datasets and not result.complete and code in result.codes


def test_oai_no_records_is_an_empty_listing(server: Server, tmp_path: Path):
    result = read("oai", services.repository(server, {"": oai_error("noRecordsMatch")}), tmp_path)
    assert (result.datasets, result.complete) == ({}, True)


@pytest.mark.parametrize("answer", [oai_error("badVerb"), b"<a/>", oai_page(oai_record())[:-30], b""])
def test_oai_what_does_not_speak_it_is_refused(server: Server, tmp_path: Path, answer: bytes):
    with pytest.raises(SourceChanged):
        read("oai", services.repository(server, {"": answer}), tmp_path)


# ---------------------------------------------------------------- databases


def queried(folder: Path, *entries: dict[str, Any], **options: Any) -> Read:
    return read("sql", services.database(folder), folder, datasets=list(entries), **options)


def test_sql_tables_and_queries_become_csv(tmp_path: Path):
    result = queried(tmp_path, described("t", query=None, table="tram"), described("q", query="SELECT ten FROM tram"))
    contents = [Path(d.resources[0].address).read_text("utf-8") for d in result.datasets.values()]
    assert contents == ["a,ten\n1,Trạm 1\n2,Trạm 2\n3,Trạm 3\n", "ten\nTrạm 1\nTrạm 2\nTrạm 3\n"]
    assert (result.codes, result.complete) == ([], True)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM tram",
        "DROP TABLE tram",
        "INSERT INTO tram VALUES (9, 'x')",
        "ATTACH DATABASE 'other.db' AS other",
        "PRAGMA query_only = OFF",
        "PRAGMA table_info(tram)",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM tram",
        "SELECT * FROM nowhere",
        "khong phai sql",
        "",
    ],
)
def test_sql_nothing_is_written_and_a_bad_query_fails_its_own_file(tmp_path: Path, query: str):
    before = services.database(tmp_path) and (tmp_path / "in.db").read_bytes()
    (tmp_path / "in.db").unlink()
    result = queried(tmp_path, described("q", query=query), described("t", query=None, table="tram"))
    assert (tmp_path / "in.db").read_bytes() == before
    assert (result.codes, result.complete) == (["KND-071"], True)
    assert [bool(dataset.resources[0].address) for dataset in result.datasets.values()] == [False, True]
    assert not (tmp_path / "other.db").exists()


def test_sql_a_query_without_end_is_stopped(tmp_path: Path):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    result = queried(tmp_path, described("q", query=endless), timeout=1)
    assert result.codes == ["KND-071"] and "1 seconds" in str(result.findings[0].message)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"datasets": []},
        {"datasets": [{"identifier": "a", "title": "b"}]},
        {"datasets": [described(table="tram")]},
        {"datasets": [described(query=None, table='tram"; DROP TABLE tram')]},
        {"datasets": [described(titel="x")]},
        {"datasets": [described()], "timeout": 0},
    ],
)
def test_sql_a_wrong_description_is_told(tmp_path: Path, options: dict[str, Any]):
    with pytest.raises(SourceChanged, match=r"config/sources/s\.toml"):
        read("sql", services.database(tmp_path), tmp_path, **options)


def test_sql_an_inner_host_is_refused_unless_it_is_allowed(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match="not on the public internet"):
        read("sql", "postgresql://10.0.0.1/x", tmp_path, datasets=[described()])


def test_sql_a_password_that_is_not_there_is_told_by_its_name(tmp_path: Path):
    with pytest.raises(SourceChanged, match="OPENDATA_NO_SUCH_PASSWORD"):
        options = {"datasets": [described()], "password_env": "OPENDATA_NO_SUCH_PASSWORD"}
        read("sql", "postgresql://127.0.0.1:9/x", tmp_path, **options)


# ---------------------------------------------------------------- web pages


def crawled(server: Server, folder: Path, site: dict[str, str], robots: str | None = None, **options: Any) -> Read:
    return read("page", services.site(server, site, robots), folder, **options)


def test_page_text_row_and_day_describe_a_file(server: Server, tmp_path: Path):
    first = """
    <table><tr><td>Danh sách nhà thuốc</td><td>31/03/2026</td><td><a href="/tep/nt.xlsx">Tải về</a></td></tr>
    <tr><td><a href="/tep/tram%20y.csv">Trạm y tế</a> <a href="/tep/tram%20y.xlsx">xlsx</a></td></tr></table>
    <p><a href="/tep/2025.json" title="Giá thuốc"></a> cập nhật 2026-01-02</p><a href="mailto:a@b.vn">thư</a>
    <a href="/tep/quyet-dinh.pdf">Quyết định</a><a href="http://[">x</a>"""
    result = crawled(server, tmp_path, {"/yte/a.html": first})
    found = [(d.title, d.modified, [r.format for r in d.resources]) for d in result.datasets.values()]
    assert found == [
        ("Danh sách nhà thuốc", date(2026, 3, 31), ["XLSX"]),
        ("Trạm y tế", None, ["CSV", "XLSX"]),
        ("Giá thuốc", date(2026, 1, 2), ["JSON"]),
    ]
    assert (result.codes, result.complete) == ([], True)


def test_page_only_allowed_paths_and_hosts_are_read(server: Server, tmp_path: Path):
    first = """<a href="b.html">b</a><a href="/khac/c.html">c</a><a href="https://other.example/d.csv">Ở nơi khác</a>
    <a href="/a.csv">A</a>"""
    pages = {"/yte/a.html": first, "/yte/b.html": '<a href="/b.csv">B</a>', "/khac/c.html": '<a href="/c.csv">C</a>'}
    result = crawled(server, tmp_path, pages)
    assert sorted(d.title for d in result.datasets.values()) == ["A", "B"]
    assert (result.codes, result.complete) == (["KND-081"], True)
    assert sorted(d.title for d in crawled(server, tmp_path, pages, allow=["/yte/", "/khac/"]).datasets.values()) == [
        *("A", "B", "C"),
    ]


def test_page_robots_are_obeyed(server: Server, tmp_path: Path):
    pages = {"/yte/a.html": '<a href="/kin/a.csv">A</a><a href="/b.csv">B</a><a href="kin.html">x</a>'}
    result = crawled(server, tmp_path, pages, "User-agent: *\nDisallow: /kin/\nDisallow: /yte/kin")
    assert [d.title for d in result.datasets.values()] == ["B"]
    assert (sorted(result.codes), result.complete) == (["KND-008", "KND-082"], False)
    assert server.count("/yte/kin.html") == 0
    with pytest.raises(SourceChanged, match="robots"):
        crawled(server, tmp_path, pages, "User-agent: *\nDisallow: /")


def test_page_robots_that_cannot_be_asked_forbid_everything(server: Server, tmp_path: Path):
    server.answers["/robots.txt"] = [status(503)]
    with pytest.raises(SourceUnavailable):
        crawled(server, tmp_path, {"/yte/a.html": '<a href="/b.csv">B</a>'})


@pytest.mark.parametrize("reply", [reset, status(500), status(404)])
def test_page_a_page_that_fails_makes_it_incomplete(server: Server, tmp_path: Path, reply: Any):
    server.answers["/yte/b.html"] = [reply]
    result = crawled(server, tmp_path, {"/yte/a.html": '<a href="/b.csv">B</a><a href="b.html">sau</a>'})
    assert (len(result.datasets), result.codes, result.complete) == (1, ["KND-008"], False)


def test_page_more_pages_than_allowed_make_it_incomplete(server: Server, tmp_path: Path):
    pages = {f"/yte/{n}.html": f'<a href="/{n}.csv">Tệp {n}</a><a href="{n + 1}.html">sau</a>' for n in range(5)}
    result = crawled(server, tmp_path, pages, pages=3)
    assert (len(result.datasets), result.codes, result.complete) == (3, ["KND-080"], False)
