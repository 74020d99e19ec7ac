"""What is at an address, and the source file for it: `opendata sources add`.

Kinds are tried in the order of what provinces' portals run (CKAN, DKAN, DCAT, data.json, then pages); the first whose
`collect` accepts what is there is it. Nothing is written to the workspace but, in the end, the source's file.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from harvester.config import documents, read
from harvester.errors import ConfigurationError, SourceChanged, SourceUnavailable, UsageRefused
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.i18n import Language, Text, say
from harvester.model import Dataset, Finding, Listing, Severity, Source
from harvester.names import nearest, slug
from harvester.registry import Register
from harvester.sources import KINDS, SOURCES
from harvester.workspace import Workspace

PREVIEW = 20  # datasets shown
COUNTED = 10_000  # datasets read to count them
DATASTORE = "/api/action/datastore/search.json"
_ENDINGS = {
    **dict.fromkeys(("xlsx", "xls", "ods", "csv"), ("inventory",)),
    **dict.fromkeys(("jsonld", "ttl", "rdf", "nt"), ("dcat",)),
    "json": ("datapackage", "data_json", "dcat"),
    "xml": ("dcat", "oai"),
    "zip": ("folder",),
}


@dataclass(frozen=True)
class Previewed:
    """One dataset as it would come."""

    title: str
    identifier: str
    publisher: str
    agency: str  # agency id, "" when nobody is meant for sure
    resources: int


@dataclass(frozen=True)
class Probed:
    """What was found at an address."""

    kind: str
    address: str
    datasets: int
    more: bool  # counting stopped
    complete: bool
    findings: tuple[Finding, ...]
    preview: tuple[Previewed, ...]
    publishers: Mapping[str, str]  # publisher's name → agency id, "" when unmapped
    nearest: Mapping[str, str]  # unmapped publisher → the nearest name there is
    tried: tuple[tuple[str, Text], ...]  # kind and why it was not that

    def to_json(self, language: Language) -> dict[str, Any]:
        """The answer of `sources add`."""
        return {
            "kind": self.kind,
            "address": self.address,
            "datasets": self.datasets,
            "more": self.more,
            "complete": self.complete,
            "findings": [finding.to_json(language) for finding in self.findings],
            "preview": [vars(each) for each in self.preview],
            "publishers": [
                {"name": name, "agency": agency or None, "nearest": self.nearest.get(name) or None}
                for name, agency in self.publishers.items()
            ],
        }


def probe(
    workspace: Workspace, address: str, day: date, *, allow_networks: tuple[str, ...] = (), kind: str = ""
) -> Probed:
    """What is at `address`: the first kind that accepts it (or `kind`), its datasets counted and mapped to agencies.

    Raises UsageRefused when no kind accepts it, saying what each met; SourceUnavailable when nobody answers.
    """
    source = Source("add", "", address, allow_networks=allow_networks)
    tried: list[tuple[str, Text]] = []
    with TemporaryDirectory() as folder, workspace.fetcher(FileStore(Path(folder)), allow_networks) as fetcher:
        for name, place in [(kind, address)] if kind else _candidates(address, fetcher, workspace.folder):
            asked = replace(source, kind=name, address=place)
            items = SOURCES[name](asked, fetcher, workspace.folder)
            try:
                first = next(items)
                return _counted(asked, first, items, workspace.config.register, day, tuple(tried))
            except SourceChanged as error:
                tried.append((name, error.message))
    whys = "; ".join(f"{name}: {why}" for name, why in tried)
    message = say("Nothing that can be collected was found at {address}. {tried}", address=address, tried=whys[:2000])
    raise UsageRefused("KND-090", message, say("Correct the address, or name the kind with --kind."))


def _candidates(address: str, fetcher: Fetcher, workspace: Path) -> Iterator[tuple[str, str]]:
    """Kinds and addresses to try, the likeliest first."""
    ending = urlsplit(address).path.rpartition("/")[2].lower().rpartition(".")[2]
    if "://" not in address:
        yield from ((kind, address) for kind in _ENDINGS.get(ending, ("folder",)))
        return
    base = address.partition("?")[0].rstrip("/")
    if "/rest/services/" in address:
        yield "arcgis", address
    if "wfs" in address.lower():
        yield "wfs", address
    if "oai" in address.lower():
        yield "oai", address
    if urlsplit(address).path.strip("/"):
        yield from ((kind, address) for kind in _ENDINGS.get(ending, ("data_json", "dcat")))
    yield "ckan", base
    if _answers(fetcher, base + DATASTORE):
        yield "dkan", base
    yield "dcat", f"{base}/catalog.xml"
    yield "data_json", f"{base}/data.json"
    yield "arcgis", base
    yield "page", address


def _answers(fetcher: Fetcher, address: str) -> bool:
    """Whether there is something: anything but a 404 (DKAN 1 answers 400 to a search without a resource)."""
    try:
        fetcher.read(address)
    except SourceChanged as error:
        return error.code in ("NET-400", "NET-422")
    return False


def _counted(
    source: Source,
    first: Dataset | Finding | Listing,
    items: Iterator[Dataset | Finding | Listing],
    register: Register,
    day: date,
    tried: tuple[tuple[str, Text], ...],
) -> Probed:
    datasets, findings, preview, complete = 0, list[Finding](), list[Dataset](), False
    publishers: Counter[str] = Counter()
    try:
        for item in _chained(first, islice(items, 4 * COUNTED)):
            if isinstance(item, Listing):
                complete = item.complete
            elif isinstance(item, Finding):
                findings.append(item)
            else:
                datasets += 1
                publishers[item.publisher] += 1
                preview += [item] if len(preview) < PREVIEW else []
                if datasets >= COUNTED:
                    break
    except (SourceChanged, SourceUnavailable) as error:
        findings.append(Finding(error.code, Severity.ERROR, error.message, error.remedy))
    mapped = {name: _agency(register, name, day) for name, _ in publishers.most_common() if name}
    names = [agency.name_vi for agency in register.agencies if agency.exists_on(day)]
    near = {name: nearest(name, names) for name, agency in mapped.items() if not agency}
    shown = tuple(
        Previewed(d.title, d.identifier, d.publisher, mapped.get(d.publisher, ""), len(d.resources)) for d in preview
    )
    more = datasets >= COUNTED
    return Probed(source.kind, source.address, datasets, more, complete, tuple(findings), shown, mapped, near, tried)


def _chained(first: Dataset | Finding | Listing, items: Iterator[Any]) -> Iterator[Dataset | Finding | Listing]:
    yield first
    yield from items


def _agency(register: Register, publisher: str, day: date) -> str:
    """The agency that a publisher's name means on `day`; "" unless that is sure."""
    try:
        return register.resolve(publisher, day).id
    except UsageRefused:
        return ""


