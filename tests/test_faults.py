"""The fault matrix: each row injects its fault, with three seeds; nothing is lost, nothing doubled, every run is named.

`pytest -m faults -s` prints the table. Rows about what servers send are played by `hostile.py` as well; here stand
those of process, disk, time and database, and a machine that mixes them against a model.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import onserver
import pytest
import sqlalchemy
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from test_kills import FILE_EVENTS, keep_few_agencies, run_and_kill, versions
from workspaces import NOON, Clock, hand_over, make_workspace, opened, tree

import checks
from harvester import publishing
from harvester.errors import OpendataError, RunLocked
from harvester.ledger import RunState, SourceState
from harvester.run import run
from harvester.service import run_due
from harvester.store.database import Database

pytestmark = pytest.mark.faults

SEEDS = ("fixed", "random", "another")
NAMES = ("a", "b", "c")
TOLD: list[str] = []


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three datasets on the portal."""
    folder = make_workspace(tmp_path_factory.mktemp("faults") / "w")
    keep_few_agencies(folder)
    source = folder / "config" / "sources" / "so-y-te.toml"
    source.write_text(source.read_text("utf-8") + 'schedule = "0 2 * * *"\n', "utf-8")
    for name in NAMES:
        hand_over(folder, name, rows=f"ma,ten\n1,{name}\n")
    work(folder, Clock())
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    onserver.copy(template, tmp_path / "w", NOON)
    return tmp_path / "w"


@pytest.fixture(scope="session", autouse=True)
def table() -> Iterator[None]:
    yield
    print("\nfault x seed: nothing lost, nothing doubled")
    print("\n".join(sorted(TOLD)))


def work(folder: Path, clock: Clock) -> None:
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)


def change(folder: Path, chance: random.Random) -> None:
    for name in chance.sample(NAMES, chance.randint(1, 3)):
        hand_over(folder, name, rows=f"ma,ten\n1,{name} {chance.randrange(10**9)}\n")


def whole(folder: Path, clock: Clock, before: dict[str, str], told: str) -> None:
    """After the fault: old or new, then all new by the next run, each once, nothing open."""
    half = versions(folder)
    work(folder, clock)
    after = versions(folder)
    for name, content in half.items():
        assert content in (before.get(name), after.get(name)), told
    assert len(after) == len(NAMES), told
    with opened(folder, clock) as workspace:
        store = workspace.store
        assert store.open_entries() == store.unfinished_runs() == (), told
        assert {run.state for run in store.runs(50)} <= set(RunState) - {RunState.RUNNING}, told
        known = list(store.datasets())
        assert len(known) == len({(k.source, k.identifier) for k in known}) == len(NAMES), told
        for each in known:
            entries = store.versions(each.name)
            assert [e.version for e in entries] == sorted({e.version for e in entries}), told
            assert workspace.publisher.read_back(each.name).version == each.version, told
        if not onserver.SERVER:
            check = sqlite3.connect(folder / "state.db")
            assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",), told
            check.close()
    shown = tree(folder / "portal")
    work(folder, clock)
    assert tree(folder / "portal") == shown, told
    TOLD.append(f"  ok  {told}")


Fault = Callable[[Path, random.Random, pytest.MonkeyPatch], None]


# ---------------------------------------------------------------- process


