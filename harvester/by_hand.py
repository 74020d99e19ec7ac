"""What a person does to one dataset: publish, withdraw, roll back, decide. Settled and published as in a run."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.child import Judge as ChildJudge
from harvester.effects import Acting, act, declined, flush
from harvester.errors import PolicyRefused, UsageRefused
from harvester.files import FileStore
from harvester.i18n import Language, say
from harvester.lease import hold, ledger_row
from harvester.ledger import Decision, JournalEntry, KnownDataset, RunState
from harvester.model import (
    ZONE,
    Agency,
    Dataset,
    Effect,
    Finding,
    Outcome,
    Publication,
    Severity,
    StoredFile,
    Tombstone,
)
from harvester.names import nearest
from harvester.portal import observe, on_portal, present
from harvester.preparing import Ask, prepare
from harvester.publishing import heal, put, take_down
from harvester.results import Plan, PublishResult
from harvester.settle import Judge, Settlement, bench_for, effect, settle, similar
from harvester.sources import obtain
from harvester.sources.folder import read_dataset
from harvester.workspace import Clock, Workspace
from harvester.written import last_written, publication_of

Confirm = Callable[[Plan], bool]
"""Shows the plan and asks; `--yes` answers for it."""


def publish(
    workspace: Workspace,
    path: Path,
    agency: Agency,
    clock: Clock,
    *,
    confirm: Confirm,
    key: str = "",
    overrides: Mapping[str, str] | None = None,
    dry_run: bool = False,
    judge: Judge | None = None,
    ask: Ask = lambda question: None,
    language: Language = "vi",
    sheet: str = "",
) -> PublishResult:
    """Publish the file, folder or Data Package at `path` for `agency`, as dataset `key` (default: slug of the title).

    A workbook or text file is tidied first; `ask` puts questions about it to a person; answers, and the
    `sheet` that is meant, are kept for next time.
    A dataset of nearly the same title under another key is a question about the data: held until `key` answers it.
    Raises RunLocked, PortalUnavailable and what reading `path` raises.
    """
    if not dry_run:
        heal(workspace, clock)
    with ExitStack() as stack:
        files = FileStore(Path(stack.enter_context(TemporaryDirectory()))) if dry_run else workspace.files
        fetcher = stack.enter_context(workspace.fetcher(files))
        dataset, notes = read_dataset(path, agency=agency, key=key, overrides=overrides or {}, fetcher=fetcher)
        near = () if key or workspace.store.known("publish", dataset.identifier) else similar(workspace, dataset)
        if near:
            return PublishResult(dataset.identifier, Outcome.HELD, "", 0, 0, (*notes, _is_it_this(dataset, near[0])))
        checker = judge or stack.enter_context(ChildJudge())
        run = None if dry_run else stack.enter_context(ledger_row(workspace, "publish", clock))
        acting = Acting(workspace, run, files, clock)
        if run is not None:
            lease = stack.enter_context(hold(workspace, f"source:publish/{dataset.identifier}", run, clock))
            acting = replace(acting, held=lease)
        bench = replace(bench_for(workspace, checker, clock, on_portal(workspace)), by_hand=True)
        obtained = obtain(dataset, fetcher)
        known = {**workspace.store.answers(dataset.identifier), **({"sheet": sheet} if sheet else {})}
        made = prepare(dataset, obtained.files, files, known=known, ask=ask, language=language)
        answers = {**(made.answers or {}), **({"sheet": sheet} if sheet else {})}
        if answers and not dry_run:
            workspace.store.keep_answers(dataset.identifier, answers, clock())
        found = (*notes, *obtained.findings, *made.findings)
        settlement = _stopped(settle(bench, made.dataset, made.files, found, obtained.failed))
        plan = replace(_plan(settlement), cleanings=made.cleanings)
        if settlement.publication and not dry_run and not confirm(plan):
            settlement = declined(settlement)
        settlement, writes = act(acting, settlement, obtained.validators)
        flush(acting)
        result = _result(settlement, writes, plan)
        if run is not None:
            _close(workspace, run, result, clock)
    return result


def withdraw(
    workspace: Workspace, name: str, reason: str, clock: Clock, *, confirm: Confirm, dry_run: bool = False
) -> PublishResult:
    """Take a dataset off the portal now; it stays off, whatever its source does, until a person rolls it back."""
    known = find(workspace, name)
    agency = _agency(workspace, known)
    plan = Plan(known.name, known.title, False, (), ())
    if known.outcome is Outcome.WITHDRAWN or not known.version:
        return PublishResult(known.name, known.outcome or Outcome.FAILED, known.url, known.version, 0, (), plan)
    if dry_run or not confirm(plan):
        return PublishResult(
            known.name, Outcome.WITHDRAWN if dry_run else Outcome.HELD, known.url, known.version, 0, ()
        )
    heal(workspace, clock)
    with ledger_row(workspace, "withdraw", clock) as run, hold(workspace, f"dataset:{known.name}", run, clock) as lease:
        known = find(workspace, known.name)
        day = clock().astimezone(ZONE).date()
        tombstone = Tombstone(known.name, known.title, agency, reason, day)
        done = take_down(workspace, lease, tombstone, "person", known, clock)
        result = PublishResult(known.name, Outcome.WITHDRAWN, known.url, known.version, done.writes, (), plan)
        _close(workspace, run, result, clock)
    return result


def rollback(
    workspace: Workspace,
    name: str,
    version: int | None,
    reason: str,
    clock: Clock,
    *,
    confirm: Confirm,
    dry_run: bool = False,
    judge: Judge | None = None,
) -> PublishResult:
    """Publish a kept version again, as a new one: `version`, or the one before the last (the last, if withdrawn).

    Its source acts again only when its content changes. Today's checks judge it first: PolicyRefused if they say no.
    """
    known = find(workspace, name)
    entry = _kept(workspace, known, version)
    publication = replace(publication_of(workspace, entry), version=known.version + 1)
    _still_publishable(workspace, publication, clock, judge)
    seen = workspace.publisher.find(known.name)
    changes = workspace.publisher.difference(publication, seen, last_written(workspace, known.name))
    plan = Plan(known.name, publication.dataset.title, False, changes, (), publication)
    outcome = Outcome.PUBLISHED if changes else Outcome.UNCHANGED
    if dry_run or not changes or not confirm(plan):
        asked_no = changes and not dry_run
        outcome = Outcome.HELD if asked_no else outcome
        return PublishResult(known.name, outcome, known.url, known.version, 0, (), plan)
    heal(workspace, clock)
    with ledger_row(workspace, "rollback", clock) as run, hold(workspace, f"dataset:{known.name}", run, clock) as lease:
        done = put(workspace, lease, publication, entry.plan["content_key"], known, clock)
        result = PublishResult(known.name, Outcome.PUBLISHED, done.known.url, done.known.version, done.writes, (), plan)
        _close(workspace, run, result, clock, reason)
    return result


def decide(workspace: Workspace, decision: Decision, clock: Clock) -> None:
    """Record what a person decided of a dataset (by name) or an agency (by id); counted from now on, in every figure.

    Raises UsageRefused for an unknown subject or rule.
    """
    known_rules = {rule.id for rules in workspace.config.rule_sets for rule in rules.rules}
    if decision.rule and decision.rule not in known_rules:
        raise UsageRefused(
            "RUN-007",
            say("There is no rule {rule}.", rule=decision.rule),
            say("Rules: {rules}.", rules=", ".join(sorted(known_rules))),
        )
    if decision.subject not in workspace.config.register.by_id:
        decision = replace(decision, subject=find(workspace, decision.subject).name)
        if not decision.rule:
            raise UsageRefused(
                "RUN-005",
                say("A decision about a dataset names the rule that it decides."),
                say("Add --rule, for example --rule C15."),
            )
    workspace.store.decide(decision)
    present(workspace, clock)


def find(workspace: Workspace, name: str) -> KnownDataset:
    """The dataset called `name`: its frozen name, the start of it if only one has it, or agency/key.

    Raises UsageRefused with the nearest names.
    """
    store = workspace.store
    exact = store.named(name) or store.known("publish", name)
    if exact:
        return exact
    names = [known.name for known in store.datasets()]
    starting = [other for other in names if other.startswith(name)]
    only = store.named(starting[0]) if len(starting) == 1 else None
    if only:
        return only
    raise UsageRefused(
        "RUN-003",
        say("There is no dataset “{name}”.", name=name),
        say(
            "Nearest: {nearest}. All: opendata datasets.",
            nearest=", ".join(starting[:3]) or nearest(name, names) or "–",
        ),
    )


def _close(workspace: Workspace, run: int, result: PublishResult, clock: Clock, reason: str = "") -> None:
    observe(workspace, run, clock)
    present(workspace, clock)
    summary = {**result.to_json("vi"), "reason": reason}
    workspace.store.finish_run(run, RunState.OK if result.exit_code == 0 else RunState.FAILED, summary, clock())


def _stopped(settlement: Settlement) -> Settlement:
    """Refused where the workbook itself was: no table was found in it, and the checks let it pass."""
    refused = any(finding.effect is Effect.REFUSE for finding in settlement.findings)
    if settlement.outcome not in (Outcome.PUBLISHED, Outcome.UNCHANGED) or not refused:
        return settlement
    return replace(settlement, outcome=Outcome.REFUSED, publication=None, changes=())


def _plan(settlement: Settlement) -> Plan:
    return Plan(
        settlement.known.name,
        settlement.dataset.title,
        settlement.before is None,
        settlement.changes,
        settlement.findings,
        settlement.publication,
    )


def _result(settlement: Settlement, writes: int, plan: Plan) -> PublishResult:
    known = settlement.known
    return PublishResult(known.name, settlement.outcome, known.url, known.version, writes, settlement.findings, plan)


def _kept(workspace: Workspace, known: KnownDataset, version: int | None) -> JournalEntry:
    entries = {entry.version: entry for entry in workspace.store.versions(known.name)}
    live = known.version if known.outcome is not Outcome.WITHDRAWN else known.version + 1
    wanted = version if version is not None else max((number for number in entries if number < live), default=None)
    if wanted is None or wanted not in entries:
        kept = ", ".join(str(number) for number in sorted(entries)) or "–"
        raise UsageRefused(
            "RUN-004",
            say("“{title}” has no such version to go back to.", title=known.title),
            say("Versions kept: {kept}.", kept=kept),
        )
    return entries[wanted]


def _still_publishable(workspace: Workspace, publication: Publication, clock: Clock, judge: Judge | None) -> None:
    """The checks of today over a kept version; raises PolicyRefused when they would not let it out."""
    files = {file.key: StoredFile(file.sha256, file.bytes, file.path, file.media_type) for file in publication.files}
    with ExitStack() as stack:
        bench = bench_for(workspace, judge or stack.enter_context(ChildJudge()), clock, None)
        report = bench.judge(publication.dataset, files, bench.rules)
    if effect(report, bench.decisions.get(publication.name, {})) is not Effect.NONE:
        first = next(finding for finding in report.findings if finding.effect is not Effect.NONE)
        raise PolicyRefused(first.code, first.message, first.remedy)


def _agency(workspace: Workspace, known: KnownDataset) -> Agency:
    agency = workspace.config.register.by_id.get(known.agency)
    if agency is None or not workspace.config.portal.acts_for(agency.id):
        raise PolicyRefused(
            "RUN-011",
            say("This workspace may not publish for {agency}.", agency=agency.name_vi if agency else known.agency),
            say("Add {agency} to `agencies` in config/portal.toml if it should.", agency=known.agency),
        )
    return agency


def _is_it_this(dataset: Dataset, other: KnownDataset) -> Finding:
    key = dataset.identifier.rpartition("/")[2]
    if other.source == "publish":
        same = other.identifier.rpartition("/")[2]
        remedy = say("If it is: --dataset {same}. If it is another one: --dataset {new}.", same=same, new=key)
    else:
        remedy = say(
            "That one is collected from the source {source}. If this is another dataset: --dataset {new}.",
            source=other.source,
            new=key,
        )
    return Finding(
        "RUN-016",
        Severity.WARNING,
        say("“{title}” is called nearly like “{other}”. Is it the same?", title=dataset.title, other=other.title),
        remedy,
        effect=Effect.HOLD,
    )
