"""Text such as "0.5 nS" to Brian2 quantities and back; ranges and lists of them."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from brian2.units.allunits import all_units
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    Quantity,
    get_dimensions,
    get_unit_for_display,
)

from plasticity_sim.errors import InputError

Scalar = str | int | float

_NUMBER = re.compile(
    r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*(.*?)\s*", re.DOTALL
)
_RANGE = re.compile(r"\s*([^:\s]+)\s*:\s*([^:\s]+)\s*:\s*([0-9]+)\s*(.*?)\s*", re.DOTALL)
_SPAN = re.compile(r"\s*([^:\s]+)\s*:\s*([^:\s]+)(?:\s+(.*?))?\s*", re.DOTALL)
_ZERO_CELSIUS = 273.15  # K
_LONGEST_TEXT = 200
_LONGEST_RANGE = 100_000
_LARGEST = 1e100  # in SI units: so that products of a few values are finite


@cache
def unit_table() -> dict[str, Quantity]:
    """Return every unit name that may stand in a file, from Brian2's own table."""
    table: dict[str, Quantity] = {}
    for unit in all_units:
        for name in (unit.dispname, unit.name):
            if name.isidentifier():
                table[name] = unit
    second, ohm = table["second"], table["ohm"]
    table |= {"min": 60 * second, "minute": 60 * second, "hour": 3600 * second}
    table |= {"h": 3600 * second, "day": 86400 * second}
    for prefix in ("", "k", "M", "G"):
        table[prefix + "Ohm"] = table[prefix + "ohm"] if prefix else ohm
    return table


def parse_unit(text: str) -> Quantity:
    """Return the unit that `text` names: products, quotients and whole powers of unit names.

    >>> float(parse_unit("nS/um**2"))
    1000.0
    """
    text = text.strip()
    if not text:
        return Quantity(1.0)
    if text == "%":
        return Quantity(0.01)
    if "#" in text:
        raise _bad_unit(text)
    if len(text) > _LONGEST_TEXT:
        raise InputError("a unit of this length is surely a mistake")
    source = "1" + text if text.startswith("/") else text
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _bad_unit(text) from None
    return _unit(tree, text)


def _unit(node: ast.expr, text: str) -> Quantity:
    match node:
        case ast.Name(id=name):
            if name not in unit_table():
                raise InputError(f"'{name}' is not a unit; write for example 'nS', 'mV' or 'uM'")
            return unit_table()[name]
        case ast.Constant(value=value) if type(value) is int and value == 1:
            return Quantity(1.0)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _unit(left, text) * _unit(right, text)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _unit(left, text) / _unit(right, text)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _unit(left, text) ** _exponent(right, text)
        case _:
            raise _bad_unit(text)


def _exponent(node: ast.expr, text: str) -> int:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            value = -value
        case ast.Constant(value=int(value)):
            pass
        case _:
            raise _bad_unit(text)
    if isinstance(value, bool) or abs(value) > 9:
        raise _bad_unit(text)
    return value


def _bad_unit(text: str) -> InputError:
    return InputError(f"'{text}' is not a unit; write units as in 'nS', 'um**2' or '1/(uM*s)'")


def split_quantity(text: Scalar) -> tuple[float, str]:
    """Return number and unit text of a quantity.

    >>> split_quantity("0.5 nS")
    (0.5, 'nS')
    """
    if isinstance(text, bool):
        raise InputError(f"'{text}' is not a quantity; write a number and a unit, as in '0.5 nS'")
    if isinstance(text, int | float):
        try:
            number, unit = float(text), ""
        except OverflowError:
            raise InputError("an integer of this size is not finite as a quantity") from None
    else:
        match = _NUMBER.fullmatch(str(text)[: _LONGEST_TEXT + 1])
        if not match or len(str(text)) > _LONGEST_TEXT:
            shown = str(text)[:40]
            raise InputError(
                f"'{shown}' is not a quantity; write a number and a unit, as in '0.5 nS'"
            )
        number, unit = float(match[1]), match[2]
    if not math.isfinite(number):
        raise InputError(f"'{text}' is not finite")
    return number, unit


def parse_quantity(text: Scalar, like: Dimension | None = None) -> Quantity:
    """Return the quantity that `text` writes; with `like`, of these dimensions or an error.

    >>> float(parse_quantity("0.5 nS"))
    5e-10
    """
    number, unit = split_quantity(text)
    if unit == "degC":  # an offset, so not a unit of its own
        if number < -_ZERO_CELSIUS:
            raise InputError(f"'{text}' lies below absolute zero")
        quantity = (number + _ZERO_CELSIUS) * unit_table()["kelvin"]
    else:
        with np.errstate(all="ignore"):  # Brian2 makes 1 * 1 a plain float
            quantity = Quantity(number * parse_unit(unit))
        if not abs(float(quantity)) < _LARGEST:
            raise InputError(f"'{text}' is not finite, or larger than anything one could mean")
    if like is not None:
        require_dimensions(quantity, like, str(text))
    return quantity


