"""Lanes to blocks of a compiled width, blocks to processes, and what they found back together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity_sim.engine import build
from plasticity_sim.engine.batch import (
    Array,
    Batch,
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
from plasticity_sim.engine.noise import is_noisy
from plasticity_sim.engine.program import Found
from plasticity_sim.errors import SimulationError

NARROW, WIDE = 8, 64
_WORTH_WIDE = 40  # lanes: fewer run faster as several narrow blocks
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
    blocks = _blocks(batch.lanes, target)
    results, built = _Results(program, batch), False
    if target == "cpp_standalone":
        built = _run_blocks(program, blocks, rtol, results, progress, announce)
    else:
        if announce:
            announce(f"no C++ compiler: running on {target}, which is slower; see `doctor`")
        for block in blocks:
            tables = _tables(program, block.lanes, rtol)
            found = run_interpreted(program, block.width, tables, progress, target)
            results.take(block, found)
    outcome = results.outcome(target, built, rtol)
    check_finite(batch, outcome)
    return outcome


@dataclass(frozen=True)
class _Block:
    """Lanes that run together, by their places in the batch; then copies to fill the width."""

    places: NDArray[np.integer[Any]]
    lanes: tuple[Lane, ...]
    width: int


def _blocks(lanes: Sequence[Lane], target: str) -> list[_Block]:
    """Return blocks of lanes of about equal length, the longest first."""
    work = [lane.pre.size + lane.post.size for lane in lanes]
    order = np.argsort([-w for w in work], kind="stable")
    if target != "cpp_standalone":
        return [_Block(order, tuple(lanes[i] for i in order), len(lanes))]
    blocks, begin = [], 0
    while begin < order.size:
        left = order.size - begin
        width = WIDE if left >= _WORTH_WIDE else NARROW
        places = order[begin : begin + width]
        begin += places.size
        own = [lanes[i] for i in places]
        blocks.append(_Block(places, (*own, *own[:1] * (width - len(own))), width))
    return blocks


def _run_blocks(
    program: LanesProgram,
    blocks: list[_Block],
    rtol: float,
    results: _Results,
    progress: Progress | None,
    announce: Callable[[str], None] | None,
) -> bool:
    """Run the blocks, as many at once as there are processors; return whether one was compiled."""
    folders, built = {}, False
    for width in sorted({block.width for block in blocks}):
        folders[width], new = compiled(program, width, announce)
        built = built or new
    shares = [0.0] * len(blocks)
    processes: list[Process] = []

    def run(number: int) -> Found:
        block = blocks[number]

        def note(share: float) -> None:
            shares[number] = share
            if progress:
                progress(sum(shares) / len(shares))

        tables, width = _tables(program, block.lanes, rtol), block.width
        found = run_compiled(folders[width], program, width, tables, processes.append, note)
        note(1.0)
        return found

    pool = ThreadPoolExecutor(max_workers=jobs())
    try:
        for block, found in zip(blocks, pool.map(run, range(len(blocks))), strict=True):
            results.take(block, found)
    finally:  # nothing goes on in the background after an error or an interrupt
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        pool.shutdown(wait=True)
    return built


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
    return Tables(_inputs(program, lanes, table, rtol), table.events, table.samples)


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
    if is_noisy(model):
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
    """What the blocks found, put back in the order of the batch as it comes."""

    def __init__(self, program: LanesProgram, batch: Batch):
        self.program, self.batch = program, batch
        shape, count = sample_grid(batch).shape, len(batch.lanes)
        self.samples = {name: np.full(shape, np.nan) for name in batch.observe}
        self.peaks = {name: np.full(count, np.nan) for name in batch.peaks}
        self.least = {name: np.full(count, np.nan) for name in batch.least}
        self.steps = self.rejected = 0

    def take(self, block: _Block, found: Found) -> None:
        """Add the lanes of a block; raise a SimulationError if one did not come to its end."""
        _check_finished(self.batch, block, found)
        places, count = block.places, block.places.size
        self.steps += int(found.group["lane__steps"][:count].sum())
        self.rejected += int(found.group["lane__rejected"][:count].sum())
        for kind, table in (("peak", self.peaks), ("least", self.least)):
            for name, values in table.items():
                values[places] = found.group[f"{kind}__{name}"][:count]
        order = np.argsort(found.lane_of_sample, kind="stable")
        counts = np.bincount(found.lane_of_sample, minlength=len(block.lanes))
        wanted = np.array([lane.samples.size for lane in block.lanes])
        if (counts != wanted).any():
            raise SimulationError(f"{wanted.sum() - counts.sum()} samples were lost")
        rows = np.repeat(places, wanted[:count])
        columns = np.concatenate([np.arange(n) for n in wanted[:count]])
        for name, recorded in self.program.recorded.items():
            self.samples[name][rows, columns] = found.samples[recorded][order][: rows.size]

    def outcome(self, target: str, built: bool, rtol: float) -> Outcome:
        return Outcome(
            self.samples, self.peaks, self.least, "lanes", target, built, self.steps,
            self.rejected, rtol,
        )  # fmt: skip


def _check_finished(batch: Batch, block: _Block, found: Found) -> None:
    """Raise a SimulationError that names the first lane which could not go on."""
    for row, place in enumerate(block.places):
        if found.group["lane__failed"][row] > 0.5:
            raise SimulationError(
                f"the step became too small in lane {place} ({batch.lanes[place].label}) "
                f"at {found.group['lane__t'][row]:.6g} s; see if the equations blow up there"
            )
