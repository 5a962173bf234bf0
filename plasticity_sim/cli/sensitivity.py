"""`sensitivity`: which parameters decide what a model gives."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from plasticity_sim.cli.fit import interruptible
from plasticity_sim.cli.options import console, results_folder
from plasticity_sim.cli.run import progress_bar
from plasticity_sim.errors import InputError, suggestion

_METHODS = ("morris", "sobol")
_TOLD = 3  # parameters a target


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("sensitivity")(sensitivity)


def sensitivity(
    name: Annotated[str, typer.Argument(metavar="FIT", help="a shipped fit or a YAML file")],
    out: Annotated[str, typer.Option(help="the folder to write to, and to go on from")],
    method: Annotated[str, typer.Option(help="morris or sobol")] = _METHODS[0],
    over: Annotated[
        list[str] | None,
        typer.Option(help='a parameter, or "g_nmda=0.5:0.9 nS" [all that are free]'),
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="around the model's values, as in \"10%\" [the fit's ranges]")
    ] = None,
    values: Annotated[str | None, typer.Option(help="a YAML file of values of the model")] = None,
    count: Annotated[
        int | None, typer.Option(min=2, help="trajectories [10], or Sobol's base points [64]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the points")] = 0,
    storage: Annotated[
        str | None,
        typer.Option(help="an address that Optuna takes, to share the work [SQLite in the folder]"),
    ] = None,
) -> None:
    """Tell which parameters of a fit decide each of its targets.

    Writes METHOD.csv (one row a target and parameter) and METHOD.png. What has been evaluated is
    not evaluated again: the same command goes on after an interrupt.
    """
    if method not in _METHODS:
        raise InputError(f"--method: no method '{method}'; {suggestion(method, _METHODS)}")
    folder = results_folder(out)
    from plasticity_sim.drawing import save
    from plasticity_sim.fit import load_fit
    from plasticity_sim.fit.ledger import ledger_of, require
    from plasticity_sim.fit.outputs import identity
    from plasticity_sim.fit.sensitivity import COLUMNS, COUNTS, points, with_ranges
    from plasticity_sim.fit.sensitivity import sensitivity as studied
    from plasticity_sim.fit.sensitivity_plot import draw_study
    from plasticity_sim.results import write_csv

    for package in ("optuna", "SALib"):
        require(package)
    fit = load_fit(name)
    if values:
        fit = _with_values(fit, values)
    fit = with_ranges(fit, over or [], _share(within))
    size = count or COUNTS[method]
    total = len(points(method, fit, size, seed))
    study = f"{fit.name} {method} {size} {seed} {identity(fit)[:16]}"
    ledger = ledger_of(folder, storage, study, fit.free)
    there = len(ledger.read())
    print(f"{total} points" + f", {there} of them there" * bool(there), file=sys.stderr)
    with interruptible(folder, storage), progress_bar(f"{method} {fit.name}") as (update, announce):
        found = studied(fit, ledger, method, size, seed, update, announce)
    lines = [(e.target, e.parameter, *(f"{v:.6g}" for v in e.values)) for e in found.effects]
    write_csv(folder / f"{method}.csv", ("target", "parameter", *COLUMNS[method]), lines)
    save(draw_study(fit, found), str(folder / f"{method}.png"))
    _told(found)
    console().print(f"{folder / f'{method}.csv'}, {method}.png beside it")


def _with_values(fit: Any, path: str) -> Any:
    from dataclasses import replace

    from plasticity_sim.model import read_values

    return replace(fit, model=read_values(path).applied_to(fit.model))


def _share(text: str | None) -> float | None:
    """Return the share that "10%" or "0.1" writes."""
    from brian2.units.fundamentalunits import DIMENSIONLESS

    from plasticity_sim.quantities import parse_quantity

    if text is None:
        return None
    share = float(parse_quantity(text, DIMENSIONLESS))
    if not 0 < share < 1:
        raise InputError(f"--within {text}: write a share between 0 and 100%, as in 10%")
    return share


def _told(found: Any) -> None:
    """Print the strongest parameters of every target."""
    strength = 1 if found.method == "morris" else 2
    table = Table(box=None, pad_edge=False)
    table.add_column("target")
    table.add_column("largest effects, µ*" if strength == 1 else "largest shares, total")
    targets: dict[str, list[Any]] = {}
    for effect in found.effects:
        targets.setdefault(effect.target, []).append(effect)
    for name, effects in targets.items():
        best = sorted(effects, key=lambda e: -e.values[strength])[:_TOLD]
        words = [f"{e.parameter} {e.values[strength]:.3g}" for e in best]
        table.add_row(name, ", ".join(words))
    out = console()
    out.print(table)
    group = "trajectories" if strength == 1 else "groups of points"
    out.print(
        f"{found.evaluations} evaluations; {found.groups - found.lost} of {found.groups} {group} "
        "lie where the model rests and runs"
    )
