"""The one door to other people's servers: documents read, files downloaded, politely and within limits.

A `Fetcher` lives one run. Hosts are asked side by side, each at most twice at once; a host found down is not asked
again in that run. SourceUnavailable means "unknown": nobody answered properly. SourceChanged means that the server did
answer, and what it said will not do: NET-401, NET-403, NET-404, NET-410 (NET-<status> for every status from 400 on),
NET-017 for a login page.
"""

import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from types import TracebackType
from typing import IO, Self, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from harvester.archives import CHUNK
from harvester.errors import SourceError, SourceUnavailable
from harvester.files import FileStore
from harvester.guard import Deadline, Route, guarded_session
from harvester.ledger import Validators
from harvester.limits import Limits
from harvester.model import StoredFile
from harvester.refusals import (
    DOWN,
    RETRIED,
    Unanswered,
    answered,
    circular,
    explained,
    host_down,
    listing_too_long,
    no_data,
    too_large,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A small document as a server gave it."""

    url: str  # after redirects
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        """As the server said, in lower case and without parameters."""
        return _media_type(self.headers)


@dataclass(frozen=True)
class Download:
    """A file as it now is, kept."""

    file: StoredFile
    validators: Validators  # to ask next time only if it changed
    changed: bool  # against the validators it was asked with


_ADDRESS_OF_LOGIN = re.compile(r"/(log-?in|sign-?in|dang-?nhap|sso|oauth2?|cas)\b", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


class Fetcher:
    """Asks servers during one run; thread-safe. Close it, or use it as a context manager."""

    def __init__(
        self,
        files: FileStore,
        *,
        allow_networks: tuple[str, ...] = (),
        proxy: str = "",
        no_proxy: str = "",
        ca_bundle: str = "",
        limits: Limits | None = None,
    ) -> None:
        """`allow_networks`: CIDR ranges; `no_proxy`: hosts and domains with commas between, as in NO_PROXY."""
        self.files = files
        self._limits = limits or Limits()
        self._hosts = _Hosts(self._limits)
        direct = tuple(host.strip().lower() for host in no_proxy.split(",") if host.strip())
        route = Route(proxy, direct, ca_bundle)
        self._deadline = Deadline()
        self._session = guarded_session(self._limits, allow_networks, route, self._hosts.stopping, self._deadline)

    def read(self, url: str, accept: str = "*/*") -> Answer:
        """A document of at most `listing_bytes`, in memory.

        Raises SourceUnavailable or SourceChanged; a web page where `accept` asks for something else is SourceChanged.
        """

        def receive(response: requests.Response) -> Answer:
            content = b"".join(_body(response, url, self._limits, self._limits.listing_bytes))
            if "html" not in accept and "*/*" not in accept and _is_html(content):
                raise no_data(url)
            return Answer(response.url, response.status_code, response.headers, content)

        return self._ask(url, {"Accept": accept}, receive)

    def spool(self, url: str, into: IO[bytes], accept: str = "*/*") -> Answer:
        """A document of at most `file_bytes`, written to the file `into`; the answer's content stays empty.

        Raises SourceUnavailable or SourceChanged.
        """

        def receive(response: requests.Response) -> Answer:
            into.seek(0)
            into.truncate()
            for chunk in _body(response, url, self._limits, self._limits.file_bytes):
                into.write(chunk)
            return Answer(response.url, response.status_code, response.headers, b"")

        return self._ask(url, {"Accept": accept}, receive)

    def download(self, url: str, known: Validators | None = None) -> Download:
        """The file at `url`, streamed into the store; asked only if it changed where `known` content is still kept.

        Raises SourceUnavailable or SourceChanged, and then nothing is kept.
        """
        kept = self.files.get(known.sha256) if known else None
        headers = {"Accept": "*/*"}
        if known and kept:
            asked = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
            headers |= {name: value for name, value in asked.items() if value}

        def receive(response: requests.Response) -> Download:
            if response.status_code == 304 and known and kept:
                response.raw.read()  # nothing, but it hands the connection back
                return Download(replace(kept, media_type=known.media_type), known, changed=False)
            chunks = _body(response, url, self._limits, self._limits.file_bytes)
            first = next(chunks, b"")
            if _is_html(first) and (_PASSWORD_FIELD.search(first) or _ADDRESS_OF_LOGIN.search(response.url)):
                raise no_data(url)
            file = self.files.keep_stream(chain([first], chunks), self._limits.file_bytes)
            return _downloaded(file, response.headers, known)

        return self._ask(url, headers, receive)

    def submit(self, url: str, known: Validators | None = None) -> "Future[Download]":
        """`download` in the background: hosts side by side, at most `per_host` of one host at once."""
        return self._hosts.of(url).workers.submit(self.download, url, known)

    @contextmanager
    def listing(self, seconds: float) -> Iterator[None]:
        """What this thread reads in here is given up after `seconds`; downloads in the background are not."""
        self._deadline.listing = time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline.listing = float("inf")

    @property
    def limits(self) -> Limits:
        """What servers may cost."""
        return self._limits

    def close(self) -> None:
        """Stop what is under way (within about a second) and release threads and connections."""
        self._hosts.close()
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, url: str, headers: dict[str, str], receive: Callable[[requests.Response], T]) -> T:
        """Ask until answered, `retries` times more where that may help."""
        if time.monotonic() >= self._deadline.listing:
            raise listing_too_long(url, self._limits.listing)
        with self._hosts.of(url).turn:
            self._deadline.address = time.monotonic() + self._limits.total
            for attempt in range(self._limits.retries + 1):
                try:
                    return self._once(url, headers, receive)
                except _Failed as failed:
                    wait = self._wait(failed.error, attempt)
                    ends = min(self._deadline.address, self._deadline.listing)
                    if wait is None or time.monotonic() + wait > ends or self._hosts.stopping.wait(wait):
                        self._hosts.of(failed.url).failed(failed.error)
                        raise failed.error from failed.error.__cause__
        raise AssertionError("unreachable: the last attempt returned or raised")

    def _once(self, url: str, headers: dict[str, str], receive: Callable[[requests.Response], T]) -> T:
        """One attempt, from redirect to redirect, so that each host answers for itself alone. Raises _Failed."""
        hop = url
        try:
            for _ in range(self._limits.redirects + 1):
                host = self._hosts.of(hop)
                host.refuse_if_down(hop)
                with self._get(hop, headers) as response:
                    if response.next is None:
                        received = self._received(hop, response, receive)
                        host.failures = 0
                        return received
                    hop = response.next.url or ""
            raise circular(url)
        except SourceError as error:
            raise _Failed(hop, error) from error

    def _get(self, url: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.get(url, headers=headers, stream=True, allow_redirects=False)
        except (requests.RequestException, HTTPError, ValueError) as error:  # ValueError: a redirect to nonsense
            raise explained(url, error) from error

    def _received(self, url: str, response: requests.Response, receive: Callable[[requests.Response], T]) -> T:
        asked = response.request.headers
        conditional = "If-None-Match" in asked or "If-Modified-Since" in asked
        if response.status_code not in ((200, 203, 304) if conditional else (200, 203)):
            raise answered(url, response.status_code, response.headers)
        try:
            return receive(response)
        except (requests.RequestException, HTTPError, zlib.error) as error:
            raise explained(url, error) from error

    def _wait(self, error: SourceError, attempt: int) -> float | None:
        """Seconds before the next attempt; None: do not try again."""
        if error.code not in RETRIED or attempt == self._limits.retries:
            return None
        if isinstance(error, Unanswered) and error.retry_after is not None:
            return error.retry_after if error.retry_after <= self._limits.longest_wait else None
        return self._limits.backoff * (1 << attempt)


class _Failed(Exception):
    """An attempt that failed at `url`, to which it may have been redirected; never leaves this module."""

    def __init__(self, url: str, error: SourceError) -> None:
        super().__init__(url)
        self.url, self.error = url, error


@dataclass
class _Host:
    """What this run knows of one host (name and port)."""

    name: str
    turn: threading.Semaphore
    workers: ThreadPoolExecutor  # starts a thread only when there is work
    patience: int
    failures: int = 0  # addresses in a row
    down: SourceError | None = None

    def refuse_if_down(self, url: str) -> None:
        if self.down is not None:
            raise host_down(url, self.name, self.down)

    def failed(self, error: SourceError) -> None:
        if isinstance(error, SourceUnavailable):
            self.failures += 1
            if error.code in DOWN or self.failures >= self.patience:
                self.down = self.down or error


@dataclass
class _Hosts:
    limits: Limits
    stopping: threading.Event = field(default_factory=threading.Event)
    known: dict[str, _Host] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, url: str) -> _Host:
        try:
            name = urlsplit(url).netloc.rpartition("@")[2].lower()
        except ValueError as error:
            raise explained(url, requests.exceptions.InvalidURL(str(error))) from error
        with self.lock:
            if name not in self.known:
                at_once = self.limits.per_host
                workers = ThreadPoolExecutor(at_once, thread_name_prefix=f"fetch {name}")
                self.known[name] = _Host(name, threading.Semaphore(at_once), workers, self.limits.patience)
            return self.known[name]

    def close(self) -> None:
        self.stopping.set()
        with self.lock:
            hosts = list(self.known.values())
        for host in hosts:
            host.workers.shutdown(wait=False, cancel_futures=True)
        for host in hosts:
            host.workers.shutdown()


def _body(response: requests.Response, url: str, limits: Limits, budget: int) -> Iterator[bytes]:
    """The body, decompressed, within `budget` bytes and the ratio of `limits`."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > budget:
        raise too_large(url, budget)
    wire = response.raw.stream(CHUNK, decode_content=False)
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise explained(url, requests.exceptions.ContentDecodingError(encoding))
    size = 0
    for chunk in wire if encoding in ("identity", "") else _unpacked(wire):
        size += len(chunk)
        if size > budget or (size > limits.ratio_floor and size > limits.ratio * response.raw.tell()):
            raise too_large(url, budget)
        yield chunk


def _unpacked(wire: Iterator[bytes]) -> Iterator[bytes]:
    """gzip, member after member, never more than a chunk at once; a body cut short raises zlib.error."""
    decoder = zlib.decompressobj(31)
    for packed in wire:
        while packed:
            if decoder.eof:
                decoder = zlib.decompressobj(31)
            yield decoder.decompress(packed, CHUNK)
            packed = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if not decoder.eof:
        raise zlib.error("cut short")


def _is_html(start: bytes) -> bool:
    return _HTML.match(start.removeprefix(b"\xef\xbb\xbf")[:4096]) is not None


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _downloaded(file: StoredFile, headers: Mapping[str, str], known: Validators | None) -> Download:
    stamps = {name: headers.get(name, "") for name in ("ETag", "Last-Modified")}
    usable = {name: value if value.isascii() and value.isprintable() else "" for name, value in stamps.items()}
    media_type = _media_type(headers)
    validators = Validators(usable["ETag"], usable["Last-Modified"], file.sha256, media_type)
    changed = known is None or known.sha256 != file.sha256
    return Download(replace(file, media_type=media_type), validators, changed)
