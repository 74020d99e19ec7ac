"""Months on a virtual clock with random kills; services and a cron on one ledger. Shorter in CI, whole by `.ci/long`.

OPENDATA_SOAK_SOURCES, OPENDATA_SOAK_DAYS and OPENDATA_SOAK_SECONDS set the size (whole: 200, 90 and 600).
"""

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import onserver
import pytest
from test_kills import keep_few_agencies
from workspaces import NOON, Clock, hand_over, make_workspace, opened

import checks
from harvester import lease as leases
from harvester import run as job
from harvester.due import slot
from harvester.errors import RunLocked
from harvester.ledger import RunState
from harvester.service import nightly, run_due
from harvester.working_days import Calendar

pytestmark = pytest.mark.soak

SOURCES = int(os.environ.get("OPENDATA_SOAK_SOURCES", "10"))
DAYS = int(os.environ.get("OPENDATA_SOAK_DAYS", "28"))
SECONDS = int(os.environ.get("OPENDATA_SOAK_SECONDS", "120"))
SEED = int(os.environ.get("OPENDATA_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


def world(folder: Path, sources: int, cron: str) -> Path:
    names = [f"s{n:03}" for n in range(sources)]
    made = make_workspace(folder, dict.fromkeys(names, "so-y-te"))
    keep_few_agencies(made)
    for name in names:
        path = made / "config" / "sources" / f"{name}.toml"
        path.write_text(path.read_text("utf-8") + f'schedule = "{cron}"\n', "utf-8")
        hand_over(made, "d", rows=f"ma,ten\n1,{name}\n", source=name, title=f"Danh sách {name}")
    return made


def resident() -> float:
    """Megabytes of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def ledger_bytes(folder: Path) -> int:
    if onserver.SERVER:
        return 0
    connection = sqlite3.connect(folder / "state.db")
    pages, free, size = (
        connection.execute(f"PRAGMA {p}").fetchone()[0] for p in ("page_count", "freelist_count", "page_size")
    )
    connection.close()
    return (pages - free) * size


def tick_in_a_child(folder: Path, now: datetime, kill_after: float | None) -> bool:
    """One look at what is due, in a process of its own, killed after so many seconds; False if it was."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with opened(folder, Clock(now)) as workspace:
                run_due(workspace, Clock(now), judge=checks.check)
            code = 0
        except RunLocked:
            code = 0
        finally:
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def test_a_service_over_months_misses_no_slot_and_stays_the_same_size(tmp_path: Path):
    """Twice a day per source; one look in twenty is killed, the next one, a minute later, takes up what it left."""
    chance, folder, clock = random.Random(SEED), world(tmp_path / "w", SOURCES, "0 2,14 * * *"), Clock()
    sizes, memory, kills, looks = [], [], 0, 0
    begun: set[tuple[str, datetime]] = set()
    for _ in range(DAYS):
        for hours in (2, 4, 2, 4, 2, 4, 2, 4):
            clock.pass_by(hours=hours)
            looks += 1
            if chance.random() < 0.05:
                kills += not tick_in_a_child(folder, clock(), chance.random() * 0.4)
                clock.pass_by(minutes=1)
            with opened(folder, clock) as workspace:
                before = workspace.store.attempts()
                begun.update((a.source, a.started) for a in before.values())
                result = run_due(workspace, clock, judge=checks.check)
                for source in result.sources:
                    assert source.state.value == "ok", source.findings
                after = workspace.store.attempts()
                assert all(a.ended is not None and a.failures == 0 for a in after.values())
                begun.update((a.source, a.started) for a in after.values())
                if hours == 2:
                    nightly(workspace, clock)
        sizes.append(ledger_bytes(folder))
        memory.append(resident())
    with opened(folder, clock) as workspace:
        assert {run.state for run in workspace.store.runs(9999)} <= {RunState.OK, RunState.KILLED}
        assert sum(run.state is RunState.KILLED for run in workspace.store.runs(9999)) <= kills
        source = workspace.config.sources[0]
        slots, at = 0, slot(source, NOON, Calendar())
        while at and at <= clock():
            slots, at = slots + 1, slot(source, at, Calendar())
        started = Counter(source for source, _ in begun)
        for each in workspace.config.sources:  # each slot once, and once more where its first attempt was killed
            assert slots <= started[each.id] <= slots + kills + 1, (each.id, started[each.id], slots, kills)
    week = min(14, DAYS // 2)
    growth = (sizes[-1] - sizes[week]) / (DAYS - 1 - week) / SOURCES
    print(
        f"\nseed {SEED}: {SOURCES} sources, {DAYS} days, {looks} looks, {kills} killed; "
        f"ledger {sizes[week] >> 10} kB after {week} days, {sizes[-1] >> 10} kB at the end: "
        f"{growth:.0f} bytes a source and day; "
        f"memory {memory[week]:.0f} MB, at the end {memory[-1]:.0f} MB"
    )
    assert growth < 1500
    assert memory[-1] - memory[week] < 30


# ---------------------------------------------------------------- side by side


def _serve(folder: Path, ends: float, node: str, marks: Path, seed: int) -> None:
    """Looks what is due again and again, as a service or a cron of machine `node`; every attempt leaves a mark."""
    os.environ["TZ"] = "UTC"
    leases.platform.node = lambda: node  # type: ignore[assignment]
    chance, real = random.Random(seed), job.collected

    def marked(workspace, source, *rest, **options):
        mark = marks / f"{source.id}-{time.monotonic_ns()}-{os.getpid()}"
        mark.touch()
        time.sleep(chance.random() * 0.05)
        yield from real(workspace, source, *rest, **options)
        mark.rename(mark.with_suffix(f".ended-{time.monotonic_ns()}"))

    job.collected = marked
    clock = lambda: datetime.now(UTC)  # noqa: E731
    while time.monotonic() < ends:
        try:
            with opened(folder, clock) as workspace:
                run_due(workspace, clock, judge=checks.check)
        except RunLocked:
            time.sleep(0.05)
        time.sleep(chance.random() * 0.5)


def test_two_services_and_a_cron_never_run_a_source_twice_at_once_and_miss_none(tmp_path: Path):
    """On one ledger, with kills; every minute each source is due."""
    folder, marks = world(tmp_path / "w", 6, "* * * * *"), tmp_path / "marks"
    marks.mkdir()
    chance, ends = random.Random(SEED), time.monotonic() + SECONDS
    fork = multiprocessing.get_context("fork")

    def start(number: int):
        child = fork.Process(target=_serve, args=(folder, ends, "one-machine", marks, SEED + number))
        child.start()
        return child

    with opened(folder, lambda: datetime.now(UTC)):
        began = datetime.now(UTC)
    children, kills = [start(number) for number in range(3)], 0
    while time.monotonic() < ends - 5:
        time.sleep(chance.uniform(0.3, 3))
        victim = chance.randrange(3)
        os.kill(children[victim].pid, signal.SIGKILL)
        children[victim].join()
        kills += 1
        children[victim] = start(10 + kills)
    for child in children:
        child.join(60)
    spans = {}
    for mark in marks.iterdir():
        source, begun, pid = mark.name.partition(".")[0].split("-")[:3]
        ended = int(mark.name.rpartition("-")[2]) if ".ended-" in mark.name else None
        spans.setdefault(source, []).append((int(begun), ended, pid))
    assert len(spans) == 6
    for source, found in spans.items():
        found.sort()
        for (_, ended, _), (begun, _, _) in pairwise(found):
            assert ended is None or ended <= begun, f"{source} twice at once"
    minutes = int((datetime.now(UTC) - began) / timedelta(minutes=1))
    with opened(folder, lambda: datetime.now(UTC)) as workspace:
        with_end = {source: sum(ended is not None for _, ended, _ in found) for source, found in spans.items()}
        run_due(workspace, lambda: datetime.now(UTC), judge=checks.check)
        assert workspace.store.open_entries() == workspace.store.unfinished_runs() == ()
        assert all(a.ended and not a.failures for a in workspace.store.attempts().values())
    told = f"{SECONDS} s, {kills} kills, {minutes} slots, attempts that ended by source {sorted(with_end.values())}"
    print(f"\nseed {SEED}: {told}")
    assert all(minutes - 1 <= ended <= minutes + 2 + kills for ended in with_end.values())
    assert NOON
