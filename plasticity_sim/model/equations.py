"""Equation blocks: read line by line, checked for names and dimensions before Brian2 sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    DimensionMismatchError,
    get_dimensions,
)

from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.expressions import (
    CONSTANTS,
    Expression,
    Statement,
    check_name,
    parse_expression,
)
from plasticity_sim.model.bounds import check_constants
from plasticity_sim.model.parts import Kind, Variable
from plasticity_sim.quantities import display_unit, parse_unit, unit_table

SECOND = get_dimensions(unit_table()["second"])
SINCE = {"since_pre": SECOND, "since_post": SECOND}

_DERIVATIVE = re.compile(r"d(\w+)\s*/\s*dt", re.ASCII)
_DEFINITION = re.compile(r"\s*(d\w+\s*/\s*dt|\w+)\s*(=(?!=)|:)", re.ASCII)
_FLAGS = re.compile(r"(.*\w)?\s*\([\w\s,]*\)\s*", re.ASCII)  # of a unit: "volt (constant)"
_HINT = "write `dx/dt = … : unit`, `x = … : unit` or `x : unit`"


def parse_equations(text: str, component: str) -> list[tuple[Variable, int]]:
    """Return the variables that an equation block defines, each with its line in the block."""
    return [
        (_variable(joined, comment, component, offset), offset)
        for joined, comment, offset in _joined_lines(text)
    ]


def _joined_lines(text: str) -> Iterable[tuple[str, str, int]]:
    """Yield (equation, comment, line offset); an equation goes on until its `: unit`."""
    pending: list[str] = []
    first = 0
    for offset, line in enumerate(text.splitlines()):
        code, _, comment = line.partition("#")
        if not code.strip():
            continue
        if pending and _DEFINITION.match(code):
            break
        if not pending:
            first = offset
        pending.append(code.strip())
        if ":" in code:
            yield " ".join(pending), comment.strip(), first
            pending = []
    if pending:
        shown = " ".join(pending)[:80]
        raise EquationError(f"'{shown}' has no unit; {_HINT}", first)


class EquationError(InputError):
    """A mistake in an equation `offset` lines below the first of its block."""

    def __init__(self, message: str, offset: int):
        super().__init__(message)
        self.offset = offset


def _variable(line: str, comment: str, component: str, offset: int) -> Variable:
    try:
        body, _, unit = line.rpartition(":")
        left, equals, right = (part.strip() for part in body.partition("="))
        derivative = _DERIVATIVE.fullmatch(left)
        name = check_name(derivative[1] if derivative else left)
        if derivative and not equals:
            raise InputError(f"'{line}' has no right-hand side; {_HINT}")
        if equals and not right:
            raise InputError(f"'{line}' has no right-hand side; {_HINT}")
        if _FLAGS.fullmatch(unit):
            raise InputError(f"'{line}': flags such as (constant) are not used here")
        parsed = parse_unit(unit)
        dimensions = get_dimensions(parsed)
        if float(parsed) != 1:
            raise InputError(f"'{line}': write the unit without prefix, as in volt, amp or mM")
        if not unit.strip():
            raise InputError(f"'{line}' has no unit; write ': 1' for a plain number")
        expression = parse_expression(right) if equals else None
        kind = Kind.DIFFERENTIAL if derivative else Kind.SUBEXPRESSION if equals else Kind.HELD
        return Variable(name, kind, expression, unit.strip(), dimensions, comment, component)
    except InputError as problem:
        raise EquationError(problem.message, offset) from None


def check_dimensions(
    expression: Expression, wanted: Dimension, known: Mapping[str, Dimension], what: str
) -> None:
    """Raise an InputError unless `expression` has dimensions `wanted` over the `known` names."""
    found = expression_dimensions(expression, known, what)
    if found is not wanted:
        raise InputError(
            f"{what} has the unit {display_unit(found)}, where {display_unit(wanted)} is wanted"
        )


def expression_dimensions(
    expression: Expression, known: Mapping[str, Dimension], what: str
) -> Dimension:
    """Return the dimensions of an expression; unknown names and wrong sums are InputErrors."""
    check_constants(expression)
    unknown = sorted(expression.names - known.keys() - CONSTANTS)
    if unknown:
        hint = suggestion(unknown[0], known)
        raise InputError(f"{what} reads '{unknown[0]}', which nothing defines; {hint}")
    table: dict[str, Any] = {name: SimpleNamespace(dim=dim) for name, dim in known.items()}
    table |= {name: SimpleNamespace(dim=DIMENSIONLESS) for name in CONSTANTS}
    table["xi"] = SimpleNamespace(dim=(SECOND**-0.5))
    table |= DEFAULT_FUNCTIONS
    try:
        return parse_expression_dimensions(expression.text, table)
    except DimensionMismatchError as problem:
        raise InputError(f"{what} mixes units: {problem.desc.removesuffix('.')}") from None
    except (SyntaxError, TypeError, NotImplementedError, ValueError, KeyError) as problem:
        raise InputError(f"{what}: {problem}") from None


def check_statement(statement: Statement, known: Mapping[str, Dimension], what: str) -> None:
    """Raise an InputError unless both sides of an event's statement have one dimension."""
    found = expression_dimensions(statement.expression, {**known, **SINCE}, what)
    scaling = statement.operator in ("*=", "/=")
    wanted = DIMENSIONLESS if scaling else known[statement.target]
    if found is not wanted:
        raise InputError(
            f"{what}: '{statement.text}' gives {display_unit(found)}, "
            f"where {display_unit(wanted)} is wanted"
        )


def base_unit_text(dimensions: Dimension) -> str:
    """Return the unit of `dimensions` in base units, as Brian2's equations want it.

    >>> base_unit_text(SECOND)
    'second'
    """
    names = {
        "m": "metre", "kg": "kilogram", "s": "second", "A": "amp", "K": "kelvin", "mol": "mole",
        "cd": "candle",
    }  # fmt: skip
    factors = []
    for key, name in names.items():
        power = dimensions.get_dimension(key)
        if power:
            factors.append(name if power == 1 else f"{name}**{power:g}")
    return "*".join(factors) or "1"
