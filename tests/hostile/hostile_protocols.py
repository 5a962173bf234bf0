"""Protocols that ask for what nobody can give: times, counts, sizes, names, files."""

from __future__ import annotations

import os
from pathlib import Path

from cases import ANY, BAD_INPUT, CHECK, RUN, Case, protocol

_ONE = "induction: [{pre: [{count: 1}]}]"
_MANY = "{count: 1000, rate: 1 kHz}"
_BATH = ", ".join(f'b{number}: "0:1:100000 mM"' for number in range(3000))
_WINDOWS = ", ".join(f"{{tau_pre: 1 ms, from: {n} us, until: {n + 1} us}}" for n in range(8000))

BODIES: dict[str, str] = {
    "negative duration": "baseline: {duration: -5 s}",
    "no duration": "baseline: {duration: 0 s}",
    "nan duration": "baseline: {duration: nan s}",
    "endless duration": "baseline: {duration: inf s}",
    "duration beyond numbers": "baseline: {duration: 1e400 s}",
    "duration of ages": "baseline: {duration: 1e300 s}",
    "duration in volts": "baseline: {duration: 5 mV}",
    "1e9 pulses": "induction: [{pre: [{count: 1000000000, rate: 1 Hz}]}]",
    "1e9 pulses by nesting": f"induction: [{{pre: [{_MANY}, {_MANY}, {_MANY}]}}]",
    "1e9 pulses in six levels": f"induction: [{{pre: [{', '.join([_MANY] * 6)}]}}]",
    "seven levels": f"induction: [{{pre: [{', '.join(['{count: 1}'] * 7)}]}}]",
    "count beyond integers": f"induction: [{{pre: [{{count: {'9' * 5000}, rate: 1 Hz}}]}}]",
    "count in the negative": "induction: [{pre: [{count: -1, rate: 1 Hz}]}]",
    "count of halves": "induction: [{pre: [{count: 1.5, rate: 1 Hz}]}]",
    "count of nothing": "induction: [{pre: [{count: 0, rate: 1 Hz}]}]",
    "count of text": "induction: [{pre: [{count: many, rate: 1 Hz}]}]",
    "zero rate": "induction: [{pre: [{count: 2, rate: 0 Hz}]}]",
    "negative rate": "induction: [{pre: [{count: 2, rate: -1 Hz}]}]",
    "rate below all": "induction: [{pre: [{count: 2, rate: 1e-320 Hz}]}]",
    "test rate below all": "baseline: {duration: 1 s, rate: 1e-320 Hz}",
    "test rate above all": "baseline: {duration: 1 s, rate: 1e300 Hz}",
    "zero test rate": "baseline: {duration: 1 s, rate: 0 Hz}",
    "zero interval": "induction: [{pre: [{count: 2, interval: 0 s}]}]",
    "lag of ages": "induction: [{pre: [{count: 1}], post: {lag: 1e300 s}}]",
    "lag of ages ago": "induction: [{pre: [{count: 1}], post: {lag: -1e300 s}}]",
    "lag in an empty list": "induction: [{pre: [{count: 1}], post: {lag: []}}]",
    "lag in lists of lists": "induction: [{pre: [{count: 1}], post: {lag: [[1 ms], [2 ms]]}}]",
    "jitter of ages": "induction: [{pre: [{count: 3, rate: 1 Hz}], jitter: 1e300 s}]",
    "jitter that overflows": "induction: [{pre: [{count: 3, rate: 1 Hz}], jitter: 1e308 s}]",
    "negative jitter": "induction: [{pre: [{count: 3, rate: 1 Hz}], jitter: -1 s}]",
    "negative seed": "induction: [{pre: {poisson: 1 Hz, duration: 1 s, seed: -1}}]",
    "poisson at 1e12 Hz": "induction: [{pre: {poisson: 1e12 Hz, duration: 1 s}}]",
    "poisson at 1e300 Hz": "induction: [{pre: {poisson: 1e300 Hz, duration: 1 h}}]",
    "poisson without a spike": "induction: [{pre: {poisson: 1e-300 Hz, duration: 1 s}}]",
    "levels that are none": "induction: [{pre: [5, {count: 1}]}]",
    "no levels": "induction: [{pre: []}]",
    "a level named by a list": "induction: [{pre: [{name: [a], count: 1}]}]",
    "a level named by a map": "induction: [{pre: [{name: {a: 1}, count: 1}]}]",
    "a level named by true": "induction: [{pre: [{name: true, count: 1}]}]",
    "a level named like a path": "induction: [{pre: [{name: ../../x, count: [1, 2], rate: 1 Hz}]}]",
    "induction as a map": "induction: {pre: [{count: 1}]}",
    "induction as text": "induction: pulses",
    "induction of nothing": "induction: [null]",
    "arms as text": "arms: x",
    "arms of nothing": "arms: [null]",
    "arms without names": "arms: [{}]",
    "arms named by a list": "arms: [{name: [a]}]",
    "arms that hold arms": "arms: [{name: a, arms: [{name: b}]}]",
    "arms in nests": "arms: [{name: a, induction: [{pre: [{name: [x], count: 1}]}]}]",
    "too many conditions": 'bath: {a: "0:1:1000 mM", b: "0:1:1000 mM"}',
    "an axis too long": 'bath: {a: "0:1:100001 mM"}',
    "axes without an end": f"bath: {{{_BATH}}}",
    "an axis of 1e9": 'bath: {a: "0:1:1000000000 mM"}',
    "an axis of two units": "bath: {a: [1 mM, 2 mV]}",
    "an axis of nothing": "bath: {a: [null, 1 mM]}",
    "a moment of many spaces": f"set: [{{v: 1 mV, from: '{' ' * 100_000}x'}}]",
    "an axis of maps": "bath: {a: [1 mM, {b: 1}]}",
    "1e5 conditions of 1e6 pulses": 'bath: {a: "0:1:100000 mM"}\n'
    "induction: [{pre: [{count: 1000000, rate: 1 kHz}]}]",
    "1e5 conditions of 2e6 samples": 'bath: {a: "0:1:100000 mM"}\nrecord: [{every: 10 ns}]',
    "samples without an end": "record: [{every: 1e-300 s}]",
    "samples in every line": f"record: [{', '.join(['{every: 20 ns}'] * 3000)}]",
    "samples never": "record: [{every: 0 s}]",
    "samples before ever": "record: [{every: 1 s, from: start - 1e300 s, until: start - 1 s}]",
    "overlapping windows": "set: [{v: 0 mV}, {v: 1 mV}]",
    "windows that end before": "set: [{v: 0 mV, from: 5 s, until: 4 s}]",
    "windows without end": f"set: [{_WINDOWS}]",
    "windows without a name": "set: [{from: 1 s}]",
    "windows of true": "set: [{v: true}]",
    "windows of maps": "set: [{v: {a: 1}}]",
    "windows of nan": "set: [{v: nan mV}]",
    "a moment of spaces": f"set: [{{v: 1 mV, from: '+{' ' * 100_000}'}}]",
    "a moment of spaces and text": f"set: [{{v: 1 mV, from: 'end +{' ' * 100_000}x y'}}]",
    "a moment beyond numbers": "set: [{v: 1 mV, from: end + 1e400 s}]",
    "a moment in volts": "set: [{v: 1 mV, from: end + 5 mV}]",
    "a moment of code": "set: [{v: 1 mV, from: \"__import__('os').system('touch canary')\"}]",
    "drugs as text": "drugs: apv",
    "drugs twice": "drugs: [apv, apv]",
    "drugs without names": "drugs: [{dose: 1 uM}]",
    "a dose of nan": "drugs: [{name: apv, dose: nan uM}]",
    "a measure too late": "measure: {at: 1 h}",
    "a measure before": "measure: {at: -1 s}",
    "a window too wide": "measure: {at: 20 ms, window: 1 h}",
    "bath of code": "bath: {mg_out: \"__import__('os').system('touch canary')\"}",
    "bath of C++": 'bath: {mg_out: "1 mM; system(\\"touch canary\\");"}',
    "bath of a format": 'bath: {mg_out: "{0.__class__} %s %n"}',
    "bath of powers": "bath: {mg_out: 1 m**1e9}",
    "bath of towers": "bath: {mg_out: 1 m**9**9**9}",
    "bath of units without end": f"bath: {{mg_out: 1 {'m*' * 90}m}}",
    "bath of digits without end": f"bath: {{mg_out: {'9' * 100_000}}}",
    "bath of brackets": f"bath: {{mg_out: 1 {'(' * 190}}}",
    "bath below absolute zero": "bath: {temperature: -300 degC}",
    "a name with a slash": "bath: {a/b: [1 mM, 2 mM]}",
    "a name of code": "bath: {\"__import__('os')\": [1 mM, 2 mM]}",
    "a name of look-alikes": "bath: {m\u0261_out: [1 mM, 2 mM]}",
    "a name of many letters": f"bath: {{{'x' * 5000}: [1 mM, 2 mM]}}",
    "no name": "bath: {'': [1 mM, 2 mM]}",
    "source as a map": "source: {a: 1}",
    "stimulation as a list": "stimulation: [field, single]",
}  # fmt: skip
# names that mean something in the result
AXES = ("state", "synapse", "sample", "time", "time_after", "mix", "strength", "last_pulse",
        "measure_at", "strength_of_lane", "peak_w", "arm", "w")  # fmt: skip

