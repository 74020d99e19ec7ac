"""Every way of `hostile.CASES`, all at once and a day later again: its named outcome, in bounds, and nothing lost.

All sources run side by side in one run, as a province's would. The limits are shortened by configuration;
OPENDATA_REAL_LIMITS=1 plays the same with those that are built in, and then measures the promised bounds.
"""

import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hostile import CASES, INNER, Case, Stage, behave
from servers import CERTIFICATES, Server, body, redirect, serving
from workspaces import Clock, make_workspace, tree

import harvester.workspace
from harvester.ledger import RunState
from harvester.names import slug
from harvester.results import RunResult, SourceResult
from harvester.run import run
from harvester.workspace import Workspace

REAL = bool(os.environ.get("OPENDATA_REAL_LIMITS"))
SHORT = (
    "\n[limits]\nconnect = 1\nread = 0.4\ntotal = 1.5\nbackoff = 0.01\nretries = 2\nlisting = 6\n"
    "listing_bytes = 20000000\nfile_bytes = 60000000\nratio_floor = 4000000\nlongest_wait = 0.2\n"
)
SECONDS = 150 if REAL else 60
"""In which all of it must have ended: the slowest source decides."""


def place(name: str) -> str:
    return slug(name)[:50].strip("-")


class Played:
    """The whole play: three runs, and what was seen of each."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = make_workspace(folder)
        (folder / "config" / "sources" / "so-y-te.toml").unlink()
        self.clock = Clock()
        portal = folder / "config" / "portal.toml"
        portal.write_text(portal.read_text("utf-8") + ("" if REAL else SHORT), "utf-8")
        keep_one_agency(folder)
        self.canary = stack.enter_context(serving(at=INNER))
        self.canary.answers["/secret"] = [body(b"inner secret")]
        self.canary.answers["/secret.csv"] = [body(b"a,b\n1,2\n")]
        self.stages = {name: stack.enter_context(staged(name, case, self.canary.url)) for name, case in CASES.items()}
        self.mind = "127.0.0.1"  # of the name that changes it
        stack.enter_context(names(self))
        for name, case in CASES.items():
            source(folder, name, case, self.stages[name].server)
        for name, case in CASES.items():
            if case.good:
                behave(self.stages[name], case.kind)
        self.results, self.took = [], []
        self.run()
        self.before = self.portal()
        self.mind = INNER
        for name, case in CASES.items():
            case.bad(self.stages[name])
            if name == "HTTP after HTTPS":
                plain = Stage(stack.enter_context(serving()), "", f"/{place(name)}")
                behave(plain, case.kind)
                self.stages[name].server.answers[f"/{place(name)}/datapackage.json"] = [
                    redirect(plain.server.url + f"/{place(name)}/datapackage.json")
                ]
        for _ in range(2):
            self.clock.pass_by(hours=25)
            self.run()

    def run(self) -> None:
        began = time.monotonic()
        environ = {"SSL_CERT_FILE": str(CERTIFICATES / "authority.pem")}
        with harvester.workspace.open_workspace(self.folder, environ, self.clock) as workspace:
            self.results.append(by_source(run(workspace, (), self.clock)))
            self.ended(workspace)
        self.took.append(time.monotonic() - began)

    def ended(self, workspace: Workspace) -> None:
        assert workspace.store.open_entries() == workspace.store.unfinished_runs() == ()
        assert workspace.store.runs()[0].state in set(RunState) - {RunState.RUNNING}

    def portal(self) -> dict[str, str]:
        """What a reader is shown: every file of every version that is pointed to."""
        found = tree(self.folder / "portal")
        return {path: content for path, content in found.items() if path.startswith(("dataset/", "versions/"))}


def by_source(result: RunResult) -> dict[str, SourceResult]:
    return {source.id: source for source in result.sources}


def keep_one_agency(folder: Path) -> None:
    register = folder / "config" / "agencies.csv"
    header, *rows = register.read_text("utf-8").splitlines()
    register.write_text("\n".join([header, *(row for row in rows if row.startswith("NA-P-SYT,"))]) + "\n", "utf-8")


@contextmanager
def staged(name: str, case: Case, canary: str) -> Iterator[Stage]:
    with serving(case.tls) as server:
        yield Stage(server, canary, f"/{place(name)}")


def source(folder: Path, name: str, case: Case, server: Server) -> None:
    whole = {"datapackage": "/datapackage.json", "data_json": "/data.json", "ckan": ""}[case.kind]
    address = (case.address or server.url + "{place}" + whole).format(
        port=server.server_address[1], place=f"/{place(name)}"
    )
    agency = '[agencies]\n"Sở Y tế" = "so-y-te"\n' if case.kind == "data_json" else ""
    (folder / "config" / "sources" / f"{place(name)}.toml").write_text(
        ("" if agency else 'agency = "so-y-te"\n')
        + f'kind = "{case.kind}"\naddress = "{address}"\napproved = true\nallow_networks = ["127.0.0.1/32"]\n{agency}'
    )


@contextmanager
def names(played: Played) -> Iterator[None]:
    """The name rebind.example is at what `played.mind` says."""
    real = socket.getaddrinfo

    def resolve(host, *rest, **options):
        return real(played.mind if host == "rebind.example" else host, *rest, **options)

    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = real


# ---------------------------------------------------------------- what came of it


def test_there_are_at_least_sixty_ways():
    assert len(CASES) >= 60
    assert len({place(name) for name in CASES}) == len(CASES)


def test_a_world_that_misbehaves_in_every_named_way(tmp_path: Path):
    """One test, because the play is one; what is wrong is listed whole."""
    with ExitStack() as stack:
        played = Played(tmp_path / "w", stack)
        each_way_has_its_named_outcome_every_time(played)
        only_errors_of_ours_reached_anybody(played)
        what_was_published_before_is_still_shown_byte_for_byte(played)
        no_inner_address_was_asked_and_no_cookie_sent_back(played)
        nothing_was_left_behind(played)
        it_ended_in_time_and_in_little_memory(played)


def each_way_has_its_named_outcome_every_time(played: Played) -> None:
    wrong = []
    for day, result in enumerate(played.results[1:]):
        for name, case in CASES.items():
            found = result[place(name)]
            codes = {finding.code for finding in found.findings}
            outcomes = {dataset.outcome.value for dataset in found.datasets}
            wanted = {case.outcome, "unchanged"} if case.outcome == "published" else {case.outcome}
            if (
                (case.state and found.state.value != case.state)
                or (case.code and case.code not in codes and (day or not case.later))
                or (case.outcome and not wanted & outcomes)
                or "BUG-001" in codes
            ):
                wrong.append(f"{name}: {found.state.value} {sorted(codes)} {sorted(outcomes)}")
    assert not wrong, "\n".join(wrong)


def only_errors_of_ours_reached_anybody(played: Played) -> None:
    for result in played.results:
        for found in result.values():
            for finding in found.findings:
                assert finding.message.render("vi") and finding.remedy is not None
                text = finding.message.render("en") + finding.remedy.render("en")
                assert "Traceback" not in text and "Error(" not in text and "object at 0x" not in text


def what_was_published_before_is_still_shown_byte_for_byte(played: Played) -> None:
    """But for the few whose new content is good data: they have a new version beside the old one."""
    after = played.portal()
    changed = {path for path in played.before if played.before[path] != after.get(path)}
    names = {path.split("/")[1].split(".")[0] for path in changed}
    assert {path for path in changed if not path.startswith("dataset/")} == set()
    published = {
        dataset.name
        for result in played.results[1:]
        for found in result.values()
        for dataset in found.datasets
        if dataset.outcome.value == "published"
    }
    assert names <= published
    assert not any(
        dataset.outcome.value == "withdrawn"
        for result in played.results
        for f in result.values()
        for dataset in f.datasets
    )


def no_inner_address_was_asked_and_no_cookie_sent_back(played: Played) -> None:
    assert played.canary.asked == []
    for stage in played.stages.values():
        for _, headers in stage.server.asked:
            assert not {"cookie", "authorization"} & {name.lower() for name in headers}


def nothing_was_left_behind(played: Played) -> None:
    assert list((played.folder / "files").glob("part-*")) == []
    assert not (played.folder / "portal" / ".staging").exists()
    for content in (played.folder / "files").rglob("*"):
        assert not content.is_file() or b"root:x:" not in content.read_bytes()[:4096]


def it_ended_in_time_and_in_little_memory(played: Played) -> None:
    print(f"{len(CASES)} ways, runs of {', '.join(f'{took:.1f}' for took in played.took)} s")
    assert max(played.took[1:]) < SECONDS * (2 if REAL else 1)
    if REAL:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak of the parent {peak:.0f} MB, of the largest child {children:.0f} MB")
        assert peak < 400, "the test's own servers are in it"
