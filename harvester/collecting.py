"""From one source to datasets with their files, as they arrive: a window of them in flight, so that memory is flat."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass

from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.model import Dataset, Finding, Listing, Source
from harvester.refusals import listing_too_long
from harvester.sources import SOURCES, Obtained, Obtaining, begin
from harvester.stopping import Stop
from harvester.workspace import Workspace

WINDOW = 256
"""Datasets of one source whose files may be under way at once: enough that one dead host holds up no other."""


@dataclass(frozen=True)
class Collected:
    """One dataset of a source, and what came of its files."""

    dataset: Dataset
    obtained: Obtained


def collected(
    workspace: Workspace, source: Source, files: FileStore, stopping: Stop, *, remember: bool
) -> Iterator[Collected | Finding | Listing]:
    """Everything `source` lists, each dataset once its files have arrived or failed; findings and the Listing between.

    Datasets come as they get ready, not in the order of the listing. Raises SourceError from the listing.
    With `remember`, servers are asked only for what changed since the ledger last saw it; `stopping` ends it early.
    """
    known = workspace.store.validators if remember else _nothing_known
    under_way: deque[tuple[Dataset, Obtaining]] = deque()
    with workspace.fetcher(files, source.allow_networks) as fetcher, stopping.closes(fetcher):
        try:
            for item in _listed(SOURCES[source.kind](source, fetcher, workspace.folder), fetcher, source):
                if stopping.is_set():
                    return
                if not isinstance(item, Dataset):
                    yield item
                    continue
                under_way.append((item, begin(item, fetcher, known)))
                yield from _ready(under_way, keep=WINDOW)
            yield from _ready(under_way, keep=0)
        except (CancelledError, RuntimeError):  # a closed fetcher takes no more work, and drops what it had
            if not stopping.is_set():
                raise


def _listed(
    items: Iterator[Dataset | Finding | Listing], fetcher: Fetcher, source: Source
) -> Iterator[Dataset | Finding | Listing]:
    """The listing itself, given up when it has taken its time; what is done with each item meanwhile is not counted."""
    left = fetcher.limits.listing
    while True:
        began = time.monotonic()
        with fetcher.listing(left):
            item = next(items, None)
        left -= time.monotonic() - began
        if item is None:
            return
        yield item
        if left <= 0 and not isinstance(item, Listing):
            raise listing_too_long(source.address, fetcher.limits.listing)


def _ready(under_way: deque[tuple[Dataset, Obtaining]], keep: int) -> Iterator[Collected]:
    """Take out what is done; while more than `keep` are under way, wait for the oldest."""
    for _ in range(len(under_way)):
        dataset, obtaining = under_way.popleft()
        if obtaining.done() or len(under_way) >= keep:
            yield Collected(dataset, obtaining.result())
        else:
            under_way.append((dataset, obtaining))


def _nothing_known(address: str) -> None:
    return None
