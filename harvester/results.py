"""What a command of the main job came to: records that give the contract's JSON and exit code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.errors import PortalUnavailable
from harvester.i18n import Language
from harvester.ledger import RunState, SourceState
from harvester.model import Change, Finding, Outcome, Publication

DATA_RULES = frozenset({"C01", "C05"})
"""Rules whose refusal says that the data are invalid (exit 1); any other refusal is policy (exit 5)."""


@dataclass(frozen=True)
class DatasetResult:
    """One dataset in a run."""

    title: str
    identifier: str
    name: str
    resources: int
    outcome: Outcome
    url: str = ""

    def to_json(self) -> dict[str, Any]:
        """The contract's line of a dataset in a run."""
        return {
            "title": self.title,
            "identifier": self.identifier,
            "name": self.name,
            "resources": self.resources,
            "outcome": self.outcome.value,
            "url": self.url,
        }


@dataclass
class SourceResult:
    """One source in a run; filled while it goes on."""

    id: str
    state: SourceState = SourceState.OK
    complete: bool = False
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    missing: int = 0
    files_failed: int = 0
    unreachable: bool = False
    locked: bool = False
    retry_after: float | None = None  # seconds its server asked to be left alone
    datasets: list[DatasetResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def number(self, outcome: Outcome) -> int:
        """How many of its datasets had `outcome`."""
        return sum(dataset.outcome is outcome for dataset in self.datasets)

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's object of a source in a run."""
        return {
            "id": self.id,
            "state": self.state.value,
            "complete": self.complete,
            "listed": len({dataset.identifier for dataset in self.datasets}),
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "missing": self.missing,
            **{
                outcome.value: self.number(outcome)
                for outcome in (Outcome.PUBLISHED, Outcome.REFUSED, Outcome.HELD, Outcome.WITHDRAWN, Outcome.FAILED)
            },
            "files_failed": self.files_failed,
            "datasets": [dataset.to_json() for dataset in self.datasets],
            "findings": [finding.to_json(language) for finding in self.findings],
        }


@dataclass(frozen=True)
class RunResult:
    """A whole run; `run` is None for a dry run."""

    run: int | None
    sources: tuple[SourceResult, ...]
    healed: int = 0  # journal entries that a killed command had left open
    portal: tuple[PortalUnavailable, ...] = ()  # why the portal could not be reached, if so

    @property
    def state(self) -> RunState:
        """OK, PARTIAL or FAILED by the sources that were not skipped."""
        states = [source.state for source in self.sources if source.state is not SourceState.SKIPPED]
        if all(state is SourceState.OK for state in states):
            return RunState.OK
        some = any(state in (SourceState.OK, SourceState.PARTIAL) for state in states)
        return RunState.PARTIAL if some else RunState.FAILED

    @property
    def exit_code(self) -> int:
        """6 nothing but locked sources, 4 nothing could be reached, 1 something refused or failed, else 0."""
        asked = [source for source in self.sources if not source.locked]
        if self.sources and not asked:
            return 6
        if self.portal or (asked and all(source.unreachable for source in asked)):
            return 4
        bad = any(
            source.state in (SourceState.PARTIAL, SourceState.FAILED, SourceState.REFUSED)
            or source.number(Outcome.REFUSED)
            or source.number(Outcome.FAILED)
            for source in asked
        )
        return 1 if bad else 0

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's object of `run`."""
        return {
            "run": self.run,
            "state": self.state.value,
            "healed": self.healed,
            "portal": self.portal[0].to_json(language) if self.portal else None,
            "sources": [source.to_json(language) for source in self.sources],
        }


@dataclass(frozen=True)
class Plan:
    """What a command is about to do to one dataset: shown, then confirmed."""

    name: str
    title: str
    new: bool
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    publication: Publication | None = None  # None: it will be withdrawn
    cleanings: tuple[Mapping[str, Any], ...] = ()  # reports of the workbooks that were tidied for it


@dataclass(frozen=True)
class PublishResult:
    """What became of the one dataset of `publish`, `withdraw` or `rollback`."""

    dataset: str
    outcome: Outcome
    url: str
    version: int
    writes: int
    findings: tuple[Finding, ...]
    plan: Plan | None = None

    @property
    def exit_code(self) -> int:
        """0 done, 1 data invalid, 4 unreachable, 5 refused by policy or waiting for a person."""
        if self.outcome is Outcome.FAILED:
            return 4
        if self.outcome is Outcome.HELD:
            return 5
        if self.outcome is not Outcome.REFUSED:
            return 0
        stopping = {finding.rule for finding in self.findings if finding.effect.value == "refuse"}
        return 1 if stopping and stopping <= DATA_RULES else 5

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's object of `publish`, with the difference and the files' hashes as a receipt."""
        publication = self.plan.publication if self.plan else None
        return {
            "dataset": self.dataset,
            "outcome": self.outcome.value,
            "url": self.url,
            "version": self.version,
            "writes": self.writes,
            "findings": [finding.to_json(language) for finding in self.findings],
            "changes": [_change(change) for change in self.plan.changes] if self.plan else [],
            "files": [
                {"name": file.name, "bytes": file.bytes, "hash": file.sha256}
                for file in (publication.files if publication else ())
            ],
        }


def _change(change: Change) -> Mapping[str, str]:
    return {"field": change.field, "before": change.before, "after": change.after}
