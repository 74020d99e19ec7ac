"""A loopback web server for tests: what it answers is set address by address, what it was asked is counted.

with serving() as server:
    server.put("/a.csv", b"a\\n1\\n")                # 200 with ETag; 304 when asked with it
    server.answers["/b"] = [status(503), body(b"x")]  # one after the other; the last one stays
    fetch(server.url + "/a.csv"); server.asked        # [("/a.csv", {"Accept": …})]
"""

import gzip
import hashlib
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOOPBACK = ("127.0.0.0/8",)
CERTIFICATES = Path(__file__).parent / "data" / "tls"

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append((self.path, dict(self.headers)))
        replies = self.server.answers.get(path, [status(404)])
        (replies.pop(0) if len(replies) > 1 else replies[0])(self)

    def reply(self, code: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response_only(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if code not in (204, 304) and not {"Content-Length", "Transfer-Encoding"} & headers.keys():
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, tls: str = "", at: str = "127.0.0.1") -> None:
        super().__init__((at, 0), Handler)
        self.answers: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()
        self.url = f"{'https' if tls else 'http'}://{at}:{self.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / f"{tls}.pem")
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def put(self, path: str, content: bytes, media_type: str = "text/csv") -> str:
        """Serve a file with an ETag, answering 304 to who has it; returns its address."""
        self.answers[path] = [tagged(content, media_type)]
        return self.url + path

    def count(self, path: str) -> int:
        """How often it was asked for `path`."""
        return sum(asked.partition("?")[0] == path for asked, _ in self.asked)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def serving(tls: str = "", at: str = "127.0.0.1") -> Iterator[Server]:
    """A running server at a loopback address; `tls` names a certificate in tests/data/tls."""
    server = Server(tls, at)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def body(content: bytes, media_type: str = "text/csv", **headers: str) -> Reply:
    """200 with `content`; header names take _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(200, {"Content-Type": media_type, **named}, content)


def tagged(content: bytes, media_type: str = "text/csv") -> Reply:
    """200 with an ETag, or 304 for who has it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'

    def reply(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            handler.reply(304, {"ETag": etag})
        else:
            handler.reply(200, {"Content-Type": media_type, "ETag": etag}, content)

    return reply


def status(code: int, **headers: str) -> Reply:
    """A bare status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(code, named, b"")


def redirect(to: str, code: int = 302) -> Reply:
    """A redirect."""
    return status(code, Location=to)


def zipped(content: bytes) -> Reply:
    """200 compressed with gzip."""
    return body(gzip.compress(content, mtime=0), Content_Encoding="gzip")


def cut_short(content: bytes) -> Reply:
    """Half of what Content-Length promises."""

    def reply(handler: Handler) -> None:
        handler.close_connection = True
        handler.reply(200, {"Content-Length": str(len(content) * 2)}, content)

    return reply


def reset(handler: Handler) -> None:
    """The connection torn down in the middle of the body."""
    handler.reply(200, {"Content-Length": "100000"}, b"a,b\n")
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def silent(handler: Handler) -> None:
    """Accepts the request and says nothing."""
    handler.close_connection = True
    handler.server.stopping.wait(10)


def dripping(handler: Handler) -> None:
    """A byte of the head now and then, for ever."""
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while not handler.server.stopping.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def bomb(megabytes: int) -> Reply:
    """gzip that unpacks to zeros, made as it is sent."""

    def reply(handler: Handler) -> None:
        handler.close_connection = True
        handler.reply(200, {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"})
        packer = zlib.compressobj(wbits=31)
        for _ in range(megabytes):
            part = packer.compress(bytes(2**20))
            if part:
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        part = packer.flush()
        handler.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(part), part))

    return reply
