"""What becomes of one collected dataset: unchanged, or judged and then published, refused or held. Writes nothing."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher

import checks
from harvester.errors import PortalUnavailable, UsageRefused
from harvester.i18n import say
from harvester.ledger import Decision, KnownDataset
from harvester.model import (
    ZONE,
    Agency,
    Change,
    Dataset,
    Effect,
    FilePolicy,
    Files,
    Finding,
    Outcome,
    Publication,
    PublishedFile,
    Report,
    Resource,
    RuleSet,
    Seen,
    Severity,
    StoredFile,
    Verdict,
)
from harvester.names import file_name, fold, frozen_name, plain
from harvester.records import to_json
from harvester.registry import Register
from harvester.rulings import in_force
from harvester.workspace import Clock, Workspace
from harvester.written import last_written, told

NAMESPACE = uuid.UUID("5d1f2c0e-0b0e-5f6a-9a54-6e676865616e")
"""Of our resource ids: uuid5 of dataset name and logical file, so that links outlive versions."""

ALIKE = 0.85
"""Titles at least this alike (difflib, without marks) may name one dataset: "Danh mục thuốc", "Danh mục các thuốc"."""

Judge = Callable[..., Report]
"""`checks.check`, or a `checks.child.Judge` that does the same in a child process with limits."""


@dataclass(frozen=True)
class Settlement:
    """What shall become of one dataset, and everything needed to do it."""

    dataset: Dataset
    outcome: Outcome
    findings: tuple[Finding, ...]
    known: KnownDataset  # its row as it shall stand after
    before: KnownDataset | None  # its row until now; None: new
    content_key: str = ""
    files_key: str = ""
    report: Report | None = None  # only if it was judged now
    publication: Publication | None = None  # only if it is to be published
    changes: tuple[Change, ...] = ()  # the difference to the portal
    seen: Seen | None = None  # what stood there then
    files_failed: int = 0


@dataclass(frozen=True)
class OnPortal:
    """What an anonymous reader finds on the portal when a run starts."""

    names: frozenset[str]
    edited: Mapping[str, Seen]  # those that somebody edited there, by frozen name


@dataclass(frozen=True)
class Bench:
    """What every settlement of one run shares."""

    workspace: Workspace
    judge: Judge
    day: date
    rules: RuleSet | None
    decisions: Mapping[str, Mapping[str, Decision]]  # in force, by dataset and rule
    on_portal: OnPortal | None = None  # None: not known
    policy: FilePolicy = FilePolicy.FETCH
    observing: bool = False  # a portal is only looked at: judged, never published
    by_hand: bool = False  # a person publishes this one: a withdrawal is theirs to undo
    limit_errors: int = 1000
    portal_down: list[PortalUnavailable] = field(default_factory=list)  # once it was, it is not asked again
    renamed: Mapping[str, KnownDataset] = field(default_factory=dict)  # new identifier → the row it continues

    @property
    def checks_version(self) -> str:
        """What a verdict depends on besides the content: a change of it judges stored files again."""
        return f"{checks.VERSION}/{self.rules.id if self.rules else '-'}"


def bench_for(workspace: Workspace, judge: Judge, clock: Clock, on_portal: OnPortal | None) -> Bench:
    """The bench of a run that starts now."""
    day = clock().astimezone(ZONE).date()
    made = workspace.store.decisions()
    decisions = {subject: in_force(made, subject, day) for subject in {decision.subject for decision in made}}
    return Bench(workspace, judge, day, workspace.config.rules_on(day), decisions, on_portal)


def settle(bench: Bench, dataset: Dataset, files: Files, found: tuple[Finding, ...], failed: int) -> Settlement:
    """Decide what becomes of `dataset`, whose files were obtained with the findings `found`, `failed` of them not.

    Raises PortalUnavailable when what the portal holds had to be known and could not.
    """
    agency = _agency(bench, dataset)
    before = bench.workspace.store.known(dataset.source, dataset.identifier) or bench.renamed.get(dataset.identifier)
    known = before or _newcomer(dataset, agency)
    if agency is None:
        unmapped = _unmapped(dataset, bench.workspace.config.register)
        return Settlement(dataset, Outcome.HELD, (*found, unmapped), known, before)
    if not bench.observing and not bench.workspace.config.portal.acts_for(agency.id):
        return Settlement(dataset, Outcome.REFUSED, (*found, _not_for(agency)), known, before)
    if failed:
        return Settlement(dataset, Outcome.FAILED, found, known, before, files_failed=failed)
    key = content_key(dataset, files, bench.policy)
    if before and (before.content_key, before.checks_version) == (key, bench.checks_version):
        again = _as_before(bench, dataset, before, key, found)
        if again is not None:
            return again
    return _judged(bench, dataset, agency, files, key, before, known, found)


def content_key(dataset: Dataset, files: Files, policy: FilePolicy) -> str:
    """SHA-256 over the canonical metadata and the files' hashes: equal means unchanged."""
    metadata = to_json(replace(dataset, place=None))
    for resource in metadata["resources"]:
        for where in ("member",) if policy is FilePolicy.LINK else ("member", "address"):
            resource.pop(where)
    content = [metadata, files_key(files), policy.value]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def files_key(files: Files) -> str:
    """SHA-256 over the files' hashes alone: what a renamed dataset is known again by."""
    hashes = sorted(file.sha256 for file in files.values())
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest() if hashes else ""


