"""Opening and migrating the database, its transactions, and all in which SQLite and PostgreSQL differ."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Engine, Table, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from harvester.errors import ConfigurationError, OpendataError, RunLocked
from harvester.i18n import say
from harvester.ledger import Lease
from harvester.records import to_json
from harvester.store import tables

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "opendata_version"  # not Alembic's usual name: a PostgreSQL database may be shared with others
MIGRATION_LOCK = 5517  # any fixed number: two processes must not migrate one PostgreSQL database at once

WAL_ATTEMPTS = 20


def columns(kind: type, table: Table) -> list[ColumnElement[Any]]:
    """The columns of `table` for the fields of a record, in their order: `Record(*row)` reads a row."""
    return [table.c[field.name] for field in fields(kind)]


class Database:
    """An open database; safe to use from several threads, never to be carried over a fork."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(reading=True)

    @classmethod
    def open(cls, location: str | Path, now: datetime, patience: float = 30.0) -> Self:
        """Open the file or `postgresql://` URL, created and brought up to date if need be.

        `now` dates the migration; `patience` is how many seconds a write waits for other processes' writes.
        Raises ConfigurationError when it cannot be opened, is damaged, not ours, or of a newer version.
        """
        opened = cls(_engine(_url(location), patience))
        try:
            opened._bring_up_to_date(now)
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _explained(self._engine.url), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self, lease: Lease | None = None) -> Iterator[Connection]:
        """One transaction; with a lease, RunLocked (and nothing stored) if another has been given out since."""
        with _explained(self._engine.url), self._engine.begin() as connection:
            if lease is not None:
                verify(connection, lease)
            yield connection

    def _bring_up_to_date(self, now: datetime) -> None:
        with self._reading() as connection:
            found = _revision(connection)
        if found is not None and found not in tables.REVISIONS:
            raise ConfigurationError(
                "STO-001",
                say("{place} was written by a newer version of this program.", place=_shown(self._engine.url)),
                say("Install the newest version, or restore the backup made before it was upgraded."),
            )
        if found != tables.REVISIONS[-1]:
            with self._writing() as connection:
                _migrate(connection, now)


def verify(connection: Connection, lease: Lease) -> None:
    """Raise RunLocked unless `lease` is the last one given out for its key, and was not released."""
    held = tables.lease.c
    current = select(held.fence).where(
        held.key == lease.key, held.fence == lease.fence, held.run == lease.run, held.holder.is_not(None)
    )
    if connection.execute(current.with_for_update()).first() is None:
        raise RunLocked(
            "STO-002",
            say("Another run has taken over {key}; this one may no longer write.", key=lease.key),
            say("Nothing was lost: let the other run finish, then run again."),
        )


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT for `table` that offers `on_conflict_do_update`, in the dialect of `connection`."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows` (whole ones), or overwrite those with the same primary key."""
    if rows:
        new = upsert(connection, table)
        rest = {column.name: new.excluded[column.name] for column in table.columns if not column.primary_key}
        connection.execute(new.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest), rows)


# ---------------------------------------------------------------- opening


def _url(location: str | Path) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(location))
    try:
        url = make_url(re.sub("^postgres(ql)?://", "postgresql+psycopg://", location))
    except (ArgumentError, ValueError) as error:
        raise _no_such_database(location.split("://")[0]) from error
    if url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database:
        raise _no_such_database(url.drivername)
    return url


def _no_such_database(kind: str) -> ConfigurationError:
    return ConfigurationError(
        "STO-003",
        say("The database address (it begins with {kind}://) cannot be used.", kind=kind),
        say("Set OPENDATA_DATABASE to postgresql://user:password@host/database, or remove it to use a file."),
    )


def _engine(url: URL, patience: float) -> Engine:
    if url.drivername == "sqlite":
        engine = create_engine(url, json_serializer=_dump, connect_args={"timeout": patience})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, json_serializer=_dump, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "STO-004",
            say("The driver for PostgreSQL is not installed."),
            say('Install it: pip install "opendata-nghean[postgres]"'),
        ) from error


