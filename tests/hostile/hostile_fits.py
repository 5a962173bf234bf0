"""Fits that ask for ranges, targets and searches that nobody can give."""

from __future__ import annotations

import os
from pathlib import Path

from cases import BAD_INPUT, CHECK, PAIR, Case

_CALL = "__import__('os').system('touch canary')"
_EXPERIMENT = """\
format: 1
title: own
source: Jahr1990
preparation: x
protocol: pairs.yaml
outcomes: t.csv
"""
_TABLE = "lag (ms),mean,sem,n,confidence,digitisation\n1,120,5,3,F,text\n"
FIT = """\
format: 1
title: own
model: hebbian
free:
  eta: {range: 0.5:2 ms}
targets:
  - {protocol: pair.yaml, at_least: 101}
"""
_FILES: dict[str, str | bytes] = {
    "own.yaml": FIT, "pair.yaml": PAIR, "pairs.yaml": PAIR.replace("10 ms", "[1 ms, 2 ms]"),
    "measured.yaml": _EXPERIMENT, "t.csv": _TABLE,
}  # fmt: skip
_MODEL, _RANGE, _TARGET = "hebbian", "range: 0.5:2 ms", "protocol: pair.yaml, at_least: 101"
_PATHS = (
    "../../../../etc/passwd", "/etc/passwd", "/dev/zero", "./own.yaml", "./nope.yaml", "x" * 5000,
    "./" + "x" * 5000, "''", ".", "./", "./pipe.yaml", "./zero.yaml", "./loop.yaml",
    "./outside.yaml", '"a\\0b"', '"\\ud800"', f'"{_CALL}"', "'[/red]'", "~", "[]", "{a: 1}", "true",
)  # fmt: skip
RANGES = (
    "''", "~", "[]", "[1 ms, 2 ms]", "{a: 1}", "true", "5", "1 ms", "2:1 ms", "1:1 ms", "1:2",
    "1:2 mV", "1:2 ms:3", "nan:2 ms", "0:inf ms", "0:1e400 ms", "-1e308:1e308 ms", "1e-320:1 ms",
    "1e-320:1 ms, scale: log", "0:1 ms, scale: log", "-1:1 ms, scale: log",
    "0.5:2 ms, scale: square", "0.5:2 ms, scale: [log]", "0.5:2 ms, start: 3 ms",
    "0.5:2 ms, start: nan ms", "0.5:2 ms, start: 1 mV",
    f'0.5:2 ms, start: "{_CALL}"', "0.5:2 ms, start: [1 ms, 2 ms]", "0.5:2 ms, more: 1",
    f'"{_CALL}"', f'"0:1 ms; {_CALL}"', "0:1 ms**9**9", "0:1 " + "(" * 190, "0:" + "9" * 100_000,
    "'" + " " * 100_000 + "x'", "0:1 \u03bcs", "0:\u0662 ms", "'0:1\u2028ms'", "0.5:2 ms log",
)  # fmt: skip
FREE = (
    "{}", "[]", "~", "5", "eta", "{eta: ~}", "{eta: 0.5:2 ms}", "{ate: {range: 1:2 ms}}",
    "{w: {range: 1:2}}", "{x_pre: {range: 1:2 Hz}}", f'{{"{_CALL}": {{range: 1:2}}}}',
    '{"\\ud800": {range: 1:2}}', '{"\\e[31m": {range: 1:2}}', "{et\u0430: {range: 0.5:2 ms}}",
    "{0: {range: 1:2}}", "{eta: {range: 0.5:2 ms}, eta: {range: 0.5:2 ms}}",
    "{" + ", ".join(f"p{n}: {{range: 1:2}}" for n in range(1600)) + "}",
)  # fmt: skip
TARGETS = {
    "nothing": "[]", "null": "~", "a word": "all", "a number": "5", "a map": "{protocol: x}",
    "nulls": "[~]", "lists": "[[]]", "empty maps": "[{}]",
    "as many as a file may hold": "[" + ", ".join(
        f"{{name: n{n}, {_TARGET}}}" for n in range(690)) + "]",
    "more than a file may hold": "[" + "{}, " * 6000 + "{}]",
}  # fmt: skip
TARGET = (
    "protocol: pair.yaml", "at_least: 1", "protocol: pair.yaml, experiment: measured.yaml",
    "protocol: pair.yaml, at_least: 1, at_most: 2", "protocol: pair.yaml, between: [1]",
    "protocol: pair.yaml, between: [1, 2, 3]", "protocol: pair.yaml, between: [2, 1]",
    "protocol: pair.yaml, between: [1, 1]", "protocol: pair.yaml, between: [nan, inf]",
    "protocol: pair.yaml, between: 1:2", "protocol: pair.yaml, between: {a: 1}",
    "protocol: pair.yaml, at_least: nan", "protocol: pair.yaml, at_least: 1e400",
    "protocol: pair.yaml, at_least: 5 mV", "protocol: pair.yaml, at_least: true",
    "protocol: pair.yaml, at_least: [1, 2]", f'protocol: pair.yaml, at_least: "{_CALL}"',
    f"{_TARGET}, tolerance: 0", f"{_TARGET}, tolerance: -1", f"{_TARGET}, tolerance: inf",
    f"{_TARGET}, tolerance: nan", f"{_TARGET}, tolerance: 1 mV", f"{_TARGET}, tolerance: 1e-400",
    f"{_TARGET}, weight: -1", f"{_TARGET}, weight: .nan", f"{_TARGET}, weight: .inf",
    f"{_TARGET}, weight: 1e400", f"{_TARGET}, weight: heavy", f"{_TARGET}, weight: [1]",
    f"{_TARGET}, name: [a]", f"{_TARGET}, name: {{a: 1}}", f'{_TARGET}, name: "\\ud800"',
    f"name: a, minus: a, {_TARGET}", f"{_TARGET}, minus: nobody", f"{_TARGET}, minus: [a]",
    f"name: a, over: [a], {_TARGET}, tolerance: 1", f"{_TARGET}, over: [nobody], tolerance: 1",
    f"name: a, minus: a, over: [a], {_TARGET}", f"{_TARGET}, peak: ca", f"{_TARGET}, peak: [w]",
    f"{_TARGET}, peak: w, rise: w", f'{_TARGET}, peak: "{_CALL}"', f"{_TARGET}, rise: x_pre",
    f"{_TARGET}, arm: control", f"{_TARGET}, arm: [a]", f"{_TARGET}, stimulation: both",
    f"{_TARGET}, drugs: [apv]", f"{_TARGET}, drugs: apv", f"{_TARGET}, drugs: [[]]",
    f"{_TARGET}, drugs: [{{name: apv, dose: nan uM}}]", f"{_TARGET}, set: [eta]",
    f"{_TARGET}, set: {{eta: 1 ms}}", f"{_TARGET}, set: {{nobody: 1 ms}}",
    f"{_TARGET}, set: {{tau_pre: 1 mV}}", f"{_TARGET}, set: {{tau_pre: 0:1:5 ms}}",
    f"{_TARGET}, set: {{tau_pre: nan ms}}", f"{_TARGET}, set: {{lag: 1 ms,2 ms}}",
    f"{_TARGET}, set: {{lag: 1:2:100000 ms}}", f"{_TARGET}, set: {{lag: 1e300 s}}",
    f"{_TARGET}, set: {{lag: '{'1 ms,' * 20_000}1 ms'}}", f"{_TARGET}, set: {{count: 1000000000}}",
    f"{_TARGET}, set: {{count: {'9' * 5000}}}", f'{_TARGET}, set: {{lag: "{_CALL}"}}',
    f'{_TARGET}, set: {{"\\e[31m": 1 ms}}', f"{_TARGET}, set: {{tau_pre: 0 ms}}",
    f"{_TARGET}, set: {{lag: 1 ms}}", f"{_TARGET}, measure: 5", f"{_TARGET}, measure: {{}}",
    f"{_TARGET}, measure: {{at: -1 s}}", f"{_TARGET}, measure: {{at: 1e300 s}}",
    f"{_TARGET}, measure: {{at: 10 ms, window: 1 h}}",
    f"{_TARGET}, conditions: [x]", f"{_TARGET}, sem_floor: 1", "protocol: pairs.yaml, at_least: 1",
    "experiment: measured.yaml, conditions: [nobody]", "experiment: measured.yaml, compare: sign",
    "experiment: measured.yaml, sem_floor: 0", "experiment: measured.yaml, sem_floor: .nan",
    "experiment: measured.yaml, at_least: 1", "experiment: measured.yaml, compare: eye",
    "experiment: measured.yaml, conditions: 5", "experiment: measured.yaml, arm: a",
    f'experiment: measured.yaml, conditions: ["{_CALL}"]',
    "experiment: measured.yaml, conditions: [" + "x, " * 3000 + "x]",
)  # fmt: skip
REST = {
    "a source of maps": "source: {a: 1}",
    "1e9 synapses": "synapses: 1000000000",
    "no synapses": "synapses: 0",
    "synapses of halves": "synapses: 1.5",
    "a tolerance of nan": "rtol: .nan",
    "a tolerance of nothing": "rtol: 0",
    "a tolerance of one": "rtol: 1",
    "a population of 1e9": "optimiser: {population: 1000000000}",
    "a population of one": "optimiser: {population: 1}",
    "a population of nan": "optimiser: {population: .nan}",
    "a width of nothing": "optimiser: {sigma: 0}",
    "a width of nan": "optimiser: {sigma: .nan}",
    "a width of digits": f"optimiser: {{sigma: {'9' * 5000}}}",
    "a seed below nothing": "optimiser: {seed: -1}",
    "a seed beyond integers": f"optimiser: {{seed: {'9' * 400}}}",
    "evaluations without end": "optimiser: {evaluations: 1e400}",
    "1e12 evaluations": "optimiser: {evaluations: 1000000000000}",
    "an optimiser of code": f'optimiser: "{_CALL}"',
    "an optimiser of another name": "optimiser: {method: annealing}",
    "an unknown key": "targts: []",
    "a tag": f"note: !!python/object/apply:os.system ['{_CALL}']",
    "an anchor": "note: &a [*a]",
}
_RIGHT = (
    "experiment: measured.yaml, compare: sign", f"{_TARGET}, set: {{lag: 1 ms}}", "1e-320:1 ms",
    "'0:1\u2028ms'",
)  # fmt: skip


