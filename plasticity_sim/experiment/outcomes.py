"""Tables of outcomes: CSV files whose every row is one condition of a protocol.

rate (Hz),lag (ms),mean,sem,n,confidence,digitisation        measured numbers, in % of baseline
arm,sign,n,confidence,read_from                              only the sign was read
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.experiment.tables import Row, Table, read_table
from plasticity_sim.protocol import Axis, Protocol
from plasticity_sim.quantities import in_unit, parse_quantity

CHANGES = ("LTP", "LTD", "none")
_NUMBERS = ("mean", "sem", "n", "confidence", "digitisation")
_SIGNS = ("sign", "n", "confidence", "read_from")
_READ = {"F": "a file or the paper", "S": "a secondary source", "Q": "the sign alone"}
_SAME = 1e-9  # relative: how well a value of the table is one of the protocol


@dataclass(frozen=True)
class Outcome:
    """What was measured under one condition: a mean in % of the baseline, or only its sign."""

    condition: int  # its place among those of the protocol
    confidence: str  # F: read from a file or the paper, S: from a secondary source, Q: sign only
    read_from: str  # or how the number was digitised
    n: int | None = None
    mean: float | None = None  # %; None where only the sign was read
    sem: float | None = None  # %
    sign: str = ""  # LTP, LTD or none; empty where there is a number
    place: str = ""  # file and line

    @property
    def kind(self) -> str:
        """What was read: 'number' or 'sign'."""
        return "sign" if self.mean is None else "number"


def read_outcomes(path: Path, protocol: Protocol) -> list[Outcome]:
    """Return the measured numbers of a CSV file; InputError names the line of any mistake."""
    table = read_table(path)
    columns = _conditions(table, protocol, _NUMBERS)
    outcomes = []
    for row in table.rows:
        mean, sem = row.number("mean"), row.number("sem")
        if mean is None:
            raise row.error("mean is empty; a row of which only the sign is known is one of signs")
        if sem is not None and sem <= 0:
            raise row.error(f"sem is {sem:g}; it has to be positive, or empty if it is not known")
        common = _common(row, columns, protocol, row.cells["digitisation"], "FS")
        outcomes.append(replace(common, mean=mean, sem=sem))
    return outcomes


def read_signs(path: Path, protocol: Protocol) -> list[Outcome]:
    """Return the outcomes of a CSV file that are signs; InputError names the line of a mistake."""
    table = read_table(path)
    columns = _conditions(table, protocol, _SIGNS)
    outcomes = []
    for row in table.rows:
        sign = row.cells["sign"]
        if sign not in CHANGES:
            raise row.error(f"sign is '{sign}'; write {', '.join(CHANGES[:-1])} or {CHANGES[-1]}")
        common = _common(row, columns, protocol, row.cells["read_from"], "FSQ")
        outcomes.append(replace(common, sign=sign))
    return outcomes


def check_once(outcomes: Iterable[Outcome], protocol: Protocol) -> None:
    """Raise an InputError where two rows are of the same condition."""
    seen: dict[int, str] = {}
    for outcome in outcomes:
        if outcome.condition in seen:
            what = condition_text(protocol, outcome.condition)
            first = seen[outcome.condition]
            raise InputError(f"{what} has an outcome already, in {first}", outcome.place)
        seen[outcome.condition] = outcome.place


def condition_text(protocol: Protocol, place: int) -> str:
    """Return one condition in words: "rate 10 Hz, lag -10 ms", or the name of an arm."""
    labels = protocol.conditions[place].labels
    words = [text if axis == "arm" else f"{axis} {text}" for axis, text in labels.items()]
    return ", ".join(words) or "the only condition"


def _common(
    row: Row, columns: dict[str, tuple[Axis, str]], protocol: Protocol, origin: str, allowed: str
) -> Outcome:
    """Return what numbers and signs have in common."""
    confidence = row.cells["confidence"]
    if confidence not in tuple(allowed):
        known = ", ".join(f"{letter} ({_READ[letter]})" for letter in allowed)
        raise row.error(f"confidence is '{confidence}'; write {known}")
    n = row.number("n")
    if n is not None and (n < 1 or n != int(n)):
        raise row.error(f"n is {n:g}; write a whole number, or nothing if it is not known")
    condition = _place(row, columns, protocol)
    return Outcome(condition, confidence, origin, None if n is None else int(n), place=row.where)


def _conditions(
    table: Table, protocol: Protocol, others: tuple[str, ...]
) -> dict[str, tuple[Axis, str]]:
    """Return the axis and the unit of every column that says which condition a row is of."""
    axes = {axis.name: axis for axis in protocol.axes}
    found = {}
    for heading in table.headings:
        if heading in others:
            continue
        name, unit = _split(heading)
        if name not in axes:
            known = [*map(_heading, axes.values()), *others]
            raise table.error(f"unknown column '{heading}'; {suggestion(heading, known)}")
        _check_unit(table, heading, axes[name], unit)
        found[heading] = (axes[name], unit)
    for name in others:
        if name not in table.headings:
            raise table.error(f"the column '{name}' is missing")
    there = {axis.name for axis, _ in found.values()}
    for axis in axes.values():
        if len(axis.texts) > 1 and axis.name not in there:
            raise table.error(
                f"the column '{_heading(axis)}' is missing: protocol '{protocol.name}' has "
                f"{len(axis.texts)} values of it"
            )
    return found


def _split(heading: str) -> tuple[str, str]:
    """Return name and unit of a heading such as "rate (Hz)"."""
    name, bracket, unit = heading.partition("(")
    return (name.strip(), unit.strip().removesuffix(")")) if bracket else (heading, "")


def _heading(axis: Axis) -> str:
    return f"{axis.name} ({axis.unit})" if axis.unit else axis.name


def _check_unit(table: Table, heading: str, axis: Axis, unit: str) -> None:
    if axis.name == "arm":
        return
    try:
        parse_quantity(f"1 {unit}", parse_quantity(axis.texts[0]).dim)
    except InputError:
        raise table.error(
            f"the unit of '{heading}' does not fit; write '{_heading(axis)}'"
        ) from None


def _place(row: Row, columns: dict[str, tuple[Axis, str]], protocol: Protocol) -> int:
    """Return the place of the one condition that a row is of."""
    chosen = {}
    for heading, (axis, unit) in columns.items():
        chosen[axis.name] = _index(row, heading, axis, unit)
    place = 0
    for axis in protocol.axes:  # the last one changes fastest
        place = place * len(axis.texts) + chosen.get(axis.name, 0)
    return place


def _index(row: Row, heading: str, axis: Axis, unit: str) -> int:
    """Return which value of an axis a cell writes."""
    text = row.cells[heading]
    if axis.name == "arm":
        if text not in axis.texts:
            raise row.error(f"no arm called '{text}'; {suggestion(text, axis.texts)}")
        return axis.texts.index(text)
    number = row.number(heading)
    if number is None:
        raise row.error(f"'{heading}' is empty; every row says its condition")
    value = float(parse_quantity(f"{number!r} {unit}"))
    values = [float(parse_quantity(known)) for known in axis.texts]
    near = _SAME * max(map(abs, values))
    for place, known in enumerate(values):
        if math.isclose(value, known, rel_tol=_SAME, abs_tol=near):
            return place
    shown = ", ".join(f"{in_unit(known, unit):.6g}" for known in values[:12])
    more = ", …" if len(values) > 12 else ""
    raise row.error(f"no condition has '{heading}' {text}; the protocol has {shown}{more}")
