"""Work in other processes, here or on a cluster: each value comes back, a death costs one task."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plasticity_sim.jobs import Cluster, LocalProcesses

HERE = Path(__file__).parent


def doubled(number: int) -> int:
    return 2 * number


def threads(_: int) -> str:
    return os.environ["PLASTICITY_SIM_JOBS"]


def dies(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def raises(number: int) -> int:
    return 1 // number


def sleeps(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def test_every_task_comes_back_with_its_value():
    found = LocalProcesses(2).run(doubled, [1, 2, 3, 4, 5])
    assert sorted((done.task, done.value) for done in found) == [(n, 2 * n) for n in range(1, 6)]


def test_a_worker_computes_on_one_thread_and_the_parent_as_before(monkeypatch):
    monkeypatch.delenv("PLASTICITY_SIM_JOBS", raising=False)
    assert [done.value for done in LocalProcesses(1).run(threads, [0])] == ["1"]
    assert "PLASTICITY_SIM_JOBS" not in os.environ


def test_a_process_that_dies_loses_its_own_task_only():
    found = {done.task: done for done in LocalProcesses(1).run(dies, [0, 1, 2])}
    assert found[1].died == "its process was ended by SIGKILL"
    assert (found[0].value, found[2].value) == (0, 2)


def test_work_that_raises_is_told_with_its_traceback():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(LocalProcesses(1).run(raises, [0]))


def test_closing_the_iterator_ends_what_runs(tmp_path):
    path = tmp_path / "started"
    results = LocalProcesses(2).run(
        _first_or_sleeps, ["", str(path)]
    )  # the first task ends at once
    assert next(results).task == ""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)


def _first_or_sleeps(path: str) -> None:
    if path:
        sleeps(path)


@pytest.fixture
def scheduler(tmp_path):
    """Start a dask scheduler with a worker on loopback; return its address."""
    home = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(HERE.parent) + ":" + str(HERE)},
            "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}  # fmt: skip
    file = tmp_path / "scheduler.json"
    dask = (sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0")
    worker = (sys.executable, "-m", "dask", "worker", "--scheduler-file", str(file),
              "--nthreads", "1", "--no-nanny", "--no-dashboard")  # fmt: skip
    processes = [
        subprocess.Popen([*dask, "--no-dashboard", "--scheduler-file", str(file)], **home),
        subprocess.Popen(worker, **home),
    ]
    try:
        for _ in range(300):
            if file.exists() and file.read_text().rstrip().endswith("}"):
                break
            processes[0].poll()
            subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], check=True)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_every_task_on_a_cluster_comes_back_with_its_value(scheduler):
    found = Cluster(scheduler).run(doubled, [1, 2, 3, 4, 5])
    assert sorted((done.task, done.value) for done in found) == [(n, 2 * n) for n in range(1, 6)]
