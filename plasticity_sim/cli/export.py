"""`export`: a model under a protocol as a script for another simulator."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from plasticity_sim.cli.options import assignments, tell_without_effect
from plasticity_sim.cli.run import progress_bar
from plasticity_sim.errors import InputError, suggestion

TARGETS = ("brian2",)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("export")(export)


def export(
    model: Annotated[str, typer.Argument(help="a shipped model or a YAML file")],
    protocol: Annotated[str, typer.Option(help="a shipped protocol or a YAML file")],
    to: Annotated[str, typer.Option(help="the simulator: brian2")],
    values_set: Annotated[list[str] | None, typer.Option("--set", help='"g_nmda=0.6 nS"')] = None,
    values: Annotated[str | None, typer.Option(help="a YAML file of values")] = None,
    drug: Annotated[list[str] | None, typer.Option(help="a drug of the model, NAME[=dose]")] = None,
    synapses: Annotated[int | None, typer.Option(help="size of the population")] = None,
    seed: Annotated[int, typer.Option(min=0, help="root of all random numbers")] = 0,
    dt: Annotated[str, typer.Option(help='the step, as in "0.02 ms" [the model\'s own]')] = "",
    method: Annotated[str, typer.Option(help="a method of Brian2 [the model's own, or rk4]")] = "",
    out: Annotated[str | None, typer.Option(help="write the script: .py [to stdout]")] = None,
) -> None:
    """Write a protocol on a model as one script that runs without this program."""
    from plasticity_sim.export import Stepping, brian2_script
    from plasticity_sim.results import check_target, write_beside
    from plasticity_sim.simulation import load_asked
    from plasticity_sim.simulation.effects import without_effect

    if to not in TARGETS:
        raise InputError(f"--to: no simulator '{to}'; {suggestion(to, TARGETS)}")
    target = check_target(out, (".py",)) if out else None
    own, wanted = load_asked(model, protocol, assignments(values_set or []), values, drug or [])
    name = target.stem if target else f"{own.name}_{wanted.name}"
    command = shlex.join(["plasticity-sim", *sys.argv[1:]])
    with progress_bar(f"{wanted.name} on {own.name}") as (progress, announce):
        text = brian2_script(
            own, wanted, name, command, Stepping.of(own, dt, method), synapses, seed,
            progress=progress, announce=announce,
        )  # fmt: skip
    tell_without_effect(own.name, without_effect(own, wanted))
    if target is None:
        print(text, end="")
        return
    write_beside(target, lambda file: file.write_text(text, encoding="utf-8"))
    print(f"{target}: {wanted.name} on {own.name}, for {to}")
