"""The rests of many synapses of one model at once: what `settle` finds, for all of them together.

The rest at the usual values of some synapses is where the first guess gets in time, followed no
more exactly than it takes to get there and then made exact by Newton's method. The rest of a
synapse with values of its own is what the usual rest becomes while the values go from the usual
ones to its own. Newton's method follows it, in as many stages as it takes to converge from the
first step on, so that it does not jump to another rest. Where that rest ends on the way, or is no
longer stable, the synapse is followed in time as well. One that gets lost is settled by itself,
which takes longest. What else is asked for makes no difference to the bits of a rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_sim.engine.batch import Array, Indices, Synapses
from plasticity_sim.engine.family import (
    Family,
    Flags,
    blocks,
    family_of,
    free_family,
    full_width,
    solved,
)
from plasticity_sim.engine.relaxation import relaxed
from plasticity_sim.engine.rest import FARTHEST, SETTLING, STEADY, settle, starting_values
from plasticity_sim.engine.righthand import starts
from plasticity_sim.engine.scales import natural_size
from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

Row = dict[str, float]  # values or a rest, by name
Found = Row | SimulationError  # a rest, or why there is none

_LARGEST = 1.0  # of a state's size: what the first of Newton's steps may change
_CONTRACTION = 0.5  # how long each further step may be, in lengths of the one before
_CONVERGED = 1e-9  # of a state's size: after such a step, the next would be lost in rounding
_SHORTEST = 1 / 8  # stage, of the way from the usual parameters to a lane's own


@dataclass(frozen=True)
class _Case:
    """What is the same in all that is settled together."""

    model: Model
    state: str
    clamps: Mapping[str, float]


@dataclass(frozen=True)
class _Synapse:
    """The values of a synapse, the usual ones, and the rest that follows from those."""

    values: Row
    usual: Row
    rest: Found  # of the usual values


@dataclass(frozen=True)
class _Lanes:
    """Where lanes begin, and what they depend on: a column for each."""

    guess: Array  # of the states
    inputs: Array  # parameters, then held variables


def settle_all(
    model: Model,
    state: str,
    wanted: Sequence[Synapses],
    clamps: Mapping[str, float] | None = None,
) -> list[list[Row] | SimulationError]:
    """Return the rest of every synapse of all those `wanted`, or why one of them has none.

    A rest agrees with what `settle` finds to 1e-8 of a state's value or scale.
    """
    case = _Case(model, state, clamps or {})
    usual = _settled(case, [some.usual for some in wanted])
    synapses = [
        [_Synapse(values, some.usual, rest) for values in some.rows()]
        for some, rest in zip(wanted, usual, strict=True)
    ]
    flat = [each for some in synapses for each in some]
    rests = {n: each.rest for n, each in enumerate(flat) if each.values == each.usual}
    own = [n for n in range(len(flat)) if n not in rests]
    followed = zip(own, _followed(case, [flat[n] for n in own]), strict=True)
    rests |= {n: rest for n, rest in followed if rest is not None}
    lost = [n for n in own if n not in rests]
    rests |= zip(lost, _settled(case, [flat[n].values for n in lost]), strict=True)
    in_order = (rests[n] for n in range(len(flat)))
    return [_together([next(in_order) for _ in some]) for some in synapses]


def _together(found: list[Found]) -> list[Row] | SimulationError:
    """Return all rests, or why the first that is missing is."""
    rests = [rest for rest in found if isinstance(rest, dict)]
    problems = (rest for rest in found if isinstance(rest, SimulationError))
    return next(problems, rests)


def _settled(case: _Case, rows: Sequence[Row]) -> list[Found]:
    """Return what the first guess at every row of values comes to rest at, or why it does not."""
    with np.errstate(all="ignore"):
        lanes, free = _lanes(case, rows), free_family(case.model, case.clamps)
        y = lanes.guess.copy()
        still = _drift(free, lanes, y) == 0  # what does not move at all stays there
        moving = np.flatnonzero(~still)
        y[:, moving] = relaxed(free, y[:, moving], lanes.inputs[:, moving], SETTLING)
        exact, arrived = _polished(case, moving, y, lanes, lanes)
        size = np.maximum(np.abs(y), free.scale[:, None])
        near = (np.abs(exact - y) <= FARTHEST * size).all(axis=0)
        found = _named(case.model, lanes, exact, still | arrived & near)
    return [
        _alone(case, row) if rest is None else rest for rest, row in zip(found, rows, strict=True)
    ]


def _alone(case: _Case, values: Row) -> Found:
    try:
        return settle(case.model, case.state, values, case.clamps)
    except SimulationError as problem:
        return problem


def _followed(case: _Case, synapses: Sequence[_Synapse]) -> list[Row | None]:
    """Return what the usual rest of every synapse becomes, None where that cannot be told."""
    names, nowhere = case.model.differential, dict.fromkeys(case.model.differential, np.nan)
    rests = [each.rest if isinstance(each.rest, dict) else nowhere for each in synapses]
    y = np.array([[rest[name] for name in names] for rest in rests])
    y = y.reshape(len(rests), len(names)).T
    with np.errstate(all="ignore"):
        lanes = _lanes(case, [each.values for each in synapses])
        origins = _lanes(case, [each.usual for each in synapses])
        free = free_family(case.model, case.clamps)
        moving = np.flatnonzero(_drift(free, lanes, lanes.guess) > 0)
        y, arrived = _polished(case, moving, y, origins, lanes)
        return _named(case.model, lanes, y, arrived)


def _lanes(case: _Case, rows: Sequence[Row]) -> _Lanes:
    """Return the lanes with these values, where the first guess has them begin."""
    model, guess = case.model, starts(case.model, case.state)
    values = np.array([[row[name] for name in model.parameters] for row in rows])
    values = values.reshape(len(rows), len(model.parameters)).T
    names, states = (*model.differential, *model.held), len(model.differential)
    guesses = np.empty((len(names), len(rows)))
    for some in blocks(np.arange(len(rows))):
        wide = full_width(some)
        given = guess(dict(zip(model.parameters, values[:, wide], strict=True)))
        for number, (name, start) in enumerate(zip(names, given, strict=True)):
            start = case.clamps.get(name, start)
            guesses[number, some] = np.broadcast_to(start, wide.size)[: some.size]
    return _Lanes(guesses[:states], np.concatenate([values, guesses[states:]]))


def _named(model: Model, lanes: _Lanes, y: Array, there: Flags) -> list[Row | None]:
    """Return the rests by their names, None where a lane is not `there`."""
    rows = np.concatenate([y, lanes.inputs[len(model.parameters) :]]).T.tolist()
    names = (*model.differential, *model.held)
    return [
        dict(zip(names, row, strict=True)) if arrived else None
        for row, arrived in zip(rows, there, strict=True)
    ]


def _polished(
    case: _Case, among: Indices, y: Array, origins: _Lanes, lanes: _Lanes
) -> tuple[Array, Flags]:
    """Return where the rests `y` of `origins` get on the way to `lanes`, and which got there."""
    y, arrived = y.copy(), np.zeros(y.shape[1], bool)
    for family, some in _families(case, among, lanes):
        origin, goal = (
            family.goal(each.inputs[:, some], each.guess[:, some]) for each in (origins, lanes)
        )
        y[:, some], arrived[some] = _follow(family, y[:, some], origin, goal)
    return y, arrived & (_drift(free_family(case.model, case.clamps), lanes, y) < STEADY)


def _families(case: _Case, among: Indices, lanes: _Lanes) -> Iterator[tuple[Family, Indices]]:
    """Yield lanes that conserve the same, with their family; those of which it is not known lack.

    What is conserved follows from which parameters are zero, whatever the values of the others.
    """
    zero = (lanes.inputs[: len(case.model.parameters)] == 0).T
    alike: dict[bytes, list[int]] = {}
    for lane in among:
        alike.setdefault(zero[lane].tobytes(), []).append(lane)
    for members in alike.values():
        try:
            family = _family(case, zero[members[0]])
        except (ArithmeticError, ValueError):  # the equations have no value there
            continue
        for some in blocks(np.array(members)):
            yield family, some[family.conserves(lanes.inputs[:, some], lanes.guess[:, some])]


def _family(case: _Case, zero: Flags) -> Family:
    """Return the family of lanes whose parameters are as those in the model's file, but for zeros.

    Values of the lanes' own would make it depend on which of them is asked.
    """
    values = {
        name: 0.0 if none else p.value_in_file or natural_size(p.dimensions)
        for (name, p), none in zip(case.model.parameters.items(), zero, strict=True)
    }
    start = starting_values(case.model, case.state, values)
    return family_of(case.model, {**values, **start, **case.clamps}, case.clamps)


def _drift(family: Family, lanes: _Lanes, y: Array) -> Array:
    """Return how much of its size the state that changes most changes in a second."""
    found = np.empty(y.shape[1])
    for some in blocks(np.arange(y.shape[1])):
        size = np.maximum(np.abs(y[:, some]), family.scale[:, None])
        slope = family.slope(y[:, some], lanes.inputs[:, some])
        found[some] = (np.abs(slope) / size).max(axis=0, initial=0)
    return found


def _follow(family: Family, rest: Array, origin: Array, goal: Array) -> tuple[Array, Flags]:
    """Return where each lane's `rest` gets while what it depends on goes from `origin` to `goal`.

    Also returns which lanes arrived, at a rest where small deviations die away.
    """
    lanes = goal.shape[1]
    reached, y = rest.copy(), rest.copy()
    done, stage, bound = np.zeros(lanes), np.ones(lanes), np.full(lanes, _LARGEST)
    stable = np.zeros(lanes, bool)
    active = np.arange(lanes)
    while active.size:
        for some in blocks(active):
            share = done[some] + stage[some]  # of the way, at the end of this stage
            aim = origin[:, some] + share * (goal[:, some] - origin[:, some])
            aim = np.where(share == 1, goal[:, some], aim)
            here = family.completed(y[:, some], aim)
            slope, matrix = family.jacobian(here, aim)
            step = solved(matrix, -slope.T[:, :, None])[:, :, 0].T
            length = np.max(np.abs(step) / family.sizes(here), axis=0, initial=0)
            here = family.moved(here, step, aim)
            good = length <= bound[some]  # not so where it is not a number
            there = good & (length < _CONVERGED)
            y[:, some] = np.where(good, here, reached[:, some])
            reached[:, some] = np.where(there, here, reached[:, some])
            done[some] += np.where(there, stage[some], 0)
            left = 1 - done[some]
            longer = np.where(there, np.minimum(2 * stage[some], left), stage[some])
            stage[some] = np.where(good, longer, stage[some] / 2)
            bound[some] = np.where(good & ~there, length * _CONTRACTION, _LARGEST)
            ended = np.flatnonzero(there & (left == 0))
            stable[some[ended]] = _are_stable(matrix[ended])
        active = active[(done[active] < 1) & (stage[active] >= _SHORTEST)]
    return reached, (done == 1) & stable


def _are_stable(matrices: Array) -> Flags:
    """Tell where what deviates from a rest with this Jacobian dies away, not only in rounding.

    A deviation that is as good as steady is a rest itself, and where to on such a line is for
    time to tell.
    """
    try:
        return np.asarray((np.linalg.eigvals(matrices).real < -STEADY).all(axis=1))
    except np.linalg.LinAlgError:  # of one of them: that one is not known to be
        if len(matrices) == 1:
            return np.zeros(1, bool)
        return np.concatenate([_are_stable(matrices[n : n + 1]) for n in range(len(matrices))])
