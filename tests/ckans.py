"""A real CKAN under test, as `tests/ckan/up` starts it: CKAN_URL and CKAN_API_KEY (a sysadmin) are in the environment.

Everything is made under names of its own, so that the tests can run again on a CKAN that was used; what they publish
is published by an editor, as on a real portal.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ckanapi
import requests
import workspaces
from workspaces import Clock

import checks
from harvester.environment import Environment, environment
from harvester.model import Portal
from harvester.results import RunResult
from harvester.run import run
from harvester.workspace import Workspace, open_workspace
from publishers.ckan import Ckan
from publishers.ckan_fields import KEY

OTHERS = "Người khác"
"""The organisation of datasets that are not ours."""

URL = os.environ.get("CKAN_URL", "")


def admin() -> ckanapi.RemoteCKAN:
    return ckanapi.RemoteCKAN(URL, apikey=os.environ["CKAN_API_KEY"])


def anonymous() -> ckanapi.RemoteCKAN:
    return ckanapi.RemoteCKAN(URL)


@dataclass(frozen=True)
class Editor:
    """A user of the CKAN under test who is an editor of some organisations."""

    name: str
    token: str

    @property
    def environ(self) -> dict[str, str]:
        return {"CKAN_URL": URL, "CKAN_API_KEY": self.token}

    def environment(self) -> Environment:
        return environment(self.environ)

    def publisher(self, **portal: Any) -> Ckan:
        return Ckan(Portal("ckan", "Cổng dữ liệu mở", url=URL, **portal), self.environment())


def unique(prefix: str = "t") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def organisation(title: str, name: str = "") -> str:
    """An organisation of this title, made unless it is there; returns its name."""
    for found in admin().action.organization_list(all_fields=True, limit=1000):
        if found["title"] == title:
            return str(found["name"])
    return str(admin().action.organization_create(name=name or unique("to-chuc"), title=title)["name"])


@cache
def editor(*organisations: str) -> Editor:
    """A new user, editor of these organisations."""
    name = unique("bien-tap")
    site = admin()
    site.action.user_create(name=name, email=f"{name}@example.org", password=uuid.uuid4().hex)
    for one in organisations:
        site.action.organization_member_create(id=one, username=name, role="editor")
    return Editor(name, site.action.api_token_create(user=name, name="tests")["token"])


def purge_ours() -> None:
    """Take away everything that any test published, deleted datasets too: a fresh portal."""
    site, ours = admin(), f"extras_{KEY}:* OR organization:{organisation(OTHERS)}"
    while found := site.action.package_search(fq=ours, rows=1000, include_private=True, include_drafts=True)["results"]:
        for package in found:
            site.action.dataset_purge(id=package["id"])


def write_calls(log: Path) -> list[str]:
    """The write calls in the server's own list of calls: lines "POST /api/3/action/package_revise 200"."""
    writes = ("create", "update", "patch", "revise", "delete", "purge", "upsert")
    lines = log.read_text().splitlines() if log.exists() else []
    return [line for line in lines if line.startswith("POST ") and any(word in line for word in writes)]


def calls_log() -> Path:
    """Where the CKAN under test lists every request it answered."""
    stack = Path(os.environ.get("CKAN_STACK") or f"{os.environ.get('TMPDIR', '/tmp')}/ckan-stack")
    series = "".join(os.environ["CKAN_VERSION"].split(".")[:2])
    return stack / "log" / f"ckan-{series}.calls.log"


def page(url: str) -> bytes:
    """A page as an anonymous reader gets it."""
    return requests.get(url, timeout=60).content


# ---------------------------------------------------------------- workspaces that publish to the CKAN under test


def make_workspace(folder: Path, who: Editor, owner: str, sources: tuple[str, ...] = ("so-y-te",)) -> Path:
    """A workspace whose sources are all of So Y te, published by `who` into the organisation `owner`."""
    workspaces.make_workspace(folder, dict.fromkeys(sources, "so-y-te"))
    portal = folder / "config" / "portal.toml"
    text = portal.read_text("utf-8").replace('\nkind = "catalogue"', f'\nkind = "ckan"\nurl = "{URL}"')
    portal.write_text(f'{text}\n[organizations]\nNA-P-SYT = "{owner}"\n', "utf-8")
    return folder


@contextmanager
def opened(folder: Path, who: Editor, clock: Clock) -> Iterator[Workspace]:
    with open_workspace(folder, who.environ, clock) as workspace:
        yield workspace


def do_run(folder: Path, who: Editor, clock: Clock | None = None) -> RunResult:
    """A whole run, files judged in this process."""
    clock = clock or Clock()
    with opened(folder, who, clock) as workspace:
        return run(workspace, (), clock, judge=checks.check)


def outcomes(result: RunResult) -> dict[str, str]:
    return {each.identifier: each.outcome.value for source in result.sources for each in source.datasets}


def names(folder: Path, who: Editor) -> dict[str, str]:
    """Identifier → frozen name, of all that the workspace knows."""
    with opened(folder, who, Clock()) as workspace:
        return {known.identifier: known.name for known in workspace.store.datasets()}
