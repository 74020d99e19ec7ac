"""Attempts, alarms, notices; superseded facts may be deleted by `prune` alone. Frozen as soon as it is released."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(20)
SUPERSEDED = "'seen', 'read_back', 'listed'"
"""Kinds of fact that come with every run; no other kind is ever deleted."""


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("run", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("ended", MOMENT),
        sa.Column("state", WORD),
        sa.Column("wait_until", MOMENT),
    )
    op.execute(
        "INSERT INTO attempt (source, run, started, failures, ended, state) "
        "SELECT source, run, at, 0, at, state FROM source_run AS s WHERE state <> 'skipped' AND run = "
        "(SELECT max(run) FROM source_run AS newest WHERE newest.source = s.source AND newest.state <> 'skipped')"
    )
    op.create_table(
        "alarm",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("code", WORD, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message", sa.JSON, nullable=False),
        sa.Column("remedy", sa.JSON, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("escalated", MOMENT),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("change", WORD, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try", MOMENT, nullable=False),
        sa.Column("sent", MOMENT),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("notice_waiting", "notice", ["sent", "next_try"])
    op.create_table("pruning", sa.Column("allowed", sa.Integer, primary_key=True))
    _let_prune_delete()


def _let_prune_delete() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER observation_no_delete")
        op.execute(
            "CREATE TRIGGER observation_no_delete BEFORE DELETE ON observation "  # noqa: S608 - a constant
            f"WHEN OLD.fact NOT IN ({SUPERSEDED}) OR NOT EXISTS (SELECT 1 FROM pruning) "
            "BEGIN SELECT RAISE(ABORT, 'observation is append-only'); END"
        )
        return
    op.execute("DROP TRIGGER observation_append_only ON observation")
    op.execute(
        "CREATE TRIGGER observation_append_only BEFORE UPDATE OR TRUNCATE ON observation "
        "FOR EACH STATEMENT EXECUTE FUNCTION observation_append_only()"
    )
    op.execute(
        "CREATE FUNCTION observation_no_delete() RETURNS trigger LANGUAGE plpgsql AS "  # noqa: S608 - a constant
        f"$$ BEGIN IF OLD.fact NOT IN ({SUPERSEDED}) OR NOT EXISTS (SELECT 1 FROM pruning) THEN RAISE EXCEPTION "
        "'observation is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN OLD; END $$"
    )
    op.execute(
        "CREATE TRIGGER observation_no_delete BEFORE DELETE ON observation "
        "FOR EACH ROW EXECUTE FUNCTION observation_no_delete()"
    )
