"""`steady`: the resting branches of a model as one quantity changes."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from plasticity_sim.cli.options import assignments, check_picture, console, tell_without_effect


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("steady")(steady)


def steady(
    model: Annotated[str, typer.Argument(help="a shipped model or a YAML file")],
    over: Annotated[str, typer.Option(help='what changes: "ca=0.05:0.5:200 uM"')],
    values_set: Annotated[list[str] | None, typer.Option("--set", help='"g_nmda=0.6 nS"')] = None,
    out: Annotated[str | None, typer.Option(help="write the branches: .nc or .csv")] = None,
    plot: Annotated[str | None, typer.Option(help="draw the branches: .png, .svg or .pdf")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Follow every steady state of a model, stable or not, as one quantity changes."""
    from plasticity_sim.model import load_model
    from plasticity_sim.results import check_target, write_result
    from plasticity_sim.steady import continuation, parse_over, without_effect

    loaded = load_model(model).with_parameters(assignments(values_set or []))
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
