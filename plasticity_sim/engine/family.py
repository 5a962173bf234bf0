"""Lanes of one model that differ in some values: slopes and derivatives of all of them at once.

What comes out for a lane depends on that lane alone, to the last bit: all arithmetic is element by
element or one matrix at a time, and always on as many lanes at once, since numpy's functions may
round otherwise on an array of another length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.moieties import moieties
from plasticity_sim.engine.righthand import Slopes, right_hand_side, right_hand_sides
from plasticity_sim.engine.scales import scales
from plasticity_sim.model.model import Model

Indices = NDArray[np.intp]

_WIDTH = 256  # lanes worked on at once


@dataclass(frozen=True)
class Family:
    """What to know of a model to follow its rest; an array has a row for each state or value."""

    slopes: Slopes
    usual: Mapping[str, float]  # parameters and held variables
    inputs: tuple[str, ...]  # which of these differ between lanes
    scale: Array
    kept: Indices  # the states that are solved for
    bound: Indices  # those that follow from conserved totals; clamped ones are neither
    shares: Array  # of each kept state in each total, in scales

    def slope(self, y: Array, goal: Array) -> Array:
        """Return dy/dt, in the shape of `y`; `goal` begins with the lanes' inputs."""
        own = dict(zip(self.inputs, goal, strict=False))
        found = self.slopes(0.0, y, {**self.usual, **own})
        return np.stack([np.broadcast_to(row, y.shape[1:]) for row in found])

    def totals(self, y: Array) -> Array:
        """Return the conserved totals in the states `y`."""
        return np.asarray(y[self.bound] / self.scale[self.bound, None] + self._unbound(y))

    def completed(self, y: Array, goal: Array) -> Array:
        """Return `y` with the states that follow from the totals, with which `goal` ends."""
        y = y.copy()
        totals = goal[len(self.inputs) :]
        y[self.bound] = (totals - self._unbound(y)) * self.scale[self.bound, None]
        return y

    def moved(self, y: Array, change: Array, goal: Array) -> Array:
        """Return `y` after a `change`, in scales, of the states that are solved for."""
        y = y.copy()
        y[self.kept] += change * self.scale[self.kept, None]
        return self.completed(y, goal)

    def sizes(self, y: Array) -> Array:
        """Return what a change of the states that are solved for is large against, in scales."""
        return np.maximum(np.abs(y[self.kept]) / self.scale[self.kept, None], 1)

    def _unbound(self, y: Array) -> Array:
        found = np.zeros((len(self.bound), y.shape[1]))
        for total, place in np.argwhere(self.shares):
            state = self.kept[place]
            found[total] += self.shares[total, place] * (y[state] / self.scale[state])
        return found

    def jacobian(self, y: Array, goal: Array) -> tuple[Array, Array]:
        """Return dy/dt and its derivatives (lanes first), of kept states and in their scales."""
        free = np.concatenate([self.kept, self.bound])
        points = np.repeat(y[:, None], 2 * free.size + 1, axis=1)
        for place, state in enumerate(free):
            step = 1e-6 * np.maximum(np.abs(y[state]), self.scale[state])
            points[state, 1 + 2 * place] += step
            points[state, 2 + 2 * place] -= step
        slope = self.slope(points, goal)[self.kept] / self.scale[self.kept, None, None]
        above, below = slope[:, 1::2], slope[:, 2::2]
        wide = np.stack([points[s, 1 + 2 * n] - points[s, 2 + 2 * n] for n, s in enumerate(free)])
        all_of_them = (above - below) / wide * self.scale[free, None]
        found = all_of_them[:, : self.kept.size]
        for total, place in np.argwhere(self.shares):
            found[:, place] -= all_of_them[:, self.kept.size + total] * self.shares[total, place]
        return slope[:, 0], np.ascontiguousarray(np.moveaxis(found, 2, 0))


def family_of(
    model: Model, values: dict[str, float], inputs: tuple[str, ...], clamps: Mapping[str, float]
) -> Family:
    """Return the family of the rest in `values`, which are parameters and variables by name."""
    held, scale = frozenset(clamps), scales(model)
    y = np.array([values[name] for name in model.differential])
    free = np.array([name not in held for name in model.differential])
    slope = right_hand_side(model, held, without_noise=True)
    totals = moieties(slope, y, values, scale, free)
    # the state that makes up most of a total is the one to follow from it
    weights = 1 + np.abs(y / scale)[free]
    order = (
        qr(totals * weights, mode="r", pivoting=True)[1] if len(totals) else np.arange(free.sum())
    )
    bound, kept = order[: len(totals)], np.sort(order[len(totals) :])
    shares = np.array(np.linalg.solve(totals[:, bound], totals[:, kept]), float)
    shares[np.abs(shares) < 1e-12] = 0
    places = np.flatnonzero(free)
    return Family(
        right_hand_sides(model, held), values, inputs, scale, places[kept], places[bound], shares
    )


def solved(matrix: Array, sought: Array) -> Array:
    """Return x of matrix x = sought, NaN in lanes that have none; `matrix` has the lanes first."""
    finite = np.asarray(np.isfinite(sought).all(axis=0) & np.isfinite(matrix).all(axis=(1, 2)))
    matrix = np.where(finite[:, None, None], matrix, np.eye(len(sought)))
    rows = 1 / np.maximum(np.abs(matrix).max(axis=2, initial=0), 1e-12)
    left, right = matrix * rows[:, :, None], (sought.T * rows)[:, :, None]
    try:
        found = np.linalg.solve(left, right)
    except np.linalg.LinAlgError:  # at least one is singular: only those have no solution
        found = np.stack([_one_solved(*pair) for pair in zip(left, right, strict=True)])
    return np.where(finite, found[:, :, 0].T, np.nan)


def _one_solved(matrix: Array, sought: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(matrix, sought))
    except np.linalg.LinAlgError:
        return np.full(sought.shape, np.nan)


def blocks(lanes: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Yield the lanes in parts, and each part filled up with lanes of its own to the full width.

    >>> [(some.size, block.size) for some, block in blocks(np.arange(300))]
    [(256, 256), (44, 256)]
    """
    for first in range(0, lanes.size, _WIDTH):
        some = lanes[first : first + _WIDTH]
        yield some, np.resize(some, _WIDTH)
