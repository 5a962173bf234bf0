"""What a command asks for: a model and a protocol by name, with values and drugs of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plasticity_sim.errors import InputError
from plasticity_sim.model import Model, load_model, read_values
from plasticity_sim.protocol import Protocol, load_protocol
from plasticity_sim.simulation.simulate import with_values


def load_asked(
    model: str,
    protocol: str,
    values: Mapping[str, str],
    values_file: str | None = None,
    drugs: Sequence[str] = (),
) -> tuple[Model, Protocol]:
    """Return model and protocol with the values of a file, then `values`, then drugs.

    `drugs` are "name" or "name=dose". Raises InputError for whatever is wrong in them.
    """
    script = load_protocol(protocol)
    loaded = load_model(model)
    if values_file:
        loaded = read_values(values_file).applied_to(loaded)
    loaded, script = with_values(loaded, script, values)
    return loaded, script.with_drugs([_drug(text) for text in drugs]) if drugs else script


def _drug(text: str) -> dict[str, str]:
    name, equals, dose = (part.strip() for part in text.partition("="))
    if not name or (equals and not dose):
        raise InputError(f'--drug "{text}": write a name or a name and dose, as in "apv=50 uM"')
    return {"name": name, "dose": dose} if dose else {"name": name}
