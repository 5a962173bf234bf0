"""A case as lanes for our engines, and as plain JSON for every other simulator."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
from brian2 import Equations
from brian2.units.fundamentalunits import DIMENSIONLESS

from benchmarks.cases import REFERENCED, Case, model_of, protocol_of
from plasticity_sim.engine.batch import Batch, Lane
from plasticity_sim.engine.lanes.exponents import with_whole_powers
from plasticity_sim.engine.lanes.program import FIRST_STEP, SIZE
from plasticity_sim.engine.lanes.run import METHOD
from plasticity_sim.engine.righthand import needed
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import InputError
from plasticity_sim.expressions import parse_expression, parse_statements
from plasticity_sim.model import Model
from plasticity_sim.model.parts import Block, Kind, Variable
from plasticity_sim.simulation.lanes import plan
from plasticity_sim.solver.statements import text
from plasticity_sim.solver.step import step
from plasticity_sim.solver.system import system
from plasticity_sim.solver.tableaus import TABLEAUS

Task = dict[str, Any]

COUNTER = "delivered"  # a variable that every pulse adds 1 to, in every simulator
CHECKPOINT = 1.0  # s after the last pulse


def batch_of(case: Case) -> Batch:
    """Return the lanes of `case`; each is looked at at the checkpoint and at the end."""
    model = counted(model_of(case))
    own = plan(model, protocol_of(case), case.synapses, seed=0).batch
    lanes = []
    for lane in own.lanes:
        samples = np.array([_last(lane) + CHECKPOINT, lane.stop])
        lanes.append(replace(lane, samples=samples))
    return replace(own, lanes=tuple(lanes), observe=watched(case, model), peaks=())


def watched(case: Case, model: Model) -> tuple[str, ...]:
    """Return what every simulator reports: the weight, the kinase and the counter of pulses."""
    return (model.readout.variable, case.kinase, COUNTER)


def counted(model: Model) -> Model:
    """Return the model with a variable that counts the pre- and postsynaptic pulses it gets."""
    counter = Variable(COUNTER, Kind.HELD, None, "1", DIMENSIONLESS)
    more = parse_statements(f"{COUNTER} += 1")
    blocks = []
    uncounted = {"pre", "post"}
    for block in model.blocks:
        if block.after is None and block.trigger in uncounted:
            uncounted.remove(block.trigger)
            block = replace(block, statements=(*block.statements, *more))
        blocks.append(block)
    variables = {**model.variables, COUNTER: counter}
    return replace(model, variables=variables, blocks=tuple(blocks))


def referenced(count: int) -> list[int]:
    """Return which of `count` synapses have a reference solution.

    >>> referenced(512)
    [0, 73, 146, 219, 292, 365, 438, 511]
    """
    return [int(n) for n in np.linspace(0, count - 1, min(REFERENCED, count)).round()]


def task_of(case: Case, batch: Batch) -> Task:
    """Return the JSON of a case: equations in order, numbers in SI units, events in time.

    `synapses` holds the varied parameters and the initial values of every lane, `events` pairs of
    time and place in `jumps`, and each jump what it adds to which variable.
    """
    model, first = batch.model, batch.lanes[0]
    varied = [
        name
        for name, value in first.parameters.items()
        if any(lane.parameters[name] != value for lane in batch.lanes)
    ]
    names = [*model.differential, *batch.observe]
    definitions = [[n, _text(model, n)] for n in needed(model, names)]
    return {
        "name": case.name,
        "states": list(model.differential),
        "scales": scales(model).tolist(),
        "held": list(model.held),
        "definitions": definitions,
        "slopes": {name: _text(model, name) for name in model.differential},
        "constants": {n: v for n, v in first.parameters.items() if n not in varied},
        "varied": varied,
        "synapses": [
            {"parameters": [float(lane.parameters[n]) for n in varied],
             "initial": [float(lane.initial[n]) for n in (*model.differential, *model.held)]}
            for lane in batch.lanes
        ],
        "referenced": referenced(len(batch.lanes)),
        "jumps": [_jump(block, first, varied) for block in model.blocks],
        "events": _events(model, first),
        "step": step_of(batch),
        "pulses": len(first.pre) + len(first.post),
        "watched": list(batch.observe),
        "start": first.start,
        "checkpoint": float(first.samples[0]),
        "end": first.stop,
    }  # fmt: skip


def step_of(batch: Batch) -> Task:
    """Return the statements of one step of our own method, for a kernel written around them.

    They read states, held variables, parameters and `h`; `new` and `error` name what comes out, and
    an error counts against `sizes`.
    """
    model = with_whole_powers(batch)
    own = system(Equations(model.equations), set(model.parameters))
    made = step(own, TABLEAUS[METHOD], "h")
    before = [[n, text(tree, {})] for n, tree in (own.invariants | own.per_step).items()]
    sizes = dict(zip(model.differential, (SIZE * scales(model)).tolist(), strict=True))
    return {
        "method": METHOD, "order": made.tableau.order, "first": FIRST_STEP,
        "before": before, "statements": [list(pair) for pair in made.statements],
        "new": made.new, "error": made.error, "sizes": sizes,
    }  # fmt: skip


def key_of(task: Task) -> str:
    """Return a name that changes with anything in the referenced part of `task`."""
    own = {name: part for name, part in task.items() if name != "step"}
    own["synapses"] = [task["synapses"][n] for n in task["referenced"]]
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16]


def _last(lane: Lane) -> float:
    return float(max([*lane.pre[-1:], *lane.post[-1:]]))


def _text(model: Model, name: str) -> str:
    return model.variables[name].expression.text  # type: ignore[union-attr]


def _jump(block: Block, lane: Lane, varied: list[str]) -> dict[str, float]:
    """Return what a block adds to which variable; nothing else is written down for the peers."""
    added = {}
    for statement in block.statements:
        if statement.operator not in ("+=", "-="):
            raise InputError(f"the task format has no place for '{statement.text}'")
        names = statement.expression.names
        if names - lane.parameters.keys() or names & set(varied):
            raise InputError(f"'{statement.text}' does not add a number that all synapses share")
        sign = 1.0 if statement.operator == "+=" else -1.0
        expression = parse_expression(statement.expression.text)
        added[statement.target] = sign * expression.evaluate(lane.parameters)
    return added


def _events(model: Model, lane: Lane) -> list[list[float]]:
    events: list[list[float]] = []
    for place, block in enumerate(model.blocks):
        delay = block.after.evaluate(lane.parameters) if block.after else 0.0
        times = lane.pre if block.trigger == "pre" else lane.post
        events += [[round(float(time) + delay, 9), place] for time in times]
    return sorted(events)
