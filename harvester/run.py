"""The whole job in four verbs: collect what agencies hold → check it → publish what passes → count who meets targets.

The service, `opendata run` and the steward's `opendata publish` all go through here; there is no second way to publish.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from checks.child import Judge as ChildJudge
from harvester.collecting import Collected, collected
from harvester.effects import Acting, act, flush, tally, unpublished
from harvester.errors import (
    OpendataError,
    PortalUnavailable,
    RunLocked,
    SourceChanged,
    SourceUnavailable,
    UsageRefused,
)
from harvester.files import FileStore
from harvester.hands import Hands
from harvester.i18n import say
from harvester.lease import hold, ledger_row
from harvester.ledger import Lease, SourceRun, SourceState, Validators
from harvester.model import Finding, Listing, Outcome, Severity, Source
from harvester.names import nearest
from harvester.observing import is_observed, observe_absence, observe_dataset
from harvester.portal import observe, on_portal, present
from harvester.publishing import heal
from harvester.results import RunResult, SourceResult
from harvester.retiring import renamed, retire
from harvester.settle import Bench, Judge, Settlement, bench_for, settle
from harvester.stopping import Stop
from harvester.workspace import Clock, Workspace

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 8
"""Sources under way at once."""


LEFTOVER = timedelta(hours=2)
"""A partial file this old is a dead process's."""


class Progress(Protocol):
    """What is told while a run goes on; called from several threads."""

    def source_started(self, source: str) -> None:
        """Its listing begins."""

    def settled(self, source: str, title: str, outcome: Outcome) -> None:
        """One of its datasets has an outcome."""

    def source_ended(self, source: str, state: SourceState) -> None:
        """All of it is done."""


def run(
    workspace: Workspace,
    names: tuple[str, ...],
    clock: Clock,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    judge: Judge | None = None,
    due: Callable[[Source], bool] | None = None,
    stopping: Stop | None = None,
) -> RunResult:
    """Run the sources `names` (none named: all approved): collect, check, publish, count.

    A source that fails does not stop the others. A dry run does all but write. `judge` checks the files; without
    one a child process with limits does. `due` is asked again once a source is ours: another may have run it
    meanwhile. Raises UsageRefused for a source that does not exist, KeyboardInterrupt when `stopping` was set.
    """
    sources = _chosen(workspace, names)
    healed = 0
    if not dry_run:
        healed, _ = heal(workspace, clock)
        workspace.files.sweep(before=clock() - LEFTOVER)
    with ExitStack() as stack:
        row = None if dry_run else stack.enter_context(ledger_row(workspace, "run", clock))
        stopping = stopping or Stop()
        checker = judge or _child(stack, stopping)
        files = FileStore(Path(stack.enter_context(TemporaryDirectory()))) if dry_run else workspace.files
        bench = bench_for(workspace, checker, clock, on_portal(workspace))
        acting = Acting(workspace, row, files, clock, portal_down=bench.portal_down, stopping=stopping)
        results = _side_by_side(sources, lambda source: _harvest(bench, acting, source, progress, due), acting)
        if stopping.is_set():
            raise KeyboardInterrupt
        if row is not None:
            _show(acting, row)
        result = RunResult(row, results, healed, tuple(acting.portal_down[:1]))
        if row is not None:
            workspace.store.finish_run(row, result.state, result.to_json("vi"), clock())
            log.info("run ended: %s", result.state.value, extra={"run": row})
    return result


def _child(stack: ExitStack, stopping: Stop) -> Judge:
    child = stack.enter_context(ChildJudge())
    stack.enter_context(stopping.closes(child))
    return child


