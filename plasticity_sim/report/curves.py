"""The picture behind a cell: the model's curve over the data, as the parts of a small SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plasticity_sim.drawing import COLOURS
from plasticity_sim.score import NOTHING, Cell, Comparison

WIDTH = 640.0
_TOP, _BOTTOM, _LEFT, _RIGHT = 12.0, 44.0, 58.0, 16.0
_HEIGHT = 280.0
_ROW = 20.0  # of one condition where they are rows
_LETTER = 6.4  # of a label, at most
_SERIES = 6  # curves in a picture at most; more conditions are rows
_DECADES = 30.0  # ratio of the largest to the smallest value that asks for a logarithmic axis


@dataclass(frozen=True)
class Picture:
    """Lines, marks and texts in pixels; `look` is the class of a style, `colour` of a series."""

    height: float
    lines: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    bands: list[dict[str, Any]] = field(default_factory=list)

    @property
    def width(self) -> float:
        """Every picture has the same."""
        return WIDTH

    def line(self, points: Sequence[tuple[float, float]], look: str, colour: str = "") -> None:
        """Add a line through points."""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.lines.append({"points": text, "look": look, "colour": colour})

    def mark(self, x: float, y: float, shape: str, colour: str) -> None:
        """Add a mark: a dot of the model, a square of the data, or an arrow out of the picture."""
        self.marks.append({"x": round(x, 1), "y": round(y, 1), "shape": shape, "colour": colour})

    def text(self, x: float, y: float, words: str, anchor: str = "middle", turn: int = 0) -> None:
        """Add words."""
        self.texts.append({"x": round(x, 1), "y": round(y, 1), "words": words, "anchor": anchor,
                           "turn": turn})  # fmt: skip

    def band(self, one: tuple[float, float], two: tuple[float, float], look: str) -> None:
        """Add a rectangle between two corners."""
        (x1, y1), (x2, y2) = one, two
        size = {"width": round(abs(x2 - x1), 1), "height": round(abs(y2 - y1), 1)}
        self.bands.append(
            {"x": round(min(x1, x2), 1), "y": round(min(y1, y2), 1), "look": look, **size}
        )


@dataclass(frozen=True)
class _Scale:
    """Values to pixels."""

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = float(np.log(low)), float(np.log(high)), float(np.log(value))
        return self.start + (value - low) / (high - low) * (self.stop - self.start)


def draw_cell(cell: Cell) -> Picture:
    """Return the picture of a cell: along a numeric axis with several values, or row by row."""
    axis = _long_axis(cell)
    return _along(cell, axis) if axis else _rows(cell)


def _long_axis(cell: Cell) -> str:
    """Return the axis with most numbers, "" where rows show the conditions better."""
    axes = [axis for axis in cell.experiment.protocol.axes if axis.name != "arm"]
    count = len(cell.experiment.protocol.conditions)
    fitting = [a for a in axes if len(a.texts) > 2 and count / len(a.texts) <= _SERIES]
    return max(fitting, key=lambda a: len(a.texts)).name if fitting else ""


def _along(cell: Cell, name: str) -> Picture:
    """Draw strengths against an axis; the other labels of a condition say which curve it is on."""
    protocol = cell.experiment.protocol
    (axis,) = (axis for axis in protocol.axes if axis.name == name)
    values = dict(zip(axis.texts, map(float, axis.coordinate), strict=True))
    series: dict[str, list[int]] = {}
    for place, condition in enumerate(protocol.conditions):
        others = [t if n == "arm" else f"{n} {t}" for n, t in condition.labels.items() if n != name]
        series.setdefault(", ".join(others), []).append(place)
    picture = Picture(_HEIGHT + (18 if len(series) > 1 else 0))
    bottom = picture.height - _BOTTOM
    strength = _Scale(0, _highest(cell), bottom, _TOP + picture.height - _HEIGHT)
    across = _axis_scale(list(values.values()))
    _draw_frame(picture, strength, across.start, across.stop)
    for value in _shown(list(values.values())):
        picture.line([(across(value), bottom), (across(value), bottom + 4)], "axis")
        picture.text(across(value), bottom + 17, f"{value:g}")
    unit = f" ({axis.unit})" if axis.unit else ""
    picture.text((across.start + across.stop) / 2, picture.height - 8, name + unit)
    found = {c.outcome.condition: c for c in cell.comparisons}
    for number, (words, places) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        order = sorted(places, key=lambda p: values[protocol.conditions[p].labels[name]])
        points = []
        for place in order:
            x = across(values[protocol.conditions[place].labels[name]])
            _draw_measured(picture, found.get(place), x, strength, colour)
            found_here = _simulated(cell, place)
            if found_here is not None:
                points.append((x, strength(_held(found_here, strength))))
                picture.mark(*points[-1], "dot" if points[-1][1] > strength.stop else "up", colour)
        if len(points) > 1:
            picture.line(points, "curve", colour)
        if len(series) > 1:
            picture.mark(_LEFT + 8 + 150 * (number % 4), 8 + 12 * (number // 4), "dot", colour)
            picture.text(_LEFT + 16 + 150 * (number % 4), 12 + 12 * (number // 4), words, "start")
    return picture


def _rows(cell: Cell) -> Picture:
    """Draw every measured condition as a row, the strength across."""
    words = [comparison.condition for comparison in cell.comparisons]
    left = min(_LETTER * max(map(len, words)) + 20, 0.6 * WIDTH)
    picture = Picture(_TOP + _ROW * len(words) + _BOTTOM)
    bottom = picture.height - _BOTTOM
    strength = _Scale(0, _highest(cell), left, WIDTH - _RIGHT)
    _draw_ticks_below(picture, strength, bottom)
    for row, comparison in enumerate(cell.comparisons):
        y = _TOP + _ROW * (row + 0.5)
        colour = COLOURS[0]
        picture.text(left - 8, y + 4, comparison.condition, "end")
        _draw_measured(picture, comparison, y, strength, colour, across=True)
        if comparison.simulated is not None:
            x = strength(_held(comparison.simulated, strength))
            picture.mark(x, y, "dot" if x < strength.stop else "right", colour)
        elif cell.state != "failed":
            picture.text(strength.stop, y + 4, "does not apply", "end")
    return picture


def _simulated(cell: Cell, place: int) -> float | None:
    strengths = cell.simulated.strengths
    return strengths[place] if strengths else None


def _highest(cell: Cell) -> float:
    """Return where the scale of strengths ends: beyond the data, not so far as a model may go."""
    ends = [o.mean + (o.sem or 0) for o in cell.experiment.outcomes if o.mean is not None]
    data = max([*ends, 150.0])
    model = max([v for v in cell.simulated.strengths if v is not None], default=0.0)
    return float(np.ceil(1.05 * max(data, min(model, 1.6 * data)) / 25) * 25)


def _held(value: float, scale: _Scale) -> float:
    return min(max(value, scale.low), scale.high)


def _axis_scale(values: list[float]) -> _Scale:
    low, high = min(values), max(values)
    start, stop = _LEFT + 14, WIDTH - _RIGHT - 8
    return _Scale(low, high, start, stop, low > 0 and high / low > _DECADES)


def _shown(values: list[float], most: int = 13) -> list[float]:
    """Return the values to write on an axis: all, or round ones where there are many."""
    ordered = sorted(set(values))
    if len(ordered) <= most:
        return ordered
    span = ordered[-1] - ordered[0]
    step = next(s for power in range(-6, 9) for s in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
                if span / s <= 10)  # fmt: skip
    first = np.ceil(ordered[0] / step) * step
    return [round(float(value), 9) for value in np.arange(first, ordered[-1] + step / 1e6, step)]


def _draw_frame(picture: Picture, strength: _Scale, left: float, right: float) -> None:
    """Draw the axis of strengths on the left, the baseline and what counts as no change."""
    ends = (left - 14, right + 8)
    around = (strength(100 - NOTHING), strength(100 + NOTHING))
    picture.band((ends[0], around[0]), (ends[1], around[1]), "nothing")
    picture.line([(ends[0], strength(100)), (ends[1], strength(100))], "baseline")
    picture.line([(ends[0], strength.stop), (ends[0], strength.start), (ends[1], strength.start)],
                 "axis")  # fmt: skip
    for value in _ticks(strength.high):
        picture.line([(ends[0] - 4, strength(value)), (ends[0], strength(value))], "axis")
        picture.text(ends[0] - 7, strength(value) + 4, f"{value:g}", "end")
    middle = (strength.start + strength.stop) / 2
    picture.text(14, middle, "strength (% of baseline)", turn=-90)


def _draw_ticks_below(picture: Picture, strength: _Scale, bottom: float) -> None:
    around = (strength(100 - NOTHING), strength(100 + NOTHING))
    picture.band((around[0], _TOP), (around[1], bottom), "nothing")
    picture.line([(strength(100), _TOP), (strength(100), bottom)], "baseline")
    picture.line([(strength.start, bottom), (strength.stop, bottom)], "axis")
    for value in _ticks(strength.high):
        picture.line([(strength(value), bottom), (strength(value), bottom + 4)], "axis")
        picture.text(strength(value), bottom + 17, f"{value:g}")
    middle = (strength.start + strength.stop) / 2
    picture.text(middle, picture.height - 8, "strength (% of baseline)")


def _ticks(high: float) -> list[float]:
    step = next(s for s in (25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 1e4, 1e9) if high / s <= 7)
    return [float(value) for value in np.arange(0, high + 1e-9, step)]


def _draw_measured(
    picture: Picture,
    comparison: Comparison | None,
    at: float,
    strength: _Scale,
    colour: str,
    across: bool = False,
) -> None:
    """Draw what was measured: a mean with its error bar, or the region that a sign allows."""
    if comparison is None:
        return

    def point(value: float, aside: float = 0.0) -> tuple[float, float]:
        along, beside = strength(_held(value, strength)), at + aside
        return (along, beside) if across else (beside, along)

    outcome = comparison.outcome
    if outcome.mean is None:
        low, high = {"LTP": (100 + NOTHING, strength.high), "LTD": (0.0, 100 - NOTHING),
                     "none": (100 - NOTHING, 100 + NOTHING)}[outcome.sign]  # fmt: skip
        picture.band(point(low, -5), point(high, 5), "sign")
        return
    if outcome.sem is not None:
        low, high = outcome.mean - outcome.sem, outcome.mean + outcome.sem
        picture.line([point(low), point(high)], "error", colour)
        for end in (low, high):
            picture.line([point(end, -3), point(end, 3)], "error", colour)
    picture.mark(*point(outcome.mean), "square", colour)
