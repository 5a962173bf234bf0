"""Events of a batch on the grid of a fixed step: tables of step numbers, and the code they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from plasticity_sim.engine.batch import NEVER, Array, Batch, Lane
from plasticity_sim.engine.noise import DRAWS, numbered
from plasticity_sim.expressions import Statement
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Block

_SINCE = {"since_pre": "(t - pre__last)", "since_post": "(t - post__last)"}
_FAR = 1e15  # a step number that is never reached


@dataclass
class Agenda:
    """All that happens in a batch, as tables with one column a lane.

    `steps_of[kind]` holds the step numbers of a kind of event; `values[name]` what a parameter or
    clamp becomes at each setting; `code[kind]` what Brian2 runs, in the order `order[kind]`.
    """

    steps: int
    never: float
    steps_of: dict[str, Array] = field(default_factory=dict)
    values: dict[str, Array] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    clamped: tuple[str, ...] = ()

    def add(self, kind: str, times: Sequence[Array], starts: Array, dt: float, code: str) -> None:
        """Add a kind of event at `times` (s, an array a lane); later kinds come later in a step."""
        self.steps_of[kind] = _table(times, starts, dt)
        advance = f"{kind}__count += 1\n{kind}__next = {kind}__steps({kind}__count * dt, i)"
        self.code[kind] = f"{code}\n{advance}".strip()
        self.order[kind] = len(self.order)


def agenda(batch: Batch, dt: float) -> Agenda:
    """Return the agenda of `batch` for steps of `dt` seconds, each lane from its own start.

    An event between two steps moves to the nearest one. At equal times: settings, pre, post,
    delayed blocks, samples.
    """
    lanes = batch.lanes
    starts = np.array([lane.start for lane in lanes])
    length = max(lane.stop - lane.start for lane in lanes)
    plan = Agenda(steps=round(length / dt), never=NEVER)
    _add_settings(plan, batch, starts, dt)
    for kind in ("pre", "post"):
        times = [getattr(lane, kind) for lane in lanes]
        if any(t.size for t in times):
            plan.add(kind, times, starts, dt, f"{event_code(batch.model, kind)}\n{kind}__last = t")
    for number, block in enumerate(batch.model.blocks):
        if block.after is not None:
            times = [_delayed(block, lane) for lane in lanes]
            if any(t.size for t in times):
                plan.add(f"delayed{number}", times, starts, dt, block_code(batch.model, number))
    plan.add("sample", [lane.samples for lane in lanes], starts, dt, "")
    plan.order["sample"] = 99  # after the monitor has looked
    return plan


def _add_settings(plan: Agenda, batch: Batch, starts: Array, dt: float) -> None:
    settings = [s for lane in batch.lanes for s in lane.settings]
    if not settings:
        return
    parameters = sorted({name for s in settings for name in s.parameters})
    clamps = sorted({name for s in settings for name in s.clamps})
    plan.clamped = tuple(clamps)
    count = max(len(lane.settings) for lane in batch.lanes)
    lines = []
    for name in parameters:
        plan.values[name] = _parameter_values(name, batch.lanes, count)
        lines.append(f"{name} = {_looked_up(name, batch.model)}")
    for name in clamps:
        held, value = _clamp_values(name, batch.lanes, count)
        plan.values[f"clamp__{name}"] = held
        plan.values[f"target__{name}"] = value
        target = _looked_up(f"target__{name}", batch.model, name)
        lines.append(f"clamp__{name} = clamp__{name}__values(setting__count * dt, i)")
        lines.append(f"{name} = clamp__{name} * {target} + (1 - clamp__{name}) * {name}")
    times = [np.array([s.time for s in lane.settings]) for lane in batch.lanes]
    plan.add("setting", times, starts, dt, "\n".join(lines))


def _looked_up(table: str, model: Model, name: str = "") -> str:
    """Return the code that reads a table at the present setting, with the unit put back."""
    unit = base_unit_text(model.dimensions[name or table])
    return f"{table}__values(setting__count * dt, i) * {unit}"


def _parameter_values(name: str, lanes: Sequence[Lane], count: int) -> Array:
    table = np.zeros((count, len(lanes)))
    for column, lane in enumerate(lanes):
        value = lane.parameters[name]
        for row in range(count):
            if row < len(lane.settings):
                value = lane.settings[row].parameters.get(name, value)
            table[row, column] = value
    return table


def _clamp_values(name: str, lanes: Sequence[Lane], count: int) -> tuple[Array, Array]:
    held, target = np.zeros((count, len(lanes))), np.zeros((count, len(lanes)))
    for column, lane in enumerate(lanes):
        now: float | None = None
        for row in range(count):
            if row < len(lane.settings):
                now = lane.settings[row].clamps.get(name, now)
            held[row, column] = now is not None
            target[row, column] = now or 0.0
    return held, target


def _delayed(block: Block, lane: Lane) -> Array:
    assert block.after is not None
    return np.asarray(getattr(lane, block.trigger) + block.after.evaluate(lane.parameters))


def event_code(model: Model, kind: str) -> str:
    """Return what Brian2 runs at an event of `kind`: its blocks without a delay, in their order."""
    numbers = [n for n, b in enumerate(model.blocks) if b.trigger == kind and b.after is None]
    return "\n".join(block_code(model, number) for number in numbers)


def block_code(model: Model, number: int) -> str:
    """Return what Brian2 runs for block `number` of the model."""
    code = "\n".join(map(_written_out, model.blocks[number].statements))
    # the state update draws first and the threshold second, whatever else is in the batch
    return numbered(code, "t_in_timesteps", first=(number + 2) * DRAWS)


def _written_out(statement: Statement) -> str:
    """Return the code of one statement; Brian2 would read `x *= a + b` as `x = x * a + b`."""
    expression = statement.expression.substituted(_SINCE).text
    if statement.operator == "=":
        return f"{statement.target} = {expression}"
    return f"{statement.target} = {statement.target} {statement.operator[0]} ({expression})"


def _table(times: Sequence[Array], starts: Array, dt: float) -> Array:
    """Return step numbers, events x lanes, with a last row that is never reached."""
    most = max(t.size for t in times)
    table = np.full((most + 1, len(times)), _FAR)
    for column, (own, start) in enumerate(zip(times, starts, strict=True)):
        table[: own.size, column] = np.rint((np.sort(own) - start) / dt)
    return table
