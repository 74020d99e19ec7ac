"""Known datasets: their frozen identity, and how they stand."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from harvester.errors import PublicationRefused
from harvester.i18n import say
from harvester.ledger import KnownDataset, Lease, Observation
from harvester.model import Outcome
from harvester.store import tables
from harvester.store.database import Database, columns
from harvester.store.facts import append

PAGE = 500  # rows read at a time: long lists are walked in short reads that hold up no writer
_KNOWN = columns(KnownDataset, tables.dataset)
_MUTABLE = (
    "agency",
    "title",
    "content_key",
    "files_key",
    "checks_version",
    "outcome",
    "version",
    "url",
    "last_changed",
    "missing_since",
)


def update_known(connection: Connection, changed: Sequence[KnownDataset]) -> None:
    """Write what may change of known datasets (never name, source or identifier)."""
    if changed:
        by_name = update(tables.dataset).where(tables.dataset.c.name == bindparam("known"))
        rows = [{"known": known.name} | {name: getattr(known, name) for name in _MUTABLE} for known in changed]
        connection.execute(by_name.values({name: bindparam(name) for name in _MUTABLE}), rows)


class Datasets(Database):
    """The part of the store that knows every dataset ever seen."""

    def known(self, source: str, identifier: str) -> KnownDataset | None:
        """The dataset that `source` calls `identifier`."""
        return self._one(tables.dataset.c.source == source, tables.dataset.c.identifier == identifier)

    def named(self, name: str) -> KnownDataset | None:
        """The dataset with this frozen name."""
        return self._one(tables.dataset.c.name == name)

    def datasets(self, source: str | None = None, agency: str | None = None) -> Iterator[KnownDataset]:
        """All datasets, or those of a source or an agency, by name."""
        table = tables.dataset.c
        wanted = [column == value for column, value in ((table.source, source), (table.agency, agency)) if value]
        return self._walk(*wanted)

    def missing(self, source: str) -> Iterator[KnownDataset]:
        """The source's datasets that were missing in its last complete listing, by name."""
        return self._walk(tables.dataset.c.source == source, tables.dataset.c.missing_since.is_not(None))

    def live(self, source: str) -> int:
        """How many datasets of the source readers find on the portal, in whatever version."""
        table = tables.dataset.c
        shown = (table.version > 0, table.outcome != Outcome.WITHDRAWN)
        live = select(func.count()).where(table.source == source, *shown)
        with self._reading() as connection:
            return connection.execute(live).scalar_one()

    def register(self, known: KnownDataset, lease: Lease) -> None:
        """Enter a dataset seen for the first time; raises PublicationRefused if its name or identifier is taken."""
        try:
            with self._writing(lease) as connection:
                connection.execute(insert(tables.dataset), [vars(known)])
        except IntegrityError as error:
            raise _taken(known.name, known.identifier) from error

    def move(self, name: str, identifier: str, lease: Lease) -> None:
        """The source calls the dataset `identifier` from now on; raises PublicationRefused if that is taken."""
        moved = update(tables.dataset).where(tables.dataset.c.name == name).values(identifier=identifier)
        try:
            with self._writing(lease) as connection:
                connection.execute(moved)
        except IntegrityError as error:
            raise _taken(name, identifier) from error

    def settle(self, lease: Lease, changed: Sequence[KnownDataset], observations: Sequence[Observation]) -> None:
        """How registered datasets now stand, and the facts that say why, in one transaction."""
        with self._writing(lease) as connection:
            update_known(connection, changed)
            append(connection, observations)

    def mark_seen(
        self, source: str, listed: Collection[str], now: datetime, lease: Lease, complete: bool = True
    ) -> tuple[KnownDataset, ...]:
        """Compare the identifiers a source listed with its known datasets; returns all that are missing, by name.

        Seen again: `missing_since` is cleared. Not listed: it is set to `now` if it was not set before, but only
        after a complete listing. `listed` should be a set.
        """
        table, dataset = tables.dataset.c, tables.dataset
        rows = select(table.name, table.identifier, table.missing_since).where(table.source == source)
        changes: list[dict[str, Any]] = []
        with self._writing(lease) as connection:
            for name, identifier, since in connection.execute(rows):
                if identifier in listed and since is not None:
                    changes.append({"known": name, "since": None})
                elif identifier not in listed and since is None and complete:
                    changes.append({"known": name, "since": now})
            if changes:
                mark = update(dataset).where(table.name == bindparam("known")).values(missing_since=bindparam("since"))
                connection.execute(mark, changes)
        return tuple(self.missing(source))

    def _one(self, *wanted: ColumnElement[bool]) -> KnownDataset | None:
        with self._reading() as connection:
            row = connection.execute(select(*_KNOWN).where(*wanted)).first()
        return KnownDataset(*row) if row else None

    def _walk(self, *wanted: ColumnElement[bool]) -> Iterator[KnownDataset]:
        page = select(*_KNOWN).where(*wanted).order_by(tables.dataset.c.name).limit(PAGE)
        after = ""
        while True:
            with self._reading() as connection:
                rows = connection.execute(page.where(tables.dataset.c.name > after)).all()
            yield from (KnownDataset(*row) for row in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1].name


def _taken(name: str, identifier: str) -> PublicationRefused:
    return PublicationRefused(
        "STO-010",
        say(
            "Dataset {name} cannot be entered: its name, or the identifier {identifier}, already belongs to another.",
            name=name,
            identifier=identifier,
        ),
        say("Give each dataset of the source an identifier of its own."),
    )
