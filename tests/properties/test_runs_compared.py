"""Runs that must agree: other orders, halves and wholes, other units, conductances of zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import plasticity_sim as ps
from plasticity_sim.engine.batch import Batch
from plasticity_sim.engine.lanes import run_lanes
from plasticity_sim.simulation.lanes import plan

REFERENCE = ps.Options(engine="reference")
SHORT = {"pairs.count": "3", "follow_up.duration": "1 s", "measure.at": "1 s"}
STATES = {"x_pre": 50.0, "y_post": 50.0, "w": 1.0}  # and what one spike adds to each, or all
TIMES = st.lists(st.integers(1, 900), min_size=1, max_size=6, unique=True).map(sorted)  # ms
SLOWLY = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def hebbian():
    return ps.load_model("hebbian")


@pytest.fixture(scope="module")
def pairs(hebbian):
    """Thirteen lanes: two blocks of the narrow program."""
    protocol = ps.load_protocol("stdp_pairs").with_settings(**SHORT, lag="-30:30:13 ms")
    batch = plan(hebbian, protocol, 1, 0).batch
    return batch, run_lanes(batch)


@SLOWLY
@given(st.permutations(range(13)))
def test_lanes_in_another_order_have_the_same_bits(pairs, order):
    batch, whole = pairs
    found = run_lanes(replace(batch, lanes=tuple(batch.lanes[place] for place in order)))
    for name, values in whole.samples.items():
        assert np.array_equal(found.samples[name], values[list(order)], equal_nan=True), name
    assert found.steps == whole.steps


@SLOWLY
@given(st.sets(st.integers(0, 12), min_size=1))
def test_lanes_in_other_company_have_the_same_bits(pairs, chosen):
    batch, whole = pairs
    rows = sorted(chosen)
    found = run_lanes(replace(batch, lanes=tuple(batch.lanes[row] for row in rows)))
    for name, values in whole.samples.items():
        count = found.samples[name].shape[1]
        assert np.array_equal(found.samples[name], values[rows][:, :count], equal_nan=True), name


@SLOWLY
@given(TIMES, TIMES, st.integers(100, 800))
def test_a_run_in_two_halves_is_the_whole(hebbian, lane, pre, post, split):
    """The first half hands its last values to the second; spikes at the split go to the second."""
    pre, post, split = np.array(pre) / 1e3, np.array(post) / 1e3, split / 1e3 + 0.0005
    ends = run_lanes(Batch(hebbian, (lane(hebbian, 1.0, [1.0], pre, post),), tuple(STATES)), 1e-8)
    first = lane(hebbian, split, [split], pre[pre < split], post[post < split])
    half = run_lanes(Batch(hebbian, (first,), tuple(STATES)), 1e-8)
    middle = {name: float(half.samples[name][0, -1]) for name in STATES}
    second = lane(hebbian, 1.0, [1.0], pre[pre > split], post[post > split], start=split,
                  initial=middle)  # fmt: skip
    rest = run_lanes(Batch(hebbian, (second,), tuple(STATES)), 1e-8)
    for name in STATES:
        whole, halves = ends.samples[name][0, -1], rest.samples[name][0, -1]
        assert halves == pytest.approx(whole, rel=1e-6, abs=1e-6 * STATES[name]), name


@SLOWLY
@given(TIMES, TIMES, st.integers(1001, 3000))
def test_what_comes_after_changes_nothing_before(hebbian, lane, pre, post, stop):
    """A longer run has the same bits up to the end of the shorter one."""
    samples = np.linspace(0, 1, 21)
    short, long = (
        run_lanes(Batch(hebbian, (lane(hebbian, end, samples, np.array(pre) / 1e3,
                                       np.array(post) / 1e3),), tuple(STATES)))
        for end in (1.0, stop / 1e3)
    )  # fmt: skip
    for name in STATES:
        # the steps towards the end may be others, so that it is the tolerance that they share
        shared = pytest.approx(short.samples[name][0, :-1], rel=1e-4, abs=1e-4 * STATES[name])
        assert long.samples[name][0, :-1] == shared


@pytest.mark.parametrize(
    ("values", "others"),
    [
        ({"eta": "1 ms"}, {"eta": "0.001 s"}),
        ({"eta": "1 ms"}, {"eta": "1000 us"}),
        ({"tau_pre": "25 ms", "lag": "12 ms"}, {"tau_pre": "0.025 s", "lag": "0.012 s"}),
        ({"rate": "2 Hz", "measure.at": "60 s", "follow_up.duration": "60 s"},
         {"rate": "2e-3 kHz", "measure.at": "1 min", "follow_up.duration": "1 min"}),
    ],
)  # fmt: skip
def test_other_units_are_the_same_run(values, others):
    common = SHORT | {"lag": "12 ms"}
    one, two = (ps.simulate("hebbian", "stdp_pairs", **common | each) for each in (values, others))
    # one decimal text times a power of ten may differ from another in its last bit
    np.testing.assert_allclose(one["strength"], two["strength"], rtol=1e-10)
    np.testing.assert_allclose(one["w"], two["w"], rtol=1e-10)


@pytest.mark.parametrize(("one", "other"), [("0.6 nS", "600 pS"), ("6e-4 uS", "6e-10 S")])
def test_conductances_in_other_units_are_the_same_run(own_model, own_protocol, one, other):
    found = [
        ps.simulate(own_model("leaky"), own_protocol("two_pulses"), g_step=text, options=REFERENCE)
        for text in (one, other)
    ]
    for name in ("g", "v", "ca", "w"):
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-12, err_msg=name)


def test_a_rate_of_learning_of_zero_is_no_learning():
    data = ps.simulate("hebbian", "stdp_pairs", eta="0 ms", lag="12 ms", **SHORT)
    assert (data["strength"] == 100).all()
    assert float(data["peak_x_pre"].max()) > 0  # and yet there were spikes


def test_a_conductance_of_zero_leaves_the_synapse_at_rest(own_model, own_protocol):
    """What is left is how far the integrator moves a synapse that is at rest."""
    run = {"options": REFERENCE, "protocol": own_protocol("two_pulses_pre")}
    quiet = ps.simulate(own_model("leaky"), g_step="0 nS", **run)
    heard = ps.simulate(own_model("leaky"), **run)
    assert (quiet["g"] == 0).all()
    for name in ("v", "ca"):
        moved, usual = (np.ptp(data[name].to_numpy()) for data in (quiet, heard))
        assert moved < 1e-9 * usual