def _dump(value: Any) -> str:
    return json.dumps(to_json(value), separators=(",", ":"))


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    """FULL, not NORMAL: in WAL both outlive kill -9, but only FULL keeps the last commits over a power cut.

    The journal must know of an effect on the portal before it happens, also after a power cut.
    """
    connection.isolation_level = None  # or the driver begins by itself, too late: two writers lose updates
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous = FULL").close()
    connection.execute("PRAGMA foreign_keys = ON").close()


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Turning a new file to WAL is the one step for which SQLite does not wait when processes create it together.

    So wait for the others by a write that changes nothing, and try again; a file once in WAL stays so.
    """
    for _ in range(WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            connection.execute("BEGIN IMMEDIATE").close()
            connection.execute("COMMIT").close()
    connection.execute("PRAGMA journal_mode = WAL").close()


def _begin_sqlite(connection: Connection) -> None:
    """A write takes its lock at once, so that what it read first still holds; a read needs none."""
    if not connection.get_execution_options().get("reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


# ---------------------------------------------------------------- migrating


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return None if found is None else str(found)


def _migrate(connection: Connection, now: datetime) -> None:
    """All missing revisions in one transaction; Alembic is imported only here, for it takes 0.8 s."""
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    before = _revision(connection)
    if before is None and set(inspect(connection).get_table_names()) & set(tables.metadata.tables):
        raise ConfigurationError(
            "STO-005",
            say("{place} holds the tables of another program.", place=_shown(connection.engine.url)),
            say("Name a database of its own for the open data; nothing was changed in this one."),
        )
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    new = tables.REVISIONS[tables.REVISIONS.index(before) + 1 :] if before else tables.REVISIONS
    put(connection, tables.migration, [{"revision": name, "applied_at": now} for name in new])


# ---------------------------------------------------------------- what goes wrong


@contextmanager
def _explained(url: URL) -> Iterator[None]:
    """Turn what a person can mend into an error that says how; what is our own mistake stays as it is."""
    try:
        yield
    except DatabaseError as error:
        # IntegrityError, ProgrammingError and their like are subclasses, and bugs
        if type(error) not in (OperationalError, DatabaseError):
            raise
        explain = _EXPLANATIONS.get(_cause(error))
        if explain is None:
            raise
        raise explain(_shown(url), str(error.orig)) from error


def _cause(error: DatabaseError) -> str:
    name = getattr(error.orig, "sqlite_errorname", "SERVER")  # such as SQLITE_BUSY_SNAPSHOT
    return "_".join(str(name).split("_")[:2])


def _shown(url: URL) -> str:
    if url.drivername == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def _unusable(place: str, reason: str) -> OpendataError:
    return ConfigurationError(
        "STO-006",
        say("The database {place} cannot be opened or written: {reason}", place=place, reason=reason),
        say("Check that its folder exists, that you may write there, and that the disk is not full."),
    )


def _unreachable(place: str, reason: str) -> OpendataError:
    return ConfigurationError(
        "STO-007",
        say("The database {place} does not answer: {reason}", place=place, reason=reason.strip().split("\n")[0]),
        say("Check OPENDATA_DATABASE (host, database, user, password) and that the server runs."),
    )


def _busy(place: str, reason: str) -> OpendataError:
    return RunLocked(
        "STO-008",
        say("Another program keeps the database {place} locked.", place=place),
        say("Close the program that has it open (a database viewer, a backup), then try again."),
    )


def _damaged(place: str, reason: str) -> OpendataError:
    return ConfigurationError(
        "STO-009",
        say("{place} is damaged or is no database: {reason}", place=place, reason=reason),
        say("Restore it from the last backup, or move it away; what is on the portal stays as it is."),
    )


_EXPLANATIONS: dict[str, Callable[[str, str], OpendataError]] = {
    "SERVER": _unreachable,
    "SQLITE_BUSY": _busy,
    "SQLITE_LOCKED": _busy,
    "SQLITE_NOTADB": _damaged,
    "SQLITE_CORRUPT": _damaged,
    "SQLITE_CANTOPEN": _unusable,
    "SQLITE_READONLY": _unusable,
    "SQLITE_FULL": _unusable,
    "SQLITE_IOERR": _unusable,
    "SQLITE_PERM": _unusable,
}
