"""Derivatives that exist where sympy's own are 0 / 0 or an impulse."""

from __future__ import annotations

import sympy
from brian2.core.functions import exprel
from brian2.stateupdaters.base import UnsupportedEquationsException

FLAT = ("int_", "floor", "ceiling", "sign")  # functions whose slope is zero almost everywhere


def derivative(tree: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """Return d tree / d symbol, the slope of step-like functions taken as zero."""
    flat = {call: sympy.Dummy() for call in tree.atoms(sympy.Function)
            if call.func.__name__ in FLAT}  # fmt: skip
    tree = tree.xreplace(flat).replace(_is_unsafe, lambda part: _SAFE[part.func](*part.args))
    slope = tree.diff(symbol)
    if slope.has(sympy.Derivative, sympy.DiracDelta):
        raise UnsupportedEquationsException(f"a Rosenbrock method cannot differentiate {tree}")
    for usual, safe in _SAFE.items():
        slope = slope.replace(safe, usual)
    return slope.xreplace({dummy: call for call, dummy in flat.items()})


def _is_unsafe(tree: sympy.Expr) -> bool:
    return tree.func in _SAFE and not (tree.is_Pow and tree.exp.is_number)


class _SafePower(sympy.Function):
    """x**n whose slope exists where x is zero; sympy's own has x**n / x."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        x, n = self.args
        return n * x ** (n - 1) if argindex == 1 else x**n * sympy.log(x)


class _SafeExprel(sympy.Function):
    """exprel(x) whose slope is a series near zero; Brian2's own is 0 / 0 there."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        x = self.args[0]
        far = sympy.Heaviside(x**2 - 1e-4)
        safe = x + (1 - far)
        series = sum(x**n / (sympy.factorial(n) * (n + 2)) for n in range(6))
        return far * (sympy.exp(safe) * (safe - 1) + 1) / safe**2 + (1 - far) * series


class _SafeAbs(sympy.Function):
    """|x| for an x of which sympy cannot tell that it is real."""

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        return sympy.sign(self.args[0])


_SAFE = {sympy.Pow: _SafePower, exprel: _SafeExprel, sympy.Abs: _SafeAbs}
