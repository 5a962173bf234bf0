"""Lanes of which some fail: the others come to their end, and of each that does not the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasticity_sim.engine.batch import Array, Batch, Outcome
from plasticity_sim.errors import SimulationError


@dataclass(frozen=True)
class Survivors:
    """What was found of all lanes, NaN where one failed, and why each of those did."""

    outcome: Outcome
    reasons: dict[int, str]  # by the lane's place in the batch


def run_survivors(batch: Batch, run: Callable[[Batch], Outcome]) -> Survivors:
    """Run `batch`, and where a lane fails its halves, until those that fail are alone.

    Raises SimulationError for what is no lane's fault, such as a compiler that does not work.
    """
    found: list[tuple[list[int], Outcome]] = []
    reasons: dict[int, str] = {}
    waiting = [list(range(len(batch.lanes)))]
    while waiting:
        rows = waiting.pop()
        part = batch if len(rows) == len(batch.lanes) else _some(batch, rows)
        try:
            found.append((rows, run(part)))
        except SimulationError as problem:
            if not _names_a_lane(problem, part):
                raise
            if len(rows) == 1:
                reasons[rows[0]] = str(problem).replace(_shown(part, 0), "")
            else:
                middle = len(rows) // 2
                waiting += [rows[middle:], rows[:middle]]
    return Survivors(_joined(batch, found), reasons)


def part_of(batch: Batch, outcome: Outcome, rows: Sequence[int]) -> tuple[Batch, Outcome]:
    """Return some lanes of a batch and what was found of them."""
    chosen = list(rows)

    def own(table: dict[str, Array]) -> dict[str, Array]:
        return {name: values[chosen] for name, values in table.items()}

    found = replace(
        outcome, samples=own(outcome.samples), peaks=own(outcome.peaks), least=own(outcome.least)
    )
    return _some(batch, chosen), found


def _some(batch: Batch, rows: Sequence[int]) -> Batch:
    return replace(batch, lanes=tuple(batch.lanes[row] for row in rows))


def _names_a_lane(problem: SimulationError, batch: Batch) -> bool:
    return any(_shown(batch, row) in str(problem) for row in range(len(batch.lanes)))


def _shown(batch: Batch, row: int) -> str:
    """Return how the engines name a lane in an error."""
    return f" in lane {row} ({batch.lanes[row].label})"


def _joined(batch: Batch, found: list[tuple[list[int], Outcome]]) -> Outcome:
    """Return the outcomes of parts of a batch as one of all its lanes."""
    if len(found) == 1 and len(found[0][0]) == len(batch.lanes):
        return found[0][1]
    lanes = len(batch.lanes)
    most = max(lane.samples.size for lane in batch.lanes)
    samples = {name: np.full((lanes, most), np.nan) for name in batch.observe}
    peaks = {name: np.full(lanes, np.nan) for name in batch.peaks}
    least = {name: np.full(lanes, np.nan) for name in batch.least}
    for rows, part in found:
        for name, values in part.samples.items():
            samples[name][rows, : values.shape[1]] = values
        _fill(peaks, part.peaks, rows)
        _fill(least, part.least, rows)
    outcomes = [part for _, part in found]
    told = {part.target for part in outcomes}
    return Outcome(
        samples, peaks, least, engine=next((part.engine for part in outcomes), ""),
        target=", ".join(sorted(told)), compiled=any(part.compiled for part in outcomes),
        steps=sum(part.steps for part in outcomes),
        rejected=sum(part.rejected for part in outcomes),
        rtol=next((part.rtol for part in outcomes), None),
    )  # fmt: skip


def _fill(whole: dict[str, Array], part: dict[str, Array], rows: list[int]) -> None:
    for name, values in part.items():
        whole[name][rows] = values
