"""Nested pulses: sorted, as many as the product of the counts, as long as the sum of the levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity_sim.protocol import load_protocol

INTERVALS = st.integers(1, 5_000)  # ms
LEVELS = st.lists(st.tuples(st.integers(1, 5), INTERVALS, st.booleans()), min_size=1, max_size=5)


def level(count: int, interval: int, as_rate: bool) -> str:
    spacing = f"rate: {1000 / interval!r} Hz" if as_rate else f"interval: {interval} ms"
    return f"{{count: {count}, {spacing}}}"


def timeline(folder, induction: str, more: str = ""):
    path = folder / "own.yaml"
    path.write_text(
        f"format: 1\ntitle: own\ninduction: [{induction}]\nfollow_up: {{duration: 10 s}}\n{more}"
    )
    (condition,) = load_protocol(str(path)).conditions
    return condition.timeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nesting")


@settings(max_examples=60, deadline=None)
@given(LEVELS)
def test_pulses_are_sorted_with_the_right_count_and_span(folder, levels):
    line = timeline(folder, f"{{pre: [{', '.join(level(*each) for each in levels)}]}}")
    assert line.pre.size == math.prod(count for count, _, _ in levels)
    assert (np.diff(line.pre) >= 0).all()
    assert line.pre[0] == 0
    span = sum((count - 1) * interval for count, interval, _ in levels) / 1000
    assert line.last == line.pre[-1] == pytest.approx(span, rel=1e-12)
    assert line.stop == pytest.approx(span + 10, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(LEVELS, st.permutations(range(5)))
def test_the_order_of_levels_changes_no_pulse(folder, levels, order):
    other = [levels[place] for place in order if place < len(levels)]
    one, two = (
        timeline(folder, f"{{pre: [{', '.join(level(*each) for each in some)}]}}").pre
        for some in (levels, other)
    )
    assert one == pytest.approx(two, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(LEVELS, st.integers(-300, 300), st.integers(1, 4), st.integers(1, 50))
def test_every_pulse_has_its_burst_at_its_lag(folder, levels, lag, count, gap):
    pre = ", ".join(level(*each) for each in levels)
    burst = level(count, gap, False)
    line = timeline(folder, f"{{pre: [{pre}], post: {{lag: {lag} ms, burst: {burst}}}}}")
    assert line.post.size == line.pre.size * count
    assert (np.diff(line.post) >= 0).all()
    assert line.post[0] == pytest.approx(lag / 1000, abs=1e-12)
    assert line.post[-1] - line.pre[-1] == pytest.approx((lag + (count - 1) * gap) / 1000, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(LEVELS, LEVELS, st.integers(1, 100))
def test_parts_follow_each_other_and_add_up(folder, first, second, after):
    parts = [f"pre: [{', '.join(level(*each) for each in some)}]" for some in (first, second)]
    alone = [timeline(folder, f"{{{part}}}") for part in parts]
    line = timeline(folder, f"{{{parts[0]}}}, {{after: {after} s, {parts[1]}}}")
    assert line.pre.size == sum(each.pre.size for each in alone)
    assert line.last == pytest.approx(alone[0].last + after + alone[1].last, rel=1e-12)
    assert line.pre[: alone[0].pre.size] == pytest.approx(alone[0].pre)


@settings(max_examples=40, deadline=None)
@given(LEVELS, st.integers(1, 600))
def test_seconds_and_milliseconds_are_the_same_times(folder, levels, duration):
    texts = [
        ", ".join(f"{{count: {count}, interval: {interval / scale!r} {unit}}}"
                  for count, interval, _ in levels)
        for scale, unit in ((1, "ms"), (1000, "s"))
    ]  # fmt: skip
    one, two = (timeline(folder, f"{{pre: [{text}]}}") for text in texts)
    assert one.pre == pytest.approx(two.pre, rel=1e-14)  # the decimal text is rounded differently
