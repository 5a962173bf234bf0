"""Times of pulses and samples as a script writes them: regular trains, and the rest one by one."""

from __future__ import annotations

import numpy as np

from plasticity_sim.engine.batch import Array

_SAME = 1e-9  # s
_SHORTEST = 3  # pulses that make a train
_MOST_TRAINS = 400


def times_text(times: Array) -> str:
    """Return Python that makes the sorted `times` (s) from trains of (first, interval, count).

    >>> times_text(np.array([0.0, 0.5, 1.0, 7.25]))
    'trains((0, 0.5, 3), (7.25, 0, 1))'
    """
    trains = _trains(times)
    if len(trains) > _MOST_TRAINS:
        return f"np.array([{', '.join(seconds_text(time) for time in times)}])"
    inside = ", ".join(f"({seconds_text(f)}, {seconds_text(i)}, {n})" for f, i, n in trains)
    return f"trains({inside})"


def _trains(times: Array) -> list[tuple[float, float, int]]:
    found: list[tuple[float, float, int]] = []
    place = 0
    while place < times.size:
        count = _regular(times[place:])
        interval = (times[place + count - 1] - times[place]) / max(count - 1, 1)
        found.append((float(times[place]), float(interval), count))
        place += count
    return found


def _regular(times: Array) -> int:
    """Return how many of the first times follow each other at one interval."""
    if times.size < _SHORTEST:
        return 1
    places = np.arange(times.size)
    off = np.abs(times - times[0] - places * (times[1] - times[0])) > _SAME
    count = int(np.argmax(off)) if off.any() else times.size
    return count if count >= _SHORTEST else 1


def seconds_text(value: float) -> str:
    """Return a time in seconds as it is written in a script."""
    return f"{round(value, 12):.14g}"
