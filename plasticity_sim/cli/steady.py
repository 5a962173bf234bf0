"""`steady`: the resting branches of a model as one quantity changes, and how far they reach."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from plasticity_sim.cli.options import assignments, check_picture, console, tell_without_effect
from plasticity_sim.cli.run import progress_bar
from plasticity_sim.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("steady")(steady)


def steady(
    model: Annotated[str, typer.Argument(help="a shipped model or a YAML file")],
    over: Annotated[str | None, typer.Option(help='what changes: "ca=0.05:0.5:200 uM"')] = None,
    margin: Annotated[
        bool, typer.Option("--margin", help="how far each parameter may go before a state ends")
    ] = False,
    state: Annotated[str | None, typer.Option(help="of which state, with --margin [first]")] = None,
    values_set: Annotated[list[str] | None, typer.Option("--set", help='"g_nmda=0.6 nS"')] = None,
    values: Annotated[str | None, typer.Option(help="a YAML file of values")] = None,
    out: Annotated[str | None, typer.Option(help="write the result: .nc (--over) or .csv")] = None,
    plot: Annotated[str | None, typer.Option(help="draw the branches: .png, .svg or .pdf")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Follow the steady states of a model as one quantity changes, or each by itself.

    With --over every state, stable or not, along a range; with --margin one state, with every
    parameter multiplied by 0.3 to 3, to the nearest saddle node.
    """
    from plasticity_sim.model import load_model, read_values

    if (over is None) != margin:
        raise InputError('give --over "ca=0.05:0.5:200 uM", or --margin')
    if state is not None and not margin:
        raise InputError("--state goes with --margin; --over follows every state")
    loaded = load_model(model)
    loaded = read_values(values).applied_to(loaded) if values else loaded
    loaded = loaded.with_parameters(assignments(values_set or []))
    if over is not None:
        _branches(loaded, over, out, plot, as_json)
    elif plot:
        raise InputError("--plot draws branches; --margin writes a table, by --out FILE.csv")
    else:
        _margins(loaded, state, out, as_json)


def _branches(loaded: Any, over: str, out: str | None, plot: str | None, as_json: bool) -> None:
    from plasticity_sim.results import check_target, write_result
    from plasticity_sim.steady import continuation, parse_over, without_effect

    sweep = parse_over(over, loaded)
    if out:
        check_target(out)
    check_picture(plot)
    diagram = continuation(loaded, *sweep)
    summary = diagram.summary() | {"without_effect": without_effect(diagram)}
    tell_without_effect(summary["model"], summary["without_effect"])
    if out:
        write_result(diagram.to_dataset(), out, along=sweep.name)
    if plot:
        from plasticity_sim.drawing import save
        from plasticity_sim.steady_plot import draw_diagram

        save(draw_diagram(diagram.to_dataset()), plot)
    if as_json:
        print(json.dumps(summary))
    else:
        _print(summary)


def _margins(loaded: Any, state: str | None, out: str | None, as_json: bool) -> None:
    from plasticity_sim.results import check_target, write_csv
    from plasticity_sim.steady import margins

    if out:
        check_target(out, (".csv",))
    name = state or next(iter(loaded.states))
    with progress_bar(f"margins of {loaded.name}") as (update, _):
        rows = [_margin_row(loaded, m) for m in margins(loaded, name, update)]
    if out:
        cells = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
        write_csv(Path(out), list(rows[0]), cells)
    if as_json:
        print(json.dumps({"model": loaded.name, "state": name, "margins": rows}))
        return
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(("parameter", "value", "down to", "up to", "ends by")):
        table.add_column(column, justify="right" if 0 < number < 4 else "left")
    ending = [row for row in rows if row["margin"] is not None]
    for row in ending:
        ends = [f"x {row[key]:.3f}" if row[key] else "" for key in ("down", "up")]
        how = dict.fromkeys(filter(None, (row["down_end"], row["up_end"])))
        table.add_row(row["parameter"], row["value"], *ends, ", ".join(how))
    printed = console()
    printed.print(f"how far each parameter of {loaded.name} may go before state '{name}' ends")
    if ending:
        printed.print(table)
    others = f"the other {len(rows) - len(ending)}" if ending else f"all {len(rows)}"
    printed.print(f"the state lasts from x 0.3 to x 3 of {others}")


def _margin_row(loaded: Any, margin: Any) -> dict[str, Any]:
    ends = {"down": margin.down, "up": margin.up}
    return {
        "parameter": margin.name,
        "value": loaded.parameters[margin.name].text,
        "margin": margin.factor if math.isfinite(margin.factor) else None,
        **{key: end and float(end.factor) for key, end in ends.items()},
        **{f"{key}_end": end and end.how for key, end in ends.items()},
    }


def _print(summary: dict[str, Any]) -> None:
    """Print the branches with their ends, then the saddle nodes."""
    out = console()
    name, unit = summary["over"]["name"], summary["over"]["unit"]
    observed = [key for key in summary["branches"][0]["from"] if key not in (name, "v")]
    table = Table(box=None, pad_edge=False)
    for column in ("branch", "found from", "stable", f"{name} ({unit})", *observed):
        table.add_column(column, justify="left" if column == "found from" else "right")
    for number, branch in enumerate(summary["branches"]):
        ends = branch["from"], branch["to"]
        spans = [
            " to ".join(f"{end[key]['value']:.4g}" for end in ends) for key in (name, *observed)
        ]
        table.add_row(str(number), branch["origin"], _YES[branch["stable"]], *spans)
    out.print(f"steady states of {summary['model']} over {name}")
    out.print(table)
    if not summary["saddle_nodes"]:
        out.print("no saddle node")
    for node in summary["saddle_nodes"]:
        values = ", ".join(
            f"{key} {node[key]['value']:.4g} {node[key]['unit']}" for key in observed
        )
        out.print(f"saddle node at {name} {node[name]['value']:.7g} {unit}: {values}")


_YES = {True: "yes", False: "no", None: "changes"}
