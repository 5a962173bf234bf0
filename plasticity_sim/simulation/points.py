"""One protocol on one model at many points: sets of values whose lanes run as one batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import xarray as xr

from plasticity_sim.axis import Axis
from plasticity_sim.engine.lanes.exponents import with_whole_powers
from plasticity_sim.engine.rests import settle_all
from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.model import Model
from plasticity_sim.protocol import Protocol
from plasticity_sim.simulation.checking import first_below
from plasticity_sim.simulation.dataset import to_dataset
from plasticity_sim.simulation.grid import POINT, Grid
from plasticity_sim.simulation.lanes import Draft, Plan, drafted, finished
from plasticity_sim.simulation.resting import Rests
from plasticity_sim.simulation.running import Options, run_batch
from plasticity_sim.simulation.survivors import Survivors, part_of, run_survivors
from plasticity_sim.simulation.trust import Trust, trust_of


@dataclass(frozen=True)
class Point:
    """A model and a protocol with the values of one point, whose number seeds its noise."""

    number: int
    model: Model
    protocol: Protocol


@dataclass(frozen=True)
class Failure:
    """Why a lane, or without one a whole point, has no result."""

    point: int
    reason: str
    condition: int = 0  # the place among those of the protocol
    state: str = ""
    synapse: int = 0


@dataclass(frozen=True)
class Together:
    """Points that were simulated together.

    `data` is as `simulate` returns it, with `point` as its first dimension and NaN for what
    failed; it lacks the points that could not even begin. `trust` is by number of the point.
    """

    data: xr.Dataset
    trust: dict[int, Trust]
    failures: tuple[Failure, ...]
    steps: int


def simulate_points(
    points: Sequence[Point], synapses: int, seed: int, options: Options
) -> Iterator[Together]:
    """Simulate points of one model and protocol that differ in values; yield them in groups.

    Every point has the bits that it has alone, whatever the others are. With `options` as they are
    `resolved`. Raises SimulationError for what is no lane's fault.
    """
    planned, failures = _planned(points, synapses, seed)
    if failures:
        yield Together(xr.Dataset(), {}, tuple(failures), 0)
    for group in _of_one_program(planned, options):
        yield _simulated(group, synapses, options)


def _planned(
    points: Sequence[Point], synapses: int, seed: int
) -> tuple[list[tuple[Point, Plan]], list[Failure]]:
    """Return the plans of all points that have one, whose rests are found together."""
    drafts: list[tuple[Point, Draft]] = []
    planned: list[tuple[Point, Plan]] = []
    failures: list[Failure] = []
    for point in points:
        try:
            draft = drafted(point.model, point.protocol, synapses, seed, (point.number,))
            drafts.append((point, draft))
        except InputError as problem:
            failures.append(Failure(point.number, str(problem)))
    rests = Rests(points[0].model, synapses, settle_all)
    rests.find(wanted for _, draft in drafts for wanted in draft.wanted)
    for point, draft in drafts:
        try:
            planned.append((point, finished(draft, rests)))
        except (InputError, SimulationError) as problem:
            failures.append(Failure(point.number, str(problem)))
    return planned, failures


def _of_one_program(
    planned: Iterable[tuple[Point, Plan]], options: Options
) -> list[list[tuple[Point, Plan]]]:
    """Return the points in groups that run the same program as each of them alone.

    Whole exponents are written into the equations, so points that differ in them differ in that.
    """
    groups: dict[str, list[tuple[Point, Plan]]] = {}
    for point, made in planned:
        key = with_whole_powers(made.batch).equations if options.engine == "lanes" else ""
        groups.setdefault(key, []).append((point, made))
    return list(groups.values())


def _simulated(group: list[tuple[Point, Plan]], synapses: int, options: Options) -> Together:
    first = group[0][0]
    lanes = tuple(itertools.chain.from_iterable(made.batch.lanes for _, made in group))
    batch = replace(group[0][1].batch, lanes=lanes)
    survivors = run_survivors(batch, partial(run_batch, options=options))
    numbers = [point.number for point, _ in group]
    grid = Grid(
        first.protocol.name,
        (Axis(POINT, tuple(map(str, numbers))), *first.protocol.axes),
        tuple(condition for point, _ in group for condition in point.protocol.conditions),
    )
    whole = replace(group[0][1], batch=batch)
    data = to_dataset(first.model, grid, whole, survivors.outcome)
    data = data.assign_coords({POINT: np.array(numbers)})
    return Together(
        data,
        _trust(numbers, whole, survivors, options),
        tuple(_failures(numbers, first, synapses, survivors)),
        survivors.outcome.steps,
    )


def _trust(
    numbers: list[int], whole: Plan, survivors: Survivors, options: Options
) -> dict[int, Trust]:
    """Return the trust figures of every point, over its lanes that came to their end."""
    each = len(whole.batch.lanes) // len(numbers)
    found = {}
    for place, number in enumerate(numbers):
        own = range(place * each, (place + 1) * each)
        rows = [row for row in own if row not in survivors.reasons]
        if rows:
            batch, outcome = part_of(whole.batch, survivors.outcome, rows)
            below = partial(first_below, batch, options)
            found[number] = trust_of(batch, outcome, whole.totals, below)
    return found


def _failures(
    numbers: list[int], point: Point, synapses: int, survivors: Survivors
) -> Iterator[Failure]:
    states, conditions = list(point.model.states), len(point.protocol.conditions)
    shape = (len(numbers), conditions, len(states), synapses)
    for row, reason in sorted(survivors.reasons.items()):
        place, condition, state, synapse = map(int, np.unravel_index(row, shape))
        yield Failure(numbers[place], reason, condition, states[state], synapse)
