"""What every kind of portal must do, one suite for all of them: a new kind adds itself to PORTALS."""

import hashlib
import html
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import ckans
import pytest
import samples

from harvester.environment import environment
from harvester.errors import OpendataError, PublicationRefused
from harvester.model import Portal, Publication, PublishedFile, Seen, Severity, Table
from publishers import PUBLISHERS, Publisher


@dataclass(frozen=True)
class PortalUnderTest:
    """A fresh portal, and the world around it."""

    publisher: Publisher
    fetch: Callable[[str], bytes]  # what an anonymous reader gets by an address the portal gave
    plant: Callable[[str], None]  # puts somebody else's dataset under a name
    kept: Path  # where our kept copies are

    def file(self, key: str = "truong.csv", content: str | bytes = samples.CSV, **more: object) -> PublishedFile:
        return samples.published_file(self.kept, key, content, **more)

    def seen(self, name: str) -> Seen:
        found = self.publisher.read_back(name)
        assert found is not None
        return found


def catalogue(tmp_path: Path) -> PortalUnderTest:
    root = tmp_path / "portal"

    def fetch(url: str) -> bytes:
        return (root / url).read_bytes()

    def plant(name: str) -> None:
        (root / "dataset" / name).mkdir(parents=True)
        (root / "dataset" / name / "index.html").write_text("của người khác", "utf-8")

    publisher = PUBLISHERS["catalogue"](Portal("catalogue", "Cổng dữ liệu mở"), root, environment({}))
    return PortalUnderTest(publisher, fetch, plant, tmp_path / "files")


def ckan(tmp_path: Path) -> PortalUnderTest:
    """A real CKAN, written to by an editor; see `ckans`."""
    ckans.purge_ours()
    owner = ckans.organisation(samples.agency().name_vi)

    def fetch(url: str) -> bytes:
        return re.sub(rb'<meta name="_csrf_token"[^>]*>|csrf_token" value="[^"]*"', b"", ckans.page(url))

    def plant(name: str) -> None:
        ckans.admin().action.package_create(
            name=name, title="của người khác", owner_org=ckans.organisation(ckans.OTHERS)
        )

    publisher = ckans.editor(owner).publisher(organizations={samples.agency().id: owner})
    return PortalUnderTest(publisher, fetch, plant, tmp_path / "files")


PORTALS = {"catalogue": catalogue, "ckan": ckan}


@pytest.fixture(params=["catalogue", pytest.param("ckan", marks=pytest.mark.ckan)])
def portal_under_test(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PortalUnderTest]:
    yield PORTALS[request.param](tmp_path)


def first(portal: PortalUnderTest, **more: object) -> Publication:
    """A first version, published."""
    wanted = samples.publication(*more.pop("files", (portal.file(),)), **more)  # type: ignore[misc]
    portal.publisher.publish(wanted, None)
    return wanted


def test_before_the_first_publication_there_is_nothing(portal_under_test: PortalUnderTest):
    publisher = portal_under_test.publisher
    assert publisher.find("so-giao-duc-truong-1a2b3c") is None
    assert publisher.read_back("so-giao-duc-truong-1a2b3c") is None
    assert list(publisher.listing()) == []


def test_a_new_dataset_is_shown_whole(portal_under_test: PortalUnderTest):
    wanted = samples.publication(portal_under_test.file())
    assert portal_under_test.publisher.publish(wanted, None) >= 1
    seen = portal_under_test.seen(wanted.name)
    file = wanted.files[0]
    assert (seen.name, seen.title, seen.agency) == (wanted.name, wanted.dataset.title, "NA-P-SGDDT")
    assert (seen.ours, seen.version, seen.withdrawn) == (True, 1, False)
    assert [(f.id, f.name, f.sha256, f.bytes) for f in seen.files] == [(file.id, file.name, file.sha256, file.bytes)]
    assert wanted.dataset.title in html.unescape(portal_under_test.fetch(seen.url).decode())


def test_the_same_again_is_no_difference_and_no_write(portal_under_test: PortalUnderTest):
    wanted = first(portal_under_test)
    seen = portal_under_test.publisher.find(wanted.name)
    assert portal_under_test.publisher.difference(wanted, seen) == ()
    assert portal_under_test.publisher.publish(wanted, seen) == 0


def test_a_version_number_alone_is_no_difference(portal_under_test: PortalUnderTest):
    wanted = first(portal_under_test)
    seen = portal_under_test.publisher.find(wanted.name)
    assert portal_under_test.publisher.difference(replace(wanted, version=2), seen) == ()


