"""Folders and ZIPs: which files make a dataset, and what `dataset.yaml` may say."""

import os
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvester.errors import SourceError, SourceUnavailable, UsageRefused
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.model import Agency, Dataset, Finding, Level, Listing, Severity, Source
from harvester.sources import SOURCES, obtain
from harvester.sources.descriptors import DEPTH, YAML_BYTES, read_json, read_yaml
from harvester.sources.fields import day_of, masked
from harvester.sources.folder import groups, read_dataset
from harvester.sources.holding import Holding

AGENCY = Agency("so-y-te", "so-y-te", "Sở Y tế", "", Level.PROVINCE, None, None, (), "", "", True)


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    with Fetcher(FileStore(tmp_path / "files")) as opened:
        yield opened


def lay_out(folder: Path, entries: dict[str, str | bytes]) -> Path:
    for name, content in entries.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def collected(tmp_path: Path, fetcher: Fetcher) -> tuple[list[Dataset], list[Finding], Listing]:
    *items, listing = SOURCES["folder"](Source("s", "folder", "in", agency="a"), fetcher, tmp_path)
    assert isinstance(listing, Listing)
    return [i for i in items if isinstance(i, Dataset)], [i for i in items if isinstance(i, Finding)], listing


def shape(*names: str) -> dict[str, tuple[str, ...]]:
    found = groups(Holding(Path("/x"), False, {name: name for name in names}))
    assert [group.identifier for group in found] == sorted(group.identifier for group in found)
    return {group.identifier: (*group.files, *filter(None, [group.metadata])) for group in found}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.csv", "b.csv"], {"a": ("a.csv",), "b": ("b.csv",)}),
        (["a.csv", "a.xlsx"], {"a": ("a.csv", "a.xlsx")}),
        (["x/a.csv", "y/a.csv"], {"x/a": ("x/a.csv",), "y/a": ("y/a.csv",)}),
        (["a.csv", "a.yaml"], {"a": ("a.csv", "a.yaml")}),
        (["a.csv", "a.dataset.yml"], {"a": ("a.csv", "a.dataset.yml")}),
        (["a.yaml"], {"a": ("a.yaml",)}),
        (["x/dataset.yaml", "x/a.csv", "x/sub/b.csv"], {"x": ("x/a.csv", "x/sub/b.csv", "x/dataset.yaml")}),
        (["x/dataset.yaml", "x/y/datapackage.json", "x/y/a.csv"], {"x": ("x/dataset.yaml",),
                                                                  "x/y": ("x/y/a.csv", "x/y/datapackage.json")}),
        (["dataset.yml", "a.csv", "x/b.csv"], {".": ("a.csv", "x/b.csv", "dataset.yml")}),
        (["x/datapackage.json", "x/dataset.yaml", "x/a.csv"],
         {"x": ("x/datapackage.json", "x/a.csv", "x/dataset.yaml")}),
        (["số liệu 2024.v1.csv"], {"số liệu 2024.v1": ("số liệu 2024.v1.csv",)}),
        (["README"], {"README": ("README",)}),
        ([], {}),
    ],
)  # fmt: skip
def test_which_files_make_a_dataset(names: list[str], expected: dict[str, tuple[str, ...]]):
    assert shape(*names) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab./", min_size=1, max_size=8), max_size=12, unique=True))
def test_every_file_belongs_to_exactly_one_dataset(names: list[str]):
    names = [n for n in names if all(part.strip(".") for part in n.split("/"))]
    names += ["dataset.yaml"] if "a" in names else []
    taken = [name for group in shape(*names).values() for name in group]
    assert sorted(taken) == sorted(names)


