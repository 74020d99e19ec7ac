"""Kind `folder`: a directory or a ZIP handed over.

A folder with a metadata file (`dataset.yaml`, `dataset.yml` or `datapackage.json`) is one dataset, with all that lies
below it and has no metadata file of its own. Elsewhere each file stem is one dataset; files that share a stem are its
files, and `<stem>.yaml` (`.yml`, `.dataset.yaml`) beside them is its metadata. Hidden files, `~$*`, `.DS_Store` and
`Thumbs.db` are no data. The identifier is the path below the source, without the ending; "." is the whole source.

Keys of `dataset.yaml`, all optional: `title`, `description`, `publisher`, `creator`, `licence` (or `license`: an id, a
URL or a title), `frequency` ("hằng tháng", "yearly" …), `issued`, `modified` (2026-03-31 or 31/03/2026), `keywords` (a
list), `theme`, `language`, `spatial`, `period` (`start`, `end`), `contact`, `landing_page`, `fee`, `catalogue_item`
(its number in the list of datasets owed), `resources`: a list of `path`, `title`, `format`, `encoding`, `schema` (Table
Schema), `dialect`, `hash`, `bytes`, `rows`. Without `resources` every file is one.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from harvester.errors import SourceError, UsageRefused
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Agency, Dataset, Finding, Listing, Place, Resource, Severity, Source
from harvester.names import slug
from harvester.sources.datapackage import Base, package
from harvester.sources.describing import DATASET_KEYS, RESOURCE_KEYS, apart, dataset_of, inside, readable, resource_of
from harvester.sources.descriptors import JSON_BYTES, YAML_BYTES, Descriptor, read_json, read_yaml
from harvester.sources.fields import Fields, masked
from harvester.sources.holding import Holding, hold

BY_HAND = "publish"  # the source of what a steward hands over
METADATA = ("dataset.yaml", "dataset.yml", "datapackage.json")  # the first there is wins
SIDECARS = (".dataset.yaml", ".dataset.yml", ".yaml", ".yml")
RESOURCES = 500


@dataclass(frozen=True)
class Group:
    """The files of one dataset, by name in their holding."""

    identifier: str
    folder: str  # paths in the metadata are relative to it
    files: tuple[str, ...]
    metadata: str = ""  # name of the metadata file, "" without one


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every dataset in the folder or ZIP at `source.address`.

    Raises SourceUnavailable when it is not there, SourceChanged when it is neither folder nor ZIP.
    """
    holding = hold(workspace / source.address)
    yield from holding.findings
    complete = not holding.findings
    for position, group in enumerate(groups(holding), 1):
        try:
            dataset, findings = described(group, holding, fetcher, source.id)
        except SourceError as error:
            complete = False
            yield _broken(group, position, error)
            continue
        yield dataset
        yield from findings
    yield Listing(complete, None if complete else say("Some files or descriptions could not be read."))


def groups(holding: Holding) -> list[Group]:
    """Which files make which dataset, in the order of identifiers."""
    homes = _homes(holding.files)
    members: dict[tuple[str, str], list[str]] = {}
    for name in holding.files:
        folder = str(PurePosixPath(name).parent)
        home = next((up for up in (folder, *map(str, PurePosixPath(folder).parents)) if up in homes), None)
        if home is None:
            members.setdefault((folder, _stem(name)), []).append(name)
        elif name != homes[home]:
            members.setdefault((home, ""), []).append(name)
    for home in homes:
        members.setdefault((home, ""), [])
    found = [_group(folder, stem, names, homes) for (folder, stem), names in members.items()]
    return sorted(found, key=lambda group: group.identifier)