RIGHT = ("bath of units without end",)

CASES = [
    Case(name, CHECK, protocol(body), (0,) if name in RIGHT else BAD_INPUT)
    for name, body in BODIES.items()
]
CASES += [
    Case(f"a bath called {name}", RUN, protocol(f"{_ONE}\nbath: {{{name}: [1 mM, 2 mM]}}"),
         codes=(0, 2))
    for name in AXES
]  # fmt: skip
CASES += [
    Case("arms and a bath called arm", RUN,
         protocol(f"{_ONE}\nbath: {{arm: [1 mM, 2 mM]}}\narms: [{{name: a}}, {{name: b}}]")),
    Case("a drug beside arms without drugs", (*RUN, "--drug", "apv"),
         protocol(f"{_ONE}\ndrugs: ~\narms: [{{name: a, drugs: []}}]")),
    Case("a drug beside arms that overwrite nonsense", (*RUN, "--drug", "apv"),
         protocol(f"{_ONE}\ndrugs: true\narms: [{{name: a, drugs: []}}]")),
    Case("arms of markup", RUN,
         protocol(f"{_ONE}\narms: [{{name: '[/red]'}}, {{name: '[bold]'}}]"), codes=(0,)),
    Case("a drug that nobody knows", RUN, protocol(f"{_ONE}\ndrugs: [nope]")),
    Case("a factor beyond numbers", RUN, protocol(f"{_ONE}\nset: [{{tau_pre: x 1e308}}]"), ANY),
    Case("a negative time constant", RUN, protocol(f"{_ONE}\nset: [{{tau_pre: -1 ms}}]"), (0, 1)),
    Case("memory for 1e5 lanes of 2e5 samples", (*RUN, "--synapses", "100000"),
         protocol(f"{_ONE}\nrecord: [{{every: 0.1 us}}]")),
    Case("windows without end, run", RUN, protocol(f"{_ONE}\nset: [{_WINDOWS}]")),
]  # fmt: skip


