"""Stock Brian2: C++ standalone at a fixed step, its own methods and its default flags."""

from __future__ import annotations

import re
import statistics
import tempfile
from typing import Any

import brian2
import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    device,
    second,
    set_device,
)

from benchmarks.peers.problem import Problem
from benchmarks.peers.serving import Run, serve

_METHODS = {"rk4": 4, "heun": 2, "exponential_euler": 1}  # and their orders
_STEPS = (2.5e-4, 1e-4, 5e-5, 4e-5, 2e-5)  # s
_OWN = "own_"  # no name of a model is then one of Brian2's units


class Brian:
    """All synapses in one group.

    With `until` only so much is run, `again` times, and the time extrapolated to the whole.
    """

    name = "Brian2 C++ standalone"
    version = f"brian2 {brian2.__version__}"

    def __init__(self, problem: Problem):
        self.problem = problem
        self.settings = [
            {"variant": method, "order": order, "dt": dt}
            for method, order in _METHODS.items()
            for dt in _STEPS
        ]

    def run(self, synapses: list[int], settings: dict[str, Any]) -> list[Run]:
        """Integrate the synapses together."""
        task = self.problem.task
        until = settings.get("until", task["end"])
        with tempfile.TemporaryDirectory() as folder:
            set_device("cpp_standalone", directory=folder, build_on_run=False)
            group, monitor, network = self._network(synapses, settings)
            try:
                network.run((until - task["start"]) * second, namespace={})
                device.build(directory=folder, compile=True, run=False, with_output=False)
                times = []
                for _ in range(settings.get("again", 1)):
                    device.run(folder, with_output=False)
                    times.append(device._last_run_time)  # of the loop alone, as Brian2 takes it
                spent = statistics.median(times) * (task["end"] - task["start"])
                spent /= (until - task["start"]) * len(synapses)
                return self._runs(synapses, group, monitor, spent)
            finally:
                device.reinit()
                device.activate()

    def _network(
        self, synapses: list[int], settings: dict[str, Any]
    ) -> tuple[NeuronGroup, StateMonitor, Network]:
        own, task = self.problem, self.problem.task
        dt = settings["dt"] * second
        group = NeuronGroup(
            len(synapses), self._equations(), method=settings["variant"], dt=dt, name="synapses"
        )
        values = [own.initial(n) | own.parameters(n) for n in synapses]
        for name in values[0]:
            setattr(group, _OWN + name, np.array([value[name] for value in values]))
        parts: list[Any] = []
        for place, jump in enumerate(task["jumps"]):
            times = np.array([t for t, k in task["events"] if k == place]) - task["start"]
            # before the state update, so that a pulse does not come a step late
            source = SpikeGeneratorGroup(
                1, np.zeros(len(times), int), times * second, dt=dt, when="start", order=-2
            )
            code = "\n".join(f"{_OWN}{name}_post += {value!r}" for name, value in jump.items())
            pathway = Synapses(source, group, on_pre=code, dt=dt)
            pathway.connect()
            pathway.pre.when, pathway.pre.order = "start", -1
            parts += [source, pathway]
        looked = [_OWN + name for name in (*task["states"], *task["held"])]
        monitor = StateMonitor(
            group, looked, record=True, dt=(task["checkpoint"] - task["start"]) * second,
            when="start",
        )  # fmt: skip
        return group, monitor, Network(group, monitor, *parts)

    def _equations(self) -> str:
        own = self.problem
        known = {*own.states, *own.task["held"], *own.varied, *own.lines}

        def renamed(text: str) -> str:
            return re.sub(r"[A-Za-z_]\w*", lambda m: _OWN + m[0] if m[0] in known else m[0], text)

        lines = [f"d{_OWN}{n}/dt = ({renamed(t)}) / second : 1" for n, t in own.slopes.items()]
        lines += [f"{_OWN}{name} = {renamed(text)} : 1" for name, text in own.lines.items()]
        lines += [f"{_OWN}{name} : 1" for name in own.task["held"]]
        lines += [f"{_OWN}{name} : 1 (constant)" for name in own.varied]
        return "\n".join(lines)

    def _runs(
        self, synapses: list[int], group: NeuronGroup, monitor: StateMonitor, seconds: float
    ) -> list[Run]:
        names = [*self.problem.states, *self.problem.task["held"]]
        runs = []
        for row, synapse in enumerate(synapses):
            fixed = self.problem.parameters(synapse)
            last = {n: float(getattr(group, _OWN + n)[row]) for n in names}
            rows = {n: np.array(getattr(monitor, _OWN + n)[row]) for n in names}
            first = {n: float(values[min(1, len(values) - 1)]) for n, values in rows.items()}
            look = self.problem.look
            runs.append(Run(seconds, look({**first, **fixed}), look({**last, **fixed})))
        return runs


if __name__ == "__main__":
    serve(Brian)
