"""Reading a source in a test: what it yields, and its datasets by identifier."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import LOOPBACK

from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.guard import Limits
from harvester.model import Dataset, Finding, Listing, Source
from harvester.sources import SOURCES

QUICK = Limits(connect=0.3, read=0.3, total=2.0, backoff=0.01, retries=0)


@dataclass(frozen=True)
class Read:
    """Everything a source yielded."""

    datasets: Mapping[str, Dataset]
    findings: tuple[Finding, ...]
    complete: bool

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.findings]


@contextmanager
def door(folder: Path, limits: Limits = QUICK) -> Iterator[Fetcher]:
    with Fetcher(FileStore(folder / "files"), allow_networks=LOOPBACK, limits=limits) as fetcher:
        yield fetcher


def read(kind: str, address: str, folder: Path, limits: Limits = QUICK, **options: Any) -> Read:
    """All that the source at `address` yields; what it raises goes through."""
    source = Source("s", kind, address, agency="a", allow_networks=LOOPBACK, options=options)
    with door(folder, limits) as fetcher:
        items = list(SOURCES[kind](source, fetcher, folder))
    listing = items[-1]
    assert isinstance(listing, Listing)
    return Read(
        {item.identifier: item for item in items if isinstance(item, Dataset)},
        tuple(item for item in items if isinstance(item, Finding)),
        listing.complete,
    )


def read_text(kind: str, name: str, content: bytes, folder: Path, **options: Any) -> Read:
    """`read` of one local file."""
    (folder / name).write_bytes(content)
    return read(kind, name, folder, **options)
