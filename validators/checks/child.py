"""Checking in a child process with limits on memory, time and output: hostile files end there.

The child lives for many datasets (its imports are paid once), speaks JSON lines over its own pipes and ends when its
parent does. A child that dies, hangs or talks too much costs its dataset a refusal and is replaced.
"""

import importlib
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import harvester
from checks import VERSION, check
from checks.subject import name_of
from checks.verdicts import DECIDED
from harvester.i18n import Text, say
from harvester.model import Dataset, Effect, Files, Finding, Place, Report, RuleSet, Severity, StoredFile, Verdict
from harvester.records import from_json, to_json

log = logging.getLogger(__name__)

_MEMORY_EXIT = 70  # of a child whose MemoryError was caught
_PASSED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL")

_SMALL = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1"}
"""Otherwise importing pyarrow alone reserves more address space than the child may have."""


@dataclass(frozen=True)
class ParseLimits:
    """What one dataset may cost the child."""

    memory: int = 1_500_000_000  # bytes of address space
    cpu_seconds: int = 120
    wall_seconds: float = 120.0
    output: int = 64 << 20  # bytes of the report as JSON
    file_size: int = 16 << 20  # bytes of any file it writes
    datasets: int = 200  # then it is replaced, so that what libraries leak does not add up


@dataclass(frozen=True)
class _Failure:
    """Why there is no report."""

    code: str
    told: Text


class Ended(Exception):
    """The child broke a limit, or failed: `code`, and `told` for people."""

    def __init__(self, code: str, told: Text) -> None:
        super().__init__(code)
        self.code = code
        self.told = told


