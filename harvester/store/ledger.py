"""Runs, the leases that let a run act, and how each source fared."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update

from harvester.ledger import Lease, Run, RunState, SourceRun
from harvester.store import tables
from harvester.store.database import Database, columns, put, upsert, verify

_RUN = columns(Run, tables.run)
_SOURCE_RUN = columns(SourceRun, tables.source_run)


class Ledger(Database):
    """The part of the store that knows who may act, and who did."""

    def begin_run(self, purpose: str, asked_by: str, now: datetime) -> Run:
        """A new run, RUNNING."""
        row = {"purpose": purpose, "asked_by": asked_by, "state": RunState.RUNNING, "started": now, "summary": {}}
        with self._writing() as connection:
            return Run(*connection.execute(insert(tables.run).values(row).returning(*_RUN)).one())

    def finish_run(self, run_id: int, state: RunState, summary: Mapping[str, Any], now: datetime) -> bool:
        """Give a run its end; False if it had one before (found dead by another command), which stays."""
        run = tables.run
        end = update(run).where(run.c.id == run_id, run.c.state == RunState.RUNNING)
        with self._writing() as connection:
            return connection.execute(end.values(state=state, summary=summary, ended=now)).rowcount == 1

    def run(self, run_id: int) -> Run | None:
        """One run."""
        with self._reading() as connection:
            row = connection.execute(select(*_RUN).where(tables.run.c.id == run_id)).first()
        return Run(*row) if row else None

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The last runs, newest first."""
        with self._reading() as connection:
            rows = connection.execute(select(*_RUN).order_by(tables.run.c.id.desc()).limit(limit))
            return tuple(Run(*row) for row in rows)

    def last_run(self, purpose: str) -> Run | None:
        """The newest run with this purpose, whatever became of it."""
        newest = select(*_RUN).where(tables.run.c.purpose == purpose).order_by(tables.run.c.id.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(newest).first()
        return Run(*row) if row else None

    def unfinished_runs(self) -> tuple[Run, ...]:
        """Runs without an end, oldest first: running now, or killed."""
        unfinished = select(*_RUN).where(tables.run.c.state == RunState.RUNNING).order_by(tables.run.c.id)
        with self._reading() as connection:
            return tuple(Run(*row) for row in connection.execute(unfinished))

    def claim(self, key: str, run_id: int, holder: str, now: datetime, seconds: float = 60) -> Lease | None:
        """The lease on `key` for `seconds`, with a new fence; None while a holder on another machine has it.

        `holder` is "machine:pid". A holder on the same machine is dead: the caller has the machine's own lock on `key`.
        """
        lease, machine = tables.lease, holder.rpartition(":")[0]
        expires = now + timedelta(seconds=seconds)
        mine = {"key": key, "run": run_id, "holder": holder, "machine": machine, "expires": expires}
        free = or_(lease.c.holder.is_(None), lease.c.expires <= now, lease.c.machine == machine)
        with self._writing() as connection:
            claim = upsert(connection, lease).values(**mine, fence=1)
            claim = claim.on_conflict_do_update(
                index_elements=[lease.c.key], set_={**mine, "fence": lease.c.fence + 1}, where=free
            )
            row = connection.execute(claim.returning(lease.c.fence)).first()
        return Lease(key, run_id, row.fence) if row else None

    def held_elsewhere(self, key: str, machine: str, now: datetime) -> bool:
        """Whether a holder on another machine has the lease on `key`."""
        held = tables.lease.c
        elsewhere = select(held.key).where(held.key == key, held.machine != machine, held.expires > now)
        with self._reading() as connection:
            return connection.execute(elsewhere).first() is not None

    def renew(self, lease: Lease, now: datetime, seconds: float = 60) -> bool:
        """The heartbeat: good for `seconds` more; False once it was released or another was given out."""
        return self._change(lease, expires=now + timedelta(seconds=seconds))

    def release(self, lease: Lease) -> None:
        """Give the lease back; nothing happens if another has been given out since."""
        self._change(lease, holder=None, machine=None, expires=None)

    def check(self, lease: Lease) -> None:
        """Raise RunLocked if the lease is no longer the last one given out for its key."""
        with self._reading() as connection:
            verify(connection, lease)

    def _change(self, lease: Lease, **values: Any) -> bool:
        held = tables.lease.c
        mine = update(tables.lease).where(
            held.key == lease.key, held.fence == lease.fence, held.run == lease.run, held.holder.is_not(None)
        )
        with self._writing() as connection:
            return connection.execute(mine.values(**values)).rowcount == 1

    def record_source_run(self, source_run: SourceRun) -> None:
        """How a source fared in a run; recorded again, the later record stays."""
        with self._writing() as connection:
            put(connection, tables.source_run, [vars(source_run)])

    def source_runs(self, run_id: int) -> tuple[SourceRun, ...]:
        """How each source fared in one run, by source."""
        table = tables.source_run
        rows = select(*_SOURCE_RUN).where(table.c.run == run_id).order_by(table.c.source)
        with self._reading() as connection:
            return tuple(SourceRun(*row) for row in connection.execute(rows))

    def last_source_run(self, source: str) -> SourceRun | None:
        """How the source fared in the newest run that had to do with it, skipped ones included."""
        table = tables.source_run
        newest = select(func.max(table.c.run)).where(table.c.source == source).scalar_subquery()
        with self._reading() as connection:
            row = connection.execute(
                select(*_SOURCE_RUN).where(table.c.source == source, table.c.run == newest)
            ).first()
        return SourceRun(*row) if row else None
