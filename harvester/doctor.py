"""Is everything in order? Each check says what it found, and what to do where that is not well. Offline, quick.

Codes: DOC-001 … in the order of `MACHINE` and `WORKSPACE`; an error of another part keeps that part's code.
"""

import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from harvester.config import Config, load
from harvester.environment import environment
from harvester.errors import OpendataError
from harvester.i18n import Language, Text, say
from harvester.model import ZONE
from harvester.schedule import next_times
from harvester.sources import KINDS
from harvester.store import Store

NEEDED = (
    *("alembic", "apscheduler", "ckanapi", "defusedxml", "filelock", "frictionless", "jinja2", "lxml", "openpyxl"),
    *("owslib", "pandas", "protego", "pyarrow", "python_calamine", "rdflib", "requests", "requests_toolbelt", "rich"),
    *("sickle", "sqlalchemy", "typer", "xlrd", "yaml"),
)
PYTHON = (3, 11)
SQLITE = (3, 35)  # RETURNING, in March 2021
FREE_BYTES = 2**30
EARLIEST = 2026  # no clock of a machine that runs this program is before the year it was written in


class Status(Enum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"  # works, but look at it
    FAIL = "fail"  # must be mended before anything is run


@dataclass(frozen=True)
class Check:
    """One line of `opendata doctor`."""

    name: str
    code: str
    status: Status
    message: Text
    remedy: Text = field(default_factory=lambda: Text("", {}))

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's check, with its code."""
        return {
            "name": self.name,
            "code": self.code,
            "status": self.status.value,
            "message": self.message.render(language),
            "remedy": self.remedy.render(language),
        }


Found = tuple[Status, Text, Text] | Text
"""What a check came to; a Text alone: it is well."""


@dataclass(frozen=True)
class Surroundings:
    """What is looked at; what is read twice is kept."""

    folder: Path
    environ: Mapping[str, str]
    now: datetime

    @cached_property
    def config(self) -> Config:
        """The configuration; raises ConfigurationError, each time it is asked for."""
        return load(self.folder, KINDS)

    @cached_property
    def database(self) -> str | None:
        """Where the state is kept; None while there is none."""
        named = environment(self.environ).database
        file = self.folder / "state.db"
        return named or (str(file) if file.exists() else None)


def examine(
    folder: Path | None, environ: Mapping[str, str], now: datetime, *, probe_upload: bool = False
) -> Iterator[Check]:
    """Look at this machine, then at the workspace if there is one, then at its CKAN portal if that is its kind.

    Never raises for what is not in order. `probe_upload` finds the portal's limit by uploading.
    """
    around = Surroundings(folder or Path(), environ, now)
    for number, (name, look) in enumerate(MACHINE.items(), 1):
        yield _looked(name, f"DOC-{number:03}", look, around)
    if folder is None:
        message = say("There is no workspace here; only this machine was looked at.")
        yield Check("workspace", "DOC-020", Status.OK, message)
        return
    for number, (name, look) in enumerate(WORKSPACE.items(), 21):
        check = _looked(name, f"DOC-{number:03}", look, around)
        yield check
        if check.status is Status.FAIL and name in ("workspace", "configuration"):
            return  # the others can only say the same again
    if around.config.portal.kind == "ckan":
        yield from _ckan(around, probe_upload)


def _ckan(around: Surroundings, probe_upload: bool) -> Iterator[Check]:
    """The CKAN portal, by its own door."""
    from publishers.ckan import Ckan
    from publishers.ckan_diagnosis import diagnose

    config, day = around.config, around.now.astimezone(ZONE).date()
    agencies = [a for a in config.register.agencies if a.exists_on(day) and config.portal.acts_for(a.id)]
    try:
        portal = Ckan(config.portal, environment(around.environ))
    except OpendataError:
        return  # the check of the environment has said it
    for found in diagnose(portal, agencies, config.rule_sets, around.now, probe=probe_upload):
        yield Check(found.name, "DOC-040", Status(found.health), found.message, found.remedy)


def diagnosis(checks: Sequence[Check]) -> int:
    """The exit code: 3 when something must be mended, else 0."""
    return 3 if any(check.status is Status.FAIL for check in checks) else 0


def _looked(name: str, code: str, look: Callable[[Surroundings], Found], around: Surroundings) -> Check:
    try:
        found = look(around)
    except OpendataError as error:
        return Check(name, error.code, Status.FAIL, error.message, error.remedy)
    except OSError as error:
        message = say(
            "{path} cannot be used: {reason}.", path=str(error.filename or name), reason=error.strerror or str(error)
        )
        remedy = say("Give the user of this command the right to read and write there.")
        return Check(name, code, Status.FAIL, message, remedy)
    if isinstance(found, Text):
        return Check(name, code, Status.OK, found)
    return Check(name, code, *found)


# ---------------------------------------------------------------- this machine


def python(around: Surroundings) -> Found:
    """The version of Python."""
    found = say("Python {version}", version=platform.python_version())
    if sys.version_info < PYTHON:
        return Status.FAIL, found, say("Install Python {least} or newer.", least=".".join(map(str, PYTHON)))
    return found


def packages(around: Surroundings) -> Found:
    """Whether everything that is imported is installed; nothing is imported to find out."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        message = say("Not installed: {packages}.", packages=", ".join(absent))
        return Status.FAIL, message, say("Install the program again into a fresh virtual environment.")
    return say("All {n} packages are installed.", n=len(NEEDED))


def email_columns(around: Surroundings) -> Found:
    """Frictionless judges e-mail columns with the package `validators`; no folder of that name may hide it."""
    spec = importlib.util.find_spec("validators")
    if spec is None or spec.origin is None:
        message = say("A folder named “validators” hides the package that judges e-mail columns.")
        return (
            Status.FAIL,
            message,
            say("Start the command from another folder, or install the package “validators” again."),
        )
    return say("E-mail columns can be judged.")


def sqlite(around: Surroundings) -> Found:
    """The version of SQLite."""
    found = say("SQLite {version}", version=sqlite3.sqlite_version)
    if sqlite3.sqlite_version_info < SQLITE:
        return Status.FAIL, found, say("Use a Python with SQLite {least} or newer.", least=".".join(map(str, SQLITE)))
    return found


def console(around: Surroundings) -> Found:
    """Vietnamese names of files need UTF-8."""
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        message = say("Names of files are read as {encoding}; Vietnamese ones may be garbled.", encoding=encoding)
        return Status.WARN, message, say("Set LC_ALL=C.UTF-8 (on Windows: PYTHONUTF8=1).")
    return say("Names of files and the screen are in UTF-8.")


def time_zone(around: Surroundings) -> Found:
    """Days are Viet Nam's."""
    if datetime(EARLIEST, 1, 1, tzinfo=ZONE).utcoffset() != timedelta(hours=7):
        message = say("The time zone data say that Viet Nam is not at +07:00.")
        return Status.FAIL, message, say("Install the newest time zone data (package tzdata).")
    return say("Days are counted in Viet Nam's time, +07:00.")


def clock(around: Surroundings) -> Found:
    """A clock that was reset would date every fact wrongly."""
    shown = around.now.astimezone(ZONE)
    if shown.year < EARLIEST:
        message = say("The clock of this machine says {now}.", now=shown)
        return Status.FAIL, message, say("Set the clock, then keep it right with a time server.")
    return say("The clock says {now}.", now=shown)


def disk(around: Surroundings) -> Found:
    """Room for downloads and versions."""
    place = next(path for path in (around.folder.absolute(), *around.folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = say("{n} MB are free on the disk.", n=free // 2**20)
    if free < FREE_BYTES:
        return Status.WARN, found, say("Make room: at least {n} MB should be free.", n=FREE_BYTES // 2**20)
    return found


# ---------------------------------------------------------------- the workspace


def workspace(around: Surroundings) -> Found:
    """The folder is there and may be written."""
    if not (around.folder / "config" / "portal.toml").is_file():
        message = say("{folder} is no workspace: it has no config/portal.toml.", folder=str(around.folder))
        return (
            Status.FAIL,
            message,
            say(
                "Make one there with “opendata init {folder}”, or name another one with -C.", folder=str(around.folder)
            ),
        )
    with tempfile.TemporaryFile(dir=around.folder):
        return say("{folder} may be written.", folder=str(around.folder.resolve()))


def variables(around: Surroundings) -> Found:
    """The environment's part of the configuration."""
    environment(around.environ)
    return say("The environment variables are in order.")


def configuration(around: Surroundings) -> Found:
    """config/ is valid as a whole."""
    config = around.config
    return say(
        "The configuration is valid: {sources} sources, {targets} targets, {rules} sets of rules.",
        sources=len(config.sources),
        targets=len(config.targets),
        rules=len(config.rule_sets),
    )


def register(around: Surroundings) -> Found:
    """Agencies in being today, and the rules in force for them."""
    day = around.now.astimezone(ZONE).date()
    living = sum(agency.exists_on(day) for agency in around.config.register.agencies)
    if not living:
        message = say("The register has no agency that is in being today.")
        return Status.WARN, message, say("Bring config/agencies.csv up to date.")
    rules = around.config.rules_on(day)
    if rules is None:
        return Status.WARN, say("No rules are in force today."), say("Add a file to config/rules/ for today's law.")
    return say("{n} agencies are in being today.", n=living)


def database(around: Surroundings) -> Found:
    """The database opens; what an earlier version wrote is brought up to date by that."""
    if around.database is None:
        return say("There is no database yet; the first run makes it.")
    with Store.open(around.database, around.now):
        return say("The database opens and is of this version.")


def write_ahead(around: Surroundings) -> Found:
    """SQLite needs a disk that keeps its write-ahead log, which many network drives do not."""
    with _probe(around) as folder, closing(sqlite3.connect(folder / "try.db")) as connection:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        message = say("This disk cannot keep SQLite's write-ahead log.")
        return Status.FAIL, message, say("Put the workspace on a disk of this machine, not on a network drive.")
    return say("SQLite can work safely on this disk.")


def leftovers(around: Surroundings) -> Found:
    """Runs and publications that are under way or were cut off."""
    if around.database is None:
        return say("Nothing is left open.")
    with Store.open(around.database, around.now) as store:
        runs, entries = len(store.unfinished_runs()), len(store.open_entries())
    if runs or entries:
        message = say("{runs} runs and {entries} publications are open.", runs=runs, entries=entries)
        return Status.WARN, message, say("If no command is working now: the next “opendata run” finishes them.")
    return say("Nothing is left open.")


def portal(around: Surroundings) -> Found:
    """The folder that is the portal: every pointer shows a version that is there."""
    root = around.folder / "portal"
    if around.config.portal.kind != "catalogue" or not root.is_dir():
        return say("No portal folder yet.")
    with tempfile.TemporaryFile(dir=root):
        pointers = sorted((root / "dataset").glob("*"))
    broken = [pointer.name for pointer in pointers if not pointer.exists()]
    if broken:
        message = say("{n} datasets of the portal point nowhere: {names}.", n=len(broken), names=", ".join(broken[:3]))
        return (
            Status.FAIL,
            message,
            say("Put the folder portal/versions back from the backup, then run “opendata run”."),
        )
    return say("The portal's folder is whole: {n} datasets.", n=len(pointers))


def approvals(around: Surroundings) -> Found:
    """Who allowed unattended runs, and since when."""
    unsigned = [s.id for s in around.config.sources if s.approved and not (s.approved_by and s.approved_on)]
    if unsigned:
        message = say("It is not written down who approved {names}, or when.", names=", ".join(unsigned))
        return Status.WARN, message, say("Add approved_by and approved_on to their files in config/sources/.")
    return say("Every approved source names who approved it.")


def schedules(around: Surroundings) -> Found:
    """An approved source without a time never runs by itself."""
    idle = [s.id for s in around.config.sources if s.approved and not next_times(s.schedule, around.now, 1)]
    if idle:
        message = say("Approved, but never due by a schedule: {names}.", names=", ".join(idle))
        return Status.WARN, message, say("Add a schedule to their files in config/sources/, such as “0 2 * * *”.")
    return say("Every approved source has a schedule.")


@contextmanager
def _probe(around: Surroundings) -> Iterator[Path]:
    """A folder in the workspace to try things in."""
    with tempfile.TemporaryDirectory(dir=around.folder, prefix=".doctor-") as folder:
        yield Path(folder)


def locks(around: Surroundings) -> Found:
    """Two commands must not act on one source; on some network drives locks are only pretended."""
    with _probe(around) as folder:
        first, second = (FileLock(folder / "try.lock", timeout=0) for _ in range(2))
        with first:
            try:
                second.acquire()
            except Timeout:
                return say("Locks work on this disk.")
            second.release()
    message = say("Locks do not work on this disk: two commands could write at once.")
    return Status.FAIL, message, say("Put the workspace on a disk of this machine, not on a network drive.")


def links(around: Surroundings) -> Found:
    """The embedded portal shows a version by a symbolic link, and keeps files once by hard links."""
    with _probe(around) as folder:
        (folder / "file").touch()
        try:
            (folder / "symbolic").symlink_to("file")
        except OSError:
            message = say("This disk has no symbolic links; the embedded portal needs them.")
            return Status.FAIL, message, say("Use another disk (on Windows: turn on developer mode).")
        try:
            os.link(folder / "file", folder / "hard")
        except OSError:
            message = say("This disk has no hard links; published files are copied and take more room.")
            return Status.WARN, message, say("Use another disk if room is short.")
    return say("Links work on this disk.")


MACHINE: Mapping[str, Callable[[Surroundings], Found]] = {
    "python": python,
    "packages": packages,
    "email_columns": email_columns,
    "sqlite": sqlite,
    "console": console,
    "time_zone": time_zone,
    "clock": clock,
    "disk": disk,
}

WORKSPACE: Mapping[str, Callable[[Surroundings], Found]] = {
    "workspace": workspace,
    "locks": locks,
    "links": links,
    "write_ahead": write_ahead,
    "environment": variables,
    "configuration": configuration,
    "register": register,
    "database": database,
    "leftovers": leftovers,
    "portal": portal,
    "approvals": approvals,
    "schedules": schedules,
}
