"""Own models and protocols that the tests load as a user would, by path."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings

collect_ignore = ["roadrunner_lane.py"]  # it runs in the environment of the other simulators
HERE = Path(__file__).parent

# Programs compiled by one test are there for the others, in every process of the run and in those
# they start; the user's own are neither seen nor pushed out.
if "PYTEST_XDIST_WORKER" not in os.environ:
    CACHE = tempfile.mkdtemp(prefix="plasticity-sim-tests-")
    os.environ["PLASTICITY_SIM_CACHE"] = CACHE
    atexit.register(shutil.rmtree, CACHE, ignore_errors=True)

# What fails under mutmut has failed; looking for the simplest example takes far longer.
if "MUTANT_UNDER_TEST" in os.environ:
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", phases=phases, derandomize=True)
    settings.load_profile("mutation")


def pytest_addoption(parser):
    parser.addoption("--fidelity", help="where to write the page of published claims")


@pytest.fixture(scope="session")
def own_model():
    """Return the path of a test model by name."""
    return lambda name: str(HERE / "models" / f"{name}.yaml")


@pytest.fixture(scope="session")
def own_protocol():
    """Return the path of a test protocol by name."""
    return lambda name: str(HERE / "protocols" / f"{name}.yaml")


@pytest.fixture(scope="session")
def lane():
    """Return a function that makes a lane of a model from what is special about it."""
    # here, since an import of Brian2 before the doctests are collected replaces their collector
    from plasticity_sim.engine.batch import Lane
    from plasticity_sim.engine.rest import starting_values

    def make(model, stop, samples=(), pre=(), post=(), start=0.0, settings=(), seed=0, label="",
             initial=None, **parameters):  # fmt: skip
        values = {name: p.value for name, p in model.parameters.items()} | parameters
        state = next(iter(model.states))
        return Lane(
            start, stop, values, starting_values(model, state, values) | (initial or {}),
            np.array(pre, float), np.array(post, float), np.array(samples, float),
            tuple(settings), label, seed,
        )  # fmt: skip

    return make


@pytest.fixture
def cli(capsys, monkeypatch):
    """Return exit code, stdout and stderr of one command, run in this process."""
    from plasticity_sim.cli import main

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plasticity-sim", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return run
