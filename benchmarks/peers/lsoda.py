"""SciPy's LSODA with right-hand side and Jacobian by numba, restarted at every event."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import scipy
from scipy.integrate import odeint, solve_ivp

from benchmarks.peers.jacobian import jacobian_function, slope_function
from benchmarks.peers.problem import Problem
from benchmarks.peers.serving import Run, serve, timed, tolerances

_MOST_STEPS = 10**7


class Lsoda:
    """LSODA through `odeint`, whose loop is compiled, or through `solve_ivp`.

    The Jacobian is symbolic: with one by differences both take longer.
    """

    name = "SciPy LSODA, numba"
    version = f"scipy {scipy.__version__}, numba {numba.__version__}"

    def __init__(self, problem: Problem):
        self.problem = problem
        self.settings = tolerances("odeint", "solve_ivp")
        self.slope, self.jacobian = slope_function(problem), jacobian_function(problem)
        self.agenda = problem.agenda()

    def run(self, synapses: list[int], settings: dict[str, Any]) -> list[Run]:
        """Integrate the synapses one after the other."""
        return [self._run(synapse, settings) for synapse in synapses]

    def _run(self, synapse: int, settings: dict[str, Any]) -> Run:
        """Integrate one synapse; absolute tolerances are in scales of each state."""
        own, task = self.problem, self.problem.task
        values = own.initial(synapse)
        y = np.array([values[name] for name in own.states]) / own.scales
        p = np.array([*own.parameters(synapse).values(), *(values[n] for n in own.inputs)])
        self.slope(0.0, y, p), self.jacobian(0.0, y, p)  # compiled here
        held = {name: values[name] for name in task["held"]}
        solve = self._odeint if settings["variant"] == "odeint" else self._solve_ivp
        stops = [time for time, _ in self.agenda[1:]] + [task["checkpoint"], task["end"]]
        jumps = [self._jump(added) for _, added in self.agenda]

        def work() -> list[np.ndarray]:
            now, state = self.agenda[0][0], y
            if now > task["start"]:
                state = solve(state, p, now - task["start"], settings)
            for jump, stop in zip(jumps, stops, strict=False):
                state = state + jump[0]
                p[len(own.varied) :] += jump[1]
                for name, value in jump[2]:
                    held[name] += value
                state = solve(state, p, stop - now, settings)
                now = stop
            return [state, solve(state, p, task["end"] - task["checkpoint"], settings)]

        seconds, found = timed(work)
        return Run(seconds, *(self._look(state, synapse, held) for state in found))

    def _jump(self, added: dict[str, float]) -> tuple[np.ndarray, np.ndarray, list]:
        own = self.problem
        return (
            np.array([added.get(name, 0.0) for name in own.states]) / own.scales,
            np.array([added.get(name, 0.0) for name in own.inputs]),
            [(name, value) for name, value in added.items() if name in own.task["held"]],
        )

    def _look(self, state: np.ndarray, synapse: int, held: dict[str, float]) -> dict[str, float]:
        own = self.problem
        values = dict(zip(own.states, state * own.scales, strict=True))
        return own.look({**values, **held, **own.parameters(synapse)})

    def _odeint(
        self, y: np.ndarray, p: np.ndarray, duration: float, settings: dict[str, Any]
    ) -> np.ndarray:
        found, told = odeint(
            self.slope, y, (0.0, duration), args=(p,), tfirst=True, full_output=True,
            Dfun=self.jacobian,
            rtol=settings["rtol"], atol=settings["atol"], mxstep=_MOST_STEPS,
        )  # fmt: skip
        if told["message"] != "Integration successful.":
            raise RuntimeError(told["message"])
        return found[-1]

    def _solve_ivp(
        self, y: np.ndarray, p: np.ndarray, duration: float, settings: dict[str, Any]
    ) -> np.ndarray:
        found = solve_ivp(
            self.slope, (0.0, duration), y, method="LSODA", args=(p,), t_eval=(duration,),
            jac=self.jacobian,
            rtol=settings["rtol"], atol=settings["atol"],
        )  # fmt: skip
        if not found.success:
            raise RuntimeError(found.message)
        return found.y[:, -1]


if __name__ == "__main__":
    serve(Lsoda)
