"""The talk between the comparison and one simulator: a line of JSON asks, a line answers.

A simulator stays up between questions, so that what it compiles is compiled once and is in none
of its times.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from benchmarks.peers.problem import Problem

TOLERANCES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6, 1e-7, 1e-8)
_ABSOLUTE = (1.0, 1e-1, 1e-2, 1e-3)  # of the scale of a state, times the relative tolerance


class Run(NamedTuple):
    """One synapse from start to end: seconds of integration, and what was watched."""

    seconds: float
    checkpoint: dict[str, float]
    end: dict[str, float]


class Simulator(Protocol):
    """What a program of this folder offers."""

    name: str
    version: str
    settings: list[dict[str, Any]]  # to try, those of each variant from loose to tight

    def run(self, synapses: list[int], settings: dict[str, Any]) -> list[Run]:
        """Integrate the synapses, and say how long each took without any preparation."""


def tolerances(*variants: str) -> list[dict[str, Any]]:
    """Return the settings of a solver that takes an absolute tolerance for each state."""
    return [
        {"variant": variant, "rtol": rtol, "atol": factor * rtol}
        for variant in variants
        for factor in _ABSOLUTE
        for rtol in TOLERANCES
    ]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that `work` took, and its result."""
    begin = perf_counter()
    result = work()
    return perf_counter() - begin, result


def serve(make: Callable[[Problem], Simulator]) -> None:
    """Answer questions from stdin until it ends; the task is the program's argument."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a simulator prints goes to stderr
    simulator = make(Problem.read(sys.argv[1]))
    known = {n: getattr(simulator, n) for n in ("name", "version", "settings")}
    print(json.dumps(known), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(simulator, json.loads(line))), file=answers, flush=True)


def _answer(simulator: Simulator, asked: dict[str, Any]) -> dict[str, Any]:
    """Run the synapses that are asked for; the time of one is the median of the repeats."""
    try:
        runs = [
            simulator.run(asked["synapses"], asked["settings"]) for _ in range(asked["repeats"])
        ]
    except Exception as problem:  # a tolerance at which a solver gives up is an answer, too
        return {"failed": f"{type(problem).__name__}: {str(problem)[:200]}"}
    each = [statistics.fmean(run.seconds for run in row) for row in runs]
    return {
        "seconds": statistics.median(each),
        "checkpoint": [run.checkpoint for run in runs[-1]],
        "end": [run.end for run in runs[-1]],
    }
