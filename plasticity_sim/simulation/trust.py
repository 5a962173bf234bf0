"""What shows that a run can be believed: conservation, sign of concentrations, finiteness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plasticity_sim.engine.batch import Array, Batch, Lane, Outcome
from plasticity_sim.engine.scales import scales
from plasticity_sim.quantities import in_unit
from plasticity_sim.simulation.totals import Total

LARGEST_DRIFT = 1e-9  # relative, of a total over the whole run
LARGEST_CHANGE = 1e-3  # relative, of the readout at any time by a tighter or an independent run
LARGEST_CHANGE_AT_END = 1e-4  # a switch on its way magnifies errors that are gone at its end
FIXED_STEP_RTOL = 1e-6  # stands for the tolerance of a run that has none
MOST_NEGATIVE = -10.0  # absolute tolerances
_NOTHING = 1e-3  # of a lane's largest readout: what a change is measured against at least

FirstBelow = Callable[[str, int, float], float]  # time (s) at which a lane's state is below a value


@dataclass(frozen=True)
class Trust:
    """The trust figures of one run; `failures` is empty where all is well."""

    steps: int
    rejected: int
    conservation_drift: float | None
    min_state: dict[str, float]
    finite: bool
    totals: dict[str, float] = field(default_factory=dict)  # the drift of each
    tenth_tolerance_change: float | None = None
    reference_change: float | None = None
    failures: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return vars(self) | {"failures": list(self.failures)}


def trust_of(
    batch: Batch, outcome: Outcome, totals: tuple[Total, ...], first_below: FirstBelow
) -> Trust:
    """Return the trust figures of a finished run; finiteness has been checked by the engine.

    `first_below` is asked only where a state is too negative.
    """
    drifts, drifted = _drifts(batch, outcome, totals)
    minima, negative = _minima(batch, outcome, first_below)
    return Trust(
        steps=outcome.steps, rejected=outcome.rejected, finite=True, totals=drifts,
        conservation_drift=max(drifts.values(), default=None),
        min_state=minima, failures=(*drifted, *negative),
    )  # fmt: skip


def named(batch: Batch, row: int) -> str:
    """Return how a failure names a lane."""
    label = batch.lanes[row].label
    return f"lane {row} ({label})" if label else f"lane {row}"


def _drifts(
    batch: Batch, outcome: Outcome, totals: tuple[Total, ...]
) -> tuple[dict[str, float], list[str]]:
    """Return the largest drift of each total from its first value, relative to its members."""
    drifts, failures = {}, []
    for total in totals:
        rows = [n for n, lane in enumerate(batch.lanes) if not _is_clamped(total, lane)]
        if not rows:
            continue
        values = outcome.samples[total.variable]
        values = values if len(rows) == len(values) else values[rows]
        first = values[:, 0]
        sizes = [total.size(batch.lanes[row].initial) for row in rows]
        sizes = np.maximum(np.abs(first), sizes)
        floor = total.size(dict(zip(batch.model.differential, scales(batch.model), strict=True)))
        # from the extremes, as a difference for each sample takes as much memory as all of them
        highest, lowest = np.fmax.reduce(values, axis=1), np.fmin.reduce(values, axis=1)
        farthest = np.fmax(highest - first, first - lowest)
        change = farthest / np.where(sizes > 0, sizes, floor or 1)
        drifts[total.label] = worst = float(np.nanmax(change))
        if not worst < LARGEST_DRIFT:
            place = int(np.nanargmax(change))
            row, sample = rows[place], np.nanargmax(np.abs(values[place] - first[place]))
            failures.append(
                f"'{total.label}' drifts by {worst:.2g} in {named(batch, row)} "
                f"at {batch.lanes[row].samples[sample]:.6g} s; at most {LARGEST_DRIFT:g} is trusted"
            )
    return drifts, failures


def _is_clamped(total: Total, lane: Lane) -> bool:
    """Tell whether a member is ever held at a value, so that the total need not keep."""
    return any(name in total.weights for setting in lane.settings for name in setting.clamps)


def _minima(
    batch: Batch, outcome: Outcome, first_below: FirstBelow
) -> tuple[dict[str, float], list[str]]:
    """Return the smallest value of each state that cannot be negative, in its shown unit."""
    minima: dict[str, float] = {}
    failures: list[str] = []
    if not outcome.least:
        return minima, failures
    tolerance = outcome.rtol or FIXED_STEP_RTOL
    model = batch.model
    sizes = dict(zip(model.differential, scales(model), strict=True))
    for name, values in outcome.least.items():
        row = int(np.argmin(values))
        unit, least = model.unit(name), float(values[row])
        minima[name] = in_unit(least, unit)
        limit = MOST_NEGATIVE * tolerance * sizes[name]
        if not least >= limit:
            shown = f"{minima[name]:.3g}" + (f" {unit}" if unit != "1" else "")
            failures.append(
                f"'{name}' falls to {shown} in {named(batch, row)}, below zero "
                f"from {first_below(name, row, limit):.6g} s on"
            )
    return minima, failures


def largest_change(
    batch: Batch, outcome: Outcome, other: Outcome, rows: Array
) -> tuple[float, str]:
    """Return the largest relative change of the readout in some lanes, and what is wrong with it.

    `other` has run the lanes `rows` of `batch` only. The text is empty where all is well, and else
    names variable, lane, time and figure.
    """
    name = batch.model.readout.variable
    found = other.samples[name]
    before = outcome.samples[name][rows][:, : found.shape[1]]
    sizes = np.abs(found)
    sizes = np.maximum(sizes, _NOTHING * np.nanmax(sizes, axis=1, keepdims=True))
    change = np.abs(before - found) / np.where(sizes > 0, sizes, 1)
    limits = np.full(change.shape, LARGEST_CHANGE)
    lasts = [batch.lanes[row].samples.size - 1 for row in rows]
    limits[np.arange(len(lasts)), lasts] = LARGEST_CHANGE_AT_END
    place, sample = np.unravel_index(np.nanargmax(change / limits), change.shape)
    worst, limit, row = change[place, sample], limits[place, sample], int(rows[place])
    wrong = (
        f"'{name}' in {named(batch, row)} at {batch.lanes[row].samples[sample]:.6g} s changes by "
        f"{worst:.2g} where at most {limit:g} is trusted"
    )
    return float(np.nanmax(change)), "" if worst < limit else wrong
