"""Options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from plasticity_sim.errors import InputError

if TYPE_CHECKING:
    from plasticity_sim.model import Model
    from plasticity_sim.protocol import Protocol

PICTURES = (".png", ".svg", ".pdf")


def assignments(texts: list[str]) -> dict[str, str]:
    """Return names and values of every `--set "name=value"`."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise InputError(f'--set "{text}": write a name and a value, as in "g_nmda=0.6 nS"')
        if name in found:
            raise InputError(f"--set: '{name}' is given twice")
        found[name] = value
    return found


def prepared(
    model_name: str,
    protocol_name: str,
    assignments: Mapping[str, str],
    values: str | None,
    drugs: Sequence[str],
) -> tuple[Model, Protocol]:
    """Return model and protocol with all that `--values`, `--set` and `--drug` change."""
    from plasticity_sim.model import load_model, read_values
    from plasticity_sim.protocol import load_protocol
    from plasticity_sim.simulation import with_values

    protocol = load_protocol(protocol_name)
    model = load_model(model_name)
    if values:
        model = read_values(values, model)
    model, protocol = with_values(model, protocol, assignments)
    if drugs:
        protocol = protocol.with_drugs([_drug(text) for text in drugs])
    return model, protocol


def _drug(text: str) -> dict[str, str]:
    name, equals, dose = (part.strip() for part in text.partition("="))
    if not name or (equals and not dose):
        raise InputError(f'--drug "{text}": write a name or a name and dose, as in "apv=50 uM"')
    return {"name": name, "dose": dose} if dose else {"name": name}


def check_picture(path: str | None) -> None:
    """Raise an InputError before any work if a picture cannot be written to `path`."""
    from plasticity_sim.results import check_target

    if path:
        check_target(path, PICTURES)


def console() -> Console:
    """Return the console for results: as wide as the terminal, or wide enough for a file."""
    plain = Console(highlight=False, markup=False, emoji=False)  # names are never markup
    wide = Console(width=160, highlight=False, markup=False, emoji=False)
    return plain if plain.is_terminal else wide


def tell_without_effect(model: str, idle: Mapping[str, str]) -> None:
    """Say on stderr what was set and changes nothing, a line each."""
    for name, why in idle.items():
        print(f"plasticity-sim: '{name}' has no effect on '{model}': {why}", file=sys.stderr)
