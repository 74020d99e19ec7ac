"""A small mail server for tests: real SMTP over loopback, with STARTTLS, that can refuse; what it took is in `box`."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

CERTIFICATES = Path(__file__).parent / "data" / "tls"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, tls: str) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.tls = tls
        self.box: list[tuple[list[str], EmailMessage]] = []
        self.answers: list[str] = []  # taken in turn instead of accepting a message
        self.spoke_in_clear: list[str] = []  # commands before encryption

    @property
    def port(self) -> int:
        return self.server_address[1]


class Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.say("220 ready")
        to: list[str] = []
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if not isinstance(self.connection, ssl.SSLSocket):
                self.server.spoke_in_clear.append(verb)
            if verb in ("EHLO", "HELO"):
                self.say("250-here\r\n250 STARTTLS" if self.server.tls else "250 here")
            elif verb == "STARTTLS":
                self.say("220 go on")
                self.encrypt()
            elif verb == "RCPT":
                to.append(line.partition("<")[2].partition(">")[0])
                self.say("250 ok")
            elif verb == "DATA":
                self.take(to)
                to = []
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def take(self, to: list[str]) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.server.answers:
            self.say(self.server.answers.pop(0))
            return
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.server.box.append((to, message))
        self.say("250 taken")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")
        self.wfile.flush()

    def encrypt(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{self.server.tls}.pem")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)


@contextmanager
def taking_mail(tls: str = "") -> Iterator[Server]:
    """A running mail server; `tls` names a certificate in tests/data/tls."""
    server = Server(tls)
    server.handle_error = lambda *_: None  # a client that hangs up is no news
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
