"""The first tables. Frozen: a released revision is never edited, a later one changes what it made."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(20)
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
APPEND_ONLY = ("observation", "decision", "revision")


def upgrade() -> None:
    _create_ledger()
    _create_datasets()
    _create_facts()
    _create_memory()
    for table in APPEND_ONLY:
        _refuse_changes(table)


def _create_ledger() -> None:
    op.create_table(
        "migration",
        sa.Column("revision", WORD, primary_key=True),
        sa.Column("applied_at", MOMENT, nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("ended", MOMENT),
        sa.Column("summary", sa.JSON, nullable=False),
    )
    op.create_index("run_state", "run", ["state"])
    op.create_table(
        "lease",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("machine", sa.Text),
        sa.Column("expires", MOMENT),
    )
    op.create_table(
        "source_run",
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
    )
    op.create_index("source_run_last", "source_run", ["source", "run"])


def _create_datasets() -> None:
    op.create_table(
        "dataset",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content_key", sa.Text, nullable=False),
        sa.Column("files_key", sa.Text, nullable=False),
        sa.Column("checks_version", sa.Text, nullable=False),
        sa.Column("outcome", WORD),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("last_changed", MOMENT),
        sa.Column("missing_since", MOMENT),
        sa.UniqueConstraint("source", "identifier", name="dataset_identity"),
    )
    op.create_index("dataset_agency", "dataset", ["agency"])
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("dataset", NAME, sa.ForeignKey("dataset.name"), nullable=False),
        sa.Column("action", WORD, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("step", WORD, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
    )
    op.create_index("journal_dataset", "journal", ["dataset", "step"])
    still_open = sa.text("step = 'planned'")
    op.create_index(
        "journal_open", "journal", ["dataset"], unique=True, sqlite_where=still_open, postgresql_where=still_open
    )


def _create_facts() -> None:
    op.create_table(
        "observation",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("fact", WORD, nullable=False),
        sa.Column("dataset", NAME, nullable=False),
        sa.Column("valid_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("answered", WORD, nullable=False),
    )
    last = ["dataset", "fact", "answered", "valid_at", "recorded_at", "id"]
    op.create_index("observation_last", "observation", last)
    op.create_index("observation_recorded", "observation", ["recorded_at", "valid_at"])
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("expires", sa.Date),
        sa.Column("recorded_at", MOMENT, nullable=False),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
    )
    op.create_index("revision_latest", "revision", ["name", "id"])


def _create_memory() -> None:
    op.create_table(
        "report",
        sa.Column("content_key", sa.Text, primary_key=True),
        sa.Column("checks_version", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "validators",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("last_modified", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
    )


def _refuse_changes(table: str) -> None:
    """The database itself refuses to change or delete what was recorded."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
