"""The tables, in SQLAlchemy Core. A change here needs a revision in `migrations/versions/` and its id in `REVISIONS`.

Columns carry the names of the fields of the records in `harvester.ledger` that they hold.
"""

from datetime import UTC, datetime
from enum import Enum as Words
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

from harvester.ledger import Fact, RunState, SourceState, Step
from harvester.model import Outcome, Verdict

REVISIONS = ("0001", "0002", "0003")
"""Every Alembic revision, oldest first: the last is what this code needs, an unknown one is from newer code."""

metadata = MetaData()
NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""A name by which rows are ordered: the same order on every database, whatever its language."""


class Moment(TypeDecorator[datetime]):
    """An aware time, kept and given back in UTC (SQLite has no time zones: there the UTC fields are kept)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; raises ValueError for a time without a zone, which would be guessed at."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Answered(Words):
    """How much a fact that may say "unknown" has answered, so that the last real answer is found by index."""

    NONE = "none"  # the portal could not be reached, or its listing was cut short
    SOME = "some"
    ALL = "all"  # also every fact that cannot say "unknown"


def _words(kind: type[Words]) -> Any:
    return Enum(kind, native_enum=False, length=20, values_callable=lambda words: [word.value for word in words])


migration = Table(
    "migration",
    metadata,
    Column("revision", String(20), primary_key=True),
    Column("applied_at", Moment, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", _words(RunState), nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("summary", JSON, nullable=False),
)
Index("run_state", run.c.state)

lease = Table(
    "lease",
    metadata,
    Column("key", Text, primary_key=True),
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", Text),  # "machine:pid"; null: released
    Column("machine", Text),
    Column("expires", Moment),
)

source_run = Table(
    "source_run",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("state", _words(SourceState), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("summary", JSON, nullable=False),
)
Index("source_run_last", source_run.c.source, source_run.c.run)

attempt = Table(
    "attempt",
    metadata,
    Column("source", Text, primary_key=True),
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("started", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("ended", Moment),
    Column("state", _words(SourceState)),
    Column("wait_until", Moment),
)

alarm = Table(
    "alarm",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("code", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", JSON, nullable=False),
    Column("remedy", JSON, nullable=False),
    Column("since", Moment, nullable=False),
    Column("escalated", Moment),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("change", String(20), nullable=False),
    Column("body", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try", Moment, nullable=False),
    Column("sent", Moment),
    Column("problem", Text, nullable=False),
)
Index("notice_waiting", notice.c.sent, notice.c.next_try)

pruning = Table("pruning", metadata, Column("allowed", Integer, primary_key=True))
"""A row while `prune` deletes superseded facts: without one the database refuses to delete any."""

dataset = Table(
    "dataset",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("source", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content_key", Text, nullable=False),
    Column("files_key", Text, nullable=False),
    Column("checks_version", Text, nullable=False),
    Column("outcome", _words(Outcome)),
    Column("version", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("last_changed", Moment),
    Column("missing_since", Moment),
    UniqueConstraint("source", "identifier", name="dataset_identity"),
)
Index("dataset_agency", dataset.c.agency)

observation = Table(
    "observation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fact", _words(Fact), nullable=False),
    Column("dataset", NAME, nullable=False),  # "" for the portal's own
    Column("valid_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("value", JSON, nullable=False),
    Column("answered", _words(Answered), nullable=False),
)
Index(
    "observation_last",
    observation.c.dataset,
    observation.c.fact,
    observation.c.answered,
    observation.c.valid_at,
    observation.c.recorded_at,
    observation.c.id,
)
Index("observation_recorded", observation.c.recorded_at, observation.c.valid_at)

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("verdict", _words(Verdict), nullable=False),
    Column("document", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("expires", Date),
    Column("recorded_at", Moment, nullable=False),
)

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),  # "" for a tombstone: the file is gone
    Column("recorded_at", Moment, nullable=False),
)
Index("revision_latest", revision.c.name, revision.c.id)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset", NAME, ForeignKey(dataset.c.name), nullable=False),
    Column("action", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("step", _words(Step), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("planned_at", Moment, nullable=False),
    Column("closed_at", Moment),
)
Index("journal_dataset", journal.c.dataset, journal.c.step)
_OPEN = text("step = 'planned'")
Index("journal_open", journal.c.dataset, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)

report = Table(
    "report",
    metadata,
    Column("content_key", Text, primary_key=True),
    Column("checks_version", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # JSON of the Report, zlib
)

validators = Table(
    "validators",
    metadata,
    Column("address", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", Text, nullable=False),
)

answer = Table(
    "answer",
    metadata,
    Column("dataset", NAME, primary_key=True),  # agency/key
    Column("question", Text, primary_key=True),
    Column("answer", Text, nullable=False),
    Column("answered_at", Moment, nullable=False),
)
