"""Lanes of one model that differ in some values: slopes and derivatives of all of them at once.

What comes out for a lane depends on that lane alone, to the last bit: all arithmetic is element by
element or one matrix at a time, and equations are always evaluated on as many lanes, since numpy's
functions may round otherwise on an array of another length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from plasticity_sim.engine.batch import Array, Indices
from plasticity_sim.engine.duals import Dual, dual
from plasticity_sim.engine.moieties import moieties
from plasticity_sim.engine.righthand import Slopes, Values, right_hand_side, right_hand_sides
from plasticity_sim.engine.scales import scales
from plasticity_sim.model.model import Model

Flags = NDArray[np.bool_]

_WIDTH = 512  # lanes worked on at once
_APART = 0.3  # of a state's scale: so far from its beginning a lane's totals are looked at
_KEPT = 1e-9  # of what flows: what rounding may take from a total that is conserved


@dataclass(frozen=True)
class Family:
    """What to know of a model to follow its rest; an array has a row for each state or value.

    What a lane's rest depends on, its `goal`, is its inputs and then its conserved totals.
    """

    slopes: Slopes
    inputs: tuple[str, ...]  # parameters and held variables
    scale: Array
    kept: Indices  # the states that are solved for
    bound: Indices  # those that follow from conserved totals; clamped ones are neither
    shares: Array  # of each kept state in each total, in scales

    def slope(self, y: Array, goal: Array) -> Array:
        """Return dy/dt, in the shape of `y`."""
        wide, values = self._widened(y, goal)
        found = self.slopes(0.0, list(wide), values)
        return np.stack([np.broadcast_to(dual(x).value, _WIDTH)[: y.shape[1]] for x in found])

    def goal(self, inputs: Array, y: Array) -> Array:
        """Return what the rest of lanes that begin in the states `y` depends on."""
        return np.concatenate([inputs, self._totals(y, self.shares)])

    def conserves(self, inputs: Array, y: Array) -> Flags:
        """Tell in which lanes that begin in the states `y` the totals are conserved indeed."""
        slope = self.slope(y + _APART * self.scale[:, None], inputs)
        flows = self._totals(np.abs(slope), np.abs(self.shares))
        return np.asarray((np.abs(self._totals(slope, self.shares)) <= _KEPT * flows).all(axis=0))

    def completed(self, y: Array, goal: Array) -> Array:
        """Return `y` with the states that follow from the totals."""
        y = y.copy()
        totals = goal[len(self.inputs) :]
        y[self.bound] = (totals - self._unbound(y, self.shares)) * self.scale[self.bound, None]
        return y

    def moved(self, y: Array, change: Array, goal: Array) -> Array:
        """Return `y` after a `change`, in scales, of the states that are solved for."""
        y = y.copy()
        y[self.kept] += change * self.scale[self.kept, None]
        return self.completed(y, goal)

    def sizes(self, y: Array) -> Array:
        """Return what a change of the states that are solved for is large against, in scales."""
        return np.maximum(np.abs(y[self.kept]) / self.scale[self.kept, None], 1)

    def _totals(self, y: Array, shares: Array) -> Array:
        return np.asarray(y[self.bound] / self.scale[self.bound, None] + self._unbound(y, shares))

    def _unbound(self, y: Array, shares: Array) -> Array:
        found = np.zeros((len(self.bound), y.shape[1]))
        for total, place in np.argwhere(shares):
            state = self.kept[place]
            found[total] += shares[total, place] * (y[state] / self.scale[state])
        return found

    def jacobian(self, y: Array, goal: Array) -> tuple[Array, Array]:
        """Return dy/dt and its derivatives (lanes first), of kept states in their scales."""
        wide, values = self._widened(y, goal)
        given: list[Array | Dual] = list(wide)
        for state in (*self.kept, *self.bound):
            given[state] = Dual(wide[state], {int(state): float(self.scale[state])})
        found = [dual(slope) for slope in self.slopes(0.0, given, values)]
        slopes = np.zeros((self.kept.size, _WIDTH))
        derivatives = np.zeros((_WIDTH, self.kept.size, self.kept.size))
        for row, state in enumerate(self.kept):
            slopes[row] = found[state].value / self.scale[state]
            for other, slope in found[state].slopes.items():
                for place, weight in self._effects[other]:
                    derivatives[:, row, place] += slope * (weight / self.scale[state])
        lanes = y.shape[1]
        return slopes[:, :lanes], derivatives[:lanes]

    @cached_property
    def _effects(self) -> dict[int, list[tuple[int, float]]]:
        """Which of the states that are solved for move each free state, and how far, in scales."""
        effects = {int(state): [(place, 1.0)] for place, state in enumerate(self.kept)}
        for state, row in zip(self.bound, self.shares, strict=True):
            effects[int(state)] = [(int(n), -float(row[n])) for n in np.flatnonzero(row)]
        return effects

    def _widened(self, y: Array, goal: Array) -> tuple[Array, Values]:
        """Return the states and values of lanes, repeated up to the full width."""
        lanes = full_width(np.arange(y.shape[1]))
        return y.take(lanes, 1), dict(zip(self.inputs, goal.take(lanes, 1), strict=False))


def free_family(model: Model, clamps: Mapping[str, float]) -> Family:
    """Return the family of all lanes whatever they conserve: no state follows from a total."""
    moving = np.flatnonzero([name not in clamps for name in model.differential])
    none = np.zeros(0, np.intp)
    return Family(
        right_hand_sides(model, frozenset(clamps)), (*model.parameters, *model.held),
        scales(model), moving, none, np.zeros((0, moving.size)),
    )  # fmt: skip


def family_of(model: Model, values: dict[str, float], clamps: Mapping[str, float]) -> Family:
    """Return the family of lanes that conserve what one with these `values` does.

    They are parameters and variables by name.
    """
    whole = free_family(model, clamps)
    y = np.array([values[name] for name in model.differential])
    free = np.array([name not in clamps for name in model.differential])
    slope = right_hand_side(model, frozenset(clamps), without_noise=True)
    totals = moieties(slope, y, values, whole.scale, free) if free.any() else np.zeros((0, 0))
    # the state that makes up most of a total is the one to follow from it
    weights = 1 + np.abs(y / whole.scale)[free]
    order = (
        qr(totals * weights, mode="r", pivoting=True)[1] if len(totals) else np.arange(free.sum())
    )
    bound, kept = order[: len(totals)], np.sort(order[len(totals) :])
    shares = np.array(np.linalg.solve(totals[:, bound], totals[:, kept]), float)
    shares[np.abs(shares) < 1e-12] = 0
    places = whole.kept
    return replace(whole, kept=places[kept], bound=places[bound], shares=shares)


def solved(matrix: Array, sought: Array) -> Array:
    """Return x of matrix x = sought, NaN in lanes that have none; all have the lanes first."""
    rows = np.abs(matrix).max(axis=2, initial=0)
    finite = np.asarray(np.isfinite(rows).all(axis=1))[:, None, None]
    rows = 1 / np.maximum(rows, 1e-12)[:, :, None]
    left, right = matrix * rows, sought * rows
    if not finite.all():
        left = np.where(finite, left, np.eye(matrix.shape[1]))
    try:
        found = np.linalg.solve(left, right)
    except np.linalg.LinAlgError:  # at least one is singular: only those have no solution
        found = np.stack([_one_solved(*pair) for pair in zip(left, right, strict=True)])
    return np.where(finite, found, np.nan)


def _one_solved(matrix: Array, sought: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(matrix, sought))
    except np.linalg.LinAlgError:
        return np.full(sought.shape, np.nan)


def blocks(lanes: Indices) -> Iterator[Indices]:
    """Yield the lanes in parts that are worked on at once.

    >>> [part.size for part in blocks(np.arange(1100))]
    [512, 512, 76]
    """
    for first in range(0, lanes.size, _WIDTH):
        yield lanes[first : first + _WIDTH]


def full_width(lanes: Indices) -> Indices:
    """Return at most as many lanes as are worked on at once, repeated up to that number.

    >>> full_width(np.array([3, 4])).size
    512
    """
    return np.resize(lanes, _WIDTH)
