"""What a fit is made of once its file is read: frozen, checked values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from plasticity_sim.model import Model
from plasticity_sim.protocol import Protocol

DIGITS = 6  # of a candidate's values: what is simulated is what can be pasted into a file
MOST_EVALUATIONS = 10_000_000
INFEASIBLE = 1e6  # the loss of values at which the model does not rest, or a run cannot be believed


@dataclass(frozen=True)
class Free:
    """A parameter that may change; low, high and start are numbers in `unit`."""

    name: str
    low: float
    high: float
    unit: str
    is_log: bool
    start: float

    def number(self, position: float) -> float:
        """Return the value at a position in the range, 0 to 1, rounded to DIGITS.

        >>> Free("g", 0.1, 10.0, "nS", True, 1.0).number(0.5)
        1.0
        """
        share = min(max(position, 0.0), 1.0)
        if self.is_log:
            exact = self.low * (self.high / self.low) ** share
        else:
            exact = self.low + share * (self.high - self.low)
        return min(max(float(f"{exact:.{DIGITS}g}"), self.low), self.high)

    def position(self, number: float) -> float:
        """Return where a value lies in the range, 0 to 1."""
        if self.is_log:
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def text(self, number: float) -> str:
        """Return a value as it is written in a file."""
        return f"{number!r} {self.unit}".strip()


@dataclass(frozen=True)
class Wanted:
    """Where a figure is to be, and by how much it is off where that counts as one."""

    low: float
    high: float
    tolerance: float

    def violation(self, got: float) -> float:
        """Return how many tolerances a figure lies outside.

        >>> Wanted(70.0, 85.0, 5.0).violation(95.0)
        2.0
        """
        return max(self.low - got, got - self.high, 0.0) / self.tolerance

    @property
    def text(self) -> str:
        """What is wanted, in words."""
        if self.low == self.high:
            return f"{self.low:g} ± {self.tolerance:g}"
        if math.isinf(self.high):
            return f"at least {self.low:g}"
        return (
            f"at most {self.high:g}" if math.isinf(self.low) else f"{self.low:g} to {self.high:g}"
        )


@dataclass(frozen=True)
class Trial:
    """A protocol whose conditions some targets read, with values of the model that it changes."""

    protocol: Protocol
    values: Mapping[str, str]
    conditions: tuple[int, ...]  # which of the protocol's


@dataclass(frozen=True)
class Target:
    """A figure of one condition of a trial, and what it is to be."""

    name: str
    weight: float
    trial: int
    condition: int  # its place among those of the trial
    read: str  # 'strength', 'peak' or 'rise'
    variable: str  # of the model, for a peak or a rise
    unit: str  # of the figure
    wanted: Wanted
    minus: str = ""  # the target whose figure is subtracted
    over: tuple[str, ...] = ()  # the targets whose summed figures it is divided by

    def loss(self, got: float) -> float:
        """Return the share in the loss: the weight times the squared violation."""
        return self.weight * self.wanted.violation(got) ** 2


@dataclass(frozen=True)
class Optimiser:
    """The settings of CMA-ES: candidates a generation, first width in ranges, seed, budget."""

    population: int
    sigma: float
    seed: int
    evaluations: int

    @property
    def generations(self) -> int:
        """How many generations the evaluations fill; the last one is always whole."""
        return -(-self.evaluations // self.population)


@dataclass(frozen=True)
class Fit:
    """A model, its free parameters and its targets."""

    name: str
    title: str
    origin: str  # what `fitted:` says of its values
    model: Model
    synapses: int
    rtol: float | None  # of the solver; None is the engine's own
    free: tuple[Free, ...]
    trials: tuple[Trial, ...]
    targets: tuple[Target, ...]
    optimiser: Optimiser

    def texts(self, numbers: Sequence[float]) -> dict[str, str]:
        """Return the values of the free parameters as they are written in a file."""
        return {f.name: f.text(x) for f, x in zip(self.free, numbers, strict=True)}

    def numbers(self, positions: Sequence[float]) -> tuple[float, ...]:
        """Return the values at positions in the ranges, 0 to 1."""
        return tuple(f.number(float(x)) for f, x in zip(self.free, positions, strict=True))

    def positions(self, numbers: Sequence[float]) -> list[float]:
        """Return the positions of values in their ranges."""
        return [f.position(x) for f, x in zip(self.free, numbers, strict=True)]

    def figures(self, raw: Sequence[float]) -> tuple[float, ...]:
        """Return the figures of all targets, those that are compared with others done so."""
        return tuple(
            self._compared(target, value, raw)
            for target, value in zip(self.targets, raw, strict=True)
        )

    def loss(self, figures: Sequence[float]) -> float:
        """Return the sum of the targets' losses."""
        return math.fsum(t.loss(got) for t, got in zip(self.targets, figures, strict=True))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {target.name: place for place, target in enumerate(self.targets)}

    def _compared(self, target: Target, value: float, raw: Sequence[float]) -> float:
        if target.minus:
            return value - raw[self._places[target.minus]]
        if target.over:
            divisor = math.fsum(raw[self._places[name]] for name in target.over)
            return value / divisor if divisor else math.nan
        return value
