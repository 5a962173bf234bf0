"""Seeded mutations of the shipped YAML files, at the level of entries and of bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from plasticity_sim.document import read_document
from plasticity_sim.library import library

KINDS = ("models", "components", "protocols", "experiments", "fits")

# Written into a file as they stand, so that YAML reads them in its own way.
VALUES = (
    "", "~", "true", "[]", "{}", "[[]]", "[{}]", "{a: 1}", "[1, 2]", "0", "-1", "1e308", "-1e308",
    "1e-320", "1e400", "nan", ".inf", "-.inf", "inf", "9" * 400, "0x10", "1_000", "1:30", "012",
    "1 ms", "-1 ms", "0 s", "1e300 s", "1e-300 s", "1 Hz", "0 Hz", "1e12 Hz", "1e300 Hz", "1 nS",
    "1 m**1e9", "1 m**9**9", "1 %", "-300 degC", "1 kg*m/s**2/A", "0:1:5 ms", "0:1:1000000 s",
    "0:1e308:3", "-1e308:1e308:3 s", "[1 s, 2 s]", "[1 s, 2 mV]", "[nan]", "x 0", "x 1e308", "x -1",
    "start", "end", "end + 1e300 s", "induction - 1e300 s", "+ 1 s", "'+' + ' '", "1 000 000",
    "'\"'", '"\\ud800"', '"\\x1b[31m"', '"\\0"', '"\\u2028"', '"\\u202e"', "'[/red]'", "'{x}'",
    "'%s%n'", "!!python/object/apply:os.system [touch canary]", "&a 1", "*a", "{<<: {a: 1}}",
    "../../../etc/passwd", "/dev/zero", "/etc/passwd", "~/.bashrc", "$(touch canary)",
    "`touch canary`", "__import__('os').system('touch canary')", "x; system(\"touch canary\");",
    "9**9**9**9", "(" * 300, "-" * 300 + "1", "1" + "**1" * 300, "exp(" * 150 + "1" + ")" * 150,
    "w", "dw/dt = 1/second : 1", "w = w : 1", "i", "t", "N", "double", "lambda", "_x", "x__y",
    "state", "sample", "time", "time (s)", "a/b", "\u0430", "x" * 5000, "lognormal 1e5",
    "lognormal", "normal -1", "euler", "{method: euler, dt: 0 ms}", "{method: rk4, dt: 1e-300 s}",
)  # fmt: skip
KEYS = (
    "", "a", "w", "from", "until", "name", "count", "rate", "lag", "state", "sample", "time", "arm",
    "<<", "0", "true", '"\\ud800"', '"\\x1b"', "'[/x]'", "'a b'", "'a/b'", "__class__", "format",
    "x" * 300, "\u0430", "half", "file", "poisson", "levels", "train",
)  # fmt: skip
BYTES = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc3\x28", b"\t", b"\r", b"\n", b"\x0c", b"\xe2\x80\xa8",
    b":", b"- ", b"? ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!", b"|", b">", b"'", b'"', b"#",
    b"%", b"@", b"`", b"---\n", b"...\n", b"<<: ", b"  ", b"1e999", b"()", b"**", b"/0", b"__",
)  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """Text that goes into the file without quotes."""

    text: str


@cache
def shipped_files(kind: str) -> tuple[Path, ...]:
    """Return the shipped YAML files of a kind, smallest first."""
    return tuple(sorted(library(kind).glob("*.yaml"), key=lambda path: path.stat().st_size))


def mutants(kind: str, seed: int) -> Iterator[bytes]:
    """Yield ever new mutants of shipped files of a kind, the same ones for the same seed."""
    chance = random.Random(f"{kind} {seed}")
    files = shipped_files(kind)
    while True:
        original = chance.choice(files)
        if chance.random() < 0.5:
            yield _of_entries(original, chance)
        else:
            yield _of_bytes(original.read_bytes(), chance.choice(files).read_bytes(), chance)


def _of_entries(path: Path, chance: random.Random) -> bytes:
    data = json.loads(json.dumps(read_document(path).data))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        around, key = chance.choice(list(_places(data)))
        chance.choice(_ENTRY_MUTATIONS)(around, key, chance)
    return _written(data).encode("utf-8", "surrogatepass")


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield data, key
        if isinstance(value, dict | list) and value:
            yield from _places(value)


def _replace(around: Any, key: Any, chance: random.Random) -> None:
    around[key] = Raw(chance.choice(VALUES))


def _quote(around: Any, key: Any, chance: random.Random) -> None:
    value = chance.choice(VALUES)
    around[key] = value.strip("'\"")


def _delete(around: Any, key: Any, chance: random.Random) -> None:
    del around[key]


def _wrap(around: Any, key: Any, chance: random.Random) -> None:
    value = around[key]
    around[key] = [value] if chance.random() < 0.5 else {chance.choice(KEYS): value}


def _rename(around: Any, key: Any, chance: random.Random) -> None:
    if isinstance(around, dict):
        around[Raw(chance.choice(KEYS))] = around.pop(key)


def _insert(around: Any, key: Any, chance: random.Random) -> None:
    value = Raw(chance.choice(VALUES))
    if isinstance(around, dict):
        around[Raw(chance.choice(KEYS))] = value
    else:
        around.insert(key, value)


def _repeat(around: Any, key: Any, chance: random.Random) -> None:
    around[key] = [around[key]] * chance.choice((2, 3, 50))


def _edit(around: Any, key: Any, chance: random.Random) -> None:
    """Change a text from within: equations, quantities and references."""
    if isinstance(around[key], str) and around[key]:
        place = chance.randrange(len(around[key]))
        cut = place + chance.choice((0, 0, 1, 3))
        piece = chance.choice(VALUES + KEYS)
        around[key] = around[key][:place] + piece.strip("'\"") + around[key][cut:]
    else:
        _replace(around, key, chance)


_ENTRY_MUTATIONS: tuple[Callable[[Any, Any, random.Random], None], ...] = (
    _replace, _replace, _quote, _delete, _wrap, _rename, _insert, _repeat, _edit, _edit,
)  # fmt: skip


def _written(data: Any) -> str:
    match data:
        case Raw(text):
            return text
        case dict():
            return "{" + ",\n ".join(f"{_written(k)}: {_written(v)}" for k, v in data.items()) + "}"
        case list():
            return "[" + ", ".join(map(_written, data)) + "]"
    return json.dumps(data)


def _of_bytes(data: bytes, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        data = chance.choice(_BYTE_MUTATIONS)(data, other, chance)
    return data


def _spliced(data: bytes, other: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    piece = chance.choice((*BYTES, *(v.encode("utf-8") for v in VALUES)))
    return data[:place] + piece + data[place + chance.choice((0, 1, 5)) :]


def _flipped(data: bytes, other: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut_off(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _without_a_line(data: bytes, other: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def _shuffled(data: bytes, other: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(2):
        if lines:
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"".join(lines)


def _crossed(data: bytes, other: bytes, chance: random.Random) -> bytes:
    lines, others = data.splitlines(keepends=True), other.splitlines(keepends=True)
    here, there = chance.randrange(len(lines) + 1), chance.randrange(len(others) + 1)
    return b"".join(lines[:here] + others[there:])


_BYTE_MUTATIONS: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    _spliced, _spliced, _flipped, _cut_off, _without_a_line, _shuffled, _crossed,
)  # fmt: skip
