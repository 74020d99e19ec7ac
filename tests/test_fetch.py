"""The one door: what it lets through, what it refuses, how long it waits, and what it says."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import requests
from servers import (
    CERTIFICATES,
    LOOPBACK,
    Server,
    body,
    bomb,
    cut_short,
    dripping,
    redirect,
    reset,
    serving,
    silent,
    status,
    zipped,
)

from harvester.errors import ConfigurationError, SourceChanged, SourceError, SourceUnavailable
from harvester.fetch import Fetcher
from harvester.files import FileStore
from harvester.guard import Limits, guarded_session, public
from harvester.ledger import Validators
from harvester.refusals import shown

QUICK = Limits(connect=1.0, read=1.0, total=5.0, backoff=0.01, retries=2, longest_wait=0.05, redirects=3)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=QUICK) as opened:
        yield opened


def refusal(fetcher: Fetcher, url: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetcher.download(url)
    return caught.value


# ---------------------------------------------------------------- where it goes


INNER = """
    127.0.0.1 127.1.2.3 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
    192.0.0.170 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1
    ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
    64:ff9b:1::1 2002:7f00:1:: 2002:c0a8:101::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2001:10::1 3fff::1
    100::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1
"""
PUBLIC = """
    1.1.1.1 113.160.0.1 203.162.0.1 172.32.0.1 2606:4700::1111 2405:4800::1 ::ffff:1.1.1.1 64:ff9b::101:101
"""


@pytest.mark.parametrize("address", INNER.split())
def test_inner_addresses_are_not_public(address: str):
    assert not public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are(address: str):
    assert public(ipaddress.ip_address(address))


TRICKS = """
    http://127.0.0.1:{port}/ http://localhost:{port}/ http://127.1:{port}/ http://2130706433:{port}/
    http://0x7f000001:{port}/ http://0177.0.0.1:{port}/ http://0:{port}/ http://[::1]:{port}/ http://[::]:{port}/
    http://[::ffff:127.0.0.1]:{port}/ http://[::ffff:7f00:1]:{port}/ http://example.vn@127.0.0.1:{port}/
    http://127.0.0.1:{port}\\@example.vn/ http://LOCALHOST:{port}/ http://127.0.0.1.:{port}/
    http://①②⑦.⓪.⓪.①:{port}/ http://[64:ff9b::7f00:1]:{port}/ http://169.254.169.254/latest/meta-data/
    https://127.0.0.1:{port}/ file:///etc/passwd ftp://127.0.0.1/ gopher://127.0.0.1:{port}/ data:text/csv,a
    dict://127.0.0.1:{port}/ http:///x //127.0.0.1:{port}/ http://[::1/ http://%00/ javascript:1
