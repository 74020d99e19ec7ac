"""A CKAN portal's datasets entered into the ledger: all of ours after it was lost, or one that something else made.

Nothing is published by this: the next run compares each with its source, and writes only what differs.
"""

from dataclasses import dataclass

from harvester.errors import UsageRefused
from harvester.i18n import say
from harvester.lease import hold, ledger_row
from harvester.ledger import KnownDataset, RunState
from harvester.model import Agency, Outcome, Seen
from harvester.workspace import Clock, Workspace
from publishers.ckan import Ckan

Key = tuple[str, str]
"""Source and identifier."""


@dataclass(frozen=True)
class Adopted:
    """What was entered, and what already was there."""

    entered: tuple[KnownDataset, ...]
    known: int


def adopt(workspace: Workspace, clock: Clock, *, dry_run: bool = False) -> Adopted:
    """Enter every dataset of the portal that carries our key and that the ledger does not know.

    Each is entered as not settled, in the version it has there; a withdrawn one stays withdrawn. Raises UsageRefused on
    a portal of another kind, PortalUnavailable when the portal could not be listed to the end.
    """
    found = [seen for seen in _ckan(workspace).ours() if seen.ours]
    new = tuple(_known(seen) for seen in found if workspace.store.named(seen.name) is None)
    if new and not dry_run:
        with ledger_row(workspace, "adopt", clock) as run, hold(workspace, "adopt", run, clock) as lease:
            for known in new:
                workspace.store.register(known, lease)
            workspace.store.finish_run(run, RunState.OK, {"adopted": len(new)}, clock())
    return Adopted(new, len(found) - len(new))


def take_over(workspace: Workspace, name: str, agency: Agency, key: Key, clock: Clock) -> KnownDataset:
    """Make the portal's dataset `name`, made by something else such as ckanext-harvest, ours under `key`.

    Its address stays; what it holds is replaced when its source is published next. Raises PublicationRefused.
    """
    with ledger_row(workspace, "adopt", clock) as run, hold(workspace, f"dataset:{name}", run, clock) as lease:
        known = _known(_ckan(workspace).take_over(name, agency, *key))
        workspace.store.register(known, lease)
        workspace.store.finish_run(run, RunState.OK, {"adopted": 1}, clock())
    return known


def _known(seen: Seen) -> KnownDataset:
    said = seen.metadata["state"].said
    outcome = Outcome.WITHDRAWN if seen.withdrawn else Outcome.FAILED  # "failed" is settled anew by the next run
    return KnownDataset(
        seen.name,
        said["source"],
        said["identifier"],
        seen.agency,
        seen.title,
        outcome=outcome,
        version=seen.version,
        url=seen.url,
    )


def _ckan(workspace: Workspace) -> Ckan:
    if not isinstance(workspace.publisher, Ckan):
        raise UsageRefused(
            "ADO-001",
            say("Only a CKAN portal's datasets can be adopted."),
            say('Write kind = "ckan" and the portal\'s url in config/portal.toml.'),
        )
    return workspace.publisher
