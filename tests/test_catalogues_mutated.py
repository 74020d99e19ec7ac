"""Catalogues broken by generation: nothing crashes, and every record is collected or reported.

`OPENDATA_MUTATIONS` many (default 400; the long check runs 6,000), from one seed, so that a failure can be repeated.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from catalogues import catalogue_ttl, pod, serialised, turtle
from reading import door

from harvester.errors import SourceChanged, SourceUnavailable
from harvester.fetch import Fetcher
from harvester.model import Dataset, Finding, Listing, Source
from harvester.records import to_json
from harvester.sources import SOURCES
from harvester.sources.catalogues import clean

MANY = int(os.environ.get("OPENDATA_MUTATIONS", "400"))
RECORDS = 4
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, "", " ", "\x00", "\ud800", "x" * 5000, "2026-02-31", "R/P1M", "../../etc/passwd"),
    *("http://[", "javascript:alert(1)", "http://10.0.0.1/", "ﷺ\u202e", [], {}, [[]], [None], {"a": None}, {"@id": 5}),
    *({"@value": ["x"], "@language": 7}, {"@type": "dcat:Catalog"}, [[[[[]]]]], {"name": {"name": {}}}, "//", "#"),
)


def whole() -> dict[str, Any]:
    return {
        "conformsTo": "x",
        "dataset": [pod(str(n), distribution=[{"downloadURL": f"{n}.csv"}]) for n in range(RECORDS)],
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value but its top and its list of datasets."""
    if len(path) > 1:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def changed(chance: random.Random) -> bytes:
    """A catalogue of RECORDS records in which some values are something else."""
    made = whole()
    for _ in range(chance.randint(1, 4)):
        where = chance.choice(list(places(made)))
        put(made, where, json.loads(json.dumps(chance.choice(ODD))))
    try:
        return json.dumps(made, ensure_ascii=chance.random() < 0.5).encode()
    except UnicodeEncodeError:  # half a surrogate pair can only be written as an escape
        return json.dumps(made).encode()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Bytes cut, flipped, doubled or written in another encoding."""
    ways: tuple[Callable[[int], bytes], ...] = (
        lambda at: content[:at],
        lambda at: content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :],
        lambda at: content[:at] + content[max(0, at - 50) : at] + content[at:],
        lambda at: content[:at] + b"[" * chance.choice((1, 50, 5000)) + content[at:],
        lambda at: content.decode("utf-8", "replace").encode(
            chance.choice(("utf-16", "cp1258", "utf-8-sig")), "replace"
        ),
        lambda at: content[:at] + chance.choice((b"\0", b"\xff\xfe", b"<!DOCTYPE x>", b"\xe2\x80\xae")) + content[at:],
    )
    return chance.choice(ways)(chance.randrange(len(content)))


@contextmanager
def reading(folder: Path) -> Iterator[tuple[Fetcher, Callable[[str, bytes], list[Any] | None]]]:
    with door(folder) as fetcher:

        def read(kind: str, content: bytes) -> list[Any] | None:
            """What the source yields; None where it was refused whole, with a reason."""
            (folder / "catalogue").write_bytes(content)
            try:
                return list(SOURCES[kind](Source("s", kind, "catalogue", agency="a"), fetcher, folder))
            except (SourceChanged, SourceUnavailable) as error:
                assert str(error.message) and error.code
                return None

        yield fetcher, read


def judge(items: list[Any]) -> None:
    """One Listing at the end, all of it fit to be stored, and honest about itself."""
    *others, listing = items
    assert isinstance(listing, Listing) and not any(isinstance(item, Listing) for item in others)
    json.dumps(to_json(others), ensure_ascii=False).encode()
    for item in others:
        if isinstance(item, Dataset):
            assert item.identifier and item.title
        else:
            assert isinstance(item, Finding) and item.message.render("vi") and item.message.render("en")
    assert listing.complete or listing.reason


LOST = {"KND-001", "KND-002", "KND-003"}
NOTHING_LOST = {"SRC-040", "KND-006"}


@pytest.mark.parametrize("part", range(4))
def test_records_in_are_records_collected_or_reported(tmp_path: Path, part: int):
    chance = random.Random(part)
    with reading(tmp_path) as (_, read):
        for _ in range(MANY // 4):
            content = changed(chance)
            items = read("data_json", content)
            assert items is not None, content
            judge(items)
            accounted(items, json.loads(content)["dataset"], content)


def accounted(items: list[Any], records: list[Any], content: bytes) -> None:
    """As many records as the file holds were collected or reported, and a lost one makes the listing incomplete."""
    datasets = sum(isinstance(item, Dataset) for item in items)
    codes = [item.code for item in items if isinstance(item, Finding)]
    reported = sum(code in LOST | NOTHING_LOST for code in codes)
    named = [r for r in records if isinstance(r, str) and clean(r)]
    named += [
        r for r in records if isinstance(r, dict) and r.keys() <= {"@id", "@type"} and clean(str(r.get("@id") or ""))
    ]
    no_datasets = [r for r in records if isinstance(r, dict) and r.get("@type") == "dcat:Catalog"]
    assert datasets + reported + len(named) + len(no_datasets) == len(records), content
    assert items[-1].complete == (not (LOST & set(codes)) and "KND-004" not in codes), content
    assert "KND-004" in codes or not named, content


SYNTAXES = ("json-ld", "turtle", "xml", "nt")


@pytest.mark.parametrize("kind", ["data_json", *SYNTAXES])
def test_damaged_files_are_read_whole_or_refused(tmp_path: Path, kind: str):
    chance = random.Random(kind)
    if kind == "data_json":
        good = json.dumps(whole(), ensure_ascii=False).encode()
    else:
        good = serialised(catalogue_ttl(*(turtle(str(n)) for n in range(RECORDS))), kind)
    module = "data_json" if kind == "data_json" else "dcat"
    with reading(tmp_path) as (_, read):
        for _ in range(MANY // 8):
            items = read(module, damaged(good, chance))
            if items is not None:
                judge(items)


def test_json_ld_with_odd_values_loses_nothing_in_silence(tmp_path: Path):
    chance = random.Random(7)
    good = json.loads(serialised(catalogue_ttl(*(turtle(str(n)) for n in range(RECORDS))), "json-ld"))
    with reading(tmp_path) as (_, read):
        for _ in range(MANY // 4):
            made = json.loads(json.dumps(good))
            where = chance.choice(list(places(made)))
            put(made, where, chance.choice([odd for odd in ODD if odd != "\ud800"]))
            items = read("dcat", json.dumps(made).encode())
            if items is not None:
                judge(items)
                told = [i for i in items if isinstance(i, Finding)]
                datasets = sum(isinstance(item, Dataset) for item in items)
                moved = where[-1] in ("@id", "@type") or isinstance(where[-1], int) or len(where) < 3
                assert datasets == RECORDS or told or moved, (where, made)
