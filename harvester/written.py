"""What this workspace wrote to the portal last, from its journal; and what a person has edited there since."""

from dataclasses import replace

from harvester.i18n import say
from harvester.ledger import JournalEntry
from harvester.model import Effect, Finding, HandEdit, Publication, Severity
from harvester.records import from_json
from harvester.workspace import Workspace

SHOWN = 200  # characters of an edited text that a finding shows


def publication_of(workspace: Workspace, entry: JournalEntry) -> Publication:
    """The version a journal entry speaks of, with its files where this workspace keeps them."""
    publication = from_json(Publication, entry.plan["publication"])
    files = (replace(file, path=workspace.files.path(file.sha256)) for file in publication.files)
    return replace(publication, files=tuple(files))


def last_written(workspace: Workspace, name: str) -> Publication | None:
    """The version of a dataset that was last read back from the portal; None before the first, or once withdrawn."""
    entry = workspace.store.last_done(name)
    return publication_of(workspace, entry) if entry and entry.action == "publish" else None


def told(edit: HandEdit) -> Finding:
    """A hand edit as the steward reads of it."""
    shown = {name: getattr(edit, name)[:SHOWN] or "–" for name in ("field", "found", "wanted")}
    if edit.conflict:
        return Finding(
            "RUN-018",
            Severity.ERROR,
            say("{field} was edited on the portal (“{found}”), and the source changed it too (“{wanted}”).", **shown),
            say("Write one of the two in both places, or put the old text back on the portal; then run again."),
            effect=Effect.HOLD,
        )
    return Finding(
        "RUN-017",
        Severity.WARNING,
        say("{field} was edited on the portal: “{found}”, not “{wanted}” as at the source; it is kept.", **shown),
        say("Correct it at the source too, so that both say the same."),
    )