class Judge:
    """`checks.check` in a child process; a context manager. Thread-safe: calls take turns on the one child."""

    def __init__(self, limits: ParseLimits | None = None) -> None:
        self._limits = limits or ParseLimits()
        self._child: subprocess.Popen[bytes] | None = None
        self._judged = 0
        self._turn = threading.Lock()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._turn:
            self._stop()

    def close(self) -> None:
        """End the child at once, also from another thread while it judges: what is being judged is then refused."""
        child = self._child
        if child is not None:
            child.kill()

    def __call__(
        self,
        dataset: Dataset,
        files: Files,
        rules: RuleSet | None,
        *,
        engine: str = "auto",
        limit_errors: int = 1000,
        metadata: bool = True,
    ) -> Report:
        """The report of `checks.check`, or one that refuses the dataset because judging it broke a limit."""
        options = {"engine": engine, "limit_errors": limit_errors, "metadata": metadata}
        asked = {"dataset": to_json(dataset), "files": to_json(files), "rules": to_json(rules), "options": options}
        answer = self._answered(asked)
        return _refusal(dataset, rules, answer) if isinstance(answer, _Failure) else from_json(Report, answer)

    def call(self, function: str, **arguments: Any) -> Any:
        """What `function` ("package.module:name") answers in the child, as JSON; raises Ended when it broke a limit."""
        answer = self._answered({"call": function, "arguments": arguments})
        if isinstance(answer, _Failure):
            raise Ended(answer.code, answer.told)
        return answer

    def _answered(self, asked: Mapping[str, Any]) -> "Any | _Failure":
        with self._turn:
            try:
                return self._ask(json.dumps(asked).encode() + b"\n")
            except BaseException:
                self._stop()  # its next answer would be this question's
                raise

    def _ask(self, question: bytes) -> "Any | _Failure":
        """The report as the child's JSON, or what went wrong."""
        child = self._ready()
        stdin, stdout = child.stdin, child.stdout
        assert stdin is not None and stdout is not None  # noqa: S101  both are pipes
        late = threading.Event()
        timer = threading.Timer(self._limits.wall_seconds, _end, (child, late))
        timer.daemon = True
        timer.start()
        try:
            stdin.write(question)
            stdin.flush()
            line = stdout.readline(self._limits.output + 1)
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            return self._what_ended_it(child, late.is_set(), len(line))
        if late.is_set():
            self._stop()  # killed just after its last word
        return self._understood(json.loads(line))

    def _understood(self, answer: Any) -> "Any | _Failure":
        if "crash" not in answer:
            return answer["report"]
        log.error("a check failed:\n%s", answer["crash"])
        return _Failure("PAR-005", say("a check failed on it ({error}).", error=answer["error"]))

    def _what_ended_it(self, child: "subprocess.Popen[bytes]", late: bool, said: int) -> "_Failure":
        limits = self._limits
        self._stop()
        if late:
            return _Failure("PAR-001", say("it took longer than {n} seconds.", n=limits.wall_seconds))
        if said > limits.output:
            return _Failure("PAR-002", say("its report is larger than {n} MB.", n=limits.output >> 20))
        if child.returncode == -_signal("SIGXCPU"):
            return _Failure("PAR-003", say("it took more than {n} seconds of computing.", n=limits.cpu_seconds))
        if child.returncode in (_MEMORY_EXIT, -_signal("SIGABRT"), -_signal("SIGKILL"), -_signal("SIGSEGV")):
            return _Failure("PAR-004", say("it needed more than {n} MB of memory.", n=limits.memory // 1_000_000))
        return _Failure("PAR-005", say("the program that reads it ended ({code}).", code=str(child.returncode)))

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None or self._judged >= self._limits.datasets:
            self._stop()
            self._child, self._judged = _start(self._limits), 0
        self._judged += 1
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _close(pipe)
        if child.poll() is None:
            child.kill()
        child.wait()


def _end(child: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    child.kill()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        log.debug("the child was gone before its pipe was closed")


def _signal(name: str) -> int:
    import signal

    return int(getattr(signal, name, 0))


def _start(limits: ParseLimits) -> "subprocess.Popen[bytes]":
    folders = dict.fromkeys(
        str(Path(package).resolve().parent.parent) for package in (__file__, harvester.__file__ or "")
    )
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(folders), "PYTHONUTF8": "1", **_SMALL}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "checks.child", json.dumps(asdict(limits))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        close_fds=True,
        start_new_session=True,
    )


def _refusal(dataset: Dataset, rules: RuleSet | None, failure: _Failure) -> Report:
    named = name_of(dataset.resources[0]) if len(dataset.resources) == 1 else dataset.title or dataset.identifier
    finding = Finding(
        failure.code,
        Severity.ERROR,
        say("“{file}” could not be judged: {why}", file=named, why=failure.told),
        say("Split the file into smaller ones, or save it as plain CSV (UTF-8)."),
        "C05",
        place=Place(named),
        effect=Effect.REFUSE,
    )
    wanted = [rule.id for rule in rules.rules if rule.decided_by == "file"] if rules else DECIDED
    verdicts = {rule: Verdict.NOT_MET if rule in ("C01", "C05") else Verdict.UNKNOWN for rule in wanted}
    return Report(VERSION, (finding,), verdicts, ())


# ---------------------------------------------------------------- the child


def main() -> None:
    """Answer questions from stdin until it ends; the limits are the first argument."""
    limits = ParseLimits(**json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit(limits)
    for question in sys.stdin.buffer:
        _limit_cpu(limits)
        answers.write(_answer(question) + b"\n")
        answers.flush()


def _answer(question: bytes) -> bytes:
    try:
        asked = json.loads(question)
        if "call" in asked:
            module, _, name = asked["call"].partition(":")
            called = getattr(importlib.import_module(module), name)(**asked["arguments"])
            return json.dumps({"report": called}, default=str).encode()
        dataset, rules = from_json(Dataset, asked["dataset"]), asked["rules"]
        files = {key: from_json(StoredFile, stored) for key, stored in asked["files"].items()}
        report = check(dataset, files, from_json(RuleSet, rules) if rules else None, **asked["options"])
        return json.dumps({"report": to_json(report)}, default=str).encode()
    except MemoryError:
        os._exit(_MEMORY_EXIT)  # nothing can be trusted to work now
    except Exception as error:  # a bug of ours, or a library's at a hostile file: told to the parent, without values
        return json.dumps(
            {"crash": "".join(traceback.format_tb(error.__traceback__)), "error": type(error).__name__}
        ).encode()


def _limit(limits: ParseLimits) -> None:
    """Memory, file size and core dumps; no such limits exist on Windows."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(limits: ParseLimits) -> None:
    """So many seconds more than used until now."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
