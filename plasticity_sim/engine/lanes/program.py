"""One model as a Brian2 network whose rows are lanes; nothing in it belongs to one protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from brian2 import EventMonitor, Network, NeuronGroup, second
from brian2.core.functions import Function
from brian2.equations.equations import Equations

from plasticity_sim.engine.batch import NEVER as LONG_AGO
from plasticity_sim.engine.lanes.timetable import Kinds
from plasticity_sim.engine.noise import DRAWS, is_noisy, numbered
from plasticity_sim.engine.noise import FUNCTIONS as NOISE
from plasticity_sim.engine.righthand import needed
from plasticity_sim.engine.scales import scales
from plasticity_sim.expressions import Statement
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind
from plasticity_sim.solver.adaptive import NEVER, Adaptive
from plasticity_sim.solver.maths import FUNCTIONS as MATHS
from plasticity_sim.solver.statements import text
from plasticity_sim.solver.system import System, system
from plasticity_sim.solver.tableaus import TABLEAUS

GROUP, MONITOR = "lanes", "samples"
SIZE = 0.1  # of a variable's scale: what its absolute error is measured against
FIRST_STEP = 1e-5  # s: what a lane tries first
WATCH_EVERY = 16  # passes between looks at whether all lanes are done
_PASS = 1.0  # s of the network's clock, which only counts
_MOST_PASSES = 1e12
_CLOCK = {
    "t": "lane__t", "since_pre": "(lane__t - pre__last)", "since_post": "(lane__t - post__last)",
}  # fmt: skip

_VARIABLES = """
lane__row : 1        # the next row of the events, and of the samples
sample__row : 1
lane__count : 1      # events so far
lane__kind : 1       # of the last event
lane__changed : 1    # whether a parameter has a new value
lane__begin : 1      # s
lane__end : 1        # s
lane__seen : 1
pre__last : 1        # s
post__last : 1       # s
"""


@dataclass(frozen=True)
class Program:
    """What is compiled: a model, what is sampled of it, and the method."""

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
        return system(Equations(model.equations), set(model.parameters), watched, threshold)

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
        own += ["lane__seed"] * is_noisy(model)
        return (*model.differential, *model.held, *model.parameters, *own)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The variables of the group that a run is asked for."""
        own = ("lane__t", "lane__over", "lane__failed", "lane__steps", "lane__rejected")
        extremes = [f"peak__{n}" for n in self.peaks] + [f"least__{n}" for n in self.least]
        return (*own, *extremes)


@dataclass(frozen=True)
class Parts:
    """A program in Brian2's terms."""

    group: NeuronGroup
    monitor: EventMonitor
    network: Network
    namespace: Mapping[str, Function]


def parts(program: Program, width: int, lookup: Mapping[str, Function]) -> Parts:
    """Return the network of `program` for `width` lanes; `lookup` are the functions it reads by."""
    model = program.model
    sizes = dict(zip(model.differential, map(float, SIZE * scales(model)), strict=True))
    free = {x: f"(1.0 - clamp__{x})" for x in model.clamp}
    spikes = model.threshold is not None
    updater = Adaptive(
        program.system, TABLEAUS[program.method], sizes, free, _sampled_states(program),
        program.peaks, program.least, spikes,
    )  # fmt: skip
    names = {**MATHS, **NOISE, **lookup}
    events = {
        "due": "lane__over < 0.5 and (lane__t >= lane__until or lane__failed > 0.5)",
        "sampled": "sample__ready > 0.5",
        "changed": "lane__changed > 0.5",
        **({"fired": "spike__ready > 0.5"} if spikes else {}),
    }
    group = NeuronGroup(
        width, _equations(program, updater), method=updater, events=events, dt=_PASS * second,
        namespace=names, name=GROUP,
    )  # fmt: skip
    group.run_regularly(_opening(program), dt=longest() * second, when="before_start")
    if spikes:
        group.run_on_event("fired", _fired(model), when="resets", order=0)
    group.run_on_event("due", _due(model), when="resets", order=1)
    group.set_event_schedule("changed", when="resets", order=2)
    group.run_on_event("changed", _changed(program.system), when="end")
    monitor = EventMonitor(
        group, "sampled", list(program.recorded.values()), name=MONITOR, when="synapses"
    )
    group.run_on_event("sampled", _SAMPLED, when="resets", order=0)
    group.run_regularly(_WATCH, dt=WATCH_EVERY * _PASS * second, when="end", order=1)
    return Parts(group, monitor, Network(group, monitor, *group.contained_objects), names)


def _sampled_states(program: Program) -> list[str]:
    """Return the states that the samples need, by themselves or in a definition."""
    model = program.model
    defined = [n for n in program.observe if n in model.subexpressions]
    reads = {leaf for name in needed(model, defined) for leaf in _names(model, name)}
    return [x for x in model.differential if x in reads or x in program.observe]


def _names(model: Model, name: str) -> frozenset[str]:
    expression = model.variables[name].expression
    return expression.names if expression else frozenset()


