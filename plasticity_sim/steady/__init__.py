"""The steady states of a model as one quantity changes: branches, stability, saddle nodes."""

from plasticity_sim.steady.branches import continuation
from plasticity_sim.steady.diagram import Branch, Diagram, Points, SaddleNode, without_effect
from plasticity_sim.steady.over import Over, parse_over

__all__ = [
    "Branch",
    "Diagram",
    "Over",
    "Points",
    "SaddleNode",
    "continuation",
    "parse_over",
    "without_effect",
]
