"""The fixed-step engine: Brian2 on a grid, every lane a row of one NeuronGroup.

It serves models whose step belongs to them, or whose noise depends on their state, and checks the
adaptive engine. Events fall on the grid of the step.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import (
    EventMonitor,
    Network,
    NeuronGroup,
    Quantity,
    TimedArray,
    check_units,
    device,
    implementation,
    second,
)
from brian2.core.base import BrianObjectException

from plasticity_sim.engine import build
from plasticity_sim.engine.batch import Array, Batch, Outcome, Progress, check_finite, sample_grid
from plasticity_sim.engine.device import lent
from plasticity_sim.engine.events import Agenda, agenda, event_code
from plasticity_sim.engine.noise import DRAWS, FUNCTIONS, LaneNoise, is_noisy, numbered
from plasticity_sim.engine.rungekutta import RungeKutta4
from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.parts import Kind, Variable

_METHODS = {"rk4": RungeKutta4()}  # the others are Brian2's own
_POLL = 0.2  # s between looks at the progress of a compiled run
VECTOR = 8  # doubles in the widest vector register
_REPORTS = 500  # how often a compiled run tells how far it is


# Brian2's own report reads the processor's clock before every object of every step, which here
# takes longer than the step itself
@implementation(
    "cpp",
    """
double note_progress(double share) {
    std::ofstream("progress.txt") << share << std::endl;
    return share;
}
""",
)  # type: ignore[untyped-decorator]
@check_units(share=1, result=1)  # type: ignore[untyped-decorator]
def note_progress(share: float) -> float:
    """Leave the share done where the watching process looks for it."""
    return share


def run_fixed(
    batch: Batch,
    method: str,
    dt: float,
    target: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run every lane of `batch` with Brian2's `method` at step `dt` (s).

    `target` is 'cpp_standalone', 'cython' or 'numpy'; by default the fastest the machine has.
    """
    target = target or build.target()
    own, batch = batch, _padded(batch) if target == "cpp_standalone" else batch
    plan = agenda(batch, dt)
    with lent(target, build.flags()) as folder:
        try:
            parts = _build(batch, plan, method, dt)
            _run(parts, (plan.steps + 1) * dt, target, folder, progress)
        except BrianObjectException as problem:
            cause = problem.__cause__ or problem
            name = batch.model.name
            raise InputError(f"Brian2 cannot run '{name}' with {method}: {cause}") from None
        samples = _samples(own, batch, parts.monitor)
        peaks = _extremes(own, parts.group, "peak", batch.peaks)
        least = _extremes(own, parts.group, "least", batch.least)
    steps = plan.steps * len(own.lanes)
    outcome = Outcome(samples, peaks, least, "fixed", target, target == "cpp_standalone", steps)
    check_finite(own, outcome)
    return outcome


@dataclass(frozen=True)
class _Parts:
    group: NeuronGroup
    monitor: EventMonitor
    network: Network


def _build(batch: Batch, plan: Agenda, method: str, dt: float) -> _Parts:
    """Return the group, its monitor and the network for one batch."""
    model, lanes = batch.model, batch.lanes
    varying = _varying(batch, plan)
    names = [*model.differential, *model.held]
    tables: dict[str, Any] = {
        f"{kind}__steps": TimedArray(steps, dt=dt * second) for kind, steps in plan.steps_of.items()
    }
    for name, values in plan.values.items():
        tables[f"{name}__values"] = TimedArray(values, dt=dt * second)
    constants = {
        name: Quantity(lanes[0].parameters[name], dim=model.dimensions[name])
        for name in model.parameters
        if name not in varying
    }
    spikes, noisy = event_code(model, "spike"), is_noisy(model)
    updater = _METHODS.get(method, method)
    threshold = model.threshold.text if model.threshold else ""
    group = NeuronGroup(
        len(lanes), _equations(batch, plan, varying, noisy), dt=dt * second,
        method=LaneNoise(updater) if noisy else updater,
        namespace={**constants, **tables, **(FUNCTIONS if noisy else {})}, name="lanes",
        threshold=numbered(threshold, "t_in_timesteps", first=DRAWS) or None,
        reset=spikes or None if model.threshold else None,
        events={kind: f"t_in_timesteps >= {kind}__next" for kind in plan.steps_of},
    )  # fmt: skip
    for name in names:
        setattr(group, name + "_", np.array([lane.initial[name] for lane in lanes]))
    for name in varying:
        setattr(group, name + "_", np.array([lane.parameters[name] for lane in lanes]))
    if noisy:
        group.lane__seed_ = np.array([lane.seed for lane in lanes], float)
    for kind, code in plan.code.items():
        setattr(group, f"{kind}__next_", plan.steps_of[kind][0])
        group.set_event_schedule(kind, when="before_start")
        group.run_on_event(kind, code, when="start", order=plan.order[kind])
    for kind in ("pre", "post"):
        setattr(group, f"{kind}__last_", -plan.never)
    monitor = EventMonitor(group, "sample", list(batch.observe), when="start", order=98)
    for name in batch.peaks:
        setattr(group, f"peak__{name}_", -1e300)
    for name in batch.least:
        setattr(group, f"least__{name}_", 1e300)
    if batch.peaks or batch.least:
        # after the events of a step, so that a jump counts before it decays
        extremes = [*map(_peak_code, batch.peaks), *map(_least_code, batch.least)]
        group.run_regularly("\n".join(extremes), when="start", order=97)
    return _Parts(group, monitor, Network(group, monitor, *group.contained_objects))


