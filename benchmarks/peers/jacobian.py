"""The equations of a problem and their Jacobian as numba functions, in scales of the states."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import numba
import numpy as np
import sympy

from benchmarks.peers.problem import Problem, names_of

Entries = dict[tuple[int, int], sympy.Expr]


def slope_function(problem: Problem) -> Callable:
    """Return the numba function f(t, y, p) -> dy/dt; `p` holds varied parameters and inputs."""
    sizes = problem.task["scales"]
    size = len(sizes)
    body = [*_unpacking(problem), *_assignments(problem), f"out = empty({size})"]
    for row, text in enumerate(problem.slopes.values()):
        body.append(f"out[{row}] = ({text}) * {1 / sizes[row]!r}")
    return _compiled([*body, "return out"])


def jacobian_function(problem: Problem) -> Callable:
    """Return the numba function j(t, y, p) -> df/dy, from symbolic derivatives."""
    sizes = problem.task["scales"]
    size = len(sizes)
    chain, entries = derivatives(problem)
    trees = [*chain.values(), *entries.values()]
    parts, trees = sympy.cse(trees, sympy.numbered_symbols("common_"))
    body = [*_unpacking(problem), *_assignments(problem)]
    # a common part may read a derivative of the chain: each is written as soon as it can be
    body += _in_order([(str(s), t) for s, t in parts] + list(zip(chain, trees, strict=False)))
    body.append(f"out = zeros(({size}, {size}))")
    for (row, column), tree in zip(entries, trees[len(chain) :], strict=True):
        factor = sizes[column] / sizes[row]
        body.append(f"out[{row}, {column}] = {factor!r} * ({code(tree)})")
    return _compiled([*body, "return out"])


def derivatives(problem: Problem) -> tuple[dict[str, sympy.Expr], Entries]:
    """Return the derivatives of definitions by states, and those of the slopes by states.

    Both may read the derivatives of earlier definitions by name, as `slope_DEFINITION_STATE`.
    """
    names = {
        n for text in [*problem.lines.values(), *problem.slopes.values()] for n in names_of(text)
    }
    symbols = {name: sympy.Symbol(name, real=True) for name in names - {"exp"}}
    lines = {n: sympy.sympify(text, locals=symbols) for n, text in problem.lines.items()}
    chain: dict[str, sympy.Expr] = {}

    def slope(tree: sympy.Expr, state: str) -> sympy.Expr:
        total = sympy.diff(tree, symbols[state]) if state in symbols else sympy.Integer(0)
        for symbol in sorted(tree.free_symbols, key=str):
            link = f"slope_{symbol}_{state}"
            if link in chain:
                total += sympy.diff(tree, symbol) * sympy.Symbol(link, real=True)
        return total

    for name, tree in lines.items():
        for state in problem.states:
            found = slope(tree, state)
            if found != 0:
                chain[f"slope_{name}_{state}"] = found
    entries: Entries = {}
    for row, text in enumerate(problem.slopes.values()):
        tree = sympy.sympify(text, locals=symbols)
        for column, state in enumerate(problem.states):
            found = slope(tree, state)
            if found != 0:
                entries[row, column] = found
    return chain, entries


def code(tree: sympy.Expr) -> str:
    """Return the Python text of a tree."""
    return sympy.pycode(tree).replace("math.", "")


def _unpacking(problem: Problem) -> list[str]:
    scaled = enumerate(zip(problem.states, problem.task["scales"], strict=True))
    return [
        *(f"{name} = {scale!r} * y[{place}]" for place, (name, scale) in scaled),
        *(f"{name} = p[{place}]" for place, name in enumerate([*problem.varied, *problem.inputs])),
    ]


def _assignments(problem: Problem) -> list[str]:
    return [f"{name} = {text}" for name, text in problem.lines.items()]


def _in_order(pairs: list[tuple[str, sympy.Expr]]) -> list[str]:
    """Return assignments, each after those whose names it reads."""
    lines, waiting, own = [], list(pairs), {name for name, _ in pairs}
    while waiting:
        later = []
        for name, tree in waiting:
            if own & {str(symbol) for symbol in tree.free_symbols}:
                later.append((name, tree))
            else:
                lines.append(f"{name} = {code(tree)}")
                own.discard(name)
        waiting = later
    return lines


def _compiled(body: list[str]) -> Callable:
    scope = {"exp": exp, "empty": np.empty, "zeros": np.zeros}
    text = "\n    ".join(["def function(t, y, p):", *body])
    exec(text, scope)  # text of our own making
    return numba.njit(scope["function"], fastmath=True, error_model="numpy")