def test_everything_dataset_yaml_may_say(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path / "in" / "tram", {
        "dataset.yaml": """
title: Trạm y tế  # a comment
description: |
  Hai dòng
  văn bản
publisher: Sở Y tế
creator: Phòng Nghiệp vụ Y
license: cc-by-4.0
frequency: hằng tháng
issued: 01/02/2026
modified: 2026-03-31
keywords: [y tế, trạm, y tế]
theme: health
language: vi
spatial: Nghệ An
period: {start: 2025-01-01, end: 31/12/2025}
contact: a@example.vn
landing_page: https://example.vn/tram
fee: không
catalogue_item: 012
resources:
- path: tram.csv
  title: Bảng chính
  format: csv
  encoding: utf-8
  schema: {fields: [{name: ma, type: string, constraints: {required: true, minLength: 1}}]}
  dialect: {csv: {delimiter: ";"}}
  hash: sha256:00
  bytes: 4
  rows: 1
""",
        "tram.csv": "a\n1\n",
    })  # fmt: skip
    ((dataset,), findings, listing) = collected(tmp_path, fetcher)
    assert (findings, listing.complete) == ([], True)
    (resource,) = dataset.resources
    assert dataset == Dataset(
        "s", "tram", "Trạm y tế", (resource,), "a", "Sở Y tế", "Phòng Nghiệp vụ Y", "Hai dòng\nvăn bản",
        date(2026, 2, 1), date(2026, 3, 31), "hằng tháng", "cc-by-4.0", ("y tế", "trạm"), "health", "vi", "Nghệ An",
        date(2025, 1, 1), date(2025, 12, 31), "a@example.vn", "https://example.vn/tram", "không",
        dataset.place, "012",
    )  # fmt: skip
    assert replace(resource, address="") == replace(
        resource,
        key="tram.csv", address="", title="Bảng chính", format="CSV", encoding="utf-8", declared_hash="sha256:00",
        declared_bytes=4, declared_rows=1, dialect={"csv": {"delimiter": ";"}},
        schema={"fields": [{"name": "ma", "type": "string", "constraints": {"required": True, "minLength": 1}}]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("licens: cc0", "SRC-020", ["line 2", "licens", "license"]),
        ("ngay: 1", "SRC-020", ["ngay"]),
        ("modified: 31/02/2026", "SRC-022", ["line 2", "modified", "31/02/2026", "31/03/2026"]),
        ("modified: 0000-00-00", "SRC-022", ["0000-00-00"]),
        ("issued: 01/01/2566", "SRC-022", ["2566"]),
        ("issued: hôm nay", "SRC-022", ["hôm nay"]),
        ("issued: 3/2026", "SRC-022", ["3/2026"]),
        ("issued: [2026]", "SRC-021", ["issued", "no text"]),
        ("title: {a: 1}", "SRC-021", ["title"]),
        ("keywords: {a: 1}", "SRC-021", ["keywords", "list"]),
        ("keywords: [[a]]", "SRC-021", ["keywords"]),
        ("period: 2026", "SRC-021", ["period"]),
        ("period: {start: 2026-02-01, end: 2026-01-01}", "SRC-026", ["period.end"]),
        ("period:\n  start: x", "SRC-022", ["line 3", "period.start"]),
        ("landing_page: javascript:alert(1)", "SRC-023", ["landing_page", "https://"]),
        ("resources: a.csv", "SRC-021", ["resources"]),
        ("resources: [a.csv]", "SRC-021", ["entry 1"]),
        ("resources:\n- path: a.csv\n  bytes: 1.5", "SRC-025", ["line 4", "resources[0].bytes"]),
        ("resources: [{path: a.csv, schema: x}]", "SRC-021", ["resources[0].schema"]),
        ("resources: [{path: a.csv, titel: x}]", "SRC-020", ["resources[0].titel", "title"]),
        ("resources: [{path: a.csv}, {path: a.csv}]", "SRC-035", ["a.csv", "twice"]),
        ("resources: [{path: a.csv}, {path: gone.csv}]", "SRC-030", ["gone.csv"]),
        ("resources: [{path: /etc/passwd}]", "SRC-032", ["leads out"]),
        ("resources: [{title: x}]", "SRC-034", ["missing"]),
        ("contact: 040123456712\nmodified: 040123456712", "SRC-022", ["040*******12"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_the_rest_is_taken(
    tmp_path: Path, fetcher: Fetcher, line: str, code: str, words: list[str]
):
    lay_out(tmp_path / "in" / "x", {"dataset.yaml": f"description: D\n{line}\n", "a.csv": "a\n1\n"})
    ((dataset,), findings, listing) = collected(tmp_path, fetcher)
    found = next(finding for finding in findings if finding.code == code)
    said = f"{found.message} {found.remedy}"
    assert [word for word in words if word not in said] == []
    assert "x/dataset.yaml" in said and "040123456712" not in said
    assert (dataset.description, found.dataset, listing.complete) == ("D", "x", True)


def test_what_lies_beside_and_is_not_listed_is_only_said(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path / "in", {"dataset.yaml": "resources: [{path: a.csv}]", "a.csv": "a", "note.docx": "x"})
    ((dataset,), (finding,), _) = collected(tmp_path, fetcher)
    assert (finding.severity, finding.code) == (Severity.INFO, "SRC-031")
    assert [resource.key for resource in dataset.resources] == ["a.csv"]


def test_a_dataset_with_a_missing_file_fails_whole(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path / "in", {"dataset.yaml": "resources: [{path: a.csv}, {path: gone.csv}]", "a.csv": "a"})
    ((dataset,), _, _) = collected(tmp_path, fetcher)
    obtained = obtain(dataset, fetcher)
    assert (set(obtained.files), obtained.failed) == ({"a.csv"}, 1)


def test_what_is_no_data_is_passed_over(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path / "in", dict.fromkeys(
        ["~$a.xlsx", ".DS_Store", "Thumbs.db", ".git/x.csv", "__MACOSX/a.csv", "desktop.ini", "a.csv"], "a"
    ))  # fmt: skip
    datasets, findings, _ = collected(tmp_path, fetcher)
    assert ([dataset.identifier for dataset in datasets], findings) == (["a"], [])


def test_links_pipes_and_odd_names_are_left_out_and_said(tmp_path: Path, fetcher: Fetcher):
    folder = lay_out(tmp_path / "in", {"a.csv": "a", "b\x1b[2J.csv": "b"})
    lay_out(tmp_path, {"secret/s.csv": "s"})
    (folder / "link.csv").symlink_to(tmp_path / "secret" / "s.csv")
    (folder / "links").symlink_to(tmp_path / "secret")
    (folder / "round").symlink_to(folder)
    (folder / "same.csv").symlink_to("a.csv")
    os.mkfifo(folder / "pipe.csv")
    (folder / os.fsdecode(b"t\xfe.csv")).write_bytes(b"t")
    datasets, findings, listing = collected(tmp_path, fetcher)
    assert [dataset.identifier for dataset in datasets] == ["a", "same"]
    assert sorted(finding.code for finding in findings) == ["SRC-004"] * 4 + ["SRC-005"] * 2
    assert not listing.complete
    for finding in findings:
        assert str(finding.message).encode() and "secret" not in str(finding.message)


def test_two_spellings_of_one_name_are_one(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path / "in", {unicodedata.normalize(form, "Trạm.csv"): "a" for form in ("NFC", "NFD")})
    datasets, findings, listing = collected(tmp_path, fetcher)
    assert ([dataset.identifier for dataset in datasets], listing.complete) == (["Trạm"], False)
    assert [finding.code for finding in findings] == ["SRC-003"]


def test_an_empty_folder_is_a_complete_listing_of_nothing(tmp_path: Path, fetcher: Fetcher):
    (tmp_path / "in").mkdir()
    assert collected(tmp_path, fetcher) == ([], [], Listing(complete=True))


def test_a_folder_that_may_not_be_read_is_unavailable_or_incomplete(tmp_path: Path, fetcher: Fetcher, monkeypatch):
    folder = lay_out(tmp_path / "in", {"a.csv": "a", "x/b.csv": "b"})
    real, closed = os.scandir, folder / "x"

    def scandir(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    datasets, (finding,), listing = collected(tmp_path, fetcher)
    assert ([d.identifier for d in datasets], finding.code, listing.complete) == (["a"], "SRC-004", False)
    closed = folder
    with pytest.raises(SourceUnavailable, match="may not be read"):
        collected(tmp_path, fetcher)


def test_too_deep_is_said(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path / "in", {"/".join(["d"] * 15) + "/a.csv": "a", "a.csv": "a"})
    datasets, findings, listing = collected(tmp_path, fetcher)
    assert ([d.identifier for d in datasets], [f.code for f in findings]) == (["a"], ["SRC-007"])
    assert not listing.complete


def test_names_that_lead_out_of_a_zip_are_left_out_and_said(tmp_path: Path, fetcher: Fetcher):
    with zipfile.ZipFile(tmp_path / "in", "w") as archive:  # no ending: known by what it holds
        for name in ("a.csv", "../b.csv", "__MACOSX/._a.csv"):
            archive.writestr(name, b"a")
    datasets, findings, listing = collected(tmp_path, fetcher)
    assert ([d.identifier for d in datasets], [f.code for f in findings]) == (["a"], ["SRC-005"])
    assert not listing.complete


# ---------------------------------------------------------------- descriptions from strangers


BOMB = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, ["line 1", "& and *"]),
        ("a: *b\n", ["line 1"]),
        ("title: [\n", ["line 2"]),
        ("title: a\n  b: c\n", ["line 2"]),
        ("title: a\n\ttheme: b", ["line 2"]),
        ("title: a\ntitle: b\n", ["line 2", "twice", "title"]),
        ("- a\n- b\n", ["key: value"]),
        ("just words", ["key: value"]),
        ("", ["key: value"]),
        ("a: " + "[" * 500, ["nested more"]),
        (b"title: \xff\xfea", ["line 1", "UTF-8"]),
        (b"title: tr\xbam\n", ["line 1", "UTF-8"]),
        (b"title: \x00\n", ["characters"]),
        ("title: |\n" + " x\n" * YAML_BYTES, ["longer than"]),
        ("a: 1\n---\nb: 1\n", ["line"]),
    ],
)
def test_a_description_that_cannot_be_read_says_where(content: str | bytes, words: list[str]):
    with pytest.raises(SourceError) as caught:
        read_yaml(content if isinstance(content, bytes) else content.encode(), "x/dataset.yaml")
    assert [word for word in ["x/dataset.yaml", *words] if word not in str(caught.value.message)] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_windows_saves_is_read(encoding: str):
    assert read_yaml("title: Trạm\r\nno: no\r\nday: 2024-02-30\r\n".encode(encoding), "f").values == {
        "title": "Trạm", "no": "no", "day": "2024-02-30",
    }  # fmt: skip


def test_yaml_makes_no_objects():
    read = read_yaml(b"title: !!python/object/apply:os.system [x]\nschema: {a: !!int x, b: !!float 1.5, c: 0x1F}", "f")
    assert read.values == {"title": ["x"], "schema": {"a": "x", "b": 1.5, "c": 31}}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=60), st.text("ab:-[]{}&*!|>'\"#%@ \n\t\\?,1.~", max_size=60).map(str.encode)))
