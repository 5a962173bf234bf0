"""Sweeps of a small model that is kicked: in a folder of one's own, in this process.

A test file takes the fixture over by importing it as itself: `import here as here`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import plasticity_sim as ps
from plasticity_sim.jobs import Done
from plasticity_sim.sweep import Request, resolve, run_sweep

HERE = Path(__file__).parent
ESCAPE = str(HERE / "models" / "escape.yaml")
PULSES = str(HERE / "protocols" / "two_pulses_pre.yaml")
SWEEP = ("sweep", PULSES, "--model", ESCAPE)
KICKS = (*SWEEP, "--over", "kick=0.1:0.5:9")


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """Work in a folder of one's own, in chunks of four lanes, and in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("plasticity_sim.sweep.request.LANES_AT_ONCE", 4)
    monkeypatch.setattr("plasticity_sim.jobs.LocalProcesses", lambda count: Here())


class Here:
    """An executor in this process; it notes what it was asked for, and can end early or die."""

    def __init__(self, interrupted_after=None, deaths=None):
        self.asked, self.interrupted_after = [], interrupted_after
        self.deaths = dict(deaths or {})

    def run(self, work, tasks):
        for task in list(tasks):
            if len(self.asked) == self.interrupted_after:
                raise KeyboardInterrupt
            self.asked.append(task)
            if self.deaths.get(task, 0):
                self.deaths[task] -= 1
                yield Done(task, None, "its process was ended by SIGKILL")
            else:
                yield Done(task, work(task))


def asked(*over, models=(ESCAPE,), protocol=PULSES, **options):
    return resolve(Request(protocol, over, models, **options))


def swept(*over, folder="out", executor=None, **options):
    """Run a sweep in this process and return what it left."""
    run_sweep(asked(*over, **options), Path(folder), executor or Here())
    return ps.open_sweep(folder)


def bits(data: xr.Dataset) -> dict[str, object]:
    return {str(name): values.to_numpy().tobytes() if values.dtype.kind in "fiu"
            else values.to_numpy().tolist() for name, values in data.variables.items()}  # fmt: skip
