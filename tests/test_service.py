"""Runs by itself: what is due is run once, whoever asks; what is killed or stopped is taken up again."""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import onserver
import pytest
from servers import Server, serving, silent
from workspaces import Clock, hand_over, make_workspace, opened

import checks
from harvester import lease, service
from harvester.cli import main
from harvester.config import load
from harvester.errors import RunLocked
from harvester.lease import hold
from harvester.ledger import RunState, SourceState
from harvester.results import RunResult
from harvester.service import Service, nightly, run_due
from harvester.sources import KINDS
from harvester.workspace import Workspace

ROOT = Path(__file__).parent.parent


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_workspace(tmp_path / "w")
    keep_few_agencies(made)
    schedule(made)
    hand_over(made, "a")
    return made


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def keep_few_agencies(folder: Path) -> None:
    register = folder / "config" / "agencies.csv"
    header, *rows = register.read_text("utf-8").splitlines()
    register.write_text("\n".join([header, *(row for row in rows if row.startswith("NA-P-SYT,"))]) + "\n", "utf-8")


def schedule(folder: Path, cron: str = "0 2 * * *", source: str = "so-y-te") -> None:
    path = folder / "config" / "sources" / f"{source}.toml"
    path.write_text(path.read_text("utf-8") + f'schedule = "{cron}"\n', "utf-8")


def remote(folder: Path, url: str, source: str = "xa", cron: str = "0 2 * * *") -> None:
    (folder / "config" / "sources" / f"{source}.toml").write_text(
        f'agency = "so-y-te"\nkind = "datapackage"\naddress = "{url}"\nschedule = "{cron}"\napproved = true\n'
        'allow_networks = ["127.0.0.0/8"]\n'
    )


def due_once(folder: Path, clock: Clock) -> RunResult:
    with opened(folder, clock) as workspace:
        return run_due(workspace, clock, judge=checks.check)


def serviced(workspace: Workspace, clock: Clock, folder: Path) -> Service:
    return Service(workspace, clock, lambda: load(folder, KINDS), judge=checks.check)


# ---------------------------------------------------------------- what is due


def test_what_is_due_is_run_once_and_then_by_its_schedule(folder: Path, clock: Clock):
    assert [source.id for source in due_once(folder, clock).sources] == ["so-y-te"]
    assert due_once(folder, clock).run is None
    clock.pass_by(hours=13)
    assert due_once(folder, clock).run is None
    clock.pass_by(days=3)
    assert due_once(folder, clock).run == 2
    assert due_once(folder, clock).run is None
    with opened(folder, clock) as workspace:
        assert len(workspace.store.runs()) == 2, "asking when nothing is due leaves no row"


def test_a_run_by_hand_is_an_attempt_too(folder: Path, clock: Clock):
    assert main(["-C", str(folder), "run", "--json"], clock=clock, environ={}) == 0
    assert due_once(folder, clock).run is None


def test_a_source_that_fails_is_backed_off_from_and_recovers(folder: Path, clock: Clock, server: Server):
    (folder / "config" / "sources" / "so-y-te.toml").unlink()
    remote(folder, server.url + "/datapackage.json", cron="*/5 * * * *")
    tried = []
    for _ in range(40):
        if due_once(folder, clock).run:
            tried.append(clock.now)
        clock.pass_by(minutes=60)
    hours = [round((after - before) / timedelta(hours=1)) for before, after in pairwise(tried)]
    assert hours == [1, 6, 23]
    package = {"name": "x", "resources": [{"name": "r", "path": "r.csv"}], "title": "T"}
    server.put("/datapackage.json", json.dumps(package).encode(), "application/json")
    server.put("/r.csv", b"a,b\n1,2\n")
    clock.pass_by(hours=23)
    assert due_once(folder, clock).sources[0].state is SourceState.OK
    with opened(folder, clock) as workspace:
        assert workspace.store.attempts()["xa"].failures == 0


def test_a_wait_that_a_server_asks_for_sets_the_next_attempt(folder: Path, clock: Clock, server: Server):
    from servers import status

    (folder / "config" / "sources" / "so-y-te.toml").unlink()
    remote(folder, server.url + "/datapackage.json", cron="*/5 * * * *")
    server.answers["/datapackage.json"] = [status(503, Retry_After="18000")]
    began = time.monotonic()
    assert due_once(folder, clock).sources[0].state is SourceState.FAILED
    assert time.monotonic() - began < 20, "five hours are not waited for"
    clock.pass_by(hours=4.9)
    assert due_once(folder, clock).run is None
    clock.pass_by(hours=0.2)
    assert due_once(folder, clock).run is not None
    assert server.count("/datapackage.json") == 2


