"""What is gone from a source: known again under a new name, or retired, under the deletion brake."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from harvester.collecting import Collected
from harvester.effects import Acting
from harvester.errors import OpendataError
from harvester.i18n import Text, say
from harvester.lease import hold
from harvester.ledger import KnownDataset
from harvester.model import ZONE, Finding, Outcome, Severity, Source, Tombstone
from harvester.publishing import take_down
from harvester.results import DatasetResult, SourceResult
from harvester.settle import files_key
from harvester.workspace import Workspace

PATIENCE = timedelta(hours=24)
"""A dataset must be missing in two complete runs at least this far apart."""


def most_at_once(live: int) -> int:
    """How many of a source's `live` datasets may be retired in one run: max(5, 10 %)."""
    return max(5, live // 10)


def renamed(
    workspace: Workspace, source: Source, newcomers: Sequence[Collected], listed: set[str]
) -> Mapping[str, KnownDataset]:
    """New identifier → the dataset it continues: the old one is gone and the content's hash is unique on both sides."""
    store = workspace.store
    gone = [known for known in store.datasets(source=source.id) if known.identifier not in listed and known.files_key]
    old = Counter(known.files_key for known in gone)
    new = Counter(files_key(item.obtained.files) for item in newcomers)
    unique = {known.files_key: known for known in gone if old[known.files_key] == 1 == new[known.files_key]}
    pairs = ((item.dataset.identifier, unique.get(files_key(item.obtained.files))) for item in newcomers)
    return {identifier: replace(known, identifier=identifier) for identifier, known in pairs if known is not None}


def retire(acting: Acting, source: Source, result: SourceResult) -> None:
    """Take down what was missing long enough, or hold all of it and say so."""
    store, now = acting.workspace.store, acting.clock()
    due = [
        known
        for known in store.missing(source.id)
        if known.version and known.outcome is not Outcome.WITHDRAWN
        if known.missing_since and now - known.missing_since >= PATIENCE
    ]
    if not due:
        return
    live = store.live(source.id)
    if not result.datasets or len(due) >= live or len(due) > most_at_once(live):
        result.findings.append(_held(due, live))
        result.datasets.extend(_result(known, Outcome.HELD) for known in due)
        return
    for known in due:
        result.datasets.append(_result(known, _retire(acting, known, result)))


def _retire(acting: Acting, known: KnownDataset, result: SourceResult) -> Outcome:
    assert acting.run is not None  # noqa: S101 (a dry run retires nothing)
    agency = acting.workspace.config.register.by_id.get(known.agency)
    if agency is None:
        return Outcome.HELD
    reason = say("No longer offered by its source.").render("vi")
    tombstone = Tombstone(known.name, known.title, agency, reason, acting.clock().astimezone(ZONE).date())
    try:
        with hold(acting.workspace, f"dataset:{known.name}", acting.run, acting.clock) as lease:
            take_down(acting.workspace, lease, tombstone, "retired", known, acting.clock)
    except OpendataError as error:
        result.findings.append(Finding(error.code, Severity.ERROR, error.message, error.remedy, dataset=known.name))
        return Outcome.FAILED
    return Outcome.WITHDRAWN


def _result(known: KnownDataset, outcome: Outcome) -> DatasetResult:
    return DatasetResult(known.title, known.identifier, known.name, 0, outcome, known.url)


def _held(due: Sequence[KnownDataset], live: int) -> Finding:
    names: list[Text | str] = [known.title for known in due[:3]]
    return Finding(
        "RUN-021",
        Severity.ERROR,
        say(
            "{gone} of {live} datasets are gone from the source, among them: {names}. None was withdrawn.",
            gone=len(due),
            live=live,
            names="; ".join(str(name) for name in names),
        ),
        say("Ask the agency. If it is meant: opendata withdraw NAME for each of them."),
    )
