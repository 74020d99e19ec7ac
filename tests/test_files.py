"""What is kept: once, whole, under its hash, whatever the file is called and whenever the power goes."""

import hashlib
import io
import os
import stat
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvester import archives, files
from harvester.archives import entries_of
from harvester.errors import ConfigurationError, SourceChanged, SourceError, SourceUnavailable
from harvester.files import FileStore

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def kept_in(tmp_path: Path) -> list[str]:
    return sorted(
        str(path.relative_to(tmp_path / "files")) for path in (tmp_path / "files").rglob("*") if path.is_file()
    )


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("size", [0, 1, files.IN_MEMORY, files.IN_MEMORY + 1, 3 * files.CHUNK + 7])
def test_a_file_is_kept_under_its_hash_and_cannot_be_written(store: FileStore, tmp_path: Path, size: int):
    content = os.urandom(size)
    (tmp_path / "số liệu.csv").write_bytes(content)
    kept = store.keep(tmp_path / "số liệu.csv")
    sha256 = hashlib.sha256(content).hexdigest()
    assert (kept.sha256, kept.bytes, kept.path) == (sha256, size, tmp_path / "files" / sha256[:2] / sha256)
    assert kept.path.read_bytes() == content
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o444
    assert store.get(sha256) == kept
    assert kept_in(tmp_path) == [f"{sha256[:2]}/{sha256}"]


def test_the_same_content_again_writes_nothing(store: FileStore, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    first = store.keep(tmp_path / "a.csv")
    (tmp_path / "files").chmod(0o555)
    first.path.parent.chmod(0o555)
    before = first.path.stat()
    assert store.keep(tmp_path / "a.csv") == first
    assert store.keep_stream([b"a\n", b"1\n"], 10) == first
    assert first.path.stat() == before or first.path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("sha256", ["", "ab", "../../etc/passwd", "Z" * 64, "0" * 63, "0" * 64])
def test_what_is_not_kept_is_none(store: FileStore, sha256: str):
    assert store.get(sha256) is None


def test_a_pipe_a_device_and_a_folder_are_refused_without_waiting(store: FileStore, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(SourceError) as caught:
            store.keep(place)
        assert caught.value.code in ("FIL-001", "FIL-003")


def test_a_link_is_followed_only_within_the_source(store: FileStore, tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"a")
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "in" / "b.csv").symlink_to("a.csv")
    (tmp_path / "in" / "c.csv").symlink_to("../secret")
    assert store.keep(tmp_path / "in" / "b.csv", tmp_path / "in").bytes == 1
    with pytest.raises(SourceChanged, match=r"c\.csv is a link"):
        store.keep(tmp_path / "in" / "c.csv", tmp_path / "in")
    with pytest.raises(SourceUnavailable):
        store.keep(tmp_path / "in" / "b.csv")


def test_what_is_not_there_or_may_not_be_read_is_named(store: FileStore, tmp_path: Path, monkeypatch):
    with pytest.raises(SourceUnavailable, match=r"a\.csv does not exist"):
        store.keep(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"a")

    def denied(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", denied)
    with pytest.raises(SourceUnavailable, match="no permission"):
        store.keep(tmp_path / "a.csv")


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_saved_while_it_is_read_is_read_again_once(store: FileStore, tmp_path: Path, monkeypatch, times: int):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n1\n")
    saves = iter(range(times))

    def digest(file, name):
        found = hashlib.new(name, file.read())
        if next(saves, None) is not None:
            path.write_bytes(b"a\n1\n" + os.urandom(8))
        return found

    monkeypatch.setattr("hashlib.file_digest", digest)
    if times == 1:
        assert store.keep(path).bytes == 12
    else:
        with pytest.raises(SourceUnavailable, match="changed while"):
            store.keep(path)


def test_a_stream_that_breaks_or_is_too_long_leaves_nothing(store: FileStore, tmp_path: Path):
    def broken():
        yield bytes(files.IN_MEMORY + 1)
        raise SourceUnavailable("X-001", *(store_text(),) * 2)

    with pytest.raises(SourceUnavailable, match="broken"):
        store.keep_stream(broken(), 10**9)
    with pytest.raises(SourceChanged, match="4 bytes"):
        store.keep_stream([b"abc", b"de"], 4)
    assert kept_in(tmp_path) == []


def store_text():
    from harvester.i18n import Text

    return Text("broken", {})


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod", "pathlib.Path.mkdir"])
def test_a_full_disk_is_said_and_leaves_nothing(store: FileStore, tmp_path: Path, monkeypatch, step: str):
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(step, full)
        with pytest.raises(ConfigurationError, match="the disk is full"):
            store.keep_stream([b"abc"], 10)
    assert kept_in(tmp_path) == []
    assert store.keep_stream([b"abc"], 10).bytes == 3


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_a_process_killed_while_keeping_leaves_at_most_a_temporary_file(store: FileStore, tmp_path: Path, step: str):
    if os.fork() == 0:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(step, lambda *args, **options: os._exit(137))
            store.keep_stream([b"abc"], 10)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 137
    left = kept_in(tmp_path)
    assert len(left) == 1 and left[0].startswith("part-")
    assert store.sweep(datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert store.sweep(datetime(2100, 1, 1, tzinfo=UTC)) == 1
    assert kept_in(tmp_path) == []


# ---------------------------------------------------------------- archives


def test_a_member_is_kept_without_unpacking_the_rest(store: FileStore, tmp_path: Path):
    path = zipped(tmp_path / "a.zip", {"thư mục/số liệu.csv": b"a\n1\n", "b.csv": b"b"})
    assert set(entries_of(path).files) == {"thư mục/số liệu.csv", "b.csv"}
    assert store.keep_member(path, "thư mục/số liệu.csv").path.read_bytes() == b"a\n1\n"
    assert len(kept_in(tmp_path)) == 1
    with pytest.raises(SourceChanged, match=r"a\.zip holds no file c\.csv"):
        store.keep_member(path, "c.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1258"])
def test_vietnamese_names_without_the_utf8_mark_are_read(tmp_path: Path, encoding: str):
    name = "thuế.csv"
    raw = (name if encoding == "utf-8" else "thuê\u0301.csv").encode(encoding)
    path = zipped(tmp_path / "a.zip", {"x" * len(raw): b"a"})
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    assert list(entries_of(path).files) == [name]


NAMES = ["../a.csv", "a/../../b.csv", "/etc/passwd", "C:/a.csv", "..\\a.csv", "C:\\a.csv", "a/..", ".."]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str):
    entries = entries_of(zipped(tmp_path / "a.zip", {name: b"a", "b.csv": b"b"}))
    assert set(entries.files) == {"b.csv"}
    assert len(entries.refused) == 1


@FEW
@given(st.text(min_size=1, max_size=300).filter(lambda text: max(text) < "\ud800" or min(text) > "\udfff"))
@example("CON")
@example("a\0b.csv")
@example("~$a.xlsx")
def test_no_name_in_an_archive_writes_outside_the_store(tmp_path: Path, name: str):
    path = tmp_path / "a.zip"
    store = FileStore(tmp_path / "files")
    zipped(path, {name: b"abc"})
    for member in entries_of(path).files:
        assert not member.startswith("/") and ".." not in member.split("/")
        store.keep_member(path, member)
    sha256 = hashlib.sha256(b"abc").hexdigest()
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and p.name not in (sha256, "a.zip")]
    assert outside == []


