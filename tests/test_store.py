"""The store keeps every promise of the ledger: nothing lost, nothing from a stale lease, nothing rewritten."""

import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from harvester.errors import ConfigurationError, PublicationRefused, RunLocked
from harvester.i18n import say
from harvester.ledger import (
    Decision,
    Fact,
    KnownDataset,
    Lease,
    Observation,
    RunState,
    SourceRun,
    SourceState,
    Step,
    Validators,
)
from harvester.model import Finding, Outcome, Report, Severity, Verdict
from harvester.store import Store, database, tables

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
HERE, THERE = "here:1", "there:1"
SERVER = os.environ.get("OPENDATA_TEST_DATABASE", "")  # postgresql://… with the right to create schemas
KINDS = ["sqlite", "postgresql"] if SERVER else ["sqlite"]


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: Alembic runs once."""
    path = tmp_path_factory.mktemp("template") / "state.db"
    Store.open(path, NOW).close()
    return path


@pytest.fixture(params=KINDS)
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of the test's own, where nothing is yet."""
    if request.param == "sqlite":
        yield str(tmp_path / "state.db")
        return
    schema = f"test_{uuid4().hex}"
    _on_server(f"CREATE SCHEMA {schema}")
    yield f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{schema}"
    _on_server(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def database_url(new_url: str, template: Path) -> str:
    """The address of an up-to-date database of the test's own."""
    if "://" in new_url:
        Store.open(new_url, NOW).close()
    else:
        shutil.copy(template, new_url)
    return new_url


def _on_server(statement: str) -> None:
    engine = sqlalchemy.create_engine(SERVER.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(statement))
    engine.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, NOW) as opened:
        yield opened


@pytest.fixture
def lease(store: Store) -> Lease:
    return claimed(store)


def claimed(store: Store, key: str = "source:s", holder: str = HERE, now: datetime = NOW) -> Lease:
    lease = store.claim(key, store.begin_run("run", "an@host", now).id, holder, now)
    assert lease
    return lease


def known(name: str, **fields: Any) -> KnownDataset:
    return KnownDataset(name, **({"source": "s", "identifier": name, "agency": "a", "title": "Tên"} | fields))


def seen(name: str, valid: datetime, run: int = 1, recorded: datetime | None = None) -> Observation:
    return Observation(Fact.SEEN, name, valid, recorded or valid, run, {"content_key": "k"})


def everything(store: Store) -> list[Any]:
    """All rows of all tables but the migrations."""
    with store._reading() as connection:
        return [
            connection.execute(sqlalchemy.select(table)).all()
            for table in tables.metadata.sorted_tables
            if table is not tables.migration
        ]


# ---------------------------------------------------------------- runs and leases


def test_a_run_has_one_end(store: Store):
    first, second = store.begin_run("run", "an@host", NOW), store.begin_run("publish", "an@host", at(1))
    assert store.unfinished_runs() == (first, second)
    assert store.finish_run(first.id, RunState.KILLED, {}, at(2))
    assert not store.finish_run(first.id, RunState.OK, {"sources": []}, at(3)), "found dead: it cannot end again"
    assert store.finish_run(second.id, RunState.OK, {"tiêu đề": ["Dữ liệu"]}, at(3))
    ended = replace(second, state=RunState.OK, ended=at(3), summary={"tiêu đề": ["Dữ liệu"]})
    assert store.run(second.id) == ended
    assert store.runs() == (ended, replace(first, state=RunState.KILLED, ended=at(2)))
    assert store.runs(limit=1) == (ended,)
    assert store.unfinished_runs() == ()
    assert store.run(99) is None


def test_another_machine_waits_until_the_lease_ends(store: Store):
    lease = claimed(store)
    assert store.claim("source:s", lease.run, THERE, at(0.9)) is None
    assert store.renew(lease, at(0.9))
    assert store.claim("source:s", lease.run, THERE, at(1.5)) is None
    taken = store.claim("source:s", lease.run, THERE, at(1.9))
    assert taken == Lease("source:s", lease.run, 2)
    assert not store.renew(lease, at(2))


