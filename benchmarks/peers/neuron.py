"""NEURON's cvode, all equations in one point process that nrnivmodl compiles."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import neuron
from neuron import h

from benchmarks.peers.problem import Problem
from benchmarks.peers.serving import Run, serve, timed, tolerances

_DENSE = 1  # CVODE's own Jacobian; NEURON's, made for cables, takes a thousand times longer here
_OWN = "own_"  # no name of a model is then a word of NMODL
_SCALED = "_z"  # at the end, as NMODL makes names of its own by adding a 0
_LONGEST = 200  # characters of a line; NMODL refuses more than 512


class Neuron:
    """CVODE over the states in their scales, events by the queue of NEURON."""

    name = "NEURON cvode"
    version = f"neuron {neuron.__version__}"

    def __init__(self, problem: Problem):
        self.problem = problem
        self.settings = tolerances("dense Jacobian")
        self.folder = tempfile.TemporaryDirectory()
        Path(self.folder.name, "task.mod").write_text(mechanism(problem))
        tool = Path(neuron.__file__).parents[4] / "bin" / "nrnivmodl"
        search = {"PATH": f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"}
        command = [str(tool) if tool.exists() else "nrnivmodl"]
        subprocess.run(
            command, cwd=self.folder.name, env={**os.environ, **search}, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        neuron.load_mechanisms(self.folder.name)
        self.section = h.Section(name="one")
        self.section.L = self.section.diam = 10
        self.process = h.Task(self.section(0.5))
        self.sources = []
        for place in range(len(problem.task["jumps"])):
            source = h.NetCon(None, self.process)
            source.weight[0] = place
            self.sources.append(source)
        self.cvode = h.CVode()
        self.cvode.active(1)
        self.cvode.jacobian(_DENSE)

    def run(self, synapses: list[int], settings: dict[str, Any]) -> list[Run]:
        """Integrate the synapses one after the other."""
        return [self._run(synapse, settings) for synapse in synapses]

    def _run(self, synapse: int, settings: dict[str, Any]) -> Run:
        """Integrate one synapse; times of NEURON are in ms."""
        own, task = self.problem, self.problem.task
        cvode, process = self.cvode, self.process
        cvode.rtol(settings["rtol"])
        cvode.atol(settings["atol"])
        for name, value in own.parameters(synapse).items():
            setattr(process, _OWN + name, value)
        values = own.initial(synapse)

        def begin() -> None:
            for name, scale in zip(own.states, task["scales"], strict=True):
                setattr(process, name + _SCALED, values[name] / scale)
            for name in task["held"]:
                setattr(process, _OWN + name, values[name])
            for time, place in task["events"]:
                self.sources[int(place)].event(1e3 * (time - task["start"]))
            cvode.re_init()

        handler = h.FInitializeHandler(1, begin)
        h.finitialize(-65)
        found, seconds = [], 0.0
        for stop in (task["checkpoint"], task["end"]):
            spent, status = timed(lambda stop=stop: cvode.solve(1e3 * (stop - task["start"])))
            if status:
                raise RuntimeError(f"cvode gave up with status {status}")
            seconds += spent
            found.append(own.look({**self._values(), **own.parameters(synapse)}))
        del handler
        return Run(seconds, *found)

    def _values(self) -> dict[str, float]:
        task, process = self.problem.task, self.process
        states = {
            name: getattr(process, name + _SCALED) * scale
            for name, scale in zip(task["states"], task["scales"], strict=True)
        }
        return states | {name: getattr(process, _OWN + name) for name in task["held"]}


def mechanism(problem: Problem) -> str:
    """Return the problem in NMODL."""
    task = problem.task
    known = {*task["states"], *task["held"], *problem.varied, *problem.lines}

    def renamed(text: str) -> str:
        return re.sub(r"[A-Za-z_]\w*", lambda m: _OWN + m[0] if m[0] in known else m[0], text)

    held = [_OWN + name for name in task["held"]]
    states = [name + _SCALED for name in task["states"]]
    scales = dict(zip(task["states"], task["scales"], strict=True))
    varied = [_OWN + name for name in problem.varied]
    local = [_OWN + name for name in (*task["states"], *problem.lines)]
    body = [f"{_OWN}{n} = {scale!r} * {n}{_SCALED}" for n, scale in scales.items()]
    body += [f"{_OWN}{name} = {renamed(text)}" for name, text in problem.lines.items()]
    body += [
        f"{name}{_SCALED}' = {1e-3 / scales[name]!r} * ({renamed(text)})"
        for name, text in problem.slopes.items()
    ]
    events = []
    for place, jump in enumerate(task["jumps"]):
        events.append(f"if (number == {place}) {{")
        for name, value in jump.items():
            target = name + _SCALED if name in scales else _OWN + name
            events.append(f"{target} = {target} + {value / scales.get(name, 1.0)!r}")
        events.append("}")
    lines = [
        "NEURON {", "POINT_PROCESS Task", f"RANGE {', '.join([*varied, *held])}", "}",
        "PARAMETER {", *(f"{name} = 0" for name in varied), "}",
        "ASSIGNED {", *held, "}",
        "STATE {", *states, "}",
        "BREAKPOINT { SOLVE move METHOD derivimplicit }",
        "DERIVATIVE move {", f"LOCAL {', '.join(local)}", *body, "}",
        "NET_RECEIVE (number) {", *events, "}",
    ]  # fmt: skip
    return "\n".join(piece for line in lines for piece in textwrap.wrap(line, _LONGEST))


if __name__ == "__main__":
    serve(Neuron)
