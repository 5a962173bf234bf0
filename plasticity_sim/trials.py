"""A model under every condition of a protocol: the strength it leaves, or why there is none."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, replace

import numpy as np

from plasticity_sim.engine.fixed import VECTOR
from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.measures import at_measure
from plasticity_sim.model import Model
from plasticity_sim.protocol import Protocol
from plasticity_sim.simulation import STRENGTH, Options, simulate
from plasticity_sim.simulation.lanes import plan

SEED = 0


@dataclass(frozen=True)
class Simulated:
    """What a model gives under every condition of a protocol."""

    strengths: tuple[float | None, ...] = ()  # % of baseline, None where there is a reason
    reasons: tuple[str, ...] = ()  # why a condition does not apply to the model, or ""
    not_modelled: tuple[str, ...] = ()  # bath values that the model lacks
    failure: str = ""  # why the run cannot be believed; then there are no strengths
    left_out: str = ""  # why it was not run, though it could be; then there are none either
    remark: str = ""  # in what the run differs from the one that the model asks for
    seconds: float = 0.0


def strengths(
    model: Model,
    protocol: Protocol,
    options: Options | None = None,
    most_steps: float = math.inf,
) -> Simulated:
    """Return the strength (%) that every condition of a protocol leaves, or why there is none.

    Arms that the model cannot run, as with a drug it does not know, leave the others as they are.
    What takes more than `most_steps` of a fixed length, over all states, is run at the adaptive
    engine's own steps, with a remark, and left out if that cannot be.
    """
    began = time.perf_counter()
    try:
        found = _strengths(model, protocol, options, most_steps)
    except SimulationError as problem:
        found = Simulated(failure=str(problem))
    except _TooLong as problem:
        found = Simulated(left_out=str(problem))
    return replace(found, seconds=time.perf_counter() - began)


def fixed_steps(model: Model, protocol: Protocol) -> float:
    """Return how many steps all states take where the step is fixed, else 0.

    Lanes take them eight at a time, so that up to eight count as one.
    """
    if model.integrator.dt is None:
        return 0.0
    clocks = [condition.timeline for condition in protocol.conditions]
    longest = max(clock.stop - clock.start for clock in clocks)  # the others run on with it
    lanes = len(clocks) * len(model.states) * model.population.synapses
    return math.ceil(lanes / VECTOR) * len(model.differential) * longest / model.integrator.dt


def chosen_engine(
    model: Model, protocol: Protocol, options: Options | None, most_steps: float
) -> tuple[Options | None, str]:
    """Return the options to run with, and a remark where they are not what the model asks for."""
    if options is not None or fixed_steps(model, protocol) <= most_steps:
        return options, ""
    dt = model.integrator.dt
    assert dt is not None
    remark = f"run at steps of the solver's own, where the model asks for {1e3 * dt:g} ms"
    return Options(engine="lanes"), remark


class _TooLong(Exception):
    """A run that would take more steps than it may."""


def _strengths(
    model: Model, protocol: Protocol, options: Options | None, most_steps: float
) -> Simulated:
    count = len(protocol.conditions)
    try:
        return _run(model, protocol, options, most_steps)
    except InputError as problem:
        reason = problem.message
    refused = _refused_arms(model, protocol)
    left = [name for name in _arms(protocol) if name not in refused]
    if not refused or not left:
        whole = Simulated((None,) * count, (reason,) * count)
        return _with_reasons(whole, protocol, refused)
    try:
        part = _run(model, only_arms(protocol, left), options, most_steps)
    except InputError as problem:
        reasons = dict.fromkeys(left, problem.message) | refused
        return _with_reasons(Simulated((None,) * count, ("",) * count), protocol, reasons)
    # the arms are the last axis, so both orders are that of the protocol
    own = [place for place, arm in enumerate(_arm_of(protocol)) if arm not in refused]
    filled: list[float | None] = [None] * count
    why = [""] * count
    for place, strength, text in zip(own, part.strengths, part.reasons, strict=True):
        filled[place], why[place] = strength, text
    return _with_reasons(
        replace(part, strengths=tuple(filled), reasons=tuple(why)), protocol, refused
    )


def only_arms(protocol: Protocol, names: list[str]) -> Protocol:
    """Return the protocol with some of its arms."""
    arms = [arm for arm in protocol.data["arms"] if arm["name"] in names]
    return replace(protocol, data=protocol.data | {"arms": arms})


def _run(model: Model, protocol: Protocol, options: Options | None, most_steps: float) -> Simulated:
    """Simulate all conditions; raise a SimulationError if the run is not to be trusted."""
    options, remark = chosen_engine(model, protocol, options, most_steps)
    try:
        data = simulate(model, protocol, seed=SEED, options=options)
    except InputError as problem:
        if not remark:
            raise
        plan(model, protocol, 1, SEED)  # its own InputError comes first: what cannot be run at all
        steps = fixed_steps(model, protocol)
        raise _TooLong(
            f"takes {steps:.1e} steps over all states, where at most {most_steps:.1e} may, and "
            f"cannot be run with others: {problem.message}"
        ) from None
    failures = json.loads(data.attrs["trust"])["failures"]
    if failures:
        raise SimulationError(f"not to be trusted: {failures[0]}")
    axes = [str(dim) for dim in data[STRENGTH].dims if dim != "sample"]
    found = at_measure(data).transpose(*axes).to_numpy().ravel()
    finite = np.isfinite(found)
    nothing = f"'{model.readout.variable}' is zero in the baseline, so it has no strength in %"
    return Simulated(
        tuple(float(value) if there else None for value, there in zip(found, finite, strict=True)),
        tuple("" if there else nothing for there in finite),
        tuple(json.loads(data.attrs["not_modelled"])),
        remark=remark,
    )


def _refused_arms(model: Model, protocol: Protocol) -> dict[str, str]:
    """Return the arms that the model cannot run, each with the reason."""
    reasons = {}
    for name in _arms(protocol):
        try:
            plan(model, only_arms(protocol, [name]), model.population.synapses, SEED)
        except InputError as problem:
            reasons[name] = problem.message
    return reasons


def _with_reasons(found: Simulated, protocol: Protocol, reasons: dict[str, str]) -> Simulated:
    """Return `found` with the reasons of those arms that have one."""
    own = [reasons.get(arm, "") for arm in _arm_of(protocol)]
    told = [new or old for new, old in zip(own, found.reasons, strict=True)]
    return replace(found, reasons=tuple(told))


def _arms(protocol: Protocol) -> list[str]:
    return [text for axis in protocol.axes if axis.name == "arm" for text in axis.texts]


def _arm_of(protocol: Protocol) -> list[str]:
    """Return the arm of every condition, "" where the protocol has none."""
    return [condition.labels.get("arm", "") for condition in protocol.conditions]