def test_a_dead_holder_on_the_same_machine_is_followed_at_once(store: Store):
    first = claimed(store)
    second = store.claim("source:s", first.run, "here:2", NOW)
    assert second == Lease("source:s", first.run, 2)
    with pytest.raises(RunLocked):
        store.check(first)
    store.check(second)


def test_a_released_lease_is_free_and_writes_no_more(store: Store):
    lease = claimed(store)
    store.release(lease)
    with pytest.raises(RunLocked):
        store.check(lease)
    assert not store.renew(lease, NOW)
    assert store.claim("source:s", lease.run, THERE, NOW) == Lease("source:s", lease.run, 2)
    store.release(lease)
    assert store.claim("source:s", lease.run, HERE, NOW) is None, "a stale release frees nothing"


def stale_writes(store: Store, stale: Lease, entry: int) -> list[Callable[[], Any]]:
    fact = seen("d", NOW, stale.run)
    return [
        partial(store.register, known("new"), stale),
        partial(store.settle, stale, [known("d", version=7)], [fact]),
        partial(store.move, "d", "elsewhere", stale),
        partial(store.mark_seen, "s", set(), NOW, stale),
        partial(store.observe, [fact], stale),
        partial(store.plan, "e", "publish", 2, {}, stale, NOW),
        partial(store.close_entry, entry, Step.DONE, stale, NOW, [known("d", version=7)], [fact]),
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_stale_lease_writes_nothing(store: Store, lease: Lease, number: int):
    for name in ("d", "e"):
        store.register(known(name), lease)
    entry = store.plan("d", "publish", 1, {}, lease, NOW)
    store.claim("source:s", lease.run, HERE, NOW)
    before = everything(store)
    with pytest.raises(RunLocked) as refused:
        stale_writes(store, lease, entry.id)[number]()
    assert refused.value.code == "STO-002"
    assert everything(store) == before


class Leases(RuleBasedStateMachine):
    """Two processes on each of two machines fight for one key; a clock moves; a model says who may write."""

    store: Store  # given by the test

    def __init__(self) -> None:
        super().__init__()
        self.key, self.now = uuid4().hex, NOW
        self.run = self.store.begin_run("run", "an@host", NOW).id
        self.granted: list[Lease] = []
        self.holder, self.expires = "", NOW  # the model: "" is free

    @rule(holder=st.sampled_from(["a:1", "a:2", "b:1", "b:2"]), seconds=st.integers(1, 60))
    def claim(self, holder: str, seconds: int) -> None:
        free = not self.holder or self.expires <= self.now or self.holder[0] == holder[0]
        lease = self.store.claim(self.key, self.run, holder, self.now, seconds)
        assert lease == (Lease(self.key, self.run, len(self.granted) + 1) if free else None)
        if lease:
            self.granted.append(lease)
            self.holder, self.expires = holder, self.now + timedelta(seconds=seconds)

    @precondition(lambda self: self.granted)
    @rule(data=st.data(), seconds=st.integers(1, 60))
    def renew(self, data: st.DataObject, seconds: int) -> None:
        lease = data.draw(st.sampled_from(self.granted))
        current = bool(self.holder) and lease == self.granted[-1]
        assert self.store.renew(lease, self.now, seconds) == current
        if current:
            self.expires = self.now + timedelta(seconds=seconds)

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.granted))
        self.store.release(lease)
        if lease == self.granted[-1]:
            self.holder = ""

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def only_the_last_may_write(self) -> None:
        for lease in self.granted[-3:]:
            if self.holder and lease == self.granted[-1]:
                self.store.check(lease)
            else:
                with pytest.raises(RunLocked):
                    self.store.check(lease)


def test_leases_follow_the_model(store: Store):
    machine = type("LeasesOfStore", (Leases,), {"store": store})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))


def test_how_a_source_fared_is_kept(store: Store):
    run, later = (store.begin_run("run", "an@host", NOW).id for _ in range(2))
    fared = SourceRun(run, "s", SourceState.PARTIAL, False, NOW, {"listed": 3})
    store.record_source_run(fared)
    again = replace(fared, state=SourceState.OK, complete=True)
    store.record_source_run(again)
    store.record_source_run(replace(again, run=later, source="other"))
    assert store.last_source_run("s") == again
    assert store.last_source_run("never") is None


