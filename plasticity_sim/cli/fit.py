"""`fit`: free parameters of a model, searched so that it gives what was measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from plasticity_sim.cli.options import console, results_folder
from plasticity_sim.cli.run import progress_bar
from plasticity_sim.errors import InputError

_QUIET = 10.0  # s between lines where there is no terminal for a bar


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("fit")(fit)


def fit(
    name: Annotated[str, typer.Argument(metavar="FIT", help="a shipped fit or a YAML file")],
    out: Annotated[str, typer.Option(help="the folder to write to, and to go on from")],
    storage: Annotated[
        str | None,
        typer.Option(help="an address that Optuna takes, to share the fit [SQLite in the folder]"),
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="how many at most [what the file says]")
    ] = None,
) -> int:
    """Fit a model to experiments and targets; what has been evaluated is not evaluated again.

    Writes values.yaml, for `run --values`, and report.csv (one row a target). The same command goes
    on after an interrupt, and ends where it would have without one. Started several times with one
    --storage, or in one folder, the processes share the work.
    """
    folder = results_folder(out)
    from dataclasses import replace

    from plasticity_sim.fit import load_fit
    from plasticity_sim.fit.ledger import ledger_of, require
    from plasticity_sim.fit.outputs import identity, write_report, write_values
    from plasticity_sim.fit.parts import MOST_EVALUATIONS
    from plasticity_sim.fit.search import search

    for package in ("optuna", "cmaes"):
        require(package)
    wanted = load_fit(name)
    if evaluations is not None:
        if evaluations > MOST_EVALUATIONS:
            raise InputError(f"--evaluations: {evaluations} given; at most {MOST_EVALUATIONS}")
        wanted = replace(wanted, optimiser=replace(wanted.optimiser, evaluations=evaluations))
    study = f"{wanted.name} {identity(wanted)[:16]}"
    ledger = ledger_of(folder, storage, study, wanted.free)
    there = len(ledger.read())
    if there:
        print(f"{there} evaluations are there; going on from them", file=sys.stderr)
    with interruptible(folder, storage), following(f"fit {wanted.name}") as (report, announce):
        found = search(wanted, ledger, report, announce)
    if found.best.is_feasible:
        write_values(wanted, found.best, found.evaluations, folder / "values.yaml")
        write_report(wanted, found.best, folder / "report.csv")
    return _told(wanted, found, folder)


@contextmanager
def interruptible(folder: Path, storage: str | None) -> Iterator[None]:
    """Say at an interrupt how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        where = storage or folder
        print(f"what was evaluated is kept in {where}; the same command goes on from there",
              file=sys.stderr)  # fmt: skip
        raise


@contextmanager
def following(title: str) -> Iterator[tuple[Callable[[Any], None], Callable[[str], None]]]:
    """Show on stderr how far a search is: by a bar, or by a line now and then in a file."""
    told = [0.0]
    with progress_bar(title) as (update, announce):

        def report(standing: Any) -> None:
            words = f"{title}: {_words(standing)}"
            update((standing.generation + standing.share) / standing.generations, words)
            if not sys.stderr.isatty() and time.monotonic() - told[0] > _QUIET:
                told[0] = time.monotonic()
                print(words, file=sys.stderr)

        yield report, announce


def _words(standing: Any) -> str:
    best = f"{standing.best.loss:.4g}" if standing.best else "none yet"
    return f"generation {standing.generation + 1} of {standing.generations}, best loss {best}"


def _told(wanted: Any, found: Any, folder: Path) -> int:
    """Print how each target came out; return the exit code."""
    from plasticity_sim.fit.outputs import COLUMNS, cells, rows

    out = console()
    ended = ", as far as the search can tell them apart" if found.converged else ""
    counts = f"{found.evaluations} evaluations, {found.infeasible} of them infeasible{ended}"
    if not found.best.is_feasible:
        print(f"plasticity-sim: no values are feasible: {found.best.reason}", file=sys.stderr)
        print(f"{counts}; give other ranges, or a start at which the model rests", file=sys.stderr)
        return 1
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(COLUMNS):
        table.add_column(column, justify="left" if number < 2 else "right")
    for row in rows(wanted, found.best):
        table.add_row(*cells(row))
    out.print(f"{wanted.title}: loss {found.best.loss:.6g}; {counts}")
    out.print(table)
    for name, text in wanted.texts(found.best.numbers).items():
        out.print(f"{name} = {text}")
    out.print(f"{folder / 'values.yaml'} for run --values, report.csv beside it")
    return 0
