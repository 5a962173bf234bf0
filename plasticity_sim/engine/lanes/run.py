"""Lanes to shares, shares to processes, and what they found back together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np

from plasticity_sim.engine import build
from plasticity_sim.engine.batch import (
    Array,
    Batch,
    Indices,
    Lane,
    Outcome,
    Progress,
    check_finite,
    sample_grid,
)
from plasticity_sim.engine.compiled import Process, compiled, run_compiled
from plasticity_sim.engine.interpreted import run_interpreted
from plasticity_sim.engine.lanes.exponents import with_whole_powers
from plasticity_sim.engine.lanes.program import LanesProgram, check_threshold, starting
from plasticity_sim.engine.lanes.timetable import Timetable, timetable
from plasticity_sim.engine.lookup import Tables
from plasticity_sim.engine.program import Found
from plasticity_sim.errors import SimulationError

NARROW, WIDE = 8, 64
_WORTH_WIDE = 40  # lanes: fewer run faster in narrow programs
_SHARE = 1024  # lanes of one process at most, so that progress and memory come in pieces
RTOL = 1e-4
METHOD = "rodas4"


def run_lanes(
    batch: Batch,
    rtol: float = RTOL,
    method: str = METHOD,
    target: str | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Outcome:
    """Integrate every lane of `batch` with error control at relative tolerance `rtol`.

    `target` is 'cpp_standalone', 'cython' or 'numpy', by default the fastest the machine has.
    `announce` is told, in words, what takes long and happens once. The lanes' results do not
    depend on what else is in the batch, nor on the number of processes.
    """
    target = target or build.target()
    program = LanesProgram(
        with_whole_powers(batch), batch.observe, batch.peaks, batch.least, method
    )
    check_threshold(batch.model)
    results, built = _Results(program, batch), False
    if target == "cpp_standalone":
        built = _run_compiled(program, rtol, results, progress, announce)
    else:
        if announce:
            announce(f"no C++ compiler: running on {target}, which is slower; see `doctor`")
        everyone, count = np.arange(len(batch.lanes)), len(batch.lanes)
        tables = _tables(program, batch.lanes, rtol)
        results.take(everyone, run_interpreted(program, count, tables, progress, target))
    outcome = results.outcome(target, built, rtol)
    check_finite(batch, outcome)
    return outcome


def _run_compiled(
    program: LanesProgram,
    rtol: float,
    results: _Results,
    progress: Progress | None,
    announce: Callable[[str], None] | None,
) -> bool:
    """Run all lanes, in as many processes as there are processors; return whether it compiled."""
    lanes = results.batch.lanes
    width = WIDE if len(lanes) >= _WORTH_WIDE else NARROW
    shares = _shares(lanes, width)
    folder, built = compiled(program, width, announce)
    if progress:
        progress(0.0)
    done = [0.0] * len(shares)
    processes: list[Process] = []

    def run(number: int) -> Found:
        def note(share: float) -> None:
            done[number] = share
            if progress:
                progress(sum(done) / len(done))

        tables = _tables(program, [lanes[place] for place in shares[number]], rtol)
        found = run_compiled(folder, program, tables, processes.append, note)
        note(1.0)
        return found

    pool = ThreadPoolExecutor(max_workers=jobs())
    try:
        for places, found in zip(shares, pool.map(run, range(len(shares))), strict=True):
            results.take(places, found)
    finally:  # nothing goes on in the background after an error or an interrupt
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        pool.shutdown(wait=True)
    return built


def _shares(lanes: Sequence[Lane], width: int) -> list[Indices]:
    """Return the places of the lanes that one process runs after another, the longest first.

    Every process has as much to do as another, and no less than fills its slots.
    """
    work = [lane.pre.size + lane.post.size for lane in lanes]
    order = np.argsort([-w for w in work], kind="stable")
    rounds = -(-len(lanes) // (jobs() * _SHARE))
    count = min(jobs() * rounds, -(-len(lanes) // width))
    return [order[first::count] for first in range(count)]


def jobs() -> int:
    """Return how many processes run at once: PLASTICITY_SIM_JOBS, else one a processor."""
    own = os.environ.get("PLASTICITY_SIM_JOBS", "")
    if own.isdecimal():
        return max(int(own), 1)
    mine = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(mine(0)) if mine else os.cpu_count() or 1


def _tables(program: LanesProgram, lanes: Sequence[Lane], rtol: float) -> Tables:
    """Return what the program reads to run `lanes`."""
    table = timetable(program.model, lanes)
    inputs = np.append(float(len(lanes)), _inputs(program, lanes, table, rtol))
    return Tables(inputs, table.events, table.samples)


def _inputs(program: LanesProgram, lanes: Sequence[Lane], table: Timetable, rtol: float) -> Array:
    """Return the first values of the program's inputs, a row each, a column a lane."""
    model = program.model
    count = len(lanes)
    own = {name: np.full(count, value) for name, value in starting(program).items()}
    own |= {
        "lane__rtol": np.full(count, rtol),
        "lane__t": table.events[table.first_event.astype(int), 0],
        "lane__until": table.events[table.first_event.astype(int), 0],
        "lane__begin": np.array([lane.start for lane in lanes]),
        "lane__end": np.array([lane.stop for lane in lanes]),
        "lane__row": table.first_event,
        "sample__row": table.first_sample,
        "sample__t": table.samples[table.first_sample.astype(int)],
        "sample__after": table.samples[table.first_sample.astype(int) + 1],
    }
    if model.is_stochastic:
        own["lane__seed"] = np.array([lane.seed for lane in lanes], dtype=float)
    own |= _columns((*model.differential, *model.held), [lane.initial for lane in lanes])
    own |= _columns(tuple(model.parameters), [lane.parameters for lane in lanes])
    return np.array([own[name] for name in program.inputs])


