"""Protocols: YAML documents to conditions with pulses, windows and samples on one clock."""

from plasticity_sim.axis import Axis
from plasticity_sim.protocol.protocol import Condition, Protocol, load_protocol
from plasticity_sim.protocol.timeline import Timeline, Window

__all__ = ["Axis", "Condition", "Protocol", "Timeline", "Window", "load_protocol"]
