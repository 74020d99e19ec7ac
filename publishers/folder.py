"""A folder that changes as a whole: everything is staged beside what readers see, and shown by one rename.

Layout: `dataset/<name>` is the pointer, a relative symbolic link to `../versions/<folder>`; a version folder is never
half there. All writing happens under one lock, so what lies in `.staging` when it is taken is a dead process's.
"""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harvester.errors import PortalUnavailable, PublicationRefused
from harvester.i18n import say
from harvester.model import PublishedFile

PATIENCE = 60  # seconds to wait for another process that writes to the same portal
READABLE = 0o444
WITHDRAWN = ".withdrawn-"  # in the name of a tombstone's folder
FULL = {errno.ENOSPC, errno.EDQUOT}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class Folder:
    """The portal's folder. Every OSError leaves it as PortalUnavailable; what readers saw before still stands."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.staging = root / ".staging"
        self.versions = root / "versions"
        self.pointers = root / "dataset"

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turns an OSError into PortalUnavailable; an absent portal is empty, an absent workspace is an error."""
        try:
            self.root.parent.stat()
            yield
        except OSError as error:
            raise _unavailable(self.root, error) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """As `reading`, alone in the portal, with the leftovers of dead processes swept away."""
        with self.reading():
            for folder in (self.root, self.pointers, self.versions):
                folder.mkdir(exist_ok=True)
            lock = FileLock(self.root / ".lock", timeout=PATIENCE, poll_interval=0.01)
            try:
                lock.acquire()
            except Timeout as error:
                raise _busy(self.root) from error
            try:
                if self.staging.exists():
                    shutil.rmtree(self.staging)
                yield
            finally:
                shutil.rmtree(self.staging, ignore_errors=True)  # if it fails, the next writer sweeps
                lock.release()

    def target(self, name: str) -> str | None:
        """The version folder that the pointer `name` shows; None if there is no such pointer, "" if it is not ours."""
        try:
            shown = (self.pointers / name).readlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return ""  # a folder or a file, not a pointer
        ours = shown.parts[:2] == ("..", "versions") and len(shown.parts) == 3 and owner(shown.name) == name
        return shown.name if ours else ""

    def all(self) -> list[str]:
        """Every version folder and tombstone, shown or not."""
        return sorted(found.name for found in self.versions.iterdir() if owner(found.name))

    def add(self, version: str, texts: Mapping[str, bytes], files: Sequence[PublishedFile]) -> None:
        """Put a whole version folder in its place, taking away one there that no pointer shows."""
        self.staging.mkdir(exist_ok=True)
        staged = self.staging / version
        staged.mkdir()
        for name, content in texts.items():
            _write(staged / name, content)
        for file in files:
            _host(file, staged / file.name)
        _sync(staged)
        if (self.versions / version).exists():
            (self.versions / version).rename(self.staging / f"{version}.old")
        staged.rename(self.versions / version)
        _sync(self.versions)

    def mend(self, version: str, texts: Mapping[str, bytes], files: Sequence[PublishedFile]) -> bool:
        """Replace, one rename each, what is missing or damaged in a version folder; whether anything was."""
        folder = self.versions / version
        wrote = [self.write(folder / name, content) for name, content in texts.items()]
        damaged = [file for file in files if measure(folder / file.name) != (file.sha256, file.bytes)]
        for file in damaged:
            self.staging.mkdir(exist_ok=True)
            _host(file, self.staging / file.name)
            (self.staging / file.name).replace(folder / file.name)
        _sync(folder)
        return any(wrote) or bool(damaged)

    def point(self, name: str, version: str) -> bool:
        """The moment of publication: the pointer shows `version` from now on. Whether it did not before."""
        if self.target(name) == version:
            return False
        self.staging.mkdir(exist_ok=True)
        staged = self.staging / f"{name}.pointer"
        staged.symlink_to(Path("..") / "versions" / version)
        staged.replace(self.pointers / name)
        _sync(self.pointers)
        return True

    def write(self, path: Path, content: bytes) -> bool:
        """Give the file `path` this content by one rename, unless it has it already; whether it was written."""
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(exist_ok=True)
        self.staging.mkdir(exist_ok=True)
        staged = self.staging / path.name
        _write(staged, content)
        staged.replace(path)
        _sync(path.parent)
        return True

    def write_pieces(self, path: Path, pieces: Callable[[], Iterable[bytes]]) -> bool:
        """As `write`, for a file too long to be held in memory; `pieces` gives its content, each time anew."""
        if _consists_of(path, pieces()):
            return False
        self.staging.mkdir(exist_ok=True)
        staged = self.staging / path.name
        with staged.open("wb") as file:
            file.writelines(pieces())
        _sync(staged)
        staged.replace(path)
        _sync(path.parent)
        return True

    def remove(self, versions: Sequence[str]) -> None:
        """Take version folders away, each at one moment."""
        for version in versions:
            self.staging.mkdir(exist_ok=True)
            (self.versions / version).rename(self.staging / version)


def owner(folder: str) -> str:
    """The dataset that a version folder belongs to by its name: `<name>.<n>` or `<name>.withdrawn-<hash>`, else ""."""
    found = re.fullmatch(r"([a-z0-9-]+)\.(?:[1-9][0-9]*|withdrawn-[0-9a-f]{12})", folder)
    return found[1] if found else ""


def measure(path: Path) -> tuple[str, int] | None:
    """SHA-256 and size of a file's bytes; None if there is no regular file."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
    except FileNotFoundError:  # taken away this moment
        return None


def _consists_of(path: Path, pieces: Iterable[bytes]) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)


def _host(file: PublishedFile, path: Path) -> None:
    """Our kept copy under the portal's name: a hard link, or a copy where that cannot be or would not be readable."""
    try:
        if file.path.stat().st_mode & READABLE == READABLE:
            _link(file.path, path)
        else:
            shutil.copyfile(file.path, path)
    except FileNotFoundError as error:
        raise _damaged(file) from error
    if measure(path) != (file.sha256, file.bytes):
        raise _damaged(file)
    _sync(path)


def _link(kept: Path, path: Path) -> None:
    try:
        os.link(kept, path)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, too many links, not ours to link
        shutil.copyfile(kept, path)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(file: PublishedFile) -> PublicationRefused:
    return PublicationRefused(
        "CAT-004",
        say("The kept copy of the file {file} is missing or damaged, so it was not published.", file=file.name),
        say("Collect the dataset again, then repeat the command."),
    )


def _busy(root: Path) -> PortalUnavailable:
    return PortalUnavailable(
        "CAT-005",
        say("Another process has been writing to the portal folder {folder} for a minute.", folder=str(root)),
        say("Wait until it has ended, then repeat the command."),
    )


def _unavailable(root: Path, error: OSError) -> PortalUnavailable:
    folder, reason = str(root), error.strerror or str(error)
    if error.errno in FULL:
        message = say("The disk of the portal folder {folder} is full.", folder=folder)
        return PortalUnavailable("CAT-001", message, say("Free some space, then repeat the command."))
    if error.errno in CLOSED:
        message = say("The portal folder {folder} may not be read or written: {reason}.", folder=folder, reason=reason)
        remedy = say("Give this user the right to write there, then repeat the command.")
        return PortalUnavailable("CAT-002", message, remedy)
    message = say("The portal folder {folder} cannot be used: {reason}.", folder=folder, reason=reason)
    remedy = say("See that the folder exists and its disk is mounted, then repeat the command.")
    return PortalUnavailable("CAT-003", message, remedy)
