"""Variables that stay at zero throughout a run, and what is left of an expression without them.

A back-propagating action potential that never comes, say: whatever is only multiplied by it cannot
count. All is read off the equations, so that what is said holds whatever the values.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from plasticity_sim.expressions import CONSTANTS, FUNCTIONS, Expression
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Block

_ZERO_AT_ZERO = {"sqrt", "abs", "sign", "floor", "ceil", "sin", "tan", "sinh", "tanh", "arctan",
                 "int"}  # fmt: skip
_ONE_AT_ZERO = {"exp", "cos", "cosh", "exprel"}


def lasting_zeros(model: Model, blocks: Iterable[Block], moved: Collection[str]) -> frozenset[str]:
    """Return the variables that begin at zero and that neither equations nor `blocks` ever change.

    `moved` are the names that something else may set.
    """
    events = [statement for block in blocks for statement in block.statements]
    zeros = {n for n in (*model.differential, *model.held) if n not in moved and _begins(model, n)}
    while True:
        known = zeros | _defined(model, zeros)
        leaving = {n for n in zeros if not _is_zero(model.variables[n].expression, known)}
        leaving |= {s.target for s in events if s.target in zeros and (
            s.operator in ("=", "+=", "-=") and not _is_zero(s.expression, known))}  # fmt: skip
        if not leaving:
            return frozenset(known)
        zeros -= leaving


def names_left(expression: Expression, zeros: Collection[str]) -> frozenset[str]:
    """Return the names that the value of an expression depends on while `zeros` are zero.

    >>> sorted(names_left(Expression("g * (v - e_syn) + v_bap * bap"), {"bap"}))
    ['e_syn', 'g', 'v']
    """
    found = _left(expression.tree, frozenset(zeros)) or frozenset()
    return found - set(FUNCTIONS) - CONSTANTS - {"xi"}


def _begins(model: Model, name: str) -> bool:
    """Tell whether a variable is zero at first, in each of the states that a model begins in."""
    starts = [given[name] for given in (model.initial, *model.states.values()) if name in given]
    return all(start.quantity is not None and float(start.quantity) == 0 for start in starts)


def _defined(model: Model, zeros: Collection[str]) -> set[str]:
    """Return the definitions that are zero where `zeros` are."""
    found: set[str] = set()
    for name in model.subexpressions:  # each after those it needs
        if _is_zero(model.variables[name].expression, {*zeros, *found}):
            found.add(name)
    return found


def _is_zero(expression: Expression | None, zeros: Collection[str]) -> bool:
    return expression is None or _left(expression.tree, frozenset(zeros)) is None


def _left(node: ast.AST, zeros: frozenset[str]) -> frozenset[str] | None:
    """Return the names that count below a node, None where its value is zero."""
    match node:
        case ast.Name(id=name):
            return None if name in zeros else frozenset({name})
        case ast.Constant(value=value):
            return None if value == 0 else frozenset()
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _left(operand, zeros)
        case ast.BinOp(left=left, op=op, right=right):
            return _of_two(_left(left, zeros), op, _left(right, zeros), right)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            inner = _left(argument, zeros)
            if inner is None and name in _ZERO_AT_ZERO | _ONE_AT_ZERO:
                return None if name in _ZERO_AT_ZERO else frozenset()
            return inner or frozenset()
    parts = [_left(child, zeros) or frozenset() for child in ast.iter_child_nodes(node)]
    return frozenset().union(*parts)


def _of_two(
    left: frozenset[str] | None, op: ast.operator, right: frozenset[str] | None, exponent: ast.expr
) -> frozenset[str] | None:
    """Return the names that count in an operation on two values, None where it gives zero."""
    both = (left or frozenset()) | (right or frozenset())
    match op:
        case ast.Add() | ast.Sub():
            return None if left is None and right is None else both
        case ast.Mult():
            return None if left is None or right is None else both
        case ast.Pow():
            value = exponent.value if isinstance(exponent, ast.Constant) else None
            positive = isinstance(value, int | float) and value > 0
            return None if left is None and positive else both
    return None if left is None and right is not None else both  # a quotient or a remainder
