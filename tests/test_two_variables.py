"""Two equations whose solution is known, under every part of the Rosenbrock methods."""

from __future__ import annotations

import numpy as np
import pytest
from two_variables import Lanes, fixed_steps

from plasticity_sim.solver.tableaus import TABLEAUS

PAIR = "dx/dt = (y - x) / tau : 1\ndy/dt = -y / (40*ms) : 1\ntau : second"
START = {"x": 0.0, "y": 1.0}
TOP = np.exp(-np.log(4) / 3)  # where x meets y, after 40 ms ln(4) / 3


def pair(until=0.1, **how):
    return Lanes(PAIR, START, until, tau=0.01, **how)


def solution(t):
    y = np.exp(-np.asarray(t) / 0.04)
    return 4 / 3 * (y - np.exp(-np.asarray(t) / 0.01)), y


def error(lanes, t):
    return max(abs(lanes[name] - value) for name, value in zip("xy", solution(t), strict=True))


@pytest.mark.parametrize("method", TABLEAUS)
@pytest.mark.parametrize("rtol", [1e-3, 1e-5, 1e-7])
def test_a_pair_comes_to_its_closed_form_and_to_its_end_to_the_last_bit(method, rtol):
    lanes = pair(rtol=rtol, method=method).run()
    assert lanes["lane__t"] == 0.1
    assert error(lanes, 0.1) < 0.2 * rtol


@pytest.mark.parametrize("method", TABLEAUS)
def test_the_steps_grow_with_the_root_of_the_tolerance_that_the_order_has(method):
    coarse, fine = (
        pair(1.0, rtol=rtol, method=method).run()["lane__steps"] for rtol in (1e-6, 1e-10)
    )
    assert fine / coarse == pytest.approx(1e4 ** (1 / TABLEAUS[method].order), rel=0.25)


@pytest.mark.parametrize(
    ("method", "tried"), [("rodas4", 1e-3), ("rodas4p", 1e-3), ("rodas5p", 3e-3)]
)
def test_the_next_step_is_nine_tenths_of_the_longest_that_would_have_fitted(method, tried):
    first = pair(1.0, step=tried, rtol=1e-6, method=method).go()
    longest = first["lane__h"] / 0.9
    for share, steps in ((0.93, 1), (1.07, 0)):
        again = pair(1.0, step=share * longest, rtol=1e-6, method=method).go()
        assert again["lane__steps"] == steps


def test_a_rejected_step_changes_nothing_but_the_next_one():
    lanes = pair(10.0, step=1.0, rtol=1e-9).go()
    assert [lanes[name] for name in ("x", "y", "lane__t", "lane__steps")] == [0.0, 1.0, 0.0, 0.0]
    assert (lanes["lane__rejected"], lanes["lane__first"]) == (1.0, 1.0)
    assert 0.2 <= lanes["lane__h"] < 0.5


def test_a_step_becomes_at_most_six_times_and_a_fifth_of_the_last():
    assert pair(step=1e-7).go()["lane__h"] == pytest.approx(6e-7)
    assert pair(10.0, step=1.0, rtol=1e-12).go()["lane__h"] == pytest.approx(0.2)


