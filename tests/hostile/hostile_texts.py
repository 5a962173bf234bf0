"""Hostile texts on the command line, in values files, in tables of points and of outcomes."""

from __future__ import annotations

import os
from pathlib import Path

from cases import ANY, BAD_INPUT, CHECK, PAIR, Case

_FILES: dict[str, str | bytes] = {"own.yaml": PAIR}
_CALL = "__import__('os').system('touch canary')"
_RUN = ("run", "./own.yaml", "--model", "hebbian", "--engine", "reference")
_STEADY = ("steady", "hebbian", "--over")

SET = (
    "", "=", "=1", "eta", "eta=", f"eta={_CALL}", "eta=$(touch canary)", "eta=1 ms; touch canary",
    "eta=nan ms", "eta=inf ms", "eta=1e400 ms", "eta=1e308 ms", "eta=-1e308 s", "eta=1",
    "eta=1 mV", "eta=1 ms ms", "eta=1 ms**1e9", "eta=1 ms**9**9", "eta=9**9**9 ms", "eta=0x10 ms",
    "eta=1_0 ms", "eta=\u0661 ms", "eta=\uff11 ms", "eta=1 \u03bcs", "eta=1\u2028ms",
    "eta={0.__class__}", "eta=%s%n ms", "eta=[/red]", "eta=" + "9" * 100_000, "eta=" + "(" * 5000,
    "eta=1 " + "ms*" * 60 + "ms", "eta=1 ms,2 ms", "eta=1:2:3 ms", "eta=\x1b[31m", "eta=\ud800",
    "et\u0430=1 ms", "__class__=1", "eta.x=1", "../eta=1", "x" * 100_000 + "=1",
    "lag=1:2:1000000 ms",
    "lag=" + "1 ms," * 50_000 + "1 ms", "lag=1e300 s", "lag=1 ms,", "lag=,", "lag=,,,", "lag=:::",
    "lag=1:1:0 ms", "lag=-1e308:1e308:3 s", "count=1000000000", "count=" + "9" * 5000, "count=-1",
    "count=1e9", "count=1.5", "count=true", "count=nan", "count=1,2,3", "count=1:3:3", "title=x",
    "follow_up=1", "follow_up.duration=-1 s", "follow_up.duration=1e300 s", "format=2",
    "induction=1", "duration=1 s", "pulses.count=0", "0=1", "\n=1", "eta=1 ms\nplasticity-sim: ok",
)  # fmt: skip
OVER = (
    "", "=", "eta", "eta=", "eta=1", "eta=1 ms", "eta=1:2 ms", "eta=2:1:5 ms", "eta=1:1:5 ms",
    "eta=1:2:1 ms", "eta=1:2:100000 ms", "eta=1:2:1000000000 ms", "eta=1:2:-5 ms", "eta=nan:1:3 ms",
    "eta=0:inf:3 ms", "eta=-1e308:1e308:3 ms", "eta=0:1:3 mV", "eta=0:1:3", f"eta={_CALL}",
    "w=0:1:3", "nope=0:1:3", "x_pre=0:1:3 mV", "eta=1 ms:2 ms:3", "eta=0:1:3 " + "(" * 1000,
    "x" * 10_000 + "=0:1:3", "eta=0:1:" + "9" * 10_000,
)  # fmt: skip
OTHERS: dict[str, tuple[str, ...]] = {
    "a seed beyond integers": (*_RUN, "--seed", "9" * 30, "--json"),
    "a seed of many digits": (*_RUN, "--seed", "9" * 5000),
    "a seed below nothing": (*_RUN, "--seed", "-1"),
    "no synapses": (*_RUN, "--synapses", "0"),
    "1e9 synapses": (*_RUN, "--synapses", "1000000000"),
    "synapses beyond integers": (*_RUN, "--synapses", "9" * 30),
    "a tolerance of nothing": (*_RUN, "--rtol", "0"),
    "a tolerance of nan": (*_RUN, "--rtol", "nan"),
    "a tolerance below all": (*_RUN, "--rtol", "1e-300"),
    "a dose of code": (*_RUN, "--drug", _CALL),
    "a drug of nothing": (*_RUN, "--drug", ""),
    "a long drug": (*_RUN, "--drug", "x" * 100_000),
    "a long model": ("run", "./own.yaml", "--model", "x" * 100_000),
    "a long path": ("run", "./own.yaml", "--model", "./" + "x" * 5000 + ".yaml"),
    "a long protocol": ("run", "./" + "x" * 5000),
    "a long kind": ("list", "x" * 100_000),
    "a long check": ("check", "./" + "x" * 5000),
    "a check of a newline": ("check", "./x\nplasticity-sim: ok.yaml"),
    "a check of an escape": ("check", "./\x1b[31m.yaml"),
    "a check of a null": ("check", "./a\0.yaml"),
    "a check of bytes": ("check", "./\udcff.yaml"),
    "a check of nothing": ("check", ""),
    "a check of the folder": ("check", "./"),
    "a check of zero": ("check", "/dev/zero"),
    "a check of memory": ("check", "/proc/self/mem"),
    "a check of the terminal": ("check", "/dev/tty"),
    "a run of stdin": ("run", "/dev/stdin"),
    "a show of passwords": ("show", "/etc/passwd"),
    "a show of markup": ("show", "[/red]"),
    "a model of code": ("run", "./own.yaml", "--model", _CALL),
    "a path upwards": ("run", "./own.yaml", "--model", "../../../../etc/passwd"),
    "output to a device": (*_RUN, "--out", "/dev/full"),
    "output to a long name": (*_RUN, "--out", "x" * 5000 + ".nc"),
    "output to a long folder": (*_RUN, "--out", "x" * 5000 + "/r.nc"),
    "output to nowhere": (*_RUN, "--out", "no/such/r.nc"),
    "output to a null": (*_RUN, "--out", "a\0b.nc"),
    "a picture of a long name": (*_RUN, "--plot", "x" * 5000 + ".png"),
    "a new one upwards": ("new", "model", "../x"),
    "a new one of code": ("new", "model", "x;touch canary"),
    "a new one of a device": ("new", "model", "x", "--like", "/dev/zero"),
    "a new one of look-alikes": ("new", "model", "\u0430"),
    "a new one of a long name": ("new", "model", "x" * 5000),
    "points from nowhere": (*_RUN, "--plot", "r.png", "--data", "nope.csv"),
    "points from zero": (*_RUN, "--plot", "r.png", "--data", "/dev/zero"),
    "points from a long name": (*_RUN, "--plot", "r.png", "--data", "x" * 5000),
    "points from the folder": (*_RUN, "--plot", "r.png", "--data", "."),
    "values from zero": (*_RUN, "--values", "/dev/zero"),
    "values from a long name": (*_RUN, "--values", "x" * 5000),
    "values from passwords": (*_RUN, "--values", "/etc/passwd"),
}
VALUES: dict[str, str | bytes] = {
    "code": f'values: {{eta: "{_CALL}"}}',
    "nothing": "values:",
    "a number": "values: 5",
    "a list": "values: [eta]",
    "lists": "values: {eta: [1 ms]}",
    "two sources": "values: {eta: {value: 1 ms, assumed: a, source: b}}",
    "a wrong unit": "values: {eta: 1 mV}",
    "an unknown name": "values: {ate: 1 ms}",
    "an unknown key": "values: {eta: 1 ms}\nmore: 1",
    "nan": "values: {eta: nan ms}",
    "true": "values: {eta: true}",
    "a tag": "values: !!python/object/apply:os.system [touch canary]",
    "bytes": b"values: \xff",
    "a key of look-alikes": "values: {et\u0430: 1 ms}",
    "a surrogate": 'values: {"\\ud800": 1 ms}',
    "another format": "format: 9\nvalues: {eta: 1 ms}",
}
POINTS: dict[str, str | bytes] = {
    "empty": "",
    "only headings": "lag,mean\n",
    "no mean": "lag,x\n1,2\n",
    "only a mean": "mean\n1\n",
    "words": "lag,mean\na,b\n",
    "nan": "lag,mean\nnan,nan\n",
    "infinite": "lag,mean\ninf,1\n",
    "beyond numbers": "lag,mean\n1e400,1\n",
    "too many cells": "lag,mean\n1,2,3\n",
    "too few cells": "lag,mean\n1\n",
    "a column twice": "lag,mean,mean\n1,2,3\n",
    "bytes": b"lag,mean\n\xff,1\n",
    "nulls": b"lag,mean\n\0,1\n",
    "an open quote": 'lag,mean\n"1,2\n',
    "a long cell": "lag,mean\n" + "9" * 200_000 + ",1\n",
    "many columns": ",".join(f"c{n}" for n in range(100_000)) + "\n1\n",
    "no end": "lag,mean\n" + "1,2\n" * 2_000_000,
    "negative errors": "lag,mean,sem\n1,2,-1\n",
    "binary": bytes(range(256)),
}

