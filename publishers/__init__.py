"""What a portal must offer, and the kinds of portal there are.

A publisher only does what it is told: `harvester.run` decides, journals before every effect, reads back after it.
Every method may raise PortalUnavailable (outcome unknown: the caller reads back) and every write is safe to repeat.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from harvester.environment import Environment
from harvester.ledger import KnownDataset
from harvester.model import Agency, Change, HandEdit, Portal, Publication, Seen, Tombstone


@dataclass(frozen=True)
class Site:
    """What the pages around the datasets show: finished records, computed by `run`, none by a publisher."""

    title: str
    illustration: bool
    as_of: date
    agencies: tuple[Agency, ...]  # those with a page
    statistics: Mapping[str, Any]  # the `stats` JSON (texts in Vietnamese)
    statistics_en: Mapping[str, Any]  # the same with texts in English
    findings: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Frozen name → what stands against it today, each as `records.to_json(Finding)`."""
    datasets: tuple[KnownDataset, ...] = ()  # all the ledger knows, published or not


class Publisher(Protocol):
    """A portal that datasets can be published to."""

    at_once: int
    """How many datasets may be published side by side."""

    def find(self, name: str) -> Seen | None:
        """What the portal holds under our frozen `name`, as its editor sees it; None if absent."""

    def difference(self, wanted: Publication, seen: Seen | None, last: Publication | None = None) -> tuple[Change, ...]:
        """What publishing `wanted` over `seen` would change; empty: the portal is already as wanted.

        `last` is what was written there last: what a person has changed since, on a portal where one can, is kept.
        """

    def hand_edits(self, wanted: Publication, seen: Seen | None, last: Publication | None) -> tuple[HandEdit, ...]:
        """What a person changed on the portal since `last` was written."""

    def publish(self, wanted: Publication, seen: Seen | None, last: Publication | None = None) -> int:
        """Make the portal show `wanted`, whole, at one moment; returns the number of write calls.

        Repeating it after any crash gives the same state. Raises PublicationRefused when the portal says no, HandEdited
        when the source changed what a person edited there.
        """

    def repair(self, wanted: Publication, last: Publication | None = None) -> int:
        """Publish `wanted` again although nothing seems to differ: what is read back is not what was sent."""

    def read_back(self, name: str) -> Seen | None:
        """The dataset as an anonymous reader gets it now: description, and size and SHA-256 of each file's bytes."""

    def withdraw(self, tombstone: Tombstone, seen: Seen | None) -> int:
        """Take the dataset away from readers, files included, leaving the tombstone; returns the write calls."""

    def listing(self) -> Iterator[Seen]:
        """Every dataset an anonymous reader finds there; ends by raising PortalUnavailable if it was cut short."""

    def url(self, name: str) -> str:
        """The address of the dataset's page."""

    def present(self, site: Site) -> None:
        """Refresh what surrounds the datasets (index, catalogues, agency and target pages), if this kind has any."""


def _catalogue(portal: Portal, folder: Path, environment: Environment) -> Publisher:
    from publishers.catalogue import Catalogue  # Jinja is loaded by those who publish

    return Catalogue(portal, folder)


def _ckan(portal: Portal, folder: Path, environment: Environment) -> Publisher:
    from publishers.ckan import Ckan

    return Ckan(portal, environment)


PUBLISHERS: Mapping[str, Callable[[Portal, Path, Environment], Publisher]] = {"catalogue": _catalogue, "ckan": _ckan}
"""Kinds of portal by the name that portal.toml uses; the folder is `<workspace>/portal`."""
