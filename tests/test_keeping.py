"""What is kept and what is forgotten: backups that come back whole, pruning that changes no figure."""

import json
import multiprocessing
import random
import tarfile
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import onserver
import pytest
import sqlalchemy
from workspaces import Clock, hand_over, make_workspace, opened, tree

import checks
from harvester import retention
from harvester.backup import backup, restore
from harvester.cli import main
from harvester.errors import ConfigurationError, OpendataError, UsageRefused
from harvester.ledger import Fact, Observation, RunState
from harvester.model import ZONE
from harvester.portal import statistics
from harvester.retention import prune
from harvester.run import run
from harvester.service import nightly, run_due
from harvester.store import Store, database, tables

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_workspace(tmp_path / "w")
    register = made / "config" / "agencies.csv"
    header, *rows = register.read_text("utf-8").splitlines()
    register.write_text("\n".join([header, *(row for row in rows if row.startswith("NA-P-SYT,"))]) + "\n", "utf-8")
    path = made / "config" / "sources" / "so-y-te.toml"
    path.write_text(path.read_text("utf-8") + 'schedule = "0 2 * * *"\n', "utf-8")
    for name in ("a", "b", "c"):
        hand_over(made, name, rows=f"ma,ten\n1,{name}\n")
    return made


def rows(folder: Path) -> dict[str, int]:
    with Store.open(onserver.url(folder), NOW) as store, store._reading() as connection:
        count = sqlalchemy.select(sqlalchemy.func.count())
        return {t.name: connection.execute(count.select_from(t)).scalar() for t in tables.metadata.sorted_tables}


# ---------------------------------------------------------------- backups


def test_a_restored_workspace_is_green_and_its_next_run_writes_nothing(folder: Path, tmp_path: Path, clock: Clock):
    with opened(folder, clock) as workspace:
        run_due(workspace, clock, judge=checks.check)
        hand_over(folder, "b", rows="ma,ten\n1,b hai\n")
        run(workspace, (), clock, judge=checks.check)
        figures = statistics(workspace, clock().date())
        told = backup(workspace, tmp_path / "b.tar.gz", clock())
    assert told["rows"] == sum(rows(folder).values()) - len(tables.REVISIONS)
    new = tmp_path / "new"
    restore(tmp_path / "b.tar.gz", new, onserver.environ(new), clock())
    (folder / "ban-giao").rename(new / "ban-giao")
    kept = {path: content for path, content in tree(folder / "portal").items() if not path.startswith(".")}
    assert {path: content for path, content in tree(new / "portal").items() if not path.startswith(".")} == kept
    assert main(["-C", str(new), "doctor", "--json"], clock=clock, environ=onserver.environ(new)) == 0
    with opened(new, clock) as workspace:
        assert statistics(workspace, clock().date()) == figures
        result = run(workspace, (), clock, judge=checks.check)
        assert {d.outcome.value for d in result.sources[0].datasets} == {"unchanged"}
        assert workspace.store.open_entries() == ()
    assert {path: content for path, content in tree(new / "portal").items() if not path.startswith(".")} == kept


def test_a_backup_taken_while_it_works_is_of_one_moment(folder: Path, tmp_path: Path, clock: Clock):
    """Runs go on all the while; every backup restores to a workspace in order, whose journal is at most open."""
    stop = threading.Event()

    def work() -> None:
        with opened(folder, clock) as workspace:
            number = 0
            while not stop.is_set():
                number += 1
                hand_over(folder, "a", rows=f"ma,ten\n1,{number}\n")
                run(workspace, (), clock, judge=checks.check)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        with opened(folder, clock) as workspace:
            for number in range(3):
                backup(workspace, tmp_path / f"{number}.tar.gz", clock())
    finally:
        stop.set()
        thread.join()
    for number in range(3):
        new = tmp_path / f"new{number}"
        restore(tmp_path / f"{number}.tar.gz", new, onserver.environ(new), clock())
        hand_over(new, "a", rows="ma,ten\n1,last\n")
        with opened(new, clock) as workspace:
            result = run(workspace, (), clock, judge=checks.check)
            assert result.sources[0].datasets[0].outcome.value == "published"
            assert workspace.store.open_entries() == workspace.store.unfinished_runs() == ()