def described(
    group: Group,
    holding: Holding,
    fetcher: Fetcher,
    source: str,
    *,
    identifier: str = "",
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Dataset, list[Finding]]:
    """The dataset a group is, by its metadata. Raises SourceError when the metadata cannot be read at all."""
    name = PurePosixPath(group.identifier if group.identifier != "." else holding.root.stem).name
    title = "" if source == BY_HAND else readable(name)
    if group.metadata.endswith(".json"):
        base = Base(fetcher, holding=holding, folder=group.folder)
        content = holding.read(group.metadata, JSON_BYTES)
        return package(
            content,
            base,
            group.metadata,
            source,
            identifier=identifier or group.identifier,
            title=title,
            overrides=overrides,
        )
    written = Descriptor(group.files[0] if group.files else group.folder, {})
    if group.metadata:
        written = read_yaml(holding.read(group.metadata, YAML_BYTES), group.metadata)
    written = replace(written, values={**written.values, **(overrides or {})})
    fields = Fields(written, identifier or group.identifier)
    fields.unknown(DATASET_KEYS)
    dataset = dataset_of(
        fields,
        source=source,
        identifier=identifier or group.identifier,
        title=title,
        place=Place(written.file),
        resources=_resources(fields, group, holding),
    )
    return dataset, fields.findings


def read_dataset(
    path: Path, *, agency: Agency, key: str, overrides: Mapping[str, str], fetcher: Fetcher
) -> tuple[Dataset, tuple[Finding, ...]]:
    """What a steward hands over at `path`: a data file with its metadata beside it, a metadata file, a folder or a ZIP.

    Its identifier is the agency's id and `key` (default: slug of the title). `overrides` replace keys of the metadata.
    Raises UsageRefused when there is nothing, or more than one dataset; SourceError when it cannot be read.
    """
    holding, group = _handed_over(path)
    dataset, findings = described(group, holding, fetcher, BY_HAND, overrides=overrides)
    if not dataset.title and not key:
        raise UsageRefused(
            "SRC-049",
            say("{file} says no title, and a dataset is known by its title.", file=path.name),
            say('Add --title "…", or a dataset.yaml with the line title: …'),
        )
    dataset = replace(dataset, title=dataset.title or readable(key))
    key = slug(key or dataset.title)
    identifier = f"{agency.id}/{key}"
    if not group.metadata and len({PurePosixPath(r.key).suffix for r in dataset.resources}) == len(dataset.resources):
        # never the file's name: next month's file has another
        renamed = (replace(r, key=key + PurePosixPath(r.key).suffix.lower()) for r in dataset.resources)
        dataset = replace(dataset, resources=tuple(renamed))
    dataset = replace(dataset, identifier=identifier, agency=agency.id)
    return dataset, tuple(replace(finding, dataset=identifier) for finding in findings)


def _homes(files: Mapping[str, str]) -> dict[str, str]:
    """Folder → its metadata file."""
    homes: dict[str, str] = {}
    for wanted in reversed(METADATA):
        homes |= {str(PurePosixPath(n).parent): n for n in files if PurePosixPath(n).name.lower() == wanted}
    return homes


def _group(folder: str, stem: str, names: list[str], homes: Mapping[str, str]) -> Group:
    if not stem:
        return Group(folder, folder, tuple(names), homes[folder])
    sidecar = next((n for ending in SIDECARS for n in names if n.lower().endswith(stem.lower() + ending)), "")
    data = tuple(name for name in names if name != sidecar)
    identifier = str(PurePosixPath(folder, stem))
    return Group(identifier, folder, data, sidecar) if data else Group(identifier, folder, tuple(names))


def _stem(name: str) -> str:
    """A file's name without its ending; that of `tram.dataset.yaml` is `tram`."""
    plain = PurePosixPath(name).name
    for ending in SIDECARS[:2]:
        plain = plain.removesuffix(ending) if plain != ending else plain
    return PurePosixPath(plain).stem if plain == PurePosixPath(name).name else plain


def _resources(fields: Fields, group: Group, holding: Holding) -> tuple[Resource, ...]:
    """The files the metadata lists, else all there are."""
    if fields.value("resources") is None:
        bare = fields.inside({}, "")
        keys = {name: str(PurePosixPath(name).relative_to(group.folder)) for name in group.files}
        return tuple(_resource_at(bare, key, name, holding) for name, key in keys.items())
    found, named = [], set()
    for number, part in fields.parts("resources", RESOURCES):
        entry = fields.inside(part, f"resources[{number}].")
        entry.unknown(RESOURCE_KEYS)
        name = _name_of(entry, group)
        named.add(name)
        found.append(_listed(entry, name, group, holding, number))
    for name in sorted(set(group.files) - named):
        why = say("{path} lies beside and is not listed", path=name)
        remedy = say("List it too if it belongs to the dataset.")
        fields.note("resources", "SRC-031", why, remedy, Severity.INFO)
    return apart(fields, found)


