"""`figure`: paper-style pictures, simulated and drawn again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from plasticity_sim.cli.options import PICTURES, assignments, check_picture
from plasticity_sim.errors import InputError, suggestion

FORMATS = tuple(ending.removeprefix(".") for ending in PICTURES)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("figure")(figure)


def figure(
    name: Annotated[str | None, typer.Argument(help="a shipped figure")] = None,
    every: Annotated[bool, typer.Option("--all", help="every shipped figure")] = False,
    out: Annotated[str, typer.Option(help="the folder to write to")] = ".",
    formats: Annotated[str, typer.Option("--format", help="png, svg, pdf or several")] = "png",
    values_set: Annotated[
        list[str] | None,
        typer.Option("--set", help='"g_nmda=0.6 nS", in every model with such a parameter'),
    ] = None,
    values: Annotated[str | None, typer.Option(help="a YAML file of values")] = None,
) -> None:
    """Simulate and draw a figure; its data (NetCDF) and its caption are written beside it."""
    from plasticity_sim.figure import Changes, check_known_somewhere, read_figure, simulated
    from plasticity_sim.library import shipped
    from plasticity_sim.model import read_values

    if (name is None) != every:
        raise InputError("give the name of a figure, or --all")
    endings = _endings(formats)
    changes = Changes(assignments(values_set or []), read_values(values) if values else None)
    figures = [read_figure(each) for each in (shipped("figures") if name is None else [name])]
    for each in figures:
        _check_targets(Path(out), each.name, endings)
    if every:
        check_known_somewhere(changes)
    met: list[Any] = []  # the models drawn so far
    for number, each in enumerate(figures, start=1):
        place = f"{number} of {len(figures)}: " if every else ""
        print(f"{place}{each.name}", file=sys.stderr, flush=True)
        data, models = simulated(each, changes)
        met += models
        if not every:
            changes.require(models)
        _write(each, data, changes.words(models), Path(out), endings)
    changes.require(met)


def _endings(formats: str) -> list[str]:
    """Return the endings of the pictures to write, each once."""
    endings = [text.strip() for text in formats.split(",")]
    for ending in endings:
        if ending not in FORMATS:
            raise InputError(f"no format '{ending}'; {suggestion(ending, FORMATS)}")
    return list(dict.fromkeys(endings))


def _check_targets(out: Path, name: str, endings: list[str]) -> None:
    """Raise an InputError before any work if a file of the figure cannot be written."""
    from plasticity_sim.results import check_target

    check_target(str(out / f"{name}.nc"))
    for ending in endings:
        check_picture(str(out / f"{name}.{ending}"))


def _write(figure: Any, data: Any, change: str, out: Path, endings: list[str]) -> None:
    """Write the data, the pictures, and a page with the caption; print the pictures' paths."""
    from plasticity_sim.drawing import save
    from plasticity_sim.results import write_beside, write_result

    caption = figure.caption.naming(change)
    write_result(data, str(out / f"{figure.name}.nc"))
    for ending in endings:
        path = out / f"{figure.name}.{ending}"
        save(figure.draw(data), str(path), caption.title, caption.text, change and f"With {change}")
        print(path)
    page = caption.page(f"{figure.name}.{endings[0]}")
    write_beside(out / f"{figure.name}.md", lambda file: file.write_text(page, encoding="utf-8"))
