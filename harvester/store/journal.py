"""The journal: every effect on the portal, written before it happens, closed when it was read back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError

from harvester.errors import PublicationRefused, RunLocked
from harvester.i18n import say
from harvester.ledger import JournalEntry, KnownDataset, Lease, Observation, Step
from harvester.store import tables
from harvester.store.database import Database, columns
from harvester.store.datasets import update_known
from harvester.store.facts import append

_ENTRY = columns(JournalEntry, tables.journal)
_TABLE = tables.journal.c


class Journal(Database):
    """The part of the store that knows what was meant, what was done and what is still open."""

    def plan(
        self, dataset: str, action: str, version: int, plan: Mapping[str, Any], lease: Lease, now: datetime
    ) -> JournalEntry:
        """Open an entry, before anything is sent; `action` is "publish" or "withdraw", `plan` is JSON.

        Raises PublicationRefused while an earlier entry of the dataset is open.
        """
        row = {"dataset": dataset, "action": action, "version": version, "run": lease.run, "plan": plan}
        new = insert(tables.journal).values(**row, step=Step.PLANNED, planned_at=now).returning(*_ENTRY)
        try:
            with self._writing(lease) as connection:
                return JournalEntry(*connection.execute(new).one())
        except IntegrityError as error:
            if not self._entries(_TABLE.dataset == dataset, _TABLE.step == Step.PLANNED):
                raise
            raise PublicationRefused(
                "STO-011",
                say("An earlier change of {dataset} is still open.", dataset=dataset),
                say("Run again: open changes are finished or undone first."),
            ) from error

    def close_entry(
        self,
        entry_id: int,
        step: Step,
        lease: Lease,
        now: datetime,
        changed: Sequence[KnownDataset] = (),
        observations: Sequence[Observation] = (),
    ) -> None:
        """Close an open entry as DONE or UNDONE, and settle what follows from it in the same transaction.

        Raises RunLocked if it is not open: another run has closed it.
        """
        entry = update(tables.journal).where(_TABLE.id == entry_id, _TABLE.step == Step.PLANNED)
        with self._writing(lease) as connection:
            if connection.execute(entry.values(step=step, closed_at=now)).rowcount != 1:
                raise RunLocked(
                    "STO-012",
                    say("Journal entry {entry} was already closed by another run.", entry=str(entry_id)),
                    say("Nothing was lost: let the other run finish, then run again."),
                )
            update_known(connection, changed)
            append(connection, observations)

    def open_entries(self) -> tuple[JournalEntry, ...]:
        """Entries whose effect may or may not have happened, oldest first."""
        return self._entries(_TABLE.step == Step.PLANNED)

    def versions(self, dataset: str) -> tuple[JournalEntry, ...]:
        """The versions that were published, oldest first."""
        return self._entries(_TABLE.dataset == dataset, _TABLE.step == Step.DONE, _TABLE.action == "publish")

    def last_done(self, dataset: str) -> JournalEntry | None:
        """The last effect that was read back, published or withdrawn: what the portal should show."""
        newest = select(*_ENTRY).where(_TABLE.dataset == dataset, _TABLE.step == Step.DONE).order_by(_TABLE.id.desc())
        with self._reading() as connection:
            row = connection.execute(newest.limit(1)).first()
        return JournalEntry(*row) if row else None

    def _entries(self, *wanted: ColumnElement[bool]) -> tuple[JournalEntry, ...]:
        with self._reading() as connection:
            rows = connection.execute(select(*_ENTRY).where(*wanted).order_by(_TABLE.id))
            return tuple(JournalEntry(*row) for row in rows)
