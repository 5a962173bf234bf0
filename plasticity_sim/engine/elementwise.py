"""Python text of expressions, made to mean what the compiled code means: on numbers, on arrays."""

from __future__ import annotations

import ast
import math
from functools import reduce

import numpy as np

from plasticity_sim.engine.duals import DUAL_FUNCTIONS, dual
from plasticity_sim.expressions import PYTHON_FUNCTIONS

# what truth is on arrays: comparisons give 0 and 1, as they count in sums and products
SCOPE: dict[str, object] = {
    **DUAL_FUNCTIONS,
    "_not": lambda x: np.logical_not(dual(x).value) * 1.0,
    "_and": lambda x, y: np.where(dual(x).value, dual(y).value, dual(x).value),
    "_or": lambda x, y: np.where(dual(x).value, dual(x).value, dual(y).value),
}
REAL_SCOPE: dict[str, object] = {**PYTHON_FUNCTIONS, "_power": math.pow}


def with_real_powers(source: str) -> ast.Module:
    """Return the syntax tree of `source` with powers that fail where they are complex, as roots do.

    >>> ast.unparse(with_real_powers("x**n + x**2"))
    '_power(x, n) + x ** 2'
    """
    return ast.fix_missing_locations(_RealPowers().visit(ast.parse(source)))  # type: ignore[no-any-return]


def elementwise(source: str) -> ast.Module:
    """Return the syntax tree of `source` with truth and whole numbers as arrays have them.

    >>> ast.unparse(elementwise("int(0 < x < 1) + (not x > 2)"))
    'int((0.0 < x) * 1.0 * ((x < 1.0) * 1.0)) + _not((x > 2.0) * 1.0)'
    """
    tree = _Elementwise().visit(ast.parse(source))
    return ast.fix_missing_locations(tree)  # type: ignore[no-any-return]


class _RealPowers(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        whole = isinstance(node.right, ast.Constant) and isinstance(node.right.value, int)
        if whole or not isinstance(node.op, ast.Pow):
            return node
        return _call("_power", node.left, node.right)


class _Elementwise(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        whole = isinstance(node.value, int) and not isinstance(node.value, bool)
        return ast.Constant(float(node.value)) if whole else node  # type: ignore[arg-type]

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        links = [
            ast.BinOp(ast.Compare(left, [sign], [right]), ast.Mult(), ast.Constant(1.0))
            for left, sign, right in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return reduce(lambda one, two: ast.BinOp(one, ast.Mult(), two), links)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        name = "_and" if isinstance(node.op, ast.And) else "_or"
        return reduce(lambda one, two: _call(name, one, two), node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return _call("_not", node.operand) if isinstance(node.op, ast.Not) else node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