def test_bombs_are_refused_before_anything_is_unpacked(store: FileStore, tmp_path: Path, monkeypatch):
    dense = zipped(tmp_path / "dense.zip", {"a.csv": bytes(archives.RATIO_FLOOR + 1)})
    many = zipped(tmp_path / "many.zip", {f"{n}.csv": b"" for n in range(archives.ENTRIES + 1)})
    monkeypatch.setattr(archives, "UNPACKED_BYTES", 1_000)
    large = zipped(tmp_path / "large.zip", {"a.csv": b"ab" * 501})
    for path, code in ((dense, "FIL-014"), (many, "FIL-013"), (large, "FIL-014")):
        with pytest.raises(SourceChanged) as caught:
            entries_of(path)
        assert caught.value.code == code
        assert path.name in str(caught.value.message)
    assert not (tmp_path / "files").exists()


def test_an_archive_that_lies_about_sizes_is_refused(store: FileStore, tmp_path: Path):
    """Declared 5 bytes, holds 100: zipfile stops at 5 and the checksum says no."""
    path = zipped(tmp_path / "a.zip", {"a.csv": b"a" * 100})
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 100), struct.pack("<L", 5)))
    with pytest.raises(SourceChanged, match="damaged"):
        store.keep_member(path, "a.csv")
    assert kept_in(tmp_path) == []


def test_a_protected_member_is_said_to_be_protected(store: FileStore, tmp_path: Path):
    path = zipped(tmp_path / "a.zip", {"a.csv": b"a"})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(SourceChanged, match="password"):
        store.keep_member(path, "a.csv")


def test_a_link_in_an_archive_is_no_file(tmp_path: Path):
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert entries_of(tmp_path / "a.zip").files == {}


def sample() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" * 50)
        archive.writestr("số.csv", b"x")
    return written.getvalue()


SAMPLE = sample()


@settings(FEW, max_examples=150)
@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255), st.integers(0, len(SAMPLE)))
def test_a_damaged_archive_is_refused_or_read_never_a_crash(tmp_path: Path, at: int, flip: int, length: int):
    damaged = bytearray(SAMPLE)
    damaged[at] ^= flip
    path = tmp_path / "a.zip"
    for content in (bytes(damaged), SAMPLE[:length]):
        path.write_bytes(content)
        try:
            for member in entries_of(path).files:
                FileStore(tmp_path / "files").keep_member(path, member)
        except SourceError as error:
            assert error.code.startswith("FIL-")
