"""The largest value of a curve that is only known at the steps of a solver."""

from __future__ import annotations

import numpy as np

from plasticity_sim.engine.batch import Array


class Peaks:
    """Running extremes of several curves.

    Between steps a parabola goes through the highest three points; the lowest are as they came.
    """

    def __init__(self, count: int):
        self.top = np.full(count, -np.inf)
        self.bottom = np.full(count, np.inf)
        self._recent: list[tuple[float, Array]] = []

    def begin(self, time: float, values: Array) -> None:
        """Start after a jump: no parabola may reach across it."""
        self._recent = []
        self.add(time, values)

    def add(self, time: float, values: Array) -> None:
        """Take in the values at the end of a step."""
        self.top = np.maximum(self.top, values)
        self.bottom = np.minimum(self.bottom, values)
        self._recent = [*self._recent[-2:], (time, values)]
        if len(self._recent) == 3:
            (_, first), (_, middle), (_, last) = self._recent
            if ((middle > first) & (middle >= last)).any():
                self.top = np.maximum(self.top, self._vertex())

    def _vertex(self) -> Array:
        """Return the top of the parabola through three points, where the middle one is highest."""
        (t0, y0), (t1, y1), (t2, y2) = self._recent
        left, right = (y1 - y0) / (t1 - t0), (y2 - y1) / (t2 - t1)
        curvature = (right - left) / (t2 - t0)
        inside = (left > 0) & (right <= 0) & (curvature < 0)
        slope = left + curvature * (t1 - t0)  # at the middle point
        rise = np.where(inside, -(slope**2) / np.where(inside, 4 * curvature, 1.0), 0.0)
        return np.asarray(y1 + rise)
