"""A model and a protocol to lanes: every condition, state and synapse a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from plasticity_sim.engine.batch import Array, Batch, Lane, Setting, Synapses
from plasticity_sim.engine.noise import check_draws
from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Condition, Protocol
from plasticity_sim.protocol.timeline import Timeline
from plasticity_sim.simulation.grid import Grid
from plasticity_sim.simulation.names import check_names
from plasticity_sim.simulation.population import factors
from plasticity_sim.simulation.resting import Rests, Wanted
from plasticity_sim.simulation.settings import bath_parameters, check_windows, settings
from plasticity_sim.simulation.signs import never_negative
from plasticity_sim.simulation.totals import Total, followed

MOST_LANES = 200_000
MOST_VALUES = 400_000_000  # 3 GB
_RESPONSE_STEP = 1e-4  # s between looks at the response to a test pulse


@dataclass(frozen=True)
class Plan:
    """The lanes of a simulation and the shape they fill: conditions x states x synapses."""

    batch: Batch
    synapses: int
    not_modelled: tuple[str, ...]
    totals: tuple[Total, ...]  # what has to be conserved


@dataclass(frozen=True)
class Draft:
    """What a plan will be once the rests are found that its lanes begin at."""

    model: Model
    synapses: int
    seed: int
    place: tuple[int, ...]
    beginnings: tuple[_Beginning, ...]  # one for each condition
    not_modelled: tuple[str, ...]

    @property
    def wanted(self) -> list[Wanted]:
        """The rests that its lanes begin at."""
        return [b.wanted(state) for b in self.beginnings for state in self.model.states]


@dataclass(frozen=True)
class _Beginning:
    """A condition, what its synapses have at its beginning, and what changes after that."""

    condition: Condition
    parameters: Synapses
    clamps: dict[str, float]
    later: tuple[Setting, ...]  # parameters may be arrays over the synapses

    def wanted(self, state: str) -> Wanted:
        """Return the rest in which the lanes of a state begin."""
        return Wanted(state, self.parameters, self.clamps)


def plan(
    model: Model,
    protocol: Protocol | Grid,
    synapses: int,
    seed: int,
    rests: Rests | None = None,
    place: tuple[int, ...] = (),
) -> Plan:
    """Return the lanes of `protocol` on `model`, each at rest at its beginning.

    Plans of one model, whatever its values, and of as many synapses may share their `rests`. The
    random numbers of a lane derive from `seed`, `place` and where it stands in the plan;
    those of the population from `seed` alone.
    """
    draft = drafted(model, protocol, synapses, seed, place)
    rests = rests or Rests(model, synapses)
    rests.find(draft.wanted)
    return finished(draft, rests)


def drafted(
    model: Model,
    protocol: Protocol | Grid,
    synapses: int,
    seed: int,
    place: tuple[int, ...] = (),
) -> Draft:
    """Return what `finished` makes a plan of, once the rests that it wants are found."""
    if not 0 <= seed < 2**63:
        raise InputError(f"seed: {seed:.3g} given; write a whole number from 0 to 2**63 - 1")
    check_names(model, protocol)
    _check_driven(model, protocol)
    check_draws(model)
    count = len(protocol.conditions) * len(model.states) * synapses
    if count > MOST_LANES:
        raise InputError(f"{count} lanes (conditions x states x synapses); at most {MOST_LANES}")
    _check_memory(model, protocol, count)
    spread = factors(model.population, synapses, seed)
    beginnings: list[_Beginning] = []
    missing: list[str] = []
    for condition in protocol.conditions:
        check_windows(model, condition)
        bath, lacking = bath_parameters(model, condition)
        missing += [name for name in lacking if name not in missing]
        usual = {n: p.value for n, p in model.parameters.items()} | bath
        own = {n: f * usual[n] for n, f in spread.items() if n not in bath}
        beginnings.append(_beginning(model, condition, usual, own))
    return Draft(model, synapses, seed, place, tuple(beginnings), tuple(missing))


def finished(draft: Draft, rests: Rests) -> Plan:
    """Return the plan of a draft; SimulationError where one of its lanes has no rest."""
    model = draft.model
    lanes = [
        lane
        for number, beginning in enumerate(draft.beginnings)
        for lane in _lanes(draft, beginning, (*draft.place, number), rests)
    ]
    whole, totals = followed(model)
    observed = [*model.observe, model.readout.variable, *(total.variable for total in totals)]
    batch = Batch(
        whole, tuple(lanes), tuple(dict.fromkeys(observed)), model.observe, never_negative(model)
    )
    return Plan(batch, draft.synapses, draft.not_modelled, totals)


def _check_memory(model: Model, protocol: Protocol | Grid, lanes: int) -> None:
    """Raise an InputError for more samples than fit into the memory of a usual machine."""
    samples = max(_sample_count(model, c.timeline) for c in protocol.conditions)
    values = lanes * samples * (len(model.observe) + 2)
    if values > MOST_VALUES:
        raise InputError(
            f"{lanes} lanes of {samples} samples are {values:.2g} values; at most "
            f"{MOST_VALUES:.2g} are kept: record less often, or fewer synapses"
        )


def _sample_count(model: Model, timeline: Timeline) -> int:
    within = model.readout.within or 0.0
    return timeline.samples.size + timeline.tests.size * (int(within / _RESPONSE_STEP) + 2)


def lane_seed(root: int, *place: int) -> int:
    """Return the seed of the lane at `place`, whatever other lanes there are.

    >>> lane_seed(0, 1, 0, 2) == lane_seed(0, 1, 0, 2) != lane_seed(0, 2, 0, 1)
    True
    """
    words = np.random.SeedSequence(root, spawn_key=place).generate_state(1, np.uint64)
    return int(words[0]) >> 11  # 53 bits: what a double holds exactly


def _beginning(
    model: Model, condition: Condition, usual: dict[str, float], own: dict[str, Array]
) -> _Beginning:
    timeline = condition.timeline
    # a change multiplies and adds, which arrays over the synapses take as numbers do
    changes = settings(model, condition, cast("dict[str, float]", usual | own))
    first = [s for s in changes if s.time <= timeline.start]
    for there, change in zip(settings(model, condition, usual), changes, strict=True):
        if there.time <= timeline.start:
            usual = usual | there.parameters
            own = own | _arrays(change.parameters)
    clamps = {n: v for s in first for n, v in s.clamps.items() if v is not None}
    later = [s for s in changes if timeline.start < s.time < timeline.stop]
    if clamps:  # the engine has to know of a clamp that is there from the beginning
        later.insert(0, Setting(timeline.start, {}, dict(clamps)))
    return _Beginning(condition, Synapses(usual, own), clamps, tuple(later))


def _lanes(
    draft: Draft, beginning: _Beginning, where: tuple[int, ...], rests: Rests
) -> Iterator[Lane]:
    """Yield the lanes of one condition; what its synapses share is made once."""
    model, condition, synapses = draft.model, beginning.condition, draft.synapses
    timeline, later = condition.timeline, beginning.later
    later_of = [later] * synapses
    if any(_arrays(s.parameters) for s in later):
        rows = [rests.alike(Synapses(s.parameters, _arrays(s.parameters)).rows()) for s in later]
        later_of = [
            tuple(replace(s, parameters=row[n]) for s, row in zip(later, rows, strict=True))
            for n in range(synapses)
        ]
    parameters = rests.parameters(beginning.parameters)
    samples = _samples(model, timeline.samples, timeline.tests, timeline.stop)
    for number, state in enumerate(model.states):
        label = ", ".join([*(f"{k} {v}" for k, v in condition.labels.items()), f"state {state}"])
        initial = rests.of(beginning.wanted(state))
        for n in range(synapses):
            yield Lane(
                start=timeline.start, stop=timeline.stop, parameters=parameters[n],
                initial=initial[n], pre=timeline.pre, post=timeline.post, samples=samples,
                settings=later_of[n], label=label, seed=lane_seed(draft.seed, *where, number, n),
            )  # fmt: skip


def _arrays(values: Mapping[str, object]) -> dict[str, Array]:
    """Return those of `values` that synapses differ in."""
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _samples(model: Model, samples: Array, tests: Array, stop: float) -> Array:
    """Return the sample times; a readout by response needs its own after every test pulse."""
    within = model.readout.within
    if within is None or not tests.size:
        return samples
    looks = np.arange(0.0, within + _RESPONSE_STEP / 2, _RESPONSE_STEP)
    # rounded, or one moment by two sums would be two
    times = np.concatenate([samples, np.add.outer(tests, looks).ravel()]).round(12)
    return np.unique(times[times <= stop])


def _check_driven(model: Model, protocol: Protocol | Grid) -> None:
    """Raise an InputError where a protocol's spikes would do nothing to this model."""
    triggers = {block.trigger for block in model.blocks}
    for kind, word in (("pre", "presynaptic"), ("post", "postsynaptic")):
        given = any(getattr(c.timeline, kind).size for c in protocol.conditions)
        if given and kind not in triggers:
            raise InputError(
                f"protocol '{protocol.name}' gives {word} spikes, which model '{model.name}' "
                "does not take"
            )
