"""Biophysical simulation of long-term potentiation and depression, on Brian2.

>>> import plasticity_sim as ps
>>> ps.load_model("graupner_brunel_2007").parameters["mg_out"].text
'1 mM'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plasticity_sim.errors import InputError, SimulationError, UnknownName
    from plasticity_sim.experiment import Experiment, load_experiment
    from plasticity_sim.model import Model, load_model
    from plasticity_sim.protocol import Protocol, load_protocol
    from plasticity_sim.simulation import Options, simulate
    from plasticity_sim.sweep import open_sweep

__all__ = [
    "Experiment",
    "InputError",
    "Model",
    "Options",
    "Protocol",
    "SimulationError",
    "UnknownName",
    "load_experiment",
    "load_model",
    "load_protocol",
    "open_sweep",
    "simulate",
]
__version__ = "0.1.0"

_HOMES = {
    "InputError": "errors", "SimulationError": "errors", "UnknownName": "errors",
    "Experiment": "experiment", "load_experiment": "experiment",
    "Model": "model", "load_model": "model", "Protocol": "protocol", "load_protocol": "protocol",
    "Options": "simulation", "simulate": "simulation",
    "open_sweep": "sweep",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    # on first use: Brian2 and xarray take a second to import, which `--help` should not
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
