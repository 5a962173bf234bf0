"""Our own method by hand: a numba loop over one synapse, which is the limit of scalar code."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt
from typing import Any

import numba
import numpy as np

from benchmarks.peers.problem import Problem
from benchmarks.peers.serving import TOLERANCES, Run, serve, timed


class Kernel:
    """The statements of one step, in a loop with error control and events."""

    name = "numba kernel by hand"
    version = f"numba {numba.__version__}"

    def __init__(self, problem: Problem):
        self.problem = problem
        self.kernel = _kernel(problem)
        method = problem.task["step"]["method"]
        self.settings = [{"variant": method, "rtol": rtol} for rtol in TOLERANCES]

    def run(self, synapses: list[int], settings: dict[str, Any]) -> list[Run]:
        """Integrate the synapses one after the other."""
        return [self._run(synapse, settings) for synapse in synapses]

    def _run(self, synapse: int, settings: dict[str, Any]) -> Run:
        own, task = self.problem, self.problem.task
        names = [*own.states, *task["held"]]
        agenda = own.agenda()
        times = np.array([*(time for time, _ in agenda), task["checkpoint"], task["end"]])
        jumps = np.array([[added.get(name, 0.0) for name in names] for _, added in agenda])
        values = np.array(task["synapses"][synapse]["initial"])
        p = np.array(list(own.parameters(synapse).values()))
        found = np.zeros((2, len(names)))
        first = (values.copy(), p, times[:2] * 0.0, jumps[:0], 0.0, 1.0, found)
        self.kernel(*first)  # compiled here
        seconds, steps = timed(
            lambda: self.kernel(values, p, times, jumps, task["start"], settings["rtol"], found)
        )
        if steps < 0:
            raise RuntimeError("the step became too small")
        looks = [
            own.look({**dict(zip(names, row.tolist(), strict=True)), **own.parameters(synapse)})
            for row in found
        ]
        return Run(seconds, *looks)


def _kernel(problem: Problem) -> Callable:
    """Return k(values, p, times, jumps, start, rtol, found) -> steps, fewer than 0 if it failed."""
    task, step = problem.task, problem.task["step"]
    names = [*task["states"], *task["held"]]
    lines = [f"{name} = values[{place}]" for place, name in enumerate(names)]
    lines += [f"{name} = p[{place}]" for place, name in enumerate(problem.varied)]
    lines += [f"{name} = {value!r}" for name, value in task["constants"].items()]
    lines += [f"{name} = {code}" for name, code in (*step["before"], *step["statements"])]
    lines.append("total = 0.0")
    for state, size in step["sizes"].items():
        new = step["new"][state]
        lines.append(f"ratio = {step['error'][state]} / ({size!r} + max(abs({state}), abs({new})))")
        lines.append("total += ratio * ratio")
    lines += [f"new[{k}] = {step['new'][state]}" for k, state in enumerate(task["states"])]
    body = "\n    ".join([*lines, f"return sqrt(total / {len(task['states'])})"])
    scope: dict[str, Any] = {"exp": exp, "sqrt": sqrt}
    exec(f"def step(values, p, h, new):\n    {body}", scope)  # text of our own making
    fast = numba.njit(scope["step"], fastmath=True, error_model="numpy")
    return _loop(fast, len(task["states"]), step["order"], step["first"])


def _loop(step: Callable, count: int, order: int, smallest: float) -> Callable:
    power = -1.0 / order

    def loop(values, p, times, jumps, start, rtol, found):
        new = np.empty(count)
        t, wish, first, steps = start, smallest, smallest, 0
        for event in range(times.size):
            until, fresh = times[event], True
            while t < until:
                room = until - t
                arrives = wish >= 0.999 * room
                h = room if arrives else min(wish, 0.5 * room)
                error = step(values, p, h, new) / rtol
                following = h * min(6.0, max(0.2, 0.9 * max(error, 1e-12) ** power))
                steps += 1
                if not error < 1.0:
                    wish = following if error < 1e12 else 0.2 * h
                    if t + 0.5 * wish <= t:
                        return -1
                    continue
                values[:count] = new
                clipped = h < 0.99 * wish
                if fresh and not clipped:
                    first, fresh = following, False
                wish = max(wish, following) if clipped else following
                t = until if arrives else t + h
            if event < jumps.shape[0]:
                values += jumps[event]
                wish = first
            else:
                found[event - jumps.shape[0]] = values
        return steps

    return numba.njit(loop, error_model="numpy")  # exact, as it has to see what is not a number


if __name__ == "__main__":
    serve(Kernel)
