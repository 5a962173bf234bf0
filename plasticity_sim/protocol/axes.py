"""Lists, ranges and arms of a protocol, taken apart into plain conditions."""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

from plasticity_sim.axis import Axis
from plasticity_sim.document import Document, Place
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.quantities import expand_range, is_range, parse_quantity

MOST_CONDITIONS = 10_000
_LEVELS = ("pulses", "bursts", "trains")  # innermost first
_NOT_SETTINGS = {"format", "title", "source", "note", "name", "arms", "drugs", "file", "record"}
_LABELS = {"name", "title"}


def settings(data: dict[str, Any]) -> dict[str, Place]:
    """Return the place of every value that may be set or swept, by its shortest full name."""
    named = [(_names(data, place), place) for place in _leaves(data, ())]
    times = Counter(name for names, _ in named for name in set(names))
    return {min(names, key=times.__getitem__): place for names, place in named}


def find_setting(data: dict[str, Any], name: str) -> Place | None:
    """Return the place of a setting by name; None if there is none, an error if several fit."""
    table = settings(data)
    if name in table:
        return table[name]
    fitting = [full for full in table if full.endswith(f".{name}")]
    inner = [full for full in fitting if table[full][0] == "induction"] or fitting
    if len(inner) > 1:
        raise InputError(f"'{name}' could mean {' or '.join(inner)}; write one of them")
    return table[inner[0]] if inner else None


def axes(document: Document, data: dict[str, Any]) -> list[Axis]:
    """Return the axes of a protocol in the order of the file, the arms last."""
    table = {place: name for name, place in settings(data).items()}
    listed: list[tuple[Place, tuple[str, ...]]] = []
    size = 1
    for place in table:
        values = _values(document, data, place)
        if values:
            listed.append((place, values))
            size = _bounded(size * len(values), document)
    shorts = [str(place[-1]) for place, _ in listed]
    result = [
        Axis(str(place[-1]) if shorts.count(str(place[-1])) == 1 else table[place], values, place)
        for place, values in listed
    ]
    arms = data.get("arms")
    if arms is not None:
        result.append(Axis("arm", tuple(_arm_names(document, arms))))
        _bounded(size * len(arms), document)
    return result


def _bounded(size: int, document: Document) -> int:
    """Return a number of conditions; InputError if there are more than one could want."""
    if size > MOST_CONDITIONS:
        raise document.error(f"has {size} conditions; at most {MOST_CONDITIONS} are possible")
    return size


def conditions(
    data: dict[str, Any], found: list[Axis]
) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Yield the labels and the plain data of every combination of the axes' values."""
    for combination in itertools.product(*(range(len(axis.texts)) for axis in found)):
        plain = copy.deepcopy(data)
        arms = plain.pop("arms", None)
        labels = {}
        for axis, index in zip(found, combination, strict=True):
            labels[axis.name] = axis.texts[index]
            if axis.place:
                place_value(plain, axis.place, axis.texts[index])
            else:
                plain |= {key: value for key, value in arms[index].items() if key not in _LABELS}
        yield labels, plain


def place_value(data: Any, place: Place, value: Any) -> None:
    """Put `value` at `place` of nested dicts and lists."""
    for step in place[:-1]:
        data = data[step]
    data[place[-1]] = value


def _leaves(data: Any, place: Place) -> Iterator[Place]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in _NOT_SETTINGS:
                yield from _leaves(value, (*place, key))
    elif isinstance(data, list) and any(isinstance(item, dict) for item in data):
        for index, item in enumerate(data):
            yield from _leaves(item, (*place, index))
    elif place and data is not None:
        yield place


def _full_name(data: Any, place: Place) -> str:
    words: list[str] = []
    for depth, step in enumerate(place):
        around = _at(data, place[:depth])
        if isinstance(step, str):
            words.append(step)
        elif place[depth - 1] in ("pre", "levels"):
            level = around[step].get("name") if isinstance(around[step], dict) else None
            inner = len(around) - 1 - step
            own = level if isinstance(level, str) else ""  # anything else is told later
            words[-1] = own or (_LEVELS[inner] if inner < len(_LEVELS) else f"level{inner}")
    return ".".join(words[-2:])


def _names(data: Any, place: Place) -> list[str]:
    """Return what a setting may be called, the shortest first; the last one is only its own."""
    numbers = [str(step + 1) for step in place if isinstance(step, int)]
    part = f"part{numbers[0]}" if numbers else str(place[0])
    around = [step for step in place[2:-2] if isinstance(step, str)]
    name = _full_name(data, place)
    return [
        name,
        f"{part}.{name}",
        ".".join([part, *around, name]),
        ".".join([part, *around, *numbers[1:], name]),
    ]


def _at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def _values(document: Document, data: Any, place: Place) -> tuple[str, ...]:
    value = _at(data, place)
    try:
        if isinstance(value, list):
            texts = [text for item in value for text in _expanded(str(item))]
            if not texts:
                raise InputError(f"{place[-1]}: an empty list; write at least one value")
            like = parse_quantity(texts[0]).dim
            for text in texts:
                parse_quantity(text, like)
            return tuple(texts)
        return tuple(_expanded(value)) if is_range(value) else ()
    except InputError as problem:
        raise problem.at(document.path, document.line(place)) from None


def _expanded(text: str) -> list[str]:
    return expand_range(text) if is_range(text) else [text]


def _arm_names(document: Document, arms: Any) -> list[str]:
    if not isinstance(arms, list) or not arms:
        raise document.error("arms: write a list of `{name: …, changed keys}`", "arms")
    names: list[str] = []
    for number, arm in enumerate(arms):
        if not isinstance(arm, dict) or not isinstance(arm.get("name"), str):
            raise document.error("arms: every arm needs a name", "arms", number)
        if arm["name"] in names:
            raise document.error(f"arms: two are called '{arm['name']}'", "arms", number)
        allowed = {"name", "title", "baseline", "induction", "follow_up", "bath", "stimulation",
                   "drugs", "set", "record", "measure"}  # fmt: skip
        for key in arm:
            if key not in allowed:
                message = f"arms: unknown key '{key}'; {suggestion(key, allowed)}"
                raise document.error(message, "arms", number, key)
        names.append(arm["name"])
    return names
