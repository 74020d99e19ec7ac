"""The CKAN's own parts fail under our hands: counted, not failed; the previous version is served, and all is healed.

Needs the stack that `tests/ckan/up` started on this machine: its processes are killed and started again.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import ckans
import pytest
import requests
from ckans import do_run, outcomes
from test_ckan_crashes import Desk, digest, journal
from workspaces import Clock

import checks
from harvester.results import RunResult
from harvester.run import run

pytestmark = pytest.mark.ckan

STACK = Path(os.environ.get("CKAN_STACK") or f"{os.environ.get('TMPDIR', '/tmp')}/ckan-stack")
PAUSE = 5.0  # seconds between two blows: CKAN's workers need some to come up
VERSION = os.environ.get("CKAN_VERSION", "")


def up() -> None:
    """Start what is not running."""
    script = Path(__file__).parent / "ckan" / "up"
    subprocess.run([script, VERSION], check=True, capture_output=True, timeout=300)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    for name in ("a", "b"):
        made.change(name)
    do_run(made.folders[0], made.who)
    return made


def attempt(desk: Desk) -> RunResult:
    """A run that must come to an end, whatever the portal does."""
    clock = Clock()
    with ckans.opened(desk.folders[0], desk.who, clock) as workspace:
        return run(workspace, (), clock, judge=checks.check)


def pid(name: str) -> int:
    return int((STACK / "run" / f"{name}.pid").read_text())


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "Z"


def kill_solr() -> None:
    process = pid("solr")
    os.kill(process, signal.SIGKILL)
    while not gone(process):
        time.sleep(0.1)


def workers() -> list[int]:
    children = Path(f"/proc/{pid(f'ckan-{VERSION}')}/task/{pid(f'ckan-{VERSION}')}/children").read_text()
    return [int(child) for child in children.split()]


def restart_postgresql() -> None:
    control = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1]
    command = [str(control), "-D", str(STACK / "pg"), "-m", "immediate", "-w", "-s", "-l", str(STACK / "pg/server.log")]
    options = (STACK / "pg" / "postmaster.opts").read_text().split(maxsplit=1)[1].strip()
    as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    subprocess.run([*as_owner, *command, "-o", options.replace('"', ""), "restart"], check=True, timeout=120)


def test_with_solr_stopped_datasets_wait_and_are_healed(desk: Desk):
    """CKAN then keeps the old description over the new bytes: the entry stays open until both agree."""
    desk.change("a")
    kill_solr()
    try:
        result = attempt(desk)
        assert result.exit_code == 4
        assert "failed" in outcomes(result).values()
        assert journal(desk.folders[0])[0] >= 0
    finally:
        up()
    assert set(outcomes(do_run(desk.folders[0], desk.who)).values()) <= {"published", "unchanged"}
    desk.assert_as_planned("after Solr was started again")


def test_solr_stopped_in_the_middle_of_a_publication(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    from publishers import ckan_transport

    desk.change("a")
    write = ckan_transport.Wire.write

    def without_solr(self: ckan_transport.Wire, *arguments: object) -> object:
        if not gone(pid("solr")):
            kill_solr()
        return write(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ckan_transport.Wire, "write", without_solr)
    try:
        result = attempt(desk)
        assert result.exit_code in (1, 4)
        assert journal(desk.folders[0])[0] == 1
    finally:
        monkeypatch.undo()
        up()
    disagreeing = ckans.anonymous().action.package_show(id=frozen(desk, "a"))
    served = [digest(requests.get(r["url"], timeout=30).content) for r in disagreeing["resources"]]
    print("old description over new bytes:", served != [r["hash"] for r in disagreeing["resources"]])
    do_run(desk.folders[0], desk.who)
    desk.assert_as_planned("after Solr was started again")


def frozen(desk: Desk, name: str) -> str:
    return ckans.names(desk.folders[0], desk.who)[f"{name}{desk.token}"]


@pytest.mark.parametrize("outage", ["workers", "postgresql"])
def test_outages_while_publishing_are_healed(desk: Desk, outage: str):
    stop = threading.Event()

    def disturb() -> None:
        while not stop.wait(PAUSE):
            if outage == "workers":
                for worker in workers():
                    os.kill(worker, signal.SIGKILL)
            else:
                restart_postgresql()

    for number in range(3):
        desk.change(f"c{number}")
    desk.change("a")
    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        for _ in range(3):
            attempt(desk)
    finally:
        stop.set()
        disturber.join()
    wait_for(lambda: requests.get(f"{ckans.URL}/api/3/action/status_show", timeout=30).status_code == 200)
    for _ in range(2):
        result = attempt(desk)
    assert set(outcomes(result).values()) <= {"published", "unchanged"}
    desk.assert_as_planned(f"after {outage} were disturbed")


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(120):
        try:
            if condition():
                return
        except requests.RequestException:
            pass
        time.sleep(0.25)
    raise AssertionError("it did not come back")
