"""YAML files as plain data with the line of every entry: bounded, and never more than data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from plasticity_sim.errors import InputError, suggestion

Place = tuple[str | int, ...]
Format = TypeVar("Format", bound=BaseModel)

LARGEST_FILE = 200_000  # bytes; the largest model we know of has 30 kB
MOST_ENTRIES = 5_000  # each costs a tenth of a millisecond; the largest file shipped has 322
DEEPEST_NESTING = 20

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Document:
    """The contents of one YAML file: `data` is made of dict, list, str, bool and None only.

    Numbers stay as they were written ("0.10"), so that a report can show the author's text.
    """

    path: str
    data: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int | None:
        """Return the line of an entry, or of the nearest entry around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    @contextmanager
    def placed(self, *place: str | int) -> Iterator[None]:
        """Fill in this file and a line in any InputError raised inside.

        The line is that of a key below `place` with which the message begins, as in "rate: …" or
        "baseline: rate: …", or of `place` itself. Of several the one whose value the message
        quotes, else the first.
        """
        try:
            yield
        except InputError as problem:
            keys = problem.message.split(": ")[:2]
            depth = len(place)
            below = [p for p in self.lines if p[:depth] == place and p[depth:] and p[-1] in keys]
            quoted = (p for p in below if f"'{self._value(p)}'" in problem.message)
            found = next(quoted, below[0] if below else place)
            raise problem.at(self.path, self.line(found)) from None

    def _value(self, place: Place) -> Any:
        value: Any = self.data
        for step in place:
            value = value[step]
        return value

    def error(self, message: str, *place: str | int) -> InputError:
        """Return an error that names this file and the line of `place`."""
        return InputError(message, self.path, self.line(place))


