"""`new`: a commented copy of something shipped, to tweak in the current folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from plasticity_sim.document import read_document
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.library import find

_KINDS = {"model": "models", "component": "components", "protocol": "protocols"}
_PATTERNS = {"model": "graupner_brunel_2007", "component": "nmda", "protocol": "stdp_pairs"}
_HELP = {
    "model": """\
# Values are changed under `values:`, each as NAME: {value: 0.6 nS, assumed: why} or source: KEY.
# Components are found beside this file, in a folder `components` there, or among the shipped ones.
# See `plasticity-sim show %(name)s` for every symbol; run it with
#   plasticity-sim run stdp_pairs --model %(file)s
""",
    "component": """\
# One quantity a line: `dx/dt = … : unit`, `x = … : unit`, or `x : unit` if only events change it.
# Every other name is a parameter with its unit and one of source, assumed or fitted.
# Put this file beside a model that lists it under `components:`.
""",
    "protocol": """\
# A list or a range start:stop:count of any value is an axis: every combination is simulated.
# Moments are written from "start", "induction" (the first pulse) or "end" (the last one).
# Run it with
#   plasticity-sim run %(file)s
""",
}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("new")(new)


def new(
    kind: Annotated[str, typer.Argument(help="model, component or protocol")],
    name: Annotated[str, typer.Argument(help="the name of the new file, without ending")],
    like: Annotated[str | None, typer.Option(help="which shipped one to copy")] = None,
) -> None:
    """Write a commented copy to tweak into the current folder."""
    if kind not in _KINDS:
        raise InputError(f"no kind '{kind}'; {suggestion(kind, _KINDS)}")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,60}", name):
        raise InputError(f"'{name[:60]}' is not a name; use letters, digits and underscores")
    target = Path(f"{name}.yaml")
    if target.exists():
        raise InputError(f"'{target}' is there already; choose another name")
    pattern = find(_KINDS[kind], like or _PATTERNS[kind])
    read_document(pattern)  # so that only a YAML file is copied
    text = _HELP[kind] % {"name": pattern.stem, "file": target} + pattern.read_text("utf-8")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise InputError(f"'{target}' cannot be written: {problem.strerror}") from None
    print(f"{target}: a copy of {kind} {pattern.stem}")