def _spikes(name: str, data: bytes | None = b"0\n1\n", codes: tuple[int, ...] = (2,),
            prepared=None, file: str = "spikes.csv") -> Case:  # fmt: skip
    files = protocol(f"induction: [{{pre: {{file: '{file}'}}}}]")
    if data is not None:
        files["spikes.csv"] = data
    return Case(f"spikes: {name}", CHECK, files, codes, prepared)


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "spikes.csv")


def _linked(target: str):
    return lambda folder: (folder / "spikes.csv").symlink_to(target)


def _loop(folder: Path) -> None:
    (folder / "spikes.csv").symlink_to("other.csv")
    (folder / "other.csv").symlink_to("spikes.csv")


CASES += [
    _spikes("right", codes=(0,)),
    _spikes("empty", b""),
    _spikes("only a heading", b"time\n"),
    _spikes("not utf-8", b"0\n\xff\xfe\n"),
    _spikes("null bytes", b"0\n\0\n"),
    _spikes("a byte order mark", b"\xef\xbb\xbf0\n1\n", codes=(0, 2)),
    _spikes("nan", b"0\nnan\n"),
    _spikes("infinite", b"0\ninf\n"),
    _spikes("beyond numbers", b"0\n1e400\n"),
    _spikes("negative", b"-1\n"),
    _spikes("ages", b"0\n1e300\n"),
    _spikes("underscores", b"0\n1_0\n", codes=(0, 2)),
    _spikes("other digits", "0\n\u0661\n".encode(), codes=(0, 2)),
    _spikes("code", b"0\n__import__('os').system('touch canary')\n"),
    _spikes("columns", b"0,1\n2,3\n"),
    _spikes("a long line", b"0\n" + b"9" * 1_000_000),
    _spikes("too many", b"0\n" * 1_200_000),
    _spikes("binary", bytes(range(256)) * 100),
    _spikes("missing", None),
    _spikes("outside", None, file="../../../../etc/passwd"),
    _spikes("absolute", None, file="/etc/passwd"),
    _spikes("endless", None, file="/dev/zero"),
    _spikes("a long name", None, file="x" * 5000),
    _spikes("no name", None, file=""),
    _spikes("the folder", None, file="."),
    _spikes("the protocol itself", None, file="own.yaml"),
    _spikes("of a user", None, file="~root/.ssh/id_rsa"),
    _spikes("a pipe", None, prepared=_fifo),
    _spikes("a link to zero", None, prepared=_linked("/dev/zero")),
    _spikes("a link outside", None, prepared=_linked("/etc/passwd")),
    _spikes("a link to nothing", None, prepared=_linked("nothing")),
    _spikes("a link to itself", None, prepared=_linked("spikes.csv")),
    _spikes("a loop of links", None, prepared=_loop),
]
