"""Cheaper arithmetic computes the same: shared divisions and multiply-adds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity_sim.solver.arithmetic import fused, gathered

SIZES = st.floats(1e-30, 1e30)


def run(statements, **names):
    for name, code in statements:
        names[name] = np.float64(eval(code, {"fma": lambda a, b, c: a * b + c}, names))
    return names


def divisions(statements):
    return sum(code.count("/") for _, code in statements)


@given(st.lists(SIZES, min_size=1, max_size=11))
def test_reciprocals_are_those_of_each_number(numbers):
    values = {f"x{n}": np.float64(value) for n, value in enumerate(numbers)}
    made, _ = gathered([(f"_inverse_{name}", f"1.0 / ({name})") for name in values])
    found = run(made, **values)
    for name, value in values.items():
        assert found[f"_inverse_{name}"] == pytest.approx(1 / value, rel=1e-14)
    assert divisions(made) == math.ceil(len(numbers) / 4)


def test_reciprocals_wait_for_what_they_need():
    chain = [
        ("a", "x + 1.0"),
        ("_inverse_a", "1.0 / (a)"),
        ("_inverse_y", "1.0 / (y)"),
        ("b", "y - _inverse_a"),
        ("_inverse_b", "1.0 / (b)"),
        ("c", "b * _inverse_b + _inverse_y"),
    ]
    made, products = gathered(chain)
    found, plain = run(made, x=3.0, y=0.7), run(chain, x=3.0, y=0.7)
    assert divisions(made) == 2
    assert len(products) == 1
    for name, _ in chain:
        assert found[name] == pytest.approx(plain[name], rel=1e-14)


def test_numbers_and_inputs_are_divided_by_at_once():
    made, _ = gathered(
        [("two", "2.0"), ("_inverse_two", "1.0 / (two)"), ("_inverse_x", "1.0 / (x)")]
    )
    assert divisions(made) == 1


@pytest.mark.parametrize("infinite", [math.inf, 1e200])
def test_a_product_tells_where_a_divisor_was_too_large(infinite):
    made, products = gathered([(f"_inverse_{x}", f"1.0 / ({x})") for x in "abc"])
    with np.errstate(all="ignore"):
        found = run(made, a=np.float64(2.0), b=np.float64(infinite), c=np.float64(infinite))
    assert not all(np.isfinite(found[name]) for name in products)


@pytest.mark.parametrize(
    ("code", "calls"),
    [
        ("a + b * c", 1), ("a * b + c", 1), ("a - b * c", 1), ("a * b - c", 1),
        ("a * b - c * d", 1), ("a - (b + c * d)", 1), ("-a * b - -c * d", 1), ("a / b + c / d", 0),
        ("a + b * c * d + (a - b) * (c - d) - 2.0 * a", 3), ("a * (b + c)", 0),
    ],
)  # fmt: skip
@given(numbers=st.lists(st.integers(-9, 9).filter(bool), min_size=4, max_size=4))
def test_multiply_adds_mean_the_same(code, calls, numbers):
    names = dict(zip("abcd", map(float, numbers), strict=True))
    made = fused(code, "fma")
    right = eval(code, dict(names))
    assert run([("x", made)], **names)["x"] == pytest.approx(right, rel=1e-12, abs=1e-12)
    assert made.count("fma(") == calls
