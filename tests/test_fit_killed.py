"""Fits in processes of their own: killed, interrupted, and two that share one study."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FIT = """\
format: 1
title: The window of potentiation from two of its points
model: pair_stdp
free:
  a_plus: {range: 0.001:0.02, scale: log, start: "0.01"}
  tau_plus: {range: 10:60 ms, start: 15 ms}
targets:
  - {name: near, protocol: stdp_pairs, set: {lag: 10 ms}, value: 130, tolerance: 1}
  - {name: far, protocol: stdp_pairs, set: {lag: 25 ms}, value: 112, tolerance: 1}
optimiser: {population: 8, seed: 3}
"""


class Folder:
    """A fit and a folder for it, for processes to work in."""

    def __init__(self, home: Path, name: str, evaluations: int):
        self.home, self.out = home, home / name
        self.command = [
            sys.executable, "-m", "plasticity_sim", "fit", "window.yaml",
            "--out", name, "--evaluations", str(evaluations),
        ]  # fmt: skip
        (home / "window.yaml").write_text(FIT)

    def start(self, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *more], cwd=self.home, env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def finish(self) -> str:
        """Run to the end; return stderr."""
        process = self.start()
        _, told = process.communicate(timeout=540)
        assert process.returncode == 0, told
        return told

    @property
    def kept(self) -> int:
        """How many evaluations are in the folder."""
        try:
            with sqlite3.connect(f"file:{self.out / 'fit.db'}?mode=ro", uri=True) as database:
                return database.execute("select count(*) from trials").fetchone()[0]
        except sqlite3.Error:
            return 0

    def wait_for(self, kept: int, process: subprocess.Popen[str]) -> None:
        limit = time.monotonic() + 300
        while self.kept < kept and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)

    @property
    def files(self) -> tuple[str, str]:
        return (self.out / "values.yaml").read_text(), (self.out / "report.csv").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("whole"), "out", 40)
    folder.finish()
    return folder


def test_a_killed_fit_goes_on_to_the_values_of_one_that_was_not(whole, tmp_path):
    folder = Folder(tmp_path, "out", 40)
    process = folder.start()
    folder.wait_for(11, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert 0 < folder.kept < 40
    assert not (folder.out / "values.yaml").exists()
    assert "evaluations are there; going on" in folder.finish()
    assert folder.files == whole.files


def test_an_interrupted_fit_says_how_to_go_on(tmp_path):
    folder = Folder(tmp_path, "out", 4000)
    process = folder.start()
    folder.wait_for(3, process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in told
    assert "Traceback" not in told


@pytest.mark.long
def test_a_fit_killed_ten_times_ends_with_the_values_of_one_that_was_not(tmp_path):
    whole = Folder(tmp_path, "whole", 400)
    whole.finish()
    folder, chance = Folder(tmp_path, "killed", 400), random.Random(5)
    for _ in range(10):
        process = folder.start()
        folder.wait_for(folder.kept + 1 + chance.randrange(12), process)
        time.sleep(chance.uniform(0, 0.3))
        assert process.poll() is None, "the fit ended before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert folder.kept < 400
    folder.finish()
    assert folder.files == whole.files


@pytest.mark.long
def test_two_workers_share_a_study_and_find_what_one_finds(tmp_path):
    whole = Folder(tmp_path, "whole", 160)
    whole.finish()
    shared = Folder(tmp_path, "shared", 160)
    workers = [shared.start(), shared.start()]
    told = [worker.communicate(timeout=540)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    assert shared.files == whole.files
    assert shared.kept < 160 + 40  # hardly anything was evaluated by both
