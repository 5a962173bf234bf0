"""The adaptive engine: every lane on its own clock, compiled once for a model."""

from plasticity_sim.engine.lanes.run import METHOD, RTOL, run_lanes

__all__ = ["METHOD", "RTOL", "run_lanes"]
