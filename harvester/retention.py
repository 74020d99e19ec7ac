"""Keep what figures, readers and rollbacks need, forget the rest: `opendata prune`, and every night by the service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from harvester.errors import ConfigurationError
from harvester.i18n import say
from harvester.workspace import Workspace

CARRY = 7
"""Days an observation must carry for one a week to be enough."""
UNTOUCHED = timedelta(days=2)
"""A file younger than this may belong to a run that has not yet written down that it needs it."""


@dataclass(frozen=True)
class Pruned:
    """What was, or would be, forgotten."""

    files: int
    bytes: int
    rows: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As `opendata prune --json` shows it."""
        return {"files": self.files, "bytes": self.bytes, **self.rows}


def prune(workspace: Workspace, now: datetime, *, dry_run: bool = False) -> Pruned:
    """Forget what no figure, page, rollback or conditional request needs. Raises ConfigurationError."""
    store = workspace.store
    rows = store.forget(now, workspace.config.portal.carry_days >= CARRY, dry_run)
    files, size = _files(workspace, now, dry_run)
    if not dry_run:
        store.compact()
    return Pruned(files, size, rows)


def _files(workspace: Workspace, now: datetime, dry_run: bool) -> tuple[int, int]:
    """Contents that nothing refers to, and what crashes left behind."""
    before = now - UNTOUCHED
    if not dry_run:
        workspace.files.sweep(before)
    wanted, number, size = workspace.store.hashes(), 0, 0
    try:
        for path in workspace.files.all():
            seen = path.stat()
            if path.name not in wanted and seen.st_mtime < before.timestamp():
                number, size = number + 1, size + seen.st_size
                if not dry_run:
                    path.unlink()
    except OSError as error:
        raise ConfigurationError(
            "SVC-010",
            say("{path} cannot be removed: {reason}.", path=str(error.filename), reason=str(error.strerror)),
            say("Give the user of this command the right to write there."),
        ) from error
    return number, size
