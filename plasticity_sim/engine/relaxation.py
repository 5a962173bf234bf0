"""Many lanes of one model followed in time until they rest, as exactly as it takes to get there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.family import Family, blocks, solved
from plasticity_sim.solver.tableaus import RODAS4

_FIRST = 1e-5  # s: the first step
_TOLERANCE = 1e-3  # of a state's size: the error of a step; where the lane rests, none is left
_LEAST = 1e-12  # s: a lane that needs shorter steps is given up
_MOST = 2000  # steps, after which a lane that still moves is given up; a hundred are usual


def relaxed(family: Family, begin: Array, goal: Array, duration: float) -> Array:
    """Return the states a `duration` after `begin`, in every lane with steps of its own.

    They are NaN in a lane that cannot be followed.
    """
    lanes = goal.shape[1]
    y, time, step = begin.copy(), np.zeros(lanes), np.full(lanes, _FIRST)
    active = np.arange(lanes)
    for _ in range(_MOST):
        for some in blocks(active):
            after, error = _step(family, y[:, some], goal[:, some], step[some])
            error = np.where(np.isfinite(after).all(axis=0), error, np.inf)
            good = error <= 1
            y[:, some] = np.where(good, after, y[:, some])
            time[some] += np.where(good, step[some], 0)
            step[some] *= np.clip(0.9 / np.sqrt(np.sqrt(error)), 0.2, 8)  # of the fourth order
        active = active[(time[active] < duration) & (step[active] > _LEAST)]
        if not active.size:
            break
    y[:, time < duration] = np.nan
    return y


def _step(family: Family, y: Array, goal: Array, h: Array) -> tuple[Array, Array]:
    """Return the states after a step of `h`, and its error in tolerances."""
    slope, jacobian = family.jacobian(y, goal)
    own = np.broadcast_to(np.eye(len(slope)), jacobian.shape)
    inverse = solved(own / (h * RODAS4.gamma)[:, None, None] - jacobian, own)
    columns = np.ascontiguousarray(inverse.transpose(2, 1, 0))
    stages: list[Array] = []
    for a, c in zip(RODAS4.a, RODAS4.c, strict=True):
        if stages:
            slope = family.slope(family.moved(y, _sum(a, stages), goal), goal)[family.kept]
            slope = slope / family.scale[family.kept, None] + _sum(c, stages) / h
        stages.append(_sum(slope, columns))
    error = np.abs(_sum(RODAS4.e, stages)) / (_TOLERANCE * family.sizes(y))
    return family.moved(y, _sum(RODAS4.b, stages), goal), error.max(axis=0, initial=0)


def _sum(weights: Iterable[float | Array], terms: Iterable[Array]) -> Array:
    # one after the other: the order of numpy's own sums depends on the shape
    return np.asarray(sum(w * x for w, x in zip(weights, terms, strict=True)))
