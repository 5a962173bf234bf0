"""`run`: a protocol on one or several models."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from plasticity_sim.cli.ending import go_on
from plasticity_sim.cli.options import (
    assignments,
    check_picture,
    console,
    tell_without_effect,
)
from plasticity_sim.errors import InputError

DEFAULT_MODEL = "ca1_spine"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("run")(run)


def run(
    protocol: Annotated[str, typer.Argument(help="a shipped protocol or a YAML file")],
    model: Annotated[
        list[str] | None, typer.Option(help=f"a model; several overlay [{DEFAULT_MODEL}]")
    ] = None,
    values_set: Annotated[
        list[str] | None, typer.Option("--set", help='"g_nmda=0.6 nS" or "lag=-10,12 ms"')
    ] = None,
    values: Annotated[str | None, typer.Option(help="a YAML file of values")] = None,
    drug: Annotated[list[str] | None, typer.Option(help="a drug of the model, NAME[=dose]")] = None,
    synapses: Annotated[int | None, typer.Option(help="size of the population")] = None,
    seed: Annotated[int, typer.Option(min=0, help="root of all random numbers")] = 0,
    rtol: Annotated[float | None, typer.Option(help="relative tolerance of the solver")] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="lanes (adaptive), fixed or reference (SciPy) [what the model asks for]"),
    ] = None,
    out: Annotated[list[str] | None, typer.Option(help="write the result: .nc or .csv")] = None,
    plot: Annotated[str | None, typer.Option(help="draw the result: .png, .svg or .pdf")] = None,
    data: Annotated[str | None, typer.Option(help="a CSV of measured points to draw too")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    check: Annotated[bool, typer.Option(help="compare with tighter and independent runs")] = False,
) -> int:
    """Run a protocol on a model and tell the synaptic strength it leaves."""
    from plasticity_sim.results import check_target
    from plasticity_sim.simulation import Options

    names = list(dict.fromkeys(model or [DEFAULT_MODEL]))
    outputs = out or []
    for path in outputs:
        check_target(path)
    check_picture(plot)
    if data and not plot:
        raise InputError("--data draws points into a picture; give --plot FILE.png as well")
    if len(names) > 1 and outputs:
        raise InputError("--out writes the result of one model; give one --model")
    options = Options(engine=engine, rtol=rtol, check=check)
    points = _points(data)
    found = [
        _simulated(name, protocol, assignments(values_set or []), values, drug or [],
                   synapses, seed, options)
        for name in names
    ]  # fmt: skip
    _write([result for result, _ in found], outputs, plot, points)
    summaries = [summary for _, summary in found]
    for summary in summaries:
        tell_without_effect(summary["model"], summary["without_effect"])
    if as_json:
        print(json.dumps(summaries[0] if len(summaries) == 1 else summaries))
    else:
        for summary in summaries:
            _print(summary)
    return _trusted(summaries)


def _simulated(
    name: str,
    protocol_name: str,
    assignments: dict[str, str],
    values: str | None,
    drugs: list[str],
    synapses: int | None,
    seed: int,
    options: Any,
) -> tuple[Any, dict[str, Any]]:
    """Return the Dataset of one model and its summary."""
    from plasticity_sim import __version__
    from plasticity_sim.measures import summary
    from plasticity_sim.simulation import load_asked, simulate

    model, protocol = load_asked(name, protocol_name, assignments, values, drugs)
    began = time.perf_counter()
    with progress_bar(f"{protocol.name} on {model.name}") as (progress, announce):
        result = simulate(
            model, protocol, synapses=synapses, seed=seed, options=options,
            progress=progress, announce=announce,
        )  # fmt: skip
    return result, summary(result, time.perf_counter() - began, __version__)


@contextmanager
def progress_bar(title: str) -> Iterator[tuple[Any, Any]]:
    """Show a bar on stderr; yields what moves it by the share done, and what prints above it.

    Words behind the share stand for the title. A signal that was missed ends what goes on here.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
               TextColumn("left"), TimeRemainingColumn())  # fmt: skip
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(f"{title}: preparing", total=1.0)

        def update(share: float, words: str = title) -> None:
            go_on()
            bar.update(task, completed=share, description=words)

        yield update, lambda text: bar.console.print(text, highlight=False, soft_wrap=True)


def _points(path: str | None) -> Any:
    """Return measured points before any work, so that a mistake in them costs nothing."""
    from plasticity_sim.plots import read_points

    return read_points(path) if path else None


def _write(results: list[Any], outputs: list[str], plot: str | None, points: Any) -> None:
    from plasticity_sim.results import write_result

    for path in outputs:
        write_result(results[0], path)
    if plot:
        from plasticity_sim.drawing import save
        from plasticity_sim.plots import draw_run

        save(draw_run(results, points), plot)


def _print(summary: dict[str, Any]) -> None:
    """Print the strengths of one model as a table, then what has to be known about the run."""
    axes = [k for k in summary["conditions"][0] if k not in _FIXED_KEYS]
    states = list(summary["conditions"][0]["states"])
    table = Table(box=None, pad_edge=False)
    for column in (*axes, "strength (%)", *(f"from {state}" for state in states), "peak ca"):
        table.add_column(column, justify="right")
    for row in summary["conditions"]:
        sem = row["strength_sem"]
        strength = f"{row['strength_percent']:.1f}" + (f" ± {sem:.1f}" if sem else "")
        calcium = row["peak"].get("ca")
        table.add_row(
            *(f"{row[a]:g}" if isinstance(row[a], float) else row[a] for a in axes),
            strength,
            *(f"{row['states'][state]:.1f}" for state in states),
            f"{calcium['value']:.3g} {calcium['unit']}" if calcium else "",
        )
    out = console()
    out.print(f"{summary['protocol']} on {summary['model']}, strength in % of baseline")
    out.print(table)
    trust = summary["trust"]
    drift = trust["conservation_drift"]
    out.print(
        f"{summary['engine']} engine on {summary['target']}, {summary['wall_s']:.1f} s, "
        f"{trust['steps']} steps" + (f", conservation to {drift:.1g}" if drift is not None else "")
    )
    for key, what in _CHECKS.items():
        if trust[key] is not None:
            out.print(f"{what}: {trust[key]:.2g} relative change of the readout at most")
    if summary["not_modelled"]:
        out.print(f"not in this model: {', '.join(summary['not_modelled'])}")


_CHECKS = {
    "tenth_tolerance_change": "at a tenth of the tolerance",
    "reference_change": "by the independent solver",
}
_FIXED_KEYS = {"strength_percent", "strength_sem", "n", "states", "peak"}


def _trusted(summaries: list[dict[str, Any]]) -> int:
    failures = [f for s in summaries for f in s["trust"]["failures"]]
    for failure in failures:
        print("plasticity-sim: not to be trusted:", failure, file=sys.stderr)
    return 1 if failures else 0
