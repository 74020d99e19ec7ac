"""`opendata demo`: the whole job on one machine, from files that are really collected, checked, published and counted.

The demo only writes files (see `layout`); what then happens to them is `run`, twice, as for any workspace. It
differs from a real province in its data, nearly all invented, and says so on every page, export and JSON.
"""

import os
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harvester.demo.layout import DATA, lay_out
from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import Language, Text, say
from harvester.model import ZONE, Outcome
from harvester.portal import statistics
from harvester.results import RunResult
from harvester.run import Progress, run
from harvester.stats import Statistics, to_json
from harvester.workspace import Clock, open_workspace
from publishers import PUBLISHERS

READ = ("CKAN_URL", "CKAN_API_KEY", "CKAN_API_KEY_FILE", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
"""The variables that the demo reads."""


@dataclass(frozen=True)
class Intended:
    """What one hand-over is there to show."""

    source: str
    identifier: str
    outcome: Outcome  # of the first run; PUBLISHED is UNCHANGED in every later one
    rule: str  # the rule that stops it, "" if none does
    shows: str  # in a few words, for whoever reads expected.toml

    @property
    def later(self) -> Outcome:
        """Its outcome in a run in which nothing has changed."""
        return Outcome.UNCHANGED if self.outcome is Outcome.PUBLISHED else self.outcome


@dataclass(frozen=True)
class DemoResult:
    """What the demo came to, and what its screens need."""

    folder: Path
    runs: tuple[RunResult, ...]  # the first, and the one after it in which nothing had changed
    statistics: Statistics
    surprises: tuple[Text, ...]  # outcomes that were not the intended ones
    portal_page: Path | str
    target_page: Path | str  # "": this kind of portal has none

    @property
    def exit_code(self) -> int:
        """0 if every outcome was the intended one, else 1."""
        return 1 if self.surprises else 0

    @property
    def next_command(self) -> str:
        """What to type next."""
        return f"opendata stats -C {_shown(self.folder)}"

    def to_json(self, language: Language) -> dict[str, Any]:
        """The one object of `demo --json`."""
        return {
            "workspace": str(self.folder),
            "runs": [each.to_json(language) for each in self.runs],
            "surprises": [surprise.render(language) for surprise in self.surprises],
            "stats": to_json(self.statistics, language),
            "portal": str(self.portal_page),
            "target": str(self.target_page),
            "next": self.next_command,
        }


def demo(
    folder: Path,
    kind: str,
    clock: Clock,
    progress: Progress | None = None,
    language: Language = "vi",
    environ: Mapping[str, str] | None = None,
) -> DemoResult:
    """Make the demo's workspace at `folder`, or go on with the one that is there, and run the whole job twice.

    Of the environment only a CKAN portal's address and token are read, and how to get there: the demo never touches the
    database of a real workspace. `language` chooses the pages to look at. Raises ConfigurationError (DEM-001) for a
    kind of portal that this version has not, and UsageRefused (DEM-002, DEM-003) for a folder that is used for anything
    else; nothing is ever overwritten. A folder that cannot be written is a ConfigurationError (DEM-004).
    """
    if kind not in PUBLISHERS:
        raise ConfigurationError(
            "DEM-001",
            say("There is no kind of portal “{kind}” in this version.", kind=kind),
            say("Choose one of: {kinds}.", kinds=", ".join(PUBLISHERS)),
        )
    folder = folder.resolve()
    _refuse_current(folder)
    started = not _is_demo(folder)
    if started:
        _refuse_if_used(folder)
        _lay_out(folder, kind, clock().astimezone(ZONE).date())
    with open_workspace(folder, {name: v for name, v in (environ or {}).items() if name in READ}, clock) as workspace:
        runs = tuple(run(workspace, (), clock, progress=progress) for _ in range(2))
        counted = statistics(workspace, clock().astimezone(ZONE).date())
        portal_url = workspace.publisher.url("")
        kind = workspace.config.portal.kind
    surprises = (*_surprises(runs[0], later=not started), *_surprises(runs[1], later=True))
    page = ".html" if language == "vi" else ".en.html"
    if kind == "ckan":
        return DemoResult(folder, runs, counted, surprises, portal_url, "")
    portal = folder / "portal"
    return DemoResult(folder, runs, counted, surprises, portal / f"index{page}", portal / f"target{page}")


def intended() -> tuple[Intended, ...]:
    """The outcomes the demo is made to show: data/expected.toml."""
    rows = tomllib.loads((DATA / "expected.toml").read_text("utf-8"))["dataset"]
    return tuple(
        Intended(row["source"], row["identifier"], Outcome(row["outcome"]), row.get("rule", ""), row["shows"])
        for row in rows
    )


def _surprises(result: RunResult, later: bool) -> list[Text]:
    """Where a run's outcomes are not the intended ones."""
    found = {(source.id, each.identifier): each for source in result.sources for each in source.datasets}
    stopping = {
        (finding.dataset, finding.rule)
        for source in result.sources
        for finding in source.findings
        if finding.effect.value != "none"
    }
    surprises = []
    for each in intended():
        seen = found.pop((each.source, each.identifier), None)
        wanted = each.later if later else each.outcome
        place = f"{each.source}/{each.identifier}"
        if seen is None:
            surprises.append(say("{place}: not collected, {wanted} was intended.", place=place, wanted=wanted.value))
        elif seen.outcome is not wanted:
            surprises.append(
                say(
                    "{place}: {outcome}, {wanted} was intended.",
                    place=place,
                    outcome=seen.outcome.value,
                    wanted=wanted.value,
                )
            )
        elif each.rule and (seen.name, each.rule) not in stopping:
            surprises.append(say("{place}: stopped, but not by rule {rule}.", place=place, rule=each.rule))
    for source, identifier in found:
        surprises.append(say("{place}: nobody intended this one.", place=f"{source}/{identifier}"))
    return surprises


def _is_demo(folder: Path) -> bool:
    """Whether an earlier demo made this workspace: it is an illustration and has the demo's sources."""
    try:
        portal = tomllib.loads((folder / "config" / "portal.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    sources = folder / "config" / "sources"
    return portal.get("illustration") is True and all(
        (sources / template.name).is_file() for template in (DATA / "sources").iterdir()
    )


def _refuse_current(folder: Path) -> None:
    if folder == Path.cwd().resolve():
        raise UsageRefused(
            "DEM-002",
            say("The demo does not use the current folder."),
            say("Name another one, for example: opendata demo {folder}.", folder="opendata-demo"),
        )


def _refuse_if_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageRefused(
            "DEM-003",
            say("{folder} is there already and is not a demo; it is left untouched.", folder=str(folder)),
            say("Name a folder that does not exist, for example: opendata demo {folder}.", folder=f"{folder}-2"),
        )


def _lay_out(folder: Path, kind: str, day: date) -> None:
    try:
        lay_out(folder, kind, day)
    except OSError as error:
        raise ConfigurationError(
            "DEM-004",
            say("{folder} cannot be written: {reason}.", folder=str(folder), reason=error.strerror or str(error)),
            say("Name a folder that you may write, for example: opendata demo /tmp/opendata-demo."),
        ) from error


def _shown(folder: Path) -> str:
    """The shortest way to write the folder from where the user stands."""
    relative = os.path.relpath(folder)
    return shlex.quote(str(folder) if relative.startswith("..") else relative)
