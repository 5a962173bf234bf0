"""`figure`: a paper-style picture, simulated and drawn again."""

from __future__ import annotations

import runpy
import sys
from typing import Annotated

import typer

from plasticity_sim.errors import InputError, suggestion

FORMATS = ("png", "svg", "pdf")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("figure")(figure)


def figure(
    name: Annotated[str | None, typer.Argument(help="a shipped figure")] = None,
    every: Annotated[bool, typer.Option("--all", help="every shipped figure")] = False,
    out: Annotated[str, typer.Option(help="the folder to write to")] = ".",
    formats: Annotated[str, typer.Option("--format", help="png, svg, pdf or several")] = "png",
) -> None:
    """Simulate and draw a figure; its data are written beside the picture."""
    from plasticity_sim.library import find, shipped
    from plasticity_sim.results import check_target, write_result

    if (name is None) != every:
        raise InputError("give the name of a figure, or --all")
    endings = [text.strip() for text in formats.split(",")]
    for ending in endings:
        if ending not in FORMATS:
            raise InputError(f"no format '{ending}'; {suggestion(ending, FORMATS)}")
    check_target(f"{out}/figure.nc")
    for each in shipped("figures") if name is None else [name]:
        path = find("figures", each)
        print(f"{each}: simulating", file=sys.stderr)
        program = runpy.run_path(str(path))
        data = program["data"]()
        write_result(data, f"{out}/{each}.nc")
        from plasticity_sim.drawing import save

        for ending in endings:
            save(program["draw"](data), f"{out}/{each}.{ending}")
            print(f"{out}/{each}.{ending}")