@example(b"? [a]: b\n: c")
@example(b"a: !!binary x")
@example(b"a: !!timestamp x")
@example(b"schema: {a: !!binary x, b: !!set {x}, ? [1]: 2}")
@example(b'{"a": "\\ud800"}')
@example(b'"\\uD800": a')
def test_no_description_crashes_the_reader(content: bytes):
    for reader in (read_yaml, read_json):
        try:
            reader(content, "f")
        except SourceError as error:
            assert error.code.startswith("SRC-01") and str(error.message).startswith("f")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-31", date(2026, 3, 31)),
        ("31/3/2026", date(2026, 3, 31)),
        ("2026-03-31T23:00:00", date(2026, 3, 31)),
        ("2026-03-31T23:00:00Z", date(2026, 4, 1)),
        ("2026-03-31T23:00:00+07:00", date(2026, 3, 31)),
        ("2026-03-31T", None), ("2026-13-01", None), ("31-03-2026", None), ("03/31/2026", None), ("9999-12-31", None),
        ("9999-12-31T23:59:59-23:59", None), ("٢٠٢٦-٠٣-٣١", date(2026, 3, 31)), ("", None),
    ],
)  # fmt: skip
def test_days_are_read_in_two_ways_only(text: str, expected: date | None):
    assert day_of(text) == expected


