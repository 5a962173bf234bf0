"""A model and a protocol to lanes: every condition, state and synapse a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from plasticity_sim.engine.batch import Array, Batch, Lane, Setting
from plasticity_sim.engine.kept import kept_rests
from plasticity_sim.engine.noise import check_draws
from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Condition, Protocol
from plasticity_sim.protocol.timeline import Timeline
from plasticity_sim.simulation.grid import Grid
from plasticity_sim.simulation.names import check_names
from plasticity_sim.simulation.population import factors
from plasticity_sim.simulation.settings import bath_parameters, check_windows, settings
from plasticity_sim.simulation.signs import never_negative
from plasticity_sim.simulation.totals import Total, followed

Finding = Callable[
    [Model, str, Mapping[str, float], Mapping[str, Array], Mapping[str, float]],
    list[dict[str, float]],
]

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
    rests = rests or Rests(model, synapses)
    lanes: list[Lane] = []
    missing: list[str] = []
    for number, condition in enumerate(protocol.conditions):
        check_windows(model, condition)
        bath, lacking = bath_parameters(model, condition)
        missing += [name for name in lacking if name not in missing]
        usual = {n: p.value for n, p in model.parameters.items()} | bath
        own = {n: f * usual[n] for n, f in spread.items() if n not in bath}
        lanes += _lanes(condition, (*place, number), usual, own, rests, seed)
    whole, totals = followed(model)
    observed = [*model.observe, model.readout.variable, *(total.variable for total in totals)]
    batch = Batch(
        whole, tuple(lanes), tuple(dict.fromkeys(observed)), model.observe, never_negative(model)
    )
    return Plan(batch, synapses, tuple(missing), totals)


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


def _lanes(
    condition: Condition,
    where: tuple[int, ...],
    usual: dict[str, float],
    own: dict[str, Array],
    rests: Rests,
    seed: int,
) -> Iterator[Lane]:
    """Yield the lanes of one condition; what its synapses share is made once."""
    model, timeline, synapses = rests.model, condition.timeline, rests.synapses
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
    rows = [_rows(s.parameters, _arrays(s.parameters), synapses) for s in later]
    later_of = [tuple(later)] * synapses
    if any(_arrays(s.parameters) for s in later):
        later_of = [
            tuple(replace(s, parameters=row[n]) for s, row in zip(later, rows, strict=True))
            for n in range(synapses)
        ]
    parameters = rests.parameters(usual, own)
    samples = _samples(model, timeline.samples, timeline.tests, timeline.stop)
    for number, state in enumerate(model.states):
        label = ", ".join([*(f"{k} {v}" for k, v in condition.labels.items()), f"state {state}"])
        initial = rests.of(state, usual, own, clamps)
        for n in range(synapses):
            yield Lane(
                start=timeline.start, stop=timeline.stop, parameters=parameters[n],
                initial=initial[n], pre=timeline.pre, post=timeline.post, samples=samples,
                settings=later_of[n], label=label, seed=lane_seed(seed, *where, number, n),
            )  # fmt: skip


def _arrays(values: Mapping[str, object]) -> dict[str, Array]:
    """Return those of `values` that synapses differ in."""
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _rows(usual: dict[str, float], own: dict[str, Array], synapses: int) -> list[dict[str, float]]:
    """Return the values of every synapse: the same object where there is nothing of its own."""
    if not own:
        return [usual] * synapses
    columns = [values.tolist() for values in own.values()]
    return [usual | dict(zip(own, row, strict=True)) for row in zip(*columns, strict=True)]


class Rests:
    """Parameters and resting states of the synapses, made once for all lanes that share them.

    `find` is `kept_rests`, or `settle_all` where there are too many to keep.
    """

    def __init__(self, model: Model, synapses: int, find: Finding = kept_rests):
        self.model, self.synapses, self.find = model, synapses, find
        self.known: dict[object, list[dict[str, float]]] = {}

    def parameters(self, usual: dict[str, float], own: dict[str, Array]) -> list[dict[str, float]]:
        """Return the parameters of every synapse."""
        key = _key(usual, own)
        if key not in self.known:
            self.known[key] = _rows(usual, own, self.synapses)
        return self.known[key]

    def of(
        self,
        state: str,
        usual: dict[str, float],
        own: dict[str, Array],
        clamps: dict[str, float],
    ) -> list[dict[str, float]]:
        """Return the resting state of every synapse."""
        key = (state, tuple(sorted(clamps.items())), _key(usual, own))
        if key not in self.known:
            found = self.find(self.model, state, usual, own, clamps)
            self.known[key] = found if own else found * self.synapses
        return self.known[key]


def _key(usual: dict[str, float], own: dict[str, Array]) -> object:
    return (tuple(usual.items()), tuple((name, row.tobytes()) for name, row in own.items()))


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
