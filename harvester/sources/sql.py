"""Kind `sql`: tables or queries of a database, each kept as CSV; read-only, streamed, with a time-out.

`address` is an SQLAlchemy URL without user and password: sqlite:///relative/or/absolute/path.db or
postgresql://host:5432/database. Options: `user_env`, `password_env` (names of environment variables), `timeout`
(seconds of one statement, 60), and for every dataset a table [[datasets]] with `identifier`, `title`, one of `table`
(name, or schema.name) and `query`, and any other field (description, publisher, licence, frequency …).

Nothing is written: SQLite is opened read-only, PostgreSQL in a READ ONLY transaction. The database's host must be
public or in `allow_networks`, and the very address that was judged is connected to.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvester.errors import SourceChanged, SourceError, SourceUnavailable
from harvester.fetch import Fetcher
from harvester.guard import address_of
from harvester.i18n import Text, say
from harvester.model import Dataset, Finding, Listing, Place, Resource, Severity, Source
from harvester.sources.catalogues import Catalogue, Home, local_file
from harvester.sources.describing import DATASET_KEYS
from harvester.sources.tables import keep_csv

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

OPTIONS = frozenset({"user_env", "password_env", "timeout", "datasets"})
TIMEOUT = 60  # seconds of one statement
ROWS = 10_000_000
_BLOCK = 1_000  # rows fetched at once
_TABLE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)?")
_OWN = {"identifier", "table", "query"}


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset that the source's file describes, its rows kept as CSV.

    Raises SourceUnavailable when the database cannot be reached, SourceChanged when the source's file is wrong. A
    query that fails is a dataset without its file.
    """
    from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

    described = _described(source)
    home = Home(source.address.rpartition("/")[2], url="")
    catalogue = Catalogue(source, home)
    try:
        with _connected(source, workspace) as connection:
            for entry in described:
                yield from _dataset(catalogue, fetcher, connection, entry, _timeout(source))
    except OperationalError as error:
        raise _unreachable(home, error) from error
    except (DBAPIError, SQLAlchemyError) as error:
        raise SourceChanged("KND-072", say("{file} cannot be read as a database.", file=home.name), _ASK) from error
    yield catalogue.end()


_ASK = say("Correct the address, or ask whoever runs the database.")


def _described(source: Source) -> list[Mapping[str, Any]]:
    """The datasets in the source's file. Raises SourceChanged naming what is wrong with them."""
    entries = source.options.get("datasets")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        raise _wrong(source, say("there is no [[datasets]]"))
    for number, entry in enumerate(entries, 1):
        unknown = set(entry) - _OWN - set(DATASET_KEYS)
        if unknown:
            raise _wrong(source, say("{key} is no field that is known", key=sorted(unknown)[0][:80]))
        if ("table" in entry) == ("query" in entry):
            raise _wrong(source, say("dataset {number} needs one of table and query", number=number))
        if "table" in entry and not _TABLE.fullmatch(str(entry["table"])):
            raise _wrong(source, say("{key} is no name of a table", key=str(entry["table"])[:80]))
    return entries


def _timeout(source: Source) -> int:
    written = source.options.get("timeout", TIMEOUT)
    if isinstance(written, bool) or not isinstance(written, int) or not 0 < written <= 3600:
        raise _wrong(source, say("timeout is a number of seconds, 1 to 3600"))
    return written


def _wrong(source: Source, why: Text) -> SourceChanged:
    place = str(source.path or f"config/sources/{source.id}.toml")
    remedy = say("Correct the source's file; `opendata sources` names it.")
    return SourceChanged("KND-040", say("{file}: {why}.", file=place, why=why), remedy)


