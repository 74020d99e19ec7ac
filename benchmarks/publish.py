#!/usr/bin/env python3
"""How fast datasets of two 5 kB files come onto a real CKAN, beside what one would write with ckanapi alone.

    CKAN_URL=… CKAN_API_KEY=… python benchmarks/publish.py [DATASETS]     (an editor's or a sysadmin's token)

One run against one CKAN: ours (journal, checks of nothing, four in flight, read back file by file), a bare loop of
`package_create` + 2 × `resource_create`, and `package_show` alone. Prints datasets a second.
"""

import csv
import io
import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import ckanapi

import checks
from harvester.run import run
from harvester.starting import initialise
from harvester.workspace import open_workspace

TOKEN = uuid.uuid4().hex[:8]
AGENCY = "NA-P-SYT"


def rows(seed: int) -> str:
    """A CSV of about 5 kB."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["ma", "ten", "so_luong"])
    writer.writerows([f"M{seed:05}{n:03}", f"Trạm y tế số {n}", seed * n] for n in range(150))
    return text.getvalue()


def rate(name: str, datasets: int, act: Callable[[], object]) -> float:
    """Do it once and say how many datasets a second that was."""
    began = time.perf_counter()
    act()
    seconds = time.perf_counter() - began
    print(f"{name:44} {datasets / seconds:7.1f} datasets/s   ({seconds:.1f} s)", flush=True)
    return datasets / seconds


def bare(site: ckanapi.RemoteCKAN, owner: str, datasets: int) -> list[str]:
    """What one would write with ckanapi."""
    names = [f"tran-{TOKEN}-{number}" for number in range(datasets)]
    for number, name in enumerate(names):
        package = site.action.package_create(name=name, title=f"Trần {number}", owner_org=owner)
        for file in ("a.csv", "b.csv"):
            content = io.BytesIO(rows(number).encode())
            content.name = file
            site.action.resource_create(package_id=package["id"], name=file, format="CSV", upload=content)
    return names


@contextmanager
def workspace(owner: str, datasets: int) -> Iterator[Path]:
    """A workspace with so many datasets to publish."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "w"
        initialise(place, "ckan")
        portal = place / "config" / "portal.toml"
        portal.write_text(f'{portal.read_text("utf-8")}\n[organizations]\n{AGENCY} = "{owner}"\n', "utf-8")
        (place / "config" / "sources").mkdir(exist_ok=True)
        (place / "config" / "sources" / "so-y-te.toml").write_text(
            'agency = "so-y-te"\nkind = "folder"\naddress = "giao"\napproved = true\n'
        )
        for number in range(datasets):
            dataset = place / "giao" / f"bo-{TOKEN}-{number}"
            dataset.mkdir(parents=True)
            description = f"title: Bộ {TOKEN} số {number}\ndescription: Đo tốc độ.\nlicence: CC-BY-4.0\n"
            (dataset / "dataset.yaml").write_text(description, "utf-8")
            for file in ("a.csv", "b.csv"):
                (dataset / file).write_text(rows(number), "utf-8")
        yield place


def ours(place: Path) -> dict[str, int]:
    """One whole run; how many datasets had which outcome."""
    found: dict[str, int] = {}
    with open_workspace(place, os.environ, lambda: datetime.now(UTC)) as opened:
        result = run(opened, (), lambda: datetime.now(UTC), judge=checks.check)
    for source in result.sources:
        for dataset in source.datasets:
            found[dataset.outcome.value] = found.get(dataset.outcome.value, 0) + 1
    return found


def main() -> int:
    """Run all three, then take away what was made if the token may."""
    datasets = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    site = ckanapi.RemoteCKAN(os.environ["CKAN_URL"], apikey=os.environ["CKAN_API_KEY"])
    owner = f"do-{TOKEN}"
    site.action.organization_create(name=owner, title=f"Đo tốc độ {TOKEN}")
    names: list[str] = []
    alone = rate(
        "ckanapi: create + 2 × resource_create, one", datasets, lambda: names.extend(bare(site, owner, datasets))
    )
    rate("package_show, one", datasets, lambda: [site.action.package_show(id=name) for name in names])
    with workspace(owner, datasets) as place:
        outcomes: dict[str, int] = {}
        mine = rate("opendata run: collect, check, publish, read back", datasets, lambda: outcomes.update(ours(place)))
        print(outcomes, f"threads at the end: {threading.active_count()}")
        rate("opendata run again: nothing changed", datasets, lambda: ours(place))
    print(f"ours : ckanapi = {mine / alone:.2f}")
    mine_there = site.action.package_search(fq=f"organization:{owner}", rows=1000, include_private=True)["results"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda package: site.action.package_delete(id=package["id"]), mine_there))
    return 0 if outcomes == {"published": datasets} else 1


if __name__ == "__main__":
    raise SystemExit(main())
