"""What monitoring asks of `opendata serve`: /healthz for a yes or no, /metrics for Prometheus. Reads only.

No page, no name of a person, no content of a dataset is served here; it listens on this machine unless told otherwise.
"""

import json
import logging
import resource
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harvester.errors import ConfigurationError, OpendataError
from harvester.i18n import say

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds for one request
NAMES = {
    "up": "Whether the service looks what is due.",
    "looked_seconds": "Seconds since the service last looked what is due.",
    "due_sources": "Approved sources that are due now.",
    "oldest_due_seconds": "Seconds since the longest overdue source was due.",
    "open_entries": "Journal entries whose effect is not yet read back.",
    "runs_under_way": "Runs without an end.",
    "source_failures": "Attempts in a row that failed, by source.",
    "source_last_attempt_seconds": "Time of the last attempt, by source.",
    "alarm": "Alarms that stand, by kind.",
    "notices_waiting": "Messages that are not delivered.",
    "peak_memory_bytes": "Peak memory of the service.",
}

Health = Callable[[], tuple[bool, Mapping[str, Any]]]
Metrics = Callable[[], list[tuple[str, Mapping[str, str], float]]]


@contextmanager
def answering(address: tuple[str, int], health: Health, metrics: Metrics) -> Iterator[tuple[str, int]]:
    """Answer at `address` (port 0: any) while in here; gives where. Raises ConfigurationError if it is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE
        server_version, sys_version = "opendata", ""

        def do_GET(self) -> None:
            try:
                status, kind, body = _answer(self.path, health, metrics)
            except OpendataError as error:
                status, kind, body = 503, "application/json", json.dumps({"status": "fail", "code": error.code})
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Being asked is no event."""

    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError as error:
        raise ConfigurationError(
            "SVC-003",
            say(
                "{address} cannot be listened on: {reason}.",
                address=f"{address[0]}:{address[1]}",
                reason=str(error.strerror),
            ),
            say("Name another one with --listen, such as 127.0.0.1:8787."),
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="probes", daemon=True)
    thread.start()
    try:
        yield str(server.server_address[0]), int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(path: str, health: Health, metrics: Metrics) -> tuple[int, str, str]:
    if path == "/healthz":
        well, told = health()
        return (200 if well else 503), "application/json", json.dumps({"status": "ok" if well else "fail", **told})
    if path == "/metrics":
        return 200, "text/plain; version=0.0.4; charset=utf-8", exposition(metrics())
    return HTTPStatus.NOT_FOUND, "text/plain", "not found\n"


def exposition(samples: list[tuple[str, Mapping[str, str], float]]) -> str:
    """Prometheus' text format, 0.0.4."""
    lines, told = [], ""
    for name, labels, value in sorted(samples, key=lambda sample: sample[0]):
        full = f"opendata_{name}"
        if name != told:
            lines += [f"# HELP {full} {NAMES[name]}", f"# TYPE {full} gauge"]
            told = name
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{full}{{{shown}}} {value:.15g}" if shown else f"{full} {value:.15g}")
    return "\n".join(lines) + "\n"


def peak_memory() -> int:
    """Bytes of this process at its largest (Linux counts in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
