"""Models and their components: YAML documents to frozen, validated values."""

from plasticity_sim.model.loading import load_model, read_values
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind, Parameter, Variable

__all__ = ["Kind", "Model", "Parameter", "Variable", "load_model", "read_values"]
