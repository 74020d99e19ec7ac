"""With OPENDATA_TEST_DATABASE=postgresql://… every workspace of the tests keeps its ledger there, in its own schema.

So `python -m pytest` runs the whole suite on SQLite, and once more on a server, without a test knowing of it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onserver

import harvester.workspace

if onserver.SERVER:
    _open = harvester.workspace.open_workspace

    @contextmanager
    def open_on_server(
        folder: Path, environ: Mapping[str, str], clock: harvester.workspace.Clock, *, writing: bool = True
    ) -> Iterator[harvester.workspace.Workspace]:
        named = environ if environ.get("OPENDATA_DATABASE") else {**environ, "OPENDATA_DATABASE": onserver.url(folder)}
        with _open(folder, named, clock, writing=writing) as workspace:
            yield workspace

    harvester.workspace.open_workspace = open_on_server

os.environ.pop("OPENDATA_DATABASE", None)  # what the developer uses is not for tests to write into
