"""When pulses come: nested levels, bursts at a lag, files of spikes, random trains."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plasticity_sim.document import read_text
from plasticity_sim.errors import InputError
from plasticity_sim.library import beside
from plasticity_sim.protocol.formats import LevelFormat, PartFormat, TrainFormat
from plasticity_sim.quantities import hertz, seconds

Times = NDArray[np.float64]

MOST_PULSES = 1_000_000
LONGEST = 1e8  # seconds, about three years


def level_offsets(level: LevelFormat) -> Times:
    """Return the offsets (s) of one level's repeats, the first at zero."""
    if level.count == 1:
        return np.zeros(1)
    if level.interval is not None:
        interval = positive_duration(level.interval, "interval")
    else:
        interval = 1 / positive_rate(level.rate or "", "rate")
    if not level.count * interval < LONGEST:
        raise InputError(f"{level.count} pulses would last longer than {LONGEST:g} s")
    return np.asarray(np.arange(level.count) * interval, dtype=np.float64)


def nested_times(levels: list[LevelFormat]) -> Times:
    """Return the sorted pulse times (s): the outer sum of the levels' offsets, outermost first.

    >>> from plasticity_sim.protocol.formats import LevelFormat as Level
    >>> nested_times([Level(count=2, interval="1 s"), Level(count=2, rate="100 Hz")])
    array([0.  , 0.01, 1.  , 1.01])
    """
    total = math.prod(level.count for level in levels)
    if total > MOST_PULSES:
        raise InputError(f"count: {total} pulses; at most {MOST_PULSES} are possible")
    times = np.zeros(1)
    for level in levels:
        times = np.add.outer(times, level_offsets(level)).ravel()
    return np.sort(times)


def train_times(train: TrainFormat, folder: Path) -> Times:
    """Return the sorted times (s) of a file of spikes or a Poisson train."""
    if train.file is not None:
        return _file_times(train.file, folder)
    rate = positive_rate(train.poisson or "", "poisson")
    length = positive_duration(train.duration or "", "duration")
    if rate * length > MOST_PULSES:
        raise InputError(
            f"poisson: '{train.duration}' at {train.poisson} is out of bounds; "
            f"at most {MOST_PULSES} are possible"
        )
    generator = np.random.default_rng(train.seed)
    count = generator.poisson(rate * length)
    return np.sort(generator.uniform(0, length, count))


def part_times(part: PartFormat, folder: Path) -> tuple[Times, Times]:
    """Return pre and post spike times (s) of one part, from its first pulse.

    The first pulse is the first presynaptic one, or the first spike where there is none.
    """
    pre = np.zeros(0)
    if isinstance(part.pre, TrainFormat):
        pre = train_times(part.pre, folder)
    elif part.pre is not None:
        pre = nested_times(part.pre)
    post = _post_times(part, pre, folder)
    if part.jitter is not None:
        width = duration(part.jitter, "jitter")
        if width < 0:
            raise InputError(f"jitter: '{part.jitter}' is negative")
        shifts = np.random.default_rng(part.seed).normal(0, width, pre.size)
        pre = np.sort(pre + shifts)  # post spikes keep their times, so that the lag varies
    first = (pre if pre.size else post)[:1]
    return (pre - first, post - first) if first.size and not part.jitter else (pre, post)


def _post_times(part: PartFormat, pre: Times, folder: Path) -> Times:
    if part.post is None:
        return np.zeros(0)
    if part.post.levels is not None:
        return nested_times(part.post.levels)
    if part.post.train is not None:
        return train_times(part.post.train, folder)
    burst = level_offsets(part.post.burst) if part.post.burst else np.zeros(1)
    if pre.size * burst.size > MOST_PULSES:
        raise InputError(
            f"burst: {pre.size * burst.size} spikes; at most {MOST_PULSES} are possible"
        )
    return np.sort(np.add.outer(pre + duration(part.post.lag or "", "lag"), burst).ravel())


def regular_times(begin: float, end: float, interval: float, key: str) -> Times:
    """Return times every `interval` from `begin` on, before `end` (all s)."""
    count = (end - begin) / interval
    if count > MOST_PULSES:
        raise InputError(f"{key}: {count:.0f} pulses; at most {MOST_PULSES} are possible")
    return np.arange(begin, end - 1e-9, interval, dtype=np.float64)


def duration(text: str, key: str) -> float:
    """Return a time in seconds, negative or not but bounded; an InputError names `key`."""
    try:
        value = seconds(text)
    except InputError as problem:
        raise InputError(f"{key}: {problem.message}") from None
    if not abs(value) < LONGEST:
        raise InputError(f"{key}: '{text}' is longer than {LONGEST:g} s")
    return value


def positive_duration(text: str, key: str) -> float:
    """Return a time in seconds; InputError unless it is positive and bounded."""
    value = duration(text, key)
    if value <= 0:
        raise InputError(f"{key}: '{text}' must be positive")
    return value


def positive_rate(text: str, key: str) -> float:
    """Return a rate in hertz; InputError unless it is positive and not of ages."""
    try:
        rate = hertz(text)
    except InputError as problem:
        raise InputError(f"{key}: {problem.message}") from None
    if rate <= 0:
        raise InputError(f"{key}: '{text}' must be positive")
    if rate < 1 / LONGEST:
        raise InputError(f"{key}: '{text}' is less than one in {LONGEST:g} s")
    return rate


def _file_times(name: str, folder: Path) -> Times:
    """Read one spike time (s) a line; the first line may be a heading."""
    try:
        path = beside(folder, name)
    except InputError as problem:
        raise InputError(f"file: {problem.message}") from None
    text = read_text(path, "one with a time in every line", 30 * MOST_PULSES)
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > MOST_PULSES + 1:
        raise InputError(f"has {len(lines)} spikes; at most {MOST_PULSES} are read", str(path))
    for number, row in enumerate(lines, start=1):
        is_heading = number == 1 and row[:1].isalpha() and row.lower() not in ("nan", "inf")
        if row and not is_heading and not _is_number(row):
            raise InputError(f"'{row[:40]}' is not a time in seconds", str(path), number)
    times = np.sort(np.array([float(row) for row in lines if _is_number(row)]))
    if times.size == 0 or times[0] < 0 or times[-1] > LONGEST:
        raise InputError(f"file: '{name}' needs at least one time, all from 0 s on")
    return times


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
