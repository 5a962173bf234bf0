"""`continuation`: the branches of steady states of a model, found and put on a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.rest import settle
from plasticity_sim.engine.righthand import observer
from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.model.model import Model
from plasticity_sim.steady.diagram import Branch, Diagram, Points, SaddleNode, observed_names
from plasticity_sim.steady.over import check_name, check_range
from plasticity_sim.steady.system import System
from plasticity_sim.steady.tracing import Curve, Point, between, refine, reverse, trace, weights

_SAME = 1e-6  # difference of two steady states, in sizes of their coordinates, that is none
_ASTRAY = 0.2  # of the distance of two points: how far the state between may be from its guess

Piece = tuple[System, tuple[Point, ...]]


def continuation(model: Model, name: str, start: float, stop: float, count: int) -> Diagram:
    """Return the steady states of `model` while `name` goes from `start` to `stop` (SI).

    `name` is a parameter, or a state of `model.clamp`, which is then held. Every state of the
    model is settled and followed in both directions, round the folds, as far as the range
    goes. Branches that no fold connects to a state of the model are not found. Raises
    InputError for a name, range or `count` (at least 2) that cannot be, SimulationError if
    no state of the model settles.
    """
    check_name(name, model)
    check_range(name, start, stop)
    if count < 2:
        raise InputError(f"'{name}' needs 2 values or more, found {count}")
    grid = np.linspace(start, stop, count)
    pieces = list(_pieces(_curves(model, name, start, stop)))
    pieces.sort(key=lambda piece: _order(model, *piece))
    branches = tuple(_branch(model, system, points, grid) for system, points in pieces)
    return Diagram(model, name, grid, branches, _saddle_nodes(model, name, pieces))


def _curves(model: Model, name: str, start: float, stop: float) -> list[tuple[System, Curve]]:
    """Return the curves through the settled states of the model, each once."""
    curves: list[tuple[System, Curve]] = []
    problem = ""
    for state in model.states:
        system = System(model, state, name, start, stop)
        for begin in _settled(system):
            if isinstance(begin, SimulationError):
                problem = str(begin)
            elif not any(_is_on(begin, *piece) for piece in _pieces(curves)):
                curves.append((system, trace(system, begin)))
    if not curves:
        reason = problem or "no steady state can be followed"
        raise SimulationError(f"nothing to follow over '{name}': {reason}")
    return curves


def _settled(system: System) -> Iterator[Point | SimulationError]:
    """Yield the steady states that a state of the model settles to.

    First at its own value of the swept quantity, then at both ends of the range: a curve that
    closes on itself, or ends where the range does, does not lead to the others.
    """
    model, name = system.model, system.name
    parameters = {key: parameter.value for key, parameter in model.parameters.items()}
    for value in (None, system.start, system.stop):
        held = {} if value is None or name in parameters else {name: value}
        changed = {name: value} if value is not None and name in parameters else {}
        try:
            rest = settle(model, system.state, {**parameters, **changed}, held)
        except (SimulationError, ArithmeticError, ValueError) as found:
            yield found if isinstance(found, SimulationError) else SimulationError(str(found))
            continue
        own = {**parameters, **changed, **rest}[name]
        if system.start <= own <= system.stop:
            point = refine(system, system.point(own, rest))
            if point is not None:
                yield point


def _pieces(curves: Sequence[tuple[System, Curve]]) -> Iterator[Piece]:
    """Yield the curves cut at their folds: in each piece the swept quantity only grows."""
    for system, curve in curves:
        points = list(curve.points)
        folds = [index for index, point in enumerate(points) if point.is_fold]
        if curve.is_closed and folds:  # begin at a fold; the first point stands at both ends
            points = points[folds[0] : -1] + points[: folds[0] + 1]
            folds = [index for index, point in enumerate(points) if point.is_fold]
        cuts = sorted({0, *folds, len(points) - 1})
        for left, right in pairwise(cuts):
            piece = points[left : right + 1]
            if piece[0].position > piece[-1].position:
                piece = [reverse(point) for point in reversed(piece)]
            yield system, tuple(piece)


def _is_on(point: Point, system: System, points: tuple[Point, ...]) -> bool:
    """Tell whether a steady state lies on a piece of a curve that is known already."""
    there = _at(system, points, point.position)
    if there is None:
        return False
    return bool(np.abs((there.at - point.at) / weights(point.at)).max() < _SAME)


def _at(system: System, points: tuple[Point, ...], position: float) -> Point | None:
    """Return the steady state of a piece at exactly `position`; None outside the piece."""
    positions = [point.position for point in points]
    if not positions[0] <= position <= positions[-1]:
        return None
    index = min(max(int(np.searchsorted(positions, position)), 1), len(points) - 1)
    left, right = points[index - 1], points[index]
    guess = between(left, right, position)
    point = refine(system, guess)
    if point is None:
        return None
    size = weights(guess)
    apart = np.linalg.norm((right.at - left.at) / size)
    # beside a fold Newton's method may fall on the other branch
    near = np.linalg.norm((point.at - guess) / size) <= _ASTRAY * apart + _SAME
    return point if near else None


def _branch(model: Model, system: System, points: tuple[Point, ...], grid: Array) -> Branch:
    traced = _observed(model, system, points)
    inner = traced.eigenvalue
    if len(inner) > 2:  # at a fold it is zero, give or take the rounding
        inner[0] = inner[1] if points[0].is_fold else inner[0]
        inner[-1] = inner[-2] if points[-1].is_fold else inner[-1]
    gridded = _observed(model, system, [_at(system, points, system.position(v)) for v in grid])
    return Branch(system.state, traced, gridded)


def _observed(model: Model, system: System, found: Sequence[Point | None]) -> Points:
    """Return what is observed of each steady state; NaN where there is none."""
    names = observed_names(model, system.name)
    observe = observer(model, names)
    swept, eigenvalue = np.full((2, len(found)), np.nan)
    states = np.full((len(found), len(model.differential)), np.nan)
    observed = np.full((len(found), len(names)), np.nan)
    for index, point in enumerate(found):
        if point is None:
            continue
        swept[index] = system.value(point.position)
        states[index] = system.states(point.at)
        observed[index] = observe(0.0, states[index], system.values(point.position))
        eigenvalue[index] = system.leading_eigenvalue(point.derivative)
    return Points(swept, states, dict(zip(names, observed.T, strict=True)), eigenvalue)


def _order(model: Model, system: System, points: tuple[Point, ...]) -> tuple[float, float]:
    """Sort key of a piece: by the readout half-way along it, then by where it begins."""
    middle = _observed(model, system, [points[len(points) // 2]])
    readout = model.readout.variable
    value = middle.observed[readout][0] if readout in middle.observed else middle.swept[0]
    return float(value), points[0].position


def _saddle_nodes(model: Model, name: str, pieces: Sequence[Piece]) -> tuple[SaddleNode, ...]:
    """Return the saddle nodes, each once, by their value of the swept quantity."""
    met: dict[int, tuple[System, Point, list[int]]] = {}
    for index, (system, points) in enumerate(pieces):
        for end in (points[0], points[-1]):
            if end.is_fold:  # the two pieces share the array of the coordinates
                met.setdefault(id(end.at), (system, end, []))[2].append(index)
    nodes = []
    for system, fold, joined in met.values():
        there = _observed(model, system, [fold])
        observed = {key: float(values[0]) for key, values in there.observed.items()}
        both = (joined[0], joined[-1])
        nodes.append(SaddleNode(float(there.swept[0]), there.states[0], observed, both))
    return tuple(sorted(nodes, key=lambda node: node.swept))
