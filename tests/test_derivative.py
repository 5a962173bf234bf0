"""Derivatives of what equations may hold, against differences of 50 digits."""

from __future__ import annotations

import mpmath
import pytest
import sympy
from brian2.core.functions import exprel
from brian2.parsing.sympytools import str_to_sympy
from brian2.stateupdaters.base import UnsupportedEquationsException

from plasticity_sim.solver.derivative import derivative

X, N = sympy.Symbol("x", real=True), sympy.Symbol("n", real=True)


def written_out(x, *_):
    """Return exprel as sympy knows how to evaluate it; Brian2's is for its own code."""
    return sympy.Piecewise((1, sympy.Eq(x, 0)), ((sympy.exp(x) - 1) / x, True))


NUMBERS = {"int_": mpmath.floor, "Heaviside": lambda x, _=0: mpmath.mpf(x > 0)}


def value(tree, **point):
    """Return a tree's value in 50 digits."""
    symbols = [sympy.Symbol(name, real=True) for name in point]
    evaluate = sympy.lambdify(symbols, tree.replace(exprel, written_out), [NUMBERS, "mpmath"])
    with mpmath.workdps(50):
        return mpmath.mpf(evaluate(*map(mpmath.mpf, point.values())))


def difference(tree, name, **point):
    with mpmath.workdps(50):
        step = mpmath.mpf(10) ** -15
        sides = [
            value(tree, **{**point, name: mpmath.mpf(point[name]) + s * step}) for s in (1, -1)
        ]
        return (sides[0] - sides[1]) / (2 * step)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("x**3 / (2 + x**3)", [-0.5, 0, 1.5]),
        ("exp(-x) * sin(x) + (1 + x**2)**0.5", [-1, 0, 2]),
        ("log(x) + tanh(x) + cosh(x)", [0.25, 3]),
        ("x * floor(x + 0.5) + x * int(x > 1)", [0.75, 1.75]),
        ("exprel(x)", [-30, -1, -0.02, -0.0101, -0.0099, -1e-3, 0, 1e-6, 0.0099, 0.0101, 0.5, 9]),
        ("2 * exprel(x**2 - 1) / x", [0.5, 1, 1.002, 3]),
        ("abs(x)", [-2, 3]),
        ("abs(x - 1) * x", [-2, 3]),
    ],
)
def test_a_derivative_is_what_differences_go_to(text, points):
    tree = str_to_sympy(text)
    slope = derivative(tree, X)
    for x in points:
        expected = difference(tree, "x", x=x)
        assert float(value(slope, x=x)) == pytest.approx(float(expected), rel=2e-13, abs=1e-13), x


@pytest.mark.parametrize("x", [0.2, 1.0, 3.5])
@pytest.mark.parametrize("n", [0.5, 1.0, 2.7])
def test_a_power_has_slopes_in_its_base_and_in_its_exponent(x, n):
    tree = str_to_sympy("x**n")
    for name, symbol in (("x", X), ("n", N)):
        slope = value(derivative(tree, symbol), x=x, n=n)
        assert float(slope) == pytest.approx(float(difference(tree, name, x=x, n=n)), rel=1e-13)


def test_a_power_has_a_slope_where_its_base_is_zero():
    slope = derivative(str_to_sympy("x**n / (1 + x**n)"), X)
    assert float(value(slope, x=0, n=2)) == 0


@pytest.mark.parametrize("text", ["floor(x)", "sign(x)", "int(x > 1)", "ceil(x) * 3"])
def test_what_goes_in_steps_has_no_slope(text):
    assert derivative(str_to_sympy(text), X) == 0


def test_what_has_no_derivative_is_refused():
    unknown = sympy.Function("unknown")
    for tree in (unknown(X), unknown(2 * X), unknown(X**2) * X, sympy.Heaviside(X)):
        with pytest.raises(UnsupportedEquationsException, match="cannot differentiate"):
            derivative(tree, X)
