"""What is seen while a run goes on: a line for each source, on a terminal."""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from harvester.i18n import Language, Text, say
from harvester.ink import SOURCE_STATES, Pen
from harvester.ledger import SourceState
from harvester.model import Outcome


class Bars:
    """A line for each source on stderr: how many datasets are done, of them published and refused; thread-safe."""

    def __init__(self, console: Console, language: Language) -> None:
        self._pen = Pen(language)
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._counts: dict[str, dict[Outcome, int]] = {}
        self._bars = Progress(
            SpinnerColumn(finished_text="·"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[told]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def source_started(self, source: str) -> None:
        """Its listing begins."""
        with self._lock:
            self._counts[source] = {}
            told = self._told(say("listing …"))
            if source in self._tasks:  # the demo runs everything twice
                self._bars.reset(self._tasks[source], total=None, completed=0, told=told)
            else:
                self._tasks[source] = self._bars.add_task(self._pen(source[:24]).plain, total=None, told=told)

    def settled(self, source: str, title: str, outcome: Outcome) -> None:
        """One of its datasets has an outcome."""
        with self._lock:
            counts = self._counts[source]
            counts[outcome] = counts.get(outcome, 0) + 1
            self._bars.update(self._tasks[source], told=self._told(_so_far(counts)))

    def source_ended(self, source: str, state: SourceState) -> None:
        """All of it is done."""
        with self._lock:
            so_far = _so_far(self._counts[source])
            well = state is SourceState.OK
            told = so_far if well else say("{state}: {so_far}", state=SOURCE_STATES[state.value], so_far=so_far)
            self._bars.update(self._tasks[source], total=1, completed=1, told=self._told(told))

    def _told(self, text: Text) -> str:
        return text.render(self._pen.language)


def _so_far(counts: Mapping[Outcome, int]) -> Text:
    return say(
        "{done} done, {published} published, {refused} refused",
        done=sum(counts.values()),
        published=counts.get(Outcome.PUBLISHED, 0),
        refused=counts.get(Outcome.REFUSED, 0),
    )