"""


@pytest.mark.parametrize("trick", TRICKS.split())
def test_no_trick_reaches_the_inner_network(server: Server, tmp_path: Path, trick: str):
    url = trick.format(port=server.server_address[1])
    with Fetcher(FileStore(tmp_path), limits=QUICK) as guarded:
        assert refusal(guarded, url).code in ("NET-002", "NET-003", "NET-009", "NET-011")
    assert server.asked == []


@pytest.fixture
def outside(monkeypatch) -> Iterator[Server]:
    """A server at an address that counts as public, the only one that does."""
    monkeypatch.setattr("harvester.guard.public", lambda address: str(address) == "127.0.0.7")
    with serving(at="127.0.0.7") as running:
        yield running


@pytest.mark.parametrize("trick", TRICKS.split())
def test_no_redirect_reaches_the_inner_network(server: Server, outside: Server, tmp_path: Path, trick: str):
    outside.answers["/"] = [redirect(trick.format(port=server.server_address[1]))]
    with Fetcher(FileStore(tmp_path), limits=QUICK) as guarded:
        refusal(guarded, outside.url + "/")
    assert outside.asked
    assert server.asked == []


def answering(names: dict[str, list[str]], asked: list[str] | None = None):
    """A name server that knows `names`; a name asked again gives the next of its addresses."""
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if asked is not None:
            asked.append(host)
        known = names.get(host)
        address = known.pop(0) if known and len(known) > 1 else known[0] if known else host
        return [entry for one in address.split("+") for entry in real(one, port, *args, **options)]

    return getaddrinfo


def test_a_name_that_changes_its_address_is_asked_once(outside: Server, tmp_path: Path, monkeypatch):
    """Judged and connected to: one answer of the name server, not two."""
    asked: list[str] = []
    names = {"rebind.example.vn": ["127.0.0.7", "127.0.0.1"]}
    monkeypatch.setattr("socket.getaddrinfo", answering(names, asked))
    outside.put("/", b"x")
    with Fetcher(FileStore(tmp_path), limits=QUICK) as guarded:
        guarded.download(f"http://rebind.example.vn:{outside.server_address[1]}/")
    assert asked == ["rebind.example.vn"]


def test_a_host_with_one_public_and_one_inner_address_is_refused(outside: Server, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", answering({"both.example.vn": ["127.0.0.7+127.0.0.1"]}))
    with Fetcher(FileStore(tmp_path), limits=QUICK) as guarded:
        assert refusal(guarded, f"http://both.example.vn:{outside.server_address[1]}/").code == "NET-009"
    assert outside.asked == []


def test_an_allowed_range_is_reached_and_no_other(server: Server, tmp_path: Path):
    with serving(at="127.0.0.9") as allowed:
        allowed.put("/", b"x")
        allowed.answers["/inner"] = [redirect(server.url + "/")]
        with Fetcher(FileStore(tmp_path), allow_networks=("127.0.0.9/32",), limits=QUICK) as guarded:
            assert guarded.download(allowed.url + "/").file.bytes == 1
            assert refusal(guarded, server.url + "/").code == "NET-009"
            assert refusal(guarded, allowed.url + "/inner").code == "NET-009"
    assert server.asked == []


def test_a_range_that_is_none_is_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"10\.0\.0\.1/8"):
        Fetcher(FileStore(tmp_path), allow_networks=("10.0.0.1/8",))


def test_a_proxy_is_used_only_when_told_and_never_for_inner_addresses(server: Server, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server.put("/a", b"x")
    server.answers["http://data.example.vn/a"] = [body(b"through the proxy")]
    with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=QUICK) as direct:
        assert direct.download(server.url + "/a").file.bytes == 1
    with Fetcher(FileStore(tmp_path), proxy=server.url, no_proxy="127.0.0.1, .gov.vn", limits=QUICK) as proxied:
        assert proxied.read("http://data.example.vn/a").content == b"through the proxy"
        for inner in ("http://10.0.0.1/", "http://0x7f.1:80/", "http://localhost/", "http://a.localhost/"):
            assert refusal(proxied, inner).code == "NET-009"
        assert refusal(proxied, "http://127.0.0.1/").code == "NET-009"  # direct, so judged when connecting


def test_no_secret_goes_to_another_origin(server: Server):
    with serving() as other:
        server.answers["/"] = [redirect(other.url + "/")]
        other.put("/", b"x")
        session = guarded_session(QUICK, LOOPBACK)
        secrets = {"Authorization": "Bearer t", "X-CKAN-API-Key": "t", "Cookie": "t"}
        assert session.get(server.url + "/", headers=secrets).content == b"x"
        assert server.asked[0][1].keys() >= secrets.keys()
        assert not {"authorization", "x-ckan-api-key", "cookie"} & {name.lower() for name in other.asked[0][1]}


def test_the_session_cannot_be_talked_out_of_its_guards(tmp_path: Path):
    with serving("unknown") as server:
        with pytest.raises(requests.exceptions.SSLError):
            guarded_session(QUICK, LOOPBACK).get(server.url, verify=False)
        with pytest.raises(SourceUnavailable):
            guarded_session(QUICK).get(server.url)
    with serving() as server:
        server.answers["/"] = [silent]
        with pytest.raises(requests.exceptions.ReadTimeout):
            guarded_session(QUICK, LOOPBACK).get(server.url + "/", timeout=None)
        server.answers["/c"] = [body(b"", Set_Cookie="a=b")]
        session = guarded_session(QUICK, LOOPBACK)
        session.get(server.url + "/c")
        assert list(session.cookies) == []


@pytest.mark.parametrize("limit", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [None, -1, float("inf"), float("nan")])
def test_no_limit_can_be_switched_off(limit: str, value: float | None):
    with pytest.raises(ConfigurationError, match=limit):
        replace(Limits(), **{limit: value})


# ---------------------------------------------------------------- what TLS says


@pytest.mark.parametrize(
    ("certificate", "code"), [("expired", "NET-006"), ("wrong-name", "NET-007"), ("unknown", "NET-008")]
)
def test_a_certificate_that_cannot_be_trusted_is_named(tmp_path: Path, certificate: str, code: str):
    authority = str(CERTIFICATES / "authority.pem")
    with (
        serving(certificate) as server,
        Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, ca_bundle=authority, limits=QUICK) as fetcher,
    ):
        server.put("/", b"x")
        assert refusal(fetcher, server.url + "/").code == code
        assert server.asked == []


def test_an_authority_of_ones_own_is_trusted_only_when_named(tmp_path: Path):
    authority = str(CERTIFICATES / "authority.pem")
    with serving("trusted") as server:
        server.put("/", b"x")
        with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=QUICK) as fetcher:
            assert refusal(fetcher, server.url + "/").code == "NET-008"
        with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, ca_bundle=authority, limits=QUICK) as fetcher:
            assert fetcher.download(server.url + "/").file.bytes == 1
            assert refusal(fetcher, server.url.replace("https", "http") + "/").code in ("NET-004", "NET-012")
    with pytest.raises(ConfigurationError, match="nowhere"):
        Fetcher(FileStore(tmp_path), ca_bundle="/nowhere.pem")


def test_encryption_expected_where_there_is_none_is_named(server: Server, fetcher: Fetcher):
    assert refusal(fetcher, server.url.replace("http", "https") + "/").code == "NET-005"


# ---------------------------------------------------------------- what servers do wrong


@pytest.mark.parametrize(
    ("reply", "code", "kind", "times"),
    [
        (status(400), "NET-400", SourceChanged, 1),
        (status(401), "NET-401", SourceChanged, 1),
        (status(403), "NET-403", SourceChanged, 1),
        (status(404), "NET-404", SourceChanged, 1),
        (status(410), "NET-410", SourceChanged, 1),
        (status(451), "NET-451", SourceChanged, 1),
        (status(204), "NET-018", SourceChanged, 1),
        (status(206), "NET-018", SourceChanged, 1),
        (status(304), "NET-018", SourceChanged, 1),
        (status(300), "NET-018", SourceChanged, 1),
        (status(408), "NET-408", SourceUnavailable, 3),
        (status(425), "NET-425", SourceUnavailable, 3),
        (status(429), "NET-429", SourceUnavailable, 3),
        (status(429, Retry_After="0"), "NET-429", SourceUnavailable, 3),
        (status(429, Retry_After="soon"), "NET-429", SourceUnavailable, 3),
        (status(429, Retry_After="-5"), "NET-429", SourceUnavailable, 3),
        (status(429, Retry_After="315360000"), "NET-429", SourceUnavailable, 1),
        (status(503, Retry_After="Wed, 21 Oct 2065 07:28:00 GMT", Date="Wed, 21 Oct 2015 07:28:00 GMT"), "NET-503",
         SourceUnavailable, 1),
        (status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT", Date="Wed, 21 Oct 2015 07:28:00 GMT"), "NET-503",
         SourceUnavailable, 3),
        (status(503, Retry_After="Wed, 99 Oct 2015"), "NET-503", SourceUnavailable, 3),
        (status(500), "NET-500", SourceUnavailable, 3),
        (status(501), "NET-501", SourceUnavailable, 1),
        (status(502), "NET-502", SourceUnavailable, 3),
        (status(504), "NET-504", SourceUnavailable, 3),
        (reset, "NET-012", SourceUnavailable, 3),
        (cut_short(b"a,b\n1,2\n"), "NET-012", SourceUnavailable, 3),
        (body(b"no gzip", Content_Encoding="gzip"), "NET-012", SourceUnavailable, 3),
        (body(b"\x1f\x8b\x08\x00\x00\x00\x00\x00", Content_Encoding="gzip"), "NET-012", SourceUnavailable, 3),
        (body(b"x", Content_Encoding="br"), "NET-015", SourceUnavailable, 1),
        (redirect("/x"), "NET-010", SourceChanged, 4),
        (redirect("file:///etc/passwd"), "NET-011", SourceChanged, 1),
        (redirect("http://[::1"), "NET-011", SourceChanged, 1),
        (silent, "NET-004", SourceUnavailable, 3),
        (dripping, "NET-016", SourceUnavailable, 1),
        (bomb(80), "NET-014", SourceUnavailable, 1),
        (body(b"", Content_Length="99999999999"), "NET-014", SourceUnavailable, 1),
        (body(b"<!DOCTYPE html><form><input type='password'></form>", "text/html"), "NET-017", SourceChanged, 1),
    ],
)  # fmt: skip
def test_each_fault_has_its_code_and_is_retried_only_where_that_helps(
    server: Server, tmp_path: Path, reply, code: str, kind: type[SourceError], times: int
):
    server.answers["/x"] = [reply]
    limits = replace(QUICK, read=0.1, total=1.2)
    with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=limits) as fetcher:
        error = refusal(fetcher, server.url + "/x?key=secret")
    assert (error.code, isinstance(error, kind)) == (code, True)
    assert server.count("/x") == times
    assert "secret" not in str(error.message)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("fault", [status(503), status(429, Retry_After="0"), reset, cut_short(b"a")])
def test_a_passing_fault_costs_nothing(server: Server, fetcher: Fetcher, fault):
    server.answers["/x"] = [fault, fault, body(b"a\n1\n")]
    assert fetcher.download(server.url + "/x").file.path.read_bytes() == b"a\n1\n"


def test_many_bytes_slowly_are_let_through_and_few_are_not(server: Server, tmp_path: Path):
    """`total` is renewed while `rate` is kept."""

    def trickle(handler) -> None:
        handler.reply(200, {"Content-Length": "4000"})
        for _ in range(40):
            handler.wfile.write(b"x" * 100)
            handler.wfile.flush()
            handler.server.stopping.wait(0.01)

    server.answers["/x"] = [trickle]
    for rate, code in ((1_000, None), (100_000, "NET-016")):
        limits = replace(QUICK, total=0.2, rate=rate)
        with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=limits) as fetcher:
            if code:
                assert refusal(fetcher, server.url + "/x").code == code
            else:
                assert fetcher.download(server.url + "/x").file.bytes == 4000


def test_a_file_over_its_budget_is_stopped_on_the_way(server: Server, tmp_path: Path):
    server.put("/x", b"x" * 5_000)
    server.answers["/packed"] = [zipped(b"x" * 5_000)]
    limits = replace(QUICK, file_bytes=4_000, listing_bytes=4_000)
    with Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=limits) as fetcher:
        for path in ("/x", "/packed"):
            assert refusal(fetcher, server.url + path).code == "NET-014"
            with pytest.raises(SourceUnavailable, match="4,000"):
                fetcher.read(server.url + path)


def test_a_host_that_is_down_is_not_asked_again(server: Server, fetcher: Fetcher):
    server.answers["/x"] = [silent]
    assert refusal(fetcher, server.url + "/x").code == "NET-004"
    again = refusal(fetcher, server.url + "/y")
    assert (again.code, isinstance(again, SourceUnavailable), server.count("/y")) == ("NET-001", True, 0)


def test_a_host_that_fails_every_time_is_given_up(server: Server, fetcher: Fetcher):
    for number in range(QUICK.patience):
        server.answers[f"/{number}"] = [status(500)]
        assert refusal(fetcher, f"{server.url}/{number}").code == "NET-500"
    assert refusal(fetcher, server.url + "/x").code == "NET-001"


def test_a_redirect_to_a_dead_host_is_held_against_that_host_only(server: Server, fetcher: Fetcher):
    with serving() as dead:
        dead.answers["/x"] = [silent]
        server.answers["/x"] = server.answers["/y"] = [redirect(dead.url + "/x")]
        server.put("/z", b"z")
        assert refusal(fetcher, server.url + "/x").code == "NET-004"
        assert refusal(fetcher, server.url + "/y").code == "NET-001"
        assert fetcher.download(server.url + "/z").file.bytes == 1
        assert dead.count("/x") == QUICK.retries + 1


def test_what_comes_with_a_redirect_is_never_read(server: Server, fetcher: Fetcher):
    """requests would unpack all of it into memory."""

    def endless(handler) -> None:
        handler.close_connection = True
        handler.reply(302, {"Location": "/z", "Content-Encoding": "gzip", "Transfer-Encoding": "chunked"})
        while not handler.server.stopping.is_set():
            handler.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n")

    server.answers["/x"] = [endless]
    server.put("/z", b"z")
    assert fetcher.download(server.url + "/x").file.bytes == 1
    assert guarded_session(QUICK, LOOPBACK).get(server.url + "/x").content == b"z"


def test_missing_files_do_not_count_against_a_host(server: Server, fetcher: Fetcher):
    for number in range(QUICK.patience + 1):
        assert refusal(fetcher, f"{server.url}/{number}").code == "NET-404"
    server.put("/x", b"x")
    assert fetcher.download(server.url + "/x").file.bytes == 1


def test_names_and_ports_that_lead_nowhere(fetcher: Fetcher, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert refusal(fetcher, f"http://127.0.0.1:{closed.getsockname()[1]}/").code == "NET-003"

    def unknown(*args, **options):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert refusal(fetcher, "http://nowhere.example.vn/").code == "NET-002"


# ---------------------------------------------------------------- what is asked, and how often


def test_an_unchanged_file_is_not_sent_again(server: Server, fetcher: Fetcher):
    url = server.put("/x.csv", b"a\n1\n")
    first = fetcher.download(url)
    second = fetcher.download(url, first.validators)
    assert (first.changed, second.changed) == (True, False)
    assert second.file == first.file and second.file.media_type == "text/csv"
    assert second.validators == first.validators
    assert server.asked[1][1]["If-None-Match"] == first.validators.etag
    server.put("/x.csv", b"a\n2\n")
    assert fetcher.download(url, first.validators).changed


def test_a_file_no_longer_kept_is_asked_for_in_full(server: Server, fetcher: Fetcher):
    url = server.put("/x.csv", b"a\n1\n")
    first = fetcher.download(url)
    first.file.path.unlink()
    assert fetcher.download(url, first.validators).file.path.read_bytes() == b"a\n1\n"


def test_the_same_bytes_without_validators_are_unchanged(server: Server, fetcher: Fetcher):
    server.answers["/x"] = [body(b"a\n", Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT", ETag="ngày")]
    first = fetcher.download(server.url + "/x")
    assert first.validators.etag == ""
    assert not fetcher.download(server.url + "/x", first.validators).changed
    assert server.asked[1][1]["If-Modified-Since"] == "Wed, 21 Oct 2015 07:28:00 GMT"


def test_compressed_files_are_kept_as_they_are_meant(server: Server, fetcher: Fetcher):
    server.answers["/x"] = [zipped(b"a\n1\n" * 100_000)]
    assert fetcher.download(server.url + "/x").file.bytes == 400_000
    assert server.asked[0][1]["Accept-Encoding"] == "gzip"


def test_a_web_page_is_no_document_but_may_be_a_file(server: Server, fetcher: Fetcher):
    page = b"\xef\xbb\xbf <!-- x --><!DOCTYPE HTML><html><body>Xin ch\xc3\xa0o</body></html>"
    server.put("/x", page, "application/json")
    with pytest.raises(SourceChanged, match="web page"):
        fetcher.read(server.url + "/x", accept="application/json")
    assert fetcher.download(server.url + "/x").file.bytes == len(page)  # a check will say what it is


def test_a_redirect_to_a_login_is_a_login(server: Server, fetcher: Fetcher):
    server.answers["/x"] = [redirect("/Account/LogIn?next=x")]
    server.put("/Account/LogIn", b"<html>Sign in with the button</html>", "text/html")
    assert refusal(fetcher, server.url + "/x").code == "NET-017"


def test_a_document_tells_where_it_came_from(server: Server, fetcher: Fetcher):
    server.answers["/x"] = [redirect("/y")]
    server.put("/y", b"{}", "Application/JSON; charset=utf-8")
    answer = fetcher.read(server.url + "/x", accept="application/json")
    assert (answer.url, answer.status, answer.content, answer.media_type) == (
        server.url + "/y", 200, b"{}", "application/json",
    )  # fmt: skip


def test_hosts_go_side_by_side_two_requests_each(server: Server, tmp_path: Path):
    """Two dead addresses of one host hold up the third, and no other host."""
    at_once, most, lock = 0, 0, threading.Lock()

    def counted(handler) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        handler.server.stopping.wait(0.02)
        with lock:
            at_once -= 1
        handler.reply(200, {}, b"x")

    limits = replace(QUICK, read=5.0, total=5.0)
    with serving() as dead, Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=limits) as fetcher:
        dead.answers["/x"] = [silent]
        waiting = [fetcher.submit(f"{dead.url}/x?{number}") for number in range(3)]
        for number in range(6):
            server.answers[f"/{number}"] = [counted]
        done = [fetcher.submit(f"{server.url}/{number}") for number in range(6)]
        assert [future.result(5).file.bytes for future in done] == [1] * 6
        assert most == 2
        assert not any(future.done() for future in waiting)
        assert dead.count("/x") <= 2


def test_closing_stops_what_is_under_way(server: Server, tmp_path: Path):
    server.answers["/x"] = [silent]
    fetcher = Fetcher(FileStore(tmp_path), allow_networks=LOOPBACK, limits=Limits())
    futures = [fetcher.submit(server.url + "/x") for _ in range(5)]
    while not server.asked:
        time.sleep(0.01)
    fetcher.close()
    assert all(future.done() for future in futures)


def test_connections_are_used_again(server: Server, fetcher: Fetcher, monkeypatch):
    opened = []
    real = socket.socket.connect
    monkeypatch.setattr("socket.socket.connect", lambda sock, address: (opened.append(address), real(sock, address)))
    url = server.put("/x", b"x" * 100_000)
    known: Validators | None = None
    for _ in range(5):
        known = fetcher.download(url, known).validators
    assert len(opened) == 1


def test_messages_show_no_secret_of_an_address():
    assert shown("https://me:secret@data.example.vn/a?key=secret#x") == "https://data.example.vn/a?…"