def test_the_difference_names_what_changes(portal_under_test: PortalUnderTest):
    wanted = first(portal_under_test)
    changed = replace(
        wanted,
        version=2,
        dataset=replace(wanted.dataset, title="Trường THPT năm học mới", contact=""),
        files=(portal_under_test.file(content="ma,ten\n3,Trường mới\n"),),
    )
    changes = portal_under_test.publisher.difference(changed, portal_under_test.publisher.find(wanted.name))
    by_field = {change.field: (change.before, change.after) for change in changes}
    assert by_field["title"] == ("Danh sách trường trung học phổ thông", "Trường THPT năm học mới")
    assert by_field["contact"] == (wanted.dataset.contact, "")
    assert set(by_field) == {"title", "contact", "file truong.csv"}


def test_everything_differs_from_nothing(portal_under_test: PortalUnderTest):
    wanted = samples.publication(portal_under_test.file())
    changes = portal_under_test.publisher.difference(wanted, None)
    assert {change.before for change in changes} == {""}
    assert {"title", "file truong.csv"} <= {change.field for change in changes}


def test_a_new_version_replaces_the_old_under_the_same_name_and_file_id(portal_under_test: PortalUnderTest):
    wanted = first(portal_under_test)
    before = portal_under_test.seen(wanted.name)
    newer = replace(
        wanted,
        version=2,
        dataset=replace(wanted.dataset, title="Tên khác hẳn"),
        files=(portal_under_test.file(content="ma,ten\n9,Khác\n"),),
    )
    assert portal_under_test.publisher.publish(newer, before) >= 1
    after = portal_under_test.seen(wanted.name)
    assert (after.version, after.title, after.url) == (2, "Tên khác hẳn", before.url)
    assert [file.id for file in after.files] == [file.id for file in before.files]
    assert after.files[0].sha256 == newer.files[0].sha256
    assert len(list(portal_under_test.publisher.listing())) == 1


def test_one_file_is_dropped_and_another_added(portal_under_test: PortalUnderTest):
    old, kept = portal_under_test.file("cu.csv"), portal_under_test.file("giu.csv", "a\n1\n")
    wanted = samples.publication(old, kept)
    portal_under_test.publisher.publish(wanted, None)
    new = portal_under_test.file("moi.csv", "b\n2\n")
    newer = replace(wanted, version=2, files=(kept, new))
    seen = portal_under_test.publisher.find(wanted.name)
    assert [c.field for c in portal_under_test.publisher.difference(newer, seen)] == ["file moi.csv", "file cu.csv"]
    portal_under_test.publisher.publish(newer, seen)
    assert {file.id for file in portal_under_test.seen(wanted.name).files} == {kept.id, new.id}


def test_what_is_read_back_is_measured_from_the_bytes(portal_under_test: PortalUnderTest):
    content = bytes(range(256)) * 5000
    wanted = samples.publication(portal_under_test.file("anh.parquet", content))
    portal_under_test.publisher.publish(wanted, None)
    (file,) = portal_under_test.seen(wanted.name).files
    assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_withdrawn_dataset_leaves_a_tombstone_and_no_file(portal_under_test: PortalUnderTest):
    wanted = first(portal_under_test)
    stone = samples.tombstone()
    seen = portal_under_test.publisher.find(wanted.name)
    assert portal_under_test.publisher.withdraw(stone, seen) >= 1
    left = portal_under_test.publisher.find(wanted.name)
    assert left is not None
    assert (left.withdrawn, left.ours, left.files) == (True, True, ())
    assert list(portal_under_test.publisher.listing()) == []
    assert portal_under_test.publisher.withdraw(stone, left) == 0


def test_what_was_never_published_needs_no_tombstone(portal_under_test: PortalUnderTest):
    assert portal_under_test.publisher.withdraw(samples.tombstone(), None) == 0
    assert portal_under_test.publisher.find(samples.tombstone().name) is None


def test_a_withdrawn_dataset_comes_back_as_a_higher_version(portal_under_test: PortalUnderTest):
    wanted = first(portal_under_test)
    portal_under_test.publisher.withdraw(samples.tombstone(), portal_under_test.publisher.find(wanted.name))
    again = replace(wanted, version=2)
    seen = portal_under_test.publisher.find(wanted.name)
    assert portal_under_test.publisher.difference(again, seen) != ()
    portal_under_test.publisher.publish(again, seen)
    assert (portal_under_test.seen(wanted.name).version, portal_under_test.seen(wanted.name).withdrawn) == (2, False)
    assert [found.name for found in portal_under_test.publisher.listing()] == [wanted.name]


def test_a_foreign_dataset_is_reported_and_never_touched(portal_under_test: PortalUnderTest):
    wanted = samples.publication(portal_under_test.file())
    portal_under_test.plant(wanted.name)
    seen = portal_under_test.publisher.find(wanted.name)
    assert seen is not None
    assert seen.ours is False
    before = portal_under_test.fetch(seen.url)
    with pytest.raises(OpendataError):
        portal_under_test.publisher.publish(wanted, seen)
    with pytest.raises(OpendataError):
        portal_under_test.publisher.withdraw(samples.tombstone(), seen)
    assert portal_under_test.fetch(seen.url) == before


