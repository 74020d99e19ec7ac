"""What `sources` and `datasets` list, and how the words of a command line find an agency or a dataset."""

from datetime import datetime
from typing import Any

from harvester.by_hand import find
from harvester.config import documents, packaged, read
from harvester.i18n import Language
from harvester.ledger import Decision, KnownDataset
from harvester.model import ZONE, Source
from harvester.schedule import next_times
from harvester.workspace import Workspace


def sources(workspace: Workspace, now: datetime, language: Language) -> dict[str, Any]:
    """The contract's `sources` object; a source that is not approved has no next run."""
    return {"sources": [_source(workspace, source, now, language) for source in workspace.config.sources]}


def _source(workspace: Workspace, source: Source, now: datetime, language: Language) -> dict[str, Any]:
    last = workspace.store.last_source_run(source.id)
    coming = next_times(source.schedule, now) if source.approved and source.schedule else ()
    return {
        "id": source.id,
        "agency": source.agency,
        "agency_name": _name(workspace, source.agency, language),
        "kind": source.kind,
        "address": source.address,
        "schedule": source.schedule,
        "approved": source.approved,
        "last_run": _iso(last.at) if last else None,
        "last_state": last.state.value if last else None,
        "next_runs": [_iso(moment) for moment in coming],
    }


def datasets(workspace: Workspace, agency: str, now: datetime, language: Language) -> dict[str, Any]:
    """The contract's `datasets` object, by agency: all, or those of one. Raises UsageRefused for an unknown one."""
    day = now.astimezone(ZONE).date()
    wanted = workspace.config.register.resolve(agency, day).id if agency else None
    order = {agency: number for number, agency in enumerate(workspace.config.register.by_id)}
    known = sorted(workspace.store.datasets(agency=wanted), key=lambda d: (order.get(d.agency, -1), d.title, d.name))
    return {"datasets": [_dataset(workspace, dataset, language) for dataset in known]}


def _dataset(workspace: Workspace, known: KnownDataset, language: Language) -> dict[str, Any]:
    return {
        "id": known.name,
        "title": known.title,
        "agency": known.agency,
        "agency_name": _name(workspace, known.agency, language),
        "source": known.source,
        "outcome": known.outcome.value if known.outcome else None,
        "version": known.version,
        "url": known.url,
        "last_changed": _iso(known.last_changed) if known.last_changed else None,
    }


def _name(workspace: Workspace, agency: str, language: Language) -> str | None:
    found = workspace.config.register.by_id.get(agency)
    return (found.name_vi if language == "vi" else found.name_en) if found else None


def agencies_starting(incomplete: str) -> list[tuple[str, str]]:
    """For shell completion: ids and short names of agencies that begin so, each with its name."""
    config = read(documents(packaged()))
    ids = [(word, agency.name_vi) for agency in config.register.agencies for word in (agency.slug, agency.id)]
    return [(word, name) for word, name in ids if word.startswith(incomplete)]


def subject_of(workspace: Workspace, text: str, now: datetime) -> str:
    """The agency id or dataset name that a decision is about. Raises UsageRefused."""
    register = workspace.config.register
    if register.knows(text):
        return register.resolve(text, now.astimezone(ZONE).date()).id if text not in register.by_id else text
    return find(workspace, text).name


def rules_of(workspace: Workspace) -> list[str]:
    """The rules there are or were: C01 … C24."""
    return sorted({rule.id for rules in workspace.config.rule_sets for rule in rules.rules})


def decided(decision: Decision) -> dict[str, Any]:
    """A decision as JSON."""
    return {
        "subject": decision.subject,
        "rule": decision.rule or None,
        "verdict": decision.verdict.value,
        "document": decision.document,
        "author": decision.author,
        "reason": decision.reason,
        "valid_from": decision.valid_from.isoformat(),
        "expires": decision.expires.isoformat() if decision.expires else None,
        "recorded_at": _iso(decision.recorded_at),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(ZONE).isoformat()
