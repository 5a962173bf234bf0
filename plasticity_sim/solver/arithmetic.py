"""Straight-line statements made cheaper: divisions that share one, multiply-adds in one operation.

A processor divides vectors much more slowly than it multiplies them, and most can multiply and add
in one operation. A compiler may do neither by itself, since both change last digits. Done
here they are part of the program, whose bits then do not depend on what a compiler chooses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from plasticity_sim.solver.statements import Statement

INVERSE = "_inverse_"  # what the names of reciprocals begin with
_AT_ONCE = 4  # reciprocals from one division: their product stays far from the largest number
_NAME = re.compile(r"[A-Za-z_]\w*")


def gathered(statements: Sequence[Statement]) -> tuple[list[Statement], list[str]]:
    """Return `statements` with reciprocals that can be had at the same time made by one division.

    A reciprocal is written `_inverse_NAME = 1.0 / (…)`, and no name is assigned twice. Also returns
    the names of the products that were divided by: where one of them is not finite, neither are
    the reciprocals to be trusted.
    """
    depth: dict[str, int] = {}  # how many divisions lie behind a value
    plain: dict[int, list[Statement]] = {}
    divisions: dict[int, list[Statement]] = {}
    for name, code in statements:
        behind = max((depth.get(read, 0) for read in _NAME.findall(code)), default=0)
        divides = name.startswith(INVERSE)
        depth[name] = behind + divides
        (divisions if divides else plain).setdefault(behind, []).append((name, code))
    ordered: list[Statement] = []
    products: list[str] = []
    for behind in sorted({*plain, *divisions}):
        ordered += plain.get(behind, [])
        own = divisions.get(behind, [])
        for first in range(0, len(own), _AT_ONCE):
            ordered += _together(own[first : first + _AT_ONCE], products)
    return ordered, products


def _together(divisions: Sequence[Statement], products: list[str]) -> list[Statement]:
    """Return the statements that make some reciprocals with one division, and note the product.

    With p = a b c one has 1/c = a b (1/p) and 1/(a b) = c (1/p), and so on down.
    """
    if len(divisions) == 1:
        return list(divisions)
    names = [name for name, _ in divisions]
    divisors = [f"_divisor{name}" for name in names]
    running = [divisors[0], *(f"_product{name}" for name in names[1:])]
    left = [names[0], *(f"_left{name}" for name in names[1:])]  # what is left to be shared out
    products.append(running[-1])
    statements = [
        (d, code.removeprefix("1.0 / ")) for d, (_, code) in zip(divisors, divisions, strict=True)
    ]
    for place in range(1, len(names)):
        statements.append((running[place], f"{running[place - 1]} * {divisors[place]}"))
    statements.append((left[-1], f"1.0 / {running[-1]}"))
    for place in reversed(range(1, len(names))):
        statements.append((names[place], f"{running[place - 1]} * {left[place]}"))
        statements.append((left[place - 1], f"{divisors[place]} * {left[place]}"))
    return statements


def fused(code: str, name: str) -> str:
    """Return an expression in which sums of products are calls of `name`, a * b + c.

    >>> fused("x - 2.0 * y + a * b * c", "fma")
    'fma(a * b, c, fma(-2.0, y, x))'
    """
    return ast.unparse(_Fuser(name).visit(ast.parse(code, mode="eval")))


class _Fuser(ast.NodeTransformer):
    def __init__(self, name: str):
        self.name = name

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.BinOp(left, ast.Add(), ast.BinOp(a, ast.Mult(), b)):
                return self._call(a, b, left)
            case ast.BinOp(left, ast.Sub(), ast.BinOp(a, ast.Mult(), b)):
                return self._call(_negative(a), b, left)
            case ast.BinOp(ast.BinOp(a, ast.Mult(), b), ast.Add(), right):
                return self._call(a, b, right)
            case ast.BinOp(ast.BinOp(a, ast.Mult(), b), ast.Sub(), right):
                return self._call(a, b, _negative(right))
        return node

    def _call(self, *arguments: ast.expr) -> ast.expr:
        return ast.Call(ast.Name(self.name, ast.Load()), list(arguments), [])


def _negative(node: ast.expr) -> ast.expr:
    match node:
        case ast.UnaryOp(ast.USub(), inner):
            return inner
    return ast.UnaryOp(ast.USub(), node)