def test_a_backup_overwrites_nothing_and_is_restored_over_nothing(folder: Path, tmp_path: Path, clock: Clock):
    file = tmp_path / "b.tar.gz"
    with opened(folder, clock) as workspace:
        backup(workspace, file, clock())
        before = file.read_bytes()
        with pytest.raises(UsageRefused) as refused:
            backup(workspace, file, clock())
    assert (refused.value.code, file.read_bytes()) == ("SVC-020", before)
    with pytest.raises(UsageRefused) as refused:
        restore(file, folder, onserver.environ(folder), clock())
    assert refused.value.code == "SVC-025"
    with pytest.raises(UsageRefused) as refused:
        restore(tmp_path / "gone", tmp_path / "new", {}, clock())
    assert refused.value.code == "SVC-024"


def damaged(file: Path, how: str) -> None:
    content = file.read_bytes()
    if how == "cut short":
        file.write_bytes(content[: len(content) // 2])
    elif how == "a page":
        file.write_bytes(b"<html>")
    elif how == "empty":
        file.write_bytes(b"")
    else:
        with tarfile.open(file, "w:gz") as archive:
            for name in {"outside": ["../../evil"], "foreign": ["etc/passwd"], "without a ledger": ["config/x.toml"]}[
                how
            ]:
                archive.addfile(tarfile.TarInfo(name))


@pytest.mark.parametrize("how", ["cut short", "a page", "empty", "outside", "foreign", "without a ledger"])
def test_what_is_no_backup_leaves_nothing_behind(folder: Path, tmp_path: Path, clock: Clock, how: str):
    file, new = tmp_path / "b.tar.gz", tmp_path / "deep" / "new"
    with opened(folder, clock) as workspace:
        run_due(workspace, clock, judge=checks.check)
        backup(workspace, file, clock())
    damaged(file, how)
    with pytest.raises(OpendataError) as refused:
        restore(file, new, onserver.environ(new), clock())
    assert refused.value.code in ("SVC-022", "SVC-026")
    assert list(new.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_a_backup_holds_no_secret(folder: Path, tmp_path: Path, clock: Clock):
    secret = "ckan-key-that-must-not-leave"
    said = {**onserver.environ(folder), "CKAN_API_KEY": secret, "OPENDATA_SMTP_PASSWORD": secret}
    assert main(["-C", str(folder), "backup", str(tmp_path / "b.tar.gz"), "--json"], clock=clock, environ=said) == 0
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is None or secret.encode() not in content.read()


def test_the_commands_say_what_they_did(folder: Path, tmp_path: Path, clock: Clock, capsys):
    main(["-C", str(folder), "run", "--due", "--json"], clock=clock, environ={})
    capsys.readouterr()
    for language in ("vi", "en"):
        file, new = tmp_path / f"{language}.tar.gz", tmp_path / language
        assert main(["-C", str(folder), "backup", str(file), "--lang", language], clock=clock, environ={}) == 0
        assert str(file) in capsys.readouterr().out.replace("\n", "")
        assert (
            main(["-C", str(new), "restore", str(file), "--lang", language], clock=clock, environ=onserver.environ(new))
            == 0
        )
        assert main(["-C", str(folder), "prune", "--dry-run", "--lang", language], clock=clock, environ={}) == 0
    assert main(["restore", str(file), "--json"], clock=clock, environ={}) == 2


# ---------------------------------------------------------------- forgetting


def fill(folder: Path, clock: Clock, days: int, seed: int) -> None:
    """A history of runs several times a day: what the portal answered, with outages and losses."""
    chance = random.Random(seed)
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)
        names = [known.name for known in workspace.store.datasets()]
        answers = dict.fromkeys(names, "met")
        for _ in range(days * 3):
            clock.pass_by(hours=8)
            row = workspace.store.begin_run("run", "x", clock())
            down, now = chance.random() < 0.1, clock()
            observed = [Observation(Fact.LISTED, "", now, now, row.id, {"complete": not down, "datasets": len(names)})]
            for name in names:
                if chance.random() < 0.02:
                    answers[name] = chance.choice(["met", "not_met"])
                said = "unknown" if down else answers[name]
                value = {"verdicts": {"C03": said, "C11": said, "C12": said}}
                observed.append(Observation(Fact.READ_BACK, name, now, now, row.id, value))
                observed.append(Observation(Fact.SEEN, name, now, now, row.id, {"content_key": "k"}))
            workspace.store.observe(observed)
            state = chance.choice([RunState.OK, RunState.OK, RunState.PARTIAL])
            source = {
                "id": "so-y-te",
                "state": "ok" if state is RunState.OK else "failed",
                "datasets": [1],
                "findings": [],
            }
            workspace.store.finish_run(row.id, state, {"sources": [source]}, clock())


@pytest.mark.parametrize("seed", [1, 2])
def test_pruning_changes_no_figure_of_any_day(folder: Path, clock: Clock, seed: int):
    fill(folder, clock, 50, seed)
    days = [NOW.astimezone(ZONE).date() + timedelta(days=n) for n in range(0, 50, 3)]

    def figures() -> list:
        with opened(folder, clock) as workspace:
            return [[(d.name, d.verdict, d.verdicts) for d in statistics(workspace, day).datasets] for day in days]

    before, held = figures(), rows(folder)
    with opened(folder, clock) as workspace:
        would = prune(workspace, clock(), dry_run=True)
        assert rows(folder) == held, "a trial writes nothing"
        did = prune(workspace, clock())
        assert would == did
        assert prune(workspace, clock()).rows["facts"] == 0
    assert figures() == before
    after = rows(folder)
    assert after["observation"] < held["observation"] / 2
    assert after["decision"] == held["decision"] and after["revision"] == held["revision"]


def test_the_last_runs_and_all_that_failed_are_kept(folder: Path, clock: Clock):
    fill(folder, clock, 30, 3)
    with opened(folder, clock) as workspace:
        failed = {run.id for run in workspace.store.runs(999) if run.state is RunState.PARTIAL}
        last = {run.id for run in workspace.store.runs(20)}
        whole = workspace.store.runs(20)
        prune(workspace, clock())
        kept = {run.id: run for run in workspace.store.runs(999)}
        assert failed | last <= set(kept)
        assert workspace.store.runs(20) == whole
        old = next(kept[id] for id in sorted(failed - last))
        assert old.summary["sources"] == [{"id": "so-y-te", "state": "failed", "findings": []}]
        assert workspace.store.last_source_run("so-y-te") is not None


def test_files_that_something_refers_to_are_kept_and_a_rollback_still_works(
    folder: Path, clock: Clock, monkeypatch, capsys
):
    monkeypatch.setattr(retention, "UNTOUCHED", timedelta(days=-365 * 100))
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)
        hand_over(folder, "a", rows="ma,ten\n1,a hai\n")
        run(workspace, (), clock, judge=checks.check)
        stray = workspace.files.keep_stream([b"nobody needs this"], 99)
        name = next(known.name for known in workspace.store.datasets() if known.version == 2)
        done = prune(workspace, clock())
        assert (done.files, done.bytes, stray.path.exists()) == (1, 17, False)
    words = ["-C", str(folder), "rollback", name, "--reason", "thử", "--yes", "--json"]
    assert main(words, clock=clock, environ={}) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 3


@pytest.mark.parametrize("fact", ["collected", "checked", "published", "withdrawn", "outcome", "seen"])
def test_no_fact_that_a_figure_rests_on_can_be_deleted(folder: Path, clock: Clock, fact: str):
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)
        for allowed in (False, True):
            if allowed and fact == "seen":
                continue
            with pytest.raises(sqlalchemy.exc.IntegrityError), workspace.store._writing() as connection:
                now = clock()
                row = {"dataset": "x", "valid_at": now, "recorded_at": now, "run": 1, "value": {}, "answered": "all"}
                new = sqlalchemy.text(
                    "INSERT INTO observation (fact, dataset, valid_at, recorded_at, run, value, answered) "
                    "VALUES (:fact, :dataset, :valid_at, :recorded_at, :run, '{}', :answered)"
                )
                connection.execute(new, {**row, "fact": fact})
                if allowed:
                    connection.execute(sqlalchemy.insert(tables.pruning).values(allowed=1))
                connection.execute(sqlalchemy.text("DELETE FROM observation WHERE dataset = 'x'"))