# ---------------------------------------------------------------- datasets


def test_a_dataset_is_known_by_its_name_and_by_its_source(store: Store, lease: Lease):
    one = known("d", identifier="Sở/1", outcome=Outcome.HELD, last_changed=NOW)
    store.register(one, lease)
    assert store.known("s", "Sở/1") == store.named("d") == one
    assert store.known("other", "Sở/1") is None
    store.move("d", "Sở/2", lease)
    assert store.known("s", "Sở/1") is None
    assert store.known("s", "Sở/2") == replace(one, identifier="Sở/2")


@pytest.mark.parametrize("second", [known("d", identifier="2"), known("e", identifier="d")])
def test_two_datasets_never_share_an_identity(store: Store, lease: Lease, second: KnownDataset):
    store.register(known("d"), lease)
    with pytest.raises(PublicationRefused) as refused:
        store.register(second, lease)
    assert refused.value.code == "STO-010"
    assert list(store.datasets()) == [known("d")]
    store.register(known("f"), lease)
    with pytest.raises(PublicationRefused):
        store.move("f", "d", lease)


def test_datasets_are_walked_by_name_whatever_their_number(store: Store, lease: Lease, monkeypatch: Any):
    monkeypatch.setattr("harvester.store.datasets.PAGE", 3)
    names = ["a", "a-b", "a0", "ab", "b-a", "ba", "c"]
    for number, name in enumerate(reversed(names)):
        store.register(known(name, agency="xy"[number % 2], source="st"[number // 4]), lease)
    assert [dataset.name for dataset in store.datasets()] == names
    assert [dataset.name for dataset in store.datasets(source="t", agency="x")] == ["a", "a0"]


def test_settling_changes_how_datasets_stand_never_who_they_are(store: Store, lease: Lease):
    for name in ("d", "e"):
        store.register(known(name), lease)
    stands = {
        "title": "Mới",
        "agency": "other",
        "content_key": "k",
        "checks_version": "1",
        "outcome": Outcome.PUBLISHED,
    }
    stands |= {"outcome": Outcome.PUBLISHED, "version": 2, "url": "u", "last_changed": NOW, "missing_since": at(1)}
    store.settle(lease, [known("d", identifier="x", **stands)], [seen("d", NOW)])
    assert store.named("d") == known("d", **stands)
    assert store.named("e") == known("e")
    assert store.live("s") == 1
    assert [facts.observations for facts in store.facts(NOW)] == [(seen("d", NOW),)]


def test_what_a_listing_left_out_is_missing_until_it_is_seen_again(store: Store, lease: Lease):
    for name in ("a", "b", "c"):
        store.register(known(name), lease)
    store.register(known("x", source="other"), lease)
    assert store.mark_seen("s", {"a"}, at(1), lease, complete=False) == (), "an incomplete listing proves no absence"
    gone = known("b", missing_since=at(2)), known("c", missing_since=at(2))
    assert store.mark_seen("s", {"a"}, at(2), lease) == gone
    assert store.mark_seen("s", {"a", "b"}, at(3), lease, complete=False) == gone[1:], "but it does prove presence"
    assert store.mark_seen("s", {"a", "b"}, at(4), lease) == gone[1:] == tuple(store.missing("s"))
    assert store.named("x") == known("x", source="other")


# ---------------------------------------------------------------- the journal


def test_an_effect_is_open_until_it_was_read_back(store: Store, lease: Lease):
    store.register(known("d"), lease)
    entry = store.plan("d", "publish", 1, {"title": "Tên"}, lease, NOW)
    assert store.open_entries() == (entry,)
    with pytest.raises(PublicationRefused) as refused:
        store.plan("d", "withdraw", 1, {}, lease, NOW)
    assert refused.value.code == "STO-011"
    published = known("d", version=1, outcome=Outcome.PUBLISHED)
    store.close_entry(entry.id, Step.DONE, lease, at(1), [published], [seen("d", at(1), lease.run)])
    done = replace(entry, step=Step.DONE, closed_at=at(1))
    assert (store.open_entries(), store.versions("d"), store.last_done("d")) == ((), (done,), done)
    assert store.named("d") == published
    with pytest.raises(RunLocked):
        store.close_entry(entry.id, Step.UNDONE, lease, at(2))


def test_versions_are_those_that_were_published(store: Store, lease: Lease):
    store.register(known("d"), lease)
    for version, action, step in ((1, "publish", Step.DONE), (2, "publish", Step.UNDONE), (1, "withdraw", Step.DONE)):
        store.close_entry(store.plan("d", action, version, {}, lease, NOW).id, step, lease, NOW)
    assert [(entry.version, entry.action) for entry in store.versions("d")] == [(1, "publish")]
    last = store.last_done("d")
    assert last
    assert last.action == "withdraw"
    assert store.last_done("never") is None


def test_an_unknown_dataset_has_no_journal(store: Store, lease: Lease):
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        store.plan("never registered", "publish", 1, {}, lease, NOW)
    assert store.open_entries() == ()


# ---------------------------------------------------------------- facts


def read_back(minute: int, *verdicts: Verdict | str) -> Observation:
    value = {"verdicts": dict(zip(("C03", "C11", "C12"), verdicts, strict=True))}
    return Observation(Fact.READ_BACK, "d", at(minute), at(minute), 1, value)


def test_of_facts_that_come_with_every_run_the_last_ones_are_read(store: Store, lease: Lease):
    store.register(known("d"), lease)
    store.register(known("e"), lease)
    collected = [
        Observation(Fact.COLLECTED, "d", at(n), at(n), 1, {"content_key": "k", "title": f"Tên {n}"}) for n in (0, 1, 9)
    ]
    answers = [
        read_back(2, "met", "met", "met"),
        read_back(3, "met", "met", "not_met"),
        read_back(4, "met", "unknown", "met"),
        read_back(5, "unknown", "unknown", "unknown"),
        read_back(6, *[Verdict.UNKNOWN] * 3),
    ]
    outcomes = [Observation(Fact.OUTCOME, "d", at(n), at(n), 1, {"outcome": "unchanged"}) for n in (7, 8)]
    store.observe([*collected, *answers, seen("d", at(1)), seen("d", at(3)), seen("d", at(9)), *outcomes])
    (facts,) = store.facts(at(8))
    assert facts.title == "Tên 1", "as it was known then"
    assert list(facts.observations) == [
        *collected[:2],
        answers[1],
        seen("d", at(3)),
        answers[2],
        replace(answers[4], value={"verdicts": {"C03": "unknown", "C11": "unknown", "C12": "unknown"}}),
        outcomes[1],
    ]


def test_of_the_portals_listings_the_last_complete_and_the_last_incomplete_one_are_read(store: Store, lease: Lease):
    listed = [
        Observation(Fact.LISTED, "", at(n), at(n), lease.run, {"complete": complete, "datasets": n})
        for n, complete in enumerate([True, True, False, False])
    ]
    store.observe(listed)
    assert store.portal_facts(at(9)) == (listed[1], listed[3])
    assert store.portal_facts(at(9), known_at=at(1)) == (listed[1],)
    assert store.portal_facts(at(-1)) == ()
    assert list(store.facts(at(9))) == []


def test_facts_are_walked_by_name_whatever_their_number(store: Store, lease: Lease, monkeypatch: Any):
    monkeypatch.setattr("harvester.store.facts.PAGE", 2)
    for name in "gfedcba":
        store.register(known(name), lease)
    store.observe([seen(name, NOW) for name in "aefg"])
    assert [(facts.name, facts.observations) for facts in store.facts(NOW)] == [(n, (seen(n, NOW),)) for n in "aefg"]


MOMENTS = st.integers(0, 6)
FACTS = st.sampled_from([Fact.COLLECTED, Fact.CHECKED, Fact.SEEN, Fact.OUTCOME])


@given(
    entered=st.lists(st.tuples(FACTS, st.sampled_from("de"), MOMENTS, MOMENTS), max_size=15), until=MOMENTS, cut=MOMENTS
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_recorded_later_never_changes_what_was_known(
    store: Store, entered: list[tuple[Fact, str, int, int]], until: int, cut: int
):
    """And what was known is what a plain reading of the list says."""
    suffix = uuid4().hex
    lease = claimed(store, suffix)
    for name in "de":
        store.register(known(name + suffix), lease)
    rows = [
        Observation(fact, name + suffix, at(valid), at(recorded), lease.run, {"title": "T", "content_key": "k"})
        for fact, name, valid, recorded in sorted(entered, key=lambda row: row[3])
    ]
    earlier = [row for row in rows if row.recorded_at <= at(cut)]

    def known_then() -> dict[str, tuple[Observation, ...]]:
        return {
            facts.name: facts.observations
            for facts in store.facts(at(until), known_at=at(cut))
            if facts.name.endswith(suffix)
        }

    store.observe(earlier, lease)
    before = known_then()
    store.observe(rows[len(earlier) :], lease)
    assert known_then() == before == expected(earlier, at(until))


def expected(rows: list[Observation], until: datetime) -> dict[str, tuple[Observation, ...]]:
    answer = {}
    for name in sorted({row.dataset for row in rows}):
        mine = sorted((r for r in rows if r.dataset == name and r.valid_at <= until), key=lambda r: r.valid_at)
        last = {row.fact: number for number, row in enumerate(mine)}
        kept = [r for n, r in enumerate(mine) if r.fact in (Fact.COLLECTED, Fact.CHECKED) or last[r.fact] == n]
        if kept:
            answer[name] = tuple(kept)
    return answer


DECISION = Decision("d", "C17", Verdict.MET, "12/CV", "An", "Đã xem", date(2026, 11, 25), None, at(2))


def test_known_at_is_the_time_of_the_last_thing_a_count_reads(store: Store, lease: Lease):
    assert store.last_recorded() is None
    store.record_revisions({"agencies.csv": b"1"}, at(1))
    assert store.last_recorded(NOW) == at(1)
    store.observe([seen("d", at(5), lease.run, recorded=at(6)), seen("d", NOW, lease.run, recorded=at(3))])
    assert store.last_recorded() == store.last_recorded(at(5)) == at(6)
    assert store.last_recorded(at(4)) == at(3)
    store.decide(replace(DECISION, recorded_at=at(9)))
    assert store.last_recorded(at(5)) == at(6), "a decision for tomorrow"
    assert store.last_recorded(NOW + timedelta(days=1)) == at(9)


def test_decisions_are_read_as_they_were_known(store: Store):
    second = replace(DECISION, verdict=Verdict.NOT_MET, expires=date(2027, 1, 1), recorded_at=at(4))
    store.decide(DECISION)
    store.decide(second)
    assert store.decisions() == (DECISION, second)
    assert store.decisions(known_at=at(3)) == (DECISION,)
    assert store.decisions(known_at=at(1)) == ()


def test_the_configuration_is_read_as_it_was_known(store: Store):
    assert (store.first_recorded(), store.revisions()) == (None, {})
    steps = [
        ({"a": b"1", "b": b""}, 2),
        ({"a": b"1", "b": b""}, 0),
        ({"a": b"2"}, 2),
        ({"a": b"2", "b": b""}, 1),
        ({"a": b"1", "b": b""}, 1),
        ({}, 2),
    ]
    assert [store.record_revisions(documents, at(n)) for n, (documents, _) in enumerate(steps)] == [n for _, n in steps]
    for minute, (documents, _) in enumerate(steps):
        contents = {name: revision.content for name, revision in store.revisions(known_at=at(minute)).items()}
        assert contents == documents
    assert store.revisions(known_at=at(-1)) == {}
    assert store.first_recorded() == NOW
    assert store.revisions(known_at=at(1))["a"].recorded_at == NOW


@pytest.mark.parametrize("table", ["observation", "decision", "revision"])
@pytest.mark.parametrize("change", ["UPDATE {} SET recorded_at = recorded_at", "DELETE FROM {}"])
def test_the_database_refuses_to_rewrite_what_was_recorded(store: Store, lease: Lease, table: str, change: str):
    store.observe([seen("d", NOW, lease.run)])
    store.decide(DECISION)
    store.record_revisions({"a": b"1"}, NOW)
    before = everything(store)
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"), store._writing() as connection:
        connection.execute(sqlalchemy.text(change.format(table)))
    assert everything(store) == before


def test_a_time_without_a_zone_is_not_stored(store: Store):
    with pytest.raises(sqlalchemy.exc.StatementError, match="without a zone"):
        store.begin_run("run", "an@host", NOW.replace(tzinfo=None))
    assert store.runs() == ()


def test_a_local_time_comes_back_in_utc(store: Store):
    started = store.begin_run("run", "an@host", datetime.fromisoformat("2026-11-24T14:30:00+07:00")).started
    assert (started, started.utcoffset()) == (NOW, timedelta(0))


# ---------------------------------------------------------------- memory


def test_a_report_is_kept_by_content_and_version_of_the_checks(store: Store):
    finding = Finding("TAB-001", Severity.ERROR, say("{file}", file="Dữ liệu.csv"), rule="C05")
    report = Report("1", (finding,), {"C05": Verdict.NOT_MET}, ())
    store.keep_report("k", "1", report)
    assert store.report("k", "1") == report
    assert store.report("k", "2") is None
    store.keep_report("k", "1", replace(report, licence="cc-by-4.0"))
    assert store.report("k", "1") == replace(report, licence="cc-by-4.0")


def test_a_report_that_cannot_be_read_is_as_none(store: Store):
    with store._writing() as connection:
        row = {"content_key": "k", "checks_version": "1", "body": b"not a report"}
        connection.execute(sqlalchemy.insert(tables.report), [row])
    assert store.report("k", "1") is None


def test_what_a_server_said_is_remembered(store: Store):
    first, second = Validators('"1"', "", "a" * 64), Validators('"2"', "Tue", "b" * 64, "text/csv")
    store.remember({"https://a.vn/1": first, "https://a.vn/2": second})
    store.remember({"https://a.vn/1": second})
    store.remember({})
    assert store.validators("https://a.vn/1") == store.validators("https://a.vn/2") == second
    assert store.validators("https://a.vn/3") is None


# ---------------------------------------------------------------- several at once, and killed


def _work(url: str, number: int) -> None:
    with Store.open(url, NOW) as store:
        run = store.begin_run("run", f"{number}@host", NOW).id
        for _ in range(20):
            lease = store.claim("source:s", run, f"here:{number}", NOW)
            assert lease
            store.observe([seen("d", NOW, run)])


def _in_children(target: Callable[..., None], calls: list[tuple[Any, ...]]) -> list[int | None]:
    """Exit codes of one forked process for each call."""
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=target, args=call) for call in calls]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    return [child.exitcode for child in children]


def test_four_processes_lose_nothing(database_url: str):
    assert _in_children(_work, [(database_url, number) for number in range(4)]) == [0] * 4
    with Store.open(database_url, NOW) as store:
        assert len(store.runs()) == 4
        lease = store.claim("source:s", 1, HERE, NOW)
        assert lease
        assert lease.fence == 81, "each of 80 claims got a fence of its own"
        rows = sqlalchemy.select(sqlalchemy.func.count()).select_from(tables.observation)
        with store._reading() as connection:
            assert connection.execute(rows).scalar() == 80


def test_threads_share_a_store(store: Store):
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda n: store.begin_run("run", str(n), NOW).id, range(40)))
    assert sorted(runs) == sorted(run.id for run in store.runs(limit=99))
    assert len(set(runs)) == 40


