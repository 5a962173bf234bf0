"""Fits: free parameters and targets from YAML, searched by CMA-ES, or looked at one by one."""

from plasticity_sim.fit.loading import load_fit
from plasticity_sim.fit.parts import Fit

__all__ = ["Fit", "load_fit"]
