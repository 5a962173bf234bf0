"""Many lanes of one model followed in time until they rest, as exactly as it takes to get there."""

from __future__ import annotations

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.family import Family, blocks, solved
from plasticity_sim.solver.tableaus import RODAS4

_FIRST = 1e-6  # s: the first step
_TOLERANCE = 1e-3  # of a state's size: the error of a step; where the lane rests, none is left
_LEAST = 1e-12  # s: a lane that needs shorter steps is given up


def relaxed(family: Family, begin: Array, goal: Array, duration: float) -> Array:
    """Return the states a `duration` after `begin`, in every lane with steps of its own.

    They are NaN in a lane that cannot be followed.
    """
    lanes = goal.shape[1]
    y, time, step = begin.copy(), np.zeros(lanes), np.full(lanes, _FIRST)
    active = np.arange(lanes)
    while active.size:
        for some, block in blocks(active):
            here, aim, h = y.take(block, 1), goal.take(block, 1), step[block]
            after, error = _step(family, here, aim, h)
            error = np.where(np.isfinite(after).all(axis=0), error, np.inf)
            good = (error <= 1)[: some.size]
            y[:, some] = np.where(good, after[:, : some.size], y[:, some])
            time[some] += np.where(good, step[some], 0)
            factor = 0.9 * np.maximum(error, 1e-8) ** (-1 / RODAS4.order)
            step[some] *= np.clip(factor, 0.2, 8)[: some.size]
        active = active[(time[active] < duration) & (step[active] > _LEAST)]
    y[:, time < duration] = np.nan
    return y


def _step(family: Family, y: Array, goal: Array, h: Array) -> tuple[Array, Array]:
    """Return the states after a step of `h`, and its error in tolerances."""
    slope, jacobian = family.jacobian(y, goal)
    matrix = np.eye(len(slope)) / (h * RODAS4.gamma)[:, None, None] - jacobian
    stages: list[Array] = []
    for a, c in zip(RODAS4.a, RODAS4.c, strict=True):
        if stages:
            slope = family.slope(family.moved(y, _sum(a, stages), goal), goal)[family.kept]
            slope = slope / family.scale[family.kept, None] + _sum(c, stages) / h
        stages.append(solved(matrix, slope))
    error = np.abs(_sum(RODAS4.e, stages)) / (_TOLERANCE * family.sizes(y))
    return family.moved(y, _sum(RODAS4.b, stages), goal), error.max(axis=0, initial=0)


def _sum(weights: tuple[float, ...], stages: list[Array]) -> Array:
    # one after the other: the order of numpy's own sums depends on the shape
    return np.asarray(sum(w * k for w, k in zip(weights, stages, strict=True) if w))
