"""What was downloaded or handed over, kept once under its SHA-256; names never become paths.

A file is written beside its place, flushed to disk and renamed, so a crash leaves at most a temporary file, which
`sweep` removes. A rename lost in a power cut only means that the file is fetched again.
"""

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from harvester.archives import CHUNK, UNPACKED_BYTES, could_not_read, member_chunks, reason
from harvester.errors import ConfigurationError, SourceChanged, SourceUnavailable
from harvester.i18n import say
from harvester.model import StoredFile

IN_MEMORY = 2**20  # bytes of a stream held before a temporary file is begun
FILE_BYTES = 2 * 2**30  # of one local file
_TEMPORARY = "part-"


class FileStore:
    """The folder `files/` of a workspace: `files/ab/abcdef…`, read-only, written at most once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the content with this lower-case hex SHA-256 is, or would be."""
        return self._folder / sha256[:2] / sha256

    def get(self, sha256: str) -> StoredFile | None:
        """The kept content, or None; its bytes are not read again."""
        path = self.path(sha256)
        if not re.fullmatch("[0-9a-f]{64}", sha256) or not path.is_file():
            return None
        return StoredFile(sha256, path.stat().st_size, path)

    def keep(self, path: Path, root: Path | None = None) -> StoredFile:
        """Keep a local file. It is read twice if it is new; a known content writes nothing.

        A link is followed only where `root` says how far it may lead.

        Raises SourceChanged for what is no regular file, is too big or lies, links followed, outside `root`;
        SourceUnavailable when it cannot be read, or changed while being read and again on a second attempt.
        """
        for _ in range(2):
            with _opened(path, root) as file:
                before = _mark(file)
                kept = self.get(hashlib.file_digest(file, "sha256").hexdigest())
                if kept is None:
                    file.seek(0)
                    kept = self.keep_stream(_chunks(file), FILE_BYTES)
                if _mark(file) == before:
                    return kept
        raise SourceUnavailable(
            "FIL-002",
            say("{file} changed while it was being read.", file=path.name),
            say("Close it in the program that is writing it; the next run reads it again."),
        )

    def keep_member(self, archive: Path, member: str) -> StoredFile:
        """Keep one file of a ZIP, under the name `archives.entries_of` gives it; nothing else is unpacked.

        Raises SourceChanged when the archive or the member is broken, protected or missing.
        """
        return self.keep_stream(member_chunks(archive, member), UNPACKED_BYTES)

    def keep_stream(self, chunks: Iterable[bytes], budget: int) -> StoredFile:
        """Keep what `chunks` bring, at most `budget` bytes. What they raise is passed on; nothing is left behind.

        Raises SourceChanged when there is more; ConfigurationError when the disk is full or cannot be written.
        """
        digest, size = hashlib.sha256(), 0
        with _Part(self._folder) as part:
            for chunk in chunks:
                size += len(chunk)
                if size > budget:
                    raise SourceChanged(
                        "FIL-006",
                        say("The file is larger than {limit} bytes.", limit=budget),
                        say("Hand it over in smaller files."),
                    )
                digest.update(chunk)
                part.write(chunk)
            sha256 = digest.hexdigest()
            kept = self.get(sha256)
            if kept is None:
                part.become(self.path(sha256))
                kept = StoredFile(sha256, size, self.path(sha256))
            return kept

    def all(self) -> Iterator[Path]:
        """Every kept content, by its hash."""
        return (path for path in sorted(self._folder.glob("??/*")) if len(path.name) == 64)

    def sweep(self, before: datetime) -> int:
        """Remove temporary files last written before `before`, left by a crash; returns how many."""
        left = [p for p in self._folder.glob(_TEMPORARY + "*") if p.stat().st_mtime < before.timestamp()]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


class _Part:
    """A file on its way into the store: in memory while small, then a temporary file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory = bytearray()
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, chunk: bytes) -> None:
        if self._file is None and len(self._memory) + len(chunk) <= IN_MEMORY:
            self._memory += chunk
            return
        with _writing(self._folder):
            self._on_disk().write(chunk)

    def become(self, path: Path) -> None:
        """Appear whole at `path`; another writer of the same content may have been there first."""
        with _writing(self._folder):
            file = self._on_disk()
            file.flush()
            os.fsync(file.fileno())
            file.close()
            Path(file.name).chmod(0o444)
            path.parent.mkdir(exist_ok=True)
            Path(file.name).replace(path)

    def _on_disk(self) -> IO[bytes]:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            # not `with`: it lives until __exit__
            self._file = tempfile.NamedTemporaryFile(prefix=_TEMPORARY, dir=self._folder, delete=False)  # noqa: SIM115
            self._file.write(self._memory)
            self._memory.clear()
        return self._file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with _writing(self._folder):
                Path(self._file.name).unlink(missing_ok=True)
                self._file.close()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _mark(file: IO[bytes]) -> tuple[int, int]:
    seen = os.fstat(file.fileno())
    return seen.st_size, seen.st_mtime_ns


@contextmanager
def _opened(path: Path, root: Path | None) -> Iterator[BufferedReader]:
    """`path` opened for reading without ever waiting for a pipe or a device."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        real = path if root is None else path.resolve(strict=True)
        if root is not None and not real.is_relative_to(root.resolve()):
            raise SourceChanged(
                "FIL-004",
                say("{file} is a link to a place outside the source's folder.", file=path.name),
                say("Put the file itself there."),
            )
        with open(os.open(real, flags), "rb") as file:  # noqa: PTH123  (a Path cannot be opened without waiting)
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceChanged(
                    "FIL-001",
                    say("{file} is not a file but a folder, a pipe or a device.", file=path.name),
                    say("Put the data in an ordinary file."),
                )
            yield file
    except FileNotFoundError as error:
        raise SourceUnavailable(
            "FIL-005",
            say("{file} does not exist.", file=path.name),
            say("Put the file there, or take it out of the description."),
        ) from error
    except OSError as error:
        raise could_not_read(path, error) from error


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            "FIL-009",
            say("{folder} cannot be written ({reason}).", folder=str(folder), reason=reason(error)),
            say("Free space on the disk, or give the user running this program the right to write there."),
        ) from error
