"""The rests that lanes begin at: those of many plans are found together, and shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from plasticity_sim.engine.batch import Synapses
from plasticity_sim.engine.kept import kept_rests
from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

Rows = list[dict[str, float]]  # values by name, of every synapse
Finding = Callable[
    [Model, str, Sequence[Synapses], Mapping[str, float]], list[Rows | SimulationError]
]


@dataclass(frozen=True, eq=False)
class Wanted:
    """The rests of some synapses in a state, while states are held at the values of `clamps`."""

    state: str
    synapses: Synapses
    clamps: Mapping[str, float]

    @property
    def together(self) -> tuple[object, ...]:
        """What is the same in all that is found at once."""
        return (self.state, *sorted(self.clamps.items()))

    @property
    def key(self) -> object:
        return (self.together, self.synapses.key)


class Rests:
    """Parameters and resting states of the synapses, made once for all lanes that share them.

    `model` is one of those that differ in their values only. `how` is `kept_rests`, or
    `settle_all` where there are too many to keep.
    """

    def __init__(self, model: Model, synapses: int, how: Finding = kept_rests):
        self.model, self.synapses, self.how = model, synapses, how
        self.known: dict[object, Rows | SimulationError] = {}
        self.rows: dict[object, Rows] = {}

    def find(self, wanted: Iterable[Wanted]) -> None:
        """Find all rests that are not yet known."""
        groups: dict[object, dict[object, Wanted]] = {}
        for each in wanted:
            if each.key not in self.known:
                groups.setdefault(each.together, {})[each.key] = each
        for group in groups.values():
            first = next(iter(group.values()))
            synapses = [each.synapses for each in group.values()]
            found = self.how(self.model, first.state, synapses, first.clamps)
            self.known |= dict(zip(group, found, strict=True))

    def of(self, wanted: Wanted) -> Rows:
        """Return the resting state of every synapse; SimulationError where one has none."""
        found = self.known[wanted.key]
        if isinstance(found, SimulationError):
            raise found
        return self.alike(found)

    def parameters(self, synapses: Synapses) -> Rows:
        """Return the parameters of every synapse."""
        key = synapses.key
        if key not in self.rows:
            self.rows[key] = self.alike(synapses.rows())
        return self.rows[key]

    def alike(self, rows: Rows) -> Rows:
        """Return a row for every synapse: the same object where there is a single one."""
        return rows * self.synapses if len(rows) == 1 else rows
