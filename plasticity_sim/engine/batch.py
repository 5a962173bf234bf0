"""What every engine takes and gives back: lanes of one model in, samples and peaks out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Progress = Callable[[float], None]  # takes the share done, 0 to 1

NEVER = 1e9  # s: what `since_pre` is before the first spike; finite, so that fast maths stay safe


@dataclass(frozen=True)
class Setting:
    """At `time` (s), parameters take new values (SI); clamps hold a state, None lets it go."""

    time: float
    parameters: dict[str, float] = field(default_factory=dict)
    clamps: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Synapses:
    """The parameters (SI) of some synapses: their `usual` values, but for what each has of its own.

    `own` holds an array over the synapses by name; without any, they are all alike.
    """

    usual: dict[str, float]
    own: dict[str, Array] = field(default_factory=dict)

    @property
    def key(self) -> object:
        """What tells these synapses from others."""
        own = tuple((name, row.tobytes()) for name, row in self.own.items())
        return (tuple(self.usual.items()), own)

    def rows(self) -> list[dict[str, float]]:
        """Return the values of every synapse, of one where they are all alike.

        >>> Synapses({"g": 2.0, "k": 1.0}, {"k": np.array([3.0, 5.0])}).rows()
        [{'g': 2.0, 'k': 3.0}, {'g': 2.0, 'k': 5.0}]
        """
        if not self.own:
            return [self.usual]
        columns = [values.tolist() for values in self.own.values()]
        return [self.usual | dict(zip(self.own, row, strict=True))
                for row in zip(*columns, strict=True)]  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """One condition, state and synapse: everything in SI units, times from the first pulse."""

    start: float
    stop: float
    parameters: dict[str, float]
    initial: dict[str, float]  # of differential and held variables
    pre: Array
    post: Array
    samples: Array
    settings: tuple[Setting, ...] = ()
    label: str = ""  # how an error names this lane
    seed: int = 0  # of this lane's random numbers, below 2**53


@dataclass(frozen=True)
class Batch:
    """Lanes of one model that an engine runs together."""

    model: Model
    lanes: tuple[Lane, ...]
    observe: tuple[str, ...]  # variables to sample
    peaks: tuple[str, ...] = ()  # variables whose largest value over the run is wanted
    least: tuple[str, ...] = ()  # states whose smallest value over the run is wanted


@dataclass(frozen=True)
class Outcome:
    """What an engine found; rows are lanes in the order of the batch."""

    samples: dict[str, Array]  # lanes x most samples of any lane, NaN beyond a lane's own
    peaks: dict[str, Array]
    least: dict[str, Array]
    engine: str
    target: str  # what ran the equations, such as 'cpp_standalone' or 'scipy'
    compiled: bool  # whether a compiler ran for it
    steps: int
    rejected: int = 0
    rtol: float | None = None  # None at a fixed step


def sample_grid(batch: Batch) -> Array:
    """Return the lanes' sample times, lanes x most samples, padded with NaN."""
    most = max(lane.samples.size for lane in batch.lanes)
    grid = np.full((len(batch.lanes), most), np.nan)
    for row, lane in enumerate(batch.lanes):
        grid[row, : lane.samples.size] = lane.samples
    return grid


def check_finite(batch: Batch, outcome: Outcome) -> None:
    """Raise a SimulationError that names variable, lane and time of the first value not finite."""
    counts = np.array([lane.samples.size for lane in batch.lanes])
    for name, values in outcome.samples.items():
        own = np.arange(values.shape[1]) < counts[:, None]
        for row, column in np.argwhere(own & ~np.isfinite(values))[:1]:
            lane = batch.lanes[row]
            raise SimulationError(
                f"'{name}' is not finite in lane {row} ({lane.label}) "
                f"at {lane.samples[column]:.6g} s"
            )
