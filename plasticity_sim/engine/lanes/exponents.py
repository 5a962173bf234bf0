"""Exponents that are whole numbers: written into the equations, where they become products."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import lru_cache

from plasticity_sim.engine.batch import Batch
from plasticity_sim.expressions import Expression
from plasticity_sim.model.model import Model

_LARGEST = 64


def with_whole_powers(batch: Batch) -> Model:
    """Return the batch's model with Hill coefficients and the like as numbers.

    Only those that are the same whole number in every lane from beginning to end; a power that is
    a parameter costs a logarithm and an exponential, and is not defined below zero.
    """
    variables = dict(batch.model.variables)
    for name, variable in variables.items():
        if variable.expression is None:
            continue
        found = _exponents(variable.expression) & batch.model.parameters.keys()
        whole = {n: value for n in found if (value := _common(batch, n)) is not None}
        if whole:
            text = ast.unparse(
                _Writer(whole).visit(ast.parse(variable.expression.text, mode="eval"))
            )
            variables[name] = replace(variable, expression=Expression(text))
    return replace(batch.model, variables=variables)


@lru_cache(maxsize=4096)
def _exponents(expression: Expression) -> frozenset[str]:
    return frozenset(
        node.right.id
        for node in ast.walk(expression.tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and isinstance(node.right, ast.Name)
    )


def _common(batch: Batch, name: str) -> int | None:
    """Return the whole number that a parameter always is, None if it is not."""
    values = {lane.parameters[name] for lane in batch.lanes}
    values |= {s.parameters[name] for lane in batch.lanes for s in lane.settings
               if name in s.parameters}  # fmt: skip
    value = values.pop()
    return int(value) if not values and value.is_integer() and 0 < value <= _LARGEST else None


class _Writer(ast.NodeTransformer):
    def __init__(self, whole: dict[str, int]):
        self.whole = whole

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        match node:
            case ast.BinOp(op=ast.Pow(), right=ast.Name(id=name)) if name in self.whole:
                return ast.BinOp(node.left, ast.Pow(), ast.Constant(self.whole[name]))
        return node
