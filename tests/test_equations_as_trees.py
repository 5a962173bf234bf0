"""What a solver reads out of equations: what never changes, what time moves, what it refuses."""

from __future__ import annotations

import pytest
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import UnsupportedEquationsException

from plasticity_sim.solver.switches import Switches
from plasticity_sim.solver.system import system

GROWTH = "dx/dt = rate * x : 1\nrate = 2 * k : Hz\nk : Hz"


@pytest.mark.parametrize("constants", [None, {"k"}])
def test_what_constants_alone_decide_is_known_beforehand(constants):
    own = system(Equations(GROWTH), constants)
    assert [str(tree) for tree in own.invariants.values()] == ["2*k"]
    assert own.per_step == {}


def test_what_is_not_constant_is_looked_at_once_a_step():
    own = system(Equations(GROWTH), constants=())
    assert [str(tree) for tree in own.per_step.values()] == ["2*k"]
    assert own.invariants == {}


def test_all_that_constants_alone_decide_in_a_sum_is_one_number():
    own = system(Equations("dx/dt = (a * b * x + exp(a) - b) / c : 1\na : 1\nb : 1\nc : second"))
    names = {symbol.name for symbol in own.slopes["x"].free_symbols}
    assert names <= {"x", *own.invariants}


def test_a_number_needs_no_name():
    own = system(Equations("dx/dt = -sqrt(2) * x / second : 1"))
    assert own.invariants == {}
    assert float(own.partials["x", "x"]) == pytest.approx(-(2**0.5))


def test_functions_of_time_are_called_at_the_start_of_a_step():
    own = system(Equations("dx/dt = (first(t) + second_(t)) * x / second : 1"))
    assert {str(call) for call in own.per_step.values()} == {"first(t)", "second_(t)"}
    assert not own.drifts


def test_a_function_of_a_state_that_nothing_can_differentiate_is_refused():
    with pytest.raises(UnsupportedEquationsException, match=r"needs the derivative of first\(\)"):
        system(Equations("dx/dt = first(x) / second : 1"))


def test_a_definition_that_is_time_itself_moves_with_it():
    own = system(Equations("dx/dt = cos(s / second) / second : 1\ns = t : second"))
    assert own.drifts == {"s": 1}


WHITE = "dx/dt = -x / second + xi * second**-0.5 : 1\ny = 2 * x : 1"


def test_noise_is_refused_unless_it_is_asked_for():
    with pytest.raises(UnsupportedEquationsException, match="cannot integrate noise"):
        system(Equations(WHITE))


@pytest.mark.parametrize("call", ["rand()", "randn()", "poisson(2)"])
def test_numbers_drawn_within_a_step_are_refused_as_noise(call):
    with pytest.raises(UnsupportedEquationsException, match="cannot integrate noise"):
        system(Equations(f"dx/dt = {call} / second : 1"))


def test_a_threshold_of_what_is_noisy_is_refused():
    for threshold in ("x > 1", "y > 1"):
        with pytest.raises(UnsupportedEquationsException, match="depends on 'x', which is noisy"):
            system(Equations(WHITE), watched=["y"], threshold=threshold, noise=True)


def test_the_whole_part_of_a_number_stays_its_whole_part():
    assert eval(Switches().without_comparisons("int(2.7 * a)"), {"a": 3}) == 8