def similar(workspace: Workspace, dataset: Dataset) -> tuple[KnownDataset, ...]:
    """The agency's other datasets whose title is so near that a person must say whether it is the same one."""
    title = plain(dataset.title)
    others = workspace.store.datasets(agency=dataset.agency)
    return tuple(
        other
        for other in others
        if (other.source, other.identifier) != (dataset.source, dataset.identifier)
        and (
            fold(other.title) == fold(dataset.title)
            or SequenceMatcher(None, plain(other.title), title).ratio() >= ALIKE
        )
    )


def effect(report: Report, decisions: Mapping[str, Decision]) -> Effect:
    """What the report does to the publication, after decisions by rule: they lift a hold, never a refusal."""
    released = {rule for rule, decision in decisions.items() if decision.verdict is Verdict.MET}
    open_effects = {f.effect for f in report.findings if f.effect is not Effect.HOLD or f.rule not in released}
    return next((found for found in (Effect.REFUSE, Effect.HOLD) if found in open_effects), Effect.NONE)


def publication_for(
    known: KnownDataset,
    agency: Agency,
    dataset: Dataset,
    files: Files,
    report: Report,
    rules: RuleSet | None,
    link: bool,
) -> Publication:
    """The next version of `known` as the portal shall show it."""
    published = tuple(
        _published_file(known.name, resource, files[resource.key], report, link)
        for resource in dataset.resources
        if resource.key in files
    )
    title = rules.title_vi if rules and report.licence.startswith("vn-") else ""
    return Publication(
        known.name, known.version + 1, agency, dataset, _distinct(published), report, report.licence, title
    )


def _judged(
    bench: Bench,
    dataset: Dataset,
    agency: Agency,
    files: Files,
    key: str,
    before: KnownDataset | None,
    known: KnownDataset,
    found: tuple[Finding, ...],
) -> Settlement:
    report = bench.judge(
        dataset,
        files,
        bench.rules,
        engine=bench.workspace.config.portal.engine,
        limit_errors=bench.limit_errors,
    )
    known = replace(
        known,
        content_key=key,
        files_key=files_key(files),
        checks_version=bench.checks_version,
        title=dataset.title,
        agency=agency.id,
    )
    findings = (*found, *report.findings)
    done = Settlement(dataset, Outcome.REFUSED, findings, known, before, key, known.files_key, report)
    if bench.observing:
        return replace(done, outcome=Outcome.UNCHANGED)
    stopped = effect(report, bench.decisions.get(known.name, {}))
    if before and before.outcome is Outcome.WITHDRAWN and not bench.by_hand:
        return replace(done, outcome=Outcome.WITHDRAWN, findings=(*findings, _withdrawn_but_changed(known)))
    if stopped is not Effect.NONE:
        return replace(done, outcome=Outcome.REFUSED if stopped is Effect.REFUSE else Outcome.HELD)
    publication = publication_for(known, agency, dataset, files, report, bench.rules, bench.policy is FilePolicy.LINK)
    if bench.portal_down:
        raise bench.portal_down[0]
    return _compared(bench, done, publication)


def _compared(bench: Bench, done: Settlement, publication: Publication) -> Settlement:
    """The settlement once the publication was laid beside what stands on the portal."""
    publisher, known, before = bench.workspace.publisher, done.known, done.before
    seen = publisher.find(known.name)
    if seen is not None and not seen.ours:
        return replace(done, findings=(*done.findings, _taken(known)))
    last = last_written(bench.workspace, known.name)
    edits = publisher.hand_edits(publication, seen, last)
    changes = publisher.difference(publication, seen, last)
    done = replace(done, findings=(*done.findings, *(told(edit) for edit in edits)), changes=changes)
    if any(edit.conflict for edit in edits):
        return replace(done, outcome=Outcome.HELD)
    if not changes and before and before.outcome is Outcome.PUBLISHED:
        return replace(done, outcome=Outcome.UNCHANGED)
    return replace(done, outcome=Outcome.PUBLISHED, publication=publication, seen=seen)


def _as_before(
    bench: Bench, dataset: Dataset, before: KnownDataset, key: str, found: tuple[Finding, ...]
) -> Settlement | None:
    """How an unchanged dataset stands; None when it must be judged again all the same."""
    standing = before.outcome or Outcome.FAILED
    same = Settlement(dataset, standing, found, before, before, key, before.files_key)
    if before.outcome is Outcome.PUBLISHED and bench.observing:
        return replace(same, outcome=Outcome.UNCHANGED)
    if before.outcome is Outcome.PUBLISHED:
        if bench.on_portal is not None and before.name not in bench.on_portal.names:
            return None if bench.by_hand else replace(same, outcome=Outcome.HELD, findings=(*found, _gone(before)))
        return replace(same, outcome=Outcome.UNCHANGED, findings=(*found, *_edits_since(bench, before)))
    if before.outcome is Outcome.WITHDRAWN:
        return None if bench.by_hand else same
    report = bench.workspace.store.report(key, bench.checks_version)
    if report is None or before.outcome is not Outcome.REFUSED:
        return None  # a failed one is tried again, a held one may have been decided since
    return replace(same, findings=(*found, *report.findings))