@contextmanager
def _connected(source: Source, workspace: Path) -> Iterator["Connection"]:
    """A connection that cannot write, its statements within the time-out."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.pool import NullPool

    try:
        url = make_url(source.address)
    except ArgumentError as error:
        raise _wrong(source, say("address is no URL of a database")) from error
    timeout = _timeout(source)
    if url.get_backend_name() == "sqlite":
        path = local_file(workspace / (url.database or ""))
        engine = create_engine("sqlite://", creator=lambda: _sqlite(path), poolclass=NullPool)
    elif url.get_backend_name() == "postgresql":
        engine = create_engine(
            _with_secrets(url, source), poolclass=NullPool, connect_args=_postgresql(url, source, timeout)
        )
    else:
        raise _wrong(source, say("only sqlite and postgresql are read"))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")  # tells whether it is a database at all
    connection.set_authorizer(_reading_only)
    return connection


def _reading_only(action: int, *details: str | None) -> int:
    """No ATTACH, no extension, no pragma, no write; asked by SQLite for each step of a statement."""
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    if action == sqlite3.SQLITE_FUNCTION and "load_extension" in details:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and details[:2] == ("read_uncommitted", None):  # SQLAlchemy asks for it
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in (*allowed, sqlite3.SQLITE_TRANSACTION) else sqlite3.SQLITE_DENY


def _postgresql(url: "URL", source: Source, timeout: int) -> dict[str, Any]:
    address = address_of(url.host or "", url.port or 5432, source.allow_networks)
    options = f"-c default_transaction_read_only=on -c statement_timeout={timeout * 1000}"
    return {"hostaddr": address, "options": options, "connect_timeout": 5}


def _with_secrets(url: "URL", source: Source) -> "URL":
    """The URL with user and password of the environment; a missing variable is told by its name."""
    secrets: list[str | None] = []
    for key in ("user_env", "password_env"):
        name = str(source.options.get(key, ""))
        if name and name not in os.environ:
            raise _wrong(source, say("the environment variable {name} is not set", name=name[:80]))
        secrets.append(os.environ[name] if name else None)
    return url.set(drivername="postgresql+psycopg", username=secrets[0], password=secrets[1])


def _dataset(
    catalogue: Catalogue, fetcher: Fetcher, connection: "Connection", entry: Mapping[str, Any], timeout: int
) -> Iterator[Dataset | Finding]:
    identifier, path = str(entry.get("identifier") or ""), ""
    why: SourceError | None = None
    try:
        path = str(_kept(fetcher, connection, _statement(entry), timeout))
    except SourceError as error:
        why = error
    words = {key: value for key, value in entry.items() if key not in _OWN}
    files = [{"key": "data", "url": "data.csv", "format": "CSV", "mediatype": "text/csv"}]
    for item in catalogue.dataset(identifier, words, where=f"datasets.{identifier}"):
        yield _with_file(item, path) if isinstance(item, Dataset) else item
    if why is not None:
        message = say("The file {name} could not be obtained: {why}", name=files[0]["key"], why=why.message)
        place = Place(catalogue.home.name)
        yield Finding(why.code, Severity.ERROR, message, why.remedy, dataset=identifier or None, place=place)


def _with_file(dataset: Dataset, path: str) -> Dataset:
    return replace(dataset, resources=(Resource("data", path, format="CSV", media_type="text/csv"),))


def _statement(entry: Mapping[str, Any]) -> str:
    if "query" in entry:
        return str(entry["query"])
    name = ".".join(f'"{part}"' for part in str(entry["table"]).split("."))
    return f"SELECT * FROM {name}"  # noqa: S608  (a name that _TABLE accepts, quoted)


def _kept(fetcher: Fetcher, connection: "Connection", statement: str, timeout: int) -> Path:
    """The rows of a statement as CSV. Raises SourceError."""
    from sqlalchemy.exc import DBAPIError, ResourceClosedError

    raw = connection.connection.dbapi_connection
    ends = time.monotonic() + timeout
    if isinstance(raw, sqlite3.Connection):
        raw.set_progress_handler(lambda: int(time.monotonic() > ends), 10_000)
    try:
        with connection.execution_options(stream_results=True, yield_per=_BLOCK).exec_driver_sql(statement) as result:
            return keep_csv(fetcher.files, list(result.keys()), _rows(result, ends))
    except (DBAPIError, ResourceClosedError) as error:
        connection.rollback()
        late = time.monotonic() > ends or "statement timeout" in str(error)
        why = say("the query took longer than {seconds} seconds.", seconds=timeout) if late else _told(error)
        raise SourceChanged("KND-071", why, say("Correct the query in the source's file.")) from error
    finally:
        connection.rollback()


def _rows(result: Any, ends: float) -> Iterator[Sequence[Any]]:
    for count, row in enumerate(result, 1):
        if count > ROWS:
            why = say("the query gives more than {limit} rows.", limit=ROWS)
            raise SourceChanged("KND-073", why, say("Divide it into several datasets."))
        yield row


def _told(error: Exception) -> Text:
    """What the database says, without values that could be personal: its first line, digits hidden."""
    first = str(getattr(error, "orig", error)).partition("\n")[0][:200]
    return say("the database says: {told}.", told=re.sub(r"\d{5,}", "*****", first))


def _unreachable(home: Home, error: Exception) -> SourceUnavailable:
    message = say("The database {file} could not be reached.", file=home.name)
    return SourceUnavailable("KND-070", message, _ASK)
