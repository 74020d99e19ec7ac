"""Facts with two clocks, decisions, and the revisions of the configuration: all append-only."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, func, insert, literal, select

from harvester.ledger import DatasetFacts, Decision, Fact, Lease, Observation, Revision
from harvester.model import ZONE, Verdict
from harvester.records import to_json
from harvester.store import tables
from harvester.store.database import Database, columns
from harvester.store.tables import Answered

PAGE = 200  # datasets whose facts are read at a time
EVERY = (Fact.COLLECTED, Fact.CHECKED, Fact.PUBLISHED, Fact.WITHDRAWN)
"""Facts that come with a change: all are read."""
LAST = (
    (Fact.SEEN, Answered.ALL),
    (Fact.OUTCOME, Answered.ALL),
    (Fact.READ_BACK, Answered.NONE),
    (Fact.READ_BACK, Answered.SOME),
    (Fact.READ_BACK, Answered.ALL),
    (Fact.LISTED, Answered.NONE),
    (Fact.LISTED, Answered.ALL),
)
"""Facts that come with every run: of each of these kinds only the last is read."""

_OBSERVATION = columns(Observation, tables.observation)
_DECISION = columns(Decision, tables.decision)
_REVISION = columns(Revision, tables.revision)


def append(connection: Connection, observations: Sequence[Observation]) -> None:
    """Add facts."""
    if observations:
        rows = [{**vars(observation), "answered": _answered(observation)} for observation in observations]
        connection.execute(insert(tables.observation), rows)


def _answered(observation: Observation) -> Answered:
    if observation.fact is Fact.LISTED:
        return Answered.ALL if observation.value["complete"] else Answered.NONE
    if observation.fact is not Fact.READ_BACK:
        return Answered.ALL
    unknown = [verdict == Verdict.UNKNOWN.value for verdict in to_json(observation.value["verdicts"]).values()]
    if all(unknown):
        return Answered.NONE
    return Answered.SOME if any(unknown) else Answered.ALL


class Facts(Database):
    """The part of the store that counting reads."""

    def observe(self, observations: Sequence[Observation], lease: Lease | None = None) -> None:
        """Add facts, all or none."""
        with self._writing(lease) as connection:
            append(connection, observations)

    def facts(self, until: datetime, known_at: datetime | None = None) -> Iterator[DatasetFacts]:
        """Every dataset of which something was true by `until` and recorded by `known_at`, by name.

        Of those facts, oldest first (by valid, then recorded time): every COLLECTED, CHECKED, PUBLISHED and
        WITHDRAWN; the last SEEN; the last OUTCOME; of READ_BACK the last with all, with some and with no verdict
        definite (so the last of all, and the last that answered). The title is the last COLLECTED one of them.
        """
        after = ""
        while page := self._page(after, until, known_at):
            after = page[-1].name
            yield from (facts for facts in page if facts.observations)

    def portal_facts(self, until: datetime, known_at: datetime | None = None) -> tuple[Observation, ...]:
        """The portal's own facts, as `facts`; of LISTED the last complete and the last incomplete one."""
        portal = select(literal("").label("name")).subquery()
        with self._reading() as connection:
            return tuple(_observations(connection, portal, until, known_at))

    def last_recorded(self, until: datetime | None = None) -> datetime | None:
        """When we last learnt something that a count as of `until` reads: a fact, a decision or a revision."""
        facts, decisions = tables.observation.c, tables.decision.c
        newest_fact = select(facts.recorded_at).order_by(facts.recorded_at.desc()).limit(1)
        newest_decision = select(func.max(decisions.recorded_at))
        if until is not None:
            newest_fact = newest_fact.where(facts.valid_at <= until)
            newest_decision = newest_decision.where(decisions.valid_from <= until.astimezone(ZONE).date())
        newest_revision = select(func.max(tables.revision.c.recorded_at))
        with self._reading() as connection:
            found = [connection.execute(q).scalar() for q in (newest_fact, newest_decision, newest_revision)]
        return max((moment for moment in found if moment is not None), default=None)

    def _page(self, after: str, until: datetime, known_at: datetime | None) -> list[DatasetFacts]:
        table = tables.dataset.c
        page = select(table.name, table.title, table.agency, table.source).where(table.name > after)
        names = page.order_by(table.name).limit(PAGE).subquery()
        with self._reading() as connection:
            rows = connection.execute(select(names).order_by(names.c.name)).all()
            found = _observations(connection, names, until, known_at) if rows else []
        of_name = {name: tuple(facts) for name, facts in groupby(found, lambda observation: observation.dataset)}
        return [_dataset_facts(row, of_name.get(row.name, ())) for row in rows]

    # ------------------------------------------------------------ decisions

    def decide(self, decision: Decision) -> None:
        """Add what a person decided."""
        with self._writing() as connection:
            connection.execute(insert(tables.decision), [vars(decision)])

    def decisions(self, known_at: datetime | None = None) -> tuple[Decision, ...]:
        """All decisions recorded by `known_at`, in the order they were entered."""
        entered = select(*_DECISION).where(*_by(tables.decision.c.recorded_at, known_at))
        with self._reading() as connection:
            return tuple(Decision(*row) for row in connection.execute(entered.order_by(tables.decision.c.id)))

    # ------------------------------------------------------------ revisions

    def record_revisions(self, documents: Mapping[str, bytes], now: datetime) -> int:
        """Keep the contents of config/ as they are now, by path; returns how many are new, changed or gone.

        A file that is gone is kept as a tombstone. Costs one read when nothing changed.
        """
        with self._reading() as connection:
            if not _changes(connection, documents, now):
                return 0
        with self._writing() as connection:
            changes = _changes(connection, documents, now)
            if changes:
                connection.execute(insert(tables.revision), changes)
        return len(changes)

    def revisions(self, known_at: datetime | None = None) -> Mapping[str, Revision]:
        """The configuration as it was known at a time: the last revision of each file that was not gone."""
        latest = select(*_REVISION).where(tables.revision.c.id.in_(_latest(known_at)), tables.revision.c.sha256 != "")
        with self._reading() as connection:
            return {row.name: Revision(*row) for row in connection.execute(latest.order_by(tables.revision.c.name))}

    def first_recorded(self) -> datetime | None:
        """When the configuration was first recorded."""
        with self._reading() as connection:
            return connection.execute(select(func.min(tables.revision.c.recorded_at))).scalar()


