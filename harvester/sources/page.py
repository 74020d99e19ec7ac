"""Kind `page`: the data files that an agency's web pages link to, from the address of the first page.

Options: `allow` (path prefixes of the pages that are read; default: the first page's folder), `pages` (how many at
most, 20), `hosts` (other hosts whose files are taken). robots.txt is obeyed, for pages and files. Files that differ in
their ending only are one dataset; its identifier is their address without the ending, its title the link's text (else
that of its row), its `modified` the day beside the link.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from lxml import html
from lxml.etree import ParserError

from harvester.errors import SourceChanged, SourceError
from harvester.fetch import Fetcher
from harvester.i18n import say
from harvester.model import Dataset, Finding, Listing, Severity, Source
from harvester.names import plain
from harvester.sources.catalogues import Catalogue, Home, clean, no_catalogue, what_it_is
from harvester.sources.describing import format_of, readable
from harvester.sources.paging import page_failed

if TYPE_CHECKING:
    from protego import Protego

OPTIONS = frozenset({"allow", "pages", "hosts"})
AGENT = "opendata-nghean"
PAGES, MOST_PAGES = 20, 500
LINKS = 5_000  # of one page
DATA_FILES = frozenset({"CSV", "TSV", "XLSX", "XLS", "XLSM", "ODS", "JSON", "GEOJSON", "XML", "ZIP", "KML", "GPKG"})
_NEAR = 400  # characters of the row that a link stands in; in a longer one a day could belong to something else
_DAY = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b|\b(\d{4})-(\d{2})-(\d{2})\b")
_SAYS_NOTHING = re.compile(
    r"(tai( ve| xuong| tep| file)?|xem( chi tiet)?|tai day|chi tiet|download|link|file|tep|here|csv|xlsx?|json|zip)?\W*"
)
_ROWS = ("tr", "li", "p", "dd", "article")


@dataclass
class _Found:
    """The files of one dataset, as links say."""

    title: str
    day: str
    page: str
    files: dict[str, str] = field(default_factory=dict)  # format → address


def collect(source: Source, fetcher: Fetcher, workspace: Path) -> Iterator[Dataset | Finding | Listing]:
    """Every data file that the pages from `source.address` on link to.

    Raises SourceUnavailable when the first page or robots.txt cannot be reached, SourceChanged when the first page may
    not be read, is none, or nowhere is a data file. A later page that fails, or that is one too many, makes the
    listing incomplete.
    """
    crawl = _Crawl(source, fetcher)
    yield from crawl.run()
    if not crawl.found and crawl.catalogue.end().complete:
        raise no_catalogue(crawl.catalogue.home, say("no page links to a data file"), "page")
    for identifier, found in crawl.found.items():
        if crawl.catalogue.full:
            yield crawl.catalogue.too_many()
            break
        words = {"title": found.title, "modified": found.day, "landing_page": found.page}
        files = [{"key": address, "url": address, "format": kind} for kind, address in found.files.items()]
        yield from crawl.catalogue.dataset(identifier, words, files, where=found.page)
    yield from crawl.left_out()
    yield crawl.catalogue.end()


class _Crawl:
    def __init__(self, source: Source, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        parts = urlsplit(source.address)
        self._start, self._host = _plain_address(source.address), parts.netloc.lower()
        self._allow = tuple(_texts(source, "allow")) or (parts.path.rpartition("/")[0] + "/",)
        self._hosts = {self._host, *(host.lower() for host in _texts(source, "hosts"))}
        most = source.options.get("pages", PAGES)
        self._most = min(most, MOST_PAGES) if isinstance(most, int) and most > 0 else PAGES
        self._robots: dict[str, Protego] = {}
        self._elsewhere: dict[str, None] = {}
        self._forbidden: dict[str, None] = {}
        self.catalogue = Catalogue(source, Home(parts.path or "/", url=source.address))
        self.found: dict[str, _Found] = {}

    def run(self) -> Iterator[Finding]:
        """Read the pages, nearest first."""
        waiting, known, read = deque([self._start]), {self._start}, 0
        while waiting:
            address = waiting.popleft()
            if read >= self._most:
                why = say("There are more than {limit} pages.", limit=self._most)
                yield self.catalogue.incomplete("KND-080", why, say("Raise `pages`, or narrow `allow`."))
                return
            try:
                if not self._may(address):
                    raise _forbidden(address)
                links = list(self._links(address))
            except SourceError as error:
                if not read:
                    raise
                yield self.catalogue.incomplete("KND-008", page_failed(address, error.message), error.remedy)
                continue
            finally:
                read += 1
            for link, target in links:
                if format_of(urlsplit(target).path) in DATA_FILES:
                    self._take(link, target, address)
                elif target not in known and self._is_page(target):
                    known.add(target)
                    waiting.append(target)

    def left_out(self) -> Iterator[Finding]:
        """What was seen and not taken, in words."""
        for left, code, why in (
            (self._elsewhere, "KND-081", say("they lie on other hosts; name these in `hosts` to take them")),
            (self._forbidden, "KND-082", say("robots.txt does not allow it")),
        ):
            if left:
                names = ", ".join(list(left)[:10])
                message = say("{count} files were not taken ({why}): {names}", count=len(left), why=why, names=names)
                yield Finding(code, Severity.INFO, message, say("Nothing, if that is meant."))

    def _links(self, address: str) -> Iterator[tuple[Any, str]]:
        """Each link of a page with where it leads. Raises SourceError."""
        answer = self._fetcher.read(address, accept="text/html, application/xhtml+xml")
        start = answer.content[:4000]
        if "html" not in answer.media_type and "html" not in str(what_it_is(start)) and b"<a" not in answer.content:
            raise no_catalogue(self.catalogue.home, what_it_is(start), "page")
        charset = re.search(r"charset=[\"']?([\w-]+)", answer.headers.get("Content-Type", ""), re.IGNORECASE)
        try:
            parser = html.HTMLParser(encoding=charset[1] if charset else None, huge_tree=False, no_network=True)
            page = html.fromstring(answer.content, parser=parser)
        except (ParserError, LookupError, ValueError) as error:
            raise no_catalogue(self.catalogue.home, what_it_is(start), "page") from error
        base = next((str(each.get("href") or "") for each in page.iter("base")), "")
        for count, link in enumerate(page.iter("a")):
            if count >= LINKS:
                why = say("The page has more than {limit} links.", limit=LINKS)
                raise SourceChanged("KND-083", why, say("Divide it into several sources."))
            try:
                yield link, _plain_address(urljoin(urljoin(answer.url, base), (link.get("href") or "").strip()))
            except ValueError:
                continue  # no address at all

    def _is_page(self, address: str) -> bool:
        parts = urlsplit(address)
        ending = format_of(parts.path)
        return (
            parts.scheme in ("http", "https")
            and parts.netloc.lower() == self._host
            and parts.path.startswith(self._allow)
            and ending in ("", "HTML", "HTM", "ASPX", "PHP", "JSP")
        )

    def _take(self, link: Any, address: str, page: str) -> None:
        if urlsplit(address).netloc.lower() not in self._hosts:
            self._elsewhere[address] = None
        elif not self._may(address):
            self._forbidden[address] = None
        else:
            kind = format_of(urlsplit(address).path)
            stem = re.sub(rf"\.{kind}(?=$|\?)", "", address, flags=re.IGNORECASE)
            title, day = _words(link)
            found = self.found.setdefault(stem, _Found(title or readable(unquote(stem.rpartition("/")[2])), day, page))
            found.files.setdefault(kind, address)

    def _may(self, address: str) -> bool:
        """Whether robots.txt allows it; without one everything is allowed (RFC 9309)."""
        from protego import Protego

        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            try:
                text = self._fetcher.read(f"{origin}/robots.txt").content[:500_000].decode("utf-8", "replace")
            except SourceChanged:  # 4xx: there is none
                text = ""
            self._robots[origin] = Protego.parse(text)
        return bool(self._robots[origin].can_fetch(address, AGENT))


def _texts(source: Source, key: str) -> Iterable[str]:
    value = source.options.get(key, ())
    return [str(text) for text in value] if isinstance(value, list | tuple) else [str(value)]


def _plain_address(address: str) -> str:
    """`address` without fragment and surplus. Raises ValueError."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(fragment="", path=parts.path or "/"))


def _forbidden(address: str) -> SourceChanged:
    message = say(
        "robots.txt of {host} does not allow {path}.", host=urlsplit(address).netloc, path=urlsplit(address).path
    )
    return SourceChanged("KND-084", message, say("Ask whoever runs the site to allow it, or to hand over the files."))


def _words(link: Any) -> tuple[str, str]:
    """Title and day of what a link leads to: its own text, else that of the row it stands in."""
    own = clean(link.text_content()) or clean(link.get("title") or "")
    row = next((each for each in link.iterancestors() if each.tag in _ROWS), None)
    near = clean(" ".join(row.itertext())) if row is not None else ""
    near = near if len(near) <= _NEAR else ""
    day = _day_in(own) or _day_in(near)
    if not _SAYS_NOTHING.fullmatch(plain(own)):
        return own[:300], day
    rest = clean(_DAY.sub(" ", near.replace(own, " "))).strip("-–|:;,.() ")
    return rest[:300], day


def _day_in(text: str) -> str:
    found = _DAY.search(text)
    if found is None:
        return ""
    return found[0] if found[4] else f"{found[1]}/{found[2]}/{found[3]}"
