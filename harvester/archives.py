"""ZIP archives from strangers: judged by their directory before anything is unpacked, then read entry by entry."""

import errno
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from harvester.errors import SourceChanged, SourceUnavailable
from harvester.i18n import Text, say

CHUNK = 2**18
ENTRIES = 2_000
UNPACKED_BYTES = 10**9  # all entries together
RATIO = 100  # unpacked : packed, above RATIO_FLOOR bytes
RATIO_FLOOR = 10 * 2**20
_DIRECTORY_BYTES = ENTRIES * 1_000
# what zipfile raises on garbage; ValueError: names in no encoding, offsets below zero
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError)
_LOCAL = b"PK\x03\x04"
_END = b"PK\x05\x06"  # end of central directory, at most 64 kB and 22 bytes before the end of the file


@dataclass(frozen=True)
class Entries:
    """The files in a ZIP by name (posix, NFC), and the names that cannot be used."""

    files: Mapping[str, zipfile.ZipInfo]
    refused: tuple[str, ...]  # leading out of the archive, or there twice


def entries_of(path: Path) -> Entries:
    """The usable files of a ZIP that passed the preflight.

    Raises SourceChanged when it is no ZIP, broken, or would unpack to too much; SourceUnavailable when it cannot be
    opened.
    """
    with _translated(path):
        seen = path.stat()
        return _directory(path, seen.st_size, seen.st_mtime_ns)


def member_chunks(path: Path, member: str) -> Iterator[bytes]:
    """The content of one file of a ZIP, a chunk at a time, its size and checksum verified at the end.

    Raises as `entries_of`, and SourceChanged when the member is missing, protected or damaged.
    """
    entry = entries_of(path).files.get(member)
    if entry is None or entry.flag_bits & 1:
        raise unreadable(path, member, protected=entry is not None)
    with _translated(path), path.open("rb") as file:
        size, checksum = 0, 0
        for chunk in _unpacked(file, entry):
            size, checksum = size + len(chunk), zlib.crc32(chunk, checksum)
            if size > entry.file_size:
                break
            yield chunk
        if size != entry.file_size or checksum != entry.CRC:
            raise zipfile.BadZipFile("not what its directory says")


def read_member(path: Path, member: str, limit: int) -> bytes:
    """At most `limit` + 1 bytes of one small file of a ZIP; raises as `member_chunks`."""
    content = b""
    for chunk in member_chunks(path, member):
        content += chunk
        if len(content) > limit:
            break
    return content[: limit + 1]


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


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise _refused("FIL-010", path, say("it is damaged, or no ZIP archive")) from error
    except OSError as error:
        raise could_not_read(path, error) from error


def could_not_read(path: Path, error: OSError) -> SourceUnavailable:
    """A local file that the operating system will not let us read."""
    return SourceUnavailable(
        "FIL-003",
        say("{file} could not be read ({reason}).", file=path.name, reason=reason(error)),
        say("Check that it may be read by the user running this program."),
    )


@lru_cache(maxsize=8)
def _directory(path: Path, size: int, changed: int) -> Entries:
    """Read once for each state of the archive: a directory of 1,000 entries costs 15 ms."""
    _judge_directory(path)
    with zipfile.ZipFile(path) as opened:
        _judge_sizes(path, size, opened.infolist())
        return _entries(opened.infolist())


def _unpacked(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """An entry's bytes from its local header on (zipfile would read the whole directory again for each)."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(_LOCAL):
        raise zipfile.BadZipFile("no local header")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError("compression")
    file.seek(sum(struct.unpack_from("<HH", header, 26)), 1)
    decoder = zlib.decompressobj(-15)
    left = entry.compress_size
    while left > 0 and not decoder.eof:
        packed = file.read(min(CHUNK, left))
        left = left - len(packed) if packed else 0
        if entry.compress_type == zipfile.ZIP_STORED:
            yield packed
            continue
        while packed and not decoder.eof:
            yield decoder.decompress(packed, CHUNK)
            packed = decoder.unconsumed_tail


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


def _judge_sizes(path: Path, size: int, infos: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    bomb = any(i.file_size > RATIO_FLOOR and i.file_size > RATIO * i.compress_size for i in infos)
    if len(infos) > ENTRIES:
        raise _refused("FIL-013", path, say("it has more than {limit} entries", limit=ENTRIES))
    if bomb or unpacked > UNPACKED_BYTES or packed > size:
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
