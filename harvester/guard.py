"""The guarded session: every socket to another server is checked, timed and paced here.

The address is checked at connect time, on the very address the socket connects to, so neither a redirect nor a
name server that changes its answer leads into the inner network. The clock runs on every read from the socket,
headers included, so no server can hold a run by sending a byte now and then.
"""

import io
import ipaddress
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from pathlib import Path
from threading import Event, local
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from harvester.errors import ConfigurationError, SourceUnavailable
from harvester.i18n import say
from harvester.limits import Limits as Limits  # where it used to be

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA special-purpose registries; written out because `is_global` differs between Python versions
_NEVER = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/3
    ::/8 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe00::/7
"""
_INNER = tuple(ipaddress.ip_network(network) for network in _NEVER.split())
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits
_SAFE_HEADERS = {"accept", "accept-encoding", "connection", "if-modified-since", "if-none-match", "user-agent"}
_ADDRESSES_TRIED = 2  # of one host in each of IPv4 and IPv6, each for the connect time-out
_GLANCE = 0.2  # seconds between looks at whether the run is being stopped


@dataclass(frozen=True)
class Route:
    """How this machine reaches the network; never read from the environment here."""

    proxy: str = ""  # URL of the proxy for http and https
    no_proxy: tuple[str, ...] = ()  # hosts and domains reached directly
    ca_bundle: str = ""  # PEM file of authorities trusted instead of the built-in ones


class Deadline(local):
    """Until when this thread may read, on the clock of `time.monotonic`: one address, and a whole listing."""

    address = float("inf")
    listing = float("inf")


@dataclass(frozen=True)
class _Rules:
    limits: Limits
    allowed: tuple[Network, ...]
    stopping: Event
    deadline: Deadline = field(default_factory=Deadline)
    any_address: bool = False  # True: a connection to the operator's own proxy


def networks(ranges: Iterable[str]) -> tuple[Network, ...]:
    """The CIDR `ranges` that a source's file allows. Raises ConfigurationError on what is no range."""
    found = []
    for written in ranges:
        try:
            found.append(ipaddress.ip_network(written))
        except ValueError as error:
            raise ConfigurationError(
                "NET-031",
                say("{value} is no address range.", value=written),
                say("Write a range such as 10.12.0.0/16 in allow_networks."),
            ) from error
    return tuple(found)


def public(address: Address) -> bool:
    """Whether `address` is on the public internet; an IPv4 address carried inside an IPv6 one is judged itself."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if carried is None and address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return public(carried)
    return not any(address in network for network in _INNER)


def address_of(host: str, port: int, allow_networks: Iterable[str]) -> str:
    """The address of a server that is no web server, judged as every other: connect to it and to no other.

    Raises SourceUnavailable: NET-009 for a refused address, NET-001 for a name that is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        message = say("{host} is not known to the name servers.", host=host[:200])
        raise SourceUnavailable("NET-001", message, say("Check the host name in the address.")) from error
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    _refuse_inner(host, addresses, _Rules(Limits(), networks(allow_networks), Event()))
    return str(addresses[0])


def guarded_session(
    limits: Limits,
    allow_networks: Iterable[str] = (),
    route: Route | None = None,
    stopping: Event | None = None,
    deadline: Deadline | None = None,
) -> requests.Session:
    """A session that reaches public addresses and `allow_networks` only, within `limits`, redirects included.

    Reads nothing from the environment, keeps no cookies, verifies TLS always, and carries no header that could be a
    secret to another origin. Setting `stopping` ends its reads within a second. Beside the errors of requests it
    raises SourceUnavailable: NET-009 for a refused address, NET-016 when an answer is too slow. Bytes are counted by
    `Fetcher`, not here: who uses the session alone reads its answers as streams.
    """
    route = route or Route()
    if route.ca_bundle and not Path(route.ca_bundle).is_file():
        raise ConfigurationError(
            "NET-032",
            say("The file of trusted authorities {file} does not exist.", file=route.ca_bundle),
            say("Correct SSL_CERT_FILE, or remove it to use the built-in authorities."),
        )
    session = _Session()
    session.trust_env = False
    session.max_redirects = limits.redirects
    session.verify = route.ca_bundle or True
    session.cookies = _NoCookies()
    session.headers["Accept-Encoding"] = "gzip"
    session.headers["User-Agent"] = "opendata-nghean"
    session.adapters.clear()
    adapter = _Adapter(_Rules(limits, networks(allow_networks), stopping or Event(), deadline or Deadline()), route)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _NoCookies(RequestsCookieJar):
    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep none: an answer must not depend on what was asked before."""


class _Session(requests.Session):
    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """On a redirect to another origin, leave behind every header that could be a secret."""
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            for name in set(prepared_request.headers):
                if name.lower() not in _SAFE_HEADERS:
                    del prepared_request.headers[name]


class _Adapter(HTTPAdapter):
    def __init__(self, rules: _Rules, route: Route) -> None:
        self._rules = rules
        self._route = route
        super().__init__(pool_connections=64, pool_maxsize=rules.limits.per_host)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options)
        _guard(self.poolmanager, self._rules)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        _guard(manager, replace(self._rules, any_address=True))
        return manager

    def build_response(self, request: requests.PreparedRequest, answer: Any) -> requests.Response:
        """The response; what comes with a redirect is never read: requests would take all of it into memory."""
        response: requests.Response = super().build_response(request, answer)
        if response.is_redirect and answer.length_remaining != 0:
            answer.close()
        return response

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send with a time-out whatever the caller says, TLS verified, through the operator's proxy if there is one."""
        host = urlsplit(request.url or "").hostname or ""
        proxies = {}
        if self._route.proxy and not _reached_directly(host, self._route.no_proxy):
            _refuse_literal(host, self._rules)
            proxies = {"http": self._route.proxy, "https": self._route.proxy}
        timeout = timeout or (self._rules.limits.connect, self._rules.limits.read)
        return super().send(request, stream, timeout, verify or True, cert, proxies)