def read_document(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping; InputError names the line of any defect."""
    return parse_document(read_text(path, "a YAML file"), str(path))


def read_text(path: Path, wanted: str, largest: int = LARGEST_FILE) -> str:
    """Return the text of a file of bounded size; InputError if it cannot be read or is no text.

    Pipes and devices are refused: they may have no end, or keep one waiting for it.
    """
    shown = str(path)
    try:
        if not os.path.isfile(path):
            raise InputError(f"is not a file; give {wanted}", shown)
        with path.open("rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            size = max(len(data), path.stat().st_size)
            raise InputError(f"has {size} bytes; at most {largest} are read", shown)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", shown) from None
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror}", shown) from None


def parse_document(text: str, path: str) -> Document:
    """Return the document that `text` holds; `path` is named in errors."""
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.Composer = _Composer
        node = yaml.compose(text)
    except YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        reason = getattr(problem, "problem", None) or str(problem).splitlines()[0]
        raise InputError(f"not valid YAML: {reason}", path, mark and mark.line + 1) from None
    except InputError as problem:
        raise problem.at(path) from None
    except (RecursionError, ValueError) as problem:
        raise InputError(f"not valid YAML: {type(problem).__name__}", path) from None
    if node is None:
        raise InputError("is empty; see `plasticity-sim new` for a commented start", path)
    reader = _Reader(path)
    data = reader.value(node, ())
    if not isinstance(data, dict):
        raise InputError("must hold `key: value` lines at its top level", path, 1)
    return Document(path, data, reader.lines)


class _Composer(Composer):
    """Builds YAML nodes; refuses the first alias, tag or excess before going on."""

    nesting = 0
    entries = 0

    def compose_node(self, parent: Any, index: Any) -> Node:
        event = self.parser.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise InputError("YAML aliases (*name) are not read; write it out", line=line)
        if event.anchor is not None and event.anchor in self.anchors:
            raise InputError(f"the YAML anchor &{event.anchor} stands twice", line=line)
        if event.tag is not None:
            raise InputError("YAML tags (!name) are not read; delete it", line=line)
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise InputError(f"has more than {MOST_ENTRIES} entries", line=line)
        is_collection = isinstance(event, CollectionStartEvent)
        self.nesting += is_collection
        if self.nesting > DEEPEST_NESTING + 1:
            raise InputError(f"nested deeper than {DEEPEST_NESTING} levels", line=line)
        node: Node = super().compose_node(parent, index)
        self.nesting -= is_collection
        return node


class _Reader:
    """Walks the YAML nodes to plain data; refuses repeated keys and unprintable text."""

    def __init__(self, path: str):
        self.path = path
        self.lines: dict[Place, int] = {}

    def value(self, node: Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        match node:
            case ScalarNode():
                return self._scalar(node, line)
            case SequenceNode():
                return [self.value(item, (*place, i)) for i, item in enumerate(node.value)]
            case MappingNode():
                return self._mapping(node, place)
        raise InputError("holds something that is neither text, list nor mapping", self.path, line)

    def _scalar(self, node: ScalarNode, line: int) -> Any:
        self._check_printable(node.value, line)
        plain = node.style is None
        if plain and node.value in _NULLS:
            return None
        if plain and node.value.lower() in _BOOLEANS:
            return _BOOLEANS[node.value.lower()]
        return node.value

    def _check_printable(self, text: str, line: int) -> None:
        if any((c < " " and c not in "\t\n") or "\ud800" <= c <= "\udfff" for c in text):
            raise InputError("holds a character that cannot be printed", self.path, line)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                raise InputError("a key must be a single word", self.path, line)
            key = key_node.value
            self._check_printable(key, line)
            if key in result:
                first = self.lines[(*place, key)]
                message = f"'{key}' stands twice (first on line {first})"
                raise InputError(message, self.path, line)
            self.lines[(*place, key)] = line
            result[key] = self.value(value_node, (*place, key))
        return result


def validated(document: Document, schema: type[Format], place: Place = ()) -> Format:
    """Return the document's data as `schema`; InputError names file, line and nearest key.

    `place` is where the validated data stand in the file, when they are only a part of it.
    """
    data: Any = document.data
    for step in place:
        data = data[step]
    return validated_data(document, data, schema, place)


def validated_data(
    document: Document, data: Any, schema: type[Format], place: Place = ()
) -> Format:
    """Return `data`, which came from `document`, as `schema`."""
    try:
        return schema.model_validate(data)
    except ValidationError as problem:
        first = min(problem.errors(include_url=False), key=_rank)
        where = _present(first["loc"], data, first["type"] == "missing")
        message = _explain(first, where, schema)
        raise document.error(message, *place, *where) from None


def _rank(error: Any) -> tuple[int, int]:
    """Order errors by what they tell: a misspelt key more than the key that it leaves missing."""
    kinds = ("extra_forbidden", "value_error")
    kind = kinds.index(error["type"]) if error["type"] in kinds else len(kinds)
    return kind, -len(error["loc"])


def _present(where: Place, data: Any, missing: bool) -> Place:
    """Return the steps that are in the data, without the names of formats between them.

    The last step is kept if it is the name of a key that is `missing`.
    """
    found: list[str | int] = []
    for number, step in enumerate(where):
        inside = isinstance(data, dict | list) and (
            step in data if isinstance(data, dict) else isinstance(step, int) and step < len(data)
        )
        if inside:
            data = data[step]
            found.append(step)
        elif missing and number == len(where) - 1:
            found.append(step)
    return tuple(found)


def _explain(error: Any, where: Place, schema: type[BaseModel]) -> str:
    key = next((str(step) for step in reversed(where) if isinstance(step, str)), "")
    if error["type"] == "extra_forbidden":
        known = _known_keys(schema, where[:-1])
        return f"unknown key '{where[-1]}'; {suggestion(str(where[-1]), known)}"
    if error["type"] == "missing":
        return f"'{key}' is missing"
    if error["type"] == "value_error":
        message = str(error["ctx"]["error"])
        return f"{key}: {message}" if key and key not in message else message
    found = error.get("input")
    shown = f"; found {found!r}"[:80] if not isinstance(found, dict | list) else ""
    return f"{key}: {error['msg'].lower()}{shown}"


def _known_keys(schema: type[BaseModel], where: Place) -> list[str]:
    """Return the keys that `schema` allows at `where`, following its nested models."""
    models = [schema]
    for step in where:
        if isinstance(step, int):
            continue
        fields = [m.model_fields[step] for m in models if step in m.model_fields]
        if fields:
            models = [m for f in fields for m in _models_in(f.annotation)]
    return [f.alias or name for m in models for name, f in m.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [model for part in inner for model in _models_in(part)]
