"""Publishing to a real CKAN, killed and raced: never a duplicate, never half a dataset, and the next run finishes it.

A reader without a token polls all the while: what it gets is a whole file and a whole description, and where the two
disagree a journal entry is open. `OPENDATA_CKAN_KILLS` says how many random kills, `OPENDATA_KILL_SEED` repeats a run.
"""

import contextlib
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ckans
import pytest
import requests
from ckans import Editor, do_run, outcomes
from workspaces import Clock, hand_over

from publishers import ckan_transport

pytestmark = pytest.mark.ckan

KILLS = int(os.environ.get("OPENDATA_CKAN_KILLS", "100"))
SEED = int(os.environ.get("OPENDATA_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
CALLS = 40
"""More than the protocol makes for one dataset."""


class Desk:
    """One or two workspaces that publish the same datasets into one organisation, and a reader who watches."""

    def __init__(self, folder: Path) -> None:
        self.owner = ckans.organisation(ckans.unique("Sở Y tế"))
        self.who = ckans.editor(self.owner)
        self.folders = [ckans.make_workspace(folder / "w", self.who, self.owner)]
        self.every = (folder / "w", folder / "w2")  # also those that come after the reader has started
        self.told = folder / "told.jsonl"
        self.seen = folder / "seen.jsonl"
        self.stop = folder / "stop"
        self.wanted: dict[str, dict[str, str]] = {}  # title → file name → its bytes' hash
        self.token = ckans.unique("")
        self.version = 0

    def second(self) -> None:
        """A copy that knows as much, as on another machine."""
        self.folders.append(self.folders[0].with_name("w2"))
        shutil.copytree(self.folders[0], self.folders[1])

    def change(self, name: str) -> None:
        """A new version of the dataset `name`, of two files, at its source."""
        self.version += 1
        rows = f"ma,ten\n{self.version},Một\n" + "9,Chín\n" * (self.version % 7)
        more = f"nam,so\n{2000 + self.version % 20},{self.version}\n"
        title = f"Danh sách {name}{self.token} lần {self.version}"
        files = {"du-lieu.csv": rows, "them.csv": more}
        self.wanted = {t: f for t, f in self.wanted.items() if f" {name}{self.token} " not in t}
        self.wanted[title] = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in files.items()}
        with self.told.open("a") as told:
            told.write(json.dumps([title, sorted(self.wanted[title].values())]) + "\n")
        for folder in self.folders:
            place = hand_over(folder, f"{name}{self.token}", rows=rows, title=title)
            (place / "them.csv").write_text(more, "utf-8")

    def assert_as_planned(self, told: str) -> None:
        """Everything stands as the sources say, once, and no journal entry is open."""
        found = ckans.admin().action.package_search(fq=f"organization:{self.owner}", rows=1000, include_private=True)
        titles = sorted(package["title"] for package in found["results"])
        assert titles == sorted(self.wanted), told
        for package in found["results"]:
            assert not package["private"], told
            shown = ckans.anonymous().action.package_show(id=package["id"])
            assert shown["metadata_modified"] == package["metadata_modified"], told
            served = {r["url"].rpartition("/")[2]: digest(ckans.page(r["url"])) for r in shown["resources"]}
            assert served == self.wanted[package["title"]], told
            assert {r["url"].rpartition("/")[2]: r["hash"] for r in shown["resources"]} == served, told
        for folder in self.folders:
            assert journal(folder)[0] == 0, told


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    for name in ("a", "b"):
        made.change(name)
    assert set(outcomes(do_run(made.folders[0], made.who)).values()) == {"published"}
    made.assert_as_planned("at first")
    reader = os.fork()
    if reader == 0:
        poll(made)
    yield made
    made.stop.touch()
    assert os.waitpid(reader, 0)[1] == 0
    seen = [json.loads(line) for line in made.seen.read_text().splitlines()]
    assert [line for line in seen if "wrong" in line] == []
    assert seen[-1]["looked"] > 0
    print(f"the reader looked {seen[-1]['looked']} times, {len(seen) - 1} of them torn while an entry was open")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def journal(folder: Path) -> tuple[int, int]:
    """How many entries are open, and how many there are."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True, timeout=30)) as database:
        opened, every = database.execute("select sum(closed_at is null), count(*) from journal").fetchone()
    return opened or 0, every


def journals(desk: Desk) -> list[tuple[int, int]]:
    return [journal(folder) for folder in desk.every if (folder / "state.db").exists()]


def poll(desk: Desk) -> None:
    """The reader's process: looks until it is told to stop, and writes down what must not be."""
    looked, code = 0, 1
    try:
        with desk.seen.open("a") as seen:
            while not desk.stop.exists():
                for found in look(desk):
                    seen.write(json.dumps(found) + "\n")
                looked += 1
            seen.write(json.dumps({"looked": looked}) + "\n")
        code = 0
    finally:
        os._exit(code)


def look(desk: Desk) -> Iterator[Any]:
    """All datasets of the organisation, read as anybody reads them."""
    listed = action("package_search", fq=f"organization:{desk.owner}", rows=100)
    for package in listed["results"] if listed else ():
        before = journals(desk)
        shown = action("package_show", id=package["id"])
        served = [get(resource["url"]) for resource in shown["resources"]] if shown else []
        if not shown or None in served:
            continue
        after = journals(desk)
        told = [json.loads(line) for line in desk.told.read_text().splitlines()]
        hashes = [resource["hash"] for resource in shown["resources"]]
        quiet = before == after and all(opened == 0 for opened, _ in after)
        if [shown["title"], sorted(hashes)] not in told:
            # CKAN reads a dataset in several statements: title and files can be two versions' for an instant
            whole_files = sorted(hashes) in [files for _, files in told]
            kind = "torn" if whole_files and not quiet else "wrong"
            yield {kind: "description", "title": shown["title"], "hashes": hashes}
        whole = {each for _, files in told for each in files}
        if not set(served) <= whole:
            yield {"wrong": "file", "title": shown["title"], "served": served}
        if served != hashes and quiet:
            yield {"wrong": "mixed", "title": shown["title"], "hashes": hashes, "served": served}


def action(name: str, **parameters: Any) -> Any:
    try:
        answer = requests.get(f"{ckans.URL}/api/3/action/{name}", params=parameters, timeout=60)
        return answer.json()["result"] if answer.status_code == 200 else None
    except (requests.RequestException, ValueError):
        return None


def get(url: str) -> str | None:
    try:
        answer = requests.get(url, timeout=60)
        return digest(answer.content) if answer.status_code == 200 else None
    except requests.RequestException:
        return None


# ---------------------------------------------------------------- killed


def start(folder: Path, who: Editor, prepare: Callable[[], None]) -> int:
    """A run in a forked child; returns its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            prepare()
            do_run(folder, who)
            code = 0
        finally:
            os._exit(code)
    return child


def killed(child: int) -> bool:
    """Wait for it; whether it was killed rather than finished."""
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_call(at: int, after: bool) -> None:
    """Arm this process to be killed at its `at`-th call to the portal, before it is sent or after it was answered."""
    numbers = itertools.count(1)  # one number for one call, in whatever thread

    def armed(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            mine = next(numbers) == at
            if mine and not after:
                die()
            try:
                return call(*arguments, **named)
            finally:  # "not found" is an answer too
                if mine:
                    die()

        return counted

    for name in ("read", "write", "measure"):
        setattr(ckan_transport.Wire, name, armed(getattr(ckan_transport.Wire, name)))


def die_after(seconds: float) -> None:
    """Arm this process to be killed at a moment."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=lambda: (time.sleep(seconds), die()), daemon=True).start()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_before_and_after_each_call_of_the_protocol(desk: Desk, after: bool):
    (folder,) = desk.folders
    for at in range(1, CALLS):
        desk.change("a")
        desk.change(f"moi{at}")
        was_killed = killed(start(folder, desk.who, lambda at=at: die_at_call(at, after)))  # type: ignore[misc]
        do_run(folder, desk.who)
        desk.assert_as_planned(f"killed at call {at}")
        if not was_killed:
            break
    assert 10 < at < CALLS - 1, "the protocol has another length than this test believes"


def test_killed_at_a_random_moment(desk: Desk):
    (folder,) = desk.folders
    chance = random.Random(SEED)
    began = time.monotonic()
    desk.change("a")
    assert not killed(start(folder, desk.who, lambda: None))
    lasts = time.monotonic() - began
    for case in range(KILLS):
        desk.change(chance.choice("ab"))
        if case % 4 == 0:
            desk.change(f"moi{case}")
        seconds = chance.uniform(0, lasts * 1.2)
        killed(start(folder, desk.who, lambda seconds=seconds: die_after(seconds)))  # type: ignore[misc]
        if case % 5 == 4:
            do_run(folder, desk.who)
            desk.assert_as_planned(f"seed {SEED}, case {case}, killed after {seconds:.3f} s")
    do_run(folder, desk.who)
    desk.assert_as_planned(f"seed {SEED}, at the end")


def test_two_publishers_race_and_are_killed(desk: Desk):
    desk.second()
    chance = random.Random(SEED + 1)
    for case in range(max(1, KILLS // 2)):
        desk.change(chance.choice("ab"))
        if case % 3 == 0:
            desk.change(f"moi{case}")
        moments = [chance.choice([chance.uniform(0, 2), 600]) for _ in desk.folders]
        children = [
            start(folder, desk.who, lambda moment=moment: die_after(moment))  # type: ignore[misc]
            for folder, moment in zip(desk.folders, moments, strict=True)
        ]
        for child in children:
            killed(child)
        if case % 3 == 2:
            finish_both(desk, f"seed {SEED}, case {case}, {moments}")
    finish_both(desk, f"seed {SEED}, at the end")


def finish_both(desk: Desk, told: str) -> None:
    for folder in desk.folders:
        do_run(folder, desk.who, Clock())
    desk.assert_as_planned(told)
    for folder in desk.folders:
        assert set(outcomes(do_run(folder, desk.who)).values()) == {"unchanged"}, told