def _varying(batch: Batch, plan: Agenda) -> list[str]:
    """Return the parameters that differ between lanes or change during the run."""
    first = batch.lanes[0].parameters
    return [
        name
        for name in batch.model.parameters
        if name in plan.values or any(lane.parameters[name] != first[name] for lane in batch.lanes)
    ]


def _equations(batch: Batch, plan: Agenda, varying: list[str], noisy: bool) -> str:
    model = batch.model
    lines = [_equation(v, plan.clamped) for v in model.variables.values()]
    lines += [f"{n} : {base_unit_text(model.dimensions[n])}" for n in varying]
    lines += [f"clamp__{name} : 1" for name in plan.clamped]
    for kind in plan.steps_of:
        lines += [f"{kind}__count : integer", f"{kind}__next : 1"]
    lines += ["pre__last : second", "post__last : second"]
    lines += ["lane__seed : 1 (constant)"] if noisy else []
    lines += [f"peak__{n} : {base_unit_text(model.dimensions[n])}" for n in batch.peaks]
    lines += [f"least__{n} : {base_unit_text(model.dimensions[n])}" for n in batch.least]
    return "\n".join(lines)


def _equation(variable: Variable, clamped: tuple[str, ...]) -> str:
    unit = base_unit_text(variable.dimensions)
    if variable.kind is Kind.HELD or variable.expression is None:
        return f"{variable.name} : {unit}"
    if variable.kind is Kind.SUBEXPRESSION:
        return f"{variable.name} = {variable.expression.text} : {unit}"
    free = f"(1 - clamp__{variable.name}) * " if variable.name in clamped else ""
    return f"d{variable.name}/dt = {free}({variable.expression.text}) : {unit}"


def _peak_code(name: str) -> str:
    above = f"int({name} > peak__{name})"
    return f"peak__{name} = {above} * {name} + (1 - {above}) * peak__{name}"


def _least_code(name: str) -> str:
    below = f"int({name} < least__{name})"
    return f"least__{name} = {below} * {name} + (1 - {below}) * least__{name}"


def _extremes(
    own: Batch, group: NeuronGroup, kind: str, names: tuple[str, ...]
) -> dict[str, Array]:
    return {n: np.array(getattr(group, f"{kind}__{n}_")[:])[: len(own.lanes)] for n in names}


def _run(
    parts: _Parts, duration: float, target: str, folder: str, progress: Progress | None
) -> None:
    network = parts.network
    names = dict(parts.group.namespace)  # for the monitor of expressions, which has none of its own
    if target != "cpp_standalone":
        report = (lambda elapsed, done, start, total: progress(done)) if progress else None
        with np.errstate(all="ignore"):  # what is not finite is told with its lane and time
            network.run(duration * second, report=report, namespace=names)
        return
    if progress:
        network.add(_reporter(duration, float(parts.group.clock.dt)))
    network.run(duration * second, namespace=names)
    try:
        device.build(directory=folder, compile=True, run=False, debug=False, with_output=False)
    except (RuntimeError, OSError) as problem:
        raise SimulationError(f"the compiler failed; see `doctor`: {problem}") from None
    finished = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folder, finished, progress), daemon=True)
    watcher.start()
    try:
        device.run(folder, with_output=False)
    except RuntimeError as problem:
        raise SimulationError(f"the compiled simulation failed: {problem}") from None
    finally:
        finished.set()
        watcher.join()


def _reporter(duration: float, dt: float) -> NeuronGroup:
    """Return a group of one that now and then writes down the share done."""
    every = max(round(duration / dt / _REPORTS), 1) * dt
    group = NeuronGroup(
        1, "share : 1", dt=every * second, name="reporter",
        namespace={"note_progress": note_progress, "whole": duration * second},
    )  # fmt: skip
    group.run_regularly("share = note_progress(t / whole)")
    return group


def _watch(folder: str, finished: threading.Event, progress: Progress | None) -> None:
    """Pass on the share done that the compiled program writes to a file."""
    path = Path(folder, "progress.txt")
    while progress and not finished.wait(_POLL):
        try:
            progress(float(path.read_text()))
        except (OSError, ValueError):
            continue  # not written yet, or caught in the middle of writing


def _padded(batch: Batch) -> Batch:
    """Return the batch filled up with copies: a vector of 8 costs less than 3 single lanes."""
    missing = -len(batch.lanes) % VECTOR
    return replace(batch, lanes=(*batch.lanes, *batch.lanes[:1] * missing))


def _samples(own: Batch, run: Batch, monitor: EventMonitor) -> dict[str, Array]:
    """Return the recorded values, lanes x samples; a lane's records come in the order of time."""
    recorded = np.array(monitor.i[:])
    order = np.argsort(recorded, kind="stable")
    counts = np.bincount(recorded, minlength=len(run.lanes))
    wanted = np.array([lane.samples.size for lane in run.lanes])
    if (counts != wanted).any():
        raise SimulationError(f"{wanted.sum() - counts.sum()} samples were lost")
    grid = sample_grid(own)
    inside = ~np.isnan(grid)
    result = {}
    for name in own.observe:
        values = np.full(grid.shape, np.nan)
        values[inside] = np.array(getattr(monitor, f"{name}_")[:])[order][: inside.sum()]
        result[name] = values
    return result
