"""Differential equations as sympy trees, with everything a Rosenbrock method needs of them.

The Jacobian is kept in pieces: the partial derivatives of each equation with respect to the states
*and* to the defined expressions it reads. Elimination later joins them in the cheapest order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import sympy
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import SUBEXPRESSION, Equations
from brian2.parsing.sympytools import str_to_sympy
from brian2.stateupdaters.base import UnsupportedEquationsException
from sympy.core.function import AppliedUndef

from plasticity_sim.solver.derivative import FLAT, derivative
from plasticity_sim.solver.noise import apart
from plasticity_sim.solver.switches import Switches

TIME = sympy.Symbol("t", real=True, positive=True)  # as Brian2 makes it
_NO_NOISE = "a Rosenbrock method of fixed steps cannot integrate noise"


@dataclass
class System:
    """dy/dt = f(t, y) in pieces; symbols carry the names of the equations.

    `definitions` (in the order of need) and `slopes` may read each other's results by name,
    `invariants` read constants only, `per_step` reads what is fixed during a step. `extras` are
    definitions that no slope needs. `noises[state, xi]` is the amplitude of a white noise in an
    equation, which no slope contains, and `pulls[state]` the derivative of that slope with respect
    to the state itself, through all definitions. `switches` maps the name of a truth value to its
    margin, the expression that is positive where it holds. `partials[row, column]` is the
    derivative of a slope or definition with respect to a state or definition, `drifts[row]` the one
    to time. `fixed` says under which other name a definition is found that does not change within a
    step; `order` holds all other definitions and extras, each after those it needs.
    """

    states: tuple[str, ...]
    definitions: dict[str, sympy.Expr] = field(default_factory=dict)
    slopes: dict[str, sympy.Expr] = field(default_factory=dict)
    extras: dict[str, sympy.Expr] = field(default_factory=dict)
    noises: dict[tuple[str, str], sympy.Expr] = field(default_factory=dict)
    pulls: dict[str, sympy.Expr] = field(default_factory=dict)
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

    def check_noise(self, has_threshold: bool) -> None:
        """Refuse noise that moves within a step, and a threshold that is noisy itself."""
        for (state, _), amplitude in self.noises.items():
            if names := self._leaves(amplitude) & {*self.states, TIME.name, *self.whites}:
                raise UnsupportedEquationsException(
                    f"the noise of '{state}' depends on '{min(names)}', and a method with steps of "
                    "its own needs one that is constant between events and comparisons"
                )
        crossed = self._leaves(next(iter(self.switches.values()))) if has_threshold else set()
        if names := crossed & {state for state, _ in self.noises}:
            raise UnsupportedEquationsException(
                f"the threshold depends on '{min(names)}', which is noisy, and a method with steps "
                "of its own misses crossings within them"
            )

    def _leaves(self, tree: sympy.Expr) -> set[str]:
        """Return the names that a tree depends on, those of its definitions included."""
        trees = (tree, *self.needed(tree).values())
        return {symbol.name for each in trees for symbol in each.free_symbols}

    @property
    def compared(self) -> dict[str, dict[str, sympy.Expr]]:
        """The terms of every switch's margin, by names of their own: what it is a difference of."""
        return {
            name: {f"term_{name}_{n}": t for n, t in enumerate(sympy.Add.make_args(margin))}
            for name, margin in self.switches.items()
        }

    @property
    def whites(self) -> tuple[str, ...]:
        """The names of the white noises."""
        return tuple(dict.fromkeys(xi for _, xi in self.noises))

    @property
    def unknowns(self) -> tuple[str, ...]:
        """States and definitions: the rows and columns of the linear system."""
        return (*self.states, *self.definitions)


def system(
    equations: Equations,
    constants: Collection[str] | None = None,
    watched: Collection[str] = (),
    threshold: str = "",
    noise: bool = False,
) -> System:
    """Return the system of Brian2 `equations`.

    `constants` are the names that never change during a run, so that what depends on them alone
    can be computed beforehand; by default all that is neither state nor definition. Definitions
    among `watched` are kept even where no slope needs them; a `threshold` becomes the first
    switch. Raises UnsupportedEquationsException for functions without a derivative, for noise
    unless it is asked for, and for noise whose amplitude moves within a step.
    """
    if equations.is_stochastic and not noise:
        raise UnsupportedEquationsException(_NO_NOISE)
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
        own.slopes, own.noises = apart({name: self._tree(t) for name, t in self.texts.items()})
        own.switches = {name: self._tree(text) for name, text in self.switches.found.items()}
        own.order = tuple(own.definitions)
        own.check_noise(bool(threshold))
        self._divide(watched)
        for rows in (own.definitions, own.extras, own.slopes, own.switches):
            for name, tree in rows.items():
                rows[name] = self._hoisted(tree)
        own.noises = {key: self._hoisted(tree) for key, tree in own.noises.items()}
        own.pulls = {state: self._hoisted(self._pull(state)) for state, _ in own.noises}
        self._differentiate()
        return own

    def _pull(self, state: str) -> sympy.Expr:
        slope = self.system.slopes[state]
        for name, tree in reversed(self.system.needed(slope).items()):
            slope = slope.xreplace({_symbol(name): tree})
        return derivative(slope, _symbol(state))

    def _alias(self, name: str, other: sympy.Symbol) -> None:
        self.aliases[_symbol(name)] = other
        self.system.fixed[name] = other.name

    def _divide(self, watched: Collection[str]) -> None:
        """Keep the definitions that slopes need, put aside the watched, leave out the others."""
        own = self.system
        needed = own.needed(*own.slopes.values())
        others = (*own.switches.values(), *own.noises.values(), *map(_symbol, watched))
        looked_at = own.needed(*others)
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
                raise UnsupportedEquationsException(_NO_NOISE)
            if {s.name for s in call.free_symbols} & (self.moving | self.switches.found.keys()):
                if call.func.__name__ in FLAT:
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
                    if tree.has(symbol) and (slope := derivative(tree, symbol)) != 0:
                        own.partials[row, column] = self._hoisted(slope)
                if tree.has(TIME) and (slope := derivative(tree, TIME)) != 0:
                    own.drifts[row] = self._hoisted(slope)


_MEANINGS = {
    sympy.Function("clip"): lambda value, low, high: sympy.Min(sympy.Max(value, low), high),
    sympy.Function("sqrt"): sympy.sqrt,
    sympy.Mod: lambda value, period: value - period * sympy.floor(value / period),
}
"""What has no derivative or no name in Brian2, by what has."""


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)
