"""The reference engine: SciPy's LSODA, one lane at a time, restarted at every event.

Slow and independent of Brian2: it is what the other engines are checked against.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import LSODA

from plasticity_sim.engine.batch import (
    NEVER,
    Array,
    Batch,
    Lane,
    Outcome,
    Progress,
    Setting,
    check_finite,
    sample_grid,
)
from plasticity_sim.engine.peaks import Peaks
from plasticity_sim.engine.righthand import Action, Slope, action, observer, right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.model.model import Model

_PRE, _POST, _DELAYED = range(1, 4)  # order at equal times, settings (0) first
_SAME = 1e-9  # s: moments closer than this are one


@dataclass
class _Clock:
    """When a lane last saw each kind of spike."""

    last: dict[str, float] = field(default_factory=lambda: {"pre": -NEVER, "post": -NEVER})


def run_reference(batch: Batch, rtol: float = 1e-8, progress: Progress | None = None) -> Outcome:
    """Integrate every lane of `batch` with LSODA at relative tolerance `rtol`.

    Absolute tolerances are `rtol` times the scale of each variable, times 1e-3. Raises an
    InputError for a model that draws random numbers, or spikes by a threshold.
    """
    _check_followable(batch.model)
    grid = sample_grid(batch)
    samples = {name: np.full(grid.shape, np.nan) for name in batch.observe}
    peaks = {name: np.full(len(batch.lanes), -np.inf) for name in batch.peaks}
    least = {name: np.full(len(batch.lanes), np.inf) for name in batch.least}
    program = _Program(batch, rtol)
    for row, lane in enumerate(batch.lanes):
        found, extremes = program.run(lane)
        for name, values in zip(batch.observe, found.T, strict=True):
            samples[name][row, : lane.samples.size] = values
        for name in batch.peaks:
            peaks[name][row] = extremes.top[program.watched.index(name)]
        for name in batch.least:
            least[name][row] = extremes.bottom[program.watched.index(name)]
        if progress:
            progress((row + 1) / len(batch.lanes))
    outcome = Outcome(samples, peaks, least, "reference", "scipy", False, program.steps, rtol=rtol)
    check_finite(batch, outcome)
    return outcome


def _check_followable(model: Model) -> None:
    unable = ""
    if model.is_stochastic:
        unable = "is stochastic"
    elif model.threshold is not None:
        unable = "spikes by a threshold"
    if unable:
        raise InputError(f"model '{model.name}' {unable}; the reference engine cannot follow that")


class _Program:
    """The compiled pieces of one model, and the solver that runs lanes through them."""

    def __init__(self, batch: Batch, rtol: float):
        self.model: Model = batch.model
        self.rtol = rtol
        self.atol = 1e-3 * rtol * scales(batch.model)
        self.observe = observer(batch.model, batch.observe)
        self.watched = list(dict.fromkeys([*batch.peaks, *batch.least]))
        self.look = observer(batch.model, self.watched)
        self.actions = [(block, action(batch.model, block)) for block in batch.model.blocks]
        self.slopes: dict[frozenset[str], Slope] = {}
        self.steps = 0

    def run(self, lane: Lane) -> tuple[Array, Peaks]:
        """Return samples (samples x observed) and extremes of one lane."""
        values = {**lane.parameters, **lane.initial}
        clamped: set[str] = set()
        clock, peaks = _Clock(), Peaks(len(self.watched))
        rows: list[list[float]] = []
        now = lane.start
        for time, happenings in self._agenda(lane):
            between = lane.samples[len(rows) : np.searchsorted(lane.samples, time - _SAME)]
            if time > now:
                rows += self._integrate(values, now, time, frozenset(clamped), between, peaks)
                now = time
            for happening in happenings:
                self._happen(happening, values, clamped, clock, now)
            if len(rows) < lane.samples.size and lane.samples[len(rows)] <= now + _SAME:
                rows.append(self.observe(now, self._vector(values), values))
        return np.array(rows), peaks

    def _agenda(self, lane: Lane) -> list[tuple[float, list[tuple[int, object]]]]:
        """Return what happens at each time, in order; the first and last moment are among them."""
        entries: list[tuple[float, int, object]] = [(s.time, 0, s) for s in lane.settings]
        entries += [(float(t), _PRE, None) for t in lane.pre]
        entries += [(float(t), _POST, None) for t in lane.post]
        for block, act in self.actions:
            if block.after is not None and block.trigger != "spike":
                delay = block.after.evaluate(lane.parameters)
                spikes = lane.pre if block.trigger == "pre" else lane.post
                entries += [(float(t) + delay, _DELAYED, act) for t in spikes]
        table: dict[float, list[tuple[int, object]]] = defaultdict(list)
        table[lane.start], table[lane.stop] = [], []
        for time, order, what in sorted(entries, key=lambda entry: entry[1]):
            if time <= lane.stop + _SAME:
                table[round(time, 10)].append((order, what))  # one moment by two sums is one
        return sorted(table.items())

    def _happen(
        self,
        happening: tuple[int, object],
        values: dict[str, float],
        clamped: set[str],
        clock: _Clock,
        now: float,
    ) -> None:
        order, what = happening
        if order == 0:
            _apply_setting(what, values, clamped)  # type: ignore[arg-type]
        elif order in (_PRE, _POST):
            kind = "pre" if order == _PRE else "post"
            for block, act in self.actions:
                if block.trigger == kind and block.after is None:
                    self._act(act, values, clock, now)
            clock.last[kind] = now
        else:
            self._act(what, values, clock, now)  # type: ignore[arg-type]

    def _act(self, act: Action, values: dict[str, float], clock: _Clock, now: float) -> None:
        act(values, now - clock.last["pre"], now - clock.last["post"])

    def _vector(self, values: dict[str, float]) -> Array:
        return np.array([values[name] for name in self.model.differential])

    def _integrate(
        self,
        values: dict[str, float],
        start: float,
        stop: float,
        clamped: frozenset[str],
        samples: Array,
        peaks: Peaks,
    ) -> list[list[float]]:
        """Move `values` from `start` to `stop`; return what was observed at `samples` between."""
        if clamped not in self.slopes:
            self.slopes[clamped] = right_hand_side(self.model, clamped)
        slope = self.slopes[clamped]
        begin = self._vector(values)
        solver = LSODA(
            lambda t, y: slope(t, y, values), 0.0, begin, stop - start,
            rtol=self.rtol, atol=self.atol,
        )  # fmt: skip
        rows: list[list[float]] = []
        peaks.begin(start, np.array(self.look(0.0, begin, values)))
        while solver.status == "running":
            message = solver.step()
            if solver.status == "failed":
                when = f"{start + solver.t:.6g} s"
                raise SimulationError(f"the reference solver failed at {when}: {message}")
            self.steps += 1
            if solver.t > solver.t_old:
                peaks.add(start + solver.t, np.array(self.look(solver.t, solver.y, values)))
            while len(rows) < samples.size and samples[len(rows)] <= start + solver.t:
                since = samples[len(rows)] - start
                rows.append(self.observe(since, solver.dense_output()(since), values))
        values.update(zip(self.model.differential, map(float, solver.y), strict=True))
        return rows


def _apply_setting(setting: Setting, values: dict[str, float], clamped: set[str]) -> None:
    values.update(setting.parameters)
    for name, value in setting.clamps.items():
        if value is None:
            clamped.discard(name)
        else:
            values[name] = value
            clamped.add(name)
