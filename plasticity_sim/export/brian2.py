"""A model under a protocol as one plain Brian2 script, which runs without this package."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plasticity_sim import __version__
from plasticity_sim.engine.batch import NEVER, Lane, Progress
from plasticity_sim.errors import InputError
from plasticity_sim.export.code import Code, plain
from plasticity_sim.export.stepping import Stepping
from plasticity_sim.export.times import seconds_text, times_text
from plasticity_sim.export.units import imports, parameter_text, quantity_text, values_text
from plasticity_sim.measures import at_measure
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Parameter
from plasticity_sim.protocol.protocol import Condition, Protocol
from plasticity_sim.quantities import split_quantity
from plasticity_sim.simulation import Options, simulate
from plasticity_sim.simulation.lanes import Plan, plan

TOLERANCE = 0.1  # %: between a script and `run`
_MOST_ROWS = 20_000  # conditions x states x synapses: their resting values are written out


def brian2_script(
    model: Model,
    protocol: Protocol,
    name: str,
    command: str,
    stepping: Stepping,
    synapses: int | None = None,
    seed: int = 0,
    options: Options | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> str:
    """Return the text of a script for `protocol` on `model`, with the strengths to expect.

    `options` are those of the run that finds the strengths. Raises InputError for what a script
    cannot hold.
    """
    count = model.population.synapses if synapses is None else synapses
    made = plan(model, protocol, count, seed)
    if len(made.batch.lanes) > _MOST_ROWS:
        raise InputError(
            f"{len(made.batch.lanes)} rows (conditions x states x synapses) would fill the script; "
            f"at most {_MOST_ROWS} are possible, so give fewer --synapses"
        )
    stepping.check(made)
    data = simulate(
        model, protocol, synapses=count, seed=seed, options=options,
        progress=progress, announce=announce,
    )  # fmt: skip
    code = _code(model, made)
    rests: dict[str, str] = {}
    conditions = [
        _condition(code, condition, made, number, rests)
        | {"expected": f"{strength:.10g}", "shown": f"{strength:.6g} %"}
        for number, (condition, strength) in enumerate(
            zip(protocol.conditions, at_measure(data).to_numpy().ravel(), strict=True)
        )
    ]
    own = [p for p in model.parameters.values() if p.name not in code.changing]
    return _rendered(
        title=plain(model.title), protocol_title=plain(protocol.title), command=plain(command),
        name=plain(name), version=__version__, dt=stepping.dt, dt_text=_step_text(stepping),
        method=stepping.method, tolerance=f"{TOLERANCE:g}", noisy=model.is_stochastic, code=code,
        parameters=_by_component(own),
        readout=code.name(model.readout.variable), within=model.readout.within,
        never=f"{NEVER:g}", states={state: float(model.mix[state]) for state in model.states},
        synapses=count, conditions=conditions,
        rests=[{"name": n, "entries": json.loads(text)} for text, n in rests.items()],
        on_spike=any(name == "ON_SPIKE" for name, _ in code.actions),
        baseline=any(c.timeline.baseline for c in protocol.conditions),
    )  # fmt: skip


def _rendered(**context: Any) -> str:
    """Return the template filled in, with the units that its quantities need."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    texts = [context["dt_text"]]
    texts += [entry["text"] for _, entries in context["parameters"] for entry in entries]
    texts += [text for rest in context["rests"] for _, text in rest["entries"]]
    for condition in context["conditions"]:
        texts += [text for _, text in condition["settled"]]
        texts += [text for change in condition["changes"] for _, text in change["entries"]]
    return environment.get_template("brian2.py.j2").render(**context, imports=imports(texts))


def _code(model: Model, made: Plan) -> Code:
    """Return the model as code; InputError for what a script would get wrong."""
    expressions = [v.expression for v in model.variables.values() if v.expression]
    expressions += [s.expression for b in model.blocks for s in b.statements]
    if any("t" in expression.names for expression in expressions):
        raise InputError(f"model '{model.name}' reads t, whose zero a script has elsewhere")
    clamped = {n for lane in made.batch.lanes for s in lane.settings for n in s.clamps}
    code = Code(model, _changing(model, made), sorted(clamped))
    code.check()
    return code


def _step_text(stepping: Stepping) -> str:
    number, unit = split_quantity(stepping.dt)
    return quantity_text([number], unit)


def _changing(model: Model, made: Plan) -> list[str]:
    """Return the parameters that differ between rows, from the model's own, or during a run."""
    usual = {name: parameter.value for name, parameter in model.parameters.items()}
    lanes = made.batch.lanes
    names = {n for lane in lanes for n, v in lane.parameters.items() if v != usual[n]}
    names |= {n for lane in lanes for s in lane.settings for n in s.parameters}
    return sorted(names)


def _condition(
    code: Code, condition: Condition, made: Plan, number: int, rests: dict[str, str]
) -> dict[str, Any]:
    """Return what the script holds of one condition; new resting values are added to `rests`."""
    model, timeline = code.model, condition.timeline
    count = len(model.states) * made.synapses
    lanes = made.batch.lanes[number * count : (number + 1) * count]
    lane = lanes[0]
    names = [*model.differential, *model.held]
    rest = json.dumps([_entry_of(code, n, [one.initial[n] for one in lanes]) for n in names])
    label = ", ".join(f"{axis} {value}" for axis, value in condition.labels.items())
    at = timeline.last + timeline.measure_at
    return {
        "label": plain(label) or "strength",
        "start": seconds_text(lane.start), "stop": seconds_text(lane.stop),
        "pre": times_text(lane.pre), "post": times_text(lane.post),
        "samples": times_text(lane.samples), "tests": times_text(timeline.tests),
        "measure_from": seconds_text(at - timeline.measure_window),
        "measure_until": seconds_text(at),
        "rest": rests.setdefault(rest, f"REST_{len(rests)}"),
        "settled": [
            _entry_of(code, n, [one.parameters[n] for one in lanes]) for n in code.changing
        ],
        "changes": [_change(code, lanes, place) for place in range(len(lane.settings))],
    }  # fmt: skip


def _change(code: Code, lanes: Sequence[Lane], place: int) -> dict[str, Any]:
    """Return the time and the new values of one setting; a clamp comes with its switch."""
    settings = [lane.settings[place] for lane in lanes]
    entries = [
        _entry_of(code, name, [setting.parameters[name] for setting in settings])
        for name in settings[0].parameters
    ]
    for name, held in settings[0].clamps.items():
        entries.append((f"{code.name(name)}_is_held", "0" if held is None else "1"))
        if held is not None:
            entries.append(_entry_of(code, name, [held] * len(lanes)))
    return {"time": seconds_text(settings[0].time), "entries": entries}


def _entry_of(code: Code, name: str, values: Iterable[float]) -> tuple[str, str]:
    """Return a name in the script and, as Python, its values in all rows."""
    model = code.model
    return code.name(name), values_text(values, model.unit(name), model.dimensions[name])


def _by_component(parameters: Sequence[Parameter]) -> list[tuple[str, list[Mapping[str, str]]]]:
    ordered = sorted(parameters, key=lambda p: p.component)
    return [
        (component, [_entry(parameter) for parameter in group])
        for component, group in groupby(ordered, key=lambda p: p.component)
    ]


def _entry(parameter: Parameter) -> Mapping[str, str]:
    words = "; ".join(filter(None, (parameter.note, parameter.provenance)))
    return {"name": parameter.name, "text": parameter_text(parameter), "source": plain(words)}
