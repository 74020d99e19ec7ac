"""`opendata serve`: the service as one process, from its first look to its clean end."""

import logging
import os
import signal
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from harvester.config import load
from harvester.due import coming
from harvester.errors import UsageRefused
from harvester.i18n import say
from harvester.model import ZONE
from harvester.probes import answering, peak_memory
from harvester.service import DEAF, Service, due_now
from harvester.sources import KINDS
from harvester.workspace import Clock, open_workspace

log = logging.getLogger(__name__)


def listen_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:8787` or `[::1]:8787`. Raises UsageRefused."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise UsageRefused(
            "SVC-004",
            say("“{text}” is no address to listen on.", text=text),
            say("Write address and port: 127.0.0.1:8787."),
        )
    return host.strip("[]"), int(port)


def serve(folder: Path, environ: Mapping[str, str], clock: Clock, address: tuple[str, int]) -> int:
    """Run what is due until SIGTERM or Ctrl-C; SIGHUP reads the configuration again. Raises ConfigurationError."""
    ended, again = threading.Event(), threading.Event()
    wake = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        (again if number == signal.SIGHUP else ended).set()
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    with open_workspace(folder, environ, clock) as workspace:
        service = Service(workspace, clock, lambda: load(folder, KINDS))
        with answering(address, lambda: health(service), lambda: metrics(service)) as (host, port):
            scheduler = service.scheduler()
            scheduler.start()
            log.info("serving: %d sources, probes at %s:%d", len(workspace.config.sources), host, port)
            _notify("READY=1")
            while not ended.is_set():
                wake.wait(30)
                wake.clear()
                if again.is_set():
                    again.clear()
                    _notify("RELOADING=1")
                    service.reload()
                    _notify("READY=1")
                if _well(service, clock()):
                    _notify("WATCHDOG=1")
            _notify("STOPPING=1")
            scheduler.shutdown(wait=False)
            clean = service.stop()
    if not clean:
        log.warning("something did not end in time; the next start finishes it")
        logging.shutdown()
        os._exit(0)  # threads may hang in a read for longer than we may take; the journal knows where they were
    log.info("stopped")
    return 0


def health(service: Service) -> tuple[bool, dict[str, Any]]:
    """Whether the service looks what is due and the ledger answers; and since when, what stands."""
    now = service.clock()
    alarms = service.workspace.store.alarms()
    well = _well(service, now)
    return well, {
        "looked": service.looked.astimezone(ZONE).isoformat() if service.looked else None,
        "alarms": len(alarms),
        "configuration": service.mistake.code if service.mistake else "ok",
    }


def metrics(service: Service) -> list[tuple[str, Mapping[str, str], float]]:
    """Every figure of /metrics."""
    workspace, now = service.workspace, service.clock()
    store, config = workspace.store, workspace.config
    attempts = store.attempts()
    due = [at for at, _ in coming(config.sources, attempts, config.calendar, now) if at <= now]
    samples: list[tuple[str, Mapping[str, str], float]] = [
        ("up", {}, float(_well(service, now))),
        ("looked_seconds", {}, (now - service.looked).total_seconds() if service.looked else -1),
        ("due_sources", {}, len(due_now(workspace, now))),
        ("oldest_due_seconds", {}, max(((now - at).total_seconds() for at in due), default=0)),
        ("open_entries", {}, len(store.open_entries())),
        ("runs_under_way", {}, len(store.unfinished_runs())),
        ("notices_waiting", {}, len(store.undelivered(0))),
        ("peak_memory_bytes", {}, peak_memory()),
    ]
    samples += [("source_failures", {"source": a.source}, a.failures) for a in attempts.values()]
    samples += [("source_last_attempt_seconds", {"source": a.source}, a.started.timestamp()) for a in attempts.values()]
    standing = [alarm.kind for alarm in store.alarms().values()]
    return samples + [("alarm", {"kind": kind}, standing.count(kind)) for kind in sorted(set(standing))]


def _well(service: Service, now: datetime) -> bool:
    return service.looked is None or abs(now - service.looked) < DEAF


def _notify(state: str) -> None:
    """Tell systemd (Type=notify) how we are; nothing where there is none."""
    import socket

    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)
