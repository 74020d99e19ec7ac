"""A PostgreSQL schema for each workspace of the tests, where OPENDATA_TEST_DATABASE names a server."""

import hashlib
import os
import shutil
import threading
from datetime import datetime
from functools import cache
from pathlib import Path

import sqlalchemy

from harvester.store import Store

LOCK = threading.Lock()
SERVER = os.environ.get("OPENDATA_TEST_DATABASE", "")


def url(folder: Path) -> str:
    """Where the workspace in `folder` keeps its ledger: its own file, or a schema made for it."""
    if not SERVER:
        return str(folder / "state.db")
    schema = f"w_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]}"
    with LOCK:
        _create(schema)
    return f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{schema}"


def environ(folder: Path) -> dict[str, str]:
    """What a command needs in its environment to find the ledger of `folder`."""
    return {"OPENDATA_DATABASE": url(folder)} if SERVER else {}


def execute(statement: str) -> None:
    """One statement, on the server itself."""
    engine = sqlalchemy.create_engine(SERVER.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def copy(template: Path, folder: Path, now: datetime) -> None:
    """A workspace copied with its ledger."""
    shutil.copytree(template, folder, symlinks=True)
    if SERVER:
        with Store.open(url(template), now) as old, Store.open(url(folder), now) as new:
            new.load(old.lines(), now)


@cache
def _create(schema: str) -> None:
    execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
