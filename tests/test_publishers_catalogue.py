"""The embedded portal: its layout, its catalogues and pages, and that no death of the process leaves half a version."""

import errno
import hashlib
import html
import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import frictionless
import pytest
import samples
from filelock import FileLock

from harvester.environment import environment
from harvester.errors import PortalUnavailable, PublicationRefused
from harvester.ledger import KnownDataset
from harvester.model import Outcome, Portal, Publication, Severity, Verdict
from harvester.records import to_json
from publishers import PUBLISHERS, Publisher, Site, folder

NAME = "so-giao-duc-truong-1a2b3c"


def portal_in(tmp_path: Path, **more: object) -> Publisher:
    portal = replace(Portal("catalogue", "Cổng dữ liệu mở tỉnh Nghệ An"), **more)
    return PUBLISHERS["catalogue"](portal, tmp_path / "portal", environment({}))


def wanted_in(tmp_path: Path, **more: object) -> Publication:
    return samples.publication(samples.published_file(tmp_path / "files"), **more)


def tree(root: Path) -> dict[str, str]:
    """Every path that readers could reach, with what it holds."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(root))] = f"-> {path.readlink()}"
        elif path.is_file() and not path.name.startswith("."):
            found[str(path.relative_to(root))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def times(root: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in [root, *root.rglob("*")]}


def read(path: Path) -> dict[str, object]:
    content = json.loads(path.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


# ---------------------------------------------------------------- layout


def test_a_version_is_a_folder_and_the_dataset_a_pointer_to_it(tmp_path: Path):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(samples.site())
    root = tmp_path / "portal"
    assert str((root / "dataset" / NAME).readlink()) == f"../versions/{NAME}.1"
    assert set(tree(root)) == {
        *("agency/na-p-sgddt.html", "agency/na-p-sgddt.en.html", "catalog.jsonld", "data.json"),
        *("index.html", "index.en.html", "target.html", "target.en.html"),
        *("static/icon.svg", "static/search.js", "static/style.css", f"dataset/{NAME}"),
        *(f"versions/{NAME}.1/{file}" for file in ("index.html", "index.en.html", "datapackage.json", "truong.csv")),
    }
    assert not (root / ".staging").exists()


def test_old_versions_stay_until_the_dataset_is_withdrawn(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    publisher.publish(replace(wanted, version=2, dataset=samples.dataset("Tên mới")), None)
    versions = tmp_path / "portal" / "versions"
    assert sorted(path.name for path in versions.iterdir()) == [f"{NAME}.1", f"{NAME}.2"]
    publisher.withdraw(samples.tombstone(), None)
    (left,) = versions.iterdir()
    assert sorted(path.name for path in left.iterdir()) == ["index.en.html", "index.html", "tombstone.json"]
    assert read(left / "tombstone.json")["opendata"]["reason"] == "Cơ quan đề nghị gỡ vì số liệu sai"
    publisher.publish(replace(wanted, version=3), None)
    assert [path.name for path in versions.iterdir()] == [f"{NAME}.3"]


def test_an_earlier_version_can_be_shown_again(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    publisher.publish(replace(wanted, version=2, dataset=samples.dataset("Tên mới")), None)
    assert publisher.publish(wanted, None) == 1
    assert (tmp_path / "portal" / "dataset" / NAME).resolve().name == f"{NAME}.1"


def test_a_link_is_not_hosted(tmp_path: Path):
    publisher = portal_in(tmp_path)
    link = "https://example.gov.vn/tệp.csv?a=1&b=2"
    wanted = samples.publication(samples.published_file(tmp_path / "files", link=link))
    publisher.publish(wanted, None)
    publisher.present(samples.site())
    version = tmp_path / "portal" / "versions" / f"{NAME}.1"
    assert not (version / "truong.csv").exists()
    assert "https://example.gov.vn/t%E1%BB%87p.csv?a=1&amp;b=2" in (version / "index.html").read_text("utf-8")
    (distribution,) = read(tmp_path / "portal" / "data.json")["dataset"][0]["distribution"]
    assert distribution["downloadURL"] == "https://example.gov.vn/t%E1%BB%87p.csv?a=1&b=2"
    seen = publisher.read_back(NAME)
    assert seen is not None
    assert [file.sha256 for file in seen.files] == [wanted.files[0].sha256]
    assert publisher.difference(wanted, seen) == ()


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "ftp://a/b.csv", "//a/b.csv", "http://"])
def test_a_link_that_is_no_web_address_is_refused(tmp_path: Path, link: str):
    wanted = samples.publication(samples.published_file(tmp_path / "files", link=link))
    with pytest.raises(PublicationRefused, match="CAT-012"):
        portal_in(tmp_path).publish(wanted, None)


def test_files_are_linked_and_copied_where_they_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    assert (tmp_path / "portal" / "dataset" / NAME / "truong.csv").samefile(wanted.files[0].path)

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    publisher.publish(replace(wanted, name="b", version=1), None)
    copy = tmp_path / "portal" / "dataset" / "b" / "truong.csv"
    assert copy.read_bytes() == wanted.files[0].path.read_bytes()
    assert not copy.samefile(wanted.files[0].path)


def test_a_copy_that_others_may_not_read_is_copied_so_that_they_may(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    wanted.files[0].path.chmod(0o600)
    publisher.publish(wanted, None)
    assert (tmp_path / "portal" / "dataset" / NAME / "truong.csv").stat().st_mode & 0o444 == 0o444
    assert wanted.files[0].path.stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- nothing is written without need


def test_the_same_again_changes_no_byte_and_no_time(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path, illustration=True), wanted_in(tmp_path)
    gone, site = (
        wanted_in(tmp_path, name="da-go"),
        samples.site(samples.agency(), samples.agency("NA-P-SYT", "so-y-te")),
    )
    for again in (False, True):
        before = times(tmp_path / "portal") if again else {}
        publisher.publish(wanted, None)
        if not again:
            publisher.publish(gone, None)
        publisher.withdraw(samples.tombstone("da-go"), None)
        publisher.present(site)
        if again:
            assert times(tmp_path / "portal") == before


def test_a_new_day_changes_the_target_page_only(tmp_path: Path):
    publisher, site = portal_in(tmp_path), samples.site()
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(site)
    before = tree(tmp_path / "portal")
    publisher.present(replace(site, as_of=date(2024, 8, 1)))
    after = tree(tmp_path / "portal")
    assert {path for path in after if after[path] != before[path]} == {"target.html", "target.en.html"}


def test_pages_of_agencies_that_are_gone_are_removed(tmp_path: Path):
    publisher = portal_in(tmp_path)
    publisher.present(samples.site(samples.agency(), samples.agency("NA-P-SYT", "so-y-te")))
    publisher.present(samples.site(samples.agency()))
    pages = sorted(path.name for path in (tmp_path / "portal" / "agency").iterdir())
    assert pages == ["na-p-sgddt.en.html", "na-p-sgddt.html"]


# ---------------------------------------------------------------- for machines


def test_the_data_package_is_valid_and_holds_its_files(tmp_path: Path):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    path = tmp_path / "portal" / "versions" / f"{NAME}.1" / "datapackage.json"
    report = frictionless.validate(str(path))
    assert report.flatten(["type", "message"]) == []
    assert report.stats["tasks"] == 1


@pytest.mark.parametrize("base", ["", "https://data.example.gov.vn/mo/"])
def test_catalogues_lead_to_exactly_the_files_of_their_checksums(tmp_path: Path, base: str):
    publisher = portal_in(tmp_path, base_url=base.rstrip("/"))
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(samples.site())
    root = tmp_path / "portal"
    (dataset,) = read(root / "catalog.jsonld")["dcat:dataset"]
    assert dataset["@id"] == f"{base}dataset/{NAME}/#dataset"
    assert dataset["dcat:landingPage"] == {"@id": f"{base}dataset/{NAME}/"}
    assert dataset["dct:accrualPeriodicity"]["@id"].endswith("/frequency/ANNUAL")
    assert dataset["dct:temporal"]["dcat:endDate"] == {"@value": "2024-05-31", "@type": "xsd:date"}
    (file,) = dataset["dcat:distribution"]
    address = file["dcat:downloadURL"]["@id"]
    assert address == f"{base}versions/{NAME}.1/truong.csv"
    content = (root / address.removeprefix(base)).read_bytes()
    assert file["spdx:checksum"]["spdx:checksumValue"]["@value"] == hashlib.sha256(content).hexdigest()
    assert file["dcat:byteSize"]["@value"] == str(len(content))
    assert file["dct:license"]["@id"] == "https://creativecommons.org/licenses/by/4.0/"


def test_no_catalogue_needs_anything_from_elsewhere_to_be_understood(tmp_path: Path):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(samples.site())
    catalogue = read(tmp_path / "portal" / "catalog.jsonld")
    assert all(isinstance(address, str) for address in catalogue["@context"].values())
    used = set(prefixes(catalogue))
    assert used <= catalogue["@context"].keys()


def prefixes(node: object) -> Iterator[str]:
    """The vocabularies that the keys and types of a JSON-LD tree use."""
    if isinstance(node, dict):
        for key, value in node.items():
            words = [key, value] if key == "@type" else [key]
            yield from (word.partition(":")[0] for word in words if isinstance(word, str) and not word.startswith("@"))
            if key != "@context":
                yield from prefixes(value)
    elif isinstance(node, list):
        for item in node:
            yield from prefixes(item)


def test_data_json_has_the_fields_of_dcat_us(tmp_path: Path):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(samples.site())
    catalogue = read(tmp_path / "portal" / "data.json")
    assert catalogue["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    (dataset,) = catalogue["dataset"]
    required = {"title", "description", "keyword", "modified", "publisher", "contactPoint", "identifier", "accessLevel"}
    assert required <= dataset.keys()
    assert dataset["contactPoint"]["hasEmail"] == "mailto:vanphong@example.gov.vn"
    assert dataset["accrualPeriodicity"] == "R/P1Y"
    assert dataset["temporal"] == "2023-09-01/2024-05-31"
    assert dataset["distribution"][0]["mediaType"] == "text/csv"


FREQUENCIES = {
    "hàng ngày": "DAILY",
    "Hằng tuần": "WEEKLY",
    "1 tháng/lần": "MONTHLY",
    "hằng quý": "QUARTERLY",
    "03 tháng": "QUARTERLY",
    "6 tháng": "ANNUAL_2",
    "02 lần/năm": "ANNUAL_2",
    "12 lần/năm": "MONTHLY",
    "năm học": "ANNUAL",
    "khi có thay đổi": "IRREG",
    "một lần": "NEVER",
    "theo thời gian thực": "CONT",
}


@pytest.mark.parametrize(("words", "code"), FREQUENCIES.items())
def test_frequencies_are_told_in_the_words_of_catalogues(tmp_path: Path, words: str, code: str):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path, dataset=samples.dataset(frequency=words)), None)
    publisher.present(samples.site())
    (dataset,) = read(tmp_path / "portal" / "catalog.jsonld")["dcat:dataset"]
    assert dataset["dct:accrualPeriodicity"]["@id"].rpartition("/")[2] == code


def test_a_dataset_that_says_little_is_described_by_what_it_says(tmp_path: Path):
    publisher = portal_in(tmp_path)
    bare = dict.fromkeys(("description", "creator", "frequency", "licence", "theme", "spatial", "contact"), "")
    days = dict.fromkeys(("issued", "modified", "period_start", "period_end"))
    dataset = samples.dataset(**bare, **days, landing_page="", keywords=())
    publisher.publish(wanted_in(tmp_path, dataset=dataset, licence="", licence_title=""), None)
    publisher.present(samples.site())
    root = tmp_path / "portal"
    assert frictionless.validate(str(root / "dataset" / NAME / "datapackage.json")).valid
    (described,) = read(root / "data.json")["dataset"]
    assert set(described) == {
        *("@type", "identifier", "title", "publisher", "accessLevel", "landingPage", "distribution"),
    }
    assert "Chưa nêu" in (root / "dataset" / NAME / "index.html").read_text("utf-8")


# ---------------------------------------------------------------- for people


def full_site() -> Site:
    met, failing, silent = (
        samples.agency("NA-P-SGDDT"),
        samples.agency("NA-P-SYT", "so-y-te", "Sở Y tế", name_en="Department of Health"),
        samples.agency("NA-D-412", "thanh-pho-vinh", "Thành phố Vinh", name_en="", valid_to=date(2025, 6, 30)),
    )
    figures = samples.statistics(
        samples.target_figures(
            samples.agency_figures(met, Verdict.MET, datasets=1),
            samples.agency_figures(failing, Verdict.NOT_MET, *(f"Lý do {n}" for n in range(5))),
            samples.agency_figures(silent),
        ),
        samples.target_figures(id="qd-699", in_scope=None, needed=None, met=None, percent={"low": None, "high": None}),
    )
    known = KnownDataset("x", "s", "x", "NA-P-SYT", "Danh sách hộ nghèo", outcome=Outcome.REFUSED)
    known = replace(known, last_changed=datetime(2024, 6, 30, 18, tzinfo=UTC))
    finding = to_json(samples.finding("PER-001", Severity.ERROR))
    return replace(
        samples.site(met, failing, silent, statistics=figures, statistics_en=figures),
        datasets=(known,),
        findings={"x": [finding]},
        illustration=True,
    )


def full_portal(tmp_path: Path) -> Path:
    """A portal with a dataset, a withdrawn one, and agencies of every verdict."""
    publisher = portal_in(tmp_path, illustration=True)
    findings = (samples.finding(), samples.finding("TAB-001", Severity.ERROR), samples.finding("X", Severity.INFO))
    publisher.publish(wanted_in(tmp_path, report=samples.report(*findings)), None)
    publisher.publish(wanted_in(tmp_path, name="da-go"), None)
    publisher.withdraw(samples.tombstone("da-go"), None)
    publisher.present(full_site())
    return tmp_path / "portal"


def test_every_page_exists_in_both_languages_and_every_link_leads_somewhere(tmp_path: Path):
    root = full_portal(tmp_path)
    pages = [page for page in root.rglob("*.html") if "versions" not in page.parts]
    pages += [page for pointer in (root / "dataset").iterdir() for page in pointer.glob("*.html")]
    assert len(pages) == 2 * (2 + 3 + 2)
    for page in pages:
        language, addresses = outline(page)
        assert language == ("en" if page.name.endswith(".en.html") else "vi")
        for address in addresses:
            parts = urlsplit(address)
            if not parts.scheme and parts.path:
                assert (page.parent / unquote(parts.path)).exists(), f"{page}: {address}"


def outline(page: Path) -> tuple[str | None, list[str]]:
    """The language of a page and every address in it."""
    languages: list[str | None] = []
    addresses: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            values = dict(attrs)
            languages.extend([values.get("lang")] if tag == "html" else [])
            addresses.extend(values[key] or "" for key in ("href", "src") if key in values)

    Reader().feed(page.read_text("utf-8"))
    return languages[0], addresses


def test_an_illustration_says_so_on_every_page_and_in_every_json(tmp_path: Path):
    root = full_portal(tmp_path)
    vietnamese, english = "DỮ LIỆU MINH HỌA", "ILLUSTRATION"
    for page in root.rglob("*.html"):
        assert (english if page.name.endswith(".en.html") else vietnamese) in page.read_text("utf-8")
    for path in [*root.rglob("*.json"), *root.rglob("*.jsonld")]:
        assert vietnamese in path.read_text("utf-8")


def test_what_is_no_illustration_never_says_so(tmp_path: Path):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(samples.site())
    assert not any("MINH HỌA" in path.read_text("utf-8") for path in (tmp_path / "portal").rglob("*.html"))


def test_becoming_an_illustration_is_a_difference(tmp_path: Path):
    wanted = wanted_in(tmp_path)
    portal_in(tmp_path).publish(wanted, None)
    publisher = portal_in(tmp_path, illustration=True)
    assert [change.field for change in publisher.difference(wanted, publisher.find(NAME))] == ["illustration"]


def test_what_the_checks_find_is_a_difference_how_they_word_it_is_not(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path, report=samples.report(samples.finding()))
    publisher.publish(wanted, None)
    reworded = samples.report(samples.finding(message=samples.Text("Other words.", {})))
    assert publisher.difference(replace(wanted, report=reworded), publisher.find(NAME)) == ()
    (change,) = publisher.difference(
        replace(wanted, report=samples.report(samples.finding("NEW-001"))), publisher.find(NAME)
    )
    assert (change.before, change.after) == ("MET-004 truong.csv 1 ten", "NEW-001 truong.csv 1 ten")


def test_the_target_page_gives_every_agency_its_verdict_and_reason(tmp_path: Path):
    page = (full_portal(tmp_path) / "target.html").read_text("utf-8")
    assert "33,3\N{NO-BREAK SPACE}% – 66,7\N{NO-BREAK SPACE}%" in page
    assert page.count("? </span>") == 0
    assert [page.count(words) for words in ("Lý do 0", "Lý do 4", "Chưa được đánh giá", "31/07/2024")] == [1, 1, 1, 3]
    assert "chưa có số liệu nào" in page


def test_an_agency_page_shows_what_was_refused_and_why(tmp_path: Path):
    page = (full_portal(tmp_path) / "agency" / "so-y-te.html").read_text("utf-8")
    for words in ("Danh sách hộ nghèo", "không qua kiểm tra", "01/07/2024", "PER-001", "Việc cần làm tiếp", "Lý do 0"):
        assert words in page


def test_an_agency_nobody_observed_is_unknown_not_failing(tmp_path: Path):
    page = (full_portal(tmp_path) / "agency" / "thanh-pho-vinh.html").read_text("utf-8")
    assert "Chưa rõ" in page
    assert "Chưa đạt" not in page


def test_pages_load_nothing_from_elsewhere(tmp_path: Path):
    for page in full_portal(tmp_path).rglob("*.html"):
        text = page.read_text("utf-8")
        assert "default-src 'none'" in text
        assert 'src="http' not in text
        assert '<link rel="stylesheet" href="http' not in text
    style = (tmp_path / "portal" / "static" / "style.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_markup_stays_text_on_every_page_around_the_data(tmp_path: Path, text: str):
    publisher = portal_in(tmp_path, title=text)
    agency = samples.agency(name=text, name_en=text)
    publisher.publish(wanted_in(tmp_path, agency=agency, dataset=samples.dataset(text, keywords=(text,))), None)
    publisher.publish(wanted_in(tmp_path, name="da-go"), None)
    publisher.withdraw(samples.tombstone("da-go", title=text, reason=text, agency=agency), None)
    target = samples.target_figures(
        samples.agency_figures(agency, Verdict.NOT_MET, *[text] * 5, name=text),
        **dict.fromkeys(("title", "legal_source", "note", "document"), text),
    )
    figures = samples.statistics(target) | {"basis": {"title": text, "verified": False}}
    known = KnownDataset("x", text, text, agency.id, text, outcome=Outcome.HELD)
    finding = to_json(samples.finding(message=samples.Text("Value {value}", {"value": text})))
    site = samples.site(agency, title=text, statistics=figures, statistics_en=figures)
    publisher.present(replace(site, datasets=(known,), findings={"x": [finding]}))
    for page in (tmp_path / "portal").rglob("*.html"):
        content = page.read_text("utf-8")
        assert samples.active_parts(content) == [], page
        assert text in html.unescape(content), page
    for catalogue in ("catalog.jsonld", "data.json"):
        assert text in json.dumps(read(tmp_path / "portal" / catalogue), ensure_ascii=False) or '"' in text


# ---------------------------------------------------------------- damage, refusals, a portal that fails


def test_what_is_damaged_is_noticed_and_mended(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    shown = tmp_path / "portal" / "dataset" / NAME
    whole = tree(tmp_path / "portal")
    (shown / "truong.csv").unlink()
    (shown / "index.html").write_text("", "utf-8")
    seen = publisher.find(NAME)
    assert [change.field for change in publisher.difference(wanted, seen)] == ["file truong.csv"]
    assert publisher.publish(wanted, seen) == 1
    assert tree(tmp_path / "portal") == whole


def test_a_damaged_byte_is_noticed_when_read_back(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    path = tmp_path / "portal" / "dataset" / NAME / "truong.csv"
    path.unlink()
    path.write_bytes(samples.CSV.encode().replace(b"1", b"7"))
    assert [c.field for c in publisher.difference(wanted, publisher.read_back(NAME))] == ["file truong.csv"]


def test_a_kept_copy_that_is_not_what_it_should_be_is_not_published(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    wanted.files[0].path.write_text("khác", "utf-8")
    with pytest.raises(PublicationRefused, match="CAT-004"):
        publisher.publish(wanted, None)
    assert publisher.find(NAME) is None
    assert list((tmp_path / "portal" / "versions").iterdir()) == []


def test_a_version_that_was_shown_is_never_changed(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    before = tree(tmp_path / "portal")
    with pytest.raises(PublicationRefused, match="CAT-015"):
        publisher.publish(replace(wanted, dataset=samples.dataset("Khác")), None)
    assert tree(tmp_path / "portal") == before


def test_a_publication_without_files_is_refused(tmp_path: Path):
    with pytest.raises(PublicationRefused, match="CAT-016"):
        portal_in(tmp_path).publish(samples.publication(), None)


FOREIGN: dict[str, Callable[[Path], object]] = {
    "no description": lambda version: (version / "datapackage.json").unlink(),
    "no JSON": lambda version: (version / "datapackage.json").write_text("{", "utf-8"),
    "not UTF-8": lambda version: (version / "datapackage.json").write_bytes(b"\xff\xfe{"),
    "deep": lambda version: (version / "datapackage.json").write_text("[" * 99999, "utf-8"),
    "a list": lambda version: (version / "datapackage.json").write_text("[1]", "utf-8"),
    "another's": lambda version: (version / "datapackage.json").write_text('{"name": "x"}', "utf-8"),
    "half": lambda version: (version / "datapackage.json").write_text(f'{{"opendata": {{"name": "{NAME}"}}}}', "utf-8"),
}


@pytest.mark.parametrize("breakage", FOREIGN)
def test_what_is_broken_or_not_ours_is_left_alone_and_out_of_the_catalogues(tmp_path: Path, breakage: str):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    FOREIGN[breakage](tmp_path / "portal" / "versions" / f"{NAME}.1")
    before = tree(tmp_path / "portal")
    seen = publisher.find(NAME)
    assert seen is not None
    assert seen.ours is False
    assert list(publisher.listing()) == []
    with pytest.raises(PublicationRefused, match="CAT-014"):
        publisher.publish(replace(wanted, version=2), None)
    assert tree(tmp_path / "portal") == before
    publisher.present(samples.site())
    assert read(tmp_path / "portal" / "data.json")["dataset"] == []


@pytest.mark.parametrize("target", ["/etc", "../..", "../versions", "../versions/other.1", f"../versions/{NAME}"])
def test_a_pointer_that_leads_elsewhere_is_not_ours(tmp_path: Path, target: str):
    publisher = portal_in(tmp_path)
    publisher.present(samples.site())
    (tmp_path / "portal" / "dataset" / NAME).symlink_to(target)
    seen = publisher.find(NAME)
    assert seen is not None
    assert seen.ours is False


def test_a_pointer_to_a_version_that_was_deleted_is_mended(tmp_path: Path):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    shutil.rmtree(tmp_path / "portal" / "versions" / f"{NAME}.1")
    assert publisher.find(NAME) is None
    assert publisher.publish(wanted, None) == 1
    assert publisher.read_back(NAME) is not None


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "CAT-001"), (errno.EROFS, "CAT-002"), (errno.EIO, "CAT-003")]
)
def test_a_disk_that_fails_leaves_the_previous_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
):
    publisher, wanted = portal_in(tmp_path), wanted_in(tmp_path)
    publisher.publish(wanted, None)
    publisher.present(samples.site())
    before = tree(tmp_path / "portal")
    newer = replace(wanted, version=2, dataset=samples.dataset("Mới"))

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    acts = (
        lambda: publisher.publish(newer, None),
        lambda: publisher.withdraw(samples.tombstone(), None),
        lambda: publisher.present(full_site()),
    )
    for act in acts:
        with pytest.raises(PortalUnavailable, match=code) as caught:
            act()
        assert caught.value.remedy.render("vi")
        assert tree(tmp_path / "portal") == before


def test_a_portal_whose_workspace_is_gone_is_unavailable(tmp_path: Path):
    publisher = PUBLISHERS["catalogue"](Portal("catalogue", "Cổng"), tmp_path / "gone" / "portal", environment({}))
    acts = (
        lambda: publisher.find(NAME),
        lambda: publisher.read_back(NAME),
        lambda: list(publisher.listing()),
        lambda: publisher.publish(wanted_in(tmp_path), None),
        lambda: publisher.present(samples.site()),
    )
    for act in acts:
        with pytest.raises(PortalUnavailable, match="CAT-003"):
            act()


def test_only_one_process_writes_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    monkeypatch.setattr(folder, "PATIENCE", 0.05)
    with FileLock(tmp_path / "portal" / ".lock"), pytest.raises(PortalUnavailable, match="CAT-005"):
        publisher.publish(wanted_in(tmp_path, version=2), None)
    assert publisher.publish(wanted_in(tmp_path, version=2), None) == 1


# ---------------------------------------------------------------- killed anywhere

FILE_EVENTS = {"os.rename", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rmdir"}
KILLED = 9


def killed_at(number: int, act: Callable[[], object]) -> bool:
    """Run `act` in a child that dies just before its file operation `number`; False if it came to its end before."""
    child = os.fork()
    if child == 0:
        counter = itertools.count()

        def die(event: str, args: tuple[object, ...]) -> None:
            writing = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if (event in FILE_EVENTS or writing) and next(counter) == number:
                os._exit(KILLED)

        sys.addaudithook(die)
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def prepared(tmp_path: Path) -> Publisher:
    """A portal with version 1 shown; the kept copies of what comes next are there."""
    publisher = portal_in(tmp_path)
    publisher.publish(wanted_in(tmp_path), None)
    publisher.present(samples.site())
    return publisher


def second(tmp_path: Path) -> Publication:
    files = samples.published_file(tmp_path / "files", content="ma,ten\n2,Hai\n"), wanted_in(tmp_path).files[0]
    files = files[0], replace(files[1], id="khac", key="khac", name="khac.csv")
    return samples.publication(*files, version=2, dataset=samples.dataset("Phiên bản hai"))


ACTS: dict[str, Callable[[Publisher, Path], object]] = {
    "the first version": lambda publisher, tmp_path: publisher.publish(wanted_in(tmp_path, name="moi"), None),
    "a new version": lambda publisher, tmp_path: publisher.publish(second(tmp_path), None),
    "a withdrawal": lambda publisher, _: publisher.withdraw(samples.tombstone(), None),
    "a revival": lambda publisher, tmp_path: (
        publisher.withdraw(samples.tombstone(), None),
        publisher.publish(second(tmp_path), None),
    ),
    "the pages": lambda publisher, _: publisher.present(full_site()),
}


@pytest.mark.parametrize("act", ACTS)
def test_killed_at_any_file_operation_the_old_or_the_new_is_whole_and_a_repeat_finishes(tmp_path: Path, act: str):
    prepared(tmp_path / "before")
    second(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "after", symlinks=True)
    ACTS[act](portal_in(tmp_path / "after"), tmp_path / "after")
    ends = tree(tmp_path / "after" / "portal")
    for number in itertools.count():
        world = tmp_path / "killed"
        shutil.copytree(tmp_path / "before", world, symlinks=True)
        publisher = portal_in(world)
        if not killed_at(number, lambda world=world, publisher=publisher: ACTS[act](publisher, world)):
            assert number > 10
            assert tree(world / "portal") == ends
            return
        for name in (NAME, "moi"):
            assert_whole(publisher, name, world)
        ACTS[act](publisher, world)
        assert tree(world / "portal") == ends
        assert not (world / "portal" / ".staging").exists()
        shutil.rmtree(world)


def assert_whole(publisher: Publisher, name: str, world: Path) -> None:
    """What a reader finds now is one version, with exactly its files."""
    seen = publisher.read_back(name)
    if seen is None or seen.withdrawn:
        assert name == "moi" or seen is not None
        return
    wanted = {1: wanted_in(world), 2: second(world)}[seen.version]
    assert seen.title == wanted.dataset.title
    assert {(file.name, file.sha256) for file in seen.files} == {(file.name, file.sha256) for file in wanted.files}
    assert publisher.difference(replace(wanted, name=name), seen) == ()
    shown = world / "portal" / "dataset" / name
    assert seen.title in (shown / "index.html").read_text("utf-8")


@pytest.mark.parametrize("act", ["a withdrawal", "a revival"])
def test_the_next_presentation_sweeps_what_a_killed_process_left(tmp_path: Path, act: str):
    prepared(tmp_path / "before")
    second(tmp_path / "before")
    for number in itertools.count():
        world = tmp_path / "killed"
        shutil.copytree(tmp_path / "before", world, symlinks=True)
        publisher = portal_in(world)
        ended = not killed_at(number, lambda world=world, publisher=publisher: ACTS[act](publisher, world))
        publisher.present(samples.site())
        seen = publisher.find(NAME)
        assert seen is not None
        versions = [path.name for path in (world / "portal" / "versions").iterdir()]
        if seen.withdrawn:
            assert len(versions) == 1
        else:
            assert not any("withdrawn" in version for version in versions if seen.version == 2)
        if ended:
            return
        shutil.rmtree(world)