def _guard(manager: PoolManager, rules: _Rules) -> None:
    http = type("_RuledHTTP", (_GuardedHTTP,), {"rules": rules})
    https = type("_RuledHTTPS", (_GuardedHTTPS,), {"rules": rules})
    manager.pool_classes_by_scheme = {
        "http": type("_HTTPPool", (HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("_HTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }


def _reached_directly(host: str, no_proxy: tuple[str, ...]) -> bool:
    return any(n == "*" or host == n.lstrip(".") or host.endswith("." + n.lstrip(".")) for n in no_proxy)


def _refuse_literal(host: str, rules: _Rules) -> None:
    """A proxy resolves names itself, so only written-out addresses can be judged here."""
    try:
        address: Address = ipaddress.ip_address(host)
    except ValueError:
        try:
            address = ipaddress.IPv4Address(socket.inet_aton(host))  # 0x7f.1, 2130706433 …
        except OSError:
            if host != "localhost" and not host.endswith(".localhost"):
                return
            address = ipaddress.IPv4Address("127.0.0.1")
    _refuse_inner(host, [address], rules)


def _refuse_inner(host: str, addresses: Iterable[Address], rules: _Rules) -> None:
    for address in addresses:
        inner = (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address
        if not public(address) and not any(inner in network for network in rules.allowed):
            raise SourceUnavailable(
                "NET-009",
                say("{host} is at {address}, which is not on the public internet.", host=host, address=str(address)),
                say("If this server may be asked, add its range to allow_networks in the source's file."),
            )


class _Paced(io.RawIOBase):
    """A socket read under the clock: idle time, total time, and a rate that renews it."""

    def __init__(self, sock: socket.socket, held: Any, rules: _Rules) -> None:
        self._sock, self._held, self._rules = sock, held, rules  # `held` keeps the socket open until we are closed
        self._idle = sock.gettimeout() or rules.limits.read
        self._ends = time.monotonic() + rules.limits.longest
        self._due = min(time.monotonic() + rules.limits.total, rules.deadline.address)
        self._arrived = 0
        self._heard = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        limits, began = self._rules.limits, time.monotonic()
        while True:
            now = time.monotonic()
            late = now >= min(self._due, self._ends, self._rules.deadline.listing)
            if late and not self._heard:
                raise TimeoutError("timed out")
            if late or self._rules.stopping.is_set():
                raise SourceUnavailable(
                    "NET-016",
                    say("The server sends its answer too slowly; it was given up."),
                    say("Try again later, or ask whoever runs the server."),
                )
            if now - began >= self._idle:
                raise TimeoutError("timed out")
            self._sock.settimeout(min(_GLANCE, began + self._idle - now, self._due - now))
            try:
                count = self._sock.recv_into(buffer)
            except TimeoutError:
                continue
            finally:
                self._sock.settimeout(self._idle)  # as sending on this connection expects it
            self._arrived += count
            self._heard = True
            if self._arrived >= limits.rate * limits.total:
                self._arrived, self._due = 0, time.monotonic() + limits.total
                self._rules.deadline.address = self._due
            return count

    def close(self) -> None:
        super().close()
        self._held.close()


class _PacedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, rules: _Rules, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Paced(sock, self.fp.detach(), rules))


class _Guarded:
    rules: _Rules
    host: str
    port: int
    timeout: float
    socket_options: Any
    _dns_host: str

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
        return _PacedResponse(sock, *args, rules=self.rules, **options)

    def _new_conn(self) -> socket.socket:
        """Resolve once, refuse inner addresses, and connect to exactly what was judged."""
        host = self._dns_host.strip("[]")
        try:
            found = socket.getaddrinfo(host, self.port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error  # type: ignore[arg-type]
        if not self.rules.any_address:
            _refuse_inner(host, [ipaddress.ip_address(entry[4][0]) for entry in found], self.rules)
        failure: OSError = OSError("no address")
        families = [entry[0] for entry in found]
        tried = [e for at, e in enumerate(found) if families[:at].count(e[0]) < _ADDRESSES_TRIED]
        for family, kind, protocol, _, address in tried:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(self.timeout)
                sock.connect(address)
                return sock
            except OSError as error:
                sock.close()
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, str(failure)) from failure
        raise NewConnectionError(self, str(failure)) from failure  # type: ignore[arg-type]


class _GuardedHTTP(_Guarded, HTTPConnection):  # type: ignore[misc]
    pass


class _GuardedHTTPS(_Guarded, HTTPSConnection):  # type: ignore[misc]
    pass
