"""Models and protocols as programs for other simulators."""

from plasticity_sim.export.brian2 import TOLERANCE, brian2_script
from plasticity_sim.export.stepping import Stepping

__all__ = ["TOLERANCE", "Stepping", "brian2_script"]
