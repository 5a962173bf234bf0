"""Comparisons inside equations: each becomes a switch that is 0 or 1 and has a margin.

The switch is 1 where the margin is positive. A solver can keep a switch fixed over a step and end
the step where the margin changes sign.
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
        left, right = (ast.unparse(self.visit(x)) for x in (node.left, node.comparators[0]))
        match node.ops[0]:
            case ast.Gt():
                return self._switch(f"({left}) - ({right})")
            case ast.Lt():
                return self._switch(f"({right}) - ({left})")
            case ast.GtE():  # holds for equal values too, where no margin is positive
                return self._opposite(f"({right}) - ({left})")
            case ast.LtE():
                return self._opposite(f"({left}) - ({right})")
        sign = "==" if isinstance(node.ops[0], ast.Eq) else "!="
        return _parsed(f"int(({left}) {sign} ({right}))")  # equality has no margin

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
        truth = ast.unparse(node.func) == "int" and _is_truth(node.args[0])
        self.generic_visit(node)
        return node.args[0] if truth else node  # int() of a truth value is that value

    def _opposite(self, margin: str) -> ast.expr:
        return _parsed(f"1 - {ast.unparse(self._switch(margin))}")

    def _switch(self, margin: str) -> ast.expr:
        for name, known in self.found.items():
            if known == margin:
                return _parsed(name)
        name = f"switch__{len(self.found)}"
        self.found[name] = margin
        return _parsed(name)


def _is_truth(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    return isinstance(node, ast.Compare | ast.BoolOp)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
