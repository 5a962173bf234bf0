"""The rests of many lanes of one model at once, followed from the rest at its usual parameters.

A lane's rest is the one that the usual rest becomes while the parameters go from their usual values
to the lane's own. Newton's method follows it, in as many stages as it takes to converge from the
first step on, so that it does not jump to another rest. Where that rest ends on the way, or is no
longer stable, the lane is followed in time from its own first guess. One that does not come to rest
so is settled by itself, which takes longest. What other lanes there are makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.family import Family, blocks, family_of, solved
from plasticity_sim.engine.relaxation import relaxed
from plasticity_sim.engine.rest import SETTLING, STEADY, settle
from plasticity_sim.engine.righthand import Values, starts
from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

Flags = NDArray[np.bool_]

_LARGEST = 1.0  # of a state's size: what the first of Newton's steps may change
_CONTRACTION = 0.5  # how long each further step may be, in lengths of the one before
_CONVERGED = 1e-9  # of a state's size: after such a step, the next would be lost in rounding
_SHORTEST = 1 / 8  # stage, of the way from the usual parameters to a lane's own


def settle_all(
    model: Model,
    state: str,
    usual: Mapping[str, float],
    own: Mapping[str, Array],
    clamps: Mapping[str, float] | None = None,
) -> list[dict[str, float]]:
    """Return what `settle` finds, for lanes whose parameters are `usual` but for their `own`.

    The two agree to 1e-8 of a state's value or scale. Raises SimulationError, naming the
    variable, if a lane does not come to rest.
    """
    clamps = clamps or {}
    names, rows = list(own), np.transpose([own[name] for name in own]) if own else np.zeros((1, 0))
    if (rows == [usual[name] for name in names]).all():
        return [settle(model, state, usual, clamps)] * len(rows)
    try:
        with np.errstate(all="ignore"):
            found = _found(model, state, usual, own, clamps)
    except (SimulationError, ArithmeticError, ValueError):
        found = [None] * len(rows)  # no rest at the usual parameters: the lanes may still have one
    return [
        settle(model, state, {**usual, **dict(zip(names, row.tolist(), strict=True))}, clamps)
        if rest is None
        else rest
        for rest, row in zip(found, rows, strict=True)
    ]


def _found(
    model: Model,
    state: str,
    usual: Mapping[str, float],
    own: Mapping[str, Array],
    clamps: Mapping[str, float],
) -> list[dict[str, float] | None]:
    """Return the rest of every lane, None where it got lost."""
    known = settle(model, state, usual, clamps)
    names, states = (*model.differential, *model.held), len(model.differential)
    family = family_of(model, {**usual, **known}, (*own, *model.held), clamps)
    rest = np.array([[known[name]] for name in model.differential])

    def start(values: Values) -> tuple[Array, Array]:
        """Return the first guesses, and the inputs and totals that are the goal of a lane."""
        inputs = [np.atleast_1d(values[name]) for name in own]
        given = dict(zip(names, starts(model, state)(values), strict=True)) | dict(clamps)
        guesses = np.stack([np.broadcast_to(given[name], inputs[0].size) for name in names])
        y = guesses[:states].copy()
        return y, np.concatenate([inputs, guesses[states:], family.totals(y)])

    (_, origin), (begin, goal) = start(usual), start({**usual, **own})
    y, arrived = _follow(family, rest, origin, goal)
    # what does not move at all from its first guess stays there
    still = (_drift(family, begin, goal) == 0).all(axis=0)
    y[:, still], arrived[still] = begin[:, still], True
    lost = np.flatnonzero(~arrived)
    if lost.size:
        end = relaxed(family, begin[:, lost], goal[:, lost], SETTLING)
        y[:, lost], arrived[lost] = _follow(family, end, goal[:, lost], goal[:, lost])
    arrived &= (_drift(family, y, goal) < STEADY).all(axis=0)
    same = (goal == origin).all(axis=0)
    y[:, same], arrived[same] = rest, True
    values = np.concatenate([y, goal[len(own) : len(own) + len(model.held)]])
    return [
        dict(zip(names, row, strict=True)) if there else None
        for row, there in zip(values.T.tolist(), arrived, strict=True)
    ]


def _drift(family: Family, y: Array, goal: Array) -> Array:
    """Return how much of its size each state changes in a second."""
    found = np.empty(y.shape)
    for some in blocks(np.arange(y.shape[1])):
        size = np.maximum(np.abs(y[:, some]), family.scale[:, None])
        found[:, some] = np.abs(family.slope(y[:, some], goal[:, some])) / size
    return found


def _follow(family: Family, rest: Array, origin: Array, goal: Array) -> tuple[Array, Flags]:
    """Return where `rest` gets while what it depends on goes from `origin` to each lane's `goal`.

    `rest` and `origin` are of each lane, or one for all. Also returns which lanes arrived, at a
    rest where small deviations die away.
    """
    lanes = goal.shape[1]
    reached = np.broadcast_to(rest, (len(rest), lanes)).copy()
    origin, y = np.broadcast_to(origin, goal.shape), reached.copy()
    done, stage, bound = np.zeros(lanes), np.ones(lanes), np.full(lanes, _LARGEST)
    stable = np.zeros(lanes, bool)
    active = np.arange(lanes)
    while active.size:
        for some in blocks(active):
            share = done[some] + stage[some]  # of the way, at the end of this stage
            aim = origin[:, some] + share * (goal[:, some] - origin[:, some])
            aim = np.where(share == 1, goal[:, some], aim)
            here = family.completed(y[:, some], aim)
            slope, matrix = family.jacobian(here, aim)
            step = solved(matrix, -slope.T[:, :, None])[:, :, 0].T
            length = np.max(np.abs(step) / family.sizes(here), axis=0, initial=0)
            here = family.moved(here, step, aim)
            good = length <= bound[some]  # not so where it is not a number
            there = good & (length < _CONVERGED)
            y[:, some] = np.where(good, here, reached[:, some])
            reached[:, some] = np.where(there, here, reached[:, some])
            done[some] += np.where(there, stage[some], 0)
            left = 1 - done[some]
            longer = np.where(there, np.minimum(2 * stage[some], left), stage[some])
            stage[some] = np.where(good, longer, stage[some] / 2)
            bound[some] = np.where(good & ~there, length * _CONTRACTION, _LARGEST)
            ended = np.flatnonzero(there & (left == 0))
            stable[some[ended]] = _are_stable(matrix[ended])
        active = active[(done[active] < 1) & (stage[active] >= _SHORTEST)]
    return reached, (done == 1) & stable


def _are_stable(matrices: Array) -> Flags:
    """Tell where what deviates from a rest with this Jacobian dies away."""
    try:
        return np.asarray((np.linalg.eigvals(matrices).real < 0).all(axis=1))
    except np.linalg.LinAlgError:  # of one of them: that one is not known to be
        if len(matrices) == 1:
            return np.zeros(1, bool)
        return np.concatenate([_are_stable(matrices[n : n + 1]) for n in range(len(matrices))])