CASES = [
    Case(f"--set {number}: {text[:30]!r}", (*_RUN, "--set", text), _FILES, ANY)
    for number, text in enumerate(SET)
]
CASES += [
    Case(f"--over {number}: {text[:30]!r}", (*_STEADY, text)) for number, text in enumerate(OVER)
]
CASES += [Case(name, command, _FILES, (0, 2)) for name, command in OTHERS.items()]
CASES += [
    Case(f"values of {name}", (*_RUN, "--values", "v.yaml"), _FILES | {"v.yaml": text})
    for name, text in VALUES.items()
]
CASES += [
    Case(f"points: {name}", (*_RUN, "--plot", "no.png", "--data", "p.csv", "--rtol", "5"),
         _FILES | {"p.csv": text})
    for name, text in POINTS.items()
]  # fmt: skip

_EXPERIMENT = "format: 1\ntitle: x\nsource: Jahr1990\npreparation: x\nprotocol: steps.yaml\n"
_STEPS = PAIR.replace("10 ms", "[1 ms, 2 ms]")
_TABLE = "lag (ms),mean,sem,n,confidence,digitisation\n1,120,5,3,F,text\n"
TABLES: dict[str, str | bytes] = {
    "empty": "",
    "only headings": _TABLE.splitlines()[0],
    "a heading twice": _TABLE.replace("sem", "mean"),
    "an unknown heading": _TABLE.replace("sem", "smem"),
    "a heading of code": _TABLE.replace("sem", _CALL),
    "many headings": ",".join(f"c{n}" for n in range(40_000)) + "\n1\n",
    "many empty headings": "," * 290_000 + "\n1\n",
    "a unit of code": _TABLE.replace("(ms)", f"({_CALL})"),
    "a unit of powers": _TABLE.replace("(ms)", "(ms**9**9)"),
    "nan": _TABLE.replace("120", "nan"),
    "infinite": _TABLE.replace("120", "inf"),
    "beyond numbers": _TABLE.replace("\n1,", "\n1e308,"),
    "no such condition": _TABLE.replace("\n1,", "\n7,"),
    "half an animal": _TABLE.replace(",3,", ",0.5,"),
    "no error": _TABLE.replace(",5,", ",0,"),
    "a condition twice": _TABLE + _TABLE.splitlines()[1],
    "an open quote": _TABLE + '"1,2',
    "nulls": _TABLE.encode() + b"\0,1,1,1,F,x\n",
    "bytes": _TABLE.encode() + b"\xff",
    "a long cell": _TABLE + "9" * 200_000,
    "many rows": _TABLE + "1,120,5,3,F,text\n" * 15_000,
    "carriage returns": _TABLE.replace("\n", "\r"),
}
REFERENCES = ("../../../../etc/passwd", "/etc/passwd", "/dev/zero", "x" * 5000, "''", ".",
              "steps.yaml", "own.yaml", "pipe.csv", "zero.csv", "loop.csv", "outside.csv",
              "nope.csv")  # fmt: skip


