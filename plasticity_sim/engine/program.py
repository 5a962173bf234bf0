"""What an engine compiles or interprets: a model as a Brian2 network for any protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from brian2 import EventMonitor, Network, NeuronGroup
from brian2.core.functions import Function

from plasticity_sim.engine.batch import Array, Indices
from plasticity_sim.engine.build import Choices
from plasticity_sim.model.model import Model

LONGEST = 1e12  # steps of the network's clock, which a run ends itself before
PLACE = "lane__place"  # the number of a lane, from 1, that every record begins with; 0 for none


@dataclass(frozen=True)
class Parts:
    """A program in Brian2's terms."""

    group: NeuronGroup
    samples: EventMonitor
    ends: EventMonitor  # records each lane once, when it has come to its end
    network: Network
    namespace: Mapping[str, Function]

    @property
    def monitors(self) -> tuple[EventMonitor, EventMonitor]:
        """The two, in the order in which their records are handed over."""
        return self.ends, self.samples


@dataclass(frozen=True)
class Found:
    """What a run left: its outputs lane by lane, and of each sample its lane and values."""

    outputs: dict[str, Array]
    lane_of_sample: Indices
    samples: dict[str, Array]


class Program(Protocol):
    """A model, what is wanted of it, and how it is integrated."""

    @property
    def model(self) -> Model: ...

    @property
    def observe(self) -> tuple[str, ...]: ...

    @property
    def peaks(self) -> tuple[str, ...]: ...

    @property
    def least(self) -> tuple[str, ...]: ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """The variables of a lane that a run is asked for."""

    @property
    def recorded(self) -> dict[str, str]:
        """Under which name each observed variable is sampled."""

    @property
    def flags(self) -> Choices:
        """What the compiler is told, the best first."""

    @property
    def stepping(self) -> tuple[str, ...]:
        """What besides the model decides how it is integrated."""

    def parts(self, width: int, lookup: Mapping[str, Function]) -> Parts:
        """Return the network for `width` lanes; `lookup` are the functions it reads by."""


def records(program: Program) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of what is recorded of a lane at its end, and at each sample."""
    sampled = tuple(dict.fromkeys(program.recorded.values()))
    return (PLACE, *program.outputs), (PLACE, *sampled)


def found(ends: Mapping[str, Array], samples: Mapping[str, Array]) -> Found:
    """Return what was recorded, by lane; whatever began without a lane is left out."""
    own = np.flatnonzero(ends[PLACE])
    order = own[np.argsort(ends[PLACE][own])]
    return Found(
        {name: values[order] for name, values in ends.items() if name != PLACE},
        samples[PLACE].astype(int) - 1,
        {name: values for name, values in samples.items() if name != PLACE},
    )
