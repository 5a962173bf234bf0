"""The command line; `main` is its entry."""

from plasticity_sim.cli.main import main

__all__ = ["main"]
