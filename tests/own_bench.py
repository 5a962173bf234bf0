"""A bench of a model that counts pulses, under two experiments, in a folder of one's own.

A test file takes the fixture over by importing it as itself: `import here as here`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plasticity_sim.experiment import load_experiment
from plasticity_sim.jobs import Done
from plasticity_sim.trials import Simulated

HERE = Path(__file__).parent / "experiments"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of one's own with a model and two experiments."""
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class InPlace:
    """An executor without processes; strengths are made up, and what was asked for is noted."""

    def __init__(self, simulated=None):
        self.asked, self.simulated = [], simulated or {}

    def run(self, work, tasks):
        for task in tasks:
            self.asked.append(task)
            count = len(load_experiment(task[1]).protocol.conditions)
            made_up = Simulated((120.0,) * count, ("",) * count, ("mg_out",), seconds=1.0)
            yield Done(task, self.simulated.get(task[1], made_up))
