"""A task as a simulator needs it: equations in products and quotients, and events in time.

Constants stand in the equations as numbers and whole powers as products, so that a compiler can
make the most of them; every simulator gets the same text.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

Events = list[tuple[float, dict[str, float]]]  # time, and what is added to which variable

_HIGHEST = 16  # power that is written as a product


@dataclass
class Problem:
    """The equations of a task: `lines` in order, then `slopes`, over states, inputs and varied.

    `inputs` are the held variables that the equations read.
    """

    task: dict[str, Any]
    lines: dict[str, str] = field(default_factory=dict)
    slopes: dict[str, str] = field(default_factory=dict)
    looks: dict[str, str] = field(default_factory=dict)  # definitions of what is watched

    @classmethod
    def read(cls, path: str | Path) -> Problem:
        """Return the problem of the JSON file at `path`."""
        problem = cls(json.loads(Path(path).read_text("utf-8")))
        definitions = dict(problem.task["definitions"])
        used = problem._used(definitions)
        flat = _Flat(problem.task["constants"])
        for name, text in definitions.items():
            found = flat.text(text)
            helpers, flat.helpers = flat.helpers, {}
            (problem.lines if name in used else problem.looks).update({**helpers, name: found})
        for name, text in problem.task["slopes"].items():
            problem.slopes[name] = flat.text(text)
        problem.lines.update(flat.helpers)
        return problem

    def _used(self, definitions: dict[str, str]) -> set[str]:
        """Return the definitions that the slopes read, directly or through others."""
        stack, used = list(self.task["slopes"].values()), set()
        while stack:
            for name in names_of(stack.pop()) & definitions.keys() - used:
                used.add(name)
                stack.append(definitions[name])
        return used

    @property
    def states(self) -> list[str]:
        return self.task["states"]

    @property
    def scales(self) -> np.ndarray:
        return np.array(self.task["scales"])

    @property
    def varied(self) -> list[str]:
        return self.task["varied"]

    @property
    def inputs(self) -> list[str]:
        read = set().union(*map(names_of, [*self.slopes.values(), *self.lines.values()]))
        return [name for name in self.task["held"] if name in read]

    def parameters(self, synapse: int) -> dict[str, float]:
        """Return the varied parameters of one synapse."""
        values = self.task["synapses"][synapse]["parameters"]
        return dict(zip(self.varied, values, strict=True))

    def initial(self, synapse: int) -> dict[str, float]:
        """Return the first values of states and held variables."""
        values = self.task["synapses"][synapse]["initial"]
        return dict(zip([*self.states, *self.task["held"]], values, strict=True))

    def agenda(self) -> Events:
        """Return what is added to which variables at each time; events of one moment are one."""
        jumps = self.task["jumps"]
        agenda: Events = []
        for time, events in groupby(self.task["events"], key=lambda event: event[0]):
            total: dict[str, float] = {}
            for _, place in events:
                for name, value in jumps[int(place)].items():
                    total[name] = total.get(name, 0.0) + value
            agenda.append((time, total))
        return agenda

    def look(self, values: dict[str, float]) -> dict[str, float]:
        """Return the watched variables, given states, held variables and parameters."""
        known: dict[str, Any] = {**values, "exp": np.exp}
        for name, text in {**self.lines, **self.looks}.items():
            known[name] = eval(text, {"__builtins__": {}}, known)  # text of our own making
        return {name: float(known[name]) for name in self.task["watched"]}


def names_of(text: str) -> set[str]:
    """Return the names in an expression, functions among them."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


class _Flat(ast.NodeTransformer):
    """Writes constants as numbers and whole powers as products."""

    def __init__(self, constants: dict[str, float]):
        self.constants = constants
        self.helpers: dict[str, str] = {}
        self.count = 0

    def text(self, expression: str) -> str:
        """Return the expression; the bases of its powers are left in `helpers`."""
        tree = self.visit(ast.parse(expression, mode="eval").body)
        return ast.unparse(ast.fix_missing_locations(tree))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.constants:
            return _number(self.constants[node.id])
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _number(float(node.value))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name) or node.func.id != "exp":
            raise ValueError(f"no simulator here is told about {ast.unparse(node)}")
        return ast.Call(node.func, [self.visit(node.args[0])], [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if not isinstance(node.op, ast.Pow):
            return ast.BinOp(left, node.op, right)
        exponent = float(ast.literal_eval(right))
        if exponent != int(exponent) or not 1 <= exponent <= _HIGHEST:
            raise ValueError(f"no simulator here is told about {ast.unparse(node)}")
        return self._product(self._base(left), int(exponent))

    def _base(self, base: ast.expr) -> ast.expr:
        if isinstance(base, ast.Name | ast.Constant):
            return base
        self.count += 1
        name = f"base_{self.count}"
        self.helpers[name] = ast.unparse(ast.fix_missing_locations(base))
        return ast.Name(name)

    def _product(self, base: ast.expr, exponent: int) -> ast.expr:
        if exponent == 1:
            return base
        half = self._product(base, exponent // 2)
        both = ast.BinOp(half, ast.Mult(), half)
        return ast.BinOp(both, ast.Mult(), base) if exponent % 2 else both


def _number(value: float) -> ast.expr:
    number = ast.Constant(abs(value))
    return ast.UnaryOp(ast.USub(), number) if value < 0 else number
