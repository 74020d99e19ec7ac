"""When each source was last attempted, and how that went: what the schedule is computed from."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, select, update

from harvester.ledger import Attempt, Lease, SourceState
from harvester.store import tables
from harvester.store.database import Database, columns, upsert

_ATTEMPT = columns(Attempt, tables.attempt)


class Attempts(Database):
    """The part of the store that the schedule reads."""

    def attempts(self) -> Mapping[str, Attempt]:
        """The last attempt of every source that ever had one."""
        with self._reading() as connection:
            return {row.source: Attempt(*row) for row in connection.execute(select(*_ATTEMPT))}

    def begin_attempt(self, source: str, lease: Lease, now: datetime) -> None:
        """An attempt begins; until it ends well it counts as a failure, so that one that is killed has counted."""
        table = tables.attempt
        row = {"run": lease.run, "started": now, "ended": None, "state": None, "wait_until": None}
        with self._writing(lease) as connection:
            new = upsert(connection, table).values(source=source, failures=1, **row)
            again = new.on_conflict_do_update(
                index_elements=[table.c.source], set_={**row, "failures": table.c.failures + 1}
            )
            connection.execute(again)

    def end_attempt(
        self, source: str, lease: Lease, state: SourceState, now: datetime, wait_until: datetime | None = None
    ) -> None:
        """How it ended. SKIPPED: it was stopped on the way, counts for nothing and is due again at once."""
        table = tables.attempt
        failures = {
            SourceState.FAILED: table.c.failures,
            SourceState.REFUSED: table.c.failures,
            SourceState.SKIPPED: case((table.c.failures > 0, table.c.failures - 1), else_=0),
        }.get(state, 0)
        ended = update(table).where(table.c.source == source, table.c.run == lease.run)
        with self._writing(lease) as connection:
            connection.execute(ended.values(ended=now, state=state, failures=failures, wait_until=wait_until))