def test_a_step_whose_error_is_no_number_is_tried_again_at_a_fifth():
    lanes = Lanes("dx/dt = exp(x) / second : 1\ndy/dt = log(1 - x) / second : 1",
                  {"x": 0.0, "y": 0.0}, 10.0, step=5.0)  # fmt: skip
    assert lanes.go()["lane__h"] == pytest.approx(1.0)
    assert (lanes["lane__t"], lanes["x"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("step", "first"), [(0.4, 0.4), (0.6, 0.5), (0.9, 0.5), (0.9995, 1.0), (5.0, 1.0)]
)
def test_no_splinter_is_left_before_an_end(step, first):
    # as shares of the whole way, which any step of this tolerance may take
    lanes = pair(1e-4, step=step * 1e-4).go()
    assert lanes["lane__t"] == pytest.approx(first * 1e-4, rel=1e-12)


def test_a_step_cut_short_by_an_end_says_nothing_against_the_longer_one():
    lanes = pair(1e-9, step=1e-3).go()
    assert lanes["lane__over"] == 1.0
    assert lanes["lane__h"] == pytest.approx(1e-3)
    assert lanes["lane__first"] == pytest.approx(1e-3)


def test_the_first_step_that_worked_is_kept_for_the_next_event():
    lanes = pair(10.0, step=1.0, rtol=1e-6)
    while not lanes["lane__steps"]:
        tried = lanes.go()["lane__h"]
    assert lanes["lane__fresh"] == 0.0
    assert lanes["lane__first"] == tried
    assert lanes.go()["lane__first"] == tried


SAMPLES = [0.0, 0.0, 1e-4, 0.011, 0.0111, 0.0112, 0.03, 0.03, 0.0999, 0.1]


@pytest.mark.parametrize("method", TABLEAUS)
def test_samples_lie_on_the_curve_wherever_the_steps_end(method):
    lanes = pair(samples=SAMPLES, rtol=1e-6, method=method).run()
    np.testing.assert_allclose(lanes.taken[0], np.transpose(solution(SAMPLES)), atol=2e-6)
    assert lanes["lane__steps"] < 60


def test_no_step_passes_more_than_one_sample():
    lanes = pair(samples=np.linspace(0, 0.1, 50), rtol=1e-2)
    while not lanes["lane__over"]:
        after = lanes["sample__after"]
        assert lanes.go()["lane__t"] <= after + 1e-15


def test_a_lane_at_its_end_hands_over_its_last_state_and_moves_no_more():
    lanes = pair(samples=[0.1, 0.1]).run()
    ended = [lanes["x"], lanes["y"]]
    assert lanes.taken[0] == [ended, ended]
    steps = lanes["lane__steps"]
    assert [lanes.go()[name] for name in ("x", "y", "lane__t", "lane__steps")] == [
        *ended,
        0.1,
        steps,
    ]


def test_lanes_beside_each_other_are_as_they_are_alone():
    tau = np.array([0.01, 0.003, 0.05])
    lanes = Lanes(PAIR, START | {"x": np.zeros(3)}, 0.1, [0.02, 0.05], tau=tau).run()
    for lane, own in enumerate(tau):
        alone = Lanes(PAIR, START, 0.1, [0.02, 0.05], tau=own).run()
        assert lanes.scope["x"][lane] == alone["x"]
        assert lanes.taken[lane] == alone.taken[0]
        assert lanes.scope["lane__rejected"][lane] == alone["lane__rejected"]


PEAKS = PAIR + "\ntwice = 2 * x : 1\nrising = t / second : 1\nrate = 1 / tau : Hz"


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
def test_the_largest_and_the_smallest_value_are_those_of_the_curve(rtol):
    watched = ("twice", "rising", "rate")
    lanes = Lanes(PEAKS, START, 0.1, rtol=rtol, tau=0.01, peaks=("x", "y", *watched),
                  least=("x", "y"), watched=watched).run()  # fmt: skip
    assert lanes["peak__x"] == pytest.approx(TOP, rel=rtol)
    assert lanes["peak__twice"] == pytest.approx(2 * TOP, rel=rtol)
    assert lanes["peak__y"] == pytest.approx(1, rel=1e-12)
    assert lanes["peak__rising"] == pytest.approx(0.1)
    assert lanes["peak__rate"] == pytest.approx(100)
    assert lanes["least__y"] == lanes["y"]
    assert 0 < lanes["least__x"] < 1e-2


def test_a_peak_is_never_that_of_a_rejected_step():
    lanes = Lanes("dx/dt = y / second : 1\ndy/dt = -x / second : 1", {"x": 0.0, "y": 1.0}, 20.0,
                  step=15.0, rtol=1e-5, peaks=("x", "y"))  # fmt: skip
    assert lanes.go()["lane__rejected"] == 1
    assert lanes["peak__x"] < -1e299
    assert [lanes.run()[f"peak__{x}"] for x in "xy"] == pytest.approx([1, 1], abs=1e-4)


def test_a_held_state_stays_and_the_other_follows_it():
    held = Lanes(PAIR + "\nheld : 1", {"x": 0.3, "y": 0.7}, 0.1, rtol=1e-7, tau=0.01, held=1.0,
                 free={"y": "(1.0 - held)"}).run()  # fmt: skip
    assert held["y"] == 0.7
    assert held["x"] == pytest.approx(0.7 - 0.4 * np.exp(-10), rel=1e-6)


def test_a_held_state_that_time_drives_stays_too():
    text = "dx/dt = cos(t / second) / second : 1\ndy/dt = cos(t / second) / second : 1\nheld : 1"
    lanes = Lanes(text, {"x": 0.0, "y": 0.0}, 1.0, rtol=1e-8, held=1.0, free={"y": "(1.0 - held)"})
    assert lanes.run()["x"] == pytest.approx(np.sin(1), rel=1e-7)
    assert lanes["y"] == 0.0


def test_what_grows_without_bound_fails_where_it_does():
    lanes = Lanes("dx/dt = x**2 / second : 1\ndy/dt = -y / second : 1", START | {"x": 1.0}, 2.0)
    lanes.run()
    assert lanes["lane__failed"] == 1.0
    assert lanes["lane__t"] == pytest.approx(1.0, abs=1e-4)


TIMED = "dx/dt = int(y > 0.5) / second : 1\ndy/dt = -y / (40*ms) : 1"


@pytest.mark.parametrize("rtol", [1e-3, 1e-5])
def test_the_time_above_a_threshold_is_that_of_the_closed_form(rtol):
    lanes = Lanes(TIMED, START, 0.1, rtol=rtol).run()
    assert lanes["x"] == pytest.approx(0.04 * np.log(2), abs=0.1 * rtol)
    assert lanes["lane__steps"] < 100


def test_what_rises_above_a_threshold_and_falls_again_within_a_step_is_seen():
    text = "dx/dt = int(y > 0.99) / second : 1\ndy/dt = (1 - 2 * t / second) * 4 / second : 1"
    lanes = Lanes(text, {"x": 0.0, "y": 0.0}, 1.0, step=1.0).run()
    assert lanes["x"] == pytest.approx(0.1, abs=1e-5)


def test_of_two_thresholds_in_a_step_the_first_ends_it():
    text = "dx/dt = int(y > 0.5) * int(y < 0.75) / second : 1\ndy/dt = 1 / second : 1"
    lanes = Lanes(text, {"x": 0.0, "y": 0.0}, 1.0, step=1.0).run()
    assert lanes["x"] == pytest.approx(0.25, abs=1e-5)


TURNING = "dx/dt = y / second : 1\ndy/dt = -x / second : 1"


def test_a_spike_is_where_the_threshold_is_crossed_upwards():
    lanes = Lanes(TURNING, START, 14.0, rtol=1e-6, threshold="x > 0.5").run()
    crossings = np.arcsin(0.5) + 2 * np.pi * np.arange(3)
    assert lanes.spikes[0] == pytest.approx(crossings, abs=2e-5)


def test_who_begins_above_a_threshold_spikes_at_once_and_who_has_been_there_does_not():
    how = {"threshold": "x > 0.5", "rtol": 1e-4}
    assert Lanes(TURNING, {"x": 0.8, "y": 0.0}, 1.0, **how).run().spikes == [[0.0]]
    assert Lanes(TURNING, {"x": 0.8, "y": 0.0}, 1.0, spike__above=1.0, **how).run().spikes == [[]]


# solved by 1 / (1 + t**2) and exp(sin(t)); what is in brackets is 1 there
CURVED = """
dx/dt = -2 * s * x**2 * (y * exp(-sin(s))) / second : 1
dy/dt = cos(s) * y * (x * (1 + s**2)) / second : 1
s = t / second : 1
"""


@pytest.mark.parametrize("method", TABLEAUS)
def test_a_fixed_step_has_the_order_of_its_method(method):
    def off(steps):
        x, y = fixed_steps(CURVED, {"x": 1.0, "y": 1.0}, 1 / steps, steps, method)
        return max(abs(x - 0.5), abs(y - np.exp(np.sin(1))))

    assert np.log2(off(32) / off(64)) == pytest.approx(TABLEAUS[method].order, abs=0.25)


def test_a_fixed_step_follows_time_definitions_and_comparisons_through_its_stages():
    text = "dx/dt = k * cos(t / second) * int(n > 1) : 1\ndy/dt = -y * fall : 1\n" \
        "fall = (2 * x + floor(n)) / second : Hz\nk : Hz\nn : 1"  # fmt: skip
    x, y = fixed_steps(text, START, 0.01, 100, k=3.0, n=1.5)
    assert x == pytest.approx(3 * np.sin(1), rel=1e-8)
    assert y == pytest.approx(np.exp(-6 * (1 - np.cos(1)) - 1), rel=1e-8)


NOISY = "dx/dt = -x / tau + amount * sqrt(2 / tau) * xi : 1\ndy/dt = (x - y) / tau : 1\n" \
    "tau : second\namount : 1"  # fmt: skip
MANY = {"x": np.zeros(4000), "y": 0.0}


@pytest.mark.parametrize("step", [1e-3, 3.0])
def test_noise_has_the_spread_of_its_process_after_steps_of_any_length(step):
    lanes = Lanes(NOISY, MANY, 6.0, rtol=1e-4, step=step, tau=1.0, amount=0.3).run()
    x, y = lanes.scope["x"], lanes.scope["y"]
    assert x.var() == pytest.approx(0.3**2, rel=4 * np.sqrt(2 / 4000))
    assert y.var() == pytest.approx(0.3**2 / 2, rel=4 * np.sqrt(2 / 4000))
    assert abs(x.mean()) < 4 * 0.3 / np.sqrt(4000)
    assert lanes.scope["lane__steps"].mean() < 40


def test_noise_without_a_pull_spreads_with_the_root_of_time():
    text = "dx/dt = 2 * xi_both * second**-0.5 : 1\ndy/dt = -2 * xi_both * second**-0.5 : 1"
    lanes = Lanes(text, MANY, 9.0, rtol=1e-2, step=1.0).run()
    assert lanes.scope["x"].var() == pytest.approx(36, rel=4 * np.sqrt(2 / 4000))
    np.testing.assert_array_equal(lanes.scope["x"], -lanes.scope["y"])  # one noise in both


def test_a_sample_of_a_noisy_path_is_at_the_end_of_a_step():
    lanes = Lanes(NOISY, {"x": 0.0, "y": 0.0}, 3.0, [1.0, 2.0], rtol=1e-2, step=0.9, tau=1.0,
                  amount=0.3)  # fmt: skip
    ends = {}
    while not lanes["lane__over"]:
        lanes.go()
        ends[lanes["lane__t"]] = lanes["x"]
    assert [sample[0] for sample in lanes.taken[0]] == [ends[1.0], ends[2.0]]
