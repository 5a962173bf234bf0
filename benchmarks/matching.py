"""Simulators at their best: the fastest settings that are exact enough and lose no pulse."""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parent.parent
PATIENCE = 300.0  # s: what takes longer has failed; at a loose tolerance a solution may blow up
# times slower than the best of its variant so far: the rest of a series is not tried
_HOPELESS = 3.0
_FINALISTS = 3
# times slower than the best of all its variants: what a smaller step is expected to take at least
_BEYOND = 1.5

ONE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                 "NUMBA_NUM_THREADS", "PLASTICITY_SIM_JOBS")
}  # fmt: skip

Settings = dict[str, Any]
Values = dict[str, float]


@dataclass(frozen=True)
class Answer:
    """What a simulator found for some synapses at some settings; `failed` says why it did not."""

    settings: Settings
    seconds: float = math.inf  # for each synapse
    checkpoint: list[Values] = field(default_factory=list)
    end: list[Values] = field(default_factory=list)
    failed: str = ""


class Simulator(Protocol):
    """Anything that can be asked to integrate synapses of the task."""

    name: str
    version: str
    settings: list[Settings]

    def ask(self, settings: Settings, synapses: Sequence[int], repeats: int) -> Answer:
        """Return the answer; its time is the median of the repeats."""


@dataclass(frozen=True)
class Measured:
    """One row of the table: an answer, its errors against the reference, the machine's load."""

    simulator: str
    answer: Answer
    synapses: int
    errors: dict[str, float] = field(default_factory=dict)  # at the checkpoint
    end_errors: dict[str, float] = field(default_factory=dict)
    delivered: tuple[float, ...] = ()
    load: tuple[float, float] = (math.nan, math.nan)
    note: str = ""

    @property
    def seconds(self) -> float:
        return self.answer.seconds


class Peer:
    """A simulator in a process of its own; it stays up, so that nothing is compiled twice."""

    def __init__(self, python: Path, module: str, task: Path, patience: float = PATIENCE):
        self.patience = patience
        self.command = [str(python), "-m", f"benchmarks.peers.{module}", str(task)]
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=os.environ | ONE_THREAD, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        known = self._answer()
        if known is None:
            raise RuntimeError(f"{' '.join(self.command)} does not start; run it by hand")
        self.name, self.version = known["name"], known["version"]
        self.settings: list[Settings] = known["settings"]

    def _listen(self, process: subprocess.Popen[str]) -> None:
        lines = self.lines
        for line in process.stdout or ():
            lines.put(line)
        lines.put("")

    def _answer(self) -> dict[str, Any] | None:
        """Return the next answer, None if the program has ended or hangs."""
        try:
            line = self.lines.get(timeout=self.patience)
        except queue.Empty:
            return None
        return json.loads(line) if line else None

    def ask(self, settings: Settings, synapses: Sequence[int], repeats: int) -> Answer:
        """Return the answer; a program that hangs or dies is started again."""
        asked = {"settings": settings, "synapses": list(synapses), "repeats": repeats}
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        found = self._answer()
        if found is None:
            self.close()
            self._start()
            return Answer(settings, failed=f"ended, or took more than {self.patience:g} s")
        return Answer(settings, **found)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True)
class Judge:
    """Compares answers with the reference solution."""

    reference: dict[str, Any]  # synapse -> checkpoint and end
    pulses: int
    judged: str
    target: float
    counter: str

    def measured(
        self, name: str, answer: Answer, synapses: Sequence[int], load: tuple[float, float]
    ) -> Measured:
        """Return the answer with its largest errors over the synapses that have a reference."""
        row = Measured(name, answer, len(synapses), load=load)
        if answer.failed or not answer.checkpoint:
            return row
        return replace(
            row,
            errors=self._errors("checkpoint", answer.checkpoint, synapses),
            end_errors=self._errors("end", answer.end, synapses),
            delivered=tuple(sorted({values[self.counter] for values in answer.end})),
        )

    def passes(self, row: Measured) -> bool:
        """Tell whether a row is exact enough and has all its pulses."""
        exact = row.errors.get(self.judged, math.inf) <= self.target
        return exact and row.delivered == (float(self.pulses),)

    def _errors(
        self, moment: str, found: list[Values], synapses: Sequence[int]
    ) -> dict[str, float]:
        errors: dict[str, float] = {}
        for values, synapse in zip(found, synapses, strict=True):
            right = self.reference.get(str(synapse), {}).get(moment, {})
            for name, value in right.items():
                if name != self.counter:
                    error = abs(values[name] / value - 1)
                    error = error if math.isfinite(error) else math.inf
                    errors[name] = max(errors.get(name, 0.0), error)
        return errors


