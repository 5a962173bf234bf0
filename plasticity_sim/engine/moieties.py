"""Conserved totals of a model, found from its equations: what no reaction changes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.righthand import Slope, jacobian

_LOOKS = 3  # states at which a combination has to be conserved
_ZERO = 1e-7  # of the largest singular value: finite differences know no better
_ROUND = 1e-6  # how near to a simple fraction a coefficient must come


def moieties(
    slope: Slope,
    y: Array,
    values: dict[str, float],
    scale: Array,
    free: NDArray[np.bool_] | None = None,
) -> Array:
    """Return the conserved linear combinations, one a row, of the free states in units of `scale`.

    They are what the Jacobians at several states around `y` all leave untouched.
    """
    free = np.ones(y.size, bool) if free is None else free
    generator = np.random.default_rng(0)
    blocks = []
    for _ in range(_LOOKS):
        around = y + free * scale * generator.uniform(0.1, 1.0, y.size)
        derivative = jacobian(slope, around, values, scale) * scale / scale[:, None]
        blocks.append(derivative[np.ix_(free, free)])
    together = np.hstack(blocks)
    size = np.maximum(np.abs(together).max(axis=1), 1e-12)
    found = null_space((together / size[:, None]).T, rcond=_ZERO).T / size
    return _simplified(found, scale[free])


def _simplified(totals: Array, scale: Array) -> Array:
    """Return the same totals with coefficients such as 1 or 1/2 exact to the last bit.

    Finite differences know them to nine digits, but a total is to be kept to more.
    """
    rows = totals / scale  # coefficients of the states in SI units
    for index in range(len(rows)):
        pivot = int(np.argmax(np.abs(rows[index] * scale)))
        rows[index] /= rows[index, pivot]
        others = np.arange(len(rows)) != index
        rows[others] -= np.outer(rows[others, pivot], rows[index])
    rounded = np.vectorize(_near_fraction, otypes=[float])(rows) if rows.size else rows
    scaled: Array = rounded * scale
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(scaled / np.where(lengths > 0, lengths, 1))


def _near_fraction(number: float) -> float:
    near = float(Fraction(number).limit_denominator(12))
    return near if abs(number - near) < _ROUND else number
