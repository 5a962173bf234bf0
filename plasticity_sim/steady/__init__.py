"""The steady states of a model as one quantity changes: branches, stability, saddle nodes."""

from plasticity_sim.steady.branches import continuation
from plasticity_sim.steady.diagram import Branch, Diagram, Points, SaddleNode, without_effect
from plasticity_sim.steady.margin import Margin, margins
from plasticity_sim.steady.over import Over, parse_over

__all__ = [
    "Branch", "Diagram", "Margin", "Over", "Points", "SaddleNode", "continuation", "margins",
    "parse_over", "without_effect",
]  # fmt: skip
