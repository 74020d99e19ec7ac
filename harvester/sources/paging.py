"""What proves that a listing in pages is whole."""

import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harvester.errors import SourceChanged
from harvester.fetch import Answer, Fetcher
from harvester.i18n import Text, say
from harvester.sources.catalogues import Home, no_catalogue
from harvester.sources.descriptors import read_json

PAGES = 10_000


class Proof:
    """Watches a listing in pages: every page must be new, the total must stay, and as many records must come."""

    def __init__(self) -> None:
        self._seen: set[str] = set()  # identifiers of what came
        self._page: set[str] = set()  # those of this page
        self._doubles = 0  # on one page, where nothing can have moved: the source itself says it twice
        self._addresses: set[str] = set()
        self._contents: set[bytes] = set()
        self._total: int | None = None

    def page(self, address: str, content: bytes, total: int | None = None, *, empty: bool = False) -> Text | None:
        """Take note of a page; why the listing cannot be trusted from here on, if so.

        `empty`: it lists nothing, so that two of them may be equal.
        """
        self._page = set()
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

    def saw(self, identifier: str) -> None:
        """Take note of a record."""
        self._doubles += identifier in self._page
        self._page.add(identifier)
        self._seen.add(identifier)

    @property
    def count(self) -> int:
        """How many records came."""
        return len(self._seen) + self._doubles

    def whole(self) -> Text | None:
        """Why what came is not all, by the total; None if it is, or no total was said."""
        if self._total is None or self._total == self.count:
            return None
        return say("{total} records are announced, {count} came.", total=self._total, count=self.count)


def page_failed(address: str, why: Text) -> Text:
    """That a page after the first could not be read."""
    return say("A page could not be read ({page}): {why}", page=_shown(address), why=why)


def _shown(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"[:120] if parts.query else parts.path[:120]


def with_query(address: str, **changes: str | int) -> str:
    """`address` with these parameters set in its query."""
    parts = urlsplit(address)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in changes]
    query = urlencode([*kept, *((key, str(value)) for key, value in changes.items())])
    return urlunsplit(parts._replace(query=query))


def read_page(fetcher: Fetcher, address: str, kind: str) -> tuple[Answer, Any]:
    """A page of JSON. Raises SourceUnavailable, or SourceChanged for what is none."""
    try:
        answer = fetcher.read(address, accept="application/json")
    except SourceChanged as error:
        if error.code == "NET-017":  # a web page
            raise no_catalogue(Home(_shown(address)), say("it is a web page"), kind) from error
        raise
    return answer, read_json(answer.content, _shown(address))
