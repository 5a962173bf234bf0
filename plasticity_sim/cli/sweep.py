"""`sweep`: a protocol over grids, lists or samples of any values, in a folder that survives."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from plasticity_sim.cli.options import assignments, check_picture, console, results_folder
from plasticity_sim.cli.run import DEFAULT_MODEL, progress_bar
from plasticity_sim.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("sweep")(sweep)


def sweep(
    out: Annotated[str, typer.Option(help="the folder to write to, and to go on from")],
    protocol: Annotated[
        str | None, typer.Argument(help="a shipped protocol or a YAML file")
    ] = None,
    over: Annotated[
        list[str] | None, typer.Option(help='"g_nmda=0.2:1:17 nS", "rate=1,5,10 Hz"; several cross')
    ] = None,
    sample: Annotated[
        str | None, typer.Option(help='latin-hypercube or sobol, of spans: "g_nmda=0.2:1 nS log"')
    ] = None,
    points: Annotated[int | None, typer.Option(help="the size of the sample")] = None,
    model: Annotated[list[str] | None, typer.Option(help=f"a model [{DEFAULT_MODEL}]")] = None,
    values_set: Annotated[
        list[str] | None, typer.Option("--set", help='"g_nmda=0.6 nS" at every point')
    ] = None,
    values: Annotated[str | None, typer.Option(help="a YAML file of values")] = None,
    drug: Annotated[list[str] | None, typer.Option(help="a drug of the model, NAME[=dose]")] = None,
    synapses: Annotated[int | None, typer.Option(help="size of the population")] = None,
    seed: Annotated[int, typer.Option(min=0, help="root of all random numbers")] = 0,
    rtol: Annotated[float | None, typer.Option(help="relative tolerance of the solver")] = None,
    engine: Annotated[str | None, typer.Option(help="lanes, fixed or reference")] = None,
    keep_traces: Annotated[
        list[str] | None, typer.Option(help='time courses too: "g_nmda=0.6 nS", "point=0,7", "all"')
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="how many at once here [one a processor]")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="a dask scheduler instead: tcp://10.0.0.1:8786")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="3/10: only this share of the work, as in an array job")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="tell how far it is, and end")] = False,
    plot: Annotated[str | None, typer.Option(help="draw the strength: .png, .svg or .pdf")] = None,
) -> int:
    """Run a protocol at every point; what is in the folder already is not run again."""
    folder = results_folder(out)
    check_picture(plot)
    share = _part(part)
    if plot and share != (1, 1):
        raise InputError("--plot draws a whole sweep; give it without --part once all is there")
    if jobs and cluster:
        raise InputError("--jobs is for this machine; the workers of --cluster are as many as run")
    if protocol is None and not status:
        raise InputError("name a protocol, as in `sweep high_frequency`; or ask for --status")
    asked = None
    if protocol is not None:
        from plasticity_sim.sweep import Request, resolve

        request = Request(
            protocol, tuple(over or ()), tuple(dict.fromkeys(model or [DEFAULT_MODEL])),
            tuple(assignments(values_set or []).items()), values, tuple(drug or ()), synapses,
            seed, rtol, engine, sample or "", _points(points, sample), tuple(keep_traces or ()),
        )  # fmt: skip
        asked = resolve(request)
    if status:
        return _status(folder, asked)
    assert asked is not None
    if plot:
        from plasticity_sim.sweep.plotting import check_drawable

        check_drawable(asked)
    began = time.perf_counter()
    state, new = _run(asked, folder, _executor(jobs, cluster), share)
    if plot and state.is_complete:
        _draw(folder, plot)
    return _told(state, new, folder, time.perf_counter() - began)


def _points(points: int | None, sample: str | None) -> int:
    """Return the size of a sample, 0 for a grid."""
    if sample and points is None:
        raise InputError("--sample needs a size; give --points, as in --points 1024")
    if points is not None and points < 1:
        raise InputError(f"--points: {points} given; at least 1 is needed")
    return points or 0


def _part(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"--part '{text}': write which of how many, from 1/10 to 10/10")
    return int(match[1]), int(match[2])


def _executor(jobs: int | None, cluster: str | None) -> Any:
    from plasticity_sim.jobs import Cluster, LocalProcesses, check_cluster, processors

    if cluster is None:
        return LocalProcesses(jobs or processors())
    check_cluster(cluster)
    return Cluster(cluster)


@dataclass
class _Meter:
    """How far a sweep was when it was first looked at, and is now."""

    first: Any = None
    last: Any = None
    began: float = 0.0

    def words(self, state: Any) -> str:
        """Take note of a state and return it in words, with the rate since the first one."""
        if self.first is None:
            self.first, self.began = state, time.perf_counter()
        self.last = state
        words = f"{state.done} of {state.total} points"
        seconds = time.perf_counter() - self.began
        return f"{words}, {self.new / seconds:.3g}/s" if self.new else words

    @property
    def new(self) -> int:
        """How many points have been simulated meanwhile."""
        return self.last.done - self.first.done if self.last else 0


def _run(asked: Any, folder: Path, executor: Any, share: tuple[int, int]) -> tuple[Any, int]:
    """Return how far the sweep is then, and how many of its points are new."""
    from plasticity_sim.sweep import run_sweep

    meter = _Meter()
    try:
        with progress_bar(f"{asked.subjects[0].protocol.name}: sweep") as (update, tell):
            state = run_sweep(
                asked, folder, executor,
                progress=lambda now: update(now.done / now.total, meter.words(now)),
                announce=lambda text: tell(f"plasticity-sim: {text}"), part=share,
            )  # fmt: skip
    except KeyboardInterrupt:
        done = f"{meter.last.done} of {meter.last.total}" if meter.last else "no new"
        print(f"{done} points are in '{folder}'; the same command goes on from there",
              file=sys.stderr)  # fmt: skip
        raise
    return state, meter.new


def _draw(folder: Path, plot: str) -> None:
    from plasticity_sim.drawing import save
    from plasticity_sim.sweep import open_sweep
    from plasticity_sim.sweep.plotting import draw_sweep

    save(draw_sweep(open_sweep(folder)), plot)


def _told(state: Any, new: int, folder: Path, seconds: float) -> int:
    """Print what is there and what has failed; return the exit code."""
    console().print(
        f"{state.done} of {state.total} points in {folder}, {new} new, {seconds:.1f} s; "
        f"plasticity_sim.open_sweep('{folder}') opens them"
    )
    if state.died:
        print(f"plasticity-sim: {state.died} chunks were not computed, since each process that "
              "tried was ended (by the system, where memory is short); the same command tries "
              "again", file=sys.stderr)  # fmt: skip
    if state.failed:
        print(f"plasticity-sim: {state.failed} of {state.total} points failed; "
              f"{folder / 'failures.csv'} says which and why", file=sys.stderr)  # fmt: skip
    return 1 if state.failed or state.died else 0


def _status(folder: Path, asked: Any) -> int:
    """Print how far the sweep in `folder` is."""
    from plasticity_sim.sweep.status import status_of

    if asked is not None:
        from plasticity_sim.sweep.folder import check_same

        check_same(folder, asked)
    console().print(status_of(folder))
    return 0
