"""What this workspace wrote to the portal last, from its journal."""

from dataclasses import replace

from harvester.ledger import JournalEntry
from harvester.model import Publication
from harvester.records import from_json
from harvester.workspace import Workspace


def publication_of(workspace: Workspace, entry: JournalEntry) -> Publication:
    """The version a journal entry speaks of, with its files where this workspace keeps them."""
    publication = from_json(Publication, entry.plan["publication"])
    files = (replace(file, path=workspace.files.path(file.sha256)) for file in publication.files)
    return replace(publication, files=tuple(files))


def last_written(workspace: Workspace, name: str) -> Publication | None:
    """The version of a dataset that was last read back from the portal; None before the first, or once withdrawn."""
    entry = workspace.store.last_done(name)
    return publication_of(workspace, entry) if entry and entry.action == "publish" else None
