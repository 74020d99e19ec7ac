"""What went wrong while asking a server, in words for people: from status codes and library errors to ours."""

import email.utils
import re
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from harvester.errors import SourceChanged, SourceError, SourceUnavailable
from harvester.i18n import Text, say

RETRIED = {"NET-002", "NET-003", "NET-004", "NET-012"} | {f"NET-{n}" for n in (408, 425, 429, 500, 502, 503, 504)}
"""Where asking again may help: names, connections, silence, broken transfers, and the statuses that say so."""
DOWN = {"NET-002", "NET-003", "NET-004"}
"""Nobody is there: the host is not asked again in this run."""

_X509_EXPIRED, _X509_WRONG_NAME = 10, (62, 64)  # OpenSSL's X509_V_ERR_*; 64 is a wrong IP address


class Unanswered(SourceUnavailable):
    """No proper answer; `retry_after` is the seconds the server asks us to wait, or None."""

    retry_after: float | None = None


def shown(url: str) -> str:
    """An address fit for messages: no name, no password, no query (which may hold a token), at most 200 letters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:200]
    host = parts.netloc.rpartition("@")[2]
    query = "?…" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}"[:200] + query


def host_down(url: str, host: str, why: SourceError) -> SourceUnavailable:
    """The error for an address whose host was found down earlier in this run."""
    return SourceUnavailable(
        "NET-001",
        say("{url} was not asked: {host} could not be reached before in this run.", url=shown(url), host=host),
        why.remedy,
    )


def listing_too_long(url: str, seconds: float) -> SourceUnavailable:
    """The error for an address that is not asked because the listing has taken its time."""
    return SourceUnavailable(
        "NET-019",
        say("{url} was not asked: listing the source took longer than {n} seconds.", url=shown(url), n=seconds),
        say("Tell the owner that the server is too slow, or raise `listing` under [limits] in config/portal.toml."),
    )


def no_data(url: str) -> SourceChanged:
    """The error for a web page, such as a login, where data was expected."""
    return SourceChanged(
        "NET-017",
        say("{url} answers with a web page (perhaps a login) instead of data.", url=shown(url)),
        say("Ask the owner for an address that gives the data without logging in."),
    )


def too_large(url: str, budget: int) -> SourceUnavailable:
    """The error for a body over its budget, or one that unpacks to far more than it holds."""
    return SourceUnavailable(
        "NET-014",
        say(
            "{url} sends more than the {limit} bytes allowed, or unpacks to far too much.", url=shown(url), limit=budget
        ),
        say("Ask the owner for smaller files."),
    )


def answered(url: str, status: int, headers: Mapping[str, str]) -> SourceError:
    """The error for an HTTP status that brings no data; NET-<status> from 400 on, else NET-018."""
    code = f"NET-{status}" if 400 <= status <= 599 else "NET-018"
    if status in (401, 403):
        return SourceChanged(
            code,
            say("{url} may not be read without permission (status {status}).", url=shown(url), status=str(status)),
            say("Ask the owner to open it to everyone."),
        )
    if status in (404, 410):
        return SourceChanged(
            code,
            say("There is nothing at {url} (status {status}).", url=shown(url), status=str(status)),
            say("Correct the address, or ask the owner where it went."),
        )
    if status in (408, 425, 429) or status >= 500:
        error = Unanswered(
            code,
            say("The server of {url} cannot answer now (status {status}).", url=shown(url), status=str(status)),
            say("The next run tries again; if it lasts, tell the owner."),
        )
        error.retry_after = _retry_after(headers)
        return error
    return SourceChanged(
        code,
        say("{url} answers with status {status} and no data.", url=shown(url), status=str(status)),
        say("Open the address in a browser and correct it."),
    )


def circular(url: str) -> SourceChanged:
    """The error for too many redirects."""
    return SourceChanged(
        "NET-010",
        say("{url} leads in circles, or through too many other addresses.", url=shown(url)),
        say("Open the address in a browser and write the address where it ends."),
    )


def explained(url: str, error: Exception) -> SourceError:
    """Our error for one of requests, urllib3 or zlib."""
    causes = list(_causes(error))
    refused = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if refused is not None and not isinstance(refused, ssl.SSLEOFError):
        return _insecure(url, refused)
    for kinds, code, message, remedy in _EXPLANATIONS:
        if any(isinstance(cause, kinds) for cause in causes):
            return SourceUnavailable(code, Text(message.id, {"url": shown(url)}), remedy)
    if isinstance(error, ValueError):  # InvalidURL, InvalidSchema, MissingSchema and their like
        return SourceChanged(
            "NET-011",
            say("{url} is no address of the web, or leads to one that is none.", url=shown(url)),
            say("Write an address that begins with https:// or http://."),
        )
    return SourceUnavailable(
        "NET-012",
        say("The transfer of {url} broke off before the end.", url=shown(url)),
        say("The next run tries again; if it lasts, tell the owner."),
    )


_AGAIN = say("Check the address and the network; the next run tries again.")
_EXPLANATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, Text, Text], ...] = (
    (
        (ProxyError, requests.exceptions.InvalidProxyURL),
        "NET-013",
        say("The proxy did not pass on the request for {url}."),
        say("Check HTTPS_PROXY."),
    ),
    (NameResolutionError, "NET-002", say("The name of the server of {url} was not found."), _AGAIN),
    (
        (ConnectTimeoutError, NewConnectionError),
        "NET-003",
        say("The server of {url} does not accept connections."),
        _AGAIN,
    ),
    (
        (ReadTimeoutError, requests.ReadTimeout, TimeoutError),
        "NET-004",
        say("The server of {url} accepted the request and did not answer."),
        _AGAIN,
    ),
    (
        requests.exceptions.ContentDecodingError,
        "NET-015",
        say("{url} is compressed in a way that was not asked for."),
        say("Tell whoever runs the server: only gzip was offered."),
    ),
)


def _insecure(url: str, error: ssl.SSLError) -> SourceUnavailable:
    verify = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    if verify == _X509_EXPIRED:
        code, why = "NET-006", say("its certificate has expired")
    elif verify in _X509_WRONG_NAME:
        code, why = "NET-007", say("its certificate is made out to another name")
    elif verify:
        code, why = "NET-008", say("its certificate is not signed by a known authority, or the chain is incomplete")
    else:
        code, why = "NET-005", say("the encryption could not be agreed on")
    return SourceUnavailable(
        code,
        say("{url} cannot be trusted: {why}.", url=shown(url), why=why),
        say("Tell whoever runs the server. If it uses an authority of your own, name it in SSL_CERT_FILE."),
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was raised from or carries."""
    seen: list[BaseException] = [error]
    for one in seen:
        yield one
        for other in (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args):
            if isinstance(other, BaseException) and all(other is not known for known in seen):
                seen.append(other)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: a number, or a date set against the answer's own Date; None for nonsense."""
    written = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", written):
        return float(written)
    try:
        until = email.utils.parsedate_to_datetime(written)
        now = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None
