"""`bench`: any model under any published experiment, scored."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from plasticity_sim.cli.options import console, results_folder
from plasticity_sim.cli.run import progress_bar
from plasticity_sim.errors import InputError
from plasticity_sim.library import shipped

MOST_STEPS = 1e8  # with the shipped models, a quarter of a minute a pair
_SLOWEST = 3  # pairs that are told
_SLOW = 5.0  # s: quicker ones are not worth telling


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("bench")(bench)


def bench(
    out: Annotated[str, typer.Option(help="the folder to write to, and to go on from")],
    models: Annotated[str | None, typer.Option(help="A,B: names or files [all shipped]")] = None,
    experiments: Annotated[
        str | None, typer.Option(help="X,Y: names or files [all shipped]")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="how many at once [one a processor]")
    ] = None,
    most_steps: Annotated[
        float, typer.Option(min=0, help="of a fixed length, over all states; see below")
    ] = MOST_STEPS,
) -> int:
    """Run models under published experiments and score them; what is there is not run again.

    Writes bench.csv (one row an outcome), bench.png and bench.html. Pairs of a model with a fixed
    step that would take more than --most-steps are run at steps of the solver's own, and say so.
    """
    folder = results_folder(out)
    chosen, tables = _names(models, "models"), _names(experiments, "experiments")
    from plasticity_sim.bench import run_bench
    from plasticity_sim.jobs import LocalProcesses, processors

    executor = LocalProcesses(jobs or processors())
    began, done = time.perf_counter(), [0, 0]
    try:
        with progress_bar("bench") as (update, _):

            def progress(number: int, total: int) -> None:
                done[:] = number, total
                update(number / total)

            found = run_bench(chosen, tables, folder, executor, progress, most_steps)
    except KeyboardInterrupt:
        print(f"{done[0]} of {done[1]} are done; what was simulated is kept in {folder / 'cells'}; "
              "the same command goes on from there", file=sys.stderr)  # fmt: skip
        raise
    _write(found, folder)
    return _told(found, folder, time.perf_counter() - began)


def _names(given: str | None, kind: str) -> list[str]:
    """Return the names that an option lists, by default all that is shipped."""
    if given is None:
        return shipped(kind)
    names = [name.strip() for name in given.split(",") if name.strip()]
    if not names:
        raise InputError(f"--{kind}: write names or files with commas between")
    return names


def _write(found: Any, folder: Path) -> None:
    from plasticity_sim import __version__
    from plasticity_sim.drawing import save
    from plasticity_sim.report import draw_matrix, matrix, write_page, write_table

    write_table(found.cells, folder / "bench.csv")
    write_page(found.cells, __version__, folder / "bench.html")
    save(draw_matrix(matrix(found.cells)), str(folder / "bench.png"))


def _told(found: Any, folder: Path, wall: float) -> int:
    """Print the scores of every model and what has failed; return the exit code."""
    from plasticity_sim.score import ROLES, totals

    table = Table(box=None, pad_edge=False)
    for column in ("model", "z held-out", "signs", "z fitted", "signs"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name, scores in totals(found.cells).items():
        cells = [name]
        for role in ROLES:
            total = scores[role]
            cells.append("-" if total.z is None else f"{total.z:.1f}")
            cells.append(f"{total.agree}/{total.of}" if total.of else "-")
        table.add_row(*cells)
    out = console()
    out.print(table)
    states = [cell.state for cell in found.cells]
    out.print(
        f"{len(states)} cells: {states.count('scored')} scored, "
        f"{states.count('not applicable')} do not apply, {states.count('left out')} left out as "
        f"too long, {states.count('failed')} failed; "
        f"{len(found.computed)} simulated now, {wall:.0f} s"
    )
    slow = sorted(found.computed, key=lambda cell: -cell.simulated.seconds)[:_SLOWEST]
    for cell in slow:
        if cell.simulated.seconds > _SLOW:
            pair = f"{cell.model.name} under {cell.experiment.name}"
            out.print(f"slow: {pair}, {cell.simulated.seconds:.0f} s")
    out.print(f"{folder / 'bench.html'}, bench.png and bench.csv beside it")
    failed = [cell for cell in found.cells if cell.state == "failed"]
    for cell in failed:
        pair = f"{cell.model.name} under {cell.experiment.name}"
        print(f"plasticity-sim: {pair} failed: {cell.simulated.failure}", file=sys.stderr)
    if failed:
        print(f"plasticity-sim: {len(failed)} of {len(states)} cells failed", file=sys.stderr)
    return 1 if failed else 0
