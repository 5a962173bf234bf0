"""One model as a Brian2 network whose rows are lanes; nothing in it belongs to one protocol."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from brian2 import EventMonitor, Network, NeuronGroup, second
from brian2.core.functions import Function
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import UnsupportedEquationsException

from plasticity_sim.engine import build
from plasticity_sim.engine.batch import NEVER as LONG_AGO
from plasticity_sim.engine.lanes.happenings import (
    CLOCK,
    SAMPLED,
    SLOT,
    VACANT,
    WATCH,
    changed,
    due,
    fired,
    opening,
)
from plasticity_sim.engine.lanes.timetable import Kinds
from plasticity_sim.engine.noise import FUNCTIONS as NOISE
from plasticity_sim.engine.noise import LaneNoise
from plasticity_sim.engine.program import PLACE, Parts, records
from plasticity_sim.engine.righthand import needed
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind
from plasticity_sim.solver.adaptive import NEVER, Adaptive
from plasticity_sim.solver.maths import FUNCTIONS as MATHS
from plasticity_sim.solver.system import System, system
from plasticity_sim.solver.tableaus import TABLEAUS

SIZE = 0.1  # of a variable's scale: what its absolute error is measured against
FIRST_STEP = 1e-5  # s: what a lane tries first
WATCH_EVERY = 16  # passes between looks at whether all lanes are done
_PASS = 1.0  # s of the network's clock, which only counts

_VARIABLES = f"""
{PLACE} : 1
lane__row : 1        # the next row of the events, and of the samples
sample__row : 1
lane__count : 1      # events so far
lane__kind : 1       # of the last event
lane__changed : 1    # whether a parameter has a new value
lane__begin : 1      # s
lane__end : 1        # s
pre__last : 1        # s
post__last : 1       # s
"""


@dataclass(frozen=True)
class LanesProgram:
    """A model, what is sampled of it, and the method: a program whose lanes have own clocks."""

    model: Model
    observe: tuple[str, ...]
    peaks: tuple[str, ...]
    least: tuple[str, ...]
    method: str

    @cached_property
    def system(self) -> System:
        """The equations as trees; takes a second, so not where a compiled program is at hand."""
        model = self.model
        threshold = model.threshold.text if model.threshold else ""
        watched = [n for n in self.peaks if n not in (*model.differential, *model.held)]
        equations = Equations(model.equations)
        try:
            return system(equations, set(model.parameters), watched, threshold, noise=True)
        except UnsupportedEquationsException as problem:
            raise InputError(
                f"model '{model.name}': {problem}; write integrator: {{method: heun, dt: 0.05 ms}}"
            ) from None

    @property
    def flags(self) -> build.Choices:
        """What the compiler is told, the best first."""
        return build.EXACT

    @property
    def stepping(self) -> tuple[str, ...]:
        """What besides the model decides how it is integrated."""
        return ("lanes", self.method)

    @property
    def recorded(self) -> dict[str, str]:
        """Under which name each observed variable is sampled."""
        states, held = self.model.differential, self.model.held
        return {
            name: f"at__{name}" if name in states else name if name in held else f"seen__{name}"
            for name in self.observe
        }

    @property
    def inputs(self) -> tuple[str, ...]:
        """The variables of the group that a run sets, in the order of its table of inputs."""
        model = self.model
        own = ["lane__t", "lane__until", "lane__h", "lane__first", "lane__rtol", "lane__row",
               "lane__begin", "lane__end", "sample__t", "sample__after", "sample__row",
               "pre__last", "post__last", *(f"peak__{name}" for name in self.peaks),
               *(f"least__{name}" for name in self.least),
               *(f"first__{number}" for number in Kinds.of(model).spikes)]  # fmt: skip
        own += ["lane__seed"] * model.is_stochastic
        return (*model.differential, *model.held, *model.parameters, *own)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The variables of a lane that a run is asked for."""
        own = ("lane__t", "lane__over", "lane__failed", "lane__steps", "lane__rejected")
        extremes = [f"peak__{n}" for n in self.peaks] + [f"least__{n}" for n in self.least]
        return (*own, *extremes)

    def parts(self, width: int, lookup: Mapping[str, Function]) -> Parts:
        """Return the network for `width` lanes; `lookup` are the functions it reads by."""
        return _parts(self, width, lookup)


def check_threshold(model: Model) -> None:
    """Raise an InputError unless a threshold is one comparison, whose crossing can be located."""
    tree = model.threshold.tree if model.threshold else None
    simple = isinstance(tree, ast.Compare) and not isinstance(tree.ops[0], ast.Eq | ast.NotEq)
    if model.threshold and not simple:
        raise InputError(
            f"model '{model.name}': the threshold '{model.threshold.text}' is not one comparison, "
            "as in v > v_threshold; write that, or integrator: {method: rk4, dt: 0.02 ms}"
        )


