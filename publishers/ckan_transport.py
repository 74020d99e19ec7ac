"""The wire to a CKAN portal: ckanapi's actions over our guarded sessions, files streamed, the token kept to its origin.

Reads are tried again; a write is sent once, because its outcome may be unknown: PortalUnavailable then, and whoever
wrote reads back. Codes: CKN-001 no answer, CKN-002 an answer that is none, CKN-003 an address that redirects,
CKN-004 a body that is too large for the web server.
"""

import hashlib
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ckanapi
import requests
from requests_toolbelt import MultipartEncoder
from urllib3.exceptions import HTTPError

from harvester.errors import ConfigurationError, PortalUnavailable, PublicationRefused, SourceUnavailable
from harvester.guard import Limits, Route, guarded_session
from harvester.i18n import say

ANYWHERE = ("0.0.0.0/0", "::/0")
"""The operator's own portal may stand in an inner network; nothing else is ever asked through these sessions."""

LIMITS = Limits(connect=10, read=60, total=180, per_host=16)
READ, WRITE = (10.0, 30.0), (10.0, 120.0)
"""Seconds to connect, and without a byte. CKAN answers an upload only when it has stored, committed and indexed it."""

RETRIES = 3  # of a read
BACKOFF = 0.3  # seconds before the first retry; doubles
CHUNK = 2**18
MUTED = {"X-CKAN-API-Key": None, "Authorization": None}


@dataclass(frozen=True)
class Upload:
    """A file of ours on its way into a field of a multipart call."""

    field: str
    path: Path
    name: str
    media_type: str


class Wire:
    """Calls a portal's actions, with our token or as an anonymous reader; safe to share between threads."""

    def __init__(self, url: str, token: str, route: Route) -> None:
        """`url` without a slash at its end."""
        self.url = url
        self._editor = _Streaming(url, token, session=guarded_session(LIMITS, ANYWHERE, route))
        self._reader = _Streaming(url, session=guarded_session(LIMITS, ANYWHERE, route))

    def read(self, action: str, anonymous: bool = False, **fields: Any) -> Any:
        """The result of an action without effects, tried again when nothing answers.

        Raises PortalUnavailable, and the errors of ckanapi that are CKAN's own word: NotFound, NotAuthorized,
        ValidationError.
        """
        caller = self._reader if anonymous else self._editor
        for attempt in range(RETRIES):
            try:
                return _answered(caller, action, fields, READ)
            except PortalUnavailable:
                time.sleep(BACKOFF * (1 << attempt))
        return _answered(caller, action, fields, READ)

    def write(self, action: str, fields: Mapping[str, Any], uploads: tuple[Upload, ...] = ()) -> Any:
        """The result of an action with effects, sent once. Raises as `read`; PortalUnavailable: the outcome is unknown.

        With `uploads` the fields must be strings, and the files are streamed.
        """
        with ExitStack() as stack:
            files = {u.field: (u.name, stack.enter_context(u.path.open("rb")), u.media_type) for u in uploads}
            return _answered(self._editor, action, fields, WRITE, files)

    def measure(self, address: str) -> tuple[str, int] | None:
        """SHA-256 (lower-case hex) and size of what an anonymous reader gets at `address`; None if it is not served."""
        for attempt in range(RETRIES):
            try:
                return self._measured(address)
            except PortalUnavailable:
                time.sleep(BACKOFF * (1 << attempt))
        return self._measured(address)

    def date(self) -> str:
        """The portal's own time, as its web server says it; "" if it does not."""
        try:
            with self._reader.session.get(f"{self.url}/api/3/action/status_show", stream=True) as response:
                return str(response.headers.get("Date", ""))
        except (requests.RequestException, HTTPError, SourceUnavailable) as error:
            raise _no_answer(self.url, type(error).__name__) from None

    def _measured(self, address: str) -> tuple[str, int] | None:
        digest, size = hashlib.sha256(), 0
        try:
            with self._reader.session.get(address, stream=True, headers={"Accept-Encoding": "identity"}) as response:
                if response.status_code in (401, 403, 404, 410):
                    return None
                if response.status_code != 200:
                    raise _no_answer(self.url, f"HTTP {response.status_code}")
                for chunk in response.iter_content(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                declared = response.headers.get("Content-Length", "")
        except (requests.RequestException, HTTPError, SourceUnavailable) as error:
            raise _no_answer(self.url, type(error).__name__) from None
        if declared.isdecimal() and int(declared) != size and "Content-Encoding" not in response.headers:
            raise _no_answer(self.url, "IncompleteRead")
        return digest.hexdigest(), size


class _Streaming(ckanapi.RemoteCKAN):  # type: ignore[misc]
    """ckanapi, but a file is streamed rather than read into memory, and a status that is no word of CKAN's is told."""

    base_url = "api/3/action/"

    def _request_fn(
        self, url: str, data: Any, headers: dict[str, str], files: Mapping[str, Any], requests_kwargs: dict[str, Any]
    ) -> tuple[int, str]:
        if files:
            fields = {key.decode(): value.decode() for key, value in data.items()} | dict(files)
            data = MultipartEncoder(fields)
            headers = {**headers, "Content-Type": data.content_type}
        answer = self.session.post(url, data=data, headers=headers, allow_redirects=False, **requests_kwargs)
        if answer.is_redirect:
            raise _redirected(url, answer.headers.get("Location", ""))
        if answer.status_code == 413:
            raise _too_large()
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _no_answer(self.address, f"HTTP {answer.status_code}")
        return answer.status_code, answer.text


def _answered(
    caller: _Streaming,
    action: str,
    fields: Mapping[str, Any],
    patience: tuple[float, float],
    files: Mapping[str, Any] | None = None,
) -> Any:
    try:
        return caller.call_action(action, dict(fields), files=files, requests_kwargs={"timeout": patience})
    except (ckanapi.NotFound, ckanapi.NotAuthorized, ckanapi.ValidationError):
        raise
    except (ckanapi.CKANAPIError, ckanapi.ServerIncompatibleError) as error:
        raise _no_word(caller.address, action) from error
    except (requests.RequestException, HTTPError, SourceUnavailable) as error:
        raise _no_answer(caller.address, type(error).__name__) from None  # its text may hold what was sent


def _no_answer(url: str, reason: str) -> PortalUnavailable:
    return PortalUnavailable(
        "CKN-001",
        say("The portal {url} did not answer properly ({reason}).", url=url, reason=reason),
        say("Nothing is lost: what was on its way is read back and finished by the next run."),
    )


def _no_word(url: str, action: str) -> PortalUnavailable:
    return PortalUnavailable(
        "CKN-002",
        say("The portal {url} answered the call {action} with something that is not CKAN's.", url=url, action=action),
        say("Look whether the address in config/portal.toml is the portal's own, and whether its search works."),
    )


def _redirected(url: str, location: str) -> ConfigurationError:
    where = urlsplit(location)
    return ConfigurationError(
        "CKN-003",
        say("{url} sends us on to {place}; the token goes to no other address.", url=url, place=where.netloc or "–"),
        say(
            "Write the portal's final address as `url` in config/portal.toml: {scheme}://{place}.",
            scheme=where.scheme or "https",
            place=where.netloc,
        ),
    )


def _too_large() -> PublicationRefused:
    return PublicationRefused(
        "CKN-004",
        say("The portal's web server refuses a file of this size (413)."),
        say("Ask its administrator to raise the limit; “opendata doctor --probe-upload” finds where it is."),
    )
