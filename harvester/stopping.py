"""Stopping what is under way within seconds: an event that also closes what somebody may be waiting on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Closable(Protocol):
    """What ends its own waiting when it is closed, also from another thread."""

    def close(self) -> None:
        """End it."""


class Stop(threading.Event):
    """Set once, from any thread: whoever works looks at it between two steps, whoever waits is woken."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Closable] = []
        self._lock = threading.Lock()

    def set(self) -> None:
        """Stop: close all that is waited on."""
        with self._lock:
            super().set()
            waiting = tuple(self._waiting)
        for closable in waiting:
            closable.close()

    @contextmanager
    def closes(self, closable: Closable) -> Iterator[None]:
        """While in here, `closable` is closed when a stop comes; at once if it came before."""
        with self._lock:
            self._waiting.append(closable)
            stopped = self.is_set()
        if stopped:
            closable.close()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.remove(closable)