def longest() -> float:
    """Return how long the network may run, in seconds of its clock."""
    return _MOST_PASSES * _PASS


def _equations(program: Program, updater: Adaptive) -> str:
    """Return the group's equations, in SI units throughout and thus without any."""
    model = program.model
    lines = [_VARIABLES, updater.variables]
    for name, variable in model.variables.items():
        code = variable.expression.substituted(_CLOCK).text if variable.expression else ""
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
    lines += ["lane__seed : 1"] * is_noisy(model)
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


_SAMPLED = """
sample__row = sample__row + 1
sample__t = sample__after
sample__after = sample__time(sample__row + 1)
"""
_WATCH = f"""
lane__seen = lane__watch(lane__over * int(sample__t > {NEVER / 2!r}),
    lane__over + (1 - lane__over) * (lane__t - lane__begin) / (lane__end - lane__begin), N)
""".replace("\n    ", " ")


def _opening(program: Program) -> str:
    """Return what fills the group before its first pass; no second one follows."""
    rows = enumerate(program.inputs)
    return "\n".join(f"{name} = lane__input({row} * N + i)" for row, name in rows)


def _changed(own: System) -> str:
    lines = [f"{name} = {text(tree, {})}" for name, tree in own.invariants.items()]
    return "\n".join([*lines, "lane__changed = 0"])


def _fired(model: Model) -> str:
    code = [
        f"{s.target} = {_value(s)}"
        for block in model.blocks if block.trigger == "spike" for s in block.statements
    ]  # fmt: skip
    lines = numbered("\n".join(code), "lane__count", first=DRAWS)
    return f"{lines}\nlane__count = lane__count + 1\n{_RESTART}\nspike__ready = 0"


_RESTART = "lane__h = lane__first\nlane__fresh = 1"


def _due(model: Model) -> str:
    """Return what happens to a lane at an event: all kinds in turn, all but one without effect."""
    kinds = Kinds.of(model)
    lines = ["_kind = event__kind(lane__row)", "_value = event__value(lane__row)"]

    def choose(kind: str, target: str, code: str) -> None:
        here = f"int(abs(_kind - {kinds.number(kind)!r}) < 0.5)"
        lines.append(f"{target} = lane__select({here}, {code}, {target})")

    for name in model.parameters:
        choose(f"set {name}", name, "_value")
    for name in model.clamp:
        choose(f"hold {name}", name, "_value")
        choose(f"hold {name}", f"clamp__{name}", "1.0")
        choose(f"free {name}", f"clamp__{name}", "0.0")
    for number, block in enumerate(model.blocks):
        if block.trigger == "spike":
            continue
        kind = block.trigger if block.after is None else f"block {number}"
        code = "\n".join(f"{s.target} = {_value(s)}" for s in block.statements)
        for line in numbered(code, "lane__count", first=(number + 2) * DRAWS).splitlines():
            target, _, value = line.partition(" = ")
            choose(kind, target, value)
    for kind in ("pre", "post"):
        choose(kind, f"{kind}__last", "lane__t")
    last_setting = kinds.number("pre") - 0.5
    choose("end", "lane__over", "1.0")
    return "\n".join([
        *lines,
        f"lane__changed = int(_kind < {last_setting!r})",
        "lane__over = lane__select(lane__failed, 1.0, lane__over)",
        "lane__count = lane__count + 1",
        "lane__row = lane__row + 1",
        "lane__until = event__time(lane__row)",
        *_first_step(kinds),
        _RESTART,
    ])  # fmt: skip


def _first_step(kinds: Kinds) -> list[str]:
    """Return code that starts from the step that worked after the last event of the same kind."""

    def same(kind: str, number: int) -> str:
        return f"int(abs({kind} - {number}) < 0.5)"

    return [
        *(f"first__{n} = lane__select({same('lane__kind', n)}, lane__first, first__{n})"
          for n in kinds.spikes),
        *(f"lane__first = lane__select({same('_kind', n)}, first__{n}, lane__first)"
          for n in kinds.spikes),
        "lane__kind = _kind",
    ]  # fmt: skip


def _value(statement: Statement) -> str:
    """Return the new value of a statement's target, written out."""
    expression = statement.expression.substituted(_CLOCK).text
    if statement.operator == "=":
        return expression
    return f"{statement.target} {statement.operator[0]} ({expression})"


def starting(program: Program) -> dict[str, float]:
    """Return the inputs that are the same for every lane and run."""
    peaks = {f"peak__{name}": -NEVER for name in program.peaks}
    least = {f"least__{name}": NEVER for name in program.least}
    first = {f"first__{number}": FIRST_STEP for number in Kinds.of(program.model).spikes}
    return {
        "lane__h": FIRST_STEP, "lane__first": FIRST_STEP,
        "pre__last": -LONG_AGO, "post__last": -LONG_AGO, **peaks, **least, **first,
    }  # fmt: skip