def test_a_bug_in_one_source_is_named_and_stops_no_other(folder: Path, clock: Clock, monkeypatch):
    (folder / "ban-giao" / "khac").mkdir()
    text = (folder / "config" / "sources" / "so-y-te.toml").read_text("utf-8")
    (folder / "config" / "sources" / "khac.toml").write_text(text.replace("ban-giao/so-y-te", "ban-giao/khac"))
    real = service.run.__globals__["collected"]

    def broken(workspace, source, *rest, **options):
        if source.id == "khac":
            raise ZeroDivisionError("a value that must not be shown: 040085000012")
        return real(workspace, source, *rest, **options)

    monkeypatch.setitem(service.run.__globals__, "collected", broken)
    for attempt in range(1, 5):
        result = {source.id: source for source in due_once(folder, clock).sources}
        assert result["khac"].state is SourceState.FAILED
        assert [finding.code for finding in result["khac"].findings] == ["BUG-001"]
        assert "040085000012" not in str(result["khac"].findings)
        assert ("so-y-te" in result) == (attempt == 1)
    assert due_once(folder, clock).run is None, "taken up again three times, then backed off from"


# ---------------------------------------------------------------- never twice


def test_a_locked_source_is_left_to_who_has_it_and_the_exit_code_is_6(folder: Path, clock: Clock, capsys):
    with opened(folder, clock) as workspace:
        run = workspace.store.begin_run("run", "other", clock()).id
        with hold(workspace, "source:so-y-te", run, clock):
            with pytest.raises(RunLocked):
                due_once(folder, clock)
            assert main(["-C", str(folder), "run", "--due", "--json"], clock=clock, environ={}) == 6
            assert json.loads(capsys.readouterr().out)["error"]["code"] == "SVC-001"
        workspace.store.finish_run(run, RunState.OK, {}, clock())
        assert len(workspace.store.runs()) == 1
    assert main(["-C", str(folder), "run", "--due", "--json"], clock=clock, environ={}) == 0
    assert json.loads(capsys.readouterr().out)["run"] == 2
    assert main(["-C", str(folder), "run", "--due"], clock=clock, environ={}) == 0
    assert capsys.readouterr() == ("", ""), "cron mails what is printed"


def test_due_takes_no_names_and_is_no_trial(folder: Path, capsys):
    for words in (["so-y-te"], ["--dry-run"]):
        assert main(["-C", str(folder), "run", "--due", *words, "--json"], environ={}) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "SVC-005"


def test_many_who_ask_at_once_run_it_once(folder: Path, clock: Clock):
    def ask(_: int) -> int:
        try:
            with opened(folder, clock) as workspace:
                return sum(s.state is SourceState.OK for s in run_due(workspace, clock, judge=checks.check).sources)
        except RunLocked:
            return 0

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(ask, range(12))) == 1


def test_a_holder_on_another_machine_is_waited_for_and_its_writes_are_refused(
    folder: Path, tmp_path: Path, clock: Clock, monkeypatch
):
    """Two machines share a ledger, not a disk: only the lease stands between them."""
    monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 3600)
    with opened(folder, clock) as here:
        run = here.store.begin_run("run", "here", clock()).id
        with hold(here, "source:so-y-te", run, clock) as ours:
            monkeypatch.setattr("platform.node", lambda: "another-machine")
            (folder / "locks").rename(folder / "locks-of-here")
            with pytest.raises(RunLocked):
                due_once(folder, clock)
            clock.pass_by(seconds=61)
            assert due_once(folder, clock).sources[0].state is SourceState.OK
            for write in (
                lambda: here.store.mark_seen("so-y-te", set(), clock(), ours),
                lambda: here.store.plan("x", "publish", 1, {}, ours, clock()),
                lambda: here.store.begin_attempt("so-y-te", ours, clock()),
                lambda: here.store.end_attempt("so-y-te", ours, SourceState.OK, clock()),
            ):
                with pytest.raises(RunLocked) as refused:
                    write()
                assert refused.value.code == "STO-002"


# ---------------------------------------------------------------- killed, stopped


def _run_due(folder: Path) -> None:
    due_once(folder, Clock())