def killed_at_a_file_operation(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    run_and_kill(lambda: work(folder, Clock()), chance.randrange(1, 260))


def killed_at_a_step_of_the_journal(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """Just before or just after one of the steps: plan, find, publish, read back, close."""
    step, after, nth = chance.randrange(5), chance.random() < 0.5, chance.randrange(1, 4)

    def work_and_die() -> None:
        seen = 0

        def dying(real: Callable) -> Callable:
            def call(*words, **options):
                nonlocal seen
                seen += 1
                if seen == nth and not after:
                    os.kill(os.getpid(), signal.SIGKILL)
                answer = real(*words, **options)
                if seen == nth:
                    os.kill(os.getpid(), signal.SIGKILL)
                return answer

            return call

        with opened(folder, Clock()) as workspace:
            owner, name = [
                (workspace.store, "plan"),
                (workspace.publisher, "find"),
                (workspace.publisher, "publish"),
                (workspace.publisher, "read_back"),
                (workspace.store, "close_entry"),
            ][step]
            setattr(owner, name, dying(getattr(owner, name)))
            run(workspace, (), Clock(), judge=checks.check)

    run_and_kill(work_and_die, 10**9)


def stopped_on_the_way(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    from harvester.stopping import Stop

    stop = Stop()
    timer = threading.Timer(chance.random() * 0.3, stop.set)
    timer.start()
    with opened(folder, Clock()) as workspace, contextlib.suppress(KeyboardInterrupt):
        run(workspace, (), Clock(), judge=checks.check, stopping=stop)
    timer.cancel()


def started_twice(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    def start() -> None:
        with contextlib.suppress(RunLocked):
            work(folder, Clock())

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def a_check_that_meets_a_bug(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    def broken(*words, **options):
        raise ZeroDivisionError

    with opened(folder, Clock()) as workspace:
        (source,) = run(workspace, (), Clock(), judge=broken).sources
        assert source.state is SourceState.FAILED


def frozen_while_another_took_over(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """A virtual machine asleep for ten minutes: another machine works on; what wakes may write nothing."""
    clock = Clock()
    with opened(folder, clock) as workspace:
        number = workspace.store.begin_run("run", "asleep", clock()).id
        old = workspace.store.claim("source:so-y-te", number, "asleep:1", clock())
        clock.pass_by(minutes=10)
        work(folder, clock)
        with pytest.raises(RunLocked):
            workspace.store.mark_seen("so-y-te", set(), clock(), old)
        with pytest.raises(RunLocked):
            workspace.store.plan(next(workspace.store.datasets()).name, "publish", 9, {}, old, clock())
        workspace.store.finish_run(number, RunState.KILLED, {}, clock())


# ---------------------------------------------------------------- the database


def the_store_refuses_a_write(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """At the n-th transaction: disk full, broken disk, or busy for ever."""
    kind = chance.choice(["SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY"])
    at, count, real = chance.randrange(1, 30), 0, Database._writing

    @contextlib.contextmanager
    def writing(self, lease=None):
        nonlocal count
        with real(self, lease) as connection:
            yield connection
            count += 1
            if count == at:
                problem = sqlite3.OperationalError("injected")
                problem.sqlite_errorname, problem.sqlite_errorcode = kind, 13
                raise sqlalchemy.exc.OperationalError("injected", {}, problem)

    with patch.context() as patched:
        patched.setattr(Database, "_writing", writing)
        with contextlib.suppress(OpendataError):
            work(folder, Clock())


def a_reader_holds_the_database(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    if onserver.SERVER:
        return
    other = sqlite3.connect(folder / "state.db", check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(chance.random(), other.rollback)
    timer.start()
    work(folder, Clock())
    timer.join()
    other.close()


def connections_cut(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """The server ends every connection, again and again, as it does when it is started anew."""
    if not onserver.SERVER:
        return
    stop = threading.Event()

    def cut() -> None:
        while not stop.wait(chance.random() * 0.3):
            onserver.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        for _ in range(3):
            with contextlib.suppress(OpendataError):
                work(folder, Clock())
    finally:
        stop.set()
        thread.join()


def the_server_is_started_anew(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """`OPENDATA_TEST_RESTART` says how: a command that ends the server at once and starts it again."""
    command = os.environ.get("OPENDATA_TEST_RESTART", "")
    if not (onserver.SERVER and command):
        return
    timer = threading.Timer(
        chance.random(), lambda: subprocess.run(command, shell=True, check=True, capture_output=True)
    )
    timer.start()
    with contextlib.suppress(OpendataError):
        work(folder, Clock())
    timer.join()
    for _ in range(50):
        with contextlib.suppress(OpendataError, sqlalchemy.exc.SQLAlchemyError):
            onserver.execute("SELECT 1")
            return
        time.sleep(0.2)


# ---------------------------------------------------------------- the disk


def a_file_operation_fails(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """The n-th rename, link or folder made: disk full, or not allowed any more."""
    problem = chance.choice([28, 5, 13, 30])  # ENOSPC, EIO, EACCES, EROFS
    name = chance.choice(["rename", "replace", "symlink_to", "mkdir", "hardlink_to", "write_bytes"])
    at, count, real = chance.randrange(1, 8), 0, getattr(Path, name)

    def failing(self, *words, **options):
        nonlocal count
        if "portal" in self.parts or "files" in self.parts:
            count += 1
            if count == at:
                raise OSError(problem, os.strerror(problem), str(self))
        return real(self, *words, **options)

    with patch.context() as patched:
        patched.setattr(Path, name, failing)
        with contextlib.suppress(OpendataError):
            work(folder, Clock())


def the_portal_may_not_be_written(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    from harvester.errors import PortalUnavailable
    from harvester.i18n import say
    from publishers.folder import Folder

    def refused(self, *words, **options):
        raise PortalUnavailable("CAT-001", say("Wait until it has finished, then try again."), say("overdue"))

    with patch.context() as patched:
        patched.setattr(Folder, chance.choice(["add", "point"]), refused)
        with contextlib.suppress(OpendataError):
            work(folder, Clock())


def a_file_changes_while_it_is_read(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def scribble() -> None:
        while not stop.wait(0.005):
            hand_over(folder, "a", rows=f"ma,ten\n1,{chance.randrange(10**6)}\n" * chance.randrange(1, 50))

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        work(folder, Clock())
    finally:
        stop.set()
        thread.join()
    hand_over(folder, "a", rows="ma,ten\n1,rest\n")


# ---------------------------------------------------------------- time


def the_clock_jumps(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """Back, forth, over 29 February and over midnight, at every reading."""
    base = datetime(2028, 2, 28, 16, 59, tzinfo=UTC)  # a minute before midnight in Viet Nam, before a leap day

    class Jumping(Clock):
        def __call__(self) -> datetime:
            return base + timedelta(seconds=chance.choice([-86400, -3600, -1, 0, 1, 61, 3600, 86400, 2 * 86400]))

    with contextlib.suppress(OpendataError):
        work(folder, Jumping())


def three_days_off(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.pass_by(days=3, hours=chance.random())
    with opened(folder, clock) as workspace:
        assert run_due(workspace, clock, judge=checks.check).run is not None
        assert run_due(workspace, clock, judge=checks.check).run is None


# ---------------------------------------------------------------- the portal and the source


def the_portal_does_not_answer(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """An unknown outcome: the work was done, or was not, and no answer came."""
    from harvester.errors import PortalUnavailable
    from harvester.i18n import say
    from publishers.catalogue import Catalogue

    done, real = chance.random() < 0.5, Catalogue.publish

    def silent(self, wanted, seen):
        if done:
            real(self, wanted, seen)
        raise PortalUnavailable("CAT-001", say("overdue"), say("overdue"))

    with patch.context() as patched:
        patched.setattr(Catalogue, "publish", silent)
        with contextlib.suppress(OpendataError):
            work(folder, Clock())


def somebody_edits_the_portal(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    names = sorted(path.name for path in (folder / "portal" / "dataset").iterdir())
    place = (folder / "portal" / "dataset" / chance.choice(names)).resolve()
    page = place / "index.html"
    page.chmod(0o644)
    page.write_text("defaced", "utf-8")


def the_source_is_empty_for_days(folder: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    source = folder / "ban-giao" / "so-y-te"
    kept = {path.name: path for path in source.iterdir()}
    for name, path in kept.items():
        path.rename(folder / name)
    clock = Clock()
    for _ in range(3):
        clock.pass_by(days=1)
        with contextlib.suppress(OpendataError):
            work(folder, clock)
    for name, path in kept.items():
        (folder / name).rename(path)


ROWS: dict[str, Fault] = {
    "35/36/37 the portal does not answer, its work done or not": the_portal_does_not_answer,
    "16/17 the source is empty for days": the_source_is_empty_for_days,
    "32 a file changes while it is read": a_file_changes_while_it_is_read,
    "45 somebody edits the portal": somebody_edits_the_portal,
    "48 killed at a step of the journal": killed_at_a_step_of_the_journal,
    "49 killed at a file operation": killed_at_a_file_operation,
    "50 stopped on the way": stopped_on_the_way,
    "51/55 a check that meets a bug": a_check_that_meets_a_bug,
    "52/64 started three times at once": started_twice,
    "53 frozen while another took over": frozen_while_another_took_over,
    "56 the store refuses a write (full, broken, busy)": the_store_refuses_a_write,
    "56 a file operation fails (full, broken, closed)": a_file_operation_fails,
    "57 the portal may not be written": the_portal_may_not_be_written,
    "59 the clock jumps, over midnight and 29 February": the_clock_jumps,
    "60 three days off": three_days_off,
    "61 another program holds the database": a_reader_holds_the_database,
    "62/63 the server cuts every connection": connections_cut,
    "62 the server is started anew": the_server_is_started_anew,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS)
def test_a_fault_loses_nothing_and_doubles_nothing(row: str, seed: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    number = 1 if seed == "fixed" else random.SystemRandom().randrange(2, 2**31)
    number = int(os.environ.get("OPENDATA_FAULT_SEED", number))
    chance = random.Random(number)
    before = versions(folder)
    change(folder, chance)
    ROWS[row](folder, chance, monkeypatch)
    clock = Clock(datetime(2028, 3, 5, 5, tzinfo=UTC))
    if row.startswith(("32", "45")):  # a version between the two was published whole; what others did to a page stays
        before = versions(folder)
    whole(folder, clock, before, f"{row}, seed {number}")


# ---------------------------------------------------------------- against a model


class World(RuleBasedStateMachine):
    """A source that changes, runs, kills, a clock, withdrawals: ledger, files and portal against a model."""

    template: Path
    place: Path

    def __init__(self) -> None:
        super().__init__()
        World.count = getattr(World, "count", 0) + 1
        self.folder = self.place / str(World.count)
        onserver.copy(self.template, self.folder, NOON)
        self.clock = Clock()
        self.rows = {name: f"ma,ten\n1,{name}\n" for name in NAMES}  # what the source says
        self.shown = dict(self.rows)  # what the portal must show after a run that ended
        self.calm = True

    @rule(name=st.sampled_from(NAMES), value=st.integers(0, 99))
    def change(self, name: str, value: int) -> None:
        self.rows[name] = f"ma,ten\n1,{name} {value}\n"
        hand_over(self.folder, name, rows=self.rows[name])

    @rule()
    def run(self) -> None:
        work(self.folder, self.clock)
        self.shown, self.calm = dict(self.rows), True

    @rule(at=st.integers(1, 220))
    def run_and_die(self, at: int) -> None:
        clock = Clock(self.clock.now)
        if run_and_kill(lambda: work(self.folder, clock), at):
            self.calm = False
        else:
            self.shown, self.calm = dict(self.rows), True

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.pass_by(hours=hours)

    @precondition(lambda self: self.calm)
    @invariant()
    def the_portal_shows_what_the_model_says(self) -> None:
        found = {}
        for place in (self.folder / "portal" / "dataset").iterdir():
            described = json.loads((place / "datapackage.json").read_text("utf-8"))
            (resource,) = described["resources"]
            found[described["title"].removeprefix("Danh sách ")] = (place / resource["path"]).read_text("utf-8")
        assert found == self.shown

    @invariant()
    def no_version_is_a_mixture(self) -> None:
        assert len(versions(self.folder)) == len(NAMES)


def test_ledger_files_and_portal_follow_the_model(template: Path, tmp_path: Path):
    machine = type("TheWorld", (World,), {"template": template, "place": tmp_path})
    examples = int(os.environ.get("OPENDATA_WORLD_EXAMPLES", "12"))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert FILE_EVENTS and publishing
