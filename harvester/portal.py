"""The portal as a whole: what it shows now, as facts; the figures, and the pages that show them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from harvester import config, stats
from harvester.errors import PortalUnavailable, UsageRefused
from harvester.i18n import say
from harvester.lease import os_lock
from harvester.ledger import DatasetFacts, Fact, Observation
from harvester.model import ZONE, Outcome, Seen, end_of_day
from harvester.publishing import verdicts
from harvester.settle import OnPortal
from harvester.stats import Statistics
from harvester.workspace import Clock, Workspace
from publishers import Site

Standing = dict[str, Sequence[Any]]
"""Frozen name → the findings that stand against a dataset, as JSON."""

PAGES_WAIT = 60.0
"""Seconds that one command waits for another to finish the pages."""


def on_portal(workspace: Workspace) -> OnPortal | None:
    """What the portal shows to an anonymous reader; None when it cannot be listed to the end."""
    names: set[str] = set()
    edited: dict[str, Seen] = {}
    try:
        for seen in workspace.publisher.listing():
            if not seen.withdrawn:
                names.add(seen.name)
            if seen.edited:
                edited[seen.name] = seen
    except PortalUnavailable:
        return None
    return OnPortal(frozenset(names), edited)


def observe(workspace: Workspace, run: int, clock: Clock) -> None:
    """Read the portal back as facts: the listing, and C03, C11, C12 of every dataset that should be there."""
    try:
        found = {seen.name: verdicts(seen) for seen in workspace.publisher.listing() if seen.ours}
    except PortalUnavailable:
        now = clock()
        listed = Observation(Fact.LISTED, "", now, now, run, {"complete": False, "datasets": 0})
        workspace.store.observe([listed])
        return
    now = clock()
    absent = verdicts(None)
    observed = [Observation(Fact.LISTED, "", now, now, run, {"complete": True, "datasets": len(found)})]
    for known in workspace.store.datasets():
        if known.version and known.outcome is not Outcome.WITHDRAWN:
            value = {"verdicts": found.get(known.name, absent)}
            observed.append(Observation(Fact.READ_BACK, known.name, now, now, run, value))
    workspace.store.observe(observed)


def statistics(
    workspace: Workspace, day: date, known_at: datetime | None = None, standing: Standing | None = None
) -> Statistics:
    """The figures as of the end of `day`, from what was recorded up to `known_at` (None: all that is).

    `standing`, if given, is filled with what stands against each dataset. Raises UsageRefused when nothing was known.
    """
    revisions = workspace.store.revisions(known_at)
    if not revisions:
        raise UsageRefused(
            "RUN-006",
            say("Nothing was known yet at {time}.", time=known_at or "–"),
            say("Name a later time after --known-at."),
        )
    then = config.read({name: revision.content for name, revision in revisions.items()})
    until = end_of_day(day)
    return stats.statistics(
        then,
        _noted(workspace.store.facts(until, known_at), {} if standing is None else standing),
        workspace.store.portal_facts(until, known_at),
        workspace.store.decisions(known_at),
        day,
        known_at,
        max(revision.recorded_at for revision in revisions.values()),
    )


def present(workspace: Workspace, clock: Clock) -> None:
    """Bring the pages around the datasets up to date with today's figures."""
    day = clock().astimezone(ZONE).date()
    standing: dict[str, Sequence[Any]] = {}
    counted = statistics(workspace, day, standing=standing)
    agencies = tuple(agency for agency in workspace.config.register.agencies if agency.exists_on(day))
    site = Site(
        title=workspace.config.portal.title,
        illustration=workspace.config.portal.illustration,
        as_of=day,
        agencies=agencies,
        statistics=stats.to_json(counted, "vi"),
        statistics_en=stats.to_json(counted, "en"),
        findings=standing,
        datasets=tuple(workspace.store.datasets()),
    )
    with os_lock(workspace, "pages", PAGES_WAIT):
        workspace.publisher.present(site)


def _noted(facts: Iterable[DatasetFacts], standing: Standing) -> Iterator[DatasetFacts]:
    """The same facts; on the way, what the last check and the last outcome found is noted."""
    for each in facts:
        last = {o.fact: o.value for o in each.observations if o.fact in (Fact.CHECKED, Fact.OUTCOME)}
        found = [*last.get(Fact.CHECKED, {}).get("findings", ()), *last.get(Fact.OUTCOME, {}).get("findings", ())]
        if found:
            standing[each.name] = [finding for number, finding in enumerate(found) if finding not in found[:number]]
        yield each
