"""Small workspaces for tests: the province's real configuration, one or more folders handed over, a clock to set."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harvester.starting import initialise
from harvester.workspace import Workspace, open_workspace

NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def make_workspace(folder: Path, sources: Mapping[str, str] | None = None) -> Path:
    """A workspace with one approved folder source per entry of `sources` (id → agency)."""
    initialise(folder, "catalogue")
    for source, agency in (sources or {"so-y-te": "so-y-te"}).items():
        (folder / "ban-giao" / source).mkdir(parents=True)
        (folder / "config" / "sources").mkdir(exist_ok=True)
        (folder / "config" / "sources" / f"{source}.toml").write_text(
            f'agency = "{agency}"\nkind = "folder"\naddress = "ban-giao/{source}"\n'
            'approved = true\napproved_by = "Test"\napproved_on = 2026-01-01\n'
        )
    return folder


def hand_over(
    workspace: Path, name: str, rows: str = "ma,ten\n1,Một\n2,Hai\n", source: str = "so-y-te", **metadata: str
):
    """Write (again) a dataset into the folder of `source`: metadata and one CSV."""
    folder = workspace / "ban-giao" / source / name
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        "title": f"Danh sách {name}",
        "description": f"Danh sách {name} của tỉnh, cập nhật định kỳ.",
        "licence": "CC-BY-4.0",
        "frequency": "hằng năm",
        "modified": "2026-10-01",
        **metadata,
    }
    lines = [f"{key}: {value}" for key, value in described.items() if value]
    (folder / "dataset.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "du-lieu.csv").write_text(rows, "utf-8")
    return folder


@contextmanager
def opened(folder: Path, clock: Clock, writing: bool = True) -> Iterator[Workspace]:
    with open_workspace(folder, {}, clock, writing=writing) as workspace:
        yield workspace


def tree(folder: Path) -> dict[str, str]:
    """Every path below `folder` with a hash of its bytes, or where its link points."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root) / name
            key = str(path.relative_to(folder))
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_file():
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[key] = "folder"
    return found