def _open_new(url: str) -> None:
    Store.open(url, NOW).close()


def test_four_processes_create_one_database(new_url: str):
    assert _in_children(_open_new, [(new_url,)] * 4) == [0] * 4
    with Store.open(new_url, NOW) as store:
        assert store.runs() == ()


def _write_until_killed(url: str, acknowledged: Any) -> None:
    with Store.open(url, NOW) as store:
        while True:
            acknowledged.send(store.begin_run("run", "an@host", NOW).id)


def test_a_killed_writer_loses_nothing_it_was_told_is_kept(database_url: str):
    fork, promised = multiprocessing.get_context("fork"), []
    for count in (1, 2, 5, 13, 34):
        ours, theirs = fork.Pipe(duplex=False)
        child = fork.Process(target=_write_until_killed, args=(database_url, theirs))
        child.start()
        theirs.close()
        promised += [ours.recv() for _ in range(count)]
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        while ours.poll():
            try:
                promised.append(ours.recv())
            except EOFError:
                break
    with Store.open(database_url, NOW) as store:
        kept = {run.id for run in store.unfinished_runs()}
    assert len(promised) >= 55
    assert set(promised) <= kept


# ---------------------------------------------------------------- opening and migrating


def test_migrating_from_nothing_gives_the_tables_of_the_code(store: Store):
    with store._reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": database.VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []
        migrated = connection.execute(sqlalchemy.select(tables.migration)).all()
    assert migrated == [(name, NOW) for name in tables.REVISIONS]


