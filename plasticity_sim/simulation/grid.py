"""Conditions that are simulated together: of a protocol, or of one protocol at many points."""

from __future__ import annotations

from dataclasses import dataclass

from plasticity_sim.axis import Axis
from plasticity_sim.protocol.protocol import Condition

POINT = "point"


@dataclass(frozen=True)
class Grid:
    """Conditions and the axes whose combinations they are, the last axis changing fastest."""

    name: str
    axes: tuple[Axis, ...]
    conditions: tuple[Condition, ...]
