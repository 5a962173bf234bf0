"""Experiments: what was measured under the conditions of a protocol, and where that was read."""

from plasticity_sim.experiment.experiment import Experiment, load_experiment
from plasticity_sim.experiment.outcomes import CHANGES, Outcome

__all__ = ["CHANGES", "Experiment", "Outcome", "load_experiment"]
