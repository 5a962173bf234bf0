"""Model and protocol to Dataset."""

from plasticity_sim.simulation.asked import load_asked
from plasticity_sim.simulation.dataset import STRENGTH
from plasticity_sim.simulation.running import ENGINES, Options
from plasticity_sim.simulation.simulate import simulate, versions, with_values

__all__ = ["ENGINES", "STRENGTH", "Options", "load_asked", "simulate", "versions", "with_values"]
