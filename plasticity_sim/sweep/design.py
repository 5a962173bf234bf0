"""Which points a sweep has: every combination of lists and ranges, or a sample of spans."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import qmc

from plasticity_sim.axis import Axis, assigned
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.quantities import Span, expand_list, is_range, parse_span

SAMPLINGS = {"latin-hypercube": qmc.LatinHypercube, "sobol": qmc.Sobol}
MOST_POINTS = 1_000_000

_GRID = 'write name=values, as in "g_nmda=0.2:1:17 nS" or "rate=1,5,10 Hz"'
_SAMPLE = 'write name=start:stop and a unit, as in "g_nmda=0.2:1 nS" or "rate=1:100 Hz log"'


@dataclass(frozen=True)
class Design:
    """The values at every point: combinations of the axes, or as many rows as each has texts."""

    axes: tuple[Axis, ...]
    sampling: str = ""  # empty for combinations, of which the last axis changes fastest

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the dimensions that the points fill."""
        lengths = tuple(len(axis.texts) for axis in self.axes)
        return lengths[:1] if self.sampling else lengths

    @property
    def count(self) -> int:
        """How many points there are."""
        return math.prod(self.shape)

    def values(self, point: int) -> dict[str, str]:
        """Return what each name is at a point."""
        places = [point] * len(self.axes)
        if not self.sampling:
            places = [int(place) for place in np.unravel_index(point, self.shape)]
        return {axis.name: axis.texts[n] for axis, n in zip(self.axes, places, strict=True)}

    @cached_property
    def digest(self) -> str:
        """A digest of all values."""
        texts = ["\0".join((axis.name, *axis.texts)) for axis in self.axes]
        return hashlib.sha256("\1".join(texts).encode()).hexdigest()


def grid(over: Sequence[str]) -> Design:
    """Return every combination of the lists and ranges that `over` writes as name=values."""
    axes = []
    for text in over:
        name, values = assigned(text, _GRID)
        if values.count(":") == 1 and not is_range(values):
            raise InputError(f"'{text}' has no count; {_GRID}, or --sample to draw from a span")
        texts = tuple(expand_list(values))
        axes.append(Axis(name, texts))
        if len({*texts}) < len(texts):
            raise InputError(f"'{text}' has a value twice")
    return _checked(Design(tuple(axes)))


def sample(over: Sequence[str], sampling: str, points: int, seed: int) -> Design:
    """Return `points` points that fill the spans that `over` writes as name=start:stop."""
    if sampling not in SAMPLINGS:
        raise InputError(f"no sample '{sampling}'; {suggestion(sampling, SAMPLINGS)}")
    spans = [_span(text) for text in over]
    if not 1 <= points <= MOST_POINTS:
        raise InputError(f"--points: {points} given; 1 to {MOST_POINTS} are possible")
    if sampling == "sobol" and points & (points - 1):
        near = 2 ** round(math.log2(points))
        raise InputError(
            f"--points: {points} given; Sobol points are balanced at powers of two, such as {near}"
        )
    drawn = SAMPLINGS[sampling](len(spans), seed=np.random.default_rng(seed)).random(points)
    axes = [
        Axis(name, tuple(span.at(float(share)) for share in drawn[:, column]))
        for column, (name, span) in enumerate(spans)
    ]
    return _checked(Design(tuple(axes), sampling))


def _span(text: str) -> tuple[str, Span]:
    name, values = assigned(text, _SAMPLE)
    if is_range(values):
        raise InputError(f"'{text}' has a count, which a sample takes from --points; {_SAMPLE}")
    try:
        return name, parse_span(values)
    except InputError as problem:
        raise InputError(f"'{text}': {problem.message}; {_SAMPLE}") from None


def _checked(design: Design) -> Design:
    names = [axis.name for axis in design.axes]
    if not names:
        raise InputError(f"--over: {_GRID}")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--over: '{name}' is given twice")
    if design.count > MOST_POINTS:
        raise InputError(f"--over: {design.count} points; at most {MOST_POINTS} are possible")
    return design
