"""Publishing killed at a random file operation: the previous or the new version, never a mixture, and then finished.

Each case copies a workspace, prepares something to do, and runs it in a forked child that is killed (SIGKILL) at its
n-th file operation; `OPENDATA_KILL_CASES` says how many cases, `OPENDATA_KILL_SEED` repeats a run.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import onserver
import pytest
from workspaces import NOON, Clock, hand_over, make_workspace, opened, tree

import checks
from harvester.by_hand import rollback, withdraw
from harvester.ledger import RunState
from harvester.run import run

CASES = int(os.environ.get("OPENDATA_KILL_CASES", "300"))
SEED = int(os.environ.get("OPENDATA_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
SHARE = 25
"""Cases in one test, so that two workers share them."""

FILE_EVENTS = frozenset(
    {"open", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate"}
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three datasets on the portal, one of them in its second version."""
    folder = make_workspace(tmp_path_factory.mktemp("kills") / "w")
    keep_few_agencies(folder)
    for name in ("a", "b", "c"):
        hand_over(folder, name, rows=f"ma,ten\n1,{name}\n")
    do_run(folder)
    hand_over(folder, "b", rows="ma,ten\n1,b hai\n")
    do_run(folder)
    return folder


def keep_few_agencies(folder: Path) -> None:
    """A register of two, so that a case's pages are few."""
    register = folder / "config" / "agencies.csv"
    header, *rows = register.read_text("utf-8").splitlines()
    kept = [row for row in rows if row.startswith(("NA-P-SYT,", "NA-P-STP,"))]
    register.write_text("\n".join([header, *kept]) + "\n", "utf-8")


def do_run(folder: Path) -> None:
    clock = Clock()
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)


def change_one(folder: Path) -> None:
    hand_over(folder, "a", rows="ma,ten\n1,a hai\n2,thêm\n")


def change_all(folder: Path) -> None:
    for name in ("a", "b", "c"):
        hand_over(folder, name, rows=f"ma,ten\n7,{name} ba\n")


def add_one(folder: Path) -> None:
    hand_over(folder, "d", rows="ma,ten\n1,d\n")


def describe_anew(folder: Path) -> None:
    hand_over(folder, "c", rows="ma,ten\n1,c\n", title="Danh sách c, tên mới")


def do_withdraw(folder: Path) -> None:
    clock = Clock()
    with opened(folder, clock) as workspace:
        withdraw(workspace, next(iter(names(folder))), "thử", clock, confirm=lambda plan: True)


def do_rollback(folder: Path) -> None:
    clock = Clock()
    with opened(folder, clock) as workspace:
        second = next(known.name for known in workspace.store.datasets() if known.version == 2)
        rollback(workspace, second, None, "thử", clock, confirm=lambda plan: True, judge=checks.check)


WORK: tuple[tuple[Callable[[Path], None], Callable[[Path], None]], ...] = (
    (change_one, do_run),
    (change_all, do_run),
    (add_one, do_run),
    (describe_anew, do_run),
    (lambda folder: None, do_withdraw),
    (lambda folder: None, do_rollback),
)


@pytest.mark.parametrize("share", range(max(1, CASES // SHARE)))
def test_killed_at_a_file_operation_it_is_old_or_new_and_then_finished(share: int, template: Path, tmp_path: Path):
    chance = random.Random(SEED + share)
    for case in range(min(SHARE, CASES)):
        prepare, work = chance.choice(WORK)
        folder = tmp_path / str(case)
        onserver.copy(template, folder, NOON)
        old = versions(folder)
        prepare(folder)
        at = int(chance.triangular(1, 260, 60))
        killed = run_and_kill(lambda: work(folder), at)  # noqa: B023 (called at once)
        told = f"seed {SEED}, share {share}, case {case}: {prepare.__name__}, {work.__name__}, killed at {at}: {killed}"
        half_way = versions(folder)
        do_run(folder)  # the next command finds what was left open
        new = versions(folder)
        for name, content in half_way.items():
            assert content in (old.get(name), new.get(name)), told
        assert_closed(folder, told)
        shown = tree(folder / "portal")
        do_run(folder)
        assert tree(folder / "portal") == shown, told
        shutil.rmtree(folder)


def run_and_kill(work: Callable[[], None], at: int) -> bool:
    """Do `work` in a forked child killed at its `at`-th file operation; False if it ended before."""
    child = os.fork()
    if child == 0:
        count = 0

        def kill(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in FILE_EVENTS:
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "portal" / "dataset").iterdir())


def versions(folder: Path) -> dict[str, str]:
    """What a reader is shown of each dataset: one hash over its description and files, checked to belong together."""
    shown = {}
    for name in names(folder):
        place = folder / "portal" / "dataset" / name
        package = place / "datapackage.json"
        if not package.exists():
            assert (place / "tombstone.json").exists(), f"{name}: neither a dataset nor a tombstone"
            shown[name] = "withdrawn"
            continue
        described = json.loads(package.read_text("utf-8"))
        for resource in described["resources"]:
            content = (place / resource["path"]).read_bytes()
            assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}", f"{name}: mixture"
            assert resource["bytes"] == len(content)
        shown[name] = hashlib.sha256(package.read_bytes()).hexdigest()
    return shown


def assert_closed(folder: Path, told: str) -> None:
    with opened(folder, Clock()) as workspace:
        assert workspace.store.open_entries() == (), told
        assert workspace.store.unfinished_runs() == (), told
        assert {row.state for row in workspace.store.runs(limit=2)} <= set(RunState) - {RunState.RUNNING}, told
        on_disk = {known.name for known in workspace.store.datasets() if known.version}
    assert on_disk == set(names(folder)), told
