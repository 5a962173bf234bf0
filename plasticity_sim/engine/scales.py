"""The size that is natural for each state: what an absolute error is measured against."""

from __future__ import annotations

from functools import cache

import numpy as np
from brian2.units.fundamentalunits import Dimension

from plasticity_sim.engine.batch import Array
from plasticity_sim.model.model import Model
from plasticity_sim.quantities import parse_quantity

# the unit's size where a model of a synapse has its values; a state without entry has scale 1 SI
_SIZES = ("10 mV", "0.1 uM", "10 pA", "1 nS", "1 ms", "1 um", "1 Hz", "1 pF")


def scales(model: Model) -> Array:
    """Return the scale of each state of `model.differential`, in SI units."""
    return np.array([natural_size(model.dimensions[name]) for name in model.differential])


def natural_size(dimensions: Dimension) -> float:
    """Return the size (SI) that is natural for a quantity of these dimensions."""
    return _sizes().get(dimensions, 1.0)


@cache
def _sizes() -> dict[Dimension, float]:
    return {quantity.dim: float(quantity) for quantity in map(parse_quantity, _SIZES)}
