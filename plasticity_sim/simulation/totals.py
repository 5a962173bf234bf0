"""The totals that must not drift: those that a model declares, and those its equations keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.rest import starting_values
from plasticity_sim.engine.righthand import action, jacobian, observer, right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import InputError
from plasticity_sim.expressions import Expression
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind, Variable
from plasticity_sim.simulation.structure import once_a_structure

PREFIX = "total__"  # of variables that stand for totals found; no name of a model has two _

_LOOKS = 20  # states and parameters, beyond one a state, at which a total has to be kept
_KEPT = 1e-10  # of the flows that make up the change of a total: what rounding leaves
_ZERO = 1e-11  # of the largest singular value
_ROUNDING = 1e-7  # of a total, by finite differences
_UNSIZED = 1e-3  # stands for a parameter of zero: a millivolt, a millisecond, a micromole

Change = Callable[[Array, dict[str, float]], Array]  # of the states, at states and values


@dataclass(frozen=True)
class Total:
    """A sum over states and held variables that a run has to keep.

    `variable` is what the engine samples of it, `label` how people read it; `weights` holds what
    one unit of each member adds.
    """

    variable: str
    label: str
    weights: dict[str, float]

    def size(self, amounts: Mapping[str, float]) -> float:
        """Return what a drift is large against: the members' amounts, whatever their signs."""
        return sum(abs(weight * amounts.get(name, 0.0)) for name, weight in self.weights.items())


def followed(model: Model) -> tuple[Model, tuple[Total, ...]]:
    """Return all totals of `model`, and the model with a variable for each that it lacks.

    Totals found are sums of states of one unit that equations and events keep whatever the values
    of the parameters. Raises an InputError for a declared total that could not drift.
    """
    declared = [_declared(model, name) for name in model.conserve]
    known = np.array([[t.weights.get(x, 0.0) for x in model.differential] for t in declared])
    variables, totals = dict(model.variables), list(declared)
    for row in _kept(model):
        if _follows(row, known.reshape(-1, row.size)):
            continue
        name = f"{PREFIX}{len(totals)}"
        members = {x: float(c) for x, c in zip(model.differential, row, strict=True) if c}
        text, dimensions = _formula(members), model.dimensions[next(iter(members))]
        unit = base_unit_text(dimensions)
        variables[name] = Variable(name, Kind.SUBEXPRESSION, Expression(text), unit, dimensions)
        totals.append(Total(name, text, members))
    return (replace(model, variables=variables) if totals != declared else model), tuple(totals)


def _declared(model: Model, name: str) -> Total:
    """Return a declared total with the weights of its members near the start."""
    names = (*model.differential, *model.held)
    read = observer(model, (name,))
    values = {n: p.value for n, p in model.parameters.items()}
    values |= starting_values(model, next(iter(model.states)), values)
    count = len(model.differential)

    def at(t: float, y: Sequence[float] | Array, given: dict[str, float]) -> list[float]:
        held = dict(zip(model.held, map(float, y[count:]), strict=True))
        return read(t, y[:count], {**given, **held})

    sizes = np.concatenate([scales(model), np.ones(len(model.held))])
    start = np.array([values[n] for n in names])
    found = jacobian(at, start, values, sizes)[0] if names else np.zeros(0)
    parts = np.abs(found) * np.maximum(np.abs(start), sizes)
    least = _ROUNDING * abs(read(0.0, start[:count], values)[0])  # what only rounding leaves
    triples = zip(names, found, parts, strict=True)
    weights = {name: float(weight) for name, weight, part in triples if part > least}
    if not weights:
        raise InputError(
            f"conserve: '{name}' of '{model.name}' cannot drift, as nothing that it is made of is "
            "integrated; give every member an equation of its own"
        )
    return Total(name, name, weights)


@once_a_structure
def _kept(model: Model) -> list[Array]:
    """Return the coefficients of sums of states that equations and events leave as they are."""
    if not model.differential:
        return []
    seen = np.array(list(_seen(model)))
    rows = [row for row in map(_whole, _combinations(seen)) if row is not None]
    return [row for row in _without_signs(rows) if _alike(model, row) and _is_kept(row, seen)]


def _seen(model: Model) -> Iterator[Array]:
    """Yield what each change does to the states, at many states and values far apart."""
    yield from np.diag(_erratic(model))
    changes, scale = _changes(model), scales(model)
    generator = np.random.default_rng(0)
    for _ in range(_LOOKS + scale.size):
        values = _some_values(model, generator)
        y = scale * 10 ** generator.uniform(-2, 1.5, scale.size)
        y *= np.where(generator.uniform(size=scale.size) < 0.2, -1, 1)
        for change in changes:
            with suppress(ArithmeticError, ValueError):  # no real value at such a state
                found = change(y, values)
                if np.isfinite(found).all():
                    yield found