def test_the_code_knows_every_revision():
    scripts = ScriptDirectory(str(database.MIGRATIONS)).walk_revisions()
    assert tuple(script.revision for script in scripts) == tables.REVISIONS[::-1]


def test_an_up_to_date_database_is_opened_without_alembic(database_url: str, monkeypatch: Any):
    monkeypatch.setattr(database, "_migrate", None)
    Store.open(database_url, NOW).close()


def test_a_newer_database_is_left_alone(database_url: str):
    with Store.open(database_url, NOW) as store, store._writing() as connection:
        connection.execute(sqlalchemy.text(f"UPDATE {database.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ConfigurationError) as refused:
        Store.open(database_url, NOW)
    assert refused.value.code == "STO-001"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.mkdir(), "STO-006"),
        (lambda path: path.write_bytes(b"<html>not a database</html>" * 99), "STO-009"),
        (lambda path: path.write_bytes(path.with_name("template").read_bytes()[:8000]), "STO-009"),
        (lambda path: sqlite3.connect(path).execute("CREATE TABLE run (x)").connection.close(), "STO-005"),
    ],
    ids=["a folder", "a page", "cut short", "of another program"],
)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(
    template: Path, tmp_path: Path, make: Callable[[Path], None], code: str
):
    shutil.copy(template, tmp_path / "template")
    path = tmp_path / "state.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(ConfigurationError) as refused:
        Store.open(path, NOW)
    assert refused.value.code == code
    assert str(path) in refused.value.message.render("vi")
    if code == "STO-009":
        assert path.read_bytes() == before