def test_a_night_leaves_the_ledger_no_larger_than_the_night_before(folder: Path, clock: Clock):
    """Every hour a run, every night a round: after the first weeks the ledger grows by next to nothing."""
    path = folder / "config" / "sources" / "so-y-te.toml"
    path.write_text(path.read_text("utf-8").replace("0 2 * * *", "0 */12 * * *"), "utf-8")
    sizes = []
    with opened(folder, clock) as workspace:
        for _ in range(2 * 16):
            clock.pass_by(hours=12)
            run_due(workspace, clock, judge=checks.check)
            nightly(workspace, clock)
            sizes.append(sum(rows(folder).values()))
    assert sizes[-1] - sizes[len(sizes) // 2] <= 8 * (2 * 3 + 3), "a day adds two facts of each dataset, and the round"


# ---------------------------------------------------------------- migrations


def test_a_ledger_of_the_first_revision_comes_forward_with_all_it_holds(tmp_path: Path, monkeypatch):
    """0001 as it was released, filled, then opened by this version."""
    from alembic import command

    place = onserver.url(tmp_path / "old") if onserver.SERVER else str(tmp_path / "old.db")
    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, to: upgrade(config, "0001"))
    Store.open(place, NOW).close()
    monkeypatch.setattr(command, "upgrade", upgrade)
    engine = database._engine(database._url(place), 30)
    with engine.begin() as connection:
        moment = sqlalchemy.bindparam("at", type_=tables.Moment)
        for text in (
            "INSERT INTO run VALUES (1, 'run', 'x', 'ok', :at, :at, '{}')",
            "INSERT INTO source_run VALUES (1, 's', 'failed', false, :at, '{}')",
            "INSERT INTO observation VALUES (1, 'seen', 'd', :at, :at, 1, '{\"content_key\": \"k\"}', 'all')",
        ):
            connection.execute(sqlalchemy.text(text).bindparams(moment), {"at": NOW})
        connection.execute(sqlalchemy.text("DELETE FROM migration WHERE revision <> '0001'"))
    engine.dispose()
    with Store.open(place, NOW + timedelta(days=1)) as store:
        assert store.run(1).state is RunState.OK
        assert store.attempts()["s"].started == NOW
        with store._reading() as connection:
            assert connection.execute(sqlalchemy.text("SELECT count(*) FROM observation")).scalar() == 1
            assert connection.execute(sqlalchemy.select(tables.migration.c.revision)).scalars().all() == list(
                tables.REVISIONS
            )
        with pytest.raises(sqlalchemy.exc.IntegrityError), store._writing() as connection:
            connection.execute(sqlalchemy.text("DELETE FROM observation"))


def _prune(folder: Path) -> None:
    clock = Clock(NOW + timedelta(days=90))
    with opened(folder, clock) as workspace:
        prune(workspace, clock())


def test_two_may_prune_at_once(folder: Path, clock: Clock):
    fill(folder, clock, 20, 4)
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_prune, args=(folder,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0]
    assert date and ConfigurationError
