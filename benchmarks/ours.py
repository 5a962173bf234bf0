"""Our own engine as one more simulator to ask; what it compiles is compiled before it is timed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from benchmarks.matching import Answer, Settings
from benchmarks.peers.serving import TOLERANCES
from plasticity_sim import __version__
from plasticity_sim.engine.batch import Batch, Outcome
from plasticity_sim.engine.lanes.run import run_lanes
from plasticity_sim.errors import SimulationError

_METHODS = ("rodas4", "rodas4p")


class Ours:
    """Lanes in one process; the time is the wall time of a whole call."""

    name = "plasticity-sim"
    version = __version__

    def __init__(self, batch: Batch):
        self.batch = batch
        self.settings: list[Settings] = [
            {"variant": method, "rtol": rtol} for method in _METHODS for rtol in TOLERANCES
        ]
        self.warm: set[tuple[str, int]] = set()

    def ask(self, settings: Settings, synapses: Sequence[int], repeats: int) -> Answer:
        """Return the answer of `synapses` run as one batch."""
        own = replace(self.batch, lanes=tuple(self.batch.lanes[n] for n in synapses))
        try:
            rtol, method = settings["rtol"], settings["variant"]
            if (method, len(synapses)) not in self.warm:
                run_lanes(own, rtol, method)
                self.warm.add((method, len(synapses)))
            times, outcome = [], None
            for _ in range(repeats):
                begin = perf_counter()
                outcome = run_lanes(own, rtol, method)
                times.append(perf_counter() - begin)
        except SimulationError as problem:
            return Answer(settings, failed=str(problem))
        return Answer(
            settings,
            statistics.median(times) / len(synapses),
            *(_values(outcome, k) for k in (0, 1)),
        )


def _values(outcome: Outcome | None, moment: int) -> list[dict[str, float]]:
    assert outcome is not None
    names, columns = outcome.samples.keys(), [v[:, moment] for v in outcome.samples.values()]
    return [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)]
