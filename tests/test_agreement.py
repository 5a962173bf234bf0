"""Shipped models under shipped protocols, against the independent solver: a strength to 1e-4."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine.lanes import RTOL, run_lanes
from plasticity_sim.engine.reference import run_reference
from plasticity_sim.library import shipped
from plasticity_sim.simulation.lanes import plan
from plasticity_sim.trials import only_arms

pytestmark = pytest.mark.long

# protocols that hold what the model of the others does not have, or at what it does not take
TAKES = {
    "calcium_held": "shouval_2002",
    "calcium_steps": "pi_lisman_2008",
    "held_potential": "vargas_caballero_robinson_2004",
    "late_ltp": "smolen_2006",
    "low_calcium_tetanus": "ca1_spine",
    "shouval_2002_pairing": "shouval_2002",
}


def taken(model, protocol):
    """Return the protocol without the arms whose drugs the model does not know."""
    arms = []
    for arm in protocol.data.get("arms", []):
        with suppress(ps.InputError):
            plan(model, only_arms(protocol, [arm["name"]]), synapses=1, seed=0)
            arms.append(arm["name"])
    return only_arms(protocol, arms) if arms else protocol


def agrees(model, protocol, count):
    """Compare `count` lanes at the tolerance that the model is run with, and at a tenth of it."""
    batch = plan(model, taken(model, protocol), synapses=1, seed=0).batch
    rows = np.unique(np.linspace(0, len(batch.lanes) - 1, count, dtype=int))
    strength = model.readout.variable
    few = replace(batch, lanes=tuple(batch.lanes[row] for row in rows), observe=(strength,))
    expected = run_reference(few, 1e-8).samples[strength]  # itself within 3e-6 of one at 1e-10
    last = [lane.samples.size - 1 for lane in few.lanes]
    places = np.arange(len(last)), last
    rtol = model.integrator.rtol or RTOL
    usual, tight = (run_lanes(few, each).samples[strength] for each in (rtol, rtol / 10))
    np.testing.assert_allclose(usual[places], expected[places], rtol=1e-4)
    # on its way from one state to the other the switch magnifies an error four times
    np.testing.assert_allclose(usual, expected, rtol=1e-3)
    np.testing.assert_allclose(tight, expected, rtol=1e-4)


@pytest.mark.parametrize("protocol", shipped("protocols"))
def test_every_shipped_protocol_agrees_with_the_independent_solver(protocol):
    model = ps.load_model(TAKES.get(protocol, "graupner_brunel_2007"))
    own = ps.load_protocol(protocol)
    agrees(model, own, 2 if own.data.get("arms") else 4)  # arms are alike in all but one thing


# short ones: spikes on either side at many rates and lags, and held values
SHORT = ["calcium_steps", "held_potential", "markram_1997", "shouval_2002_pairing",
         "shouval_2002_timing", "spike_timing_5_hz", "stdp_60_pairs"]  # fmt: skip


def takes(model, protocol):
    """Tell whether the model has what the protocol changes, and takes its spikes."""
    try:
        plan(model, taken(model, protocol), synapses=1, seed=0)
    except ps.InputError:
        return False
    return True


def has_a_path(name):
    """Tell whether a model is integrated adaptively, and without noise."""
    model = ps.load_model(name)
    return model.integrator.dt is None and not model.is_stochastic


@pytest.mark.parametrize("name", [*filter(has_a_path, shipped("models"))])
def test_every_shipped_model_agrees_with_the_independent_solver(name):
    model = ps.load_model(name)
    protocols = filter(partial(takes, model), map(ps.load_protocol, SHORT))
    ran = [agrees(model, protocol, 6) for protocol in protocols]
    assert ran
