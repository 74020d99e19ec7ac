"""Many tables judged by several processes at once, each started once; no more are in work than there are processes."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import harvester

_AHEAD = 2  # tables waiting for each process


@dataclass(frozen=True)
class Job:
    """One table and how it is to be judged: the arguments of `checks.tables.validate`."""

    path: Path
    schema: Mapping[str, Any] | None = None
    dialect: Mapping[str, Any] | None = None
    encoding: str | None = None
    limit_errors: int = 1000
    engine: str = "auto"


class Crew:
    """Processes that judge tables; a context manager."""

    def __init__(self, processes: int) -> None:
        self._children = [_start() for _ in range(processes)]
        self._free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for child in self._children:
            self._free.put(child)

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()
            child.communicate()

    def judge(self, jobs: Iterable[Job]) -> Iterator[dict[str, Any]]:
        """The descriptors of the reports, in the order of the jobs, which are taken as they are worked off."""
        pending: deque[Future[dict[str, Any]]] = deque()
        with ThreadPoolExecutor(len(self._children)) as threads:
            for job in jobs:
                pending.append(threads.submit(self._ask, job))
                if len(pending) >= _AHEAD * len(self._children):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    def _ask(self, job: Job) -> dict[str, Any]:
        child = self._free.get()
        assert child.stdin is not None and child.stdout is not None  # noqa: S101  both are pipes
        try:
            child.stdin.write(json.dumps(asdict(job) | {"path": str(job.path)}).encode() + b"\n")
            child.stdin.flush()
            answer: dict[str, Any] = json.loads(child.stdout.readline())
        finally:
            self._free.put(child)
        return answer


def _start() -> "subprocess.Popen[bytes]":
    packages = dict.fromkeys(str(Path(package).resolve().parent.parent) for package in (__file__, harvester.__file__))
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(packages), "PYTHONUTF8": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "checks.many"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )


def main() -> None:
    """Answer jobs from stdin until it ends."""
    from checks import sieve, tables

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    assert sieve  # noqa: S101  started before the first table comes
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        report = tables.validate(asked.pop("path"), **asked)
        answers.write(json.dumps(report.to_descriptor(), default=str).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