def _links(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "outside.csv").symlink_to("/etc/passwd")


_RIGHT = ("carriage returns",)
_OWN = {"own.yaml": _EXPERIMENT + "outcomes: t.csv\n", "steps.yaml": _STEPS, "t.csv": _TABLE}
CASES += [Case("an experiment that is right", CHECK, _OWN, (0,))]
CASES += [
    Case(f"a table: {name}", CHECK, _OWN | {"t.csv": text}, (0,) if name in _RIGHT else BAD_INPUT)
    for name, text in TABLES.items()
]
CASES += [
    Case(f"outcomes in {name[:30]}", CHECK, _OWN | {"own.yaml": f"{_EXPERIMENT}outcomes: {name}\n"},
         prepared=_links)
    for name in REFERENCES
]  # fmt: skip
CASES += [
    Case(f"a protocol in {name[:30]}", CHECK,
         _OWN | {"own.yaml": _OWN["own.yaml"].replace("steps.yaml", name.replace("csv", "yaml"))},
         prepared=_links)
    for name in REFERENCES if name not in ("steps.yaml", "own.yaml")
]  # fmt: skip
CASES += [
    Case("a protocol that is the experiment", CHECK,
         _OWN | {"own.yaml": _OWN["own.yaml"].replace("steps.yaml", "./own.yaml")}),
]  # fmt: skip
