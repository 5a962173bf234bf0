"""Quantities as a Brian2 script writes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

import brian2
from brian2.units.fundamentalunits import Dimension

from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.parts import Parameter
from plasticity_sim.quantities import in_unit, parse_unit, split_quantity, unit_table

_LONGER = {"s": "second", "min": "minute", "h": "hour"}  # names that a script cannot take
_WORD = re.compile(r"[A-Za-z]+")
_CELSIUS = "degC"


def parameter_text(parameter: Parameter) -> str:
    """Return the value of a parameter as its file writes it, in Python."""
    number, unit = split_quantity(parameter.text)
    return quantity_text([number], unit)


def quantity_text(numbers: Sequence[float], unit: str) -> str:
    """Return numbers in `unit` as Python; several make an array.

    >>> quantity_text([0.5], "1/(uM*s)"), quantity_text([1, 2], "nS"), quantity_text([20], "%")
    ('0.5/(uM*second)', '[1, 2]*nS', '20*0.01')
    """
    same = len(set(numbers)) == 1
    if unit == _CELSIUS:
        numbers, unit = [number + 273.15 for number in numbers], "kelvin"
    number = f"{numbers[0]:.17g}" if same else f"[{', '.join(f'{n:.17g}' for n in numbers)}]"
    shorter = [f"{n:.15g}" for n in numbers]
    if [float(text) for text in shorter] == [float(n) for n in numbers]:
        number = shorter[0] if same else f"[{', '.join(shorter)}]"
    if unit in ("", "1"):
        return number
    if unit == "%":
        return f"{number}*0.01"
    text = _WORD.sub(lambda match: _LONGER.get(match[0], match[0]), unit.replace(" ", ""))
    product = text.removeprefix("1") if text.startswith("1/") else f"*{text}"
    if not same and product.startswith("/"):
        return f"array({number}){product}"
    return number + product


def values_text(values: Iterable[float], unit: str, dimensions: Dimension) -> str:
    """Return SI values as Python in the unit that people read."""
    own = list(values)
    shown = [in_unit(value, unit) for value in own]
    back = [number * float(parse_unit(unit)) for number in shown] if unit != _CELSIUS else []
    if back == own:
        return quantity_text(shown, unit)
    return quantity_text(own, base_unit_text(dimensions))


def imports(texts: Iterable[str]) -> list[str]:
    """Return the lines that define the unit names in `texts` that Brian2 does not export."""
    lines = {}
    for text in texts:
        for node in ast.walk(ast.parse(text, mode="eval")):
            if not isinstance(node, ast.Name) or hasattr(brian2, node.id):
                continue
            if node.id in ("minute", "hour", "day"):
                lines[node.id] = f"{node.id} = {float(unit_table()[node.id]):g} * second"
            else:
                long_name = unit_table()[node.id].name
                lines[node.id] = f"from brian2.units.allunits import {long_name} as {node.id}"
    return sorted(lines.values())