def test_a_missing_folder_is_not_made(tmp_path: Path):
    with pytest.raises(ConfigurationError) as refused:
        Store.open(tmp_path / "gone" / "state.db", NOW)
    assert refused.value.code == "STO-006"
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_another_program_keeps_locked_is_named(template: Path):
    with Store.open(template, NOW, patience=0.05) as store:
        other = sqlite3.connect(template)
        other.execute("BEGIN IMMEDIATE")
        assert store.runs() == (), "reading goes on"
        with pytest.raises(RunLocked) as refused:
            store.begin_run("run", "an@host", NOW)
        other.close()
    assert refused.value.code == "STO-008"


@pytest.mark.parametrize("pragma", ["max_page_count = 1", "query_only = ON"], ids=["disk full", "read-only"])
def test_a_file_that_cannot_grow_or_be_written_is_explained(template: Path, tmp_path: Path, pragma: str):
    shutil.copy(template, tmp_path / "state.db")
    with Store.open(tmp_path / "state.db", NOW) as store:
        run = store.begin_run("run", "an@host", NOW).id
        before = everything(store)
        store._engine.dispose()
        sqlalchemy.event.listen(store._engine, "connect", lambda dbapi, _: dbapi.execute(f"PRAGMA {pragma}"))
        with pytest.raises(ConfigurationError) as refused:
            store.observe([seen(f"d{n}", NOW, run) for n in range(500)])
        assert refused.value.code == "STO-006"
        assert everything(store) == before


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://u:secret@host/db", "STO-003"),
        ("postgresql://host", "STO-003"),
        ("://", "STO-003"),
        ("sqlite://", "STO-003"),
        ("postgresql://u:secret@127.0.0.1:1/db", "STO-004 STO-007"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_the_password(url: str, code: str):
    with pytest.raises(ConfigurationError) as refused:
        Store.open(url, NOW)
    assert refused.value.code in code
    shown = refused.value.to_json("vi")
    assert "secret" not in str(shown)
