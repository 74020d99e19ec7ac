"""`opendata sources add`: what is at an address, whose it is, and the source file for it."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import services
from catalogues import catalogue_ttl, pod, serialised, turtle, workbook
from servers import Server, serving, silent
from workspaces import NOON

from harvester.cli import main
from harvester.starting import initialise


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    initialise(tmp_path / "w", "catalogue")
    return tmp_path / "w"


def add(workspace: Path, capsys: Any, *words: str) -> tuple[int, dict[str, Any]]:
    argv = ["-C", str(workspace), "--json", "sources", "add", *words, "--allow-network", "127.0.0.0/8"]
    code = main([*argv, "--yes"], clock=lambda: NOON, environ={})
    return code, json.loads(capsys.readouterr().out)


def catalogue(*publishers: str) -> bytes:
    datasets = [pod(str(n), publisher={"name": name}) for n, name in enumerate(publishers)]
    return json.dumps({"dataset": datasets}).encode()


def test_it_finds_counts_maps_and_writes_a_file_that_is_read(server: Server, workspace: Path, capsys: Any):
    server.put("/data.json", catalogue(*["Sở Y tế"] * 30, "so noi vu", "Sở Y tê tỉnh", "Ai đó"), "application/json")
    code, found = add(workspace, capsys, server.url, "--id", "cong")
    assert (code, found["kind"], found["address"]) == (0, "data_json", server.url + "/data.json")
    assert (found["datasets"], len(found["preview"]), found["complete"]) == (33, 20, True)
    mapped = {each["name"]: (each["agency"], each["nearest"]) for each in found["publishers"]}
    assert mapped["Sở Y tế"][0] and mapped["so noi vu"][0]
    assert mapped["Sở Y tê tỉnh"] == (None, "Sở Y tế")
    written = (workspace / "config" / "sources" / "cong.toml").read_text("utf-8")
    assert tomllib.loads(written)["approved"] is False
    assert set(tomllib.loads(written)["agencies"]) == {"Sở Y tế", "so noi vu"}
    assert '# "Sở Y tê tỉnh" = "Sở Y tế"' in written
    assert main(["-C", str(workspace), "--json", "sources"], clock=lambda: NOON, environ={}) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)["sources"]] == ["cong"]


def test_the_first_kind_that_is_there_wins(server: Server, workspace: Path, capsys: Any):
    server.put("/data.json", catalogue("Sở Y tế"), "application/json")
    server.put("/catalog.xml", serialised(catalogue_ttl(turtle()), "xml"), "application/rdf+xml")
    assert add(workspace, capsys, server.url, "--id", "a")[1]["kind"] == "dcat"
    server.answers["/api/action/datastore/search.json"] = [services.answering(lambda query: 400)]
    assert add(workspace, capsys, server.url, "--id", "b", "--agency", "so-y-te")[1]["kind"] == "dkan"
    assert add(workspace, capsys, server.url + "/data.json", "--id", "c")[1]["kind"] == "data_json"


@pytest.mark.parametrize("kind", ["arcgis", "wfs", "oai", "page", "inventory"])
def test_services_are_known_by_their_address(server: Server, workspace: Path, capsys: Any, kind: str):
    pages = {"": services.oai_page(services.oai_record())}
    addresses = {
        "arcgis": lambda: services.feature_service(server, services.Layer()),
        "wfs": lambda: services.wfs_service(server, "a"),
        "oai": lambda: services.repository(server, pages),
        "page": lambda: services.site(server, {"/": '<a href="/a.csv">Trạm y tế</a>'}),
        "inventory": lambda: server.put("/dm.xlsx", workbook([1, "a", "Trạm", "Sở Y tế", "", "", ""])),
    }
    code, found = add(workspace, capsys, addresses[kind](), "--agency", "so-y-te")
    assert (code, found["kind"], found["datasets"]) == (0, kind, 1)


def test_nothing_there_is_told_with_what_was_tried(server: Server, workspace: Path, capsys: Any):
    code, answer = add(workspace, capsys, server.url)
    assert (code, answer["error"]["code"]) == (2, "KND-090")
    assert all(kind in answer["error"]["message"] for kind in ("ckan", "dcat", "data_json", "page"))
    assert not list((workspace / "config").glob("sources/*.toml"))


def test_nobody_answering_is_unreachable(server: Server, workspace: Path, capsys: Any):
    address = server.url
    server.answers["/"] = [silent]
    server.shutdown()
    server.server_close()
    code, answer = add(workspace, capsys, address)
    assert (code, answer["error"]["code"][:3]) == (4, "NET")


def test_without_an_owner_nothing_is_written(server: Server, workspace: Path, capsys: Any):
    server.put("/data.json", catalogue("Ai đó"), "application/json")
    code, answer = add(workspace, capsys, server.url)
    assert (code, answer["error"]["code"]) == (2, "KND-091")


def test_no_file_is_ever_overwritten(server: Server, workspace: Path, capsys: Any):
    server.put("/data.json", catalogue("Sở Y tế"), "application/json")
    assert add(workspace, capsys, server.url, "--id", "a")[0] == 0
    before = (workspace / "config/sources/a.toml").read_bytes()
    code, answer = add(workspace, capsys, server.url, "--id", "a")
    assert (code, answer["error"]["code"]) == (2, "KND-092")
    assert (workspace / "config/sources/a.toml").read_bytes() == before


def test_a_hostile_publisher_stays_a_text(server: Server, workspace: Path, capsys: Any):
    names = ['"]\nkind = "folder"', "x\\u0000\x7f", "Sở Y tế"]
    server.put("/data.json", catalogue(*names), "application/json")
    code, _ = add(workspace, capsys, server.url, "--id", "a")
    assert code == 0
    assert tomllib.loads((workspace / "config/sources/a.toml").read_text("utf-8"))["kind"] == "data_json"


@pytest.mark.parametrize("words", [["ad", "x"], ["add"], ["add", "x", "y"]])
def test_anything_but_add_and_an_address_is_wrong_usage(workspace: Path, capsys: Any, words: list[str]):
    assert main(["-C", str(workspace), "sources", *words], clock=lambda: NOON, environ={}) == 2


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_screen_fits_80_columns(server: Server, workspace: Path, capsys: Any, language: str):
    server.put("/data.json", catalogue("Sở Y tế", "Một đơn vị có tên rất dài " * 5), "application/json")
    argv = ["-C", str(workspace), "--lang", language, "sources", "add", server.url, "--dry-run"]
    assert main([*argv, "--allow-network", "127.0.0.0/8"], clock=lambda: NOON, environ={"COLUMNS": "80"}) == 0
    shown = capsys.readouterr().out
    assert "data_json" in shown and max(map(len, shown.splitlines())) <= 80
    assert not (workspace / "config/sources/127-0-0-1.toml").exists()


def test_an_added_source_runs_and_what_nobody_owns_is_held_with_the_nearest_name(
    server: Server, workspace: Path, capsys: Any
):
    server.put("/tram.csv", "mã,tên\n1,Một\n2,Hai\n".encode(), "text/csv")
    datasets = [pod(str(n), publisher={"name": name}) for n, name in enumerate(["Sở Y tế", "Sở Y tê tỉnh"])]
    content = json.dumps({"dataset": [*datasets, pod("hong", title="")]}).encode()
    server.put("/data.json", content, "application/json")
    assert add(workspace, capsys, server.url, "--id", "cong")[0] == 0
    code = main(["-C", str(workspace), "--json", "run", "cong"], clock=lambda: NOON, environ={})
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert (code, source["state"], source["complete"], source["listed"]) == (1, "partial", False, 2)
    assert [dataset["outcome"] for dataset in source["datasets"]] == ["published", "held"]
    told = " ".join(finding["message"] + finding["remedy"] for finding in source["findings"])
    assert "hong" in told and "Sở Y tê tỉnh" in told and "Sở Y tế" in told
