"""Points whose values are far apart rest where each does, though they are settled together."""

from __future__ import annotations

import numpy as np
import pytest
from rest_problem import ACCURACY, assert_same_rests, points, settled, usual, written

import plasticity_sim as ps
from plasticity_sim.engine.rest import settle
from plasticity_sim.engine.rests import settle_all
from plasticity_sim.errors import SimulationError
from plasticity_sim.simulation.lanes import drafted, finished, plan
from plasticity_sim.simulation.resting import Rests


def test_points_far_apart_rest_where_each_settles_alone():
    model = ps.load_model("graupner_brunel_2007")
    usually = usual(model)["k_auto"]
    wanted = points(model, k_auto=[share * usually for share in (0.1, 0.5, 0.8, 1.0, 1.5, 4.0)])
    for state in model.states:
        for synapses, found in zip(wanted, settle_all(model, state, wanted), strict=True):
            own = {"k_auto": np.array([synapses.usual["k_auto"]])}
            assert_same_rests(model, state, own, found)


def test_a_point_rests_in_an_upper_state_that_the_values_of_the_file_lack(tmp_path):
    # gain x^2 / (1 + x^2) = x has the solutions 0 and (gain +- sqrt(gain^2 - 4)) / 2
    switch = ["dx/dt = rate * (gain * x**2 / (1 + x**2) - x) : 1"]
    model = written(tmp_path, switch, '{x: "3"}', rate="1 Hz", gain="1")
    low, high = settle_all(model, "rest", points(model, gain=[1.5, 2.5]))
    assert low[0]["x"] == pytest.approx(0, abs=ACCURACY)
    assert high[0]["x"] == pytest.approx(2, rel=ACCURACY)


def test_a_point_without_a_rest_leaves_the_others_alone(tmp_path):
    model = written(tmp_path, ["dx/dt = rate - two * x / (x + 1) : 1"], rate="1 Hz", two="2 Hz")
    good, bad, same = settle_all(model, "rest", points(model, rate=[1.1, 2.5, 1.1]))
    assert "state 'rest' of 'own' is not steady: 'x' changes" in str(bad)
    assert good == same
    assert good[0]["x"] == pytest.approx(1.1 / 0.9)


@pytest.mark.parametrize("among", ["points", "synapses"])
def test_a_total_whose_parts_a_parameter_weighs_is_that_of_each_lane(tmp_path, among):
    # ratio x + y is conserved, so that x = y = ratio / (1 + ratio) from x = 1
    exchange = ["dx/dt = rate * (y - x) : 1", "dy/dt = ratio * rate * (x - y) : 1"]
    model = written(tmp_path, exchange, '{x: "1"}', rate="1 Hz", ratio="1")
    ratios = np.array([0.5, 1.0, 3.0])
    if among == "points":
        found = [rest for [rest] in settle_all(model, "rest", points(model, ratio=ratios))]
    else:
        found = settled(model, "rest", {"ratio": ratios})
    for ratio, rest in zip(ratios, found, strict=True):
        assert rest["x"] == pytest.approx(ratio / (1 + ratio), rel=ACCURACY)
        assert rest["y"] == pytest.approx(ratio / (1 + ratio), rel=ACCURACY)


@pytest.mark.parametrize("in_file", ["0 Hz", "0.1 Hz"])
def test_a_total_that_a_rate_of_zero_conserves_is_lost_with_another_rate(tmp_path, in_file):
    leak = ["dx/dt = rate * (y - x) - leak * x : 1", "dy/dt = rate * (x - y) : 1"]
    model = written(tmp_path, leak, '{x: "1"}', rate="1 Hz", leak=in_file)
    [kept], [lost] = settle_all(model, "rest", points(model, leak=[0.0, 0.1]))
    assert (kept["x"], kept["y"]) == pytest.approx((0.5, 0.5), rel=ACCURACY)
    assert (lost["x"], lost["y"]) == pytest.approx((0, 0), abs=ACCURACY)


def test_lanes_of_many_plans_begin_at_the_bits_that_each_plan_finds_alone():
    model, protocol = ps.load_model("ca1_spine"), ps.load_protocol("low_calcium_tetanus")
    several = [model.with_values(k_auto=f"{rate} 1/s") for rate in (2, 6, 6.5)]
    drafts = [drafted(each, protocol, 3, 0) for each in several]
    together = Rests(model, 3, settle_all)
    together.find(wanted for draft in drafts for wanted in draft.wanted)
    for each, draft in zip(several, drafts, strict=True):
        alone = plan(each, protocol, 3, 0, Rests(each, 3, settle_all))
        lanes = finished(draft, together).batch.lanes
        assert [x.initial for x in lanes] == [x.initial for x in alone.batch.lanes]


def test_a_first_guess_without_a_value_is_an_error_that_says_so(tmp_path):
    model = written(tmp_path, ["dx/dt = -rate * x : 1"], '{x: "1 / n"}', rate="1 Hz", n="0")
    with pytest.raises(SimulationError, match="'rest' of 'own' has no value to begin at"):
        settle(model, "rest", usual(model))
