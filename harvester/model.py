"""The nouns of the product: every record that travels between its parts. Imports nothing of ours but `i18n`.

Records are frozen; status is an `Enum` whose values are the words of the JSON contract.
Times are aware datetimes in UTC, days are days in Asia/Ho_Chi_Minh, sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from harvester.i18n import Language, Text

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def end_of_day(day: date) -> datetime:
    """The last microsecond of `day` in Asia/Ho_Chi_Minh, in UTC: what "as of a day" means everywhere."""
    return datetime.combine(day, time.max, ZONE).astimezone(UTC)


# ---------------------------------------------------------------- the province: who owes what, by which law


class Level(Enum):
    """Level of government of an agency."""

    PROVINCE = "province"
    DISTRICT = "district"  # ended on 2025-06-30
    COMMUNE = "commune"  # counted by the target's second reading only
    OTHER = "other"  # no agency of the province: a source's own publisher, never in scope of a target


@dataclass(frozen=True)
class Agency:
    """One agency for the days it existed; a merged or renamed agency is another row."""

    id: str
    slug: str
    name_vi: str
    name_en: str
    level: Level
    valid_from: date | None  # None: not known, before everything we count
    valid_to: date | None  # inclusive; None: still in being
    successor_ids: tuple[str, ...]
    code: str
    source: str  # where the row comes from
    verified: bool  # a public source was seen
    line: int = 0  # in agencies.csv, for messages

    def exists_on(self, day: date) -> bool:
        """Whether the agency was in being on `day` (both ends inclusive)."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


@dataclass(frozen=True)
class Figure:
    """One line of a target that a person feeds: so many of so many on a day, by a document."""

    day: date
    in_scope: int
    met: int
    document: str


@dataclass(frozen=True)
class Target:
    """A share of the agencies in scope, to be reached by a day."""

    id: str
    title_vi: str
    title_en: str
    legal_source: str
    due: date  # inclusive
    share: float  # 0–1
    levels: frozenset[Level]  # agencies in scope; empty for a target fed by a person
    fed_by_person: bool = False
    figures: tuple[Figure, ...] = ()
    note_vi: str = ""
    note_en: str = ""


@dataclass(frozen=True)
class Owed:
    """One line of catalogue.csv, the approved list of datasets that agencies owe (danh mục dữ liệu mở)."""

    item: str  # its number in the decision
    title: str
    agency: str  # agency id, slug or name as of the decision
    frequency: str = ""
    decision: str = ""  # document number
    theme: str = ""


class Verdict(Enum):
    """The three outcomes of every rule, dataset and agency."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"  # never counted as "no"


@dataclass(frozen=True)
class Rule:
    """One rule of open data (C01 … C24) under a legal basis."""

    id: str
    title_vi: str
    title_en: str
    article: str  # where the law says it
    blocking: bool  # not met or unknown: the dataset does not count
    decided_by: str  # "file" (the report), "portal" (read back), "time" (when counted), "person" (a Decision)
    remedy_vi: str = ""  # the smallest next step for the agency
    remedy_en: str = ""


@dataclass(frozen=True)
class RuleSet:
    """The rules of one legal basis, for the days it is in force."""

    id: str
    title_vi: str
    title_en: str
    valid_from: date
    valid_to: date | None  # inclusive
    verified: bool  # False: its text was not seen; said in every output
    licences: Mapping[str, str]  # accepted id, URL or title in lower case → canonical licence id
    forbidden_licences: tuple[str, ...]  # patterns (regex, lower case) that contradict free use
    rules: tuple[Rule, ...]


class FilePolicy(Enum):
    """What is done with a source's files (always fetched and judged)."""

    FETCH = "fetch"  # hosted on our portal
    LINK = "link"  # the portal shows the source's own link


@dataclass(frozen=True)
class Source:
    """One place that datasets are collected from; a file in config/sources/."""

    id: str
    kind: str  # a key of harvester.sources.SOURCES
    address: str  # path (relative to the workspace) or URL
    agency: str = ""  # agency id, slug or name; empty when `agencies` maps publishers
    agencies: Mapping[str, str] = field(default_factory=dict)  # publisher's name or id → agency id
    schedule: str = ""  # cron, Asia/Ho_Chi_Minh
    working_days: bool = False  # on days off (calendar.toml) the schedule rests
    approved: bool = False  # a named person allowed unattended runs
    approved_by: str = ""
    approved_on: date | None = None
    files: FilePolicy = FilePolicy.FETCH
    allow_networks: tuple[str, ...] = ()  # CIDR ranges otherwise refused, such as "127.0.0.0/8"
    options: Mapping[str, Any] = field(default_factory=dict)  # the kind's own
    path: Path | None = None  # its file, for messages


