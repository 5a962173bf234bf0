"""The one verb: a model under a protocol, as a labelled Dataset with its trust figures."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import xarray as xr

from plasticity_sim.engine.batch import Progress
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model import Model, load_model
from plasticity_sim.protocol import Protocol, load_protocol
from plasticity_sim.simulation.checking import check_checkable, checked, first_below
from plasticity_sim.simulation.dataset import to_dataset
from plasticity_sim.simulation.effects import without_effect
from plasticity_sim.simulation.lanes import plan
from plasticity_sim.simulation.running import Options, run_batch
from plasticity_sim.simulation.trust import trust_of

PACKAGES = ("plasticity-sim", "brian2", "numpy", "scipy", "sympy", "xarray")


def simulate(
    model: Model | str,
    protocol: Protocol | str,
    *,
    synapses: int | None = None,
    seed: int = 0,
    options: Options | None = None,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
    **values: Any,
) -> xr.Dataset:
    """Run `protocol` on `model` and return samples, peaks and strength.

    Parameters
    ----------
    model, protocol
        Loaded ones, names of shipped ones, or paths of YAML files.
    synapses
        Size of the population; by default the model's own.
    seed
        Root of every random number.
    progress, announce
        Called with the share done; called, in words, with what takes long and happens once.
    values
        Parameters of the model or settings of the protocol, as in `mg_out="0.1 mM"`.

    Returns
    -------
    xarray.Dataset
        Dimensions (axes of the protocol, state, synapse, sample); units in the attributes.
        `strength` is the weighted population mean of the readout in % of its baseline.

    Raises
    ------
    InputError
        For an unknown name, a wrong unit, or a protocol that does nothing to the model.
    SimulationError
        If a value is not finite, naming the variable, the lane and the time.
    """
    options = options or Options()
    model = load_model(model) if isinstance(model, str) else model
    protocol = load_protocol(protocol) if isinstance(protocol, str) else protocol
    model, protocol = with_values(model, protocol, {k: str(v) for k, v in values.items()})
    count = model.population.synapses if synapses is None else synapses
    if count < 1:
        raise InputError(f"synapses: {count} given; at least 1 is needed")
    options = options.resolved(model)
    lanes = plan(model, protocol, count, seed)
    if options.check:
        check_checkable(lanes.batch)
    outcome = run_batch(lanes.batch, options, progress, announce)
    trust = trust_of(lanes.batch, outcome, lanes.totals, partial(first_below, lanes.batch, options))
    if options.check:
        trust = checked(lanes.batch, outcome, trust, options)
    data = to_dataset(model, protocol, lanes, outcome, spent=True)
    inputs = resolved_inputs(model, protocol, count, seed, options)
    return data.assign_attrs(
        title=f"{model.title}; {protocol.title}", model=model.name, protocol=protocol.name,
        inputs=inputs, content_hash=hashlib.sha256(inputs.encode()).hexdigest(), seed=seed,
        versions=json.dumps(versions()), cpu=platform.processor() or platform.machine(),
        engine=outcome.engine, target=outcome.target, compiled=int(outcome.compiled),
        tolerance=options.rtol or float("nan"),
        dt=model.integrator.dt or float("nan"), trust=json.dumps(trust.as_json()),
        not_modelled=json.dumps(lanes.not_modelled),
        without_effect=json.dumps(without_effect(model, protocol)), readout=model.readout.variable,
    )  # fmt: skip


def with_values(
    model: Model, protocol: Protocol, values: Mapping[str, str]
) -> tuple[Model, Protocol]:
    """Return model and protocol with each value set where its name belongs.

    Raises InputError for a name that neither has, or that both have.
    """
    own = {n: v for n, v in values.items() if n in model.parameters}
    other = {n: v for n, v in values.items() if n not in own}
    for name in own:
        if "." not in name and protocol.has_setting(name) and name in protocol.data:
            raise InputError(f"'{name}' is both a parameter and a setting of the protocol")
    for name in other:
        if not protocol.has_setting(name):
            known = [*model.parameters, *protocol.setting_names]
            raise InputError(
                f"neither model '{model.name}' nor protocol '{protocol.name}' has '{name}'; "
                f"{suggestion(name, known)}"
            )
    return model.with_parameters(own), protocol.with_settings(**other) if other else protocol


def resolved_inputs(
    model: Model, protocol: Protocol, synapses: int, seed: int, options: Options
) -> str:
    """Return everything that decides the result, as JSON with sorted keys."""
    after = {number: b.after.text for number, b in enumerate(model.blocks) if b.after}
    data = {
        "model": model.name,
        "equations": model.equations,
        "events": [
            [block.trigger, after.get(number, ""), *(s.text for s in block.statements)]
            for number, block in enumerate(model.blocks)
        ],
        "threshold": model.threshold.text if model.threshold else "",
        "initial": {name: start.text for name, start in model.initial.items()},
        "drugs": {
            d.name: {"half": d.half, **{n: c.text for n, c in d.effects.items()}}
            for d in model.drugs.values()
        },
        "readout": [model.readout.variable, model.readout.within],
        "population": repr(model.population),
        "engine": [options.engine, options.rtol],
        "parameters": {name: p.text for name, p in model.parameters.items()},
        "states": {s: {k: v.text for k, v in g.items()} for s, g in model.states.items()},
        "mix": model.mix,
        "integrator": [model.integrator.method, model.integrator.dt],
        "protocol": protocol.data,
        "synapses": synapses,
        "seed": seed,
    }
    return json.dumps(data, sort_keys=True)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a bare checkout
            found[name] = "not installed"
    return found
