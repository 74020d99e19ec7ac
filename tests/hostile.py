# ruff: noqa: E501 - one line for each way
"""A world that misbehaves, over real sockets: each way by name, on what it is played, and what must come of it.

Every case is a source that first behaves (`good`), then misbehaves for two runs a day apart. `state` and `code` are the
named outcome of its listing, `outcome` that of its dataset; in all of them what was published before stays as it was,
unless `outcome` is "published".
"""

import io
import json
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servers import (
    Handler,
    Reply,
    Server,
    body,
    bomb,
    cut_short,
    dripping,
    redirect,
    reset,
    status,
    tagged,
    zipped,
)

CSV = b"ma,ten\n1,M\xe1\xbb\x99t\n2,Hai\n"
INNER = "127.0.0.77"
"""An inner address that no source may reach; a canary listens there."""
LOGIN = b"<!DOCTYPE html><title>Login</title><form><input type='password'></form>"


@dataclass(frozen=True)
class Stage:
    """Where a case is played."""

    server: Server
    canary: str  # http://127.0.0.77:port
    place: str  # "/never-answers"

    def put(self, name: str, content: bytes, media_type: str = "application/json") -> None:
        self.server.answers[f"{self.place}/{name}"] = [tagged(content, media_type)]

    def play(self, name: str, *replies: Reply) -> None:
        self.server.answers[f"{self.place}/{name}"] = list(replies)


@dataclass(frozen=True)
class Case:
    """One way to misbehave, and what comes of it."""

    bad: Callable[[Stage], None]
    state: str = "failed"
    code: str = ""  # a finding of the source must have it
    outcome: str = ""  # of the dataset; "": it is not even settled
    kind: str = "datapackage"
    address: str = ""  # instead of the server's own, with {place}
    tls: str = ""
    good: bool = True  # False: it never behaved
    later: bool = False  # the code comes on the second day


def package(**more: Any) -> dict[str, Any]:
    described = {
        "name": "tram",
        "title": "Danh sách trạm y tế",
        "description": "Danh sách trạm y tế của tỉnh.",
        "licenses": [{"name": "CC-BY-4.0"}],
        "accrualPeriodicity": "hằng năm",
        "modified": "2026-10-01",
        "resources": [{"name": "tram", "path": "tram.csv", "format": "csv"}],
    }
    return described | more


def behave(stage: Stage, kind: str) -> None:
    """What every source does before it misbehaves."""
    stage.put("tram.csv", CSV, "text/csv")
    if kind == "data_json":
        stage.put("data.json", dumped(catalogue(*(pod(n) for n in range(12)))))
        for number in range(12):
            stage.put(f"{number}.csv", CSV + b"9,%d\n" % number, "text/csv")
    elif kind == "ckan":
        pages(stage, (3, [ckan(stage, 1), ckan(stage, 2)]), (3, [ckan(stage, 3)]))
        for number in range(1, 4):
            stage.put(f"{number}.csv", CSV + b"9,%d\n" % number, "text/csv")
    else:
        stage.put("datapackage.json", dumped(package()))