@dataclass(frozen=True)
class Portal:
    """portal.toml: where publications go and whom this workspace may act for."""

    kind: str  # a key of publishers.PUBLISHERS
    title: str
    url: str = ""  # ckan
    base_url: str = ""  # catalogue; empty: relative links
    agencies: tuple[str, ...] | None = None  # agency ids; None: all
    illustration: bool = False  # a demo: banner on every page, export and JSON
    datastore: str = "off"
    engine: str = "auto"  # [validation] engine
    carry_days: int = 7  # how long the last observation carries before it becomes "unknown since"
    organizations: Mapping[str, str] = field(default_factory=dict)  # agency id → the portal's organisation

    def acts_for(self, agency: str) -> bool:
        """Whether this workspace may act for the agency with this id."""
        return self.agencies is None or agency in self.agencies


# ---------------------------------------------------------------- what is found wrong, and where


@dataclass(frozen=True)
class Place:
    """Where in a file; rows are 1-based in the file as the user sees it, `cell` is like B17."""

    file: str = ""
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    cell: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The contract's `place`."""
        return {
            "file": self.file,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "cell": self.cell,
        }


class Severity(Enum):
    """How bad a finding is for the data; what it does to a publication is its `Effect`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Effect(Enum):
    """What a finding does to the publication of its dataset (design: less stops a publication than the count)."""

    NONE = "none"
    HOLD = "hold"  # a person must decide
    REFUSE = "refuse"


@dataclass(frozen=True)
class Finding:
    """Something a check or a source has to say; data, never an exception. Values that could be personal are masked."""

    code: str  # stable, e.g. "TAB-002"
    severity: Severity
    message: Text
    remedy: Text = field(default_factory=lambda: Text("", {}))
    rule: str | None = None  # C01 … C24
    dataset: str | None = None
    place: Place | None = None
    effect: Effect = Effect.NONE

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's Finding, in words of `language`."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "rule": self.rule,
            "dataset": self.dataset,
            "place": self.place.to_json() if self.place else None,
            "message": self.message.render(language),
            "remedy": self.remedy.render(language),
            "effect": self.effect.value,
        }


# ---------------------------------------------------------------- what is collected


@dataclass(frozen=True)
class Resource:
    """One logical file of a dataset as its source describes it."""

    key: str  # logical file: stable over versions, unique in the dataset
    address: str  # absolute path, or http(s) URL
    member: str = ""  # name inside the ZIP at `address`
    title: str = ""
    format: str = ""  # as declared, e.g. "CSV"
    media_type: str = ""
    schema: Mapping[str, Any] | None = None  # Table Schema descriptor
    dialect: Mapping[str, Any] | None = None  # Frictionless dialect descriptor
    encoding: str = ""
    declared_hash: str = ""  # as declared: "sha256:…", "md5:…" or plain md5 (Data Package)
    declared_bytes: int | None = None
    declared_rows: int | None = None
    original: bool = False  # a steward's own file beside the tables made of it; not judged as a table


@dataclass(frozen=True)
class Dataset:
    """One dataset as a source describes it. Absent fields are empty; nothing is guessed."""

    source: str  # source id; "publish" for what a steward hands over
    identifier: str  # unique in the source; for "publish": agency id + "/" + key
    title: str
    resources: tuple[Resource, ...]
    agency: str = ""  # agency id; empty while unmapped
    publisher: str = ""  # as named by the source
    creator: str = ""
    description: str = ""
    issued: date | None = None
    modified: date | None = None
    frequency: str = ""  # as written, e.g. "hằng tháng"
    licence: str = ""  # as written: id, URL or title
    keywords: tuple[str, ...] = ()
    theme: str = ""
    language: str = ""
    spatial: str = ""
    period_start: date | None = None
    period_end: date | None = None
    contact: str = ""
    landing_page: str = ""
    fee: str = ""  # anything said about a price
    place: Place | None = None  # where it was read
    # order of the catalogue owed (catalogue.csv) if the source names it
    catalogue_item: str = ""


@dataclass(frozen=True)
class Listing:
    """The last word of a `collect`: whether everything the source holds was listed. Absent = incomplete."""

    complete: bool
    reason: Text | None = None  # why not


@dataclass(frozen=True)
class StoredFile:
    """Bytes kept once under their SHA-256."""

    sha256: str  # lower-case hex
    bytes: int
    path: Path  # in the workspace's files/
    media_type: str = ""  # as the server said


Files = Mapping[str, StoredFile]
"""The files of a dataset by resource key."""


# ---------------------------------------------------------------- what is judged


@dataclass(frozen=True)
class Table:
    """What a check learnt of one table."""

    file: str  # resource key
    report: Mapping[str, Any]  # Frictionless Report.to_descriptor()
    schema: Mapping[str, Any]  # Table Schema, declared or inferred
    rows: int  # data rows read
    preview: tuple[tuple[str, ...], ...]  # header and at most 20 rows, personal values masked
    sheet: str = ""  # in a workbook


@dataclass(frozen=True)
class Report:
    """The verdict of the checks over one content (files + metadata) by one version of the checks."""

    checks_version: str
    findings: tuple[Finding, ...]
    verdicts: Mapping[str, Verdict]  # rules decided by "file": C01, C02, C04, C05, C13, C15, C17, C18, C21, …
    tables: tuple[Table, ...]
    licence: str = ""  # canonical licence id, "" when missing or not understood

    @property
    def effect(self) -> Effect:
        """The strongest effect of its findings."""
        found = {finding.effect for finding in self.findings}
        return next((effect for effect in (Effect.REFUSE, Effect.HOLD) if effect in found), Effect.NONE)


# ---------------------------------------------------------------- what is published


class Outcome(Enum):
    """What became of a dataset in a run."""

    PUBLISHED = "published"  # a new version is on the portal
    UNCHANGED = "unchanged"  # nothing to do, nothing written
    REFUSED = "refused"  # checks or policy say no
    HELD = "held"  # a person must decide
    WITHDRAWN = "withdrawn"  # taken off the portal by a person, or retired
    FAILED = "failed"  # the portal or a file could not be reached


@dataclass(frozen=True)
class PublishedFile:
    """One file of a publication as the portal shall serve it."""

    id: str  # uuid5 of dataset and resource key: stable over versions
    key: str
    name: str  # file name on the portal, ASCII, with its extension
    title: str
    format: str  # "CSV", "XLSX", …
    media_type: str
    sha256: str
    bytes: int
    path: Path  # our kept copy
    link: str = ""  # FilePolicy.LINK: the source's own URL, served instead of our copy
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Publication:
    """One version of a dataset as it shall stand on the portal: all that a publisher needs, nothing it must ask for."""

    name: str  # frozen: agency slug, title slug at first publication, 6 hex digits
    version: int  # 1, 2, 3 …
    agency: Agency
    dataset: Dataset
    files: tuple[PublishedFile, ...]
    report: Report
    licence: str  # canonical licence id or ""
    licence_title: str = ""


@dataclass(frozen=True)
class Tombstone:
    """What the portal says of a dataset that was withdrawn or retired."""

    name: str
    title: str
    agency: Agency
    reason: str
    day: date


@dataclass(frozen=True)
class SeenFile:
    """A file as a portal serves it."""

    id: str
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Seen:
    """A dataset as a portal shows it."""

    name: str
    title: str
    agency: str  # agency id, "" if the portal does not say
    ours: bool  # carries our key; never touch one that does not
    version: int
    withdrawn: bool
    metadata: Mapping[str, Any]  # what the publisher compares, by field
    files: tuple[SeenFile, ...]
    url: str
    edited: bool = False  # not as we wrote it: somebody changed it on the portal
    findable: bool = True  # the portal's search shows it as it is


@dataclass(frozen=True)
class Change:
    """One line of the difference shown before writing."""

    field: str  # metadata field, or "file <name>"
    before: str  # "" when new
    after: str  # "" when removed


@dataclass(frozen=True)
class HandEdit:
    """What somebody changed on the portal since we wrote it; kept, unless the source changed it too."""

    field: str  # as in `Change`
    written: str  # what we wrote last
    found: str  # what stands there
    wanted: str  # what the source says now
    file: str = ""  # id of the file whose bytes it is about

    @property
    def conflict(self) -> bool:
        """Whether the source changed it too: a person must decide."""
        return self.wanted != self.written
