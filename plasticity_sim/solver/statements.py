"""Sympy trees to statements of Brian2's abstract code that compile to few operations."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

Statement = tuple[str, str]  # name and expression

_BRIAN_NAMES = {
    "int_": "int", "Abs": "abs", "ceiling": "ceil",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan",
}  # fmt: skip
_LARGEST_POWER = 64  # above this a power is a power, not a product


class _Printer(StrPrinter):
    """Prints names through a table, numbers as floats and whole powers as products.

    `functions` says what to call instead of a function; 'power' stands for `**`.
    """

    def __init__(self, names: Mapping[str, str], functions: Mapping[str, str]):
        super().__init__()
        self.names = names
        self.functions = functions

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return str(self.names.get(expr.name, expr.name))

    def _print_Integer(self, expr: sympy.Integer) -> str:
        return _number(int(expr))

    def _print_Rational(self, expr: sympy.Rational) -> str:
        return _number(float(expr))

    def _print_Float(self, expr: sympy.Float) -> str:
        return _number(float(expr))

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return "pi"

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return "e"

    def _print_Heaviside(self, expr: sympy.Expr) -> str:
        if "positive" in self.functions:
            return self._call("positive", self._print(expr.args[0]))
        return f"int({self._print(expr.args[0])} > 0.0)"

    def _print_Relational(self, expr: sympy.Expr) -> str:
        return f"({self._print(expr.lhs)}) {expr.rel_op} ({self._print(expr.rhs)})"

    def _print_Max(self, expr: sympy.Expr) -> str:
        return self._bounded(expr, "greater", "clip({}, {}, 1e300)")

    def _print_Min(self, expr: sympy.Expr) -> str:
        return self._bounded(expr, "lesser", "clip({}, -1e300, {})")

    def _bounded(self, expr: sympy.Expr, name: str, otherwise: str) -> str:
        first, *rest = (str(self._print(arg)) for arg in expr.args)
        for other in rest:
            own = name in self.functions
            first = self._call(name, first, other) if own else otherwise.format(first, other)
        return first

    def _print_Function(self, expr: sympy.Expr) -> str:
        name = _BRIAN_NAMES.get(expr.func.__name__, expr.func.__name__)
        arguments = [a for a in expr.args if a != sympy.Symbol("_placeholder_arg")]
        return self._call(name, *(self._print(a) for a in arguments))

    def _call(self, name: str, *arguments: str) -> str:
        return f"{self.functions.get(name, name)}({', '.join(arguments)})"

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:
        base, exponent = expr.as_base_exp()
        if exponent == sympy.Rational(1, 2):
            return self._call("sqrt", self._print(base))
        if exponent.is_Integer and 1 <= exponent <= _LARGEST_POWER:
            own = str(self.parenthesize(base, PRECEDENCE["Pow"], strict=False))
            return _power(own, int(exponent))
        if exponent.is_number and exponent < 0:
            return f"1.0 / {self.parenthesize(base**-exponent, PRECEDENCE['Pow'], strict=False)}"
        if "power" in self.functions:
            return self._call("power", self._print(base), self._print(exponent))
        return f"({self._print(base)}) ** ({self._print(exponent)})"

    def _print_Mul(self, expr: sympy.Expr) -> str:
        over, under = [], []
        for factor in expr.as_ordered_factors():
            base, exponent = factor.as_base_exp()
            if exponent.is_number and exponent < 0:
                under.append(base**-exponent)
            else:
                over.append(factor)
        sign = ""
        if over and over[0] == -1:
            sign, over = "-", over[1:]
        text = sign + (" * ".join(self._factor(x) for x in over) or "1.0")
        return f"{text} / ({' * '.join(self._factor(x) for x in under)})" if under else text

    def _factor(self, expr: sympy.Expr) -> str:
        return str(self.parenthesize(expr, PRECEDENCE["Mul"], strict=False))


def text(
    tree: sympy.Expr, names: Mapping[str, str], functions: Mapping[str, str] | None = None
) -> str:
    """Return `tree` as an expression of abstract code, its symbols named as `names` says."""
    return str(_Printer(names, functions or {}).doprint(tree))


def shared(trees: Mapping[str, sympy.Expr], prefix: str) -> dict[str, sympy.Expr]:
    """Return `trees` with what they have in common computed once, in the order of need.

    The trees may read one another by name. New names start with `prefix`.
    """
    names = (sympy.Symbol(f"{prefix}{n}", real=True) for n in range(100_000))
    common, rest = sympy.cse(list(trees.values()), symbols=names, order="none")
    table = {symbol.name: tree for symbol, tree in common}
    table |= dict(zip(trees, rest, strict=True))
    needs = {
        name: sorted({s.name for s in tree.free_symbols} & table.keys())
        for name, tree in table.items()
    }
    return {name: table[name] for name in TopologicalSorter(needs).static_order()}


def _power(base: str, exponent: int) -> str:
    """Return base * base * …, bracketed so that a compiler shares the squares."""
    if exponent == 1:
        return base
    half = _power(base, exponent // 2)
    square = f"({half} * {half})"
    return f"({square} * {base})" if exponent % 2 else square


def _number(value: float) -> str:
    digits = repr(float(value))
    return f"({digits})" if value < 0 else digits