@pytest.mark.parametrize("machine", ["the same", "another"])
def test_a_killed_run_is_found_and_attempted_again_within_120_seconds(
    folder: Path, clock: Clock, server: Server, machine: str, monkeypatch
):
    remote(folder, server.url + "/datapackage.json")
    server.answers["/datapackage.json"] = [silent]
    child = multiprocessing.get_context("fork").Process(target=_run_due, args=(folder,))
    child.start()
    while not server.asked:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    package = {"name": "x", "resources": [{"name": "r", "path": "r.csv"}], "title": "T"}
    server.put("/datapackage.json", json.dumps(package).encode(), "application/json")
    server.put("/r.csv", b"a,b\n1,2\n")
    waited = 0
    if machine == "another":
        monkeypatch.setattr("platform.node", lambda: "another-machine")
        with pytest.raises(RunLocked):
            due_once(folder, clock)
        while waited < 120:
            waited += service.EVERY
            clock.pass_by(seconds=service.EVERY)
            try:
                result = due_once(folder, clock)
                break
            except RunLocked:
                continue
    else:
        result = due_once(folder, clock)
    assert waited < 120
    assert [s.id for s in result.sources if s.state is SourceState.OK] == ["xa"] or len(result.sources) == 2
    with opened(folder, clock) as workspace:
        assert {run.state for run in workspace.store.runs()} <= {RunState.KILLED, RunState.OK, RunState.PARTIAL}
        assert workspace.store.runs()[-1].state is RunState.KILLED
        assert workspace.store.attempts()["xa"].failures == 0


def test_a_stop_hands_back_what_is_under_way_within_seconds(folder: Path, clock: Clock, server: Server):
    remote(folder, server.url + "/datapackage.json")
    server.answers["/datapackage.json"] = [silent]
    with opened(folder, clock) as workspace:
        running = serviced(workspace, clock, folder)
        thread = threading.Thread(target=running.look)
        thread.start()
        while not server.asked:
            time.sleep(0.01)
        began = time.monotonic()
        assert running.stop()
        assert time.monotonic() - began < 8
        thread.join()
        attempt = workspace.store.attempts()["xa"]
        assert (attempt.failures, attempt.state) == (0, SourceState.SKIPPED)
        assert workspace.store.runs()[0].state is RunState.INTERRUPTED
        assert workspace.store.unfinished_runs() == workspace.store.open_entries() == ()
        running.look()
        assert len(workspace.store.runs()) == 1, "a stopped service begins nothing"
    assert "xa" in [source.id for source in service_due(folder, clock)]


def service_due(folder: Path, clock: Clock):
    with opened(folder, clock) as workspace:
        return service.due_now(workspace, clock())


# ---------------------------------------------------------------- its own configuration and round


def test_a_wrong_new_configuration_keeps_the_old_and_says_why(folder: Path, clock: Clock):
    path = folder / "config" / "sources" / "so-y-te.toml"
    right = path.read_text("utf-8")
    with opened(folder, clock) as workspace:
        running = serviced(workspace, clock, folder)
        path.write_text(right.replace("approved = true", "aproved = true"), "utf-8")
        assert not running.reload()
        assert running.mistake is not None and "aproved" in str(running.mistake.message)
        assert running.workspace.config.sources[0].approved
        path.write_text(right.replace("0 2 * * *", "0 3 * * *"), "utf-8")
        assert running.reload()
        assert (running.mistake, running.workspace.config.sources[0].schedule) == (None, "0 3 * * *")
        portal = folder / "config" / "portal.toml"
        portal.write_text(portal.read_text("utf-8").replace("Cổng dữ liệu", "Cổng khác"), "utf-8")
        assert not running.reload()
        assert running.mistake is not None and running.mistake.code == "SVC-002"


def test_the_nightly_round_comes_once_a_night_whoever_asks(folder: Path, clock: Clock):
    due_once(folder, clock)
    with opened(folder, clock) as workspace:
        assert [nightly(workspace, clock) for _ in range(3)] == [True, False, False]
        clock.pass_by(hours=17)
        assert [nightly(workspace, clock) for _ in range(2)] == [True, False]
        assert workspace.store.last_run("reconcile").state is RunState.OK


# ---------------------------------------------------------------- the process


@contextmanager
def served(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[str], str]]:
    """A real `opendata serve`, its log as it grows, and the address of its probes."""
    environ = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.environ["PATH"], "LC_ALL": "C"}
    if onserver.SERVER:
        environ["OPENDATA_DATABASE"] = onserver.url(folder)
    command = [sys.executable, "-m", "harvester", "-C", str(folder), "serve", "--listen", "127.0.0.1:0", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environ)
    log: list[str] = []
    reader = threading.Thread(target=lambda: log.extend(iter(process.stderr.readline, "")), daemon=True)
    reader.start()
    try:
        yield process, log, wait_for(log, r"probes at (\S+:\d+)")
    finally:
        process.kill()
        process.wait()
        reader.join(5)