def best(
    simulator: Simulator,
    judge: Judge,
    synapses: Sequence[int],
    repeats: int,
    tell: Callable[[Measured], None],
) -> dict[str, Measured]:
    """Return the fastest row that passes for each variant of a simulator, none if none does.

    Each series of settings is tried from loose to tight until one passes; the fastest of those are
    timed again, with repeats.
    """
    passed: list[Measured] = []
    for _, series in groupby(simulator.settings, key=_series):
        tried: list[Measured] = []
        for settings in series:
            row = _ask(simulator, judge, settings, synapses, 1)
            tell(row)
            tried.append(row)
            variant = settings["variant"]
            own = [r.seconds for r in passed if r.answer.settings["variant"] == variant]
            if judge.passes(row):
                passed.append(row)
            if judge.passes(row) or _HOPELESS * min(own, default=math.inf) < row.seconds < math.inf:
                break
            fastest = min((one.seconds for one in passed), default=math.inf)
            if _expected(tried, judge) > _BEYOND * fastest:
                break
    chosen: dict[str, Measured] = {}
    for variant in dict.fromkeys(row.answer.settings["variant"] for row in passed):
        own = [row for row in passed if row.answer.settings["variant"] == variant]
        own.sort(key=lambda row: row.seconds)
        again = [
            _ask(simulator, judge, row.answer.settings, synapses, repeats)
            for row in own[:_FINALISTS]
        ]
        chosen[variant] = min(again, key=lambda row: row.seconds)
    return chosen


def _expected(tried: Sequence[Measured], judge: Judge) -> float:
    """Return the seconds that a fixed step small enough would take, 0 if that cannot be told.

    The error falls with the method's order, or more slowly if the last two steps have shown so.
    """
    known = [row for row in tried if math.isfinite(row.errors.get(judge.judged, math.inf))]
    if not known or "dt" not in known[-1].answer.settings:
        return 0.0
    row, order = known[-1], float(known[-1].answer.settings["order"])
    error, dt = row.errors[judge.judged], row.answer.settings["dt"]
    if len(known) > 1:
        before = known[-2]
        fall = math.log(before.errors[judge.judged] / error)
        order = min(order, max(fall / math.log(before.answer.settings["dt"] / dt), 0.1))
    return row.seconds * (error / judge.target) ** (1 / order)


def _series(settings: Settings) -> str:
    """Return what settings of one series share: all but the tolerance or the step."""
    rtol = settings.get("rtol", 1.0)
    rest = {k: round(v / rtol, 9) if k == "atol" else v for k, v in settings.items()}
    return json.dumps({k: v for k, v in rest.items() if k not in ("rtol", "dt")})


def _ask(
    simulator: Simulator, judge: Judge, settings: Settings, synapses: Sequence[int], repeats: int
) -> Measured:
    before = os.getloadavg()[0]
    answer = simulator.ask(settings, synapses, repeats)
    return judge.measured(simulator.name, answer, synapses, (before, os.getloadavg()[0]))


def timed_part(
    simulator: Simulator, row: Measured, synapses: Sequence[int], until: float, repeats: int
) -> Measured:
    """Return `row` with the time of a batch that ran until `until` (s), extrapolated."""
    before = os.getloadavg()[0]
    settings = {**row.answer.settings, "until": until, "again": repeats}
    answer = simulator.ask(settings, synapses, 1)
    load = (before, os.getloadavg()[0])
    timed = replace(row.answer, seconds=answer.seconds, failed=answer.failed)
    note = f"time from {len(synapses)} synapses and the first {until:g} s"
    return replace(row, answer=timed, load=load, note=note)
