"""YAML and JSON from strangers: read strictly, within limits, and refused with the line where it goes wrong."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from harvester.errors import SourceChanged
from harvester.i18n import Text, say
from harvester.model import Place

JSON_BYTES = 64 * 2**20
YAML_BYTES = 200_000  # PyYAML reads some 100 kB a second; a description of a dataset is 2 kB
DEPTH = 40
_TYPED = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null")}
_ANCHORS, _DEEP = "anchors", "deep"
_NOT_USED = {
    _ANCHORS: ("SRC-013", say("references with & and * are not allowed")),
    _DEEP: ("SRC-013", say("it is nested more than {limit} levels deep", limit=DEPTH)),
}
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True)
class Descriptor:
    """A description as it was written: texts stay texts, so that 01, no and 2024-02-30 mean what they say."""

    file: str  # as shown to people
    values: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)  # resources[0].path → 1-based line, where known


def read_yaml(content: bytes, file: str) -> Descriptor:
    """A YAML mapping; only what stands under `schema` and `dialect` is given YAML's types.

    Raises SourceChanged naming the line for broken syntax, anchors and aliases, repeated keys, or too much of it.
    """
    if len(content) > YAML_BYTES:
        raise refused("SRC-010", file, None, say("it is longer than {limit} bytes", limit=YAML_BYTES))
    try:
        node = yaml.compose(_text(content, file), _Loader)
        if not isinstance(node, yaml.MappingNode):
            raise refused("SRC-015", file, 1, say("it does not consist of lines of the form “key: value”"))
        return Descriptor(file, _plain(node, file), dict(_lines(node)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        code, why = _NOT_USED.get(str(error.problem), ("SRC-011", say("its YAML cannot be read from here on")))
        raise refused(code, file, line, why) from error
    except yaml.YAMLError as error:
        raise refused("SRC-011", file, None, say("it holds characters that no text may hold")) from error


def read_json(content: bytes, file: str, limit: int = JSON_BYTES) -> Any:
    """A JSON value of at most `limit` bytes; UTF-8 or UTF-16, with or without a byte order mark.

    Raises SourceChanged naming line and column for broken syntax, NaN, repeated keys, or too deep nesting.
    """
    if len(content) > limit:
        raise refused("SRC-010", file, None, say("it is longer than {limit} bytes", limit=limit))
    text = _text(content, file)
    _judge_depth(text, file)
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair could not be stored
        return value
    except json.JSONDecodeError as error:
        why = say("its JSON breaks at line {line}, column {column}", line=error.lineno, column=error.colno)
        raise refused("SRC-012", file, error.lineno, why) from error
    except UnicodeEncodeError as error:
        raise refused("SRC-012", file, None, say("it holds characters that no text may hold")) from error
    except _Repeated as error:
        raise refused("SRC-014", file, None, say("the key “{key}” stands there twice", key=str(error))) from error
    except ValueError as error:  # NaN, or a number of thousands of digits
        raise refused("SRC-012", file, None, say("it holds a value that is no number")) from error


class _Repeated(ValueError):
    pass


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse what makes YAML bombs: anchors, aliases, endless depth."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(None, None, _ANCHORS, event.start_mark)
        self.depth += 1
        if self.depth > DEPTH:
            raise yaml.composer.ComposerError(None, None, _DEEP, event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _plain(node: yaml.Node, file: str, typed: bool = False) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, file, typed) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            line = key.start_mark.line + 1
            if name in values:
                raise refused("SRC-014", file, line, say("the key “{key}” stands there twice", key=name[:80]))
            values[name] = _plain(value, file, typed or name in ("schema", "dialect"))
        return values
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if typed and node.tag in _TYPED:
        return _number(node)
    return node.value


def _lines(node: yaml.Node, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Each key below `node`, written as in resources[0].path, with its line."""
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _lines(item, f"{prefix}[{position}]")
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{prefix}.{key.value}" if prefix else str(key.value)
            yield path, key.start_mark.line + 1
            yield from _lines(value, path)


def _number(node: yaml.Node) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, yaml.YAMLError):
        return node.value


def encoding_of(start: bytes) -> str:
    """UTF-8 or UTF-16, by the first bytes of a text that begins with an ASCII character."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start[:2].count(0) == 1:
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return "utf-8-sig"


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode(encoding_of(content))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refused("SRC-010", file, line, say("it is not written in UTF-8")) from error


def _judge_depth(text: str, file: str) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > DEPTH:
            raise refused("SRC-013", file, None, say("it is nested more than {limit} levels deep", limit=DEPTH))


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Repeated(name[:80])
        found[name] = value
    return found


def refused(code: str, file: str, line: int | None, why: Text) -> SourceChanged:
    """The refusal of a file that cannot be read, or not from `line` on."""
    where = say("{file}, line {line}", file=file, line=line) if line else say("{file}", file=file)
    return SourceChanged(
        code,
        say("{where}: {why}.", where=where, why=why),
        say("Correct the file in a text editor (spaces, not tabs; quotes closed) and save it as UTF-8."),
        Place(file, row=line).to_json(),
    )
