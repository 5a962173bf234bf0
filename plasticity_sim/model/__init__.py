"""Models and their components: YAML documents to frozen, validated values."""

from plasticity_sim.model.loading import load_model
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind, Parameter, Variable
from plasticity_sim.model.values import Values, read_values

__all__ = ["Kind", "Model", "Parameter", "Values", "Variable", "load_model", "read_values"]