def test_depth_is_one_for_both_readers():
    assert read_json(b"[" * DEPTH + b"]" * DEPTH, "f")
    with pytest.raises(SourceError, match="nested"):
        read_json(b"[" * 100_000, "f")
    assert masked("CCCD 040123456712 " + "x" * 100).startswith("CCCD 040*******12 x")


# ---------------------------------------------------------------- what a steward publishes


def published(path: Path, fetcher: Fetcher, key: str = "", **overrides: str) -> tuple[Dataset, tuple[Finding, ...]]:
    return read_dataset(path, agency=AGENCY, key=key, overrides=overrides, fetcher=fetcher)


def test_a_file_alone_is_known_by_its_title_never_by_its_name(tmp_path: Path, fetcher: Fetcher):
    lay_out(tmp_path, {"Tram-2024.csv": "a", "Tram-2025.CSV": "a", "other.csv": "x"})
    first, findings = published(tmp_path / "Tram-2024.csv", fetcher, title="Trạm y tế", licence="cc0")
    second, _ = published(tmp_path / "Tram-2025.CSV", fetcher, title="Trạm y tế")
    assert findings == ()
    assert (first.source, first.identifier, first.agency) == ("publish", "so-y-te/tram-y-te", "so-y-te")
    assert (first.licence, [r.key for r in first.resources]) == ("cc0", ["tram-y-te.csv"])
    assert (second.identifier, [r.key for r in second.resources]) == (first.identifier, ["tram-y-te.csv"])
    assert published(tmp_path / "Tram-2024.csv", fetcher, key="Khác")[0].identifier == "so-y-te/khac"


