"""All simulators side by side, in one run: python -m benchmarks.run [--quick]."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.matching import (
    ONE_THREAD,
    ROOT,
    Answer,
    Judge,
    Measured,
    Peer,
    Simulator,
    best,
    timed_part,
)

os.environ.update(ONE_THREAD)  # before numpy starts its threads

from benchmarks.cases import CASES, Case
from benchmarks.ours import Ours
from benchmarks.reference import reference
from benchmarks.report import Result, measurements, written
from benchmarks.task import COUNTER, Task, batch_of, task_of

PEERS = ("lsoda", "roadrunner", "neuron", "kernel")
STOCK = "brian"  # runs in the environment of plasticity-sim itself
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
MEASUREMENTS = ROOT / "figures" / "speed.csv"  # beside the figure that draws them
REPEATS = 3
_FEW = 64  # synapses of a quick run
_LONG = 900.0  # s that a solution at 1e-11, or one at a fixed step, may take
_PART = 2.0  # s of stock Brian2 with the whole batch
_BEYOND = 0.1  # s that it runs on beyond the checkpoint


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for and print the tables; keep them after a full run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few synapses, the short protocols")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--peers", default=",".join((*PEERS, STOCK)), help="which, with commas")
    parser.add_argument("--out", type=Path, help="where to write the tables")
    given = parser.parse_args(arguments)
    cases = [case for case in CASES if given.only in case.name]
    if given.quick:
        cases = [replace(c, synapses=_FEW) for c in cases if c.protocol == "pulses_100hz"]
    chosen = given.peers.split(",")
    if unknown := set(chosen) - {*PEERS, STOCK}:
        parser.error(f"no peer {', '.join(unknown)}; there are {', '.join((*PEERS, STOCK))}")
    if not cases:
        parser.error(f"no case has '{given.only}' in its name")
    complete = not (given.quick or given.only or len(chosen) <= len(PEERS))
    path = given.out or (DOCUMENT if complete else None)
    results: list[Result] = []
    for case in cases:
        own = [name for name in chosen if name in (case.peers or chosen)]
        results.append(measured(case, 1 if given.quick else REPEATS, own))
        if path:  # after each case, so that an hour's work is not lost with the last
            path.parent.mkdir(exist_ok=True)
            path.write_text(written(results), "utf-8")
        if path == DOCUMENT:
            MEASUREMENTS.write_text(measurements(results), "utf-8")
    print(written(results))


def measured(case: Case, repeats: int, chosen: Sequence[str]) -> Result:
    """Return the rows of plasticity-sim and the chosen peers on one case."""
    tell(f"{case.name}: resting states of {case.synapses} synapses")
    batch = batch_of(case)
    task = task_of(case, batch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "task.json")
        path.write_text(json.dumps(task), "utf-8")
        peers = {name: Peer(PEERS_PYTHON, name, path) for name in PEERS if name in chosen}
        if STOCK in chosen:
            peers[STOCK] = Peer(Path(sys.executable), STOCK, path, _LONG)
        peers["reference"] = Peer(PEERS_PYTHON, "lsoda", path, _LONG)
        try:
            tell(f"{case.name}: reference")
            right = reference(task, peers["reference"])
            judge = Judge(right, task["pulses"], case.judged, case.target, COUNTER)
            few = [task["referenced"][k] for k in (0, len(task["referenced"]) // 2, -1)]
            ours = Ours(batch)
            rows = fastest("batch", ours, judge, range(case.synapses), repeats)
            rows += fastest("single", ours, judge, few[:1], repeats)
            for name in (name for name in PEERS if name in peers):
                rows += fastest(name, peers[name], judge, few, repeats)
            if stock := peers.get(STOCK):
                rows += stock_rows(stock, judge, task, few[:1], range(case.synapses), repeats)
        finally:
            for peer in peers.values():
                peer.close()
    versions = {peer.name: peer.version for peer in (ours, *peers.values())}
    return Result(case, task["pulses"], rows, right["uncertainty"], versions)


def stock_rows(
    stock: Peer, judge: Judge, task: Task, few: Sequence[int], everyone: Sequence[int], repeats: int
) -> list[tuple[str, Measured]]:
    """Return the rows of stock Brian2: the error at the checkpoint alone, the time of a part.

    The whole of a protocol, at each of the steps to be tried, would take it an hour.
    """
    stock.settings = [own | {"until": task["checkpoint"] + _BEYOND} for own in stock.settings]
    until = task["start"] + _PART
    return [
        (place, timed_part(stock, replace(row, end_errors={}), everyone, until, repeats))
        if row.errors
        else (place, row)
        for place, row in fastest(STOCK, stock, judge, few, 1)
    ]


def fastest(
    place: str, simulator: Simulator, judge: Judge, synapses: Sequence[int], repeats: int
) -> list[tuple[str, Measured]]:
    """Return the best row of each variant, and that there is none where none passes."""
    found = best(simulator, judge, synapses, repeats, tell_row)
    if not found:
        none = Answer({"variant": "none reaches the error asked for with all pulses"})
        return [(place, Measured(simulator.name, none, 0))]
    return [(place, row) for row in found.values()]


def tell_row(row: Measured) -> None:
    """Say what a trial has shown, so that a long run can be followed."""
    errors = ", ".join(f"{name} {value:.1e}" for name, value in row.errors.items())
    result = row.answer.failed or f"{row.seconds:.4g} s, {errors}, pulses {row.delivered}"
    tell(f"  {row.simulator} {row.answer.settings}: {result}")


def tell(text: str) -> None:
    """Write a line of progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