def _name_of(entry: Fields, group: Group) -> str | None:
    relative = inside(entry.text("path"))
    return None if relative is None else unicodedata.normalize("NFC", str(PurePosixPath(group.folder, relative)))


def _listed(entry: Fields, name: str | None, group: Group, holding: Holding, number: int) -> Resource:
    path = entry.text("path")
    if name is not None and name in holding.files:
        return _resource_at(entry, str(PurePosixPath(name).relative_to(group.folder)), name, holding)
    if not path:
        entry.note("path", "SRC-034", say("the name of the file is missing"), say("Write the file's name as path."))
    elif name is None:
        why = say("{path} leads out of the folder", path=masked(path))
        entry.note("path", "SRC-032", why, say("Put the file beside the description and write its name only."))
    else:
        why = say("there is no file {path}", path=masked(path))
        entry.note("path", "SRC-030", why, say("Put the file there, or correct its name in the description."))
    return resource_of(entry, key=path or str(number), address="")


def _resource_at(entry: Fields, key: str, name: str, holding: Holding) -> Resource:
    address, member = holding.address(name)
    return resource_of(entry, key=key, address=address, member=member)


def _broken(group: Group, position: int, error: SourceError) -> Finding:
    message = say(
        "Dataset {position} ({identifier}) could not be read: {why}",
        position=position,
        identifier=group.identifier,
        why=error.message,
    )
    place = Place(**error.place) if error.place else Place(group.metadata)
    return Finding(error.code, Severity.ERROR, message, error.remedy, dataset=group.identifier, place=place)


def _handed_over(path: Path) -> tuple[Holding, Group]:
    """The one dataset at `path`."""
    if not path.exists():
        remedy = say("Correct the path; the Tab key completes it.")
        raise UsageRefused("SRC-041", say("{path} does not exist.", path=str(path)), remedy)
    if path.is_dir() or path.suffix.lower() == ".zip":
        holding = hold(path)
        found = groups(holding)
        if len(found) == 1:
            return holding, found[0]
        raise UsageRefused(
            "SRC-042",
            say("{path} holds {count} datasets; one is published at a time.", path=str(path), count=len(found)),
            say("Name one file, or describe the folder as one dataset in a dataset.yaml."),
        )
    name = unicodedata.normalize("NFC", path.name)
    beside = hold(path.parent, depth=0)
    home = name if name.lower() in METADATA else _homes(beside.files).get(".", "")
    if home and (home == name or _describes(home, name, beside)):
        holding = hold(path.parent)
        files = tuple(n for n in holding.files if n != home)
        return holding, Group(".", ".", files, home)
    if name not in beside.files:
        raise UsageRefused(
            "SRC-043",
            say("{path} is no ordinary file that can be published.", path=str(path)),
            say("Give the file a name without ~$ or a dot at its beginning."),
        )
    found = [g for g in groups(replace(beside, files=_without_homes(beside.files))) if name in (*g.files, g.metadata)]
    group = found[0]
    return beside, group if group.metadata == name else replace(group, files=(name,))


def _describes(home: str, name: str, holding: Holding) -> bool:
    """Whether the folder's metadata names this file, or describes all files and this is the only one."""
    if home.endswith(".json"):
        descriptor = read_json(holding.read(home, JSON_BYTES), home)
    else:
        descriptor = read_yaml(holding.read(home, YAML_BYTES), home).values
    listed = descriptor.get("resources") if isinstance(descriptor, Mapping) else None
    if not isinstance(listed, list):
        return set(holding.files) == {home, name}
    return any(isinstance(part, Mapping) and inside(str(part.get("path") or "")) == name for part in listed)


def _without_homes(files: Mapping[str, str]) -> dict[str, str]:
    return {name: place for name, place in files.items() if name.lower() not in METADATA}
