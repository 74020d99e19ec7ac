"""ZIP archives from strangers: judged by their directory before anything is unpacked, then read entry by entry."""

import errno
import lzma
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harvester.errors import SourceChanged, SourceUnavailable
from harvester.i18n import Text, say

ENTRIES = 2_000
UNPACKED_BYTES = 10**9  # all entries together
RATIO = 100  # unpacked : packed, above RATIO_FLOOR bytes
RATIO_FLOOR = 10 * 2**20
_DIRECTORY_BYTES = ENTRIES * 1_000
# what zipfile raises on garbage; ValueError: names in no encoding, offsets below zero
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, ValueError)
_END = b"PK\x05\x06"  # end of central directory, at most 64 kB and 22 bytes before the end of the file


@dataclass(frozen=True)
class Entries:
    """The files in a ZIP by name (posix, NFC), and the names that cannot be used."""

    files: Mapping[str, zipfile.ZipInfo]
    refused: tuple[str, ...]  # leading out of the archive, or there twice


@contextmanager
def opened_zip(path: Path) -> Iterator[tuple[zipfile.ZipFile, Entries]]:
    """A ZIP that passed the preflight, with its entries; also translates what is found broken while reading.

    Raises SourceChanged when it is no ZIP, broken, or would unpack to too much; SourceUnavailable when it cannot be
    opened.
    """
    try:
        _judge_directory(path)
        with zipfile.ZipFile(path) as opened:
            _judge_sizes(path, opened.infolist())
            yield opened, _entries(opened.infolist())
    except _DAMAGED as error:
        raise _refused("FIL-010", path, say("it is damaged, or no ZIP archive")) from error
    except OSError as error:
        raise SourceUnavailable(
            "FIL-003",
            say("{file} could not be read ({reason}).", file=path.name, reason=reason(error)),
            say("Check that it may be read by the user running this program."),
        ) from error


def entries_of(path: Path) -> Entries:
    """The usable files of a ZIP; raises as `opened_zip`."""
    with opened_zip(path) as (_, entries):
        return entries


def read_member(path: Path, member: str, limit: int) -> bytes:
    """At most `limit` + 1 bytes of one small file of a ZIP; raises as `opened_zip`."""
    with opened_zip(path) as (opened, entries):
        entry = entries.files.get(member)
        if entry is None or entry.flag_bits & 1:
            raise unreadable(path, member, protected=entry is not None)
        with opened.open(entry) as file:
            return file.read(limit + 1)


def unreadable(path: Path, member: str, *, protected: bool) -> SourceChanged:
    """The error for a member that is protected by a password, or missing."""
    if protected:
        return SourceChanged(
            "FIL-011",
            say("{file} in {archive} is protected by a password.", file=member, archive=path.name),
            say("Hand over the archive without a password."),
        )
    return SourceChanged(
        "FIL-012",
        say("{archive} holds no file {file}.", file=member, archive=path.name),
        say("Put the file there, or take it out of the description."),
    )


def reason(error: OSError) -> Text:
    """Why the operating system said no."""
    return _REASONS.get(error.errno or 0) or Text("{reason}", {"reason": error.strerror or type(error).__name__})


_REASONS = {
    errno.EACCES: say("no permission"),
    errno.EPERM: say("no permission"),
    errno.ENOSPC: say("the disk is full"),
    errno.EDQUOT: say("the disk is full"),
    errno.EROFS: say("the disk is read-only"),
    errno.EIO: say("the disk is damaged"),
}


def _judge_directory(path: Path) -> None:
    """Look at the end record first: reading a directory of a million entries is itself an attack."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("no end record")
    count, directory = struct.unpack_from("<HL", tail, at + 10)
    if count > ENTRIES or directory > _DIRECTORY_BYTES:
        raise _refused("FIL-013", path, say("it has more than {limit} entries", limit=ENTRIES))


def _judge_sizes(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    bomb = any(i.file_size > RATIO_FLOOR and i.file_size > RATIO * i.compress_size for i in infos)
    if len(infos) > ENTRIES:
        raise _refused("FIL-013", path, say("it has more than {limit} entries", limit=ENTRIES))
    if bomb or unpacked > UNPACKED_BYTES or packed > path.stat().st_size:
        raise _refused("FIL-014", path, say("it would unpack to far more than it holds"))


def _entries(infos: list[zipfile.ZipInfo]) -> Entries:
    files: dict[str, zipfile.ZipInfo] = {}
    refused = []
    for info in infos:
        name = _name(info)
        path = PurePosixPath(name)
        parts = path.parts
        if info.is_dir() or name.endswith("/"):
            continue
        if not parts or name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name or str(path) in files:
            refused.append(name)
        elif not stat.S_ISLNK(info.external_attr >> 16):
            files[str(path)] = info
    return Entries(files, tuple(refused))


def _name(info: zipfile.ZipInfo) -> str:
    """Its name as the sender saw it: without the UTF-8 mark `zipfile` reads cp437, Vietnamese Windows wrote cp1258."""
    name = info.filename
    if not info.flag_bits & 0x800:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "cp1258"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _refused(code: str, path: Path, why: Text) -> SourceChanged:
    return SourceChanged(
        code,
        say("The archive {file} cannot be used: {why}.", file=path.name, why=why),
        say("Pack the files again as an ordinary ZIP archive, or hand them over unpacked."),
    )