def _by(column: ColumnElement[Any], moment: datetime | None) -> list[ColumnElement[bool]]:
    return [] if moment is None else [column <= moment]


def _observations(
    connection: Connection, names: FromClause, until: datetime, known_at: datetime | None
) -> list[Observation]:
    """Those of `EVERY` and `LAST` for a page of names, by name and oldest first."""
    table = tables.observation.c
    every = select(*_OBSERVATION, table.id).join_from(names, tables.observation, table.dataset == names.c.name)
    every = every.where(table.fact.in_(EVERY), table.valid_at <= until, *_by(table.recorded_at, known_at))
    rows: list[Any] = list(connection.execute(every))
    for fact, answered in LAST:
        rows += connection.execute(_last(names, fact, answered, until, known_at))
    rows.sort(key=lambda row: (row.dataset, row.valid_at, row.recorded_at, row.id))
    return [Observation(*row[:-1]) for row in rows]


def _last(names: FromClause, fact: Fact, answered: Answered, until: datetime, known_at: datetime | None) -> Select[Any]:
    """One look into the index for each name, however many facts of the kind there are."""
    of_kind = tables.observation.alias().c
    newest = (
        select(of_kind.id)
        .where(of_kind.dataset == names.c.name, of_kind.fact == fact, of_kind.answered == answered)
        .where(of_kind.valid_at <= until, *_by(of_kind.recorded_at, known_at))
        .order_by(of_kind.valid_at.desc(), of_kind.recorded_at.desc(), of_kind.id.desc())
        .limit(1)
        .correlate(names)
        .scalar_subquery()
    )
    return select(*_OBSERVATION, tables.observation.c.id).join_from(
        names, tables.observation, tables.observation.c.id == newest
    )


def _dataset_facts(row: Row[Any], observations: tuple[Observation, ...]) -> DatasetFacts:
    collected = (o.value["title"] for o in reversed(observations) if o.fact is Fact.COLLECTED)
    return DatasetFacts(row.name, next(collected, row.title), row.agency, row.source, observations)


def _latest(known_at: datetime | None) -> Select[Any]:
    """The id of the last revision of each file."""
    table = tables.revision.c
    return select(func.max(table.id)).where(*_by(table.recorded_at, known_at)).group_by(table.name)


def _changes(connection: Connection, documents: Mapping[str, bytes], now: datetime) -> list[dict[str, Any]]:
    """The revisions to add; a tombstone has no content and no hash."""
    latest = select(tables.revision.c.name, tables.revision.c.sha256).where(tables.revision.c.id.in_(_latest(None)))
    known = {row.name: row.sha256 for row in connection.execute(latest)}
    wanted = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
    return [
        {"name": name, "content": documents.get(name, b""), "sha256": wanted.get(name, ""), "recorded_at": now}
        for name in sorted(known | wanted)
        if known.get(name, "") != wanted.get(name, "")
    ]
