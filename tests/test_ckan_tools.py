"""Around a real CKAN: the doctor, a lost ledger rebuilt, a dataset taken over, a portal observed, a large file."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import ckanapi
import ckans
import pytest
import requests
import samples
from ckans import Editor, do_run, outcomes
from workspaces import Clock, hand_over

from harvester.adopting import adopt, take_over
from harvester.config import documents, packaged, read
from harvester.ledger import Fact
from harvester.sources import SOURCES
from publishers.ckan_diagnosis import diagnose

pytestmark = pytest.mark.ckan


@pytest.fixture
def owner() -> str:
    return ckans.organisation(ckans.unique("Sở Y tế"))


@pytest.fixture
def who(owner: str) -> Editor:
    return ckans.editor(owner)


def test_the_doctor_finds_version_clock_rights_and_licences(who: Editor, owner: str):
    mine, other = (
        samples.agency(),
        samples.agency(id="NA-KHAC", slug=ckans.unique("khac"), name=ckans.unique("Cơ quan khác")),
    )
    portal = who.publisher(organizations={mine.id: owner})
    rules = read(documents(packaged())).rule_sets
    found = {each.name: each for each in diagnose(portal, [mine, other], rules, datetime.now(UTC))}
    assert {name: each.health for name, each in found.items()} == {
        "ckan": "ok",
        "ckan_clock": "ok",
        "ckan_rights": "warn",
        "ckan_licences": "warn",
    }
    assert ckans.os.environ["CKAN_VERSION"] in str(found["ckan"].message)
    assert other.slug in str(found["ckan_rights"].message)
    assert "vn-nd47-2020-d18" in str(found["ckan_licences"].message)


def test_the_doctor_says_that_a_token_is_nobodys():
    (*_, last) = diagnose(Editor("x", "eyJhbGciOiJIUzI1NiJ9.x.y").publisher(), [], [], datetime.now(UTC))
    assert last.health == "fail"
    assert "token" in str(last.message)


def test_the_upload_limit_is_found_by_a_private_probe_that_is_used_again(who: Editor, owner: str, monkeypatch):
    monkeypatch.setattr("publishers.ckan_diagnosis.SIZES", (1, 2))
    for _ in range(2):
        found = {each.name: each for each in diagnose(who.publisher(), [], [], datetime.now(UTC), probe=True)}
        assert "2" in str(found["ckan_upload"].message)
    with pytest.raises(ckanapi.NotAuthorized):
        ckans.anonymous().action.package_show(id=f"opendata-do-kich-thuoc-{owner}"[:100])


def test_a_lost_ledger_is_rebuilt_and_then_nothing_is_written(tmp_path: Path, who: Editor, owner: str):
    folder = ckans.make_workspace(tmp_path / "w", who, owner)
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    for file in folder.glob("state.db*"):
        file.unlink()
    clock = Clock()
    with ckans.opened(folder, who, clock) as workspace:
        found = adopt(workspace, clock)
        known = next(known for known in found.entered if known.identifier == name)
        assert (known.source, known.version, known.agency) == ("so-y-te", 1, "NA-P-SYT")
        assert adopt(workspace, clock).entered == ()
    before = ckans.admin().action.package_show(id=known.name)["metadata_modified"]
    assert outcomes(do_run(folder, who))[name] == "published"
    assert ckans.admin().action.package_show(id=known.name)["metadata_modified"] == before
    assert outcomes(do_run(folder, who))[name] == "unchanged"


def test_a_dataset_that_something_else_made_is_taken_over_under_its_name(tmp_path: Path, who: Editor, owner: str):
    folder = ckans.make_workspace(tmp_path / "w", who, owner)
    identifier = ckans.unique("a")
    made = ckans.admin().action.package_create(
        name=ckans.unique("harvested"),
        title="Cũ",
        owner_org=owner,
        extras=[{"key": "harvest_source_id", "value": "x"}],
        resources=[{"url": "https://example.org/cu.csv", "name": "Cũ"}],
    )
    clock = Clock()
    with ckans.opened(folder, who, clock) as workspace:
        agency = workspace.config.register.by_id["NA-P-SYT"]
        take_over(workspace, made["name"], agency, ("so-y-te", identifier), clock)
    hand_over(folder, identifier, title="Mới")
    assert outcomes(do_run(folder, who)) == {identifier: "published"}
    now = ckans.anonymous().action.package_show(id=made["name"])
    assert (now["id"], now["title"]) == (made["id"], "Mới")
    assert [file["name"] for file in now["resources"]] != ["Cũ"]
    assert len(now["resources"]) == 1
    assert {"key": "harvest_source_id", "value": "x"} in now["extras"]


def test_a_portal_is_observed_as_facts_and_never_republished(tmp_path: Path, who: Editor, owner: str):
    folder = ckans.make_workspace(tmp_path / "w", who, owner)
    (folder / "config" / "sources" / "so-y-te.toml").unlink()
    (folder / "config" / "sources" / "cong.toml").write_text(
        f'agency = "so-y-te"\nkind = "ckan"\naddress = "{ckans.URL}"\nobserve = true\nquery = "organization:{owner}"\n'
        'approved = true\nallow_networks = ["127.0.0.0/8"]\n'
    )
    theirs = ckans.admin().action.package_create(
        name=ckans.unique("cua-cong"), title="Của cổng", owner_org=owner, license_id="cc-by", notes="Mô tả"
    )
    with (tmp_path / "a.csv").open("w+b") as file:
        file.write("ma,ten\n1,Một\n2,Hai\n".encode())
        file.seek(0)
        ckans.admin().action.resource_create(package_id=theirs["id"], name="Bảng", format="CSV", upload=file)
    writes = len(ckans.write_calls(ckans.calls_log()))
    clock = Clock()
    for _ in range(2):
        result = do_run(folder, who, clock)
        assert outcomes(result) == {theirs["id"]: "unchanged"}
        clock.pass_by(hours=1)
    assert len(ckans.write_calls(ckans.calls_log())) == writes
    with ckans.opened(folder, who, clock) as workspace:
        (facts,) = list(workspace.store.facts(clock()))
        last = {o.fact: o.value for o in facts.observations}
    assert last[Fact.READ_BACK]["verdicts"] == {"C03": "met", "C11": "met", "C12": "met"}
    assert last[Fact.COLLECTED]["licence"] == "cc-by"
    ckans.admin().action.package_delete(id=theirs["id"])
    do_run(folder, who, clock)
    with ckans.opened(folder, who, clock) as workspace:
        (facts,) = list(workspace.store.facts(clock()))
        last = {o.fact: o.value for o in facts.observations}
    assert last[Fact.READ_BACK]["verdicts"]["C11"] == "not_met"


def test_what_a_ckan_shows_is_what_was_published_there(tmp_path: Path, who: Editor, owner: str):
    from servers import LOOPBACK

    from harvester.fetch import Fetcher
    from harvester.files import FileStore
    from harvester.model import Dataset, Listing, Source
    from harvester.sources import obtain

    folder = ckans.make_workspace(tmp_path / "w", who, owner)
    names = [ckans.unique("a") for _ in range(3)]
    for name in names:
        hand_over(folder, name)
    do_run(folder, who)
    source = Source(
        "s", "ckan", ckans.URL, "so-y-te", allow_networks=LOOPBACK, options={"query": f"organization:{owner}"}
    )
    with Fetcher(FileStore(tmp_path / "files"), allow_networks=LOOPBACK) as fetcher:
        *items, listing = list(SOURCES["ckan"](source, fetcher, tmp_path))
        found = [item for item in items if isinstance(item, Dataset)]
        assert listing == Listing(complete=True)
        assert sorted(each.title for each in found) == sorted(f"Danh sách {name}" for name in names)
        assert all(each.frequency == "hằng năm" and each.licence == "CC-BY-4.0" for each in found)
        assert all(obtain(each, fetcher).failed == 0 for each in found)


LARGE = """
import resource, sys
from pathlib import Path
import ckans, samples
from harvester.model import PublishedFile
who = ckans.Editor("x", sys.argv[1])
portal = who.publisher(organizations={samples.agency().id: sys.argv[2]})
portal.find("khong-co-gi-1a2b3c")
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
path, sha256, size = Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])
file = PublishedFile(sys.argv[6], "k", "lon.csv", "Lớn", "CSV", "text/csv", sha256, size, path)
wanted = samples.publication(file, name=sys.argv[7])
portal.publish(wanted, None)
back = portal.read_back(wanted.name)
assert [(f.sha256, f.bytes) for f in back.files] == [(sha256, size)]
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) // 1024)
"""


def test_a_file_of_500_mb_costs_no_memory(tmp_path: Path, who: Editor, owner: str):
    path, size, digest = tmp_path / "large", 500 * 2**20, hashlib.sha256()
    with path.open("wb") as file:
        for number in range(500):
            block = number.to_bytes(4, "big") * 2**18
            digest.update(block)
            file.write(block)
    name = ckans.unique("lon")
    words = [
        who.token,
        owner,
        str(path),
        digest.hexdigest(),
        str(size),
        str(samples.uuid5(samples.NAMESPACE_URL, name)),
        name,
    ]
    environ = {**ckans.os.environ, "PYTHONPATH": ckans.os.pathsep.join(path for path in sys.path if path)}
    program = [sys.executable, "-c", LARGE, *words]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300, env=environ)
    assert done.returncode == 0, done.stderr[-2000:]
    print("MB above idle:", done.stdout.strip())
    assert int(done.stdout) <= 60
    ckans.admin().action.dataset_purge(id=name)
    assert requests.get(f"{ckans.URL}/dataset/{name}", timeout=30).status_code == 404
