"""Single steps of two equations, number by number: their error, their noise, what they look at."""

from __future__ import annotations

import numpy as np
import pytest
from brian2.equations.equations import Equations
from two_variables import Lanes, fixed_steps

from plasticity_sim.solver.step import step
from plasticity_sim.solver.system import system
from plasticity_sim.solver.tableaus import TABLEAUS, Tableau

START = {"x": 0.0, "y": 1.0}
RELAXING = "dx/dt = -x / second : 1\ndy/dt = -2 * y / second : 1"


def end_and_error(tableau, rate, y, h):
    """Return where one step of dy/dt = -rate y ends and its estimated error, by the formula."""
    k = np.zeros(0)
    for a, c in zip(tableau.a, tableau.c, strict=True):
        right = -rate * (y + np.dot(a, k)) + np.dot(c, k) / h
        k = np.append(k, right / (1 / (h * tableau.gamma) + rate))
    return y + np.dot(tableau.b, k), np.dot(tableau.e, k)


@pytest.mark.parametrize("method", TABLEAUS)
def test_the_error_is_the_root_mean_square_of_states_in_units_of_their_tolerance(method):
    tableau, h, rtol, size = TABLEAUS[method], 0.5, 1e-5, 0.1
    squares = []
    for rate, y in ((1.0, 1.0), (2.0, -3.0)):
        end, error = end_and_error(tableau, rate, y, h)
        squares.append((error / rtol / (size + max(abs(y), abs(end)))) ** 2)
    change = 0.9 * np.sqrt(np.mean(squares)) ** (-1 / tableau.order)
    assert 0.2 < change < 6
    lanes = Lanes(
        RELAXING, {"x": 1.0, "y": -3.0}, 10.0, rtol=rtol, method=method, step=h, size=size
    )
    assert lanes.go()["lane__h"] == pytest.approx(h * change, rel=1e-9)


def test_an_error_too_large_for_a_number_is_not_taken_for_none():
    # the sizes of both, 1e200, are divided by at once, and their product is infinite
    text = "dx/dt = y / second : 1\ndy/dt = -x / second : 1"
    lanes = Lanes(text, {"x": 1e200, "y": 1e200}, 100.0, step=15.0).go()
    assert (lanes["lane__steps"], lanes["lane__h"]) == (0.0, pytest.approx(3.0))


# Verwer et al. (1999), SIAM J. Sci. Comput. 20:1456; its last stage corrects no other
GAMMA = 1 - 0.5**0.5
ROS2 = Tableau(
    "ros2", 2, "", GAMMA, a=((), (1 / GAMMA,)), c=((), (-2 / GAMMA,)), alpha=(0.0, 1.0),
    d=(GAMMA, -GAMMA), b=(1.5 / GAMMA, 0.5 / GAMMA), e=(0.5 / GAMMA, 0.5 / GAMMA), dense=(),
)  # fmt: skip


def test_a_method_may_end_elsewhere_than_its_last_stage():
    def off(steps):
        text = "dx/dt = -x * y / second : 1\ndy/dt = cos(t / second) / second : 1"
        x, _ = fixed_steps(text, {"x": 1.0, "y": 0.0}, 1 / steps, steps, ROS2)
        return abs(x - np.exp(np.cos(1) - 1))

    assert np.log2(off(32) / off(64)) == pytest.approx(2, abs=0.1)


def test_a_step_gives_no_value_twice():
    text = "dx/dt = -k * x * int(y > 0.5) : 1\ndy/dt = -k * y : 1\n" \
        "k = (1 + x) * cos(t / second) / second : Hz"  # fmt: skip
    made = step(system(Equations(text)), TABLEAUS["rodas4"], "h", frozen=True)
    names = [name for name, _ in made.statements]
    assert len(names) == len(set(names))


def test_a_fixed_step_looks_at_comparisons_within_it():
    text = "dx/dt = int(t > 0.5 * second) / second : 1\ndy/dt = -y / second : 1"
    assert fixed_steps(text, START, 1.0, 1)[0] > 0


def test_a_comparison_of_time_alone_changes_when_time_says_so():
    above = "dx/dt = int(t > 0.3 * second) / second : 1\ndy/dt = -y / second : 1"
    assert Lanes(above, START, 1.0, step=1.0).run()["x"] == pytest.approx(0.7, abs=1e-5)


def test_what_time_alone_moves_above_a_threshold_and_back_within_a_step_is_seen():
    text = "dx/dt = int(4 * s * (1 - s) > 0.99) / second : 1\ndy/dt = -y / second : 1\n" \
        "s = t / second : 1"  # fmt: skip
    assert Lanes(text, START, 1.0, step=1.0).run()["x"] == pytest.approx(0.1, abs=1e-5)


def test_a_state_that_may_be_held_and_is_not_moves_like_any_other():
    text = "dx/dt = (y - x) / (10*ms) : 1\ndy/dt = -x * y / (40*ms) : 1\nheld : 1"
    plain = Lanes(text, START, 0.1, held=0.0).run()
    free = Lanes(text, START, 0.1, held=0.0, free={"x": "(1.0 - held)", "y": "(1.0 - held)"}).run()
    for name in ("x", "y", "lane__steps", "lane__h"):
        assert free[name] == pytest.approx(plain[name], rel=1e-9)


def test_a_power_of_what_has_fallen_below_zero_is_no_reason_to_stop():
    # a Hill function of what rounding has brought below zero: its power is 0
    text = "dx/dt = (1 - y**n) / second : 1\ndy/dt = -y / second : 1\nn : 1"
    lanes = Lanes(text, {"x": 0.0, "y": -0.1}, 1.0, n=2.5).run()
    assert lanes["x"] == pytest.approx(1)


def test_a_power_looked_at_once_a_step_is_no_reason_either():
    text = RELAXING.replace("-x", "gain") + "\ngain = 1 - level**n : 1\nn : 1\nlevel : 1"
    lanes = Lanes(text, START, 1.0, constants={"n"}, n=2.5, level=-0.1).run()
    assert lanes["x"] == pytest.approx(1)


def test_the_largest_value_of_what_only_events_change_is_kept():
    lanes = Lanes(RELAXING + "\nlevel : 1", START, 1.0, peaks=("level",), level=2.0)
    for level in (3.0, 1.0):
        lanes.go().scope["level"][:] = level
    assert lanes.run()["peak__level"] == 3


def test_two_noises_of_one_equation_add_up():
    # here both draw the same number z: x moves by (3 - 2) z times the root of the step
    text = "dx/dt = (3 * xi_one - 2 * xi_two) * second**-0.5 : 1\ndy/dt = -y / second : 1"
    lanes = Lanes(text, START, 10.0, step=0.25, rtol=0.1).go()
    assert lanes["lane__t"] == 0.25
    assert lanes["x"] == pytest.approx(lanes.normal[0, 0] * 0.5)


def test_a_step_is_tried_again_when_its_error_is_ten_times_what_noise_may_make_of_it():
    text = "dx/dt = -x / second + 0.3 * xi * second**-0.5 : 1"
    first = Lanes(text, {"x": 0.0}, 100.0, rtol=1e-3, step=1.0).go()
    error = 1e-3 * (0.9 / first["lane__h"]) ** 4  # the order of the method
    assert 0.2 < first["lane__h"] < 6
    for times, steps in ((9.5, 1), (10.5, 0)):
        again = Lanes(text, {"x": 0.0}, 100.0, rtol=error / times, step=1.0).go()
        assert again["lane__steps"] == steps
