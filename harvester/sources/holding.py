"""The files of a folder or of a ZIP, by the names people see."""

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harvester.archives import could_not_read, entries_of, read_member
from harvester.errors import SourceChanged, SourceUnavailable
from harvester.i18n import Text, say
from harvester.model import Finding, Place, Severity

DEPTH = 12  # sub-folders
FILES = 100_000
_NOT_DATA = ("~$", ".")  # Office's lock files, hidden files
_LEFT_BY_SYSTEMS = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class Holding:
    """What was handed over: `files` maps each name (relative, posix, NFC) to its path, or its name in the ZIP."""

    root: Path
    archived: bool
    files: Mapping[str, str]
    findings: tuple[Finding, ...] = ()  # what could not be taken; any makes the listing incomplete

    def address(self, name: str) -> tuple[str, str]:
        """Where a file is: absolute path and, in a ZIP, the member's name."""
        return (str(self.root), self.files[name]) if self.archived else (self.files[name], "")

    def read(self, name: str, limit: int) -> bytes:
        """At most `limit` + 1 bytes of a small file. Raises SourceError."""
        address, member = self.address(name)
        return read_member(self.root, member, limit) if member else read_start(Path(address), limit)


def hold(root: Path, depth: int = DEPTH) -> Holding:
    """Look through the folder or ZIP at `root`, `depth` sub-folders deep, reading no file.

    Raises SourceUnavailable when there is nothing or it may not be read, SourceChanged when it is neither.
    """
    try:
        root = root.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise SourceUnavailable(
            "SRC-001",
            say("{place} does not exist.", place=str(root)),
            say("Correct the address, or put the files there."),
        ) from error
    if root.is_dir():
        walk = _Walk(root)
        walk.into(root, depth)
        return Holding(root, False, walk.files, tuple(walk.findings))
    if root.is_file() and (root.suffix.lower() == ".zip" or read_start(root, 4)[:2] == b"PK"):
        return _archive(root)
    raise SourceChanged(
        "SRC-002",
        say("{place} is neither a folder nor a ZIP archive.", place=str(root)),
        say("Write the folder's own address."),
    )


def read_start(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a local file. Raises SourceUnavailable."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise could_not_read(path, error) from error


def left_aside(name: str) -> bool:
    """Whether a file or folder is no data: hidden, a lock file, or left by an operating system."""
    return name.startswith(_NOT_DATA) or name.lower() in _LEFT_BY_SYSTEMS


def not_taken(code: str, name: str, why: Text, remedy: Text, severity: Severity = Severity.ERROR) -> Finding:
    """The finding for something that stays out of the listing."""
    shown = name.encode("utf-8", "backslashreplace").decode()
    message = say("{file} was left out: {why}.", file=shown, why=why)
    return Finding(code, severity, message, remedy, place=Place(shown))


class _Walk:
    def __init__(self, root: Path) -> None:
        self._root = root
        self.files: dict[str, str] = {}
        self.findings: list[Finding] = []

    def into(self, folder: Path, depth: int) -> None:
        """Take every file in `folder`, and below it `depth` deep, by name; links to folders are not followed."""
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == self._root:
                raise SourceUnavailable(
                    "SRC-001", say("{place} may not be read.", place=str(folder)), _RIGHTS
                ) from error
            self._leave(folder, "SRC-004", say("the folder may not be read"), _RIGHTS)
            return
        for entry in found:
            path = Path(entry.path)
            if left_aside(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth > 0:
                    self.into(path, depth - 1)
                else:
                    self._leave(path, "SRC-007", say("it lies too deep"), say("Use fewer sub-folders."))
            else:
                self._take(path)

    def _take(self, path: Path) -> None:
        name = unicodedata.normalize("NFC", path.relative_to(self._root).as_posix())
        if not path.is_file() or not path.resolve().is_relative_to(self._root):
            why = say("it is no file but a link to elsewhere, a pipe or a device")
            self._leave(path, "SRC-004", why, say("Put the file itself there."))
        elif not name.isprintable():
            why = say("its name holds characters that cannot be shown")
            self._leave(path, "SRC-005", why, say("Give the file a new name."))
        elif name in self.files:
            why = say("another file has the same name, with its accents stored another way")
            self._leave(path, "SRC-003", why, say("Delete one of the two."))
        elif len(self.files) >= FILES:
            raise SourceChanged(
                "SRC-006",
                say("{place} holds more than {limit} files.", place=str(self._root), limit=FILES),
                say("Divide it into several sources."),
            )
        else:
            self.files[name] = str(path.resolve())

    def _leave(self, path: Path, code: str, why: Text, remedy: Text) -> None:
        self.findings.append(not_taken(code, path.relative_to(self._root).as_posix(), why, remedy))


_RIGHTS = say("Give the user running this program the right to read it.")


def _archive(root: Path) -> Holding:
    entries = entries_of(root)
    files = {name: name for name in entries.files if _is_data(name)}
    unusable = [name for name in files if not name.isprintable()]
    findings = [
        not_taken(
            "SRC-005", name, say("its name leads out of the archive, or cannot be used"), say("Pack the files again.")
        )
        for name in (*entries.refused, *unusable)
    ]
    kept = {name: member for name, member in files.items() if name not in unusable}
    return Holding(root, True, kept, tuple(findings))


def _is_data(name: str) -> bool:
    return not any(left_aside(part) for part in PurePosixPath(name).parts)