def _edits_since(bench: Bench, before: KnownDataset) -> tuple[Finding, ...]:
    """What somebody edited on the portal in a dataset whose source did not change: kept, and told."""
    seen = bench.on_portal.edited.get(before.name) if bench.on_portal else None
    last = last_written(bench.workspace, before.name) if seen else None
    if last is None:
        return ()
    return tuple(told(edit) for edit in bench.workspace.publisher.hand_edits(last, seen, last))


def _agency(bench: Bench, dataset: Dataset) -> Agency | None:
    """The agency a source names by id or slug at any time, or by a name that means one agency on this day."""
    register = bench.workspace.config.register
    named = register.named(dataset.agency)
    if named or not dataset.agency:
        return named
    try:
        return register.resolve(dataset.agency, bench.day)
    except UsageRefused:
        return None  # unmapped: held and listed, never guessed


def _newcomer(dataset: Dataset, agency: Agency | None) -> KnownDataset:
    slug = agency.slug if agency else "chua-ro-co-quan"
    name = frozen_name(slug, dataset.title, dataset.source, dataset.identifier)
    return KnownDataset(name, dataset.source, dataset.identifier, agency.id if agency else "", dataset.title)


def _published_file(name: str, resource: Resource, file: StoredFile, report: Report, link: bool) -> PublishedFile:
    path = resource.member or resource.address.partition("?")[0]
    extension = (path.rpartition(".")[2] if "." in path.rpartition("/")[2] else resource.format or "dat").lower()
    table = next((table for table in report.tables if table.file == resource.key), None)
    return PublishedFile(
        id=str(uuid.uuid5(NAMESPACE, f"{name}/{resource.key}")),
        key=resource.key,
        name=file_name(path.rpartition("/")[2].removesuffix(f".{extension}") or resource.key, extension),
        title=resource.title or resource.key,
        format=(resource.format or extension).upper(),
        media_type=resource.media_type or file.media_type,
        sha256=file.sha256,
        bytes=file.bytes,
        path=file.path,
        link=resource.address if link and resource.address.startswith("http") else "",
        schema=table.schema if table else resource.schema,
    )


def _distinct(files: tuple[PublishedFile, ...]) -> tuple[PublishedFile, ...]:
    """The same files with no two names alike: a second one gets the first digits of its id."""
    taken: set[str] = set()
    distinct = []
    for file in files:
        if file.name.lower() in taken:
            stem, _, extension = file.name.rpartition(".")
            file = replace(file, name=f"{stem}-{file.id[:8]}.{extension}")
        taken.add(file.name.lower())
        distinct.append(file)
    return tuple(distinct)


def _unmapped(dataset: Dataset, register: Register) -> Finding:
    near = register.nearest(dataset.publisher) if dataset.publisher else ""
    line = say("Add a line under [agencies] in the source's file: publisher's name = agency id.")
    named = say(
        "Nearest in the register: “{near}”. If it is meant, add it under [agencies] in the source's file.", near=near
    )
    return Finding(
        "RUN-010",
        Severity.ERROR,
        say("No agency of the register is known for the publisher “{publisher}”.", publisher=dataset.publisher or "–"),
        named if near else line,
        dataset=dataset.title,
        place=dataset.place,
        effect=Effect.HOLD,
    )


def _not_for(agency: Agency) -> Finding:
    return Finding(
        "RUN-011",
        Severity.ERROR,
        say("This workspace may not publish for {agency}.", agency=agency.name_vi),
        say("Add {agency} to `agencies` in config/portal.toml if it should.", agency=agency.id),
        effect=Effect.REFUSE,
    )


def _taken(known: KnownDataset) -> Finding:
    return Finding(
        "RUN-012",
        Severity.ERROR,
        say("The portal already holds a dataset “{name}” that is not ours.", name=known.name),
        say("It is left untouched. Look at it on the portal, then rename or remove it there."),
        effect=Effect.REFUSE,
    )


def _gone(known: KnownDataset) -> Finding:
    return Finding(
        "RUN-013",
        Severity.ERROR,
        say("Someone removed “{title}” from the portal.", title=known.title),
        say("To put it back: opendata rollback {name}. To leave it off: opendata withdraw {name}.", name=known.name),
        effect=Effect.HOLD,
    )


def _withdrawn_but_changed(known: KnownDataset) -> Finding:
    return Finding(
        "RUN-014",
        Severity.INFO,
        say("“{title}” was withdrawn by a person; its source has changed since.", title=known.title),
        say("To publish it again: opendata rollback {name}.", name=known.name),
    )
