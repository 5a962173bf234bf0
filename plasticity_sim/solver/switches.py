"""Comparisons inside equations: each becomes a switch that is 0 or 1 and has a margin.

The margin is positive where the comparison holds. A solver can keep a switch fixed over a step and
end the step where the margin changes sign.
"""

from __future__ import annotations

import ast


class Switches(ast.NodeTransformer):
    """Collects the comparisons of many expressions; `found` maps names to margins, as text."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def without_comparisons(self, text: str) -> str:
        """Return the expression with comparisons, `and`, `or`, `not` as arithmetic on switches."""
        return ast.unparse(self.visit(ast.parse(text.strip(), mode="eval")))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        match node.ops[0]:
            case ast.Gt() | ast.GtE():
                return self._switch(f"({left}) - ({right})")
            case ast.Lt() | ast.LtE():
                return self._switch(f"({right}) - ({left})")
        return node  # equality has no margin

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        parts = [f"({ast.unparse(self.visit(value))})" for value in node.values]
        if isinstance(node.op, ast.And):
            return _parsed(" * ".join(parts))
        return _parsed("1 - " + " * ".join(f"(1 - {part})" for part in parts))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return _parsed(f"1 - ({ast.unparse(operand)})")
        return ast.UnaryOp(node.op, operand)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        before = len(self.found)
        self.generic_visit(node)
        truth = len(self.found) > before and ast.unparse(node.func) == "int"
        return node.args[0] if truth else node  # int() of a truth value is that value

    def _switch(self, margin: str) -> ast.expr:
        for name, known in self.found.items():
            if known == margin:
                return _parsed(name)
        name = f"switch__{len(self.found)}"
        self.found[name] = margin
        return _parsed(name)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
