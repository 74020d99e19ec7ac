"""Do what was settled: facts into the ledger, then the effect on the portal through the publish protocol."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from harvester.errors import HandEdited, OpendataError, PortalDisagrees, PortalUnavailable
from harvester.files import FileStore
from harvester.hands import Hands
from harvester.i18n import say
from harvester.lease import hold
from harvester.ledger import Fact, KnownDataset, Lease, Observation, Validators
from harvester.model import Finding, Outcome, Severity
from harvester.publishing import put
from harvester.records import to_json
from harvester.results import DatasetResult, SourceResult
from harvester.settle import Settlement
from harvester.stopping import Stop
from harvester.workspace import Clock, Workspace

BATCH = 200
"""Unchanged datasets recorded in one transaction."""


@dataclass(frozen=True)
class Acting:
    """Who acts, where, and what the threads of one run share."""

    workspace: Workspace
    run: int | None  # None: a dry run, nothing is written
    files: FileStore
    clock: Clock
    hands: Hands = field(default_factory=lambda: Hands(1))  # that publish, a few datasets at once
    held: Lease | None = None  # of the source; there is one wherever something is written
    portal_down: list[PortalUnavailable] = field(default_factory=list)  # the bench's own list
    settling: threading.Lock = field(default_factory=threading.Lock)
    stopping: Stop = field(default_factory=Stop)
    pending: list[Observation] = field(default_factory=list)

    @property
    def lease(self) -> Lease:
        """The lease under which facts are written."""
        if self.held is None:
            raise ValueError("a dry run writes nothing")
        return self.held


def act(acting: Acting, settlement: Settlement, validators: Mapping[str, Validators]) -> tuple[Settlement, int]:
    """Record and, where it is to be published, publish; returns how it ended and the portal's write calls.

    The portal being unreachable is an outcome here: the dataset fails, keeps its version, and is tried next time.
    """
    if acting.run is None:
        return settlement, 0
    if validators:
        acting.workspace.store.remember(validators)
    if settlement.known.agency:
        _record(acting, settlement)
    if settlement.publication is None:
        return settlement, 0
    if acting.portal_down:
        return unpublished(settlement, acting.portal_down[0]), 0
    try:
        with hold(acting.workspace, f"dataset:{settlement.known.name}", acting.run, acting.clock) as lease:
            written = put(
                acting.workspace,
                lease,
                settlement.publication,
                settlement.content_key,
                settlement.known,
                acting.clock,
                settlement.seen,
            )
    except OpendataError as error:
        if isinstance(error, PortalUnavailable) and not isinstance(error, PortalDisagrees):
            acting.portal_down.append(error)
        return unpublished(settlement, error), 0
    return replace(settlement, known=written.known), written.writes


def flush(acting: Acting) -> None:
    """Record what is pending, in one transaction."""
    if acting.run is not None and acting.pending:
        acting.workspace.store.settle(acting.lease, [], acting.pending)
    acting.pending.clear()


def tally(settlement: Settlement, result: SourceResult) -> None:
    """Count one settled dataset into its source's result."""
    before, outcome = settlement.before, settlement.outcome
    if before is None:
        result.new += 1
    elif settlement.content_key and before.content_key != settlement.content_key:
        result.changed += 1
    else:
        result.unchanged += 1
    result.files_failed += settlement.files_failed
    name = settlement.known.name
    result.findings.extend(replace(finding, dataset=finding.dataset or name) for finding in settlement.findings)
    dataset = settlement.dataset
    result.datasets.append(
        DatasetResult(dataset.title, dataset.identifier, name, len(dataset.resources), outcome, settlement.known.url)
    )


def _record(acting: Acting, settlement: Settlement) -> None:
    """The facts of a settlement, before any effect; its row too, unless an effect is still to come."""
    assert acting.run is not None  # noqa: S101 (told by `act`)
    now = acting.clock()
    name = settlement.known.name
    facts = [Observation(fact, name, now, now, acting.run, value) for fact, value in facts_of(settlement)]
    if settlement.before is None:
        newcomer = replace(settlement.known, content_key="", checks_version="", outcome=Outcome.FAILED)
        acting.workspace.store.register(newcomer, acting.lease)  # "failed" until its effect is done
    if settlement.report is not None:
        acting.workspace.store.keep_report(settlement.content_key, settlement.known.checks_version, settlement.report)
    if settlement.report is None and settlement.outcome is Outcome.UNCHANGED:
        acting.pending.extend(facts)
        if len(acting.pending) >= BATCH:
            flush(acting)
        return
    changed = () if settlement.publication or settlement.outcome is Outcome.FAILED else (_standing(settlement, now),)
    acting.workspace.store.settle(acting.lease, changed, facts)


def facts_of(settlement: Settlement) -> list[tuple[Fact, Mapping[str, Any]]]:
    """What a settlement says of its dataset, as facts: collected or seen, checked, and its outcome if that changed."""
    facts: list[tuple[Fact, Mapping[str, Any]]] = []
    before, dataset = settlement.before, settlement.dataset
    if settlement.content_key and (before is None or before.content_key != settlement.content_key):
        days = {name: getattr(dataset, name) for name in ("modified", "issued", "period_end")}
        collected = {
            "content_key": settlement.content_key,
            "files_key": settlement.files_key,
            "title": dataset.title,
            "frequency": dataset.frequency,
            "licence": dataset.licence,
            **{name: value.isoformat() if value else None for name, value in days.items()},
        }
        facts.append((Fact.COLLECTED, collected))
    elif settlement.content_key:
        facts.append((Fact.SEEN, {"content_key": settlement.content_key}))
    if settlement.report is not None:
        checked = {
            "content_key": settlement.content_key,
            "checks_version": settlement.known.checks_version,
            "verdicts": {rule: verdict.value for rule, verdict in settlement.report.verdicts.items()},
            "findings": [to_json(finding) for finding in settlement.report.findings if finding.rule],
        }
        facts.append((Fact.CHECKED, checked))
    if before is None or before.outcome is not _stands(settlement):
        findings = [to_json(finding) for finding in settlement.findings if finding.severity is not Severity.INFO]
        facts.append((Fact.OUTCOME, {"outcome": settlement.outcome.value, "findings": findings}))
    return facts


def _standing(settlement: Settlement, now: datetime) -> KnownDataset:
    """Its row as it stands after."""
    outcome = _stands(settlement)
    moved = settlement.before is None or settlement.before.outcome is not outcome
    return replace(settlement.known, outcome=outcome, last_changed=now if moved else settlement.known.last_changed)


def _stands(settlement: Settlement) -> Outcome:
    """`unchanged` is an outcome of a run, not a standing."""
    return Outcome.PUBLISHED if settlement.outcome is Outcome.UNCHANGED else settlement.outcome


def unpublished(settlement: Settlement, error: OpendataError) -> Settlement:
    """The settlement when the portal could not be reached or said no: what it shows stays, the next run tries again."""
    finding = Finding(error.code, Severity.ERROR, error.message, error.remedy, dataset=settlement.known.name)
    outcome = Outcome.HELD if isinstance(error, HandEdited) else Outcome.FAILED
    return replace(settlement, outcome=outcome, findings=(*settlement.findings, finding), publication=None)


def declined(settlement: Settlement) -> Settlement:
    """The settlement when the person asked said no: nothing is written."""
    finding = Finding(
        "RUN-015",
        Severity.INFO,
        say("Not published: the question was answered with no."),
        say("Run the command again to publish it."),
    )
    return replace(settlement, outcome=Outcome.HELD, findings=(*settlement.findings, finding), publication=None)
