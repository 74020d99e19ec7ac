"""A portal observed and never republished: what agencies have there by any means, as facts for the count.

Its datasets are listed, fetched and judged like any other's; what readers find of them there counts as if we had
published it. Where the portal does not answer, what was last seen stays, then becomes unknown; it never becomes "none".
"""

from dataclasses import replace

from harvester.collecting import Collected
from harvester.effects import Acting, facts_of
from harvester.ledger import Fact, KnownDataset, Observation
from harvester.model import Outcome, Source, Verdict
from harvester.settle import Bench, Settlement, settle
from harvester.sources import Obtained

NOT_SERVED = ("NET-401", "NET-403", "NET-404", "NET-410", "NET-017")
"""Answers that say no; anything else that keeps a file from us says nothing."""


def is_observed(source: Source) -> bool:
    """Whether the source's file says observe = true."""
    return source.options.get("observe") is True


def observe_dataset(bench: Bench, acting: Acting, item: Collected) -> Settlement:
    """Judge a dataset as it stands there, and record what was found; publishes nothing."""
    obtained = item.obtained
    settlement = settle(bench, item.dataset, obtained.files, obtained.findings, obtained.failed)
    if acting.run is None or not settlement.known.agency:
        return settlement
    now, store, facts = acting.clock(), acting.workspace.store, facts_of(settlement)
    outcome = Outcome.PUBLISHED if settlement.outcome is Outcome.UNCHANGED else settlement.outcome
    known = replace(settlement.known, outcome=outcome, url=item.dataset.landing_page, last_changed=now)
    if settlement.before is None:
        store.register(known, acting.lease)
    if settlement.report is not None:
        store.keep_report(settlement.content_key, known.checks_version, settlement.report)
        facts.append((Fact.PUBLISHED, {"version": 0, "content_key": settlement.content_key}))
    facts.append((Fact.READ_BACK, {"verdicts": found_there(obtained)}))
    store.settle(acting.lease, [known], [Observation(f, known.name, now, now, acting.run, v) for f, v in facts])
    return settlement


def observe_absence(acting: Acting, source: Source) -> tuple[KnownDataset, ...]:
    """Record of the datasets that a complete listing no longer has that readers find nothing there."""
    now = acting.clock()
    missing = tuple(known for known in acting.workspace.store.missing(source.id) if known.missing_since == now)
    absent = {"verdicts": dict.fromkeys(("C03", "C11", "C12"), Verdict.NOT_MET.value)}
    if acting.run is not None and missing:
        facts = [Observation(Fact.READ_BACK, known.name, now, now, acting.run, absent) for known in missing]
        acting.workspace.store.settle(acting.lease, [], facts)
    return missing


def found_there(obtained: Obtained) -> dict[str, str]:
    """C03, C11 and C12 of a dataset that is listed there, by whether its files open without login."""
    codes = [finding.code for finding in obtained.findings]
    if not obtained.failed and obtained.files:
        files = Verdict.MET
    elif not codes or any(code.startswith(NOT_SERVED) for code in codes):
        files = Verdict.NOT_MET
    else:
        files = Verdict.UNKNOWN
    return {"C03": files.value, "C11": Verdict.MET.value, "C12": files.value}
