"""The equations of rest with one quantity as parameter, in coordinates without units."""

from __future__ import annotations

import numpy as np
from scipy.linalg import null_space

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.moieties import moieties
from plasticity_sim.engine.rest import starting_values
from plasticity_sim.engine.righthand import Slope, Vector, jacobian, right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.model.model import Model

_DECADES = 30.0  # stop over start: a longer range is followed in its logarithm
_STEP = 1e-6  # of the range: for the derivative by the swept quantity


class System:
    """The steady states of `model`, from the totals of `state`, as the quantity `name` changes.

    A point is an array of n + 1 coordinates: the position of the swept quantity, 0 at `start`
    and 1 at `stop`, and the n free states in units of their scale. A swept state is not free.
    """

    def __init__(self, model: Model, state: str, name: str, start: float, stop: float):
        self.model, self.state, self.name = model, state, name
        self.start, self.stop = start, stop
        self._logarithmic = start > 0 and stop / start > _DECADES
        states = model.differential
        self._swept = states.index(name) if name in states else None
        self._free = np.array([index for index, other in enumerate(states) if other != name], int)
        self.scale = scales(model)[self._free]
        held = frozenset() if self._swept is None else frozenset({name})
        self._slope = _guarded(right_hand_side(model, held, without_noise=True), name, self._swept)
        self._values: dict[float, dict[str, float]] = {}
        self._totals = self._conserved()

    @property
    def size(self) -> int:
        """Number of free states."""
        return len(self._free)

    def position(self, value: float) -> float:
        """Return where `value` (SI) of the swept quantity lies: 0 at the start, 1 at the stop."""
        if self._logarithmic:
            return float(np.log(value / self.start) / np.log(self.stop / self.start))
        return (value - self.start) / (self.stop - self.start)

    def value(self, position: float) -> float:
        """Return the swept quantity (SI) at `position`."""
        if position in (0.0, 1.0):
            return self.stop if position else self.start
        if self._logarithmic:
            return float(self.start * (self.stop / self.start) ** position)
        return self.start + position * (self.stop - self.start)

    def point(self, value: float, settled: dict[str, float]) -> Array:
        """Return the point of settled values (SI, by name) at a `value` of the swept quantity."""
        free = np.array([settled[self.model.differential[index]] for index in self._free])
        return np.concatenate([[self.position(value)], free / self.scale])

    def states(self, point: Array) -> Array:
        """Return every state (SI) of `model.differential` at a point, the swept one included."""
        full = np.empty(len(self.model.differential))
        full[self._free] = point[1:] * self.scale
        if self._swept is not None:
            full[self._swept] = self.value(float(point[0]))
        return full

    def values(self, position: float) -> dict[str, float]:
        """Return parameters, held variables and starting values (SI) at a position."""
        if position not in self._values:
            value = self.value(position)
            parameters = {name: p.value for name, p in self.model.parameters.items()}
            if self.name in parameters:
                parameters[self.name] = value
            if self.name in parameters or not self._values:
                starts = starting_values(self.model, self.state, parameters)
            else:  # nothing starts elsewhere because a state is held
                starts = next(iter(self._values.values()))
            if len(self._values) > 16:  # only the last few are asked for again
                self._values.clear()
            self._values[position] = {**parameters, **starts, self.name: value}
        return self._values[position]

    def residual(self, point: Array) -> Array:
        """Return rates (1/s, in scales) and errors of the conserved totals: all zero at rest."""
        position = float(point[0])
        values = self.values(position)
        free = point[1:] * self.scale
        rates = np.array(self._slope(0.0, free, values)) / self.scale
        totals = self._totals if self._totals is not None else self._totals_at(position)
        return np.concatenate([rates, totals @ (point[1:] - self._begin(values))])

    def jacobian(self, point: Array) -> Array:
        """Return the derivatives of `residual` by every coordinate of the point."""
        above, below = point.copy(), point.copy()
        above[0] += _STEP
        below[0] -= _STEP
        swept = (self.residual(above) - self.residual(below)) / (above[0] - below[0])
        rates = self._rates(float(point[0]), point[1:])
        totals = self._totals if self._totals is not None else self._totals_at(float(point[0]))
        return np.column_stack([swept, np.vstack([rates, totals])])

    def leading_eigenvalue(self, derivative: Array) -> float:
        """Return the largest real part (1/s) among the eigenvalues that keep the totals.

        `derivative` is the Jacobian at a steady state, which is stable if the result is below
        zero.
        """
        rates, totals = derivative[: self.size, 1:], derivative[self.size :, 1:]
        if len(totals):
            kept = null_space(totals)
            rates = kept.T @ rates @ kept
        return float(np.linalg.eigvals(rates).real.max()) if rates.size else float("-inf")

    def _rates(self, position: float, free: Array) -> Array:
        derivative = jacobian(self._slope, free * self.scale, self.values(position), self.scale)
        return np.asarray(derivative * self.scale / self.scale[:, None])

    def _begin(self, values: dict[str, float]) -> Array:
        names = self.model.differential
        return np.asarray([values[names[index]] for index in self._free] / self.scale)

    def _conserved(self) -> Array | None:
        """Return the conserved totals, a row each; None if they change along the range."""
        first, *others = (self._totals_at(position) for position in (0.5, 0.1, 0.9))
        rank = len(first)
        same = all(
            len(other) == rank and np.linalg.matrix_rank(np.vstack([first, other]), 1e-6) == rank
            for other in others
        )
        return first if same else None

    def _totals_at(self, position: float) -> Array:
        values = self.values(position)
        if not self.size:
            return np.zeros((0, 0))
        begin = self._begin(values) * self.scale
        try:
            return moieties(self._slope, begin, values, self.scale)
        except ValueError:  # the equations have no finite value here
            return np.zeros((0, self.size))


def _guarded(slope: Slope, name: str, swept: int | None) -> Slope:
    """Return the slope of the free states; not finite where an expression has no value."""

    def free(t: float, y: Vector, values: dict[str, float]) -> list[float]:
        full = list(map(float, y))
        if swept is not None:
            full.insert(swept, values[name])
        try:
            rates = list(map(float, slope(t, full, values)))
        except (ArithmeticError, ValueError):  # a root of what is negative
            return [float("nan")] * len(y)
        if swept is not None:
            del rates[swept]
        return rates

    return free