def _columns(names: Sequence[str], rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Return the values of each name in every row."""
    own = chain.from_iterable(map(row.__getitem__, names) for row in rows)
    table = np.fromiter(own, float, len(names) * len(rows)).reshape(len(rows), len(names))
    return dict(zip(names, table.T, strict=True))


class _Results:
    """What the processes found, put back in the order of the batch as it comes."""

    def __init__(self, program: LanesProgram, batch: Batch):
        self.program, self.batch = program, batch
        shape, count = sample_grid(batch).shape, len(batch.lanes)
        self.samples = {name: np.full(shape, np.nan) for name in batch.observe}
        self.peaks = {name: np.full(count, np.nan) for name in batch.peaks}
        self.least = {name: np.full(count, np.nan) for name in batch.least}
        self.steps = self.rejected = 0

    def take(self, places: Indices, found: Found) -> None:
        """Add the lanes at `places`; raise a SimulationError if one did not come to its end."""
        _check_finished(self.batch, places, found)
        self.steps += int(found.outputs["lane__steps"].sum())
        self.rejected += int(found.outputs["lane__rejected"].sum())
        for kind, table in (("peak", self.peaks), ("least", self.least)):
            for name, values in table.items():
                values[places] = found.outputs[f"{kind}__{name}"]
        order = np.argsort(found.lane_of_sample, kind="stable")
        wanted = np.array([self.batch.lanes[place].samples.size for place in places])
        counts = np.bincount(found.lane_of_sample, minlength=places.size)
        if (counts != wanted).any():
            raise SimulationError(f"{wanted.sum() - counts.sum()} samples were lost")
        rows = np.repeat(places, wanted)
        columns = np.concatenate([np.arange(n) for n in wanted])
        for name, recorded in self.program.recorded.items():
            self.samples[name][rows, columns] = found.samples[recorded][order]

    def outcome(self, target: str, built: bool, rtol: float) -> Outcome:
        return Outcome(
            self.samples, self.peaks, self.least, "lanes", target, built, self.steps,
            self.rejected, rtol,
        )  # fmt: skip


def _check_finished(batch: Batch, places: Indices, found: Found) -> None:
    """Raise a SimulationError that names the first lane which could not go on."""
    for row in np.flatnonzero(found.outputs["lane__failed"] > 0.5)[:1]:
        place = places[row]
        raise SimulationError(
            f"the step became too small in lane {place} ({batch.lanes[place].label}) "
            f"at {found.outputs['lane__t'][row]:.6g} s; see if the equations blow up there"
        )
