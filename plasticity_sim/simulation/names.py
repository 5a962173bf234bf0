"""Names that the result itself uses, and what may therefore not be called so."""

from __future__ import annotations

from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Protocol
from plasticity_sim.simulation.grid import Grid

RESULT = frozenset(
    ("state", "synapse", "sample", "mix", "time", "time_after", "last_pulse", "measure_at",
     "measure_window", "strength", "strength_of_lane", "strength_of_synapse")
)  # fmt: skip


def check_names(model: Model, protocol: Protocol | Grid) -> None:
    """Raise an InputError for a variable or an axis that would hide a part of the result."""
    axes = [axis.name for axis in protocol.axes]
    for what, names in (("a variable of the model", model.variables), ("an axis", axes)):
        for name in names:
            if name in RESULT or name.startswith("peak_"):
                raise InputError(f"'{name}' is {what} and a part of every result; rename it")
    for name in axes:
        if axes.count(name) > 1:
            raise InputError(f"two axes are called '{name}'; rename one")