def _parts(program: LanesProgram, width: int, lookup: Mapping[str, Function]) -> Parts:
    model = program.model
    sizes = dict(zip(model.differential, map(float, SIZE * scales(model)), strict=True))
    free = {x: f"(1.0 - clamp__{x})" for x in model.clamp}
    spikes = model.threshold is not None
    updater = Adaptive(
        program.system, TABLEAUS[program.method], sizes, free, _sampled_states(program),
        program.peaks, program.least, spikes,
    )  # fmt: skip
    method = LaneNoise(updater, step="lane__steps") if model.is_noisy else updater
    names = {**MATHS, **NOISE, **lookup}
    equations = _equations(program, updater)
    events = {
        "vacant": VACANT,
        "due": f"{PLACE} > 0.5 and lane__over < 0.5"
        " and (lane__t >= lane__until or lane__failed > 0.5)",
        "sampled": "sample__ready > 0.5",
        "changed": "lane__changed > 0.5",
        **({"fired": "spike__ready > 0.5"} if spikes else {}),
    }
    group = NeuronGroup(
        width, equations + SLOT, method=method, events=events, dt=_PASS * second,
        namespace=names, name="lanes",
    )  # fmt: skip
    if spikes:
        group.run_on_event("fired", fired(model), when="resets", order=0)
    group.run_on_event("due", due(model), when="resets", order=1)
    group.set_event_schedule("changed", when="resets", order=2)
    group.run_on_event("changed", changed(model, program.system), when="end")
    group.run_on_event("sampled", SAMPLED, when="resets", order=0)
    of_ends, of_samples = records(program)
    samples = EventMonitor(group, "sampled", of_samples, name="samples", when="synapses")
    ends = EventMonitor(group, "vacant", of_ends, name="ends", when="synapses")
    carried = Equations(equations)
    own = {*carried.diff_eq_names, *carried.parameter_names}
    others = sorted(own - {*program.inputs, PLACE, "lane__over"})
    group.run_on_event("vacant", opening(program.inputs, others), when="resets", order=3)
    group.run_regularly(WATCH, dt=WATCH_EVERY * _PASS * second, when="end", order=1)
    network = Network(group, samples, ends, *group.contained_objects)
    return Parts(group, samples, ends, network, names)


def _sampled_states(program: LanesProgram) -> list[str]:
    """Return the states that the samples need, by themselves or in a definition."""
    model = program.model
    defined = [n for n in program.observe if n in model.subexpressions]
    reads = {leaf for name in needed(model, defined) for leaf in _names(model, name)}
    return [x for x in model.differential if x in reads or x in program.observe]


def _names(model: Model, name: str) -> frozenset[str]:
    expression = model.variables[name].expression
    return expression.names if expression else frozenset()


def _equations(program: LanesProgram, updater: Adaptive) -> str:
    """Return the group's equations, in SI units throughout and thus without any."""
    model = program.model
    lines = [_VARIABLES, updater.variables]
    quiet = CLOCK | dict.fromkeys(program.system.whites, "0.0")  # the method adds the noise
    for name, variable in model.variables.items():
        code = variable.expression.substituted(quiet).text if variable.expression else ""
        match variable.kind:
            case Kind.DIFFERENTIAL:
                lines.append(f"d{name}/dt = ({code}) / second : 1")
            case Kind.SUBEXPRESSION:
                lines.append(f"{name} = {code} : 1")
            case Kind.HELD:
                lines.append(f"{name} : 1")
    lines += [f"{name} : 1" for name in model.parameters]
    lines += [f"clamp__{name} : 1" for name in model.clamp]
    lines += [f"first__{number} : 1" for number in Kinds.of(model).spikes]
    lines += ["lane__seed : 1"] * model.is_stochastic
    seen = {x: f"at__{x}" for x in model.differential}
    defined = [n for n in program.observe if n in model.subexpressions]
    for name in needed(model, defined):
        expression = model.variables[name].expression
        assert expression is not None
        lines.append(
            f"seen__{name} = {expression.substituted({'t': 'sample__t', **seen}).text} : 1"
        )
        seen[name] = f"seen__{name}"
    return "\n".join(lines)


def starting(program: LanesProgram) -> dict[str, float]:
    """Return the inputs that are the same for every lane and run."""
    peaks = {f"peak__{name}": -NEVER for name in program.peaks}
    least = {f"least__{name}": NEVER for name in program.least}
    first = {f"first__{number}": FIRST_STEP for number in Kinds.of(program.model).spikes}
    return {
        "lane__h": FIRST_STEP, "lane__first": FIRST_STEP,
        "pre__last": -LONG_AGO, "post__last": -LONG_AGO, **peaks, **least, **first,
    }  # fmt: skip
