"""The whole workspace in one file, taken while it works, and back into an empty folder: `backup` and `restore`.

A backup is a tar.gz: config/, the ledger as lines of JSON (of one moment, fit for SQLite and PostgreSQL alike), the
contents it refers to, the embedded portal. Ledger and portal are of one moment, in which nobody publishes: what was
half done then is an open entry of the journal, and finished where it is restored. Secrets are never in a backup.
"""

import gzip
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from harvester.environment import environment
from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import say
from harvester.store import Store
from harvester.workspace import Workspace

LEDGER = "ledger.jsonl"
TOP = ("config", "files", "portal")
SKIPPED = (".lock", ".staging")


def backup(workspace: Workspace, file: Path, now: datetime) -> dict[str, Any]:
    """Write the workspace to `file`, whole or not at all. Raises ConfigurationError, UsageRefused if it exists."""
    if file.exists():
        raise UsageRefused(
            "SVC-020", say("{file} exists already.", file=str(file)), say("Name a new file, for example with the date.")
        )
    with _explained(file), tempfile.TemporaryDirectory(dir=workspace.folder, prefix=".backup-") as folder:
        part = Path(folder) / "backup"
        with tarfile.open(part, "w:gz", compresslevel=6) as archive:
            lines = workspace.store.lines()
            with _nobody_publishes(workspace.folder / "portal"):
                head = next(lines)
                _link(workspace.folder / "portal", Path(folder) / "portal")
            rows = _add_ledger(chain([head], lines), archive, Path(folder))
            wanted = workspace.store.hashes()
            for path in sorted((workspace.folder / "config").rglob("*")):
                _add(archive, workspace.folder, path)
            for path in workspace.files.all():
                if path.name in wanted:
                    _add(archive, workspace.folder, path)
            for path in sorted((Path(folder) / "portal").rglob("*")):
                _add(archive, Path(folder), path)
        size = part.stat().st_size
        shutil.copyfile(part, file.with_name(f".{file.name}.part"))
        file.with_name(f".{file.name}.part").replace(file)
    return {"file": str(file), "bytes": size, "rows": rows, "made_at": now.isoformat()}


@contextmanager
def _nobody_publishes(portal: Path) -> Iterator[None]:
    """Hold the lock under which the embedded portal is written; there is nothing to hold where there is none."""
    if not portal.is_dir():
        yield
        return
    with FileLock(portal / ".lock"):
        yield


def _link(portal: Path, into: Path) -> None:
    """The portal as it is, by links to its files, which never change: quick, however large it is."""
    if portal.is_dir():
        shutil.copytree(portal, into, symlinks=True, copy_function=_linked, ignore=shutil.ignore_patterns(*SKIPPED))


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        shutil.copy2(source, target)


def restore(file: Path, folder: Path, environ: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Make the workspace `folder`, which must be empty or not exist, from a backup.

    Raises UsageRefused, and ConfigurationError for what is no backup: then nothing of it is left in `folder`.
    """
    if not file.is_file():
        raise UsageRefused("SVC-024", say("There is no file {file}.", file=str(file)), say("Name the backup file."))
    if folder.exists() and any(folder.iterdir()):
        raise UsageRefused(
            "SVC-025",
            say("{folder} is not empty; a backup is restored into an empty folder only.", folder=str(folder)),
            say("Name a new folder with -C."),
        )
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as staging:
            _unpack(file, Path(staging))
            database = environment(environ).database or str(Path(staging) / "state.db")
            with Store.open(database, now) as store, (Path(staging) / LEDGER).open(encoding="utf-8") as lines:
                rows = store.load(lines, now)
                store.compact()
            for name in (*TOP, "state.db", "state.db-wal", "state.db-shm"):
                if (Path(staging) / name).exists():
                    (Path(staging) / name).rename(folder / name)
    return {"workspace": str(folder), "rows": rows, "file": str(file)}


def _add_ledger(lines: Iterable[str], archive: tarfile.TarFile, folder: Path) -> int:
    path, rows = folder / LEDGER, -1
    with path.open("w", encoding="utf-8") as ledger:
        for line in lines:
            ledger.write(line + "\n")
            rows += 1
    archive.add(path, LEDGER, recursive=False)
    return rows


def _add(archive: tarfile.TarFile, root: Path, path: Path) -> None:
    """A file, folder or link as it is now; what went away meanwhile is left out."""
    try:
        info = archive.gettarinfo(path, str(path.relative_to(root)))
        if info.isreg() or info.islnk():
            with path.open("rb") as content:
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.fstat(content.fileno()).st_size
                archive.addfile(info, content)
        elif info.isdir() or info.issym():
            archive.addfile(info)
    except FileNotFoundError:
        return


def _unpack(file: Path, staging: Path) -> None:
    """Only what a backup holds, and nothing outside of `staging`, whatever the archive says."""
    with tarfile.open(file, "r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if member.name != LEDGER and (not parts or parts[0] not in TOP):
                raise _no_backup(file)
            archive.extract(member, staging, filter="data")
    if not (staging / LEDGER).is_file() or not (staging / "config" / "portal.toml").is_file():
        raise _no_backup(file)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, UnicodeDecodeError, ValueError, KeyError) as error:
        raise _no_backup(place) from error
    except OSError as error:
        raise ConfigurationError(
            "SVC-026",
            say("{place} cannot be read or written: {reason}.", place=str(place), reason=str(error.strerror or error)),
            say("Check that its folder exists, that you may write there, and that the disk is not full."),
        ) from error


def _no_backup(file: Path) -> ConfigurationError:
    return ConfigurationError(
        "SVC-022", say("This is no backup of ours, or it is damaged."), say("Take another backup file.")
    )