def wait_for(log: list[str], pattern: str, seconds: float = 60) -> str:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for line in tuple(log):
            if found := re.search(pattern, line):
                return found[1] if found.groups() else line
        time.sleep(0.05)
    raise AssertionError(f"{pattern} never came: {log}")


def asked(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_serve_runs_what_is_due_reloads_and_stops_cleanly(folder: Path, server: Server):
    with served(folder, "--log", "json") as (process, log, address):
        wait_for(log, "run ended: ok")
        status, text = asked(address, "/healthz")
        assert (status, json.loads(text)["status"]) == (200, "ok")
        status, text = asked(address, "/metrics")
        assert status == 200
        assert "opendata_up 1\n" in text
        assert 'opendata_source_failures{source="so-y-te"} 0\n' in text
        assert asked(address, "/etc/passwd")[0] == 404
        path = folder / "config" / "sources" / "so-y-te.toml"
        right = path.read_text("utf-8")
        path.write_text(right + "x = 1\n", "utf-8")
        process.send_signal(signal.SIGHUP)
        wait_for(log, "CFG-003")
        assert json.loads(asked(address, "/healthz")[1])["configuration"] == "CFG-003"
        path.write_text(right, "utf-8")
        process.send_signal(signal.SIGHUP)
        wait_for(log, "was read again")
        began = time.monotonic()
        process.terminate()
        assert process.wait(15) == 0
        assert time.monotonic() - began < 10
    lines = [json.loads(line) for line in log]
    told = next(line for line in lines if line["message"].startswith("dataset settled"))
    assert (told["run"], told["source"], told["level"]) == (1, "so-y-te", "info")
    assert told["dataset"].startswith("so-y-te-")
    with opened(folder, Clock()) as workspace:
        assert workspace.store.unfinished_runs() == workspace.store.open_entries() == ()


def test_a_stop_in_the_middle_of_a_silent_source_takes_less_than_ten_seconds(folder: Path, server: Server):
    remote(folder, server.url + "/datapackage.json")
    server.answers["/datapackage.json"] = [silent]
    with served(folder) as (process, _, _):
        while not server.asked:
            time.sleep(0.02)
        began = time.monotonic()
        process.terminate()
        assert process.wait(15) == 0
        assert time.monotonic() - began < 10
    with opened(folder, Clock()) as workspace:
        assert workspace.store.runs()[0].state is RunState.INTERRUPTED
        assert workspace.store.attempts()["xa"].failures == 0


@pytest.mark.parametrize("address", ["8787", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"])
def test_an_address_to_listen_on_that_cannot_be_is_wrong_usage(folder: Path, address: str, capsys):
    assert main(["-C", str(folder), "serve", "--listen", address, "--json"], environ={}) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "SVC-004"


# ---------------------------------------------------------------- stories


def test_the_schedule_and_the_runs_can_be_read(folder: Path, clock: Clock, capsys):
    def told(*words: str) -> dict:
        assert main(["-C", str(folder), *words, "--json"], clock=clock, environ={}) == 0
        return json.loads(capsys.readouterr().out)

    assert told("schedule")["sources"][0]["due"] is True
    hand_over(folder, "hong", rows="")
    main(["-C", str(folder), "run", "--due", "--json"], clock=clock, environ={})
    capsys.readouterr()
    planned = told("schedule", "--count", "2")["sources"][0]
    assert (planned["due"], planned["failures"], planned["last_state"]) == (False, 0, "ok")
    assert [at[:13] for at in planned["next_runs"]] == ["2026-11-25T02", "2026-11-26T02"]
    (run,) = told("runs")["runs"]
    assert (run["run"], run["purpose"], run["state"], run["counts"]["published"]) == (1, "run", "ok", 1)
    story = told("runs", "show", "1")
    assert {d["title"]: d["outcome"] for d in story["sources"][0]["datasets"]} == {
        "Danh sách a": "published",
        "Danh sách hong": "refused",
    }
    assert any(finding["severity"] == "error" for finding in story["sources"][0]["findings"])
    for words in (["schedule"], ["runs"], ["runs", "show", "1"], ["alarms"]):
        for language in ("vi", "en"):
            main(["-C", str(folder), *words, "--lang", language], clock=clock, environ={})
            out = capsys.readouterr().out
            assert out and max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("words", [["runs", "show"], ["runs", "x"], ["runs", "show", "99"], ["runs", "show", "x"]])
def test_a_run_that_is_not_there_is_wrong_usage(folder: Path, words: list[str], capsys):
    assert main(["-C", str(folder), *words, "--json"], environ={}) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] in ("SVC-030", "SVC-031", "USE-003")
