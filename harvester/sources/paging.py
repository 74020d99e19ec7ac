"""What proves that a listing in pages is whole."""

import hashlib
from urllib.parse import urlsplit

from harvester.i18n import Text, say

PAGES = 10_000


class Proof:
    """Watches a listing in pages: every page must be new, the total must stay, and as many records must come."""

    def __init__(self) -> None:
        self.seen: set[str] = set()  # identifiers of what came
        self._addresses: set[str] = set()
        self._contents: set[bytes] = set()
        self._total: int | None = None

    def page(self, address: str, content: bytes, total: int | None = None, *, empty: bool = False) -> Text | None:
        """Take note of a page; why the listing cannot be trusted from here on, if so.

        `empty`: it lists nothing, so that two of them may be equal.
        """
        digest = hashlib.sha256(content).digest()
        repeated = address in self._addresses or (digest in self._contents and not empty)
        self._addresses.add(address)
        self._contents.add(digest)
        moved = None not in (self._total, total) and self._total != total
        before, self._total = self._total, self._total if total is None else total
        if repeated:
            return say("A page came twice: {page}.", page=_shown(address))
        if moved:
            return say("The total changed from {before} to {after} between pages.", before=before, after=total)
        if len(self._addresses) >= PAGES:
            return say("There are more than {limit} pages.", limit=PAGES)
        return None

    def whole(self) -> Text | None:
        """Why what came is not all, by the total; None if it is, or no total was said."""
        if self._total is None or self._total == len(self.seen):
            return None
        return say("{total} records are announced, {count} came.", total=self._total, count=len(self.seen))


def page_failed(address: str, why: Text) -> Text:
    """That a page after the first could not be read."""
    return say("A page could not be read ({page}): {why}", page=_shown(address), why=why)


def _shown(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"[:120] if parts.query else parts.path[:120]
