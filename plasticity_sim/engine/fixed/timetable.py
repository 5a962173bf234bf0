"""What happens to which lane at which step, as one flat table that a compiled model can read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from plasticity_sim.engine.batch import Array, Lane
from plasticity_sim.engine.fixed.happenings import SAMPLE, SETTING, delayed, happenings, set_names
from plasticity_sim.engine.fixed.program import FixedProgram
from plasticity_sim.engine.lookup import Tables
from plasticity_sim.model.model import Model

_FAR = 1e15  # a step number that is never reached


def steps_of(lanes: Sequence[Lane], dt: float) -> int:
    """Return the number of steps to the end of the longest lane, each from its own start."""
    return round(max(lane.stop - lane.start for lane in lanes) / dt)


def tables(program: FixedProgram, lanes: Sequence[Lane]) -> Tables:
    """Return what `program` reads: what lanes share, where they begin, what happens, and when.

    An event between two steps moves to the nearest one; samples of one step are taken once.
    """
    own = np.array([[_first(lane, name) for lane in lanes] for name in program.inputs])
    happening = [_steps(program, lanes, kind) for kind in happenings(program.model)]
    parts = [own, *happening, _set_values(program.model, lanes)]
    bases = list(accumulate((part.size for part in parts), initial=len(program.shared)))[1:-1]
    shared = [steps_of(lanes, program.dt), bases[-1], *bases[:-1]]
    flat = np.concatenate([np.array(shared, float), *(part.ravel() for part in parts)])
    return Tables(flat, np.empty((0, 3)), np.empty(0))


def _first(lane: Lane, name: str) -> float:
    if name == "lane__seed":
        return float(lane.seed)
    return lane.parameters[name] if name in lane.parameters else lane.initial[name]


def _steps(program: FixedProgram, lanes: Sequence[Lane], kind: str) -> Array:
    """Return step numbers, events x lanes, with a last row that is never reached."""
    if kind == SAMPLE:
        steps = [np.unique(steps_of_samples(lane, program.dt)) for lane in lanes]
    else:
        steps = [_nearest(_times(program.model, lane, kind), lane, program.dt) for lane in lanes]
    table = np.full((max(own.size for own in steps) + 1, len(lanes)), _FAR)
    for column, own in enumerate(steps):
        table[: own.size, column] = np.sort(own)
    return table


def steps_of_samples(lane: Lane, dt: float) -> Array:
    """Return the step at which each sample of a lane is taken; several may share one."""
    return _nearest(lane.samples, lane, dt)


def _nearest(times: Array, lane: Lane, dt: float) -> Array:
    return np.asarray(np.rint((times - lane.start) / dt))


def _times(model: Model, lane: Lane, kind: str) -> Array:
    """Return the times (s) of the events of one kind."""
    if kind == SETTING:
        return np.array([setting.time for setting in lane.settings])
    for number, block in enumerate(model.blocks):
        if kind == delayed(number) and block.after is not None:
            delay = block.after.evaluate(lane.parameters)
            return np.asarray(getattr(lane, block.trigger) + delay)
    return np.asarray(lane.pre if kind == "pre" else lane.post)


def _set_values(model: Model, lanes: Sequence[Lane]) -> Array:
    """Return all that settings decide, settings x names x lanes."""
    names = set_names(model)
    table = np.zeros((max(len(lane.settings) for lane in lanes), len(names), len(lanes)))
    for column, lane in enumerate(lanes):
        parameters, held = dict(lane.parameters), dict[str, float | None]()
        for row, setting in enumerate(lane.settings):
            parameters |= setting.parameters
            held |= setting.clamps
            clamps = [_clamped(held.get(name)) for name in model.clamp]
            own = [parameters[name] for name in model.parameters]
            table[row, :, column] = [*own, *(value for pair in clamps for value in pair)]
    return table


def _clamped(value: float | None) -> tuple[float, float]:
    """Return whether a state is held, and where."""
    return (0.0, 0.0) if value is None else (1.0, value)
