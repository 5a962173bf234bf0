"""What an engine compiles or interprets: a model as a Brian2 network for any protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from brian2 import EventMonitor, Network, NeuronGroup
from brian2.core.functions import Function
from numpy.typing import NDArray

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.build import Choices
from plasticity_sim.model.model import Model

LONGEST = 1e12  # steps of the network's clock, which a run ends itself before


@dataclass(frozen=True)
class Parts:
    """A program in Brian2's terms."""

    group: NeuronGroup
    monitor: EventMonitor
    network: Network
    namespace: Mapping[str, Function]


@dataclass(frozen=True)
class Found:
    """What a run left: variables of the group, and of each sample its lane and values."""

    group: dict[str, Array]
    lane_of_sample: NDArray[Any]
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
        """The variables of the group that a run is asked for."""

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
