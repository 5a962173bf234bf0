"""Biophysical simulation of long-term potentiation and depression, on Brian2.

>>> import plasticity_sim as ps
>>> ps.load_model("graupner_brunel_2007").parameters["mg_out"].text
'1 mM'
"""

from plasticity_sim.errors import InputError, SimulationError, UnknownName
from plasticity_sim.model import Model, load_model
from plasticity_sim.protocol import Protocol, load_protocol
from plasticity_sim.simulation import Options, simulate

__all__ = [
    "InputError",
    "Model",
    "Options",
    "Protocol",
    "SimulationError",
    "UnknownName",
    "load_model",
    "load_protocol",
    "simulate",
]
__version__ = "0.1.0"
