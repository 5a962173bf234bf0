"""Conditions that are simulated together: of a protocol, with fewer samples, or at many points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from plasticity_sim.axis import Axis
from plasticity_sim.protocol.protocol import Condition, Protocol

POINT = "point"
EDGE = 1e-6  # s: samples at the edge of the measuring window belong to it


@dataclass(frozen=True)
class Grid:
    """Conditions and the axes whose combinations they are, the last axis changing fastest."""

    name: str
    axes: tuple[Axis, ...]
    conditions: tuple[Condition, ...]

    def repeated(self, count: int) -> Grid:
        """Return the conditions once for each of `count` points, a new first axis."""
        points = Axis(POINT, tuple(map(str, range(count))))
        return replace(self, axes=(points, *self.axes), conditions=self.conditions * count)


def measured_only(protocol: Protocol) -> Grid:
    """Return what `protocol` does, sampled only where its strengths and baselines are read."""
    return Grid(protocol.name, protocol.axes, tuple(map(_sparse, protocol.conditions)))


def _sparse(condition: Condition) -> Condition:
    timeline = condition.timeline
    samples, end = timeline.samples, timeline.last + timeline.measure_at
    inside = (samples >= end - timeline.measure_window - EDGE) & (samples <= end + EDGE)
    first = samples == samples[0]
    kept = samples[np.asarray(first | (samples < 0) | inside)]
    return replace(condition, timeline=replace(timeline, samples=kept))