@pytest.mark.parametrize("sidecar", ["tram.yaml", "tram.dataset.yaml", "tram.yml"])
def test_a_file_is_described_by_the_file_beside_it(tmp_path: Path, fetcher: Fetcher, sidecar: str):
    lay_out(tmp_path, {"tram.csv": "a", "tram.xlsx": "b", sidecar: "title: Trạm\nfrequncy: x\n"})
    dataset, (finding,) = published(tmp_path / "tram.csv", fetcher, theme="health")
    assert (dataset.title, dataset.theme, [r.format for r in dataset.resources]) == ("Trạm", "health", ["CSV"])
    assert (finding.dataset, finding.code) == ("so-y-te/tram", "SRC-020")
    assert len(published(tmp_path / sidecar, fetcher)[0].resources) == 2


PACKAGE = (
    '{"name": "p", "title": "Gói", "resources": [{"name": "x", "path": "a.csv"}, {"name": "y", "path": "d/b.csv"}]}'
)


@pytest.mark.parametrize(
    ("metadata", "content", "title"),
    [
        ("dataset.yaml", "title: Cả hai\nresources: [{path: a.csv}, {path: d/b.csv}]", "Cả hai"),
        ("datapackage.json", PACKAGE, "Gói"),
    ],
)
def test_a_file_that_its_folders_description_names_is_published_with_all_of_it(
    tmp_path: Path, fetcher: Fetcher, metadata: str, content: str, title: str
):
    lay_out(tmp_path / "in", {metadata: content, "a.csv": "a", "d/b.csv": "b", "c.csv": "c"})
    for path in ("in/a.csv", f"in/{metadata}", "in"):
        dataset, _ = published(tmp_path / path, fetcher)
        assert (dataset.title, len(dataset.resources), obtain(dataset, fetcher).failed) == (title, 2, 0)
    with pytest.raises(UsageRefused, match="SRC-049"):
        published(tmp_path / "in" / "c.csv", fetcher)  # a dataset is known by its title, never by a file's name
    assert published(tmp_path / "in" / "c.csv", fetcher, key="danh-muc")[0].title == "Danh muc"


@pytest.mark.parametrize(
    ("path", "code"), [("gone.csv", "SRC-041"), ("two", "SRC-042"), ("none", "SRC-042"), ("two/.hidden", "SRC-043")]
)
def test_what_cannot_be_published_is_said(tmp_path: Path, fetcher: Fetcher, path: str, code: str):
    lay_out(tmp_path, {"two/a.csv": "a", "two/b.csv": "b", "two/.hidden": "h", "none/.x": ""})
    with pytest.raises(UsageRefused) as caught:
        published(tmp_path / path, fetcher)
    assert caught.value.code == code


def test_a_zip_with_one_dataset_is_published(tmp_path: Path, fetcher: Fetcher):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Số liệu/dataset.yaml", "title: Trạm")
        archive.writestr("Số liệu/a.csv", "a")
    dataset, _ = published(tmp_path / "a.zip", fetcher)
    assert (dataset.title, obtain(dataset, fetcher).failed) == ("Trạm", 0)
