"""A workspace: one folder with its configuration, its state and its portal, opened for one command."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from harvester.config import Config, load
from harvester.environment import Environment, environment
from harvester.errors import ConfigurationError
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.i18n import say
from harvester.sources import KINDS
from harvester.store import Store
from publishers import PUBLISHERS, Publisher

Clock = Callable[[], datetime]
"""Gives the time now, aware and in UTC; handed down from the command line, so that tests can set it."""


@dataclass(frozen=True)
class Workspace:
    """Everything a command needs, opened; `folder` holds config/, state.db, files/, portal/ and locks/."""

    folder: Path
    config: Config
    environment: Environment
    store: Store
    files: FileStore
    publisher: Publisher

    def fetcher(self, files: FileStore, allow_networks: tuple[str, ...] = ()) -> Fetcher:
        """The door to other people's servers for one command; close it after use."""
        return Fetcher(
            files,
            allow_networks=allow_networks,
            proxy=self.environment.https_proxy,
            no_proxy=self.environment.no_proxy,
            ca_bundle=str(self.environment.ca_bundle or ""),
            limits=self.config.limits,
        )


@contextmanager
def open_workspace(
    folder: Path, environ: Mapping[str, str], clock: Clock, *, writing: bool = True
) -> Iterator[Workspace]:
    """Open `folder` for one command and close it after.

    The configuration is read and, when `writing`, each changed file of it is recorded as a revision. With
    `writing=False` (a dry run) nothing is created: a workspace without a database gets one in a temporary folder.
    Raises ConfigurationError naming file, line and key.
    """
    settings = environment(environ)
    config = load(folder, KINDS)
    if config.portal.kind not in PUBLISHERS:
        raise ConfigurationError(
            "CFG-090",
            say("config/portal.toml: there is no kind of portal called “{kind}”.", kind=config.portal.kind),
            say("Kinds in this version: {kinds}.", kinds=", ".join(PUBLISHERS)),
            {"file": "config/portal.toml", "sheet": None, "row": None, "column": "kind", "cell": None},
        )
    with ExitStack() as stack:
        database = settings.database or str(folder / "state.db")
        if not writing and not settings.database and not (folder / "state.db").exists():
            database = str(Path(stack.enter_context(TemporaryDirectory())) / "state.db")
        store = stack.enter_context(Store.open(database, clock()))
        if writing:
            store.record_revisions(config.documents, clock())
        publisher = PUBLISHERS[config.portal.kind](config.portal, folder / "portal", settings)
        yield Workspace(folder, config, settings, store, FileStore(folder / "files"), publisher)
