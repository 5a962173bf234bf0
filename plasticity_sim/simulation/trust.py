"""What shows that a run can be believed: conservation, sign of concentrations, finiteness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plasticity_sim.engine.batch import Batch, Outcome
from plasticity_sim.engine.scales import scales
from plasticity_sim.model.model import Model
from plasticity_sim.quantities import in_unit, parse_quantity

LARGEST_DRIFT = 1e-9  # relative, of a declared total over the whole run
FIXED_STEP_RTOL = 1e-6  # stands for the tolerance of a run that has none
MOST_NEGATIVE = -10.0  # absolute tolerances


@dataclass(frozen=True)
class Trust:
    """The trust figures of one run; `failures` is empty where all is well."""

    steps: int
    rejected: int
    conservation_drift: float | None
    min_state: dict[str, float]
    finite: bool
    tenth_tolerance_change: float | None = None
    reference_change: float | None = None
    failures: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {key: value for key, value in vars(self).items() if key != "failures"} | {
            "failures": list(self.failures)
        }


def trust_of(batch: Batch, outcome: Outcome) -> Trust:
    """Return the trust figures of a finished run; finiteness has been checked by the engine."""
    drift, failures = _drift(batch, outcome)
    minima, negative = _minima(batch, outcome)
    return Trust(
        steps=outcome.steps, rejected=outcome.rejected, conservation_drift=drift,
        min_state=minima, finite=True, failures=(*failures, *negative),
    )  # fmt: skip


def _drift(batch: Batch, outcome: Outcome) -> tuple[float | None, list[str]]:
    """Return the largest relative drift of any declared total from its first value."""
    worst, failures = None, []
    for name in batch.model.conserve:
        values = outcome.samples[name]
        change = np.abs(values / values[:, :1] - 1)
        worst = max(worst or 0.0, float(np.nanmax(change)))
        if not np.nanmax(change) < LARGEST_DRIFT:
            lane, sample = np.unravel_index(np.nanargmax(change), change.shape)
            failures.append(
                f"'{name}' drifts by {np.nanmax(change):.2g} in lane {lane} "
                f"({batch.lanes[lane].label}) at {batch.lanes[lane].samples[sample]:.6g} s"
            )
    return worst, failures


def concentrations(model: Model) -> tuple[str, ...]:
    """Return the states that cannot be negative."""
    concentration = parse_quantity("1 uM").dim
    return tuple(name for name in model.differential if model.dimensions[name] is concentration)


def _minima(batch: Batch, outcome: Outcome) -> tuple[dict[str, float], list[str]]:
    """Return the smallest value of each concentration over the run, in its shown unit."""
    minima: dict[str, float] = {}
    failures: list[str] = []
    if not outcome.least:
        return minima, failures
    tolerance = outcome.rtol or FIXED_STEP_RTOL
    model: Model = batch.model
    sizes = dict(zip(model.differential, scales(model), strict=True))
    for name, values in outcome.least.items():
        lane = int(np.argmin(values))
        minima[name] = in_unit(float(values[lane]), model.unit(name))
        if values[lane] < MOST_NEGATIVE * tolerance * sizes[name]:
            failures.append(
                f"'{name}' falls to {minima[name]:.3g} {model.unit(name)} in lane {lane} "
                f"({batch.lanes[lane].label})"
            )
    return minima, failures
