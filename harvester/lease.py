"""The right to act: an operating-system lock that dies with its process, and a lease with a fence in the ledger.

On one machine the lock decides, so the next command takes over from a dead one at once; a holder on another
machine is waited for until its lease ends.
"""

import getpass
import os
import platform
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from harvester.errors import RunLocked
from harvester.i18n import say
from harvester.ledger import Lease, RunState
from harvester.workspace import Clock, Workspace

LEASE_SECONDS = 60
HEARTBEAT_SECONDS = 15


def holder() -> str:
    """Who holds a lease: machine and process."""
    return f"{platform.node()}:{os.getpid()}"


@contextmanager
def os_lock(workspace: Workspace, key: str, wait: float = 0) -> Iterator[None]:
    """The machine's own lock on `key`; waits `wait` seconds, then raises RunLocked."""
    folder = workspace.folder / "locks"
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / f"{re.sub(r'[^a-z0-9.-]', '_', key)}.lock", timeout=wait)
    try:
        lock.acquire()
    except Timeout as error:
        raise _locked(key) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def hold(workspace: Workspace, key: str, run: int, clock: Clock, wait: float = 0) -> Iterator[Lease]:
    """Act on `key` ("source:<id>", "dataset:<name>", "run:<id>") alone; raises RunLocked when another does."""
    with os_lock(workspace, key, wait):
        lease = workspace.store.claim(key, run, holder(), clock(), LEASE_SECONDS)
        if lease is None:
            raise _locked(key)
        ended = threading.Event()
        heart = threading.Thread(target=_beat, args=(workspace, lease, clock, ended), daemon=True)
        heart.start()
        try:
            yield lease
        finally:
            ended.set()
            heart.join()
            workspace.store.release(lease)


def is_free(workspace: Workspace, key: str, clock: Clock) -> bool:
    """Whether nobody acts on `key` now; only `hold` makes sure of it."""
    try:
        with os_lock(workspace, key):
            return not workspace.store.held_elsewhere(key, platform.node(), clock())
    except RunLocked:
        return False


@contextmanager
def ledger_row(workspace: Workspace, purpose: str, clock: Clock) -> Iterator[int]:
    """A row of the ledger for one command; yields its number. Whatever ends the command, the row names it."""
    asked_by = f"{getpass.getuser()}@{platform.node()}"
    row = workspace.store.begin_run(purpose, asked_by, clock())
    with hold(workspace, f"run:{row.id}", row.id, clock):
        try:
            yield row.id
        except BaseException as error:
            state = RunState.INTERRUPTED if isinstance(error, KeyboardInterrupt) else RunState.FAILED
            workspace.store.finish_run(row.id, state, {"error": f"{type(error).__name__}: {error}"}, clock())
            raise


def _beat(workspace: Workspace, lease: Lease, clock: Clock, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT_SECONDS):
        if not workspace.store.renew(lease, clock(), LEASE_SECONDS):
            return  # another holds it now: our next write is refused by its fence


def _locked(key: str) -> RunLocked:
    return RunLocked(
        "RUN-001",
        say("Another command is working on {what} right now.", what=key.partition(":")[2] or key),
        say("Wait until it has finished, then try again."),
    )
