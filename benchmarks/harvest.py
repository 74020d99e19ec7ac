"""How long a harvest takes, and how much it asks, writes and remembers: N datasets of two files each, over HTTP.

    python benchmarks/harvest.py [--datasets 250 500 1000]

A server in a process of its own serves the files from loopback with an ETag each and counts what it is asked. For each
N a new workspace is made with `opendata init` and one source, and `opendata run` is started twice, as a user would:
the first run, and one in which nothing has changed. Measured from outside: requests and answers "304" at the server,
files of the portal that changed, seconds of the whole command, and the peak memory (VmHWM) of the command itself and
of its largest child. Beside them stand a bare loop of the same conditional requests, the least any harvester could
do with this client, and a stated figure of a peer. Seconds vary by a fifth from run to run on a shared machine.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

PEER = {"first": 188.0, "unchanged": 190.0}
"""Seconds for 1,000 datasets by ckanext-harvest 1.6.3 into a real CKAN, metadata only, on the same kind of machine."""

ROWS = 20
AGENCY = "NA-P-SYT"


class Files(asyncio.Protocol):
    """One connection to the file server: answers GET /<dataset>/<file>.csv, 304 when the ETag is known."""

    asked = 0
    not_modified = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.heard = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request heard so far."""
        self.heard += data
        while b"\r\n\r\n" in self.heard:
            head, _, self.heard = self.heard.partition(b"\r\n\r\n")
            self.transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].decode()
        if path == "/counts":
            body = json.dumps({"asked": Files.asked, "not_modified": Files.not_modified}).encode()
            return _response(b"200 OK", b'"counts"', body)
        Files.asked += 1
        etag = b'"%s"' % path.encode()
        if b"if-none-match: " + etag.lower() in head.lower():
            Files.not_modified += 1
            return b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % etag
        return _response(b"200 OK", etag, _table(path))


def _response(status: bytes, etag: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\nETag: %s\r\nContent-Type: text/csv; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    return head % (status, etag, len(body)) + body


def _table(path: str) -> bytes:
    rows = "".join(f"{path}-{i},Điểm đo số {i},{i * 7 % 100}\n" for i in range(ROWS))
    return ("ma,ten_diem,gia_tri\n" + rows).encode()


def _serve(port: Connection) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Files, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


@contextmanager
def file_server() -> Iterator[str]:
    """The address of a running file server."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}"
    process.terminate()


def lay_out(workspace: Path, server: str, datasets: int) -> None:
    """A workspace with one source: a folder of `datasets` Data Packages whose files are at `server`."""
    opendata("init", str(workspace), cwd=workspace.parent)
    for index in range(datasets):
        folder = workspace / "ban-giao" / f"bo-{index:04}"
        folder.mkdir(parents=True)
        resources = [
            {"name": name, "path": f"{server}/{index}/{name}.csv", "title": f"Tệp {name}", "format": "csv"}
            for name in ("a", "b")
        ]
        package = {
            "name": f"bo-{index:04}",
            "title": f"Bộ dữ liệu đo số {index}",
            "description": "Dùng để đo thời gian thu thập.",
            "issued": "2026-01-01",
            "modified": "2026-01-01",
            "frequency": "một lần",
            "licenses": [{"name": "CC-BY-4.0"}],
            "resources": resources,
        }
        (folder / "datapackage.json").write_text(json.dumps(package, ensure_ascii=False), "utf-8")
    (workspace / "config" / "sources" / "do-thoi-gian.toml").write_text(
        f'agency = "{AGENCY}"\nkind = "folder"\naddress = "ban-giao"\n'
        'approved = true\napproved_by = "benchmark"\nallow_networks = ["127.0.0.0/8"]\n',
        "utf-8",
    )


def opendata(*arguments: str, cwd: Path) -> "Measured":
    """Run the command and watch it from outside."""
    before = time.perf_counter()
    with (cwd / "stdout").open("wb") as out, (cwd / "stderr").open("wb") as err:
        process = subprocess.Popen([sys.executable, "-m", "harvester", *arguments], cwd=cwd, stdout=out, stderr=err)
        peaks: dict[int, int] = {}
        while process.poll() is None:
            for pid in (process.pid, *_descendants(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
            time.sleep(0.05)
    seconds = time.perf_counter() - before
    if process.returncode:
        raise SystemExit(f"opendata {' '.join(arguments)} ended with {process.returncode}:\n{_tail(cwd / 'stdout')}")
    own = peaks.pop(process.pid, 0)
    return Measured(seconds, own, max(peaks.values(), default=0), (cwd / "stdout").read_text("utf-8"))


@dataclass(frozen=True)
class Measured:
    """One command seen from outside; memory in kB."""

    seconds: float
    own_peak: int
    child_peak: int
    output: str


def _descendants(pid: int) -> list[int]:
    try:
        found = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
    except OSError:
        return []
    return found + [below for child in found for below in _descendants(child)]


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def _tail(path: Path) -> str:
    return path.read_text("utf-8", "replace")[-2000:]


def portal_state(workspace: Path) -> dict[str, tuple[int, int]]:
    """Every file of the portal with its size and time of change: what differs was written."""
    files = (path for path in (workspace / "portal").rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def bare_loop(server: str, datasets: int) -> float:
    """Seconds for the same conditional requests and nothing else: one session, one after another."""
    addresses = [f"/{index}/{name}.csv" for index in range(datasets) for name in ("a", "b")]
    with requests.Session() as session:
        session.trust_env = False
        before = time.perf_counter()
        for address in addresses:
            answer = session.get(server + address, headers={"If-None-Match": f'"{address}"'}, timeout=10)
            if answer.status_code != 304:
                raise SystemExit(f"the server answered {answer.status_code} to {address}")
        return time.perf_counter() - before


def measure(datasets: int, folder: Path) -> None:
    """Print one line for the first run and one for the unchanged run of `datasets` datasets."""
    workspace = folder / "workspace"
    with file_server() as server:
        lay_out(workspace, server, datasets)
        before, seen = {"asked": 0, "not_modified": 0}, portal_state(workspace)
        for name in ("first", "unchanged"):
            measured = opendata("run", "--json", "-C", str(workspace), cwd=folder)
            counts = requests.get(f"{server}/counts", timeout=10).json()
            now = portal_state(workspace)
            written = sum(1 for path, state in now.items() if seen.get(path) != state)
            source = json.loads(measured.output)["sources"][0]
            published, unchanged = source["published"], source.get("unchanged", 0)
            print(
                f"{datasets:>5}  {name:<9}  {measured.seconds:>7.1f}  {counts['asked'] - before['asked']:>8}"
                f"  {counts['not_modified'] - before['not_modified']:>5}  {published:>9}  {unchanged:>9}  {written:>7}"
                f"  {measured.own_peak // 1024:>6}  {measured.child_peak // 1024:>6}"
                + (f"   {PEER[name] / measured.seconds:>5.1f}× the peer" if datasets == 1000 else ""),
                flush=True,
            )
            before, seen = counts, now
        limit = bare_loop(server, datasets)
        print(
            f"{datasets:>5}  bare loop  {limit:>7.1f}  {2 * datasets:>8}"
            f"   the unchanged run takes {measured.seconds / limit:.1f}× this",
            flush=True,
        )


def main() -> None:
    """Measure each size in a folder of its own, removed after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, nargs="+", default=[250, 500, 1000])
    os.environ.setdefault("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
    print("    N  run        seconds  requests    304  published  unchanged  written  own MB child MB")
    for datasets in parser.parse_args().datasets:
        with TemporaryDirectory() as folder:
            measure(datasets, Path(folder))


if __name__ == "__main__":
    main()