def test_the_listing_is_what_readers_find(portal_under_test: PortalUnderTest):
    for name in ("a-1", "b-2", "c-3"):
        first(portal_under_test, name=name, files=(portal_under_test.file(id=str(uuid5(NAMESPACE_URL, name))),))
    portal_under_test.publisher.withdraw(samples.tombstone("b-2"), portal_under_test.publisher.find("b-2"))
    assert sorted(seen.name for seen in portal_under_test.publisher.listing()) == ["a-1", "c-3"]


def test_vietnamese_arrives_as_it_was_written(portal_under_test: PortalUnderTest):
    title = "Quỳ Châu: sản lượng “lúa, ngô” & đậu – quý I/2024 <tạm tính>"
    dataset = samples.dataset(title, description="Ướt át, lở loét, đường đỗ.\nDòng hai.", keywords=("lúa", "ngô"))
    wanted = first(portal_under_test, dataset=dataset)
    seen = portal_under_test.seen(wanted.name)
    assert seen.title == title
    assert title in html.unescape(portal_under_test.fetch(seen.url).decode())
    assert portal_under_test.publisher.difference(wanted, seen) == ()


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "A", "đ", "a b", "a.1", "-a", "a\0", "a" * 300])
def test_a_name_that_is_no_name_is_refused(portal_under_test: PortalUnderTest, name: str):
    wanted = samples.publication(portal_under_test.file(), name=name)
    with pytest.raises(PublicationRefused):
        portal_under_test.publisher.publish(wanted, None)
    assert list(portal_under_test.publisher.listing()) == []


FILE_NAMES = ["", "..", "../../etc/passwd", "/etc/passwd", "a/b.csv", ".htaccess", "a\nb.csv", "trường.csv", "a..csv"]


@pytest.mark.parametrize(
    "file", [*FILE_NAMES, "index.html", "DataPackage.JSON", "logo.svg", "a.HTML", "a.js", "a.csv."]
)
def test_a_file_name_that_leads_elsewhere_or_runs_is_refused(portal_under_test: PortalUnderTest, file: str):
    wanted = samples.publication(portal_under_test.file(name=file))
    with pytest.raises(PublicationRefused):
        portal_under_test.publisher.publish(wanted, None)
    assert portal_under_test.publisher.find(wanted.name) is None


def test_two_files_of_one_name_are_refused(portal_under_test: PortalUnderTest):
    files = portal_under_test.file("a", name="a.csv"), portal_under_test.file("b", name="A.csv")
    with pytest.raises(PublicationRefused):
        portal_under_test.publisher.publish(samples.publication(*files), None)


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_markup_in_what_was_harvested_stays_text(portal_under_test: PortalUnderTest, text: str):
    told = dict.fromkeys(("title", "creator", "description", "frequency", "licence", "theme", "spatial"), text)
    dataset = samples.dataset(**told, keywords=(text,), contact=text, landing_page=text)
    table = Table("truong.csv", {}, {}, 1, ((text, "b"), (text, "1")))
    finding = samples.finding(severity=Severity.ERROR, message=samples.Text("Value {value}", {"value": text}))
    wanted = samples.publication(
        portal_under_test.file(title=text, format=text, media_type=f"text/{text}"),
        agency=samples.agency(name=text, name_en=text),
        dataset=dataset,
        report=samples.report(finding, tables=(table,)),
        licence=text,
        licence_title=text,
    )
    portal_under_test.publisher.publish(wanted, None)
    page = portal_under_test.fetch(portal_under_test.publisher.url(wanted.name)).decode()
    plain = first(portal_under_test, name="so-giao-duc-binh-thuong-1a2b3c", files=(portal_under_test.file("khac.csv"),))
    harmless = portal_under_test.fetch(portal_under_test.publisher.url(plain.name)).decode()
    assert samples.active_parts(page) == samples.active_parts(harmless)
    assert text in html.unescape(page)


def test_a_reader_never_sees_a_mixture_of_two_versions(portal_under_test: PortalUnderTest):
    versions = [
        samples.publication(
            portal_under_test.file("a.csv", f"n\n{number}\n"),
            portal_under_test.file("b.csv", f"m\n{number}\n"),
            version=number,
            dataset=samples.dataset(f"Phiên bản {number}"),
        )
        for number in range(1, 31)
    ]
    whole = {v.dataset.title: {file.sha256 for file in v.files} for v in versions}
    mixed: list[Seen] = []
    reads = 0
    done = threading.Event()

    def read() -> None:
        nonlocal reads
        while not done.is_set() or reads == 0:
            seen = portal_under_test.publisher.read_back(versions[0].name)
            reads += seen is not None
            if seen and whole.get(seen.title) != {file.sha256 for file in seen.files}:
                mixed.append(seen)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for wanted in versions:
            portal_under_test.publisher.publish(wanted, None)
    finally:
        done.set()
        reader.join()
    assert reads > 0
    assert mixed == []
