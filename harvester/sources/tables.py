"""Rows that come from a service, kept as the file they would have been: CSV or GeoJSON, streamed."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harvester.files import FileStore

BYTES = 2 * 2**30
_ROWS = 1_000  # in one block


def keep_csv(files: FileStore, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """The kept CSV (UTF-8, comma). What `rows` raises goes through, and then nothing is kept."""
    return files.keep_stream(_csv(header, rows), BYTES).path


def keep_geojson(files: FileStore, features: Iterable[Any]) -> Path:
    """The kept FeatureCollection. What `features` raises goes through, and then nothing is kept."""
    return files.keep_stream(_geojson(features), BYTES).path


def cell(value: Any) -> Any:
    """A value as CSV shows it: nothing for null, true and false, lists and objects as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    block = io.StringIO()
    writer = csv.writer(block, lineterminator="\n")
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _ROWS == 0:
            yield _taken(block)
    yield _taken(block)


def _taken(block: io.StringIO) -> bytes:
    content = block.getvalue().encode("utf-8", "replace")
    block.seek(0)
    block.truncate()
    return content


def _geojson(features: Iterable[Any]) -> Iterator[bytes]:
    yield b'{"type": "FeatureCollection", "features": ['
    for number, feature in enumerate(features):
        text = json.dumps(feature, ensure_ascii=False)
        yield (f",\n{text}" if number else f"\n{text}").encode("utf-8", "replace")
    yield b"\n]}\n"
