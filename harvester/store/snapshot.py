"""The whole database as lines of JSON, the same for SQLite and PostgreSQL; and back into an empty one."""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Date, DateTime, LargeBinary, Table, func, insert, select, update

from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import say
from harvester.ledger import RunState
from harvester.store import tables
from harvester.store.database import Database

CHUNK = 500  # rows written at a time
LEFT_OUT = {"migration", "pruning"}


class Snapshot(Database):
    """The part of the store that can be carried away."""

    def lines(self) -> Iterator[str]:
        """Every row as one line, all of one moment: that at which the first line is taken, whoever writes meanwhile."""
        sqlite = self._engine.dialect.name == "sqlite"
        isolated = self._reader if sqlite else self._repeatable()
        with isolated.connect() as connection:
            if sqlite:
                connection.exec_driver_sql("BEGIN").close()
            connection.execute(select(func.count()).select_from(tables.run)).scalar()  # the moment is that of a reading
            yield json.dumps({"revision": tables.REVISIONS[-1]})
            for table in _tables():
                rows = connection.execution_options(yield_per=CHUNK).execute(select(table).order_by(*table.primary_key))
                for row in rows:
                    yield json.dumps([table.name, [_plain(value) for value in row]], ensure_ascii=False)

    def load(self, lines: Iterable[str], now: datetime) -> int:
        """Fill this empty database; returns the rows. Runs and leases of the other place have ended.

        Raises UsageRefused if it is not empty, ConfigurationError for lines that are no snapshot of this revision.
        """
        known = {table.name: table for table in _tables()}
        number, batch, of = 0, [], None
        with self._writing() as connection:
            _must_be_empty(connection)
            for line in _after_head(lines):
                name, row = json.loads(line)
                if of is not None and (of.name != name or len(batch) >= CHUNK):
                    connection.execute(insert(of), batch)
                    batch = []
                of = known[name]
                batch.append(_row(of, row))
                number += 1
            if of is not None:
                connection.execute(insert(of), batch)
            connection.execute(update(tables.lease).values(holder=None, machine=None, expires=None))
            dead = update(tables.run).where(tables.run.c.state == RunState.RUNNING)
            connection.execute(dead.values(state=RunState.KILLED, ended=now))
            _count_on(connection)
        return number

    def _repeatable(self) -> Any:
        return self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _tables() -> list[Table]:
    return [table for table in tables.metadata.sorted_tables if table.name not in LEFT_OUT]


def _after_head(lines: Iterable[str]) -> Iterator[str]:
    rest = iter(lines)
    try:
        revision = json.loads(next(rest, ""))["revision"]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_snapshot() from error
    if revision != tables.REVISIONS[-1]:
        raise ConfigurationError(
            "SVC-023",
            say("The backup was made by another version (its database is {revision}).", revision=str(revision)[:20]),
            say("Install the version that made it, restore there, then upgrade."),
        )
    return rest


def _no_snapshot() -> ConfigurationError:
    return ConfigurationError(
        "SVC-022", say("This is no backup of ours, or it is damaged."), say("Take another backup file.")
    )


def _must_be_empty(connection: Connection) -> None:
    for table in (tables.run, tables.dataset, tables.revision):
        if connection.execute(select(func.count()).select_from(table)).scalar():
            raise UsageRefused(
                "SVC-021",
                say("The database is not empty; a backup is restored into an empty one only."),
                say("Name an empty folder with -C, and with PostgreSQL an empty database."),
            )


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _row(table: Table, values: list[Any]) -> dict[str, Any]:
    return {column.name: _typed(column, value) for column, value in zip(table.columns, values, strict=True)}


def _typed(column: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    if isinstance(column.type, tables.Moment | DateTime):
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    kind = getattr(column.type, "enum_class", None)
    return kind(value) if kind else value


def _count_on(connection: Connection) -> None:
    """New rows get numbers after the restored ones (SQLite counts by itself)."""
    if connection.dialect.name == "postgresql":
        for table in _tables():
            if "id" in table.c:
                last = connection.execute(select(func.max(table.c.id))).scalar()
                sequence = func.pg_get_serial_sequence(table.name, "id")
                connection.execute(select(func.setval(sequence, last or 1, last is not None)))
