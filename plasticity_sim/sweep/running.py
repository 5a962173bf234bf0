"""A sweep carried out: what is there is taken, the rest simulated, and the folder kept whole."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.jobs import Executor
from plasticity_sim.results import write_beside
from plasticity_sim.sweep.folder import (
    CHUNKS,
    check_same,
    chunk_path,
    read_chunk,
    write_chunk,
    write_manifest,
)
from plasticity_sim.sweep.lock import working_in
from plasticity_sim.sweep.request import Chunk, Sweep
from plasticity_sim.sweep.work import FAILURE, UNTRUSTED, computed_chunk

FAILURES = "failures.csv"
ATTEMPTS = 3  # times that a chunk is begun whose process dies

Announce = Callable[[str], None]


@dataclass(frozen=True)
class State:
    """How far a sweep is: points done and of how many, and those that failed."""

    done: int
    total: int
    failed: int
    died: int = 0  # chunks whose process died each time

    @property
    def is_complete(self) -> bool:
        """Whether all points are there."""
        return self.done == self.total


Progress = Callable[[State], None]


def run_sweep(
    sweep: Sweep,
    folder: Path,
    executor: Executor,
    progress: Progress | None = None,
    announce: Announce = lambda text: None,
    part: tuple[int, int] = (1, 1),
) -> State:
    """Simulate what is not in `folder` yet, and return how far the sweep is then.

    `part` (k, n) does the k-th of n shares of the chunks, so that n processes may work at once.
    `announce` is told what is wrong and mended. Raises InputError if the folder cannot be written
    to, is of another sweep, or is worked in by another process; SimulationError if the chunks
    cannot be computed at all. What is kept then stays, and the same call goes on from it.
    """
    is_known = check_same(folder, sweep)
    numbers = range(part[0] - 1, len(sweep.chunks), part[1])
    own = [sweep.chunks[number] for number in numbers]
    if is_known:
        kept = _kept(sweep, folder, own, announce=lambda text: None)
        if len(kept) == len(own):
            return _ended(sweep, folder, own, kept)
    try:
        (folder / CHUNKS).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"'{folder}' cannot be written: {problem.strerror}") from None
    with working_in(folder, numbers, announce):
        if part == (1, 1):
            _tidy(folder)
        kept = _kept(sweep, folder, own, announce)
        if not check_same(folder, sweep):
            write_manifest(folder, sweep)
        state = _completed(sweep, folder, own, kept, executor, progress)
        return state if state.died else _ended(sweep, folder, own, kept)


def _completed(
    sweep: Sweep,
    folder: Path,
    own: Sequence[Chunk],
    kept: dict[int, int],
    executor: Executor,
    progress: Progress | None,
) -> State:
    """Simulate what `kept` lacks, and add it; chunks whose process dies are begun again."""
    work = partial(computed_chunk, request=sweep.request.anywhere(), digest=sweep.digest)
    by_number = {chunk.number: chunk for chunk in own}
    todo = [number for number in by_number if number not in kept]
    if progress:
        progress(_state(own, kept))
    for _ in range(ATTEMPTS):
        died = []
        with closing(executor.run(work, todo)) as results:  # type: ignore[type-var]
            for done in results:
                if done.value is None:
                    died.append(done.task)
                    continue
                if done.value.problem:
                    raise SimulationError(
                        f"chunk {done.task} {done.value.problem}; what is done is kept, and the "
                        "same command goes on once the cause is gone"
                    )
                write_chunk(folder, by_number[done.task], done.value)
                kept[done.task] = done.value.failed
                if progress:
                    progress(_state(own, kept))
        todo = died
        if not todo:
            break
    return _state(own, kept, died=len(todo))


def _kept(sweep: Sweep, folder: Path, own: Sequence[Chunk], announce: Announce) -> dict[int, int]:
    """Return the failed points of every chunk that is there and whole."""
    found = {}
    for chunk in own:
        kept = read_chunk(folder, chunk.number, sweep.digest)
        if kept and kept.damage:
            path = chunk_path(folder, chunk.number)
            announce(f"'{path}' is damaged ({kept.damage}); it is simulated again")
        elif kept:
            found[chunk.number] = kept.failed
    return found


def _state(own: Sequence[Chunk], kept: dict[int, int], died: int = 0) -> State:
    done = sum(chunk.count for chunk in own if chunk.number in kept)
    return State(done, sum(chunk.count for chunk in own), sum(kept.values()), died)


def _ended(sweep: Sweep, folder: Path, own: Sequence[Chunk], kept: dict[int, int]) -> State:
    state = _state(own, kept)
    if state.failed and len(own) == len(sweep.chunks) and not (folder / FAILURES).exists():
        write_failures(sweep, folder, [number for number, failed in kept.items() if failed])
    return state


def write_failures(sweep: Sweep, folder: Path, chunks: Sequence[int]) -> None:
    """Write a table of every condition that failed, with its values and the reason."""
    names = [axis.name for axis in sweep.design.axes]
    rows: list[dict[str, str]] = []
    conditions: dict[str, None] = {}
    for number in sorted(chunks):
        model = sweep.subjects[sweep.chunks[number].subject].model.name
        with xr.open_dataset(chunk_path(folder, number), engine="h5netcdf") as data:
            dims = [str(dim) for dim in data[FAILURE].dims[1:]]
            conditions |= dict.fromkeys(dims)
            for place in np.argwhere(data[FAILURE].to_numpy() != ""):
                here = data[FAILURE][tuple(place)]
                point = int(here["point"])
                rows.append({"model": model, "point": str(point), **sweep.design.values(point),
                             **{dim: str(here[dim].item()) for dim in dims},
                             "reason": str(here.item())})  # fmt: skip
            for row in np.flatnonzero(data[UNTRUSTED].to_numpy() != ""):
                point = int(data["point"][row])
                reason = f"not to be trusted: {data[UNTRUSTED][row].item()}"
                rows.append({"model": model, "point": str(point), **sweep.design.values(point),
                             "reason": reason})  # fmt: skip

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, ["model", "point", *names, *conditions, "reason"])
            table.writeheader()
            table.writerows(rows)

    write_beside(folder / FAILURES, write)


def _tidy(folder: Path) -> None:
    """Remove what a killed process had begun to write."""
    for path in [*folder.glob(".*.json"), *folder.glob(".*.csv"), *(folder / CHUNKS).glob(".*.nc")]:
        path.unlink(missing_ok=True)