def _links(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "outside.yaml").symlink_to("/etc/passwd")


def _case(name: str, old: str, new: str, right: bool = False) -> Case:
    files = _FILES | {"own.yaml": FIT.replace(old, new)}
    return Case(f"a fit {name}"[:60], CHECK, files, (0,) if right else BAD_INPUT, _links)


def _numbered(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(f"{number}: {text[:24]!r}", text) for number, text in enumerate(texts)]


_OF_FREE, _OF_TARGETS = f"\n  eta: {{{_RANGE}}}", f"\n  - {{{_TARGET}}}"
CASES = [_case("that is right", "", "", right=True)]
CASES += [_case(f"of model {n}", f"model: {_MODEL}", f"model: {t}") for n, t in _numbered(_PATHS)]
CASES += [
    _case(f"of protocol {n}", "protocol: pair.yaml", f"protocol: {t}") for n, t in _numbered(_PATHS)
]
CASES += [_case(f"of experiment {n}", _TARGET, f"experiment: {t}") for n, t in _numbered(_PATHS)]
CASES += [
    _case(f"with range {n}", _RANGE, f"range: {t}", t in _RIGHT) for n, t in _numbered(RANGES)
]
CASES += [_case(f"with free {n}", _OF_FREE, f" {t}") for n, t in _numbered(FREE)]
CASES += [_case(f"to target {n}", _TARGET, t, t in _RIGHT) for n, t in _numbered(TARGET)]
CASES += [
    _case(f"to targets of {name}", _OF_TARGETS, f" {text}", name.startswith("as many"))
    for name, text in TARGETS.items()
]
CASES += [_case(f"with {name}", FIT, FIT + text) for name, text in REST.items()]
CASES += [
    _case("of another day", "format: 1", "format: 2"),
    _case("with a title of lists", "title: own", "title: [a]"),
]
CASES += [
    Case(f"a fit searched with {name}", ("fit", "./own.yaml", "--out", "out", *more), _FILES)
    for name, more in {
        "1e12 evaluations": ("--evaluations", "1000000000000"),
        "no evaluations": ("--evaluations", "0"),
        "a storage of code": ("--storage", _CALL),
        "a storage upwards": ("--storage", "../../x"),
    }.items()
]
