"""Catalogues of others as the shared source suite puts them up; each function gives the cases of one kind.

They are written after the examples in the standards' own text, with Vietnamese words.
"""

import json
from collections.abc import Callable
from typing import Any

from servers import silent

Cases = dict[str, Any]


def put(name: str, content: Any, media_type: str) -> Callable[[Any], str]:
    """A document on the web server, with a file beside it."""

    def put_up(stage: Any) -> str:
        stage.server.put("/in/tram.csv", b"a\n1\n")
        return str(stage.server.put(f"/in/{name}", as_bytes(content), media_type))

    return put_up


def lay(name: str, content: Any) -> Callable[[Any], str]:
    """The same in a folder."""

    def put_up(stage: Any) -> str:
        stage.write("in/tram.csv", b"a\n1\n")
        stage.write("secret.csv", b"secret")
        stage.write(f"in/{name}", as_bytes(content))
        return f"in/{name}"

    return put_up


def as_bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content, ensure_ascii=False).encode()


def hangs(stage: Any) -> str:
    stage.server.answers["/x"] = [silent]
    return str(stage.server.url + "/x")


def web_page(stage: Any) -> str:
    return str(stage.server.put("/x", b"<!doctype html><p>Home", "text/html"))


# ---------------------------------------------------------------- DCAT-US


def pod(identifier: str = "tram", **changes: Any) -> dict[str, Any]:
    """A dataset of DCAT-US 1.1, as its schema asks for it."""
    return {
        "@type": "dcat:Dataset",
        "identifier": identifier,
        "title": "Danh sách trạm y tế",
        "description": "Trạm y tế các xã",
        "keyword": ["y tế", "trạm"],
        "modified": "2026-03-31",
        "publisher": {"@type": "org:Organization", "name": "Sở Nội vụ"},
        "contactPoint": {"@type": "vcard:Contact", "fn": "Văn thư", "hasEmail": "mailto:vanthu@example.gov.vn"},
        "accessLevel": "public",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "accrualPeriodicity": "R/P1M",
        "temporal": "2025-01-01/2025-12-31",
        "distribution": [{"@type": "dcat:Distribution", "downloadURL": "tram.csv", "mediaType": "text/csv"}],
    } | changes


def data_json(kind: Any, title: str, content: bytes) -> Cases:
    """Local and by URL."""

    def catalogue(*datasets: Any) -> dict[str, Any]:
        return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": list(datasets)}

    def cases(at: Any) -> Cases:
        return {
            "whole": at("data.json", catalogue(pod(), pod("xa"))),
            "broken_record": at("data.json", catalogue(pod(), pod("hong", title=None))),
            "twice": at("data.json", catalogue(pod(), pod())),
            "bad_field": at("data.json", catalogue(pod(modified="2026-02-31"))),
        }

    return {
        "data.json": kind(
            "data_json",
            **cases(lay),
            not_a_catalogue=lay("data.json", {"a": 1}),
            nowhere=lambda stage: "nowhere/data.json",
            hostile=lay("data.json", catalogue(pod(distribution=[{"downloadURL": "../secret.csv"}]))),
        ),
        "data.json by URL": kind("data_json", **cases(by_url), not_a_catalogue=web_page, nowhere=hangs),
    }


def by_url(name: str, content: Any) -> Callable[[Any], str]:
    return put(name, content, "application/json")