def _harvest(
    bench: Bench, acting: Acting, source: Source, progress: Progress | None, due: Callable[[Source], bool] | None
) -> SourceResult:
    """One source: list it, settle each dataset as its files arrive, then look at what is gone."""
    result = SourceResult(source.id)
    if progress:
        progress.source_started(source.id)
    try:
        with ExitStack() as stack:
            bench = replace(bench, policy=source.files, observing=is_observed(source))
            if acting.run is not None:
                lease = stack.enter_context(hold(acting.workspace, f"source:{source.id}", acting.run, acting.clock))
                acting = replace(acting, held=lease, pending=[])
                if due and not due(source):
                    result.state = SourceState.SKIPPED
                    return result
                acting.workspace.store.begin_attempt(source.id, lease, acting.clock())
            with Hands(acting.workspace.publisher.at_once) as hands:
                _collect(bench, replace(acting, hands=hands), source, result, progress)
            if acting.run is not None:
                _close(acting, lease, source, result)
    except RunLocked as error:
        result.state, result.locked = SourceState.SKIPPED, True
        result.findings.append(Finding(error.code, Severity.INFO, error.message, error.remedy))
    except OpendataError:
        raise  # of the store: nothing more can be recorded
    except Exception as error:  # a bug: this source pays for it, the others go on
        log.exception("a source met a bug", extra={"run": acting.run, "source": source.id})
        result.state, result.complete = SourceState.FAILED, False
        result.findings.append(_bug(error))
    if progress:
        progress.source_ended(source.id, result.state)
    return result


def _collect(bench: Bench, acting: Acting, source: Source, result: SourceResult, progress: Progress | None) -> None:
    """Settle everything the source lists; new datasets wait for the end where one could be a renamed old one."""
    store, newcomers, listed = acting.workspace.store, list[Collected](), set[str]()
    any_known = any(True for _ in store.datasets(source=source.id))
    try:
        for item in collected(acting.workspace, source, acting.files, acting.stopping, remember=acting.run is not None):
            if isinstance(item, Finding):
                result.findings.append(item)
            elif isinstance(item, Listing):
                _end_of_listing(item, result)
            elif item.dataset.identifier not in listed:
                listed.add(item.dataset.identifier)
                if any_known and store.known(source.id, item.dataset.identifier) is None:
                    newcomers.append(item)
                else:
                    _settle(bench, acting, item, result, progress)
        if not result.complete:
            result.state = SourceState.PARTIAL
    except SourceUnavailable as error:
        _fail(result, SourceState.FAILED, error)
        result.unreachable = not listed
    except SourceChanged as error:  # an address that answers "no" could not be listed; anything else is no catalogue
        _fail(result, SourceState.FAILED if error.code.startswith("NET") else SourceState.REFUSED, error)
    if newcomers and result.complete:
        bench = replace(bench, renamed=renamed(acting.workspace, source, newcomers, listed))
        for identifier, known in bench.renamed.items():
            if acting.held:
                store.move(known.name, identifier, acting.held)
    for item in newcomers:
        _settle(bench, acting, item, result, progress)
    flush(acting)


def _settle(bench: Bench, acting: Acting, item: Collected, result: SourceResult, progress: Progress | None) -> None:
    """Decide what becomes of one dataset, then do it."""
    if bench.observing:
        with acting.settling:
            tally(observe_dataset(bench, acting, item), result)
        return
    with acting.settling:
        if acting.stopping.is_set():
            return
        obtained = item.obtained
        try:
            settlement = settle(bench, item.dataset, obtained.files, obtained.findings, obtained.failed)
        except PortalUnavailable as error:
            acting.portal_down.append(error)
            nothing = settle(bench, item.dataset, {}, obtained.findings, failed=1)
            settlement = unpublished(replace(nothing, files_failed=0), error)
    if settlement.publication is None:
        _finish(acting, settlement, obtained.validators, result, progress)
    else:
        acting.hands.do(lambda: _finish(acting, settlement, obtained.validators, result, progress))


