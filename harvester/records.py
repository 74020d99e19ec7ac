"""Records to JSON and back: for the store, and for the pipe to the child process (never pickle)."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from harvester.i18n import Text

T = TypeVar("T")


def to_json(record: Any) -> Any:
    """A JSON-ready form of a record of `model` (dataclasses, Enums, days, times, paths, Texts, collections)."""
    if isinstance(record, Text):
        return record.to_json()
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, Enum):
        return record.value
    if isinstance(record, date | datetime):
        return record.isoformat()
    if isinstance(record, Path):
        return str(record)
    if isinstance(record, Mapping):
        return {str(key): to_json(value) for key, value in record.items()}
    if isinstance(record, frozenset):
        return sorted((to_json(item) for item in record), key=str)
    if isinstance(record, tuple | list):
        return [to_json(item) for item in record]
    return record


def from_json(kind: type[T], stored: Any) -> T:
    """The record of type `kind` that `to_json` wrote; fields that are new since then take their defaults.

    Raises KeyError, TypeError or ValueError when `stored` is no such record.
    """
    return cast(T, _read(kind, stored))


def _read(kind: Any, stored: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if stored is None:
            return None
        return _read(next(part for part in arguments if part is not types.NoneType), stored)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_read(arguments[0], item) for item in stored)
        return tuple(_read(part, item) for part, item in zip(arguments, stored, strict=True))
    if origin is frozenset:
        return frozenset(_read(arguments[0], item) for item in stored)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _read(arguments[1], value) for key, value in stored.items()}
    if kind is Text:
        return Text.from_json(stored)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _read(hints[name], value) for name, value in stored.items() if name in hints})
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(stored)
    if kind in (date, datetime):
        return kind.fromisoformat(stored)
    return stored


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
