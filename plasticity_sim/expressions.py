"""Expressions and statements of models: parsed once against an allow-list, never evaluated as text.

The notation is Brian2's. Whatever is not arithmetic over names, the listed functions and
comparisons is refused here, before any code is generated.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from keyword import iskeyword

import numpy as np

from plasticity_sim.errors import InputError, suggestion

FUNCTIONS = {
    "exp": 1, "log": 1, "log10": 1, "sqrt": 1, "abs": 1, "sign": 1, "floor": 1, "ceil": 1,
    "sin": 1, "cos": 1, "tan": 1, "sinh": 1, "cosh": 1, "tanh": 1, "arctan": 1,
    "exprel": 1, "int": 1, "clip": 3, "rand": 0, "randn": 0,
}  # fmt: skip
RESERVED = set(FUNCTIONS) | {
    "t", "dt", "i", "j", "N", "xi", "pi", "e", "inf", "clock", "variables", "refractory",
    "not_refractory", "lastspike", "t_in_timesteps",
}  # fmt: skip
CONSTANTS = {"pi", "e"}

# what the functions mean in plain Python: the reference engine and starting values use these
PYTHON_FUNCTIONS: dict[str, object] = {
    "exp": math.exp, "log": math.log, "log10": math.log10, "sqrt": math.sqrt, "abs": abs,
    "sign": lambda x: float(x > 0) - float(x < 0), "floor": math.floor, "ceil": math.ceil,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "sinh": math.sinh, "cosh": math.cosh,
    "tanh": math.tanh, "arctan": math.atan, "int": int, "pi": math.pi, "e": math.e,
    "exprel": lambda x: math.expm1(x) / x if x else 1.0,
    "clip": lambda x, low, high: min(max(x, low), high),
}  # fmt: skip
# and the same on arrays, element by element
NUMPY_FUNCTIONS: dict[str, object] = {
    "exp": np.exp, "log": np.log, "log10": np.log10, "sqrt": np.sqrt, "abs": np.abs,
    "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arctan": np.arctan,
    "int": np.trunc, "pi": math.pi, "e": math.e,
    "exprel": lambda x: np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x)),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
}  # fmt: skip

_LARGEST = 1e300
_DEEPEST = 200
_LONGEST = 4000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OPERATORS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Mod, ast.USub, ast.UAdd, ast.Not,
    ast.And, ast.Or, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Load,
)  # fmt: skip
_NODES = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, *_OPERATORS)
_ASSIGNMENTS = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}


@dataclass(frozen=True)
class Expression:
    """One checked expression; `text` is valid both for Brian2 and for Python."""

    text: str

    @cached_property
    def tree(self) -> ast.expr:
        return _parse(self.text, "eval").body  # type: ignore[attr-defined,no-any-return]

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of variables and parameters; functions, constants and `xi` left out."""
        found = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        return frozenset(found - set(FUNCTIONS) - CONSTANTS - {"xi"})

    @cached_property
    def is_noisy(self) -> bool:
        """Whether it draws random numbers."""
        found = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        return bool(found & {"xi", "rand", "randn"})

    def evaluate(self, values: Mapping[str, float]) -> float:
        """Return the value over SI `values` of its names."""
        tree = ast.fix_missing_locations(_Floats().visit(_parse(self.text, "eval")))
        code = compile(tree, "<expression>", "eval")
        try:
            return float(eval(code, {"__builtins__": {}}, {**PYTHON_FUNCTIONS, **values}))
        except (ArithmeticError, ValueError, TypeError) as problem:
            raise InputError(f"'{self.text[:80]}' has no value: {problem}") from None

    def substituted(self, replacements: Mapping[str, str]) -> Expression:
        """Return the expression with names replaced by (bracketed) expressions."""
        return Expression(_substituted(self.text, replacements))


@dataclass(frozen=True)
class Statement:
    """What an event does to one variable: `target operator expression`, as in `x += 1`."""

    target: str
    operator: str
    expression: Expression

    @property
    def text(self) -> str:
        return f"{self.target} {self.operator} {self.expression.text}"

    @property
    def reads(self) -> frozenset[str]:
        """Every name whose value the statement needs."""
        own = {self.target} if self.operator != "=" else set()
        return self.expression.names | own


