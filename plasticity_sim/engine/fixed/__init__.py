"""The fixed-step engine: Brian2's own methods on a grid, every lane a row, compiled once."""

from plasticity_sim.engine.fixed.run import VECTOR, run_fixed

__all__ = ["VECTOR", "run_fixed"]
