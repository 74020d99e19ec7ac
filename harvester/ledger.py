"""What the ledger remembers: runs, leases, dated facts, the journal, decisions. Records only; `store` keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from harvester.i18n import Text
from harvester.model import Outcome, Verdict


class RunState(Enum):
    """The named end of a run, and the two states before it."""

    RUNNING = "running"
    OK = "ok"  # every source ok
    PARTIAL = "partial"  # some of it
    FAILED = "failed"  # no source ok or partial
    INTERRUPTED = "interrupted"  # a person stopped it (Ctrl-C)
    KILLED = "killed"  # its process died; found and healed by a later command


class SourceState(Enum):
    """How a source fared in a run; speaks of its listing, not of its files."""

    OK = "ok"  # all that it lists was collected
    PARTIAL = "partial"  # some was not, or it says there is more
    FAILED = "failed"  # could not be listed
    REFUSED = "refused"  # what is there is no catalogue
    SKIPPED = "skipped"  # not approved, not due, or locked by another run


@dataclass(frozen=True)
class Run:
    """A row of the ledger."""

    id: int
    purpose: str  # "run", "publish", "withdraw", "rollback"
    asked_by: str  # user@host
    state: RunState
    started: datetime
    ended: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)  # the run's own JSON


class Fact(Enum):
    """What kind of thing was observed; the facts counting is made of."""

    COLLECTED = "collected"  # a dataset as its source described it, when it was new or changed
    SEEN = "seen"  # a dataset was in a source's listing, nothing changed
    CHECKED = "checked"  # the report's verdicts for one content
    PUBLISHED = "published"  # a version is on the portal, read back
    WITHDRAWN = "withdrawn"  # taken off the portal
    READ_BACK = "read_back"  # what an anonymous reader finds: verdicts of C03, C11, C12
    LISTED = "listed"  # the portal's own listing: {"complete": bool}
    OUTCOME = "outcome"  # what became of it in a run: {"outcome", "findings"}


@dataclass(frozen=True)
class Observation:
    """One dated fact. Append-only: a correction is a later row."""

    fact: Fact
    dataset: str  # frozen name; "" for facts about the portal
    valid_at: datetime  # when it was true
    recorded_at: datetime  # when we learnt it
    run: int
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """What a person decided, by a document: a verdict for a rule of a dataset, or for an agency as a whole."""

    subject: str  # frozen dataset name, or agency id
    rule: str  # C01 … C24; "" for an agency's official result
    verdict: Verdict
    document: str
    author: str
    reason: str
    valid_from: date  # inclusive
    expires: date | None  # inclusive
    recorded_at: datetime


@dataclass(frozen=True)
class DatasetFacts:
    """A dataset's identity and everything known of it, oldest first: what counting reads."""

    name: str
    title: str
    agency: str  # agency id
    source: str
    observations: tuple[Observation, ...]


# ---------------------------------------------------------------- what the store hands to `run`


@dataclass(frozen=True)
class Lease:
    """The right to act on one key ("source:<id>" or "dataset:<name>"), good until another fence is given out."""

    key: str
    run: int
    fence: int


@dataclass(frozen=True)
class KnownDataset:
    """A dataset as the ledger knows it: its identity, frozen at first sight, and how it stands."""

    name: str  # frozen name, primary key
    source: str
    identifier: str
    agency: str  # agency id
    title: str  # as last collected
    content_key: str = ""  # hash of metadata and files that was last settled
    files_key: str = ""  # hash of the files alone: what a renamed dataset is known again by
    checks_version: str = ""  # of the checks that judged it
    outcome: Outcome | None = None  # how it stands: never UNCHANGED
    version: int = 0  # last version on the portal, 0 before the first
    url: str = ""
    last_changed: datetime | None = None  # when its outcome or version last changed
    missing_since: datetime | None = None  # first complete listing without it, since it was last seen


class Step(Enum):
    """How far a journal entry has come."""

    PLANNED = "planned"  # journalled, nothing sent
    DONE = "done"  # read back and agreed
    UNDONE = "undone"  # given up: the portal was left as it was, or put back


@dataclass(frozen=True)
class JournalEntry:
    """One effect on the portal, written before it happens and closed when the read-back agrees."""

    id: int
    dataset: str
    action: str  # "publish" or "withdraw"
    version: int
    run: int
    step: Step
    plan: Mapping[str, Any]  # the Publication or Tombstone, as JSON
    planned_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Validators:
    """What a server said of a file, to ask again only if it changed."""

    etag: str
    last_modified: str
    sha256: str
    media_type: str = ""


@dataclass(frozen=True)
class SourceRun:
    """How one source fared in one run: a row per source and run."""

    run: int
    source: str
    state: SourceState
    complete: bool
    at: datetime
    summary: Mapping[str, Any]  # the source's part of the run's JSON


@dataclass(frozen=True)
class Attempt:
    """The last attempt to run a source, by whomever: what says when it is due next."""

    source: str
    run: int
    started: datetime
    failures: int  # attempts in a row that failed or never ended; this one counts until it ends well
    ended: datetime | None = None  # None: under way, or its process died
    state: SourceState | None = None  # SKIPPED: stopped and handed back
    wait_until: datetime | None = None  # its server asked to be left alone until then


@dataclass(frozen=True)
class Raised:
    """An alarm that stands: a state, not a message."""

    key: str  # kind and subject
    kind: str
    code: str  # ALM-nnn
    subject: str  # a source, a dataset, an agency; "" for the whole
    message: Text
    remedy: Text
    since: datetime
    escalated: datetime | None = None  # when those above were told


@dataclass(frozen=True)
class Notice:
    """A message on its way to a person or a program: kept until it is delivered."""

    id: int
    channel: str  # "mail" or "webhook"
    change: str  # "raised", "cleared", "escalated", "digest"
    body: Mapping[str, Any]
    at: datetime
    tries: int
    next_try: datetime
    sent: datetime | None = None
    problem: str = ""  # why the last try failed


@dataclass(frozen=True)
class Revision:
    """One content of one configuration file, with the time it was first seen."""

    name: str  # path below config/, e.g. "rules/nd-47-2020.toml"
    content: bytes
    sha256: str
    recorded_at: datetime