def require_dimensions(quantity: Quantity, like: Dimension, text: str) -> None:
    """Raise an InputError that names both units where the dimensions differ."""
    if get_dimensions(quantity) is like:
        return
    if like is DIMENSIONLESS:
        raise InputError(f"'{text}' has a unit where a plain number is wanted")
    wanted = display_unit(like)
    if get_dimensions(quantity) is DIMENSIONLESS:
        raise InputError(f"'{text}' has no unit; write one, as in '{text} {wanted}'")
    raise InputError(f"'{text}' has the wrong unit; a unit like '{wanted}' is wanted")


@cache
def _shown_units() -> dict[Dimension, str]:
    """The units in which the field gives the values of a synapse."""
    names = ("mV", "nA", "nS", "uM", "ms", "nF", "uM/s", "1/s")
    return {DIMENSIONLESS: "1"} | {get_dimensions(parse_unit(name)): name for name in names}


def display_unit(dimensions: Dimension) -> str:
    """Return the unit in which values of these dimensions are shown to people.

    >>> display_unit(parse_quantity("0.1 mol/metre**3").dim)
    'uM'
    """
    if dimensions in _shown_units():
        return _shown_units()[dimensions]
    return str(get_unit_for_display(dimensions)).replace("^", "**").replace(" ", "*")


def seconds(text: Scalar) -> float:
    """Return a duration in seconds.

    >>> seconds("10 min")
    600.0
    """
    return float(parse_quantity(text, get_dimensions(unit_table()["second"])))


def hertz(text: Scalar) -> float:
    """Return a rate in hertz."""
    return float(parse_quantity(text, get_dimensions(unit_table()["hertz"])))


def in_unit(value: float, unit: str) -> float:
    """Return an SI number in the unit that `unit` names, as people read it."""
    return value - _ZERO_CELSIUS if unit == "degC" else value / float(parse_unit(unit))


@dataclass(frozen=True)
class Span:
    """All between two ends in one unit: in even steps or, where `is_log`, in even ratios."""

    start: float
    stop: float
    unit: str
    is_log: bool = False

    def at(self, share: float) -> str:
        """Return the quantity at a share of the way, 0 to 1, written out with the unit."""
        if self.is_log:
            value = self.start * (self.stop / self.start) ** share
        else:
            value = self.start + share * (self.stop - self.start)
            # what only the rounding of the share leaves
            nothing = abs(value) < 1e-12 * max(abs(self.start), abs(self.stop))
            value = 0.0 if nothing else value
        return f"{value:.12g} {self.unit}".strip()  # 12 digits: values as people would write them


def parse_span(text: str) -> Span:
    """Return what start:stop and a unit write, `log` behind it for even ratios.

    >>> parse_span("0.1:10 nS log").at(0.5)
    '1 nS'
    """
    match = _SPAN.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if not match:
        raise InputError(f"'{text[:80]}' is not start:stop and a unit, as in '0.2:1 nS'")
    return _span(text, match[1], match[2], match[3] or "")


def is_range(text: object) -> bool:
    """Tell whether `text` is start:stop:count with a unit."""
    return isinstance(text, str) and len(text) <= _LONGEST_TEXT and bool(_RANGE.fullmatch(text))


def expand_range(text: str) -> list[str]:
    """Return the quantities of start:stop:count, each written out with the unit.

    >>> expand_range("-2:2:3 ms")
    ['-2 ms', '0 ms', '2 ms']
    >>> expand_range("0.1:10:3 nS log")
    ['0.1 nS', '1 nS', '10 nS']
    """
    match = _RANGE.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if not match:
        raise InputError(
            f"'{text[:80]}' is not a range; write start:stop:count, as in '-30:30:31 ms'"
        )
    span, count = _span(text, match[1], match[2], match[4]), int(match[3])
    if not 1 <= count <= _LONGEST_RANGE:
        raise InputError(f"'{text}' has {count} values; 1 to {_LONGEST_RANGE} are possible")
    return [span.at(i / max(count - 1, 1)) for i in range(count)]


def _span(text: str, start: str, stop: str, words: str) -> Span:
    first, last = split_quantity(start), split_quantity(stop)
    if first[1] or last[1]:
        raise InputError(f"'{text}': the unit stands once, at the end, as in '-30:30:31 ms'")
    is_log = words.split()[-1:] == ["log"]
    if "log" in words.split()[:-1]:
        raise InputError(f"'{text}': 'log' stands last, as in '0.1:10:9 nS log'")
    unit = words.removesuffix("log").strip() if is_log else words
    for end in (start, stop):
        parse_quantity(f"{end} {unit}")
    if not math.isfinite(last[0] - first[0]):
        raise InputError(f"'{text}' spans more than a number can hold")
    if is_log and (first[0] * last[0] <= 0 or unit == "degC"):
        raise InputError(f"'{text}': ratios need two ends of one sign, and a unit without offset")
    return Span(first[0], last[0], unit, is_log)


def expand_list(text: str) -> list[str]:
    """Return the quantities of a command line's list or range; one unit may serve all.

    >>> expand_list("1,5,10 Hz")
    ['1 Hz', '5 Hz', '10 Hz']
    """
    if is_range(text):
        return expand_range(text)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1:
        return parts
    unit = split_quantity(parts[-1])[1]
    return [part if split_quantity(part)[1] else f"{part} {unit}".strip() for part in parts]
