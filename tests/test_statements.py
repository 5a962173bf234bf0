"""Trees as code: what is written means the tree, and is what compiles to few operations."""

from __future__ import annotations

import pytest
import sympy
from brian2.core.functions import exprel
from brian2.parsing.sympytools import str_to_sympy

from plasticity_sim.solver.statements import shared, text

X, Y, K = (sympy.Symbol(name, real=True) for name in ("x", "y", "k_on"))
OWN = {"power": "lane__power", "greater": "lane__greater", "lesser": "lane__lesser",
       "positive": "lane__positive", "exp": "lane__exp"}  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "plain", "own"),
    [
        (sympy.sqrt(X + Y), "sqrt(x + y)", "sqrt(x + y)"),
        (X ** sympy.Rational(1, 3), "(x) ** (0.3333333333333333)",
         "lane__power(x, 0.3333333333333333)"),
        (X**K, "(x) ** (k_on)", "lane__power(x, k_on)"),
        (X**65, "(x) ** (65.0)", "lane__power(x, 65.0)"),
        (X**2, "(x * x)", "(x * x)"),
        ((X + Y) ** 3, "(((x + y) * (x + y)) * (x + y))", "(((x + y) * (x + y)) * (x + y))"),
        (1 / X, "1.0 / x", "1.0 / x"),
        (X**-2, "1.0 / ((x * x))", "1.0 / ((x * x))"),
        (Y / X**2, "y / ((x * x))", "y / ((x * x))"),
        (-Y / (X + 1), "-y / (x + 1.0)", "-y / ((x + 1.0))"),
        (sympy.Max(X, 0), "clip(0.0, x, 1e300)", "lane__greater(0.0, x)"),
        (sympy.Min(X, 0), "clip(0.0, -1e300, x)", "lane__lesser(0.0, x)"),
        (sympy.Heaviside(X - 1), "int(x + (-1.0) > 0.0)", "lane__positive(x + (-1.0))"),
        (sympy.exp(-X), "exp(-x)", "lane__exp(-x)"),
        (sympy.Abs(X), "abs(x)", "abs(x)"),
        (sympy.ceiling(X) + sympy.asin(Y), "arcsin(y) + ceil(x)", "arcsin(y) + ceil(x)"),
        (sympy.pi * X + sympy.E, "pi * x + e", "pi * x + e"),
        (sympy.Integer(-3), "(-3.0)", "(-3.0)"),
    ],
)  # fmt: skip
def test_a_tree_is_written_so(tree, plain, own):
    brackets = str.maketrans("", "", "()")
    assert text(tree, {}).translate(brackets) == plain.translate(brackets)
    assert text(tree, {}, OWN).translate(brackets) == own.translate(brackets)


def test_the_largest_power_that_is_a_product_has_six_squares():
    assert text(X**64, {}).count("x") == 64
    assert "**" not in text(X**64, {})


@pytest.mark.parametrize("functions", [{}, OWN])
@pytest.mark.parametrize(
    "tree",
    [
        (X + Y) ** 3 / (K + X**2) - X, -(X - Y) / (Y * (K - X)), X**-3 * Y, (X**K) ** 2 + 2**X,
        sympy.Max(X, Y, K) * sympy.Min(X, Y, K), sympy.sqrt(X**2 + 1) / X**2, X ** (Y + 1) / -3,
        (X * Y) ** K, -((X + 1) ** 2), 1 / (1 + 1 / X), sympy.Heaviside(X - Y) * (X - Y) ** 5,
    ],
)  # fmt: skip
def test_what_is_written_means_the_tree(tree, functions):
    scope = {
        "sqrt": sympy.sqrt, "clip": lambda x, low, high: min(max(x, low), high),
        "lane__greater": max, "lane__lesser": min, "lane__power": lambda x, y: x**y,
        "lane__positive": lambda x: float(x > 0), "lane__exp": sympy.exp,
    }  # fmt: skip
    for x, y, k in ((0.7, 2.5, 1.3), (3.5, 0.2, 2.0), (1.1, 1.9, 0.4)):
        found = eval(text(tree, {"k_on": "rate"}, functions), scope, {"x": x, "y": y, "rate": k})
        assert float(found) == pytest.approx(float(tree.subs({X: x, Y: y, K: k})), rel=1e-13)


def test_the_second_argument_that_keeps_a_function_from_being_evaluated_is_not_written():
    assert text(exprel(X), {"x": "v"}) == "exprel(v)"


def test_a_function_without_arguments_is_written_without_any():
    assert text(str_to_sympy("2 * outside()"), {}) == "2.0 * outside()"


def test_what_trees_share_is_computed_once_before_it_is_read():
    both = sympy.exp(X * Y)
    found = shared({"a": both + 1, "b": both * sympy.Symbol("a", real=True)}, "_common")
    assert list(found) == ["_common0", "a", "b"]
    assert found["_common0"] == both
    assert found["a"] == sympy.Symbol("_common0", real=True) + 1
