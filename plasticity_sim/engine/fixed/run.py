"""Lanes on a grid of steps, in one piece.

It serves models whose step belongs to them, or whose noise depends on their state, and checks the
adaptive engine. Events fall on the grid of the step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from brian2.core.base import BrianObjectException

from plasticity_sim.engine import build
from plasticity_sim.engine.batch import Array, Batch, Outcome, Progress, check_finite, sample_grid
from plasticity_sim.engine.compiled import compiled, run_compiled
from plasticity_sim.engine.fixed.program import FixedProgram
from plasticity_sim.engine.fixed.timetable import steps_of, steps_of_samples, tables
from plasticity_sim.engine.interpreted import run_interpreted
from plasticity_sim.engine.program import Found
from plasticity_sim.errors import InputError, SimulationError

VECTOR = 8  # doubles in the widest vector register


def run_fixed(
    batch: Batch,
    method: str,
    dt: float,
    target: str | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Outcome:
    """Run every lane of `batch` with Brian2's `method` at step `dt` (s).

    `target` is 'cpp_standalone', 'cython' or 'numpy'; by default the fastest the machine has.
    `announce` is told, in words, what takes long and happens once.
    """
    target = target or build.target()
    program = FixedProgram(batch.model, batch.observe, batch.peaks, batch.least, method, dt)
    try:
        found, width, built = _run(program, batch, target, progress, announce)
    except BrianObjectException as problem:
        cause = problem.__cause__ or problem
        raise InputError(f"Brian2 cannot run '{batch.model.name}' with {method}: {cause}") from None
    count = len(batch.lanes)
    outcome = Outcome(
        _samples(batch, found, width, dt),
        {name: found.outputs[f"peak__{name}"][:count] for name in batch.peaks},
        {name: found.outputs[f"least__{name}"][:count] for name in batch.least},
        "fixed", target, built, steps_of(batch.lanes, dt) * count,
    )  # fmt: skip
    check_finite(batch, outcome)
    return outcome


def _run(
    program: FixedProgram,
    batch: Batch,
    target: str,
    progress: Progress | None,
    announce: Callable[[str], None] | None,
) -> tuple[Found, int, bool]:
    """Return what a run found, of how many lanes, and whether it had to be compiled."""
    if target != "cpp_standalone":
        width = len(batch.lanes)
        read = tables(program, batch.lanes)
        return run_interpreted(program, width, read, progress, target), width, False
    # a vector of 8 costs less than 3 single lanes, and few widths are few programs
    width = max(1 << (len(batch.lanes) - 1).bit_length(), VECTOR)
    folder, built = compiled(program, width, announce)
    if progress:
        progress(0.0)
    copies = batch.lanes[:1] * (width - len(batch.lanes))
    read = tables(program, (*batch.lanes, *copies))
    found = run_compiled(folder, program, read, lambda process: None, progress)
    return found, width, built


def _samples(batch: Batch, found: Found, width: int, dt: float) -> dict[str, Array]:
    """Return the recorded values, lanes x samples; a lane's records come in the order of time."""
    counts = np.bincount(found.lane_of_sample, minlength=width)
    first = np.cumsum(counts) - counts
    records = []  # of the samples, lane by lane
    for lane, count, begin in zip(batch.lanes, counts, first, strict=False):
        steps, record = np.unique(steps_of_samples(lane, dt), return_inverse=True)
        if count != steps.size:
            raise SimulationError(f"{steps.size - count} samples were lost")
        records.append(begin + record)
    order = np.argsort(found.lane_of_sample, kind="stable")[np.concatenate(records)]
    grid = sample_grid(batch)
    inside = ~np.isnan(grid)
    result = {}
    for name in batch.observe:
        values = np.full(grid.shape, np.nan)
        values[inside] = found.samples[name][order]
        result[name] = values
    return result
