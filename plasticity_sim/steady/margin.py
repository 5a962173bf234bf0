"""How far each parameter may go before a resting state of a model is no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plasticity_sim.engine.rest import STEADY, settle
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model.model import Model
from plasticity_sim.steady.system import System
from plasticity_sim.steady.tracing import Point, follow, refine, reverse

LEAST, MOST = 0.3, 3.0  # factors on a parameter that are looked at
_NOTHING = 1e-12  # per second, in sizes of a state: what rounding leaves of a rate
SADDLE_NODE, UNSTABLE, LOST = "saddle node", "loses stability", "cannot be followed"


@dataclass(frozen=True)
class End:
    """The factor on a parameter at which the resting state ends, and how it does."""

    factor: float
    how: str


@dataclass(frozen=True)
class Margin:
    """How far a parameter may fall and grow; None where the state lasts as far as is looked."""

    name: str
    value: float  # SI
    down: End | None
    up: End | None

    @property
    def factor(self) -> float:
        """The distance to the nearer end as a factor, at least 1; infinite without an end."""
        ends = [end.factor for end in (self.down, self.up) if end]
        return min((max(f, 1 / f) for f in ends), default=float("inf"))


def margins(
    model: Model, state: str | None = None, progress: Callable[[float], None] | None = None
) -> list[Margin]:
    """Return the margin of every parameter that is not zero, the smallest first.

    The state (by default the model's first) is settled and followed while one parameter is
    multiplied by 0.3 to 3, to the nearest saddle node or to where it is no longer stable. What
    only events or definitions of the readout read leaves the rest where it is, and has no end.
    Raises InputError for a state that the model lacks, SimulationError if it does not settle.
    """
    name = next(iter(model.states)) if state is None else state
    if name not in model.states:
        raise InputError(
            f"model '{model.name}' has no state '{name}'; {suggestion(name, model.states)}"
        )
    values = {key: parameter.value for key, parameter in model.parameters.items()}
    rest = settle(model, name, values)
    found = []
    moved = [key for key, value in values.items() if value]
    for number, key in enumerate(moved):
        found.append(_margin(model, name, key, rest))
        if progress:
            progress((number + 1) / len(moved))
    return sorted(found, key=lambda margin: margin.factor)


def _margin(model: Model, state: str, name: str, rest: dict[str, float]) -> Margin:
    value = model.parameters[name].value
    start, stop = sorted((LEAST * value, MOST * value))
    system = System(model, state, name, start, stop)
    begin = refine(system, system.point(value, rest))
    if begin is None:
        return Margin(name, value, End(1.0, LOST), End(1.0, LOST))
    if _stays(system, begin):
        return Margin(name, value, None, None)
    above = _end(system, begin, value)
    below = _end(system, reverse(begin), value)
    down, up = (below, above) if value > 0 else (above, below)
    return Margin(name, value, down, up)


def _stays(system: System, begin: Point) -> bool:
    """Tell whether the same state is a rest over the whole range."""
    for position in (0.0, 0.25, 0.75, 1.0):
        there = np.array([position, *begin.at[1:]])
        if not np.abs(system.residual(there)).max(initial=0) <= _NOTHING:
            return False
    return True


def _end(system: System, begin: Point, value: float) -> End | None:
    """Return where the state ends on the way that the tangent of `begin` shows."""
    last = begin
    for point in follow(system, begin):
        factor = system.value(point.position) / value
        if point.is_fold:
            return End(factor, SADDLE_NODE)
        if system.leading_eigenvalue(point.derivative) > STEADY:
            before = system.value(last.position) / value
            return End((before + factor) / 2, UNSTABLE)
        last = point
    if 0 < last.position < 1:
        return End(system.value(last.position) / value, LOST)
    return None
