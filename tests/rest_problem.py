"""Small models of given equations, synapses that differ, and what their rests have to be."""

from __future__ import annotations

import numpy as np

import plasticity_sim as ps
from plasticity_sim.engine.batch import Synapses
from plasticity_sim.engine.rest import settle
from plasticity_sim.engine.rests import settle_all
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import SimulationError

ACCURACY = 1e-8  # of a state's value or scale: what `settle_all` promises

COMPONENT = """
format: 1
title: own
equations: |
  {equations}
initial: {initial}
parameters:
{parameters}
"""
MODEL = """
format: 1
title: own
components: [own]
readout: x
observe: [x]
integrator: {method: rk4, dt: 0.1 ms}
population: {synapses: 3, vary: {rate: lognormal 0.2}}
"""


def written(tmp_path, equations, initial="{}", **parameters):
    """Return a model of these equations."""
    (tmp_path / "components").mkdir(exist_ok=True)
    lines = "\n".join(
        f"  {name}: {{value: {text}, assumed: for a test}}" for name, text in parameters.items()
    )
    own = COMPONENT.format(equations="\n  ".join(equations), initial=initial, parameters=lines)
    (tmp_path / "components" / "own.yaml").write_text(own)
    (tmp_path / "own.yaml").write_text(MODEL)
    return ps.load_model(str(tmp_path / "own.yaml"))


def usual(model):
    return {name: parameter.value for name, parameter in model.parameters.items()}


def spread(model, names, count, width=0.2):
    """Return values of parameters that vary over `count` lanes."""
    generator = np.random.default_rng(1)
    return {
        name: model.parameters[name].value * np.exp(width * generator.standard_normal(count))
        for name in names
    }


def only(own, *places):
    return {name: values[list(places)] for name, values in own.items()}


def settled(model, state, own, clamps=None):
    """Return the rests of synapses that have values of their own."""
    [found] = settle_all(model, state, [Synapses(usual(model), own)], clamps)
    if isinstance(found, SimulationError):
        raise found
    return found


def points(model, **values):
    """Return single synapses whose parameters are those of the file but for these values."""
    rows = zip(*values.values(), strict=True)
    return [Synapses(usual(model) | dict(zip(values, row, strict=True))) for row in rows]


def assert_same_rests(model, state, own, found, clamps=None):
    for place, rest in enumerate(found):
        lane = {**usual(model), **{name: float(values[place]) for name, values in own.items()}}
        expected = settle(model, state, lane, clamps)
        assert list(rest) == list(expected)
        for name, scale in zip(model.differential, scales(model), strict=True):
            size = max(abs(expected[name]), scale)
            assert abs(rest[name] - expected[name]) <= ACCURACY * size, name
