"""Doing things side by side, a few at once, without letting them pile up."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class Hands:
    """At most `number` things at once, each in a thread; with one, in the caller's own. Used as a context manager.

    Leaving it waits for all; what one of them raised is raised then.
    """

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="hand") if number > 1 else None
        self._failed: list[BaseException] = []

    def do(self, thing: Callable[[], None]) -> None:
        """Do it, now or as soon as a hand is free; waits until one is."""
        if self._pool is None:
            thing()
            return
        self._free.acquire()
        self._pool.submit(thing).add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        error = future.exception()
        if error is not None:
            self._failed.append(error)
        self._free.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        if error is None and self._failed:
            raise self._failed[0]
