"""Differential equations as sympy trees, with everything a Rosenbrock method needs of them.

The Jacobian is kept in pieces: the partial derivatives of each equation with respect to the states
*and* to the defined expressions it reads. Elimination later joins them in the cheapest order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import sympy
from brian2.core.functions import exprel
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import SUBEXPRESSION, Equations
from brian2.parsing.sympytools import str_to_sympy
from brian2.stateupdaters.base import UnsupportedEquationsException
from sympy.core.function import AppliedUndef

from plasticity_sim.solver.switches import Switches

TIME = sympy.Symbol("t", real=True, positive=True)  # as Brian2 makes it
_FLAT = ("int_", "floor", "ceiling", "sign")  # functions whose slope is zero almost everywhere


@dataclass
class System:
    """dy/dt = f(t, y) in pieces; symbols carry the names of the equations.

    `definitions` (in the order of need) and `slopes` may read each other's results by name,
    `invariants` read constants only, `per_step` reads what is fixed during a step. `extras` are
    definitions that no slope needs. `switches` maps the name of a truth value to its margin, the
    expression that is positive where it holds. `partials[row, column]` is the derivative of a slope
    or definition with respect to a state or definition, `drifts[row]` the one to time. `fixed`
    says under which other name a definition is found that does not change within a step; `order`
    holds all other definitions and extras, each after those it needs.
    """

    states: tuple[str, ...]
    definitions: dict[str, sympy.Expr] = field(default_factory=dict)
    slopes: dict[str, sympy.Expr] = field(default_factory=dict)
    extras: dict[str, sympy.Expr] = field(default_factory=dict)
    invariants: dict[str, sympy.Expr] = field(default_factory=dict)
    per_step: dict[str, sympy.Expr] = field(default_factory=dict)
    switches: dict[str, sympy.Expr] = field(default_factory=dict)
    partials: dict[tuple[str, str], sympy.Expr] = field(default_factory=dict)
    drifts: dict[str, sympy.Expr] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def needed(self, *trees: sympy.Expr) -> dict[str, sympy.Expr]:
        """Return the definitions and extras that `trees` read, directly or through others."""
        used = {symbol.name for tree in trees for symbol in tree.free_symbols}
        known = self.definitions | self.extras
        for name in reversed(self.order):
            if name in used:
                used |= {symbol.name for symbol in known[name].free_symbols}
        return {name: known[name] for name in self.order if name in used}

    @property
    def unknowns(self) -> tuple[str, ...]:
        """States and definitions: the rows and columns of the linear system."""
        return (*self.states, *self.definitions)


def system(
    equations: Equations,
    constants: Collection[str] | None = None,
    watched: Collection[str] = (),
    threshold: str = "",
) -> System:
    """Return the system of Brian2 `equations`.

    `constants` are the names that never change during a run, so that what depends on them alone
    can be computed beforehand; by default all that is neither state nor definition. Definitions
    among `watched` are kept even where no slope needs them; a `threshold` becomes the first
    switch. Raises UnsupportedEquationsException for noise and for functions without a derivative.
    """
    if equations.is_stochastic:
        raise UnsupportedEquationsException("a Rosenbrock method cannot integrate noise")
    return _Reader(equations, constants).read(watched, threshold)


class _Reader:
    """Turns text into trees and pulls out of them what changes rarely."""

    def __init__(self, equations: Equations, constants: Collection[str] | None):
        self.texts = {n: str(e.code) for n, e in equations.diff_eq_expressions}
        self.definitions = {
            eq.varname: str(eq.expr.code) for eq in equations.ordered if eq.type == SUBEXPRESSION
        }
        self.system = System(tuple(self.texts))
        self.constants = constants
        self.switches = Switches()
        self.moving = {*self.texts}  # names whose value changes within a step
        self.aliases: dict[sympy.Expr, sympy.Expr] = {}

    def read(self, watched: Collection[str], threshold: str) -> System:
        own = self.system
        if threshold:
            # whoever has reached a threshold has not crossed it yet
            self.switches.without_comparisons(threshold.replace(">=", ">").replace("<=", "<"))
        for name, text in self.definitions.items():
            tree = self._tree(text)
            if self._is_constant(tree):
                self._alias(name, self._invariant(tree))
            elif self._is_fixed(tree):
                self._alias(name, self._fixed(tree))
            else:
                own.definitions[name] = tree
                self.moving.add(name)
        own.slopes = {name: self._tree(text) for name, text in self.texts.items()}
        own.switches = {name: self._tree(text) for name, text in self.switches.found.items()}
        self._divide(watched)
        for rows in (own.definitions, own.extras, own.slopes, own.switches):
            for name, tree in rows.items():
                rows[name] = self._hoisted(tree)
        self._differentiate()
        return own

    def _alias(self, name: str, other: sympy.Symbol) -> None:
        self.aliases[_symbol(name)] = other
        self.system.fixed[name] = other.name

    def _divide(self, watched: Collection[str]) -> None:
        """Keep the definitions that slopes need, put aside the watched, leave out the others."""
        own = self.system
        own.order = tuple(own.definitions)
        needed = own.needed(*own.slopes.values())
        looked_at = own.needed(*own.switches.values(), *(_symbol(name) for name in watched))
        own.extras = {n: tree for n, tree in looked_at.items() if n not in needed}
        own.definitions = needed
        own.order = tuple(n for n in own.order if n in needed | own.extras)

    def _tree(self, text: str) -> sympy.Expr:
        """Return the tree of an expression, units as numbers and comparisons as switches."""
        tree = str_to_sympy(self.switches.without_comparisons(text))
        units = {
            symbol: sympy.Float(float(DEFAULT_UNITS[symbol.name]))
            for symbol in tree.free_symbols
            if symbol.name in DEFAULT_UNITS and symbol.name not in self.texts
        }
        for function, meaning in _MEANINGS.items():
            tree = tree.replace(function, meaning)
        return self._once_a_step(tree.xreplace(units | self.aliases))

    def _once_a_step(self, tree: sympy.Expr) -> sympy.Expr:
        """Replace functions of unknown shape, such as a TimedArray, by their value at the start."""
        for call in sorted(tree.atoms(AppliedUndef), key=str):
            if call.func.__name__ in ("rand", "randn", "poisson"):
                raise UnsupportedEquationsException("a Rosenbrock method cannot integrate noise")
            if {s.name for s in call.free_symbols} & (self.moving | self.switches.found.keys()):
                if call.func.__name__ in _FLAT:
                    continue
                raise UnsupportedEquationsException(
                    f"a Rosenbrock method needs the derivative of {call.func.__name__}(), "
                    "which nothing defines"
                )
            tree = tree.xreplace({call: self._fixed(call)})
        return tree

    def _fixed(self, tree: sympy.Expr) -> sympy.Symbol:
        name = f"_once{len(self.system.per_step)}"
        self.system.per_step[name] = tree
        return _symbol(name)

    def _is_fixed(self, tree: sympy.Expr) -> bool:
        names = {s.name for s in tree.free_symbols}
        return not (names & self.moving or "t" in names or names & self.switches.found.keys())

    def _is_constant(self, tree: sympy.Expr) -> bool:
        if not self._is_fixed(tree):
            return False
        names = {s.name for s in tree.free_symbols}
        if self.constants is None:
            return not names & self.system.per_step.keys()
        return names <= {*self.constants, *self.system.invariants}

    def _hoisted(self, tree: sympy.Expr) -> sympy.Expr:
        """Return the tree with its constant parts replaced by invariants."""
        if tree.is_Atom:
            return tree
        if self._is_constant(tree):
            return self._invariant(tree) if tree.free_symbols else tree.evalf()
        if tree.is_Add or tree.is_Mul:
            fixed = [arg for arg in tree.args if self._is_constant(arg)]
            rest = [self._hoisted(arg) for arg in tree.args if not self._is_constant(arg)]
            constant = tree.func(*fixed)
            return tree.func(self._hoisted(constant), *rest)
        return tree.func(*(self._hoisted(arg) for arg in tree.args))

    def _invariant(self, tree: sympy.Expr) -> sympy.Symbol:
        for name, known in self.system.invariants.items():
            if known == tree:
                return _symbol(name)
        name = f"invariant__{len(self.system.invariants)}"
        self.system.invariants[name] = tree
        return _symbol(name)

    def _differentiate(self) -> None:
        own = self.system
        known = {name: _symbol(name) for name in own.unknowns}
        for rows in (own.definitions, own.slopes):
            for row, tree in rows.items():
                for column, symbol in known.items():
                    if tree.has(symbol) and (slope := _derivative(tree, symbol)) != 0:
                        own.partials[row, column] = self._hoisted(slope)
                if tree.has(TIME) and (slope := _derivative(tree, TIME)) != 0:
                    own.drifts[row] = self._hoisted(slope)


def _derivative(tree: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """Return d tree / d symbol, the slope of step-like functions taken as zero."""
    flat = {call: sympy.Dummy() for call in tree.atoms(sympy.Function)
            if call.func.__name__ in _FLAT}  # fmt: skip
    tree = tree.xreplace(flat).replace(_is_unsafe, lambda part: _SAFE[part.func](*part.args))
    slope = tree.diff(symbol)
    if slope.has(sympy.Derivative, sympy.DiracDelta, sympy.Subs):
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


_MEANINGS = {
    sympy.Function("clip"): lambda value, low, high: sympy.Min(sympy.Max(value, low), high),
    sympy.Function("sqrt"): sympy.sqrt,
    sympy.Mod: lambda value, period: value - period * sympy.floor(value / period),
}
"""What has no derivative or no name in Brian2, by what has."""


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)
