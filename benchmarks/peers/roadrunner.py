"""libRoadRunner's CVODE, the model as SBML with rate rules."""

from __future__ import annotations

from typing import Any

import antimony
import numpy as np
import roadrunner

from benchmarks.peers.problem import Problem
from benchmarks.peers.serving import Run, serve, timed, tolerances

_MOST_STEPS = 300_000  # of one call; three times what 900 pulses take, so more is a blow-up
_SAME = 1e-9  # s: moments closer than this are one
_PREFIX = "x_"  # no name of a model is then a word of SBML


Train = tuple[float, float, int, dict[str, float]]  # first pulse, interval, count, what each adds


class RoadRunner:
    """CVODE with an absolute tolerance for each state.

    Pulses come as SBML "events", or by a "restart" of the integrator with new values, which spares
    it the search for the moment.
    """

    name = "libRoadRunner CVODE"
    version = f"libroadrunner {roadrunner.__version__}"

    def __init__(self, problem: Problem):
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        config = roadrunner.Config
        config.setValue(config.LLVM_BACKEND, config.LLJIT)
        config.setValue(config.LLJIT_OPTIMIZATION_LEVEL, config.AGGRESSIVE)
        self.problem = problem
        self.agenda = problem.agenda()
        self.trains, self.at_start = _trains(problem)
        self.settings = tolerances("restart", *(["events"] if self.trains else []))
        self.loaded: dict[str, roadrunner.RoadRunner] = {}

    def run(self, synapses: list[int], settings: dict[str, Any]) -> list[Run]:
        """Integrate the synapses one after the other."""
        return [self._run(synapse, settings) for synapse in synapses]

    def _run(self, synapse: int, settings: dict[str, Any]) -> Run:
        """Integrate one synapse; absolute tolerances are in scales of each state."""
        own = self.problem
        variant = settings["variant"]
        model = self._model(variant)
        model.resetAll()
        values = own.initial(synapse)
        if variant == "events":
            for name, value in self.at_start.items():
                values[name] += value
        for name, value in {**values, **own.parameters(synapse)}.items():
            model[_PREFIX + name] = value
        if variant == "events":  # the first may have come too early, at the time of the last run
            for number, (first, _, count, _) in enumerate(self.trains):
                model[f"following_{number}"] = first
                model[f"left_{number}"] = count
        integrator = model.integrator
        integrator.relative_tolerance = settings["rtol"]
        sizes = dict(zip(own.states, own.scales, strict=True))
        integrator.setValue("absolute_tolerance", [
            settings["atol"] * sizes.get(name.removeprefix(_PREFIX), 1.0)
            for name in _ids(model.model)
        ])  # fmt: skip
        work = self._with_events if variant == "events" else self._with_restarts
        seconds, found = timed(lambda: work(model))
        return Run(seconds, *(own.look({**values, **own.parameters(synapse)}) for values in found))

    def _model(self, variant: str) -> roadrunner.RoadRunner:
        if variant not in self.loaded:
            text = _antimony(self.problem, self.trains if variant == "events" else [])
            antimony.clearPreviousLoads()
            if antimony.loadAntimonyString(text) < 0:
                raise ValueError(antimony.getLastError())
            model = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
            model.setIntegrator("cvode")
            model.integrator.stiff = True
            model.integrator.maximum_num_steps = _MOST_STEPS
            model.selections = ["time"]
            self.loaded[variant] = model
        return self.loaded[variant]

    def _values(self, model: roadrunner.RoadRunner) -> dict[str, float]:
        names = [*self.problem.states, *self.problem.task["held"]]
        return {name: float(model[_PREFIX + name]) for name in names}

    def _with_events(self, model: roadrunner.RoadRunner) -> list[dict[str, float]]:
        now, found = self.problem.task["start"], []
        for stop in (self.problem.task["checkpoint"], self.problem.task["end"]):
            model.simulate(now, stop, 2)
            found.append(self._values(model))
            now = stop
        return found

    def _with_restarts(self, model: roadrunner.RoadRunner) -> list[dict[str, float]]:
        task, own, integrator = self.problem.task, model.model, model.integrator
        places = {name: place for place, name in enumerate(own.getGlobalParameterIds())}
        jumps = [
            ([places[_PREFIX + name] for name in added], list(added.values()))
            for _, added in self.agenda
        ]
        stops = [time for time, _ in self.agenda[1:]] + [task["checkpoint"]]
        now = task["start"]
        own.setTime(now)
        if self.agenda[0][0] > now:
            now = integrator.integrate(now, self.agenda[0][0] - now)
        for (chosen, added), stop in zip(jumps, stops, strict=True):
            before = own.getGlobalParameterValues(chosen)
            own.setGlobalParameterValues(
                chosen, [a + b for a, b in zip(before, added, strict=True)]
            )
            integrator.restart(now)
            while now < stop - _SAME:
                now = integrator.integrate(now, stop - now)
        found = [self._values(model)]
        integrator.restart(now)
        while now < task["end"] - _SAME:
            now = integrator.integrate(now, task["end"] - now)
        return [*found, self._values(model)]


