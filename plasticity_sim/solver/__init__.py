"""Rosenbrock methods for Brian2: stiff equations without iterations or matrices at run time."""

from plasticity_sim.solver.rosenbrock import register

__all__ = ["register"]
