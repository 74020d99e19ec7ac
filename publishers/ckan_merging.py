"""Three versions of a dataset: what we wrote last, what stands on the portal, what we want; and what comes of them.

What nobody edited becomes what we want. What somebody edited on the portal is kept and told, unless the source changed
it too: then a person must decide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.model import Change, HandEdit, Publication, Seen, SeenFile
from publishers import ckan_fields
from publishers.ckan_fields import Fields, Package

OURS_ALONE = {"organization", "agency", "notice", "findings", "source", "identifier"}
"""Fields in which only we have a say; another value on the portal is put right with the next version."""


@dataclass(frozen=True)
class State:
    """A dataset as it stands somewhere: fields, our files and what is said of them, every resource as CKAN has it."""

    said: Fields
    files: Mapping[str, tuple[SeenFile, Fields]] = field(default_factory=dict)  # by resource id
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by id, others' too

    @property
    def digest(self) -> str:
        """One short text for all that is compared."""
        return ckan_fields.digest(self.said, self.files.values())


@dataclass(frozen=True)
class Merged:
    """What shall stand on the portal."""

    state: State
    new_bytes: frozenset[str]  # ids of the files to be sent
    edits: tuple[HandEdit, ...]
    digest: str  # of what we want, edits apart


def state_of(publication: Publication, said: Fields) -> State:
    """What a publication, whose fields are `said`, wants."""
    resources = {file.id: ckan_fields.resource(file) for file in publication.files}
    files = {
        file.id: (SeenFile(file.id, file.name, file.sha256, file.bytes), ckan_fields.described(resources[file.id]))
        for file in publication.files
    }
    return State(said, files, resources)


def state_in(package: Package) -> State:
    """What stands in a package."""
    resources = {str(resource["id"]): resource for resource in package.get("resources", ())}
    files = {
        id: (ckan_fields.seen_file(resource), ckan_fields.described(resource))
        for id, resource in resources.items()
        if ckan_fields.is_ours(resource)
    }
    return State(ckan_fields.shown(package), files, resources)


def merged(wanted: State, seen: Seen | None, last: State | None) -> Merged:
    """What shall stand there, given what does and what we wrote `last` (None: not known, so everything is ours)."""
    there: State = seen.metadata["state"] if seen else State({})
    if seen is None or seen.withdrawn:
        there = State({}, {}, {id: r for id, r in there.resources.items() if not ckan_fields.is_ours(r)})
    edited = seen is not None and seen.edited
    base = last or State(dict.fromkeys(wanted.said, ""))  # lost: what was edited cannot be told, so a person must
    edits = [*_edited_fields(wanted, there, base), *_edited_files(wanted, there, base)] if edited else []
    kept = {edit.field for edit in edits}
    said = {name: there.said[name] if name in kept else text for name, text in wanted.said.items()}
    files: dict[str, tuple[SeenFile, Fields]] = {}
    resources: dict[str, Mapping[str, Any]] = {}
    for id, (file, about) in wanted.files.items():
        shown = there.files.get(id)
        if _label(file) in kept:
            if shown:  # else somebody took it away
                files[id], resources[id] = shown, there.resources[id]
            continue
        about = {
            name: shown[1][name] if shown and f"{_label(file)}: {name}" in kept else t for name, t in about.items()
        }
        files[id] = file, about
        named = {"name": about["title"]} if f"{_label(file)}: title" in kept else {}
        resources[id] = {**there.resources.get(id, {}), **wanted.resources[id], **named}
    others = {id: resource for id, resource in there.resources.items() if not ckan_fields.is_ours(resource)}
    new_bytes = {id for id in files if id not in there.files or there.files[id][0].sha256 != files[id][0].sha256}
    return Merged(State(said, files, resources | others), frozenset(new_bytes), tuple(edits), wanted.digest)


def changes(merge: Merged, seen: Seen | None) -> tuple[Change, ...]:
    """What would change on the portal, field by field, then file by file."""
    there: State = seen.metadata["state"] if seen and not seen.withdrawn else State({})
    found = [Change(name, there.said.get(name, ""), text) for name, text in merge.state.said.items()]
    for id, (file, about) in merge.state.files.items():
        was, known = there.files.get(id, (None, {}))
        found.append(Change(_label(file), _bytes(was), _bytes(file)))
        if was:
            found += [Change(f"{_label(file)}: {name}", known[name], text) for name, text in about.items()]
    found += [
        Change(_label(file), _bytes(file), "") for id, (file, _) in there.files.items() if id not in merge.state.files
    ]
    return tuple(change for change in found if change.before != change.after)


def _edited_fields(wanted: State, there: State, last: State) -> Iterator[HandEdit]:
    for name, text in wanted.said.items():
        if name not in OURS_ALONE and there.said[name] not in (text, last.said[name]):
            yield HandEdit(name, last.said[name], there.said[name], text)


def _edited_files(wanted: State, there: State, last: State) -> Iterator[HandEdit]:
    for id, (file, about) in wanted.files.items():
        found, known = there.files.get(id, (None, {}))
        written, said = last.files.get(id, (None, about))
        if written is None and found is None:
            continue  # new at the source
        if found is None or found.sha256 not in (file.sha256, written.sha256 if written else ""):
            yield HandEdit(_label(file), _bytes(written), _bytes(found), _bytes(file), id)
        elif known["title"] not in (about["title"], said["title"]):
            yield HandEdit(f"{_label(file)}: title", said["title"], known["title"], about["title"])


def _label(file: SeenFile) -> str:
    return f"file {file.name}"


def _bytes(file: SeenFile | None) -> str:
    return f"{file.name} · sha256 {file.sha256[:12]}" if file else ""
