"""The one door to the database: everything the product remembers, on SQLite or PostgreSQL."""

from harvester.store.attempts import Attempts
from harvester.store.datasets import Datasets
from harvester.store.facts import Facts
from harvester.store.journal import Journal
from harvester.store.ledger import Ledger
from harvester.store.memory import Memory
from harvester.store.notices import Notices
from harvester.store.retention import Retention
from harvester.store.snapshot import Snapshot

__all__ = ["Store"]


class Store(Ledger, Attempts, Datasets, Facts, Journal, Memory, Notices, Retention, Snapshot):
    """An open database; `Store.open(path_or_url, now)` gives one. Its methods are told by subject in its bases.

    Each method is one transaction that is kept whole or not at all; one that takes a lease stores nothing and raises
    RunLocked when another lease was given out for the same key since. All may raise ConfigurationError (the database
    cannot be used) and RunLocked (another program keeps it locked).
    """
