"""The states that lanes rest in: each its own, to the last bit, whatever others there are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from rest_problem import assert_same_rests, only, settled, spread, usual, written

import plasticity_sim as ps
from plasticity_sim.engine import rests
from plasticity_sim.engine.batch import Synapses
from plasticity_sim.engine.duals import Dual, dual
from plasticity_sim.engine.kept import kept_rests
from plasticity_sim.engine.rest import settle
from plasticity_sim.engine.rests import settle_all
from plasticity_sim.engine.righthand import right_hand_side, right_hand_sides
from plasticity_sim.errors import SimulationError
from plasticity_sim.expressions import NUMPY_FUNCTIONS, PYTHON_FUNCTIONS
from plasticity_sim.model.parts import Population, Spread
from plasticity_sim.simulation.lanes import plan


@pytest.mark.parametrize("state", ["down", "up"])
def test_the_shipped_model_rests_where_each_synapse_settles_alone(state):
    model = ps.load_model("graupner_brunel_2007")
    # by a fifth: in some the strongly phosphorylated state is lost, and they end in the other
    own = spread(model, ["k_auto", "k_can", "g_nmda", "camkii_rings", "n_pka"], 12)
    assert_same_rests(model, state, own, settled(model, state, own))


def test_a_synapse_without_the_phosphorylated_state_falls_into_the_bare_one():
    model = ps.load_model("graupner_brunel_2007")
    own = {"k_auto": model.parameters["k_auto"].value * np.array([0.75, 1.0, 1.1])}
    found = settled(model, "up", own)
    assert_same_rests(model, "up", own, found)
    assert found[0]["b13"] < 1e-6 * found[1]["b13"] < found[2]["b13"]


def test_a_clamped_synapse_rests_where_it_settles_alone():
    model = ps.load_model("graupner_brunel_2007")
    own = spread(model, ["k_auto", "k_can", "ca_rest"], 4)
    found = settled(model, "up", own, {"ca": 0.2e-3})
    assert_same_rests(model, "up", own, found, {"ca": 0.2e-3})


@pytest.mark.parametrize("name", ["leaky", "eventful", "firing", "thresholds", "time_above"])
def test_test_models_rest_where_each_synapse_settles_alone(own_model, name):
    model = ps.load_model(own_model(name))
    own = spread(model, model.parameters, 5)
    clamps = {name: 1e-3 for name in model.clamp[:1]}
    for state in model.states:
        found = settled(model, state, own)
        assert_same_rests(model, state, own, found)
        found = settled(model, state, own, clamps)
        assert_same_rests(model, state, own, found, clamps)


@pytest.mark.parametrize("state", ["down", "up"])
def test_a_synapse_has_the_same_bits_alone_and_among_others(state):
    model = ps.load_model("graupner_brunel_2007")
    own = spread(model, ["k_auto", "k_can", "n_pka"], 600, width=0.1)
    lost = int(np.argmin(own["k_auto"]))  # is followed in time, where it is in the upper state
    among = settled(model, state, own)
    few = [*range(8), lost]
    assert settled(model, state, only(own, *few)) == [among[n] for n in few]
    for place in (0, 7, lost, 599):
        alone = settled(model, state, only(own, place))
        assert alone == [among[place]]


def test_a_lane_that_is_settled_by_itself_has_its_bits_too(tmp_path):
    # y is at rest wherever it is once x is gone: no one rest to follow
    equations = [
        "dx/dt = -x * rate : 1", "dy/dt = x * (1 - y) * rate : 1", "dz/dt = (y - z) * other : 1",
    ]  # fmt: skip
    model = written(tmp_path, equations, "{x: '1'}", rate="1 Hz", other="2 Hz")
    own = spread(model, ["rate", "other"], 5)
    found = settled(model, "rest", own)
    assert_same_rests(model, "rest", own, found)
    assert settled(model, "rest", only(own, 3)) == [found[3]]
    assert found[3]["y"] == pytest.approx(1 - math.exp(-1), rel=1e-6)


def test_a_synapse_with_the_usual_parameters_has_the_bits_of_the_usual_rest():
    model = ps.load_model("graupner_brunel_2007")
    own = {"k_auto": model.parameters["k_auto"].value * np.array([0.97, 1.0])}
    found = settled(model, "up", own)
    assert [found[1]] == settled(model, "up", {})


def test_a_rest_that_small_deviations_leave_is_not_taken(tmp_path):
    # (x, y) turns round a circle of radius sqrt(rate - 1) once `rate` is above 1 per second
    turning = [
        "dx/dt = (rate - one) * x - one * y - one * x * (x**2 + y**2) + push : 1",
        "dy/dt = (rate - one) * y + one * x - one * y * (x**2 + y**2) : 1",
    ]
    model = written(tmp_path, turning, rate="0.5 Hz", one="1 Hz", push="0.01 Hz")
    own = {"rate": np.array([0.6, 0.9])}
    assert_same_rests(model, "rest", own, settled(model, "rest", own))


def test_a_lane_that_does_not_come_to_rest_is_an_error_that_names_the_variable(tmp_path):
    # where `rate` is above 2 per second, no x makes the growth zero
    model = written(tmp_path, ["dx/dt = rate - two * x / (x + 1) : 1"], rate="1 Hz", two="2 Hz")
    own = {"rate": np.array([1.1, 2.5])}
    with pytest.raises(SimulationError, match=r"state 'rest' of 'own' is not steady: 'x' changes"):
        settled(model, "rest", own)
    assert settled(model, "rest", only(own, 0))[0]["x"] == pytest.approx(1.1 / 0.9)


def test_what_takes_weeks_to_rest_is_followed_until_it_does(tmp_path):
    equations = ["dx/dt = (one - x) * rate : 1", "dy/dt = (x - y) * rate : 1"]
    model = written(tmp_path, equations, one="1", rate="1e-6 Hz")
    own = {"rate": np.array([1e-7, 2e-6])}
    for rest in [*settled(model, "rest", {}), *settled(model, "rest", own)]:
        assert (rest["x"], rest["y"]) == pytest.approx((1, 1), rel=1e-12)


def test_a_state_rests_where_its_time_constant_jumps(tmp_path):
    # quick on the way down, slow on the way up, as magnesium's block of NMDA receptors
    equations = [
        "dx/dt = (goal - x) * (rate + (quick - rate) * int(x > goal)) : 1",
        "dy/dt = (x - y) * rate : 1",
    ]
    for start in ("0", "1"):
        model = written(
            tmp_path, equations, f"{{x: '{start}'}}", goal="0.3768", rate="45 Hz", quick="10 kHz"
        )
        for rest in settled(model, "rest", {"goal": np.linspace(0.1, 0.9, 17)}):
            assert rest["x"] == pytest.approx(rest["y"], rel=1e-12)
        (rest,) = settled(model, "rest", {})
        assert (rest["x"], rest["y"]) == pytest.approx((0.3768, 0.3768), rel=1e-12)


def test_what_oscillates_for_ever_is_an_error_and_not_an_endless_search(tmp_path):
    turning = ["dx/dt = rate * y : 1", "dy/dt = -rate * x : 1"]
    model = written(tmp_path, turning, "{x: '1'}", rate="50 Hz")
    with pytest.raises(SimulationError, match=r"'rest' .* does not settle: after \d+ evaluations"):
        settle(model, "rest", usual(model))


def test_what_runs_away_is_an_error_without_a_warning_of_the_solver(tmp_path):
    # x grows without end, and what depends on it exponentially comes to rates beyond all measure
    running = [
        "dx/dt = rate * (5.6 * x**2 / (1 + x**2) - loss * x / (1 + 0.1 * x)) : 1",
        "dy/dt = rate * exp(x / 9) * (z - y) : 1", "dz/dt = rate * exp(x / 9) * (y - z) : 1",
    ]  # fmt: skip
    model = written(tmp_path, running, "{x: '3', y: '0.004'}", rate="1 Hz", loss="0.524")
    with pytest.raises(SimulationError, match="'rest' of 'own' does not settle"):
        settle(model, "rest", usual(model))


def test_lanes_may_rest_where_the_usual_parameters_do_not(tmp_path):
    model = written(tmp_path, ["dx/dt = rate - two * x / (x + 1) : 1"], rate="3 Hz", two="2 Hz")
    found = settled(model, "rest", {"rate": np.array([1.0])})
    assert found[0]["x"] == pytest.approx(1)


def test_a_rest_at_the_edge_of_a_power_is_found(tmp_path):
    model = written(tmp_path, ["dx/dt = -rate * x**n : 1"], '{x: "0"}', rate="1 Hz", n="2.5")
    assert settle(model, "rest", usual(model)) == {"x": 0.0}


@pytest.mark.parametrize(
    ("growth", "words"), [("(x - 1)**n", "math domain error"), ("1 / x**n", "division by zero")]
)
def test_equations_without_a_value_are_an_error_that_says_so(tmp_path, growth, words):
    model = written(tmp_path, [f"dx/dt = -rate * {growth} : 1"], rate="1 Hz", n="2.5")
    expected = rf"state 'rest' of 'own' does not settle: .* no value \(.*{words}\)"
    with pytest.raises(SimulationError, match=expected):
        settle(model, "rest", usual(model))


def test_two_thousand_synapses_are_planned_and_share_what_is_the_same(tmp_path):
    model = ps.load_model("graupner_brunel_2007")
    text = (
        "format: 1\ntitle: own\ninduction: [{pre: [{count: 3, rate: [10 Hz, 20 Hz]}]}]\n"
        "follow_up: {duration: 1 s}\n"
        "drugs: [{name: apv, from: induction + 10 ms, until: induction + 20 ms}]\n"
    )
    (tmp_path / "protocol.yaml").write_text(text)
    vary = (("k_auto", Spread("lognormal", 0.05)), ("g_nmda", Spread("normal", 0.1)))
    varied = replace(model, population=Population(vary=vary))
    made = plan(varied, ps.load_protocol(str(tmp_path / "protocol.yaml")), 2000, seed=0)
    lanes = made.batch.lanes
    assert len(lanes) == 2 * 2 * 2000
    assert len({id(lane.pre) for lane in lanes}) == 2
    assert len({id(lane.samples) for lane in lanes}) == 2
    assert len({id(lane.initial) for lane in lanes}) == 2 * 2000
    assert len({lane.seed for lane in lanes}) == len(lanes)
    assert len({lane.parameters["k_auto"] for lane in lanes}) == 2000
    assert {type(value) for value in lanes[7].parameters.values()} == {float}
    # the drug blocks what each synapse has, and gives it back
    for lane in lanes[7], lanes[2007]:
        conductances = [change.parameters["g_nmda"] for change in lane.settings]
        assert conductances == [0.0, lane.parameters["g_nmda"]]


@pytest.mark.parametrize("name", sorted(set(PYTHON_FUNCTIONS) - {"pi", "e", "clip"}))
def test_a_function_is_the_same_on_arrays(name):
    numbers = [0.3, 0.9, 2.5] if name in ("log", "log10", "sqrt") else [-1.7, 0.0, 0.4]
    expected = [PYTHON_FUNCTIONS[name](x) for x in numbers]
    np.testing.assert_allclose(NUMPY_FUNCTIONS[name](np.array(numbers)), expected, rtol=1e-14)


FORMULAS = (
    "x**3 / (1 + y**2) - 2 / x", "exp(x * y) + log(x) + log10(y) + sqrt(x)", "x**y + 2**x + x % y",
    "sin(x) + cos(y) + tan(x / 9) + sinh(x) + cosh(y) + tanh(x * y) + arctan(x)",
    "abs(-x) * sign(y - 2) + floor(9 * y) * x + ceil(x) + exprel(x - y) + exprel(1e-6 * x)",
    "clip(x, 0.5, y) + clip(y, 0, 1)", "x * int(x > 1 and not y > 1) + y * int(x < 1 or y < 1)",
    "int(0.5 < x) + (x > 1) + (y > 1) - (y <= 1) * x", "-x + +y - (x - 3) * (4 - y)",
)  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_equations_and_their_derivatives_are_the_same_on_arrays(tmp_path, formula):
    model = written(
        tmp_path, [f"dx/dt = rate * ({formula}) : 1", "dy/dt = rate * (x - y) : 1"], rate="1 Hz"
    )
    points = np.array([[0.3, 0.8, 1.4, 2.2], [1.7, 0.6, 0.9, 1.3]])
    slope, values = right_hand_side(model), usual(model)
    slopes = right_hand_sides(model)
    expected = np.transpose([slope(0.0, y, values) for y in points.T])
    np.testing.assert_allclose(slopes(0.0, list(points), values)[0], expected[0], rtol=1e-13)
    found = dual(slopes(0.0, [Dual(y, {n: 1.0}) for n, y in enumerate(points)], values)[0])
    np.testing.assert_allclose(found.value, expected[0], rtol=1e-13)
    for n in range(2):
        step = 1e-6 * np.eye(2)[n][:, None]
        sides = [
            np.array([slope(0.0, y, values)[0] for y in (points + s).T]) for s in (step, -step)
        ]
        change = (sides[0] - sides[1]) / 2e-6
        np.testing.assert_allclose(found.slopes.get(n, 0.0) * np.ones(4), change, atol=1e-7)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(tmp_path))
    return tmp_path


def test_a_rest_that_is_kept_is_the_one_that_was_found(own_cache, monkeypatch):
    model = ps.load_model("graupner_brunel_2007")
    spread_ = spread(model, ["ca_rest"], 3, 0.01)
    found = kept_rests(model, "down", [Synapses(usual(model), spread_)], {})
    (file,) = (own_cache / "rests").iterdir()
    monkeypatch.setattr(rests, "settle_all", None)  # whatever comes now comes from the file
    assert kept_rests(model, "down", [Synapses(usual(model), spread_)], {}) == found
    assert file.stat().st_size > 0


@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_a_kept_rest_that_is_damaged_is_found_anew(own_cache, damage):
    model = ps.load_model("saturating_ltp_ltd")
    found = kept_rests(model, "rest", [Synapses(usual(model))], {})
    (file,) = (own_cache / "rests").iterdir()
    text = file.read_text()
    file.write_text(
        text[:-9] if damage == "cut off" else text.replace('rests": [{', 'rests": [{"more": 1, ')
    )
    assert kept_rests(model, "rest", [Synapses(usual(model))], {}) == found
    assert file.read_text() == text


@pytest.mark.parametrize("changed", ["parameter", "clamp", "state"])
@pytest.mark.usefixtures("own_cache")
def test_a_rest_is_kept_for_its_own_values_only(changed):
    model = ps.load_model("graupner_brunel_2007")
    values, clamps, state = usual(model), {}, "down"
    first = kept_rests(model, state, [Synapses(values)], clamps)
    if changed == "parameter":
        values = values | {"ca_rest": 1.01 * values["ca_rest"]}
    elif changed == "clamp":
        clamps = {"ca": 2e-4}  # mol per m^3: 0.2 uM
    else:
        state = "up"
    second = kept_rests(model, state, [Synapses(values)], clamps)
    assert second != first
    assert second == settle_all(model, state, [Synapses(values)], clamps)
