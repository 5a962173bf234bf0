"""Further runs of a few lanes: tighter, by the independent solver, or up to a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from plasticity_sim.engine.batch import Batch, Lane, Outcome
from plasticity_sim.errors import InputError
from plasticity_sim.simulation.running import REFERENCE_RTOL, Options, run_batch
from plasticity_sim.simulation.trust import Trust, largest_change

CHECKED_LANES = 4  # how many of a run's lanes are integrated again

_PARTS = 8  # the lanes of a narrow program: ends of a run that are tried at once
_ROUNDS = 5
_MOST_LOOKS = 1_000_000


def check_checkable(batch: Batch) -> None:
    """Raise an InputError for a model that no other solver could take the same path with."""
    if batch.model.is_stochastic:
        raise InputError(
            f"check: model '{batch.model.name}' is stochastic, and another step or solver takes "
            "another path; compare means of many synapses instead"
        )


def checked(batch: Batch, outcome: Outcome, trust: Trust, options: Options) -> Trust:
    """Return the trust figures with the change that a tighter and an independent run make.

    The independent solver cannot take a model that spikes by a threshold; its figure is then None.
    """
    rows = np.unique(np.linspace(0, len(batch.lanes) - 1, CHECKED_LANES, dtype=int))
    few = replace(batch, lanes=tuple(batch.lanes[row] for row in rows))
    changes: dict[str, Any] = {}
    failures = list(trust.failures)
    for key, other, words in (
        ("tenth_tolerance_change", _tighter(options), "at a tenth of the tolerance"),
        ("reference_change", _independent(batch, options), "by the independent solver"),
    ):
        if other is None:
            continue
        found = run_batch(few, other)
        changes[key], wrong = largest_change(batch, outcome, found, rows)
        if wrong:
            failures.append(f"{wrong}, {words}; give a smaller rtol")
    return replace(trust, failures=tuple(failures), **changes)


def _tighter(options: Options) -> Options | None:
    if options.rtol is None:
        return None
    return replace(options, rtol=max(options.rtol / 10, 1e-12))


def _independent(batch: Batch, options: Options) -> Options | None:
    if options.engine == "reference" or batch.model.threshold is not None:
        return None
    return Options(engine="reference", rtol=REFERENCE_RTOL)


def first_below(batch: Batch, options: Options, name: str, row: int, limit: float) -> float:
    """Return the time (s) from which on the state `name` of one lane has been below `limit`."""
    lane = batch.lanes[row]
    if options.engine == "fixed":
        return _first_step_below(batch, options, name, lane, limit)
    begin, end = lane.start, lane.stop
    for _ in range(_ROUNDS):
        stops = np.linspace(begin, end, _PARTS + 1)[1:]
        ended = replace(batch, lanes=tuple(_until(lane, float(stop)) for stop in stops))
        below = np.flatnonzero(run_batch(ended, options).least[name] < limit)
        if not below.size:
            break
        begin, end = ([begin, *stops][below[0]], float(stops[below[0]]))
    return end


def _first_step_below(batch: Batch, options: Options, name: str, lane: Lane, limit: float) -> float:
    """Return the same where all lanes end together, by looking at every step."""
    step = batch.model.integrator.dt
    assert step is not None
    count = min(int((lane.stop - lane.start) / step) + 1, _MOST_LOOKS)
    looks = np.linspace(lane.start, lane.stop, count)
    alone = replace(batch, lanes=(replace(lane, samples=looks),), observe=(name,))
    values = run_batch(alone, options).samples[name][0]
    below = np.flatnonzero(values < limit)
    return float(looks[below[0]] if below.size else looks[np.nanargmin(values)])


def _until(lane: Lane, stop: float) -> Lane:
    """Return the lane ended at `stop`, with nothing sampled but its beginning."""
    return replace(
        lane, stop=stop, samples=lane.samples[:1],
        settings=tuple(setting for setting in lane.settings if setting.time < stop),
    )  # fmt: skip
