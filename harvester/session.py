"""One call of the command line: what it was asked, where its answer goes, how it asks back."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import Text, say
from harvester.options import Common

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from harvester.by_hand import Confirm
    from harvester.preparing import Ask
    from harvester.results import Plan
    from harvester.run import Progress
    from harvester.workspace import Clock, Workspace

Screen = Callable[[Mapping[str, Any], Common], "Iterable[RenderableType]"]
"""Makes a command's JSON fit for people."""

WIDEST = 100
"""Columns beyond which tables only become harder to read."""

YES = {"c", "có", "co", "y", "yes", "đồng ý", "dong y"}


@dataclass(frozen=True)
class Session:
    """What a command gets as `ctx.obj`."""

    common: Common
    clock: "Clock"
    environ: Mapping[str, str]

    def tell(self, text: Text) -> str:
        """A sentence in the reader's language."""
        return text.render(self.common.language)

    def show(self, data: Mapping[str, Any], screen: Screen) -> None:
        """The answer of a command, on stdout: the JSON object if that was asked for, else the screen made of it."""
        if self.common.json:
            write(sys.stdout, json.dumps(data, ensure_ascii=False))
            return
        self._print(sys.stdout, screen(data, self.common))

    def note(self, renderables: "Iterable[RenderableType]") -> None:
        """Something to read on stderr, beside the answer."""
        self._print(sys.stderr, renderables)

    def _print(self, stream: TextIO, renderables: "Iterable[RenderableType]") -> None:
        console = terminal(stream, self.environ)
        page = console.file = io.StringIO()  # written by us: rich ends the program when a pipe is closed
        for renderable in renderables:
            console.print(renderable, crop=False)  # what is `uncut` stays whole
        write(stream, "\n".join(line.rstrip() for line in page.getvalue().splitlines()))

    @contextmanager
    def watching(self) -> "Iterator[Progress | None]":
        """Progress on stderr while something long goes on; None in a pipe, with `-q` or with `--json`."""
        if self.common.quiet or self.common.json or not sys.stderr.isatty():
            yield None
            return
        from harvester.progress import Bars

        with Bars(terminal(sys.stderr, self.environ), self.common.language) as bars:
            yield bars

    # ------------------------------------------------------------ asking back

    def must_be_able_to_ask(self, yes: bool, dry_run: bool = False) -> None:
        """Raises UsageRefused when a confirmation would be needed and nobody is there to give it."""
        if not (yes or dry_run or (sys.stdin.isatty() and sys.stderr.isatty())):
            raise UsageRefused(
                "USE-020",
                say("This command asks before it acts, and there is no terminal to ask on."),
                say("Add --yes to confirm beforehand, or --dry-run to see the plan."),
            )

    def agrees(self, question: Text, yes: bool) -> bool:
        """Whether the person at the terminal says yes; anything else, the end of input included, is no."""
        if yes:
            return True
        sys.stderr.write(f"{self.tell(question)} {self.tell(say('[y = yes, anything else = no]'))} ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in YES

    def confirming(self, question: Text, yes: bool) -> "Confirm":
        """Shows what is about to be done on stderr, then asks."""

        def confirm(plan: "Plan") -> bool:
            from harvester import screens

            if not (yes and (self.common.quiet or self.common.json)):
                self.note(screens.plan(plan, self.common))
            return self.agrees(question, yes)

        return confirm

    def asking(self) -> "Ask":
        """Puts a question about the data to the person at the terminal; without one nobody answers."""

        def ask(question: Mapping[str, Any]) -> str | None:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                return None
            from harvester import screens_tidy

            self.note(screens_tidy.question(question, self.common))
            sys.stderr.write(f"{self.tell(say('Number of the answer [anything else = leave it]'))} ")
            sys.stderr.flush()
            said, choices = sys.stdin.readline().strip(), question["choices"]
            return choices[int(said) - 1] if said.isdigit() and 0 < int(said) <= len(choices) else None

        return ask

    # ------------------------------------------------------------ where to work

    def folder(self) -> Path | None:
        """The workspace that is meant: `-C`, else OPENDATA_WORKSPACE, else this folder if it is one, else None."""
        if self.common.workspace:
            return self.common.workspace
        if self.environ.get("OPENDATA_WORKSPACE"):
            return Path(self.environ["OPENDATA_WORKSPACE"])
        return Path() if Path("config", "portal.toml").is_file() else None

    @contextmanager
    def workspace(self, *, writing: bool = True) -> "Iterator[Workspace]":
        """The workspace, opened for one command. Raises ConfigurationError: there is none, or it is not in order."""
        folder = self.workspace_folder()
        from harvester.workspace import open_workspace

        with open_workspace(folder, self.environ, self.clock, writing=writing) as workspace:
            yield workspace

    def workspace_folder(self) -> Path:
        """The folder of the workspace that is meant. Raises ConfigurationError if there is none."""
        folder = self.folder()
        if folder is None:
            raise ConfigurationError(
                "USE-021",
                say("This folder is no workspace: it has no config/portal.toml."),
                say("Make one with “opendata init DIR”, go there, or name it with -C DIR or OPENDATA_WORKSPACE."),
            )
        if not (folder / "config" / "portal.toml").is_file():
            raise ConfigurationError(
                "USE-022",
                say("{folder} is no workspace: it has no config/portal.toml.", folder=str(folder)),
                say("Make one there with “opendata init {folder}”, or name another one with -C.", folder=str(folder)),
            )
        return folder


def terminal(stream: TextIO, environ: Mapping[str, str]) -> "Console":
    """`stream` as a rich console: colour only on a terminal without NO_COLOR, data never taken for markup."""
    from rich.console import Console

    console = Console(
        file=stream,
        force_terminal=stream.isatty() and environ.get("TERM") != "dumb",
        no_color=bool(environ.get("NO_COLOR")),
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        _environ=environ,
    )
    console.width = min(console.width, WIDEST)
    return console


def write(stream: TextIO, line: str) -> None:
    """Write a line; a reader that has gone away is no failure of ours."""
    try:
        stream.write(line + "\n")
        stream.flush()
    except BrokenPipeError:
        give_up(stream)


def give_up(stream: TextIO) -> None:
    """Nobody reads `stream` any more: let the rest, and Python's flush at the end, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
