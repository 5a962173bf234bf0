"""One model as a Brian2 network on a grid of steps; nothing in it belongs to one protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from brian2 import EventMonitor, Network, NeuronGroup, second
from brian2.core.functions import Function

from plasticity_sim.engine import build
from plasticity_sim.engine.batch import NEVER
from plasticity_sim.engine.fixed.happenings import SAMPLE, event_code, happenings, looked_up
from plasticity_sim.engine.fixed.rungekutta import RungeKutta4
from plasticity_sim.engine.noise import DRAWS, FUNCTIONS, LaneNoise, numbered
from plasticity_sim.engine.program import LONGEST, PLACE, Parts, records
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind, Variable

_ENDED = "ended"
_METHODS = {"rk4": RungeKutta4()}  # the others are Brian2's own
_LEAST, _MOST = "1e300", "-1e300"  # what an extreme is before anything was seen


@dataclass(frozen=True)
class FixedProgram:
    """A model, what is sampled of it, and Brian2's `method` at steps of `dt` seconds."""

    model: Model
    observe: tuple[str, ...]
    peaks: tuple[str, ...]
    least: tuple[str, ...]
    method: str
    dt: float

    @property
    def flags(self) -> build.Choices:
        """What the compiler is told, the best first."""
        return build.FAST

    @property
    def stepping(self) -> tuple[str, ...]:
        """What besides the model decides how it is integrated."""
        return ("fixed", self.method, repr(self.dt))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The variables of a lane that a run is asked for."""
        return (*(f"peak__{name}" for name in self.peaks), *(f"least__{n}" for n in self.least))

    @property
    def recorded(self) -> dict[str, str]:
        """Under which name each observed variable is sampled."""
        return {name: name for name in self.observe}

    @property
    def shared(self) -> tuple[str, ...]:
        """The inputs that all lanes share, in the order of the table of inputs, which they open."""
        return ("last__step", "values__base", *(f"{kind}__base" for kind in happenings(self.model)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs of which every lane has its own, in their order."""
        model = self.model
        seeds = ["lane__seed"] * model.is_stochastic
        return (*model.differential, *model.held, *model.parameters, *seeds)

    def parts(self, width: int, lookup: Mapping[str, Function]) -> Parts:
        """Return the network for `width` lanes; `lookup` are the functions it reads by."""
        return _parts(self, width, lookup)


def _parts(program: FixedProgram, width: int, lookup: Mapping[str, Function]) -> Parts:
    model, noisy = program.model, program.model.is_stochastic
    updater = _METHODS.get(program.method, program.method)
    threshold = model.threshold.text if model.threshold else ""
    code = happenings(model)
    names = {**FUNCTIONS, **lookup}
    group = NeuronGroup(
        width, _equations(program), dt=program.dt * second,
        method=LaneNoise(updater) if noisy else updater, namespace=names, name="lanes",
        threshold=numbered(threshold, "t_in_timesteps", first=DRAWS) or None,
        reset=event_code(model, "spike") or None if threshold else None,
        events={_ENDED: "t_in_timesteps >= last__step",
                **{kind: f"t_in_timesteps >= {kind}__next" for kind in code}},
    )  # fmt: skip
    group.run_regularly(
        _opening(program, list(code)), dt=LONGEST * program.dt * second, when="before_start",
        order=-1,
    )  # fmt: skip
    for order, (kind, lines) in enumerate(code.items()):
        group.set_event_schedule(kind, when="before_start")
        # a sample moves on after the monitor has looked
        group.run_on_event(kind, lines, when="start", order=99 if kind == SAMPLE else order)
    of_ends, of_samples = records(program)
    samples = EventMonitor(group, SAMPLE, of_samples, name="samples", when="start", order=98)
    ends = EventMonitor(group, _ENDED, of_ends, name="ends", when="end")
    if program.outputs:
        # after the events of a step, so that a jump counts before it decays
        extremes = [*map(_peak_code, program.peaks), *map(_least_code, program.least)]
        group.run_regularly("\n".join(extremes), when="start", order=97)
    watched = "int(t_in_timesteps >= last__step), t_in_timesteps / last__step, 1"
    group.run_regularly(f"lane__seen = lane__watch({watched})", when="end")
    network = Network(group, samples, ends, *group.contained_objects)
    return Parts(group, samples, ends, network, names)


def _equations(program: FixedProgram) -> str:
    model = program.model
    lines = [_equation(v, model.clamp) for v in model.variables.values()]
    lines += [f"{n} : {base_unit_text(model.dimensions[n])}" for n in model.parameters]
    lines += [f"clamp__{name} : 1" for name in model.clamp]
    lines += [f"{name} : 1 (shared)" for name in (*program.shared, "lane__seen")]
    for kind in happenings(model):
        lines += [f"{kind}__count : 1", f"{kind}__next : 1"]
    lines += ["pre__last : second", "post__last : second", f"{PLACE} = i + 1.0 : 1"]
    lines += ["lane__seed : 1"] if model.is_stochastic else []
    lines += [f"peak__{n} : {base_unit_text(model.dimensions[n])}" for n in program.peaks]
    lines += [f"least__{n} : {base_unit_text(model.dimensions[n])}" for n in program.least]
    return "\n".join(lines)


def _equation(variable: Variable, clamped: tuple[str, ...]) -> str:
    unit = base_unit_text(variable.dimensions)
    if variable.kind is Kind.HELD or variable.expression is None:
        return f"{variable.name} : {unit}"
    if variable.kind is Kind.SUBEXPRESSION:
        return f"{variable.name} = {variable.expression.text} : {unit}"
    free = f"(1 - clamp__{variable.name}) * " if variable.name in clamped else ""
    return f"d{variable.name}/dt = {free}({variable.expression.text}) : {unit}"


def _opening(program: FixedProgram, kinds: list[str]) -> str:
    """Return what fills the group before its first step."""
    model, shared = program.model, program.shared
    lines = [f"{name} = lane__input({place})" for place, name in enumerate(shared)]
    for row, name in enumerate(program.inputs):
        unit = "1" if name == "lane__seed" else base_unit_text(model.dimensions[name])
        lines.append(f"{name} = {looked_up(f'{len(shared)} + {row} * N', unit)}")
    lines += [f"{kind}__next = {looked_up(f'{kind}__base')}" for kind in kinds]
    lines += [f"{kind}__last = -{NEVER!r} * second" for kind in ("pre", "post")]
    for kind, found, names in (("peak", _MOST, program.peaks), ("least", _LEAST, program.least)):
        for name in names:
            unit = base_unit_text(model.dimensions[name])
            lines.append(f"{kind}__{name} = {found}" + (f" * {unit}" if unit != "1" else ""))
    return "\n".join(lines)


def _peak_code(name: str) -> str:
    above = f"int({name} > peak__{name})"
    return f"peak__{name} = {above} * {name} + (1 - {above}) * peak__{name}"


def _least_code(name: str) -> str:
    below = f"int({name} < least__{name})"
    return f"least__{name} = {below} * {name} + (1 - {below}) * least__{name}"
