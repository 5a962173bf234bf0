"""A model and a protocol to lanes: every condition, state and synapse a row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from plasticity_sim.engine.batch import Array, Batch, Lane, Setting
from plasticity_sim.engine.noise import check_draws
from plasticity_sim.engine.rest import settle
from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Condition, Protocol
from plasticity_sim.simulation.population import factors
from plasticity_sim.simulation.settings import bath_parameters, check_windows, settings
from plasticity_sim.simulation.trust import concentrations

MOST_LANES = 200_000
_RESPONSE_STEP = 1e-4  # s between looks at the response to a test pulse


@dataclass(frozen=True)
class Plan:
    """The lanes of a simulation and the shape they fill: conditions x states x synapses."""

    batch: Batch
    synapses: int
    not_modelled: tuple[str, ...]


def plan(model: Model, protocol: Protocol, synapses: int, seed: int) -> Plan:
    """Return the lanes of `protocol` on `model`, each at rest at its beginning."""
    _check_driven(model, protocol)
    check_draws(model)
    count = len(protocol.conditions) * len(model.states) * synapses
    if count > MOST_LANES:
        raise InputError(f"{count} lanes (conditions x states x synapses); at most {MOST_LANES}")
    spread = factors(model.population, synapses, seed)
    rests = _Rests(model)
    lanes, missing = [], []
    for number, condition in enumerate(protocol.conditions):
        check_windows(model, condition)
        bath, lacking = bath_parameters(model, condition)
        missing += [name for name in lacking if name not in missing]
        for place, state in enumerate(model.states):
            for synapse in range(synapses):
                scaled = {n: f[synapse] * model.parameters[n].value for n, f in spread.items()}
                base = {n: p.value for n, p in model.parameters.items()} | scaled | bath
                lane = _lane(model, condition, state, base, rests)
                lanes.append(replace(lane, seed=lane_seed(seed, number, place, synapse)))
    batch = Batch(
        model, tuple(lanes), _observed(model), peaks=model.observe, least=concentrations(model)
    )
    return Plan(batch, synapses, tuple(missing))


def lane_seed(root: int, *place: int) -> int:
    """Return the seed of the lane at `place`, whatever other lanes there are.

    >>> lane_seed(0, 1, 0, 2) == lane_seed(0, 1, 0, 2) != lane_seed(0, 2, 0, 1)
    True
    """
    words = np.random.SeedSequence(root, spawn_key=place).generate_state(1, np.uint64)
    return int(words[0]) >> 11  # 53 bits: what a double holds exactly


def _lane(
    model: Model, condition: Condition, state: str, base: dict[str, float], rests: _Rests
) -> Lane:
    timeline = condition.timeline
    changes = settings(model, condition, base)
    first = [s for s in changes if s.time <= timeline.start]
    parameters = base | {k: v for s in first for k, v in s.parameters.items()}
    clamps = {n: v for s in first for n, v in s.clamps.items() if v is not None}
    later = tuple(s for s in changes if timeline.start < s.time < timeline.stop)
    if clamps:  # the engine has to know of a clamp that is there from the beginning
        later = (Setting(timeline.start, {}, dict(clamps)), *later)
    label = ", ".join([*(f"{k} {v}" for k, v in condition.labels.items()), f"state {state}"])
    return Lane(
        start=timeline.start, stop=timeline.stop, parameters=parameters,
        initial=rests.of(state, parameters, clamps), pre=timeline.pre, post=timeline.post,
        samples=_samples(model, timeline.samples, timeline.tests), settings=later, label=label,
    )  # fmt: skip


class _Rests:
    """Resting states, each settled once for all the lanes that share its parameters."""

    def __init__(self, model: Model):
        self.model = model
        self.known: dict[object, dict[str, float]] = {}

    def of(
        self, state: str, parameters: dict[str, float], clamps: dict[str, float]
    ) -> dict[str, float]:
        key = (state, tuple(parameters.values()), tuple(sorted(clamps.items())))
        if key not in self.known:
            self.known[key] = settle(self.model, state, parameters, clamps)
        return self.known[key]


def _observed(model: Model) -> tuple[str, ...]:
    """Return what the engine samples: what is observed, read out and conserved."""
    names = [*model.observe, model.readout.variable, *model.conserve]
    return tuple(dict.fromkeys(names))


def _samples(model: Model, samples: Array, tests: Array) -> Array:
    """Return the sample times; a readout by response needs its own after every test pulse."""
    within = model.readout.within
    if within is None or not tests.size:
        return samples
    looks = np.arange(0.0, within + _RESPONSE_STEP / 2, _RESPONSE_STEP)
    return np.unique(np.concatenate([samples, np.add.outer(tests, looks).ravel()]))


def _check_driven(model: Model, protocol: Protocol) -> None:
    """Raise an InputError where a protocol's spikes would do nothing to this model."""
    triggers = {block.trigger for block in model.blocks}
    for kind, word in (("pre", "presynaptic"), ("post", "postsynaptic")):
        given = any(getattr(c.timeline, kind).size for c in protocol.conditions)
        if given and kind not in triggers:
            raise InputError(
                f"protocol '{protocol.name}' gives {word} spikes, which model '{model.name}' "
                "does not take"
            )
