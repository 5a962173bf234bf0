"""Sweeps of 20,000 lanes that are killed, filled up, shared and cut short: the same bits always."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from own_sweeps import bits

import plasticity_sim as ps

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent
# 31 lags at each of 646 points: 20,026 lanes in 41 chunks
SWEEP = (
    "sweep",
    "stdp_pairs",
    "--model",
    "pair_stdp",
    "--over",
    "tau_plus=5:40:38 ms",
    "--over",
    "a_plus=0.001:0.01:17",
)
SMALL = ("sweep", "stdp_pairs", "--model", "pair_stdp",
         "--over", "tau_plus=5:40:8 ms", "--over", "a_plus=0.001:0.01:10")  # fmt: skip


def started(*arguments: str, **options) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "plasticity_sim", *arguments]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)  # fmt: skip


def run(*arguments: str) -> tuple[int, str, str]:
    process = started(*arguments)
    out, err = process.communicate()
    return process.returncode, out, err


def chunks(folder: Path) -> int:
    return len(list((folder / "chunks").glob("[0-9]*.nc")))


def kept_bits(folder: Path) -> dict[str, object]:
    return bits(ps.open_sweep(folder).load())


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The bits of the sweep of 20,000 lanes that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    code, _, err = run(*SWEEP, "--out", str(folder))
    assert code == 0, err
    return kept_bits(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bits of a sweep of five chunks that nothing disturbed."""
    folder = tmp_path_factory.mktemp("small") / "out"
    code, _, err = run(*SMALL, "--out", str(folder))
    assert code == 0, err
    return kept_bits(folder)


def test_a_sweep_that_is_killed_ten_times_has_the_bits_of_one_that_is_not(tmp_path, uninterrupted):
    folder, chance = tmp_path / "out", random.Random(1)
    for kill in range(10):
        process = started(*SWEEP, "--out", str(folder))
        while chunks(folder) < 3 * kill and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 1))
        assert process.poll() is None, "the sweep ended before it could be killed"
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
        # now and then orphans are left, which write nothing
        for member in family if kill % 2 else family[:1]:
            with suppress(psutil.NoSuchProcess):  # ended by itself since the list was made
                member.kill()
        process.communicate()
    assert 0 < chunks(folder) < 41
    assert run(*SWEEP, "--out", str(folder))[0] == 0
    assert kept_bits(folder) == uninterrupted


def test_a_cluster_of_which_a_worker_is_killed_gives_the_same_bits(tmp_path, uninterrupted):
    file, folder = tmp_path / "scheduler.json", tmp_path / "out"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    dask = (sys.executable, "-m", "dask")
    place = ("--scheduler-file", str(file), "--no-dashboard")
    worker = (*dask, "worker", *place, "--nthreads", "1", "--no-nanny")
    processes = [
        subprocess.Popen(
            [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *place], **quiet
        ),
        *(subprocess.Popen(worker, **quiet) for _ in range(2)),
    ]
    try:
        while not (file.exists() and file.read_text().rstrip().endswith("}")):
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        process = started(*SWEEP, "--out", str(folder), "--cluster", address)
        while chunks(folder) < 10 and process.poll() is None:
            time.sleep(0.05)
        processes[1].kill()
        _, err = process.communicate()
        assert process.returncode == 0, err
    finally:
        for each in processes:
            each.kill()
            each.wait()
    assert kept_bits(folder) == uninterrupted


@contextmanager
def disk(place: Path, size: str):
    """A small file system of its own; only root may mount one."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_the_sweep_goes_on_once_there_is_room(tmp_path, small):
    place = tmp_path / "disk"
    with disk(place, "320k"):
        code, out, err = run(*SMALL, "--out", str(place / "out"))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "cannot be written: No space left on device" in err
        assert 0 < chunks(place / "out") < 5
        subprocess.run(["mount", "-o", "remount,size=10M", str(place)], check=True)
        code, _, err = run(*SMALL, "--out", str(place / "out"))
        assert (code, err) == (0, "")
        assert kept_bits(place / "out") == small


def test_a_read_only_folder_is_one_line_and_can_be_opened(tmp_path, small):
    place = tmp_path / "disk"
    with disk(place, "10M"):
        assert run(*SMALL, "--out", str(place / "out"))[0] == 0
        gone = place / "out" / "chunks" / "00002.nc"
        content = gone.read_bytes()
        gone.unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        code, out, err = run(*SMALL, "--out", str(place / "out"))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "cannot be written to" in err
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
        gone.write_bytes(content)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        assert kept_bits(place / "out") == small
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)


def test_of_two_processes_in_a_folder_one_works_and_the_other_says_so(tmp_path, small):
    folder = tmp_path / "out"
    both = [started(*SMALL, "--out", str(folder), "--jobs", "1") for _ in range(2)]
    ended = [(*process.communicate(), process.returncode) for process in both]
    assert sorted(code for _, _, code in ended) == [0, 2]
    [(_, told, _)] = [each for each in ended if each[2] == 2]
    assert told.count("\n") == 1
    assert "another process works in" in told
    assert kept_bits(folder) == small


def test_an_interrupt_ends_all_processes_and_says_how_to_go_on(tmp_path):
    folder = tmp_path / "out"
    process = started(*SWEEP, "--out", str(folder))
    while chunks(folder) < 2 and process.poll() is None:
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert f"of 646 points are in '{folder}'; the same command goes on from there" in err
    _, alive = psutil.wait_procs(family, timeout=5)  # Python's own helper outlives it by a moment
    assert not alive


def test_memory_does_not_grow_with_the_number_of_chunks(tmp_path):
    """The process that gathers 41 chunks holds no more than that which gathers 5, but for noise."""
    peaks = []
    for arguments in (SMALL, SWEEP):
        process = started(*arguments, "--out", str(tmp_path / f"out{len(peaks)}"))
        largest = 0
        while process.poll() is None:
            try:
                largest = max(largest, psutil.Process(process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.05)
        process.communicate()
        assert process.returncode == 0
        peaks.append(largest / 2**20)
    print(f"peak memory: {peaks[0]:.0f} MB with 5 chunks, {peaks[1]:.0f} MB with 41")
    assert peaks[1] < peaks[0] + 20
