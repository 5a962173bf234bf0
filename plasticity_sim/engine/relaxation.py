"""Many lanes of one model followed in time until they rest, as exactly as it takes to get there."""

from __future__ import annotations

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.family import Family, blocks, solved

_GAMMA = 1 + 0.5**0.5  # of the second-order Rosenbrock method of Verwer et al. (1999): L-stable
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
            factor = np.clip(0.8 / np.sqrt(np.maximum(error, 1e-6)), 0.1, 8)[: some.size]
            step[some] *= factor
        active = active[(time[active] < duration) & (step[active] > _LEAST)]
    y[:, time < duration] = np.nan
    return y


def _step(family: Family, y: Array, goal: Array, h: Array) -> tuple[Array, Array]:
    """Return the states after a step of `h`, and its error in tolerances."""
    slope, jacobian = family.jacobian(y, goal)
    matrix = np.eye(len(slope)) - _GAMMA * h[:, None, None] * jacobian
    one = solved(matrix, slope)
    between = family.slope(family.moved(y, h * one, goal), goal)[family.kept]
    two = solved(matrix, between / family.scale[family.kept, None] - 2 * one)
    error = np.abs(h / 2 * (one + two)) / (_TOLERANCE * family.sizes(y))
    return family.moved(y, h * (1.5 * one + 0.5 * two), goal), error.max(axis=0, initial=0)