def _ids(model: roadrunner.ExecutableModel) -> list[str]:
    """Return the names of the integrated variables, in the integrator's order."""
    return [model.getStateVectorId(place) for place in range(model.getNumRateRules())]


def _trains(problem: Problem) -> tuple[list[Train], dict[str, float]]:
    """Return every regular train of pulses, and what happens at the very start.

    SBML has no event at the start. There are no trains if one of them is not regular.
    """
    times: dict[int, list[float]] = {}
    for time, place in problem.task["events"]:
        times.setdefault(int(place), []).append(time)
    trains: dict[tuple[float, float, int], dict[str, float]] = {}
    at_start: dict[str, float] = {}
    for place, own in times.items():
        added = problem.task["jumps"][place]
        if own[0] <= problem.task["start"]:
            own.pop(0)
            for name, value in added.items():
                at_start[name] = at_start.get(name, 0.0) + value
        gaps = np.diff(own)
        if np.ptp(gaps) > _SAME:
            return [], {}
        jump = trains.setdefault((own[0], round(float(np.mean(gaps)), 9), len(own)), {})
        for name, value in added.items():
            jump[name] = jump.get(name, 0.0) + value
    return [(*key, jump) for key, jump in trains.items()], at_start


def _antimony(problem: Problem, trains: list[Train]) -> str:
    """Return the model in Antimony's notation, every train of pulses as one event."""
    names = {*problem.states, *problem.task["held"], *problem.varied, *problem.lines}

    def renamed(text: str) -> str:
        return "".join(_PREFIX + word if word in names else word for word in _words(text))

    lines = ["model cascade()"]
    for name, value in {**problem.initial(0), **problem.parameters(0)}.items():
        lines.append(f"{_PREFIX}{name} = {value!r};")
    lines += [f"{_PREFIX}{name} := {renamed(text)};" for name, text in problem.lines.items()]
    lines += [f"{_PREFIX}{name}' = {renamed(text)};" for name, text in problem.slopes.items()]
    for number, (first, interval, count, jump) in enumerate(trains):
        following, left = f"following_{number}", f"left_{number}"
        lines.append(f"{following} = {first!r}; {left} = {count};")
        changes = [f"{_PREFIX}{name} = {_PREFIX}{name} + {value!r}" for name, value in jump.items()]
        changes += [f"{left} = {left} - 1", f"{following} = {following} + {interval!r}"]
        condition = f"time >= {following} && {left} > 0"
        lines.append(f"at ({condition}), t0=false: {', '.join(changes)};")
    return "\n".join([*lines, "end"])


def _words(text: str) -> list[str]:
    """Return names and what stands between them, in order."""
    words, word = [], ""
    for letter in text:
        if (letter.isalnum() or letter == "_") != (word[-1:].isalnum() or word[-1:] == "_"):
            words.append(word)
            word = ""
        word += letter
    return [*words, word]


if __name__ == "__main__":
    serve(RoadRunner)