def dumped(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


# ---------------------------------------------------------------- ways of a server


def raw(content: bytes, then: str = "close") -> Reply:
    """Exactly these bytes for an answer."""

    def reply(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(content)
        handler.wfile.flush()
        if then == "wait":
            handler.server.stopping.wait(30)

    return reply


def endless(head: bytes, part: bytes, pause: float = 0.0) -> Reply:
    """A head, then the same part for ever."""

    def reply(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        while not handler.server.stopping.wait(pause):
            handler.wfile.write(part)
            handler.wfile.flush()

    return reply


def silent(handler: Handler) -> None:
    """Accepts the request and says nothing, for longer than anybody waits."""
    handler.close_connection = True
    handler.server.stopping.wait(600)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ONE_BYTE_A_TIME = endless(OK + b"\r\n", b" ", 0.05)
ENDLESS = endless(OK + b"\r\n", b" " * 65536)
CONTINUE = endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)
ENDLESS_HEADERS = endless(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 500 + b"\r\n", 0.001)


def on_listing(*replies: Reply) -> Callable[[Stage], None]:
    return lambda stage: stage.play("datapackage.json", *replies)


def on_file(*replies: Reply) -> Callable[[Stage], None]:
    return lambda stage: stage.play("tram.csv", *replies)


def listing(content: bytes, media_type: str = "application/json") -> Callable[[Stage], None]:
    return on_listing(body(content, media_type))


def described(**more: Any) -> Callable[[Stage], None]:
    return listing(dumped(package(**more)))


def to_inner(path: str = "/secret") -> Callable[[Stage], None]:
    return lambda stage: stage.play("datapackage.json", redirect(stage.canary + path))


def to(address: str) -> Callable[[Stage], None]:
    return on_listing(redirect(address))


def cookies(stage: Stage) -> None:
    stage.play("datapackage.json", body(dumped(package()), "application/json", Set_Cookie="session=1; Path=/"))


def steps_of(count: int) -> Callable[[Stage], None]:
    def bad(stage: Stage) -> None:
        for number in range(count):
            stage.play(f"step{number}", redirect(f"{stage.place}/step{number + 1}"))
        stage.play("datapackage.json", redirect(f"{stage.place}/step0"))

    return bad


# ---------------------------------------------------------------- files


def far_cell() -> bytes:
    """A workbook of 4 kB whose last cell is the last there can be."""
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>ma</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>'
    )
    return workbook(sheet)


def entities() -> bytes:
    """A workbook whose sheet is a billion laughs."""
    laughs = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    sheet = (
        f"<!DOCTYPE worksheet [{laughs}]>"
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&l9;</t></is></c></row></sheetData></worksheet>'
    )
    return workbook(sheet)


def workbook(sheet: str) -> bytes:
    rels, office = "http://schemas.openxmlformats.org/package/2006/relationships", "application/vnd.openxmlformats"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/w.xml" ContentType="{office}-officedocument.spreadsheetml.sheet.main+xml"/>'
        f'<Override PartName="/s.xml" ContentType="{office}-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{rels}"><Relationship Id="a" Type="{kinds}/officeDocument" '
        'Target="w.xml"/></Relationships>',
        "w.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        f'xmlns:r="{kinds}"><sheets><sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>',
        "_rels/w.xml.rels": f'<Relationships xmlns="{rels}"><Relationship Id="b" Type="{kinds}/worksheet" '
        'Target="s.xml"/></Relationships>',
        "s.xml": sheet,
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def zip_bomb(megabytes: int = 200) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("s.xml", "w") as part:
        for _ in range(megabytes):
            part.write(bytes(2**20))
    return made.getvalue()


def as_workbook(content: bytes) -> Callable[[Stage], None]:
    def bad(stage: Stage) -> None:
        resources = [{"name": "tram", "path": "tram.xlsx", "format": "xlsx"}]
        stage.play("datapackage.json", body(dumped(package(resources=resources)), "application/json"))
        stage.put("tram.xlsx", content, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")

    return bad


def one_long_line(megabytes: int = 40) -> Reply:
    """A CSV of one line, made as it is sent."""

    def reply(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: gzip\r\n\r\n")
        packer = zlib.compressobj(1, wbits=31)
        part = bytes(range(33, 127)) * 11155  # 1 MB that packs a hundredfold less well than zeros
        for number in range(megabytes):
            handler.wfile.write(packer.compress(part + b"%d" % number))
        handler.wfile.write(packer.flush())

    return reply


# ---------------------------------------------------------------- catalogues


def pod(number: int, **more: Any) -> dict[str, Any]:
    return {
        "identifier": f"d{number}",
        "title": f"Danh sách {number}",
        "description": "Danh sách.",
        "modified": "2026-10-01",
        "publisher": {"name": "Sở Y tế"},
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "accrualPeriodicity": "R/P1Y",
        "distribution": [{"downloadURL": f"{number}.csv", "mediaType": "text/csv"}],
    } | more


def catalogue(*datasets: Any) -> dict[str, Any]:
    return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": list(datasets)}


def pods(*datasets: Any) -> Callable[[Stage], None]:
    return lambda stage: stage.put("data.json", dumped(catalogue(*datasets)))


def ckan(stage: Stage, number: int, **more: Any) -> dict[str, Any]:
    file = {"id": f"r{number}", "name": "r", "url": f"{stage.server.url}{stage.place}/{number}.csv", "format": "CSV"}
    named = {"id": f"p{number}", "name": f"bo-{number}", "title": f"Bộ {number}", "notes": "x", "license_id": "cc-by"}
    return named | {"organization": {"title": "Sở Y tế"}, "resources": [file]} | more


def pages(stage: Stage, *listed: tuple[int, list[dict[str, Any]]]) -> None:
    """A CKAN's pages by where they start."""
    answers, start = {}, 0
    for count, found in listed:
        answers[start] = body(
            dumped({"success": True, "result": {"count": count, "results": found}}), "application/json"
        )
        start += len(found)
    last = answers[max(answers)]

    def reply(handler: Handler) -> None:
        asked = int(handler.path.partition("start=")[2].partition("&")[0] or 0)
        answers.get(asked, last)(handler)

    stage.play("api/3/action/package_search", reply)


def paged(*listed: tuple[int, list[int]]) -> Callable[[Stage], None]:
    return lambda stage: pages(stage, *((count, [ckan(stage, number) for number in found]) for count, found in listed))


DEEP = b'{"name":"x","resources":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
DEEPER = b"[" * 1_000_000

CASES: dict[str, Case] = {
    # silence and slowness
    "never answers": Case(on_listing(silent), code="NET-004"),
    "one byte at a time in the head": Case(on_listing(dripping), code="NET-016"),
    "one byte at a time in the body": Case(on_listing(ONE_BYTE_A_TIME), code="NET-016"),
    "an endless body": Case(on_listing(ENDLESS), code="NET-014"),
    "endless headers": Case(on_listing(ENDLESS_HEADERS), code="NET-012"),
    "100 Continue for ever": Case(on_listing(CONTINUE), code="NET-016"),
    "a file that never answers": Case(on_file(silent), "ok", "NET-004", "failed"),
    "a file of one byte at a time": Case(on_file(ONE_BYTE_A_TIME), "ok", "NET-016", "failed"),
    "an endless file": Case(on_file(ENDLESS), "ok", "NET-014", "failed"),
    # broken HTTP
    "Content-Length too long": Case(on_listing(cut_short(dumped(package()))), code="NET-012"),
    "Content-Length too short": Case(on_listing(raw(OK + b"Content-Length: 20\r\n\r\n" + dumped(package()))), "refused", "SRC-012"),
    "Content-Length that is no number": Case(on_listing(raw(OK + b"Content-Length: x\r\n\r\n{}")), "refused"),
    "closed early without a length": Case(on_listing(raw(OK + b"\r\n" + dumped(package())[:60])), "refused"),
    "torn down in the body": Case(on_listing(reset), code="NET-012"),
    "hung up at once": Case(on_listing(hang_up), code="NET-012"),
    "a status line that is none": Case(on_listing(raw(b"HELLO THERE\r\n\r\n")), code="NET-012"),
    "chunks with lengths that are none": Case(on_listing(raw(OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nx")), code="NET-012"),
    "a header of a megabyte": Case(on_listing(raw(OK + b"X: " + b"a" * 2**20 + b"\r\n\r\n{}")), code="NET-012"),
    "ten thousand headers": Case(on_listing(raw(OK + b"X: a\r\n" * 10_000 + b"\r\n{}")), code="NET-012"),
    "cookies": Case(cookies, "ok", outcome="unchanged"),
    # compression
    "a gzip bomb": Case(on_listing(bomb(300)), code="NET-014"),
    "a file that is a gzip bomb": Case(on_file(bomb(300)), "ok", "NET-014", "failed"),
    "gzip cut short": Case(on_listing(raw(OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0")), code="NET-012"),
    "compressed in a way nobody asked for": Case(on_listing(body(b"x", Content_Encoding="br")), code="NET-015"),
    "compressed twice": Case(on_listing(zipped(b"\x1f\x8b" + b"x" * 50)), "refused"),
    # refusals
    "200 with a login page": Case(listing(LOGIN, "text/html"), code="NET-017"),
    "redirected to a login": Case(lambda s: (s.play("datapackage.json", redirect(f"{s.place}/login")), s.put("login", LOGIN, "text/html"))[0], code="NET-017"),
    "401": Case(on_listing(status(401)), code="NET-401"),
    "403": Case(on_listing(status(403)), code="NET-403"),
    "404": Case(on_listing(status(404)), code="NET-404"),
    "410": Case(on_listing(status(410)), code="NET-410"),
    "204": Case(on_listing(status(204)), code="NET-018"),
    "206 unasked": Case(on_listing(status(206)), code="NET-018"),
    "429 without Retry-After": Case(on_listing(status(429)), code="NET-429"),
    "429 with Retry-After 0, then well": Case(on_listing(status(429, Retry_After="0"), body(dumped(package()), "application/json")), "ok", outcome="unchanged"),
    "429 with Retry-After of ten years": Case(on_listing(status(429, Retry_After="315360000")), code="NET-429"),
    "503 with Retry-After that is nonsense": Case(on_listing(status(503, Retry_After="soon")), code="NET-503"),
    "500 always": Case(on_listing(status(500)), code="NET-500"),
    "a file gone": Case(on_file(status(404)), "ok", "NET-404", "failed"),
    "a file that is a login page": Case(on_file(body(LOGIN, "text/html")), "ok", "NET-017", "failed"),
    # where it leads
    "a redirect loop": Case(lambda s: s.play("datapackage.json", redirect(f"{s.place}/datapackage.json")), code="NET-010"),
    "too many redirects": Case(steps_of(30), code="NET-010"),
    "a redirect to the cloud's own address": Case(to("http://169.254.169.254/latest/meta-data/"), code="NET-009"),
    "a redirect to this machine": Case(to_inner(), code="NET-009"),
    "a redirect to [::1]": Case(to("http://[::1]/"), code="NET-009"),
    "a redirect to an inner network": Case(to("http://10.0.0.1/"), code="NET-009"),
    "a redirect to an odd number": Case(to("http://2130706509/"), code="NET-009"),
    "a redirect to a mapped address": Case(to("http://[::ffff:127.0.0.77]/"), code="NET-009"),
    "a redirect to a file": Case(to("file:///etc/passwd"), code="NET-011"),
    "a redirect to nonsense": Case(to("http://[::1"), code="NET-011"),
    "a name that changes its mind": Case(lambda s: None, code="NET-009", address="http://rebind.example:{port}{place}/datapackage.json"),
    "a file at an inner address": Case(lambda s: described(resources=[{"name": "tram", "path": f"{s.canary}/secret.csv", "format": "csv"}])(s), "ok", "NET-009", "failed"),
    "a schema at an inner address": Case(lambda s: described(resources=[{"name": "tram", "path": "tram.csv", "format": "csv", "schema": f"{s.canary}/schema.json"}])(s), ""),
    # TLS
    "TLS expired": Case(lambda s: None, code="NET-006", tls="expired", good=False),
    "TLS for another name": Case(lambda s: None, code="NET-007", tls="wrong-name", good=False),
    "TLS by an unknown authority": Case(lambda s: None, code="NET-008", tls="unknown", good=False),
    "no TLS where it is expected": Case(lambda s: None, code="NET-005", address="https://127.0.0.1:{port}{place}/datapackage.json", good=False),
    "HTTP after HTTPS": Case(lambda s: None, "ok", outcome="published", tls="trusted", good=False),
    # documents
    "broken JSON": Case(listing(b'{"name": "x", "resources": ['), "refused"),
    "JSON 10,000 levels deep": Case(listing(DEEP), "refused"),
    "JSON a million levels deep": Case(listing(DEEPER), "refused"),
    "JSON with a number of 50,000 digits": Case(listing(b'{"name": "x", "resources": [], "n": ' + b"9" * 50_000 + b"}"), "refused"),
    "JSON that is a list": Case(listing(b"[]"), "refused"),
    "JSON of nothing": Case(listing(b""), "refused"),
    "NaN and twice the same key": Case(listing(b'{"name": NaN, "name": "x", "resources": 7}'), "refused"),
    "bytes that are no text": Case(listing(b"\x80\x81\xfe" * 400), "refused"),
    "30,000 resources": Case(described(resources=[{"name": f"r{n}", "path": "tram.csv"} for n in range(30_000)]), ""),
    "a title of five megabytes": Case(described(title="T" * 5_000_000), ""),
    "a path with ../": Case(described(resources=[{"name": "tram", "path": "../../../etc/passwd"}]), ""),
    "a path of this machine": Case(described(resources=[{"name": "tram", "path": "/etc/passwd"}]), ""),
    "a path that is a file URL": Case(described(resources=[{"name": "tram", "path": "file:///etc/passwd"}]), ""),
    "NUL in names": Case(described(title="Danh sách\0trạm", resources=[{"name": "t\0m", "path": "tram.csv", "format": "csv"}]), ""),
    "marks that turn the reading direction": Case(described(title="Danh sách \u202egnod\u202c trạm"), ""),
    "names of 300 bytes": Case(described(resources=[{"name": "t" * 300, "path": "tram.csv", "title": "ộ" * 300, "format": "csv"}]), ""),
    "a name of another dataset": Case(described(name="khac", id="khac"), "ok"),
    # files
    "a zip bomb for a workbook": Case(as_workbook(zip_bomb()), "ok", outcome="refused"),
    "a workbook that asks for gigabytes": Case(as_workbook(far_cell()), "ok"),
    "a workbook of a billion laughs": Case(as_workbook(entities()), "ok", outcome="refused"),
    "a page for a workbook": Case(as_workbook(b"<html><body>Xin chao</body></html>"), "ok", outcome="refused"),
    "a CSV of one long line": Case(on_file(one_long_line()), "ok"),
    "an empty file": Case(on_file(body(b"")), "ok", outcome="refused"),
    "a CSV of NULs": Case(on_file(body(b"\0" * 100_000)), "ok", outcome="refused"),
    "formulas in cells": Case(on_file(body(b"ma,ten\n1,=cmd|'/c calc'!A0\n2,+1\n3,@SUM(A1)\n")), "ok", outcome="published"),
    # catalogues
    "an identifier twice": Case(pods(*(pod(n) for n in range(12)), pod(3, title="Hai")), "", "SRC-040", kind="data_json"),
    "a dataset of another agency": Case(pods(*(pod(n) for n in range(12)), pod(99, publisher={"name": "Bộ Y tế"}, distribution=[])), "", "RUN-010", kind="data_json"),
    "a catalogue that shrinks to a tenth": Case(pods(pod(0)), "ok", "RUN-021", kind="data_json", later=True),
    "a catalogue that shrinks to nothing": Case(pods(), "", kind="data_json"),
    "a catalogue with one broken record": Case(pods(*(pod(n) for n in range(11)), 7), "partial", kind="data_json"),
    "a catalogue that repeats page 1": Case(paged((4, [1, 2]), (4, [1, 2])), "partial", kind="ckan"),
    "a catalogue that lies about its total": Case(paged((900, [1, 2]), (900, [])), "partial", kind="ckan"),
    "a catalogue whose total moves": Case(paged((3, [1, 2]), (2, [])), "partial", kind="ckan"),
}  # fmt: skip
