"""Closed form of Graupner & Brunel (2012) for regular spikes, and the density of its noise.

Calcium is a sum of exponentials, so the moments at which it crosses a threshold are known exactly.
`solution` is the paper's: the thresholds averaged over the period, the cubic term left out.
`density` keeps both: the Fokker-Planck equation of the efficacy between those moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.special import erf

Array = NDArray[np.float64]
Values = dict[str, float]  # parameters of a model in SI units, by their names in the YAML files
Stretch = tuple[float, bool, bool]  # its length (s), above theta_d, above theta_p

CELLS = 201  # of the density in a unit of efficacy; odd, so that 1/2 lies between two cells
LOW, HIGH = -1, 2  # where the density ends: the cubic term and the noise never come here


@dataclass(frozen=True)
class Solution:
    """What the spikes do to the efficacy, in the paper's symbols."""

    alpha_d: float
    alpha_p: float
    rho_bar: float
    from_down: float
    from_up: float
    up: float  # U, the probability to go up
    down: float  # D, the probability to go down

    def change(self, beta: float, b: float) -> float:
        """Return the mean strength afterwards over that before, a share `beta` being low."""
        low = (1 - self.up) * beta + self.down * (1 - beta)
        high = self.up * beta + (1 - self.down) * (1 - beta)
        return (low + b * high) / (beta + b * (1 - beta))


def stretches(values: Values, rate: float, lags: Sequence[float]) -> list[Stretch]:
    """Return one period of the thresholds from the first spike on, calcium having come back to it.

    `lags` (s) are the postsynaptic spikes of each presynaptic one, `rate` (Hz) is theirs.
    """
    period, tau = 1 / rate, values["tau_ca"]
    spikes = [(values["delay_pre"], values["c_pre"]), *((lag, values["c_post"]) for lag in lags)]
    sizes = np.array([size for _, size in spikes])
    times = np.array([time for time, _ in spikes])
    times = (times - times.min()) % period
    order = np.argsort(times)
    ends = np.append(times[order][1:], times[order][0] + period)
    found = []
    for begin, end in zip(times[order], ends, strict=True):
        since = (begin - times) % period  # zero at the spike itself, which counts
        calcium = float(np.sum(sizes * np.exp(-since / tau)) / (1 - np.exp(-period / tau)))
        until = {
            name: begin + min(max(tau * np.log(calcium / values[name]), 0.0), end - begin)
            for name in ("theta_d", "theta_p")
        }
        edges = sorted({begin, *until.values(), end})
        found += [
            (right - left, left < until["theta_d"], left < until["theta_p"])
            for left, right in pairwise(edges)
        ]
    return found


def solution(values: Values, rate: float, lags: Sequence[float], pairs: int) -> Solution:
    """Return the paper's solution for `pairs` presynaptic spikes, each with those at `lags`."""
    one = stretches(values, rate, lags)
    alpha_d = rate * sum(length for length, above, _ in one if above)
    alpha_p = rate * sum(length for length, _, above in one if above)
    decay_d, decay_p = values["gamma_d"] * alpha_d, values["gamma_p"] * alpha_p
    if not decay_d + decay_p:
        return Solution(alpha_d, alpha_p, np.nan, 0.0, 1.0, 0.0, 0.0)
    rho_bar = decay_p / (decay_p + decay_d)
    left = np.exp(-(pairs / rate) * (decay_p + decay_d) / values["tau_rho"])
    variance = values["sigma_rho"] ** 2 * (alpha_p + alpha_d) / (decay_p + decay_d)
    width = np.sqrt(variance * (1 - left**2))
    from_down, from_up = rho_bar * (1 - left), rho_bar + (1 - rho_bar) * left
    up = 0.5 * (1 - erf((values["rho_star"] - from_down) / width))
    down = 0.5 * (1 + erf((values["rho_star"] - from_up) / width))
    return Solution(alpha_d, alpha_p, rho_bar, from_down, from_up, up, down)


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
