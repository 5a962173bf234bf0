"""The noisy efficacy of Graupner & Brunel (2012) without the approximations of its closed form.

`density` solves the Fokker-Planck equation, with the cubic term, between the moments at which
calcium crosses a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from plasticity_sim.closed_forms import Stretch, Values

Array = NDArray[np.float64]

CELLS = 201  # of the density in a unit of efficacy; odd, so that 1/2 lies between two cells
LOW, HIGH = -1, 2  # where the density ends: the cubic term and the noise never come here


def drift(rho: Array | float, values: Values, depress: bool, potentiate: bool) -> Array | float:
    """Return how fast the efficacy moves (1/s), the cubic term included."""
    own = -rho * (1 - rho) * (values["rho_star"] - rho)
    up, down = values["gamma_p"] * (1 - rho) * potentiate, values["gamma_d"] * rho * depress
    return (own + up - down) / values["tau_rho"]


@dataclass(frozen=True)
class Density:
    """The probability of each efficacy, in cells."""

    rho: Array  # (cells,)
    share: Array  # (cells,)

    @property
    def mean(self) -> float:
        return float(self.share @ self.rho)

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self.share @ (self.rho - self.mean) ** 2))

    def above(self, border: float) -> float:
        return float(self.share[self.rho > border].sum())


def operator(values: Values, one: list[Stretch]) -> Array:
    """Return what one period of the stretches `one` does to the shares of the cells.

    The flux between cells is drift minus diffusion, both by central differences.
    """
    rho = _cells()
    faces = (rho[1:] + rho[:-1]) / 2
    whole = np.eye(rho.size)
    for length, depress, potentiate in one:
        noise = values["sigma_rho"] ** 2 * (int(depress) + int(potentiate)) / values["tau_rho"]
        speed = drift(faces, values, depress, potentiate)
        right = CELLS * (speed / 2 + noise / 2 * CELLS)  # of the cell on the left of a face
        left = CELLS * (speed / 2 - noise / 2 * CELLS)  # of the cell on its right
        generator = np.zeros_like(whole)
        cell = np.arange(faces.size)
        generator[cell, cell] -= right
        generator[cell, cell + 1] -= left
        generator[cell + 1, cell] += right
        generator[cell + 1, cell + 1] += left
        whole = expm(generator * length) @ whole
    return whole


def density(period: Array, periods: int, begin: float) -> Density:
    """Return the density of the efficacy after so many periods, each the operator `period`."""
    rho = _cells()
    share = np.where(np.abs(rho - begin) < 0.5 / CELLS, 1.0, 0.0)
    for _ in range(periods):
        share = period @ share
    return Density(rho, share)


def _cells() -> Array:
    return np.arange(LOW * CELLS, HIGH * CELLS + 1) / CELLS