# ---------------------------------------------------------------- the source's file


def source_id(address: str, taken: Mapping[str, Any] | set[str]) -> str:
    """A name for the source that is not taken: from the host, or the last part of a path."""
    parts = urlsplit(address)
    plain = slug(parts.hostname or Path(address).stem, 50)
    return next(name for name in (plain, *(f"{plain}-{n}" for n in range(2, 1000))) if name not in taken)


def source_file(probed: Probed, agency: str, allow_networks: tuple[str, ...]) -> str:
    """The commented source file for what was found; not approved.

    Raises UsageRefused when neither an agency is given nor a publisher mapped: the file could not be read.
    """
    mapped = {name: id for name, id in probed.publishers.items() if id}
    if not agency and not mapped:
        raise UsageRefused(
            "KND-091",
            say("None of its publishers is an agency of config/agencies.csv, so nobody would own what it holds."),
            say("Say whose it is with --agency."),
        )
    lines = [
        f"# Found by `opendata sources add` at {_comment(probed.address)}: {probed.datasets} datasets.",
        "",
        f"kind = {_toml(probed.kind)}",
        f"address = {_toml(probed.address)}",
    ]
    if allow_networks:
        lines += ["", "# Address ranges that are otherwise refused.", f"allow_networks = {_toml(list(allow_networks))}"]
    lines += [
        "",
        "# When it is collected without anybody asking: minute hour day month weekday, Viet Nam time.",
        'schedule = "15 2 * * *"',
        "",
        "# A named person allows unattended runs. Until then: `opendata run` with this source's name.",
        "approved = false",
        '# approved_by = "Nguyễn Văn A, Phòng Chuyển đổi số"',
        "# approved_on = 2026-01-15",
        "",
        '# "fetch": files are kept and served by our portal; "link": the portal shows the source\'s own link.',
        '# files = "fetch"',
        "",
    ]
    return "\n".join([*lines, *_whose(probed, agency, mapped)]) + "\n"


def _whose(probed: Probed, agency: str, mapped: Mapping[str, str]) -> list[str]:
    if agency:
        return ["# Whose data it is.", f"agency = {_toml(agency)}"]
    lines = ["# Publisher as the source names it = agency. What is not mapped is held and listed.", "[agencies]"]
    lines += [f"{_toml(name)} = {_toml(id)}" for name, id in mapped.items()]
    for name in probed.publishers:
        if name not in mapped:
            near = probed.nearest.get(name, "")
            lines.append(f"# {_toml(name)} = {_toml(near)}" + ("  # the nearest name; check it" if near else ""))
    return lines


def write_source(workspace: Workspace, id: str, text: str) -> Path:
    """Write the file of a new source, never over another. Raises UsageRefused, ConfigurationError."""
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,59}", id):
        message = say("The name of the file is the id; `{name}` is not one.", name=id[:100])
        raise UsageRefused(
            "CFG-006", message, say("Use small letters without marks, digits and hyphens: so-y-te.toml.")
        )
    path = workspace.folder / "config" / "sources" / f"{id}.toml"
    read({**documents(workspace.folder / "config"), f"sources/{id}.toml": text.encode()}, KINDS)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        message = say("config/sources/{name}.toml is there already.", name=id)
        raise UsageRefused("KND-092", message, say("Give another name with --id, or change that file.")) from error
    except OSError as error:
        message = say("{path} cannot be read: {reason}.", path=str(path), reason=str(error.strerror))
        raise ConfigurationError(
            "CFG-002", message, say("Give the user of this command the right to read it.")
        ) from error
    return path


def _toml(value: Any) -> str:
    """A text or list of texts as TOML: JSON's strings are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
