"""What need not be kept: facts that later ones repeat, ended runs, old versions. What a figure rests on stays."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, update

from harvester.ledger import Fact, RunState, SourceState, Step
from harvester.model import ZONE
from harvester.store import tables
from harvester.store.database import Database

REPEATED = (Fact.SEEN, Fact.READ_BACK, Fact.LISTED)
"""Facts that come with every run, changed or not (the database refuses to delete any other)."""
RUNS, VERSIONS = 20, 20
"""The last runs, whole; the last published versions of a dataset, for `rollback`."""
EACH_DAY, EACH_WEEK = timedelta(days=7), timedelta(days=35)
"""Repeated facts older than this are kept once a day, then once a week: figures are asked for the ends of days, and an
observation carries for seven."""
NOTICES = timedelta(days=90)
PAGE = 200  # datasets whose facts are thinned in one transaction


class Retention(Database):
    """The part of the store that forgets."""

    def forget(self, now: datetime, by_week: bool, dry_run: bool = False) -> Mapping[str, int]:
        """Delete repeated facts that change no figure of any day, ended runs but the last and the failed, old versions.

        `by_week`: an observation a week is enough for what is old. Returns how many rows of each kind; a dry run
        writes nothing.
        """
        facts, pages = 0, self._pages()
        if dry_run:
            with self._writing() as connection:
                facts = sum(_thin(connection, page, now, by_week) for page in pages)
                rows = _forget(connection, now)
                connection.rollback()
            return {"facts": facts, **rows}
        for page in pages:
            with self._writing() as connection:
                facts += _thin(connection, page, now, by_week)
        with self._writing() as connection:
            return {"facts": facts, **_forget(connection, now)}

    def hashes(self) -> set[str]:
        """The SHA-256 of every content that something still refers to."""
        with self._reading() as connection:
            found = set(connection.execute(select(tables.validators.c.sha256)).scalars())
            plans = select(tables.journal.c.plan).execution_options(yield_per=100)
            for plan in connection.execute(plans).scalars():
                found.update(file["sha256"] for file in plan.get("publication", {}).get("files", ()))
        return found

    def compact(self) -> None:
        """Give room back to the disk (SQLite; a PostgreSQL server does so by itself)."""
        if self._engine.dialect.name == "sqlite":
            with self._reader.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def _pages(self) -> list[list[str]]:
        """The names of which there are facts, a page for each transaction; "" is the portal."""
        with self._reading() as connection:
            names = list(connection.execute(select(tables.dataset.c.name)).scalars())
        return [["", *names[:PAGE]], *(names[start : start + PAGE] for start in range(PAGE, len(names), PAGE))]


def _thin(connection: Connection, names: list[str], now: datetime, by_week: bool) -> int:
    ids = [id for name in names for id in _repeated(connection, name, now, by_week)]
    _delete_facts(connection, ids)
    return len(ids)


def _forget(connection: Connection, now: datetime) -> dict[str, int]:
    newest = select(tables.run.c.id).order_by(tables.run.c.id.desc()).limit(1).offset(RUNS - 1)
    before = connection.execute(newest).scalar() or 0
    return {
        "leases": _forget_leases(connection),
        "source_runs": _forget_source_runs(connection, before),
        "versions": _forget_versions(connection),
        "reports": _forget_reports(connection),
        "runs": _forget_runs(connection, before),
        "notices": _forget_notices(connection, now),
    }


def _repeated(connection: Connection, dataset: str, now: datetime, by_week: bool) -> list[int]:
    """The facts of one dataset (or "": the portal) that its others make superfluous."""
    table = tables.observation.c
    rows = select(table.id, table.fact, table.answered, table.valid_at, table.value)
    old = rows.where(table.dataset == dataset, table.fact.in_(REPEATED), table.valid_at < now - EACH_DAY)
    order = (table.fact, table.answered, table.valid_at, table.recorded_at, table.id)
    gone = []
    for _, group in groupby(connection.execute(old.order_by(*order)), lambda row: (row.fact, row.answered)):
        facts = list(group)
        for before, fact, after in zip([None, *facts], facts, [*facts[1:], None], strict=False):
            same = before and after and before.value == fact.value == after.value
            if same and after and _period(fact.valid_at, now, by_week) == _period(after.valid_at, now, by_week):
                gone.append(fact.id)
    return gone


def _period(at: datetime, now: datetime, by_week: bool) -> tuple[int, ...]:
    day = at.astimezone(ZONE).date()
    return day.isocalendar()[:2] if by_week and at < now - EACH_WEEK else (day.year, day.month, day.day)


def _delete_facts(connection: Connection, ids: list[int]) -> None:
    if ids:
        connection.execute(insert(tables.pruning).values(allowed=1))
        for start in range(0, len(ids), 500):
            connection.execute(delete(tables.observation).where(tables.observation.c.id.in_(ids[start : start + 500])))
        connection.execute(delete(tables.pruning))


def _forget_leases(connection: Connection) -> int:
    """Of runs that have ended; those of sources and datasets stay, because their fences must only grow."""
    lease, run = tables.lease.c, tables.run.c
    ended = select(run.id).where(run.state != RunState.RUNNING)
    return connection.execute(delete(tables.lease).where(lease.key.like("run:%"), lease.run.in_(ended))).rowcount


def _forget_source_runs(connection: Connection, before: int) -> int:
    """How a source fared well in an old run; the last word on every source stays."""
    table = tables.source_run
    newest = select(func.max(table.c.run)).group_by(table.c.source)
    well = (SourceState.OK, SourceState.SKIPPED)
    old = delete(table).where(table.c.run < before, table.c.state.in_(well), table.c.run.not_in(newest))
    return connection.execute(old).rowcount


def _forget_versions(connection: Connection) -> int:
    """Published versions that no rollback will want; never the last effect on a dataset."""
    table = tables.journal
    rank = func.row_number().over(partition_by=table.c.dataset, order_by=table.c.id.desc())
    ranked = select(table.c.id, rank.label("rank")).where(table.c.step != Step.PLANNED).subquery()
    old = select(ranked.c.id).where(ranked.c.rank > VERSIONS)
    return connection.execute(delete(table).where(table.c.id.in_(old))).rowcount


def _forget_reports(connection: Connection) -> int:
    """On contents that no dataset has any more and no kept version had."""
    report = tables.report
    current = select(tables.dataset.c.content_key)
    kept = select(tables.journal.c.plan["content_key"].as_string()).where(tables.journal.c.action == "publish")
    old = delete(report).where(report.c.content_key.not_in(current), report.c.content_key.not_in(kept))
    return connection.execute(old).rowcount


def _forget_runs(connection: Connection, before: int) -> int:
    """Old runs: of those that went well the row, if nothing refers to it; of all, the lines of what went well."""
    run = tables.run
    referring = (tables.observation, tables.journal, tables.source_run, tables.lease, tables.attempt)
    referred = or_(*(exists().where(table.c.run == run.c.id) for table in referring))
    old = (run.c.id < before, run.c.state == RunState.OK)
    gone = connection.execute(delete(run).where(*old, ~referred)).rowcount
    wordy = select(run.c.id, run.c.summary, run.c.state).where(run.c.id < before, run.c.state != RunState.RUNNING)
    for id, summary, state in connection.execute(wordy).all():
        short = _shortened(summary, state)
        if short != summary:
            connection.execute(update(run).where(run.c.id == id).values(summary=short))
    return gone


def _shortened(summary: Mapping[str, Any], state: RunState) -> Mapping[str, Any]:
    if state is RunState.OK:
        return {}
    bad = [source for source in summary.get("sources", ()) if source["state"] not in ("ok", "skipped")]
    told = [{key: source[key] for key in source if key != "datasets"} for source in bad]
    return {**summary, "sources": told} if "sources" in summary else summary


def _forget_notices(connection: Connection, now: datetime) -> int:
    table = tables.notice
    newest_digest = select(func.max(table.c.id)).where(table.c.change == "digest")
    old = delete(table).where(
        table.c.sent < now - NOTICES, or_(table.c.change != "digest", table.c.id.not_in(newest_digest))
    )
    return connection.execute(old).rowcount
