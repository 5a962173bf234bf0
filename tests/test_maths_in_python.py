"""The functions of vectorised loops as Brian2 meets them: in numpy, and what their text needs."""

from __future__ import annotations

import re
import runpy

import numpy as np
import pytest

from plasticity_sim.solver import maths

X = np.array([-3.0, -0.5, 0.0, 1e-12, 0.25, 2.0])
Y = np.array([2.0, 3.0, 1.0, 0.5, -1.0, 1.5])
EXPECTED = {
    "fma": (lambda a, b, c: a * b + c, (X, Y, X + 1)),
    "exp": (np.exp, (X,)),
    "log": (np.log, (Y[:4],)),
    "log10": (np.log10, (Y[:4],)),
    "tanh": (np.tanh, (X,)),
    "sinh": (np.sinh, (X,)),
    "cosh": (np.cosh, (X,)),
    "cos_turns": (lambda turns: np.cos(2 * np.pi * turns), (X,)),
    "exprel": (lambda x: np.array([1.0 if a == 0 else np.expm1(a) / a for a in x]), (X,)),
    "select": (lambda truth, yes, no: np.array([-3.0, -0.5, 1.0, 0.5, -1.0, 2.0]),
               (np.array([1.0, 1.0, 0.0, 0.5, 0.0, 1.0]), X, Y)),
    "below": (lambda a, b: np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0]), (X, Y)),
    "positive": (lambda x: np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), (X,)),
    "lesser": (np.minimum, (X, Y)),
    "greater": (np.maximum, (X, Y)),
    "power": (lambda x, y: np.array([9.0, -0.125, 0.0, 1e-6, 4.0, 2.0**1.5]), (X, Y)),
}  # fmt: skip


@pytest.fixture
def functions():
    """Return the functions of the module, read anew."""
    return runpy.run_path(maths.__file__, run_name=maths.__name__)["FUNCTIONS"]


def test_every_function_is_looked_at(functions):
    assert set(functions) == {f"lane__{name}" for name in EXPECTED}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_function_is_that_of_numpy_with_units_and_without(functions, name):
    expected, values = EXPECTED[name]
    function = functions[f"lane__{name}"]
    without_units = function.implementations["numpy"].get_code(None)
    for each in (function.pyfunc, without_units):
        np.testing.assert_allclose(each(*values), expected(*values), rtol=1e-12)
        assert np.asarray(each(*values)).dtype == float


@pytest.mark.parametrize("name", EXPECTED)
def test_a_function_takes_and_gives_numbers_without_a_unit(functions, name):
    function, count = functions[f"lane__{name}"], len(EXPECTED[name][1])
    assert function._arg_units == [1] * count
    assert function._arg_types == ["float"] * count
    assert (function._return_unit, function._return_type) == (1, "float")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_text_in_c_brings_all_that_it_calls(functions, name):
    made = functions[f"lane__{name}"].implementations["cpp"]
    code = made.get_code(None)["support_code"]
    own = code.split("#endif")[1]
    assert made.name == f"lane__{name}"
    assert "#define lane__fma(a, b, c)" in code.split("#endif")[0]
    called = set(re.findall(r"(lane__\w+)\(", own)) - {"lane__fma", f"lane__{name}"}
    assert set(made.dependencies) == called
    assert all(made.dependencies[other] is functions[other] for other in called)
    assert made.compiler_kwds == {"headers": ["<cmath>", "<cstdint>", "<cstring>", "<limits>"]}
    assert (f"double lane__{name}(" in own) == (name != "fma")


def test_loops_are_told_once_that_lanes_do_not_read_one_another(functions):
    # by the one function that every state update calls
    told = {
        name for name, function in functions.items()
        if "ivdep" in function.implementations["cpp"].get_code(None)["hashdefine_code"]
    }  # fmt: skip
    assert told == {"lane__below"}


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(-2.0, 3.0, -8.0), (-2.0, 0.5, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 1.0), (np.nan, 2.0, np.nan)],
)
def test_a_power_of_what_rounding_has_brought_below_zero_stays_a_number(functions, x, y, expected):
    assert functions["lane__power"].pyfunc(x, y) == pytest.approx(expected, nan_ok=True)


def test_an_exponential_has_bounds_where_a_double_ends(functions):
    exp = functions["lane__exp"].pyfunc
    assert exp(np.array([1e4, 709.0, -1e4])).tolist() == [
        np.exp(709.0), np.exp(709.0), np.exp(-708.0),
    ]  # fmt: skip
