"""Closed forms of published models, which their figures and tests hold simulations against.

Graupner & Brunel (2012) for regular spikes: calcium is a sum of exponentials, so the moments at
which it crosses a threshold are known exactly. The paper averages the thresholds over the period
and leaves the cubic term of the efficacy out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import erf

Values = dict[str, float]  # parameters of a model in SI units, by their names in the YAML files
Stretch = tuple[float, bool, bool]  # its length (s), above theta_d, above theta_p


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
