"""How the synapses of a population differ: quantiles of a distribution, or random draws."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.errors import InputError
from plasticity_sim.model.parts import Population

_LARGEST = 1e100
_quantile = NormalDist().inv_cdf


def factors(population: Population, synapses: int, seed: int) -> dict[str, Array]:
    """Return, for every varied parameter, the factor on its value in each synapse.

    Quantiles are (k - 1/2) / n of the distribution, so that a small population has its mean and
    spread; a second parameter gets the same quantiles in a shuffled order.
    """
    generator = np.random.default_rng(seed)
    quantiles = np.array([_quantile((n + 0.5) / synapses) for n in range(synapses)])
    result = {}
    for number, (name, spread) in enumerate(population.vary):
        if population.sampling == "random":
            z = generator.standard_normal(synapses)
        else:
            z = generator.permutation(quantiles) if number else quantiles
        lognormal = spread.distribution == "lognormal"
        with np.errstate(over="ignore"):
            result[name] = np.exp(spread.width * z) if lognormal else 1 + spread.width * z
        if not np.abs(result[name]).max() < _LARGEST:
            raise InputError(f"population: '{name}' varies beyond all numbers; make it narrower")
    return result