def parse_expression(text: str) -> Expression:
    """Return the checked expression of `text`, spread over lines or not."""
    lines = (line.split("#")[0] for line in str(text).splitlines())
    flat = " ".join(" ".join(lines).split())
    tree = _parse(flat, "eval").body  # type: ignore[attr-defined]
    _check(tree, flat)
    return Expression(flat)


def parse_statements(text: str) -> tuple[Statement, ...]:
    """Return the statements of an event block, one a line or separated by semicolons."""
    lines = [line.split("#")[0] for line in str(text).splitlines()]
    parts = [part.strip() for line in lines for part in line.split(";") if part.strip()]
    if not parts:
        raise InputError("an event block is empty; write a statement, as in 'x += 1'")
    return tuple(_statement(part) for part in parts)


def _statement(text: str) -> Statement:
    body = _parse(text, "exec").body  # type: ignore[attr-defined]
    match body:
        case [ast.Assign(targets=[ast.Name(id=target)], value=value)]:
            operator = "="
        case [ast.AugAssign(target=ast.Name(id=target), op=op, value=value)] if (
            type(op) in _ASSIGNMENTS
        ):
            operator = _ASSIGNMENTS[type(op)]
        case _:
            raise InputError(f"'{text}' is not a statement; write one as in 'x += 1'")
    check_name(target)
    _check(value, text)
    return Statement(target, operator, Expression(ast.unparse(value)))


def check_name(name: str) -> str:
    """Return `name` if a variable or parameter may carry it, else raise InputError."""
    if not _NAME.fullmatch(name) or "__" in name or len(name) > 60 or iskeyword(name):
        raise InputError(f"'{name[:60]}' is not a name; use letters, digits and single underscores")
    if name in RESERVED:
        raise InputError(f"'{name}' has a meaning of its own in equations; choose another name")
    return name


def _parse(text: str, mode: str) -> ast.AST:
    if len(text) > _LONGEST:
        raise InputError(f"an expression is longer than {_LONGEST} characters")
    if not text.isascii():  # Python would read some letters as others
        raise InputError(
            f"'{text[:80]}' is not an expression: a letter is not a plain one, not a name"
        )
    try:
        tree = ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"'{text[:80]}' is not an expression: check brackets and signs") from None
    if _depth(tree) > _DEEPEST:
        raise InputError(f"'{text[:80]}' is not an expression: nested too deeply")
    return tree


def _depth(tree: ast.AST) -> int:
    """Return the nesting of a tree, without recursion."""
    level, depth = [tree], 0
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def _check(tree: ast.expr, text: str) -> None:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=value):
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise InputError(f"'{text[:80]}' holds {value!r}; only numbers are possible")
                if not abs(value) < _LARGEST:
                    raise InputError(f"'{text[:80]}' holds a number that is not finite")
            case ast.Name(id=name):
                if name in FUNCTIONS and id(node) not in called:
                    raise InputError(
                        f"'{name}' is a function; write what it is of, as in {name}(x)"
                    )
                if name not in RESERVED:
                    check_name(name)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in FUNCTIONS:
                    raise InputError(f"no function '{name}'; {suggestion(name, FUNCTIONS)}")
                if len(args) != FUNCTIONS[name]:
                    raise InputError(f"{name}() takes {FUNCTIONS[name]} values, found {len(args)}")
            case _ if not isinstance(node, _NODES):
                kind = type(node).__name__.lower()
                raise InputError(f"'{text[:80]}' holds a {kind}, which no equation may hold")


class _Floats(ast.NodeTransformer):
    """Makes every number a float: whole powers of whole numbers could go on for ever."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]


class _Substitution(ast.NodeTransformer):
    def __init__(self, replacements: Mapping[str, str]):
        self.replacements = replacements

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.replacements:
            return node
        return _parse(self.replacements[node.id], "eval").body  # type: ignore[attr-defined,no-any-return]


def _substituted(text: str, replacements: Mapping[str, str]) -> str:
    return ast.unparse(_Substitution(replacements).visit(_parse(text, "eval")))


def ordered(definitions: Mapping[str, Expression]) -> list[str]:
    """Return the names so that each stands after those it needs; a circle is an InputError."""
    needs = {name: sorted(e.names & definitions.keys()) for name, e in definitions.items()}
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as problem:
        circle = " -> ".join(reversed(problem.args[1]))
        raise InputError(f"the equations go round in a circle: {circle}") from None
