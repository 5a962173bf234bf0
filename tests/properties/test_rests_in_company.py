"""A rest has the same bits whatever else is found beside it, in any number and order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_sim as ps
from plasticity_sim.engine.batch import Synapses
from plasticity_sim.engine.rests import settle_all

# x switches above a gain of 2, and has no rest below a loss of 1; y and z exchange what they are
COMPONENT = """
format: 1
title: switch
equations: |
  dx/dt = rate * (gain * x**2 / (1 + x**2) - loss * x / (1 + 0.1 * x)) : 1
  dy/dt = rate * exp(x / 9) * (z - y) - leak * y : 1
  dz/dt = rate * exp(x / 9) * (y - z) : 1
initial: {x: "3", y: "exp(-gain)"}
parameters:
  rate: {value: 1 Hz, assumed: for a test}
  gain: {value: "1", assumed: for a test}
  loss: {value: "1", assumed: for a test}
  leak: {value: 0 Hz, assumed: for a test}
"""
MODEL = """
format: 1
title: switch
components: [switch]
readout: x
integrator: {method: rk4, dt: 0.1 ms}
"""


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("switch")
    (folder / "components").mkdir()
    (folder / "components" / "switch.yaml").write_text(COMPONENT)
    (folder / "switch.yaml").write_text(MODEL)
    return ps.load_model(str(folder / "switch.yaml"))


factors = st.floats(0.5, 1.5)
values = st.fixed_dictionaries({
    "rate": st.floats(0.1, 10), "gain": st.floats(0.5, 4), "loss": st.floats(0.5, 1.5),
    "leak": st.sampled_from([0.0, 0.1]),
})  # fmt: skip
populations = st.tuples(values, st.lists(factors, max_size=3))


def synapses(usual, spread):
    return Synapses(usual, {"gain": usual["gain"] * np.array(spread)} if spread else {})


def texts(found):
    return [str(rests) for rests in found]  # a float is written to its last bit


@settings(max_examples=40, deadline=None)
@given(st.lists(populations, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_rest_has_its_bits_in_any_company_and_order(switch, drawn, order):
    wanted = [synapses(*each) for each in drawn]
    alone = [settle_all(switch, "rest", [each])[0] for each in wanted]
    assert texts(settle_all(switch, "rest", wanted)) == texts(alone)
    places = list(range(len(wanted)))
    order.shuffle(places)
    shuffled = settle_all(switch, "rest", [wanted[place] for place in places])
    assert texts(shuffled) == texts(alone[place] for place in places)
