"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from plasticity_sim.errors import InputError

PICTURES = (".png", ".svg", ".pdf")


def assignments(texts: list[str]) -> dict[str, str]:
    """Return names and values of every `--set "name=value"`."""
    from plasticity_sim.axis import assigned

    found: dict[str, str] = {}
    for text in texts:
        name, value = assigned(text, 'write a name and a value behind --set, as in "g_nmda=0.6 nS"')
        if name in found:
            raise InputError(f"--set: '{name}' is given twice")
        found[name] = value
    return found


def check_picture(path: str | None) -> None:
    """Raise an InputError before any work if a picture cannot be written to `path`."""
    from plasticity_sim.results import check_target

    if path:
        check_target(path, PICTURES)


def results_folder(out: str) -> Path:
    """Return the folder that --out names; InputError before any work if it cannot be one."""
    folder = Path(out)
    if not out or "\0" in out:
        raise InputError("--out: give the name of a folder")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"'{out}' is a file; give a folder")
    nearest = folder if folder.exists() else folder.absolute().parent
    if not nearest.is_dir():
        raise InputError(f"the folder '{folder.parent}' does not exist; make it first")
    if not os.access(nearest, os.W_OK):
        raise InputError(f"the folder '{nearest}' cannot be written to")
    return folder


def console() -> Console:
    """Return the console for results: as wide as the terminal, or wide enough for a file."""
    plain = Console(highlight=False, markup=False, emoji=False)  # names are never markup
    wide = Console(width=160, highlight=False, markup=False, emoji=False)
    return plain if plain.is_terminal else wide


def tell_without_effect(model: str, idle: Mapping[str, str]) -> None:
    """Say on stderr what was set and changes nothing, a line each."""
    for name, why in idle.items():
        print(f"plasticity-sim: '{name}' has no effect on '{model}': {why}", file=sys.stderr)
