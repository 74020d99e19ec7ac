"""The configuration of a workspace: config/ read into records, or a sentence saying which file, line and key is wrong.

Codes: CFG-001 a file is missing, CFG-002…006 see `documents`, CFG-007 an unknown file, CFG-008 an agency that the
register does not know, CFG-009 a schedule, network or address that cannot be, CFG-010 given twice, CFG-011 a target's
share or figures, CFG-012 see `rules`, CFG-013 an unknown source, CFG-014…016 see `environment` and `initialise`.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from harvester import aims, rules
from harvester.alarming import Alarming, alarming
from harvester.cron import cron_mistake
from harvester.documents import Row, Section, mistake, table, toml
from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import Text, say
from harvester.limits import Limits
from harvester.model import Agency, FilePolicy, Level, Owed, Place, Portal, RuleSet, Source, Target
from harvester.names import nearest
from harvester.registry import Register, checked
from harvester.working_days import Calendar, calendar

Kinds = Mapping[str, Collection[str]]
"""The kinds of source there are, each with the names of its own options."""

PORTALS = ("catalogue", "ckan")
REQUIRED = ("portal.toml", "agencies.csv", "targets.toml", "rules/*.toml")
FILES = (*REQUIRED, "catalogue.csv", "calendar.toml", "alarms.toml", "sources/*.toml")
LARGEST = 10_000_000  # bytes of one document; the province's register has 45,000

AGENCY_COLUMNS = tuple(field.name for field in fields(Agency) if field.name != "line")
CATALOGUE_COLUMNS = tuple(field.name for field in fields(Owed))
SOURCE_KEYS = frozenset(field.name for field in fields(Source)) - {"id", "options", "path"} | {"publisher"}
PORTAL_KEYS = (frozenset(field.name for field in fields(Portal)) - {"engine"}) | {"validation", "limits"}


@dataclass(frozen=True)
class Config:
    """Everything config/ says, checked. `documents` holds the bytes it was read from, by path below config/."""

    portal: Portal
    register: Register
    targets: tuple[Target, ...]
    rule_sets: tuple[RuleSet, ...]  # in order of time
    sources: tuple[Source, ...]
    owed: tuple[Owed, ...]
    documents: Mapping[str, bytes]
    calendar: Calendar = field(default_factory=Calendar)
    alarming: Alarming = field(default_factory=Alarming)
    limits: Limits = field(default_factory=Limits)

    def rules_on(self, day: date) -> RuleSet | None:
        """The rule set in force on `day`; None before the first (in Viet Nam before 2020-05-25)."""
        return rules.on(self.rule_sets, day)

    def source(self, id: str) -> Source:
        """The source with this id. Raises UsageRefused CFG-013 naming the nearest."""
        for source in self.sources:
            if source.id == id:
                return source
        near = nearest(id, (source.id for source in self.sources))
        remedy = say("Did you mean `{near}`?", near=near) if near else say("`opendata sources` lists them.")
        raise UsageRefused("CFG-013", say("There is no source `{source}`.", source=id[:100]), remedy)


def packaged() -> Path:
    """The folder of the configuration that comes with the program: the province's, and any other's template."""
    installed = Path(__file__).parent / "_config"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "config"


def load(workspace: Path, kinds: Kinds) -> Config:
    """The configuration of a workspace. Raises ConfigurationError."""
    return read(documents(workspace / "config"), kinds)


def documents(folder: Path) -> dict[str, bytes]:
    """The files of a config/ folder that are read, by their path below it.

    Raises ConfigurationError for one that cannot be read, is too large, or would be overlooked because of its name.
    """
    found: dict[str, bytes] = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix.lower() in (".toml", ".csv") and not path.name.startswith(("~", ".")) and path.is_file():
                _check_name(name)
                if path.stat().st_size > LARGEST:
                    message = say("This file is larger than {limit} bytes.", limit=LARGEST)
                    raise mistake("CFG-002", f"config/{name}", 1, None, message, say("Put the right file there."))
                found[name] = path.read_bytes()
    except OSError as error:
        message = say("{path} cannot be read: {reason}.", path=str(error.filename), reason=str(error.strerror))
        raise ConfigurationError(
            "CFG-002", message, say("Give the user of this command the right to read it.")
        ) from error
    return found


def read(documents: Mapping[str, bytes], kinds: Kinds | None = None) -> Config:
    """The configuration that these documents say; also for stored revisions.

    With `kinds` a source of another kind, or with an option its kind does not have, is a mistake; without, as for
    revisions that were accepted once, every kind and option is taken as it is. Raises ConfigurationError.
    """
    for pattern in REQUIRED:
        if not any(fnmatch(name, pattern) for name in documents):
            message = say("config/{name} is missing.", name=pattern)
            remedy = say("`opendata init` in an empty folder writes one that can be copied.")
            raise ConfigurationError("CFG-001", message, remedy, Place(file=f"config/{pattern}").to_json())
    sources = _folder(documents, "sources")
    register = checked(
        [_agency(row) for row in table("config/agencies.csv", documents["agencies.csv"], AGENCY_COLUMNS)]
    )
    register = Register((*register.agencies, *_own_publishers(sources, register)))
    return Config(
        portal=_portal(toml("config/portal.toml", documents["portal.toml"]), register),
        register=register,
        targets=aims.targets(toml("config/targets.toml", documents["targets.toml"])),
        rule_sets=rules.in_force(rules.rule_set(id, document) for id, document in _folder(documents, "rules")),
        sources=tuple(_source(id, section, register, kinds) for id, section in sources),
        owed=_owed(documents.get("catalogue.csv"), register),
        documents=dict(documents),
        calendar=calendar(toml("config/calendar.toml", documents.get("calendar.toml", b""))),
        alarming=alarming(toml("config/alarms.toml", documents.get("alarms.toml", b""))),
        limits=_limits(toml("config/portal.toml", documents["portal.toml"]).section("limits")),
    )


def _check_name(name: str) -> None:
    if not any(fnmatch(name, pattern) and name.count("/") == pattern.count("/") for pattern in FILES):
        near = nearest(name, (pattern.replace("*", PurePosixPath(name).stem) for pattern in FILES))
        remedy = (
            say("Did you mean `{near}`?", near=near) if near else say("Known are: {files}.", files=", ".join(FILES))
        )
        raise mistake("CFG-007", f"config/{name}", 1, None, say("No such file is read from config/."), remedy)


def _folder(documents: Mapping[str, bytes], folder: str) -> list[tuple[str, Section]]:
    found = []
    for name in sorted(documents):
        if name.startswith(f"{folder}/"):
            id = PurePosixPath(name).stem
            if not re.fullmatch("[a-z0-9][a-z0-9-]{0,59}", id):
                message = say("The name of the file is the id; `{name}` is not one.", name=id[:100])
                remedy = say("Use small letters without marks, digits and hyphens: so-y-te.toml.")
                raise mistake("CFG-006", f"config/{name}", 1, None, message, remedy)
            found.append((id, toml(f"config/{name}", documents[name])))
    return found


def _agency(row: Row) -> Agency:
    row.filled("id", "slug", "name_vi", "name_en", "level")
    cells = row.cells
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", cells["slug"]) or len(cells["slug"]) > 60:
        message = say("`{slug}` is not a slug.", slug=cells["slug"][:100])
        remedy = say("Use small letters without marks, digits and single hyphens, at most 60: so-y-te.")
        raise row.wrong("CFG-006", "slug", message, remedy)
    return Agency(
        id=cells["id"],
        slug=cells["slug"],
        name_vi=cells["name_vi"],
        name_en=cells["name_en"],
        level=Level(row.word("level", [level.value for level in Level if level is not Level.OTHER])),
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
        successor_ids=tuple(id.strip() for id in cells["successor_ids"].split(";") if id.strip()),
        code=cells["code"],
        source=cells["source"],
        verified=row.word("verified", ("yes", "no")) == "yes",
        line=row.line,
    )


def _own_publishers(sources: Iterable[tuple[str, Section]], register: Register) -> Iterator[Agency]:
    """The publishers of sources with a table [publisher]: no agencies of the province, in scope of no target."""
    for id, document in sources:
        if "publisher" in document.values:
            section = document.section("publisher")
            section.keys(needed=("name_vi", "name_en"), allowed=("name_vi", "name_en"))
            names = section.mapping()
            taken = next((text for text in (id, names["name_vi"]) if register.knows(text)), None)
            if taken is not None:
                message = say("“{name}” is an agency of config/agencies.csv.", name=taken[:100])
                remedy = say("Write agency = … instead of [publisher], or give file and publisher another name.")
                raise section.wrong("CFG-010", "name_vi", message, remedy)
            vi, en = names["name_vi"], names["name_en"]
            yield Agency(id, id, vi, en, Level.OTHER, None, None, (), "", document.file, False)


def _portal(document: Section, register: Register) -> Portal:
    document.keys(needed=("kind", "title"), allowed=PORTAL_KEYS)
    organizations = document.section("organizations")
    validation = document.section("validation")
    agencies = document.texts("agencies") if "agencies" in document.values else None
    validation.keys(needed=(), allowed=("engine",))
    return Portal(
        kind=document.word("kind", PORTALS),
        title=document.text("title"),
        url=_web_address(document, "url"),
        base_url=_web_address(document, "base_url"),
        agencies=None
        if agencies is None
        else tuple(_agency_id(document, "agencies", text, register) for text in agencies),
        illustration=document.flag("illustration"),
        datastore=document.word("datastore", ("off", "on"), "off"),
        engine=validation.word("engine", ("auto", "frictionless"), "auto"),
        carry_days=document.whole("carry_days", 7),
        organizations={
            _agency_id(organizations, key, key, register): name for key, name in organizations.mapping().items()
        },
    )


def _limits(section: Section) -> Limits:
    """Other limits than the built-in ones; whole numbers where those are. Raises CFG-003…006, NET-030."""
    kinds = {name: type(value) for name, value in vars(Limits()).items()}
    section.keys(needed=(), allowed=kinds)
    return Limits(**{key: kinds[key](section.number(key)) for key in section.values})


def _source(id: str, document: Section, register: Register, kinds: Kinds | None) -> Source:
    own = set(document.values) if kinds is None else {*kinds.get(document.text("kind"), ())}
    document.keys(needed=("kind", "address"), allowed=SOURCE_KEYS | own)
    source = Source(
        id=id,
        kind=document.word("kind", [document.text("kind")] if kinds is None else kinds),
        address=_address(document),
        agency=document.text("agency"),
        agencies=_publishers(document.section("agencies"), register),
        schedule=_schedule(document),
        working_days=document.flag("working_days"),
        approved=document.flag("approved"),
        approved_by=document.text("approved_by"),
        approved_on=document.day("approved_on"),
        files=FilePolicy(document.word("files", [policy.value for policy in FilePolicy], "fetch")),
        allow_networks=_networks(document),
        options={key: value for key, value in document.values.items() if key not in SOURCE_KEYS},
        path=Path(document.file),
    )
    own_publisher = "publisher" in document.values
    if [bool(source.agency), bool(source.agencies), own_publisher].count(True) != 1:
        message = say("A source has one of `agency`, a table [agencies] and a table [publisher].")
        remedy = say('Write agency = "so-y-te", or [agencies] with a line for each publisher.')
        raise document.wrong("CFG-005", "agency", message, remedy)
    if own_publisher:
        return replace(source, agency=id)
    if source.agency:
        return replace(source, agency=_agency_text(document, "agency", source.agency, register))
    return source


def _publishers(section: Section, register: Register) -> dict[str, str]:
    return {key: _agency_text(section, key, text, register) for key, text in section.mapping().items()}


def _schedule(document: Section) -> str:
    schedule = document.text("schedule")
    wrong = cron_mistake(schedule) if schedule else None
    if wrong:
        remedy = say('Write for example schedule = "15 2 * * *" for every night at 02:15 (Viet Nam time).')
        raise document.wrong("CFG-009", "schedule", wrong, remedy)
    return schedule


def _networks(document: Section) -> tuple[str, ...]:
    networks = document.texts("allow_networks")
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            message = say("`{network}` is not a network.", network=network[:100])
            remedy = say("Write the first address, a slash and the length: 10.20.0.0/16.")
            raise document.wrong("CFG-009", "allow_networks", message, remedy) from error
    return networks


def _address(document: Section) -> str:
    address = document.text("address")
    if document.text("kind") == "sql":
        return _database(document, address)
    return _web_address(document, "address") if "://" in address else address


def _database(document: Section, address: str) -> str:
    """A database's URL without user and password in it: config/ is stored and shown."""
    if not re.match(r"(sqlite|postgresql)://", address):
        remedy = say("Write it whole: sqlite:///data/x.db or postgresql://host:5432/database.")
        raise document.wrong("CFG-009", "address", say("`{key}` is no address of a database.", key="address"), remedy)
    if "@" in address or re.search("password|passwd|user=", address, re.IGNORECASE):
        message = say("`{key}` has a user name or password in it.", key="address")
        remedy = say("Take it out, and name the variables that hold them: user_env, password_env.")
        raise document.wrong("CFG-009", "address", message, remedy)
    return address


