"""What is refused of a model because no computer could follow it: sizes, powers, taken names."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

from plasticity_sim.errors import InputError
from plasticity_sim.expressions import FUNCTIONS, PYTHON_FUNCTIONS, Expression, ordered

MOST_VARIABLES = 500
MOST_STATEMENTS = 1000  # of all events together
MOST_TERMS = 50_000  # of an equation with its definitions written out; the largest shipped has 1140
LARGEST_POWER = 100  # exponents beyond are surely a mistake, and symbolic algebra writes them out

_LARGEST = 1e100
_LARGEST_WHOLE = 2**53
_DRAWN = {"rand", "randn"}
# what C++ and its headers, or Brian2's generated code, read in their own way
_TAKEN = """
    alignas alignof and_eq asm bitand bitor bool case catch char char16_t char32_t compl const
    const_cast constexpr decltype default delete do double dynamic_cast enum explicit export
    extern float friend goto inline long mutable namespace new noexcept not_eq nullptr operator
    or_eq private protected public register reinterpret_cast short signed sizeof static
    static_assert static_cast struct switch template this thread_local throw true false typedef
    typeid typename union unsigned using virtual void volatile wchar_t xor xor_eq typeof restrict
    std main brian network NULL NAN INFINITY HUGE_VAL EOF BUFSIZ RAND_MAX CLOCKS_PER_SEC errno
    stdin stdout stderr linux unix int32_t int64_t size_t self scalar_code vector_code owner
    get_array_name constant_or_scalar autoindent c_data_type openmp_pragma user_headers profiled
    range dict lipsum cycler joiner prefs set
"""
TAKEN = frozenset(_TAKEN.split())


def check_taken(name: str) -> None:
    """Raise an InputError for a name that the generated code would read in its own way."""
    if name in TAKEN or name.startswith("M_") or name in PYTHON_FUNCTIONS:
        raise InputError(f"'{name}' has a meaning of its own in C++; choose another name")


def check_constants(expression: Expression) -> None:
    """Raise an InputError for numbers and powers of numbers that lead beyond all numbers.

    Symbolic algebra computes 9**9**9 to its last digit, which would take days.
    """
    _constant(expression.tree, expression.text[:80])


def _constant(node: ast.AST, text: str) -> float | None:
    """Return the value of what holds numbers alone, None for anything else."""
    values = [_constant(child, text) for child in ast.iter_child_nodes(node)]
    match node:
        case ast.Constant(value=int(value)) if abs(value) >= _LARGEST_WHOLE:
            raise InputError(f"'{text}' holds a whole number of this size; write it as in 1e20")
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name) if name not in FUNCTIONS and name in PYTHON_FUNCTIONS:
            return float(PYTHON_FUNCTIONS[name])  # type: ignore[arg-type]
        case ast.Call(func=ast.Name(id=name)) if name not in _DRAWN:
            numbers = values[1:]
        case ast.BinOp(left=_, op=op, right=_):
            numbers = [values[0], values[2]]
            if (
                isinstance(op, ast.Pow)
                and numbers[1] is not None
                and (not abs(numbers[1]) <= LARGEST_POWER)
            ):
                raise InputError(
                    f"'{text}' holds a power of {numbers[1]:g}; at most {LARGEST_POWER} is possible"
                )
        case ast.UnaryOp(operand=_):
            numbers = values[1:]
        case _:
            return None
    if not numbers or None in numbers:
        return None
    value = _evaluated(node, text)
    if not abs(value) < _LARGEST:
        raise InputError(f"'{text}' holds numbers whose result is not finite")
    return value


def _evaluated(node: ast.AST, text: str) -> float:
    try:
        return Expression(ast.unparse(node)).evaluate({})
    except InputError as problem:
        raise InputError(f"'{text}': {problem.message}") from None


def check_size(definitions: Mapping[str, Expression], equations: Mapping[str, Expression]) -> None:
    """Raise an InputError for more than can be differentiated and compiled.

    `definitions` are written out wherever they are read, so a chain of doublings has no end.
    """
    if len(definitions) + len(equations) > MOST_VARIABLES:
        count = len(definitions) + len(equations)
        raise InputError(f"{count} equations; at most {MOST_VARIABLES} are possible")
    terms: dict[str, int] = {}
    for name in ordered(definitions):
        terms[name] = _bounded(name, definitions[name], terms)
    for name, expression in equations.items():
        _bounded(name, expression, terms)


def _bounded(name: str, expression: Expression, terms: Mapping[str, int]) -> int:
    count = sum(
        terms.get(node.id, 1) if isinstance(node, ast.Name) else 1
        for node in ast.walk(expression.tree)
    )
    if count > MOST_TERMS:
        raise InputError(
            f"the equation of '{name}' has {count:.3g} terms once its definitions are written "
            f"out; at most {MOST_TERMS} are possible"
        )
    return count


def check_finite(value: float, what: str) -> float:
    """Return a value; InputError if it is not finite."""
    if not math.isfinite(value):
        raise InputError(f"{what} is not finite")
    return value