def _finish(
    acting: Acting,
    settlement: Settlement,
    validators: Mapping[str, Validators],
    result: SourceResult,
    progress: Progress | None,
) -> None:
    """Do what was settled, and count it."""
    if acting.stopping.is_set():
        return  # what it was judged by may have been closed under it
    settlement, _ = act(acting, settlement, validators)
    with acting.settling:
        tally(settlement, result)
    told = {"run": acting.run, "source": result.id, "dataset": settlement.known.name}
    log.info("dataset settled: %s", settlement.outcome.value, extra=told)
    if progress:
        progress.settled(result.id, settlement.dataset.title, settlement.outcome)


def _close(acting: Acting, lease: Lease, source: Source, result: SourceResult) -> None:
    """After the listing: what is missing, and the source's own row of this run; a stopped one is handed back."""
    store = acting.workspace.store
    if acting.stopping.is_set():
        store.end_attempt(source.id, lease, SourceState.SKIPPED, acting.clock())
        return
    if result.complete:
        listed = {dataset.identifier for dataset in result.datasets}
        result.missing = len(store.mark_seen(source.id, listed, acting.clock(), lease))
        if is_observed(source):
            observe_absence(acting, source)
        elif not acting.portal_down:
            retire(acting, source, result)
    summary = {key: value for key, value in result.to_json("vi").items() if key != "datasets"}
    store.record_source_run(
        SourceRun(acting.run or 0, source.id, result.state, result.complete, acting.clock(), summary)
    )
    wait = timedelta(seconds=result.retry_after) if result.retry_after else None
    store.end_attempt(source.id, lease, result.state, acting.clock(), acting.clock() + wait if wait else None)
    log.info("source ended: %s", result.state.value, extra={"run": acting.run, "source": source.id})


def _show(acting: Acting, run: int) -> None:
    """Read the portal back as facts, then bring its pages up to date."""
    try:
        observe(acting.workspace, run, acting.clock)
        present(acting.workspace, acting.clock)
    except PortalUnavailable as error:
        acting.portal_down.append(error)


def _end_of_listing(listing: Listing, result: SourceResult) -> None:
    result.complete = listing.complete
    if not listing.complete and listing.reason:
        result.findings.append(Finding("RUN-020", Severity.WARNING, listing.reason))


def _fail(result: SourceResult, state: SourceState, error: SourceUnavailable | SourceChanged) -> None:
    result.state = SourceState.PARTIAL if result.datasets else state
    result.complete = False
    result.retry_after = getattr(error, "retry_after", None)
    result.findings.append(Finding(error.code, Severity.ERROR, error.message, error.remedy))


def _bug(error: Exception) -> Finding:
    """Its message may hold somebody's data, so only its kind is shown; the log has all of it."""
    kind = type(error).__name__
    return Finding(
        "BUG-001",
        Severity.ERROR,
        say("The program met something that it was not written for ({kind}).", kind=kind),
        say("Run the command again with --debug and send the lines it prints to the maintainers."),
    )


def _chosen(workspace: Workspace, names: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources asked for: a source named is run even if not approved."""
    sources = {source.id: source for source in workspace.config.sources}
    for name in names:
        if name not in sources:
            raise UsageRefused(
                "RUN-002",
                say("There is no source “{name}” in config/sources/.", name=name),
                say(
                    "Sources: {sources}. Nearest: {nearest}.",
                    sources=", ".join(sources) or "–",
                    nearest=nearest(name, sources) or "–",
                ),
            )
    if names:
        return tuple(sources[name] for name in dict.fromkeys(names))
    return tuple(source for source in sources.values() if source.approved)


def _side_by_side(
    sources: tuple[Source, ...], harvest: Callable[[Source], SourceResult], acting: Acting
) -> tuple[SourceResult, ...]:
    """Each source in a thread of its own, a few at once; one alone stays in this one. Ctrl-C stops them all."""
    if len(sources) < 2:
        return tuple(harvest(source) for source in sources)
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="source") as pool:
        futures = [pool.submit(harvest, source) for source in sources]
        try:
            return tuple(future.result() for future in futures)
        except BaseException:
            acting.stopping.set()
            for future in futures:
                future.cancel()
            raise