def _web_address(document: Section, key: str) -> str:
    """A URL without a password in it: config/ is stored and shown."""
    address = document.text(key)
    try:
        parts = urlsplit(address)
        legal = not address or (parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0)
    except ValueError:
        legal, parts = False, urlsplit("")
    if not legal:
        message = say("`{key}` is not a web address.", key=key)
        raise document.wrong("CFG-009", key, message, say("Write it whole: https://data.nghean.gov.vn."))
    if parts.username or parts.password:
        message = say("`{key}` has a user name or password in it.", key=key)
        raise document.wrong("CFG-009", key, message, say("Take it out: secrets do not belong in config/."))
    return address


def _owed(content: bytes | None, register: Register) -> tuple[Owed, ...]:
    owed: dict[str, Owed] = {}
    for row in table("config/catalogue.csv", content or ",".join(CATALOGUE_COLUMNS).encode(), CATALOGUE_COLUMNS):
        row.filled("item", "title", "agency")
        if row.cells["item"] in owed:
            message = say("The item {item} is given twice.", item=row.cells["item"])
            raise row.wrong("CFG-010", "item", message, say("Give every dataset owed a number of its own."))
        if not register.knows(row.cells["agency"]):
            message, remedy = _unknown_agency(row.cells["agency"], register)
            raise row.wrong("CFG-008", "agency", message, remedy)
        owed[row.cells["item"]] = Owed(**row.cells)
    return tuple(owed.values())


def _agency_id(section: Section, key: str, text: str, register: Register) -> str:
    """The id of an agency given by id or slug."""
    agency = register.named(text)
    if agency is None:
        raise section.wrong("CFG-008", key, *_unknown_agency(text, register))
    return agency.id


def _agency_text(section: Section, key: str, text: str, register: Register) -> str:
    """An agency given by id or slug as its id; by name as it is, because the day decides which row is meant."""
    agency = register.named(text)
    if agency is None and not register.knows(text):
        raise section.wrong("CFG-008", key, *_unknown_agency(text, register))
    return agency.id if agency else text


def _unknown_agency(text: str, register: Register) -> tuple[Text, Text]:
    near = register.nearest(text)
    message = say("The agency “{agency}” is not in config/agencies.csv.", agency=text[:100])
    return message, say("Did you mean “{near}”?", near=near) if near else say("Add it there, or correct it.")