def _combinations(seen: Array) -> Array:
    """Return, a row each, independent combinations of the states that no row of `seen` touches.

    Each has a state that no other has.
    """
    sizes = np.abs(seen).max(axis=1, keepdims=True)
    even = seen / np.where(sizes > 0, sizes, 1)
    largest = np.abs(even).max(axis=0)
    largest = np.where(largest > 0, largest, 1)
    rows: Array = _untouched(even / largest) / largest
    for index in range(len(rows)):
        pivot = int(np.argmax(np.abs(rows[index])))
        rows[index] /= rows[index, pivot]
        others = np.arange(len(rows)) != index
        rows[others] -= np.outer(rows[others, pivot], rows[index])
    return rows


def _untouched(matrix: Array) -> Array:
    """Return, a row each, an orthogonal basis of what a matrix takes to zero."""
    _, sizes, rows = np.linalg.svd(matrix)
    basis: Array = rows[int((sizes > _ZERO * sizes.max(initial=0)).sum()) :]
    return basis


def _is_kept(row: Array, seen: Array) -> bool:
    """Tell whether the parts of every change cancel to the last digits."""
    flows = row * seen
    return bool((np.abs(flows.sum(axis=1)) <= _KEPT * np.abs(flows).sum(axis=1)).all())


def _changes(model: Model) -> list[Change]:
    """Return everything that changes the states: the equations, then each block of events."""
    slope = right_hand_side(model, without_noise=True)
    changes: list[Change] = [lambda y, values: np.array(slope(0.0, y, values))]
    for block in model.blocks:
        if not any(s.expression.is_noisy for s in block.statements):
            changes.append(_jump(model, action(model, block)))
    return changes


def _jump(model: Model, act: Callable[[dict[str, float], float, float], None]) -> Change:
    def change(y: Array, values: dict[str, float]) -> Array:
        own = {**values, **dict(zip(model.differential, map(float, y), strict=True))}
        act(own, 0.05, 0.1)
        return np.array([own[name] for name in model.differential]) - y

    return change


def _erratic(model: Model) -> Array:
    """Return 1 for each state that noise or a drawn number moves, or that may be clamped."""
    noisy = {n for n in model.differential if _is_noisy(model, n)} | set(model.clamp)
    for block in model.blocks:
        if any(s.expression.is_noisy for s in block.statements):
            noisy |= {s.target for s in block.statements}
    generator = np.random.default_rng(1)
    return np.array([generator.uniform(1, 2) * (n in noisy) for n in model.differential])


def _is_noisy(model: Model, name: str) -> bool:
    expression = model.variables[name].expression
    return expression is not None and expression.is_noisy


def _whole(row: Array) -> Array | None:
    """Return the same combination in small whole numbers, None where there are none.

    >>> _whole(np.array([0.5, 0.0, 1.0 / 3.0]))
    array([3., 0., 2.])
    """
    largest = np.abs(row).max(initial=0.0)
    if not largest > 0:
        return None
    fractions = [Fraction(float(x / largest)).limit_denominator(12) for x in row]
    whole = np.array([float(f * math.lcm(*(g.denominator for g in fractions))) for f in fractions])
    close = np.allclose(whole / np.abs(whole).max(), row / largest, atol=1e-6)
    return whole * np.sign(whole[np.flatnonzero(whole)[0]]) if close else None


def _alike(model: Model, row: Array) -> bool:
    members = [n for n, c in zip(model.differential, row, strict=True) if c]
    return len({model.dimensions[n] for n in members}) == 1 and len(members) > 1


def _without_signs(rows: list[Array]) -> list[Array]:
    """Return the same totals with fewer negative members, by adding one to another."""
    result = list(rows)
    for place, row in enumerate(rows):
        if (row < 0).any():
            sums = [row + other for other in rows if other is not row]
            result[place] = next((s for s in sums if (s >= 0).all()), row)
    return result


def _some_values(model: Model, generator: np.random.Generator) -> dict[str, float]:
    """Return parameters around the model's own, and held variables, that nothing singles out."""
    values = {n: p.value or _UNSIZED for n, p in model.parameters.items()}
    values |= dict.fromkeys(model.held, 1.0)
    return {n: v * float(generator.uniform(0.7, 1.3)) for n, v in values.items()}


def _follows(row: Array, known: Array) -> bool:
    """Tell whether a total is a combination of those that are known."""
    if not known.size:
        return False
    shares = np.linalg.lstsq(known.T, row, rcond=None)[0]
    return bool(np.allclose(shares @ known, row, atol=1e-6 * np.abs(row).max()))


def _formula(members: dict[str, float]) -> str:
    """Return a sum as people write it.

    >>> _formula({"a": 1.0, "b": 2.0, "c": -1.0})
    'a + 2 * b - c'
    """
    parts = [
        ("- " if c < 0 else "+ ") + (name if abs(c) == 1 else f"{abs(c):g} * {name}")
        for name, c in members.items()
    ]
    return " ".join(parts).removeprefix("+ ")
