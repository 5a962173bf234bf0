"""One protocol over grids, lists and samples of values: in a folder that survives anything."""

from plasticity_sim.sweep.opening import open_sweep
from plasticity_sim.sweep.request import Request, Sweep, resolve
from plasticity_sim.sweep.running import State, run_sweep

__all__ = ["Request", "State", "Sweep", "open_sweep", "resolve", "run_sweep"]
