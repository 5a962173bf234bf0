"""The one verb: a model under a protocol, as a labelled Dataset with its trust figures."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import xarray as xr

from plasticity_sim.engine.batch import Array, Batch, Outcome, Progress
from plasticity_sim.engine.fixed import run_fixed
from plasticity_sim.engine.lanes import METHOD, RTOL, run_lanes
from plasticity_sim.engine.reference import run_reference
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model import Model, load_model
from plasticity_sim.protocol import Protocol, load_protocol
from plasticity_sim.simulation.dataset import to_dataset
from plasticity_sim.simulation.lanes import plan
from plasticity_sim.simulation.trust import Trust, trust_of

ENGINES = ("lanes", "fixed", "reference")
REFERENCE_RTOL = 1e-8
CHECKED_LANES = 4  # how many of a run's lanes `check` integrates again
PACKAGES = ("plasticity-sim", "brian2", "numpy", "scipy", "sympy", "xarray")


@dataclass(frozen=True)
class Options:
    """How a simulation is carried out, as opposed to what is simulated.

    Without an `engine` it is the one that the model's integrator asks for; without `rtol` the
    engine's own tolerance.
    """

    engine: str | None = None
    rtol: float | None = None
    target: str | None = None  # of Brian2; by default the fastest the machine has
    check: bool = False  # run at a tenth of the tolerance and with the independent solver too

    def __post_init__(self) -> None:
        if self.engine is not None and self.engine not in ENGINES:
            raise InputError(f"no engine '{self.engine}'; {suggestion(self.engine, ENGINES)}")
        if self.rtol is not None and not 1e-12 <= self.rtol <= 1e-2:
            raise InputError(f"rtol is {self.rtol:g}; give a value from 1e-12 to 1e-2")

    def resolved(self, model: Model) -> Options:
        """Return the options with engine and tolerance that `model` will be run with.

        Raises InputError where the engine cannot integrate the model.
        """
        method, dt = model.integrator.method, model.integrator.dt
        engine = self.engine or ("fixed" if dt else "lanes")
        if engine == "fixed" and dt is None:
            raise InputError(
                f"model '{model.name}' asks for {method}, which has no fixed step; "
                "write integrator: {method: rk4, dt: 0.02 ms}"
            )
        if engine == "fixed" and self.rtol is not None:
            raise InputError(f"rtol: model '{model.name}' runs at a fixed step, which has none")
        own = {"lanes": RTOL, "reference": REFERENCE_RTOL}.get(engine)
        return replace(self, engine=engine, rtol=self.rtol or own)


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
    outcome = run_batch(lanes.batch, options, progress, announce)
    trust = trust_of(lanes.batch, outcome)
    if options.check:
        trust = _checked(lanes.batch, outcome, trust, options)
    data = to_dataset(model, protocol, lanes, outcome)
    inputs = resolved_inputs(model, protocol, count, seed, options)
    return data.assign_attrs(
        title=f"{model.title}; {protocol.title}", model=model.name, protocol=protocol.name,
        inputs=inputs, content_hash=hashlib.sha256(inputs.encode()).hexdigest(), seed=seed,
        versions=json.dumps(versions()), cpu=platform.processor() or platform.machine(),
        engine=outcome.engine, target=outcome.target, compiled=int(outcome.compiled),
        tolerance=options.rtol or float("nan"),
        dt=model.integrator.dt or float("nan"), trust=json.dumps(trust.as_json()),
        not_modelled=json.dumps(lanes.not_modelled), readout=model.readout.variable,
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


def run_batch(
    batch: Batch,
    options: Options,
    progress: Progress | None = None,
    announce: Callable[[str], None] | None = None,
) -> Outcome:
    """Run the lanes of `batch` with the engine that the `resolved` options name."""
    integrator = batch.model.integrator
    if options.engine == "reference":
        return run_reference(batch, options.rtol or REFERENCE_RTOL, progress)
    if options.engine == "lanes":
        method = integrator.method if integrator.dt is None else METHOD
        rtol = options.rtol or RTOL
        return run_lanes(batch, rtol, method, options.target, progress, announce)
    assert integrator.dt is not None
    return run_fixed(batch, integrator.method, integrator.dt, options.target, progress)


def _checked(batch: Batch, outcome: Outcome, trust: Trust, options: Options) -> Trust:
    """Return the trust figures with the change that a tighter and an independent run make."""
    rows = np.unique(np.linspace(0, len(batch.lanes) - 1, CHECKED_LANES, dtype=int))
    few = replace(batch, lanes=tuple(batch.lanes[row] for row in rows))
    if options.rtol is not None:
        tighter = run_batch(few, replace(options, rtol=max(options.rtol / 10, 1e-12)))
        trust = replace(trust, tenth_tolerance_change=_change(batch, outcome, tighter, rows))
    if options.engine != "reference":
        independent = run_reference(few, REFERENCE_RTOL)
        trust = replace(trust, reference_change=_change(batch, outcome, independent, rows))
    return trust


def _change(batch: Batch, outcome: Outcome, other: Outcome, rows: Array) -> float:
    """Return the largest relative change of the readout, over all samples of some lanes."""
    found = other.samples[batch.model.readout.variable]
    before = outcome.samples[batch.model.readout.variable][rows][:, : found.shape[1]]
    return float(np.nanmax(np.abs(before / found - 1)))


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
