"""What happens to which lane and when, as flat tables that any compiled model can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from plasticity_sim.engine.batch import Array, Lane
from plasticity_sim.model.model import Model
from plasticity_sim.solver.adaptive import NEVER

_DIGITS = 10  # of a time in seconds: moments that agree so far are one
_SAME = 1e-9  # s


@dataclass(frozen=True)
class Kinds:
    """The numbers of all kinds of event of a model, in the order in which they happen at a moment.

    `begin` opens a lane; then come parameters that change, states that are held and let go, spikes,
    delayed blocks, and `end`.
    """

    names: tuple[str, ...]

    def number(self, name: str) -> int:
        return self.names.index(name)

    @property
    def spikes(self) -> range:
        """The numbers of spikes and delayed blocks, which happen again and again."""
        return range(self.number("pre"), self.number("end"))

    @classmethod
    def of(cls, model: Model) -> Kinds:
        delayed = [
            f"block {number}"
            for number, block in enumerate(model.blocks)
            if block.after is not None and block.trigger != "spike"
        ]
        return cls((
            "begin", *(f"set {name}" for name in model.parameters),
            *(f"hold {name}" for name in model.clamp), *(f"free {name}" for name in model.clamp),
            "pre", "post", *delayed, "end",
        ))  # fmt: skip


@dataclass(frozen=True)
class Timetable:
    """Rows of (time, kind, value) and of sample times; a lane begins at its entry of `first`."""

    events: Array
    samples: Array
    first_event: Array
    first_sample: Array


def timetable(model: Model, lanes: Sequence[Lane]) -> Timetable:
    """Return the tables of `lanes`; lanes that undergo the same share their rows."""
    kinds = Kinds.of(model)
    events = _Shared(3)
    samples = _Shared(1)
    for lane in lanes:
        delays = _delays(model, lane)
        settings = lane.settings and repr(lane.settings)
        key = (id(lane.pre), id(lane.post), lane.start, lane.stop, settings, tuple(delays.items()))
        events.add(key, partial(_rows, model, kinds, lane, delays))
        samples.add(lane.samples.tobytes(), partial(_sample_rows, lane))
    events.add("beyond the last", lambda: np.array([(NEVER, 0.0, 0.0)]))
    first = np.array(events.first[:-1])
    return Timetable(events.table(), samples.table().ravel(), first, np.array(samples.first))


class _Shared:
    """A table in which equal pieces are stored once."""

    def __init__(self, columns: int):
        self.columns = columns
        self.places: dict[object, int] = {}
        self.pieces: list[Array] = []
        self.first: list[float] = []
        self.length = 0

    def add(self, key: object, make: Callable[[], Array]) -> None:
        if key not in self.places:
            piece = make()
            self.places[key] = self.length
            self.pieces.append(piece)
            self.length += len(piece)
        self.first.append(float(self.places[key]))

    def table(self) -> Array:
        return np.concatenate(self.pieces).reshape(-1, self.columns)


def _delays(model: Model, lane: Lane) -> dict[int, float]:
    return {
        number: block.after.evaluate(lane.parameters)
        for number, block in enumerate(model.blocks)
        if block.after is not None and block.trigger != "spike"
    }


def _rows(model: Model, kinds: Kinds, lane: Lane, delays: dict[int, float]) -> Array:
    """Return one lane's events in order."""
    rows = [(lane.start, kinds.number("begin"), 0.0)]
    for setting in lane.settings:
        for name, value in setting.parameters.items():
            rows.append((setting.time, kinds.number(f"set {name}"), value))
        for name, held in setting.clamps.items():
            kind = f"free {name}" if held is None else f"hold {name}"
            rows.append((setting.time, kinds.number(kind), held or 0.0))
    for kind in ("pre", "post"):
        number = kinds.number(kind)
        rows += [(float(time), number, 0.0) for time in getattr(lane, kind)]
    for block, delay in delays.items():
        number = kinds.number(f"block {block}")
        spikes = getattr(lane, model.blocks[block].trigger)
        rows += [(float(time) + delay, number, 0.0) for time in spikes]
    table = np.array([row for row in rows if row[0] <= lane.stop + _SAME])
    table = np.vstack([table, (lane.stop, kinds.number("end"), 0.0)])
    table[:, 0] = np.round(table[:, 0], _DIGITS)
    order = table[:, 1].copy()
    order[(order > 0) & (order < kinds.number("pre"))] = 1  # settings: in the order of the lane
    return np.asarray(table[np.lexsort((order, table[:, 0]))])


def _sample_rows(lane: Lane) -> Array:
    return np.append(np.round(lane.samples, _DIGITS), (NEVER, NEVER))
