"""Lanes of two equations driven by hand: the statements of a method, evaluated by numpy."""

from __future__ import annotations

import numpy as np
from brian2.equations.equations import Equations

from plasticity_sim.solver.adaptive import NEVER, Adaptive
from plasticity_sim.solver.maths import FUNCTIONS
from plasticity_sim.solver.rosenbrock import Rosenbrock
from plasticity_sim.solver.statements import text
from plasticity_sim.solver.system import system
from plasticity_sim.solver.tableaus import TABLEAUS

NUMPY = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "abs": np.abs,
    "tanh": np.tanh, "floor": np.floor, "int": lambda truth: np.asarray(truth, float),
    "clip": lambda x, low, high: np.clip(x, low, high), "pi": np.pi, "e": np.e,
    **{name: function.pyfunc for name, function in FUNCTIONS.items()},
}  # fmt: skip


class Lanes:
    """Rows of one system, each from its own values in `start` to `until`.

    What the events of a group do, this does after a pass: it hands over samples, counts spikes and
    ends lanes. `states[x]` holds the samples of x, a list for each lane.
    """

    def __init__(self, equations, start, until, samples=(), rtol=1e-5, method="rodas4", step=1e-5,
                 size=0.1, free=None, peaks=(), least=(), threshold="", constants=None, seed=1,
                 watched=(), **values):  # fmt: skip
        own = system(Equations(equations), constants, watched, threshold, noise=True)
        sizes = dict.fromkeys(own.states, size)
        self.method = Adaptive(own, TABLEAUS[method], sizes, free, own.states, peaks, least,
                               bool(threshold))  # fmt: skip
        self.code = compile(self.method(None), "<pass>", "exec")
        self.count = max(np.size(value) for value in start.values())
        self.normal = np.random.default_rng(seed).standard_normal((500, self.count))
        self.scope = {**NUMPY, "randn": self._drawn}
        declared = [line.split(":")[0].strip() for line in self.method.variables.splitlines()]
        names = {name: 0.0 for name in declared if name}
        names |= {"lane__until": until, "lane__h": step, "lane__first": step, "lane__fresh": 1.0,
                  "lane__rtol": rtol, "sample__t": NEVER, "sample__after": NEVER}  # fmt: skip
        names |= {f"peak__{x}": -NEVER for x in peaks} | {f"least__{x}": NEVER for x in least}
        self.scope |= {k: np.full(self.count, v) for k, v in (names | start | values).items()}
        for name, tree in own.invariants.items():
            self.scope[name] = eval(text(tree, {}), self.scope)
        self.times = [*sorted(samples), NEVER, NEVER]
        self.row = np.zeros(self.count, int)
        self.taken = [[] for _ in range(self.count)]
        self.spikes = [[] for _ in range(self.count)]
        self._next_samples()

    def __getitem__(self, name):
        """Return the value of a variable in the first lane."""
        return float(self.scope[name][0])

    def _drawn(self):
        """Return what each lane draws for its next step, the same when it tries it again."""
        return self.normal[self.scope["lane__steps"].astype(int), np.arange(self.count)]

    def _next_samples(self):
        times = np.array(self.times)
        self.scope["sample__t"] = times[self.row]
        self.scope["sample__after"] = times[np.minimum(self.row + 1, len(times) - 1)]

    def go(self):
        """Make one pass, and what happens after it."""
        s = self.scope
        with np.errstate(all="ignore"):
            exec(self.code, s)
        for lane in np.flatnonzero(s["sample__ready"] > 0.5):
            self.taken[lane].append([float(s[f"at__{x}"][lane]) for x in self.method.sampled])
            self.row[lane] += 1
        self._next_samples()
        if self.method.spikes:
            for lane in np.flatnonzero(s["spike__ready"] > 0.5):
                self.spikes[lane].append(float(s["lane__t"][lane]))
        over = (s["lane__t"] >= s["lane__until"]) | (s["lane__failed"] > 0.5)
        s["lane__over"] = np.where(over, 1.0, s["lane__over"])
        return self

    def run(self, most=20_000):
        """Make passes until every lane is at its end and has handed over its samples."""
        for _ in range(most):
            waiting = self.scope["sample__t"] < NEVER / 2
            if not (waiting | (self.scope["lane__over"] < 0.5)).any():
                return self
            self.go()
        raise AssertionError(f"no end after {most} passes, at {self.scope['lane__t']} s")


def fixed_steps(equations, start, step, count, method="rodas4", **values):
    """Return the states after `count` steps of a fixed size, from the statements of Brian2."""
    tableau = TABLEAUS.get(method, method)  # a name, or a method that has none
    code = compile(Rosenbrock(tableau)(Equations(equations)), "<step>", "exec")
    scope = {**NUMPY, "t": 0.0, "dt": step, **start, **values}
    for number in range(count):
        scope["t"] = number * step
        exec(code, scope)
    return [float(scope[x]) for x in start]
