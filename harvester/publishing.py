"""The publish protocol: journal → find → write → read back → close. Every portal is written to from here only.

A journal entry is opened before the first write and closed when the read-back agrees; whatever a crash leaves
open is finished, or undone, by `heal`, which every later command calls first.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import EllipsisType
from typing import Any

from harvester.errors import PolicyRefused, PortalDisagrees, PortalUnavailable, PublicationRefused, RunLocked
from harvester.i18n import say
from harvester.lease import hold
from harvester.ledger import Fact, JournalEntry, KnownDataset, Lease, Observation, RunState, Step
from harvester.model import HandEdit, Outcome, Publication, Seen, Tombstone, Verdict
from harvester.records import from_json, to_json
from harvester.workspace import Clock, Workspace
from harvester.written import last_written, publication_of

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """What one effect on the portal came to."""

    known: KnownDataset
    writes: int


def put(
    workspace: Workspace,
    lease: Lease,
    publication: Publication,
    content_key: str,
    known: KnownDataset,
    clock: Clock,
    seen: Seen | EllipsisType | None = ...,
) -> Written:
    """Publish `publication` under the lease of its dataset; `known` is its row as it shall stand, but for the effect.

    `seen` is what stands there if that was just read; the portal refuses a write on what is no longer so.

    Raises PolicyRefused for a dataset there that is not ours, PublicationRefused and PortalUnavailable from the portal.
    """
    plan = {"publication": to_json(publication), "content_key": content_key, "known": to_json(known)}
    entry = workspace.store.plan(publication.name, "publish", publication.version, plan, lease, clock())
    return _finish(workspace, lease, entry, clock, seen)


def take_down(
    workspace: Workspace, lease: Lease, tombstone: Tombstone, by: str, known: KnownDataset, clock: Clock
) -> Written:
    """Withdraw a dataset (`by` "person" or "retired") under its lease; raises as `put` does."""
    plan = {"tombstone": to_json(tombstone), "by": by, "known": to_json(known)}
    entry = workspace.store.plan(tombstone.name, "withdraw", known.version, plan, lease, clock())
    return _finish(workspace, lease, entry, clock)


def heal(workspace: Workspace, clock: Clock) -> tuple[int, int]:
    """Finish what a killed command left open; returns (entries closed, dead runs found).

    An entry whose dataset another live command holds is left to it, one that the portal refuses is undone, one that it
    does not show as sent stays open; while the portal cannot be reached all stay open.
    """
    dead = sum(_bury(workspace, run.id, clock) for run in workspace.store.unfinished_runs())
    closed = 0
    try:
        for entry in workspace.store.open_entries():
            closed += _resume(workspace, entry, clock)
    except PortalUnavailable as error:
        LOG.warning("open journal entries wait for the portal: %s", error.message)
    return closed, dead


def verdicts(seen: Seen | None) -> dict[str, str]:
    """C03, C11 and C12 as an anonymous reader finds them: there, with files that can be had."""
    there = seen is not None and not seen.withdrawn
    files = there and seen is not None and bool(seen.files)
    return {
        "C03": (Verdict.MET if files else Verdict.NOT_MET).value,
        "C11": (Verdict.MET if there else Verdict.NOT_MET).value,
        "C12": (Verdict.MET if files else Verdict.NOT_MET).value,
    }


def _bury(workspace: Workspace, run: int, clock: Clock) -> int:
    try:
        with hold(workspace, f"run:{run}", run, clock):
            workspace.store.finish_run(run, RunState.KILLED, {}, clock())
    except RunLocked:
        return 0  # alive
    return 1


def _resume(workspace: Workspace, entry: JournalEntry, clock: Clock) -> int:
    try:
        with hold(workspace, f"dataset:{entry.dataset}", entry.run, clock) as lease:
            if entry.id not in {open_now.id for open_now in workspace.store.open_entries()}:
                return 0
            _finish(workspace, lease, entry, clock)
    except (RunLocked, PortalDisagrees):
        return 0
    except (PublicationRefused, PolicyRefused) as error:
        LOG.warning("given up, the portal stays as it is: %s", error.message)
    return 1


def _finish(
    workspace: Workspace, lease: Lease, entry: JournalEntry, clock: Clock, seen: Seen | EllipsisType | None = ...
) -> Written:
    try:
        if entry.action == "publish":
            return _finish_put(workspace, lease, entry, clock, seen)
        return _finish_withdrawal(workspace, lease, entry, clock)
    except (PublicationRefused, PolicyRefused):  # any other error: outcome unknown, the entry stays open
        workspace.store.close_entry(entry.id, Step.UNDONE, lease, clock())
        raise


def _finish_put(
    workspace: Workspace, lease: Lease, entry: JournalEntry, clock: Clock, seen: Seen | EllipsisType | None
) -> Written:
    publication = publication_of(workspace, entry)
    if any(not file.link and not file.path.exists() for file in publication.files):
        workspace.store.close_entry(entry.id, Step.UNDONE, lease, clock())
        return Written(_known(entry.plan), 0)  # its bytes never arrived: the previous version stands
    if isinstance(seen, EllipsisType):
        seen = workspace.publisher.find(publication.name)
    if seen is not None and not seen.ours:
        raise _not_ours(publication.name)
    publisher, last = workspace.publisher, last_written(workspace, publication.name)
    edits = publisher.hand_edits(publication, seen, last)
    writes = publisher.publish(publication, seen, last) if publisher.difference(publication, seen, last) else 0
    back = publisher.read_back(publication.name)
    if not _agrees(publication, back, edits):
        writes += publisher.repair(publication, last)
        back = publisher.read_back(publication.name)
    if back is None or not _agrees(publication, back, edits):
        raise _disagrees(publication.name)
    now = clock()
    known = replace(
        _known(entry.plan),
        outcome=Outcome.PUBLISHED,
        version=back.version,
        url=back.url,
        last_changed=now,
    )
    facts = (
        (Fact.PUBLISHED, {"version": back.version, "content_key": entry.plan["content_key"]}),
        (Fact.READ_BACK, {"verdicts": verdicts(back)}),
    )
    _close(workspace, lease, entry, known, facts, now)
    return Written(known, writes)


def _finish_withdrawal(workspace: Workspace, lease: Lease, entry: JournalEntry, clock: Clock) -> Written:
    tombstone = from_json(Tombstone, entry.plan["tombstone"])
    seen = workspace.publisher.find(tombstone.name)
    if seen is not None and not seen.ours:
        raise _not_ours(tombstone.name)
    writes = 0 if seen is None or seen.withdrawn else workspace.publisher.withdraw(tombstone, seen)
    back = workspace.publisher.read_back(tombstone.name)
    if back is not None and not back.withdrawn:
        raise _disagrees(tombstone.name)
    now = clock()
    known = replace(_known(entry.plan), outcome=Outcome.WITHDRAWN, last_changed=now)
    facts = (
        (Fact.WITHDRAWN, {"reason": tombstone.reason, "by": entry.plan["by"]}),
        (Fact.READ_BACK, {"verdicts": verdicts(None)}),
    )
    _close(workspace, lease, entry, known, facts, now)
    return Written(known, writes)


def _close(
    workspace: Workspace,
    lease: Lease,
    entry: JournalEntry,
    known: KnownDataset,
    facts: Sequence[tuple[Fact, Mapping[str, Any]]],
    now: datetime,
) -> None:
    """Done: the entry, how the dataset stands and the facts that say so, in one transaction."""
    observed = [Observation(fact, known.name, now, now, entry.run, value) for fact, value in facts]
    workspace.store.close_entry(entry.id, Step.DONE, lease, now, [known], observed)


def _agrees(publication: Publication, back: Seen | None, edits: Sequence[HandEdit]) -> bool:
    """Whether readers find it, with the bytes that were sent; a file that a person replaced there is theirs."""
    if back is None or back.withdrawn or not back.findable:
        return False
    kept = {edit.file for edit in edits}
    wanted = {file.id: (file.sha256, file.bytes) for file in publication.files if not file.link and file.id not in kept}
    served = {file.id: (file.sha256, file.bytes) for file in back.files if file.id in wanted}
    return served == wanted


def _known(plan: Mapping[str, Any]) -> KnownDataset:
    return from_json(KnownDataset, plan["known"])


def _not_ours(name: str) -> PolicyRefused:
    return PolicyRefused(
        "PUB-001",
        say("The portal holds a dataset “{name}” that this workspace did not publish.", name=name),
        say("Look at it on the portal; it is left untouched. Rename or remove it there, or publish under another key."),
    )


def _disagrees(name: str) -> PortalDisagrees:
    return PortalDisagrees(
        "PUB-002",
        say("The portal took “{name}” but does not show it as it was sent.", name=name),
        say("Nothing needs to be done: the next run reads it back and sends it again."),
    )
