"""Interrupts, full disks, compilers that fail: one line, the right code, nothing half done."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr

from plasticity_sim.engine.cache import RESTS

ROOT = Path(__file__).parent.parent
PATIENCE = 120  # s
PROTOCOL = """\
format: 1
title: own
induction: [{pre: [{count: %d, rate: 100 Hz}]}]
follow_up: {duration: 1 s}
"""
ENDINGS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]


@pytest.fixture
def here(tmp_path):
    (tmp_path / "short.yaml").write_text(PROTOCOL % 3)
    (tmp_path / "long.yaml").write_text(PROTOCOL % 400_000)
    return tmp_path


def started(
    here: Path,
    *arguments: str,
    before: Callable[[], object] | None = None,
    **environment: str,
) -> subprocess.Popen[str]:
    """Start a command in a process group of its own."""
    command = [sys.executable, "-m", "plasticity_sim", *arguments]
    return subprocess.Popen(
        command, cwd=here, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=before,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def group(process: subprocess.Popen[str]) -> list[str]:
    """Return the commands of a process and of all that it has started."""
    listed = subprocess.check_output(["ps", "-ww", "-eo", "sid=,stat=,args="], text=True)
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[2] for row in rows if row[0] == str(process.pid) and row[1][0] != "Z"]


def wait_for(process: subprocess.Popen[str], program: str) -> None:
    """Wait until a process has started a program."""
    until = time.monotonic() + PATIENCE
    while not any(command.split()[0].endswith(program) for command in group(process)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"{program} never came"
        time.sleep(0.05)


def only(here: Path, *more: str) -> bool:
    return sorted(os.listdir(here)) == sorted(["long.yaml", "short.yaml", *more])


def programs(cache: Path) -> list[str]:
    """Return what is kept of compiled programs; the rests, found before, are whole."""
    return [path.name for path in cache.iterdir() if path.is_dir() and path.name != RESTS]


RUN = ("run", "./long.yaml", "--model", "hebbian", "--synapses", "100", "--out", "r.nc")


@pytest.mark.parametrize(("number", "code", "word"), ENDINGS)
def test_a_signal_ends_a_running_simulation(here, number, code, word):
    process = started(here, *RUN)
    wait_for(process, "/main")
    process.send_signal(number)
    found, out, err = ended(process)
    assert (found, out, err.splitlines()[-1]) == (code, "", f"plasticity-sim: {word}")
    assert "Traceback" not in err
    assert group(process) == []
    assert only(here)


@pytest.mark.parametrize(("number", "code", "word"), ENDINGS)
def test_a_signal_ends_the_independent_solver(here, number, code, word):
    process = started(here, *RUN, "--engine", "reference")
    time.sleep(5)  # nothing outside tells that it solves; before, it would be reading files
    process.send_signal(number)
    assert ended(process) == (code, "", f"plasticity-sim: {word}\n")
    assert only(here)


def test_a_run_in_the_background_of_a_script_is_not_interrupted_by_its_keyboard(here):
    """A shell starts it with interrupts ignored, and so it goes on."""
    process = started(here, "run", "./short.yaml", "--model", "hebbian", "--out", "r.nc",
                      before=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))  # fmt: skip
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert (code, "Traceback" in err) == (0, False)
    assert only(here, "r.nc")


def test_a_run_in_the_background_of_a_script_is_terminated(here):
    process = started(here, *RUN, before=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    wait_for(process, "/main")
    process.send_signal(signal.SIGTERM)
    code, _, err = ended(process)
    assert (code, err.splitlines()[-1]) == (143, "plasticity-sim: terminated")
    assert group(process) == []


def test_a_compiled_simulation_ends_when_its_command_is_killed(here):
    """Nothing can be done about a kill, but what the command has started notices within seconds."""
    process = started(here, *RUN)
    wait_for(process, "/main")
    process.kill()
    process.communicate(timeout=PATIENCE)
    time.sleep(3)  # it looks once a second, and would run for longer
    assert group(process) == []


@pytest.mark.long
@pytest.mark.parametrize(("number", "code", "word"), ENDINGS)
def test_a_signal_to_the_group_ends_a_compilation(here, tmp_path_factory, number, code, word):
    """As a terminal or a batch system sends it: to the compiler too."""
    cache = tmp_path_factory.mktemp("cache")
    process = started(here, *RUN, PLASTICITY_SIM_CACHE=str(cache))
    wait_for(process, "cc1plus")
    time.sleep(3)  # past the trial of the flags
    wait_for(process, "cc1plus")
    os.killpg(process.pid, number)
    found, _, err = ended(process)
    assert (found, "Traceback" in err) == (code, False), err
    assert err.splitlines()[-1] == f"plasticity-sim: {word}"
    assert only(here)
    assert programs(cache) == []
    assert group(process) == []


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("name", ["r.nc", "r.csv"])
def test_a_full_disk_is_one_line_and_leaves_no_file(here, name):
    process = started(here, "run", "./short.yaml", "--model", "hebbian", "--engine", "reference",
                      "--out", name, before=small_files)  # fmt: skip
    code, _, err = ended(process)
    assert (code, err.count("\n")) == (2, 1), err
    assert f"'{name}' cannot be written" in err
    assert only(here)


FILLING = """
import resource, sys
import numpy as np
import xarray as xr
from plasticity_sim.errors import InputError
from plasticity_sim.results import write_result
steps = ("sample", np.arange(5000.0))
data = xr.Dataset({"v": steps, "w": steps}, {"arm": ("arm", ["a", "b"])}, {"title": "full" * 99})
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
write_result(data, "r.nc")
whole = open("r.nc", "rb").read()
for room in [*range(0, len(whole), 997), len(whole) - 1]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        write_result(data, "r.nc")
    except InputError as problem:
        assert "'r.nc' cannot be written: File too large" in str(problem), problem
    else:
        sys.exit(f"nobody noticed that there is room for {room} bytes only")
    assert open("r.nc", "rb").read() == whole
"""


def test_a_disk_that_is_full_at_any_byte_is_noticed(here):
    run = subprocess.run([sys.executable, "-c", FILLING], cwd=here, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert [path.name for path in here.glob("*.nc")] == ["r.nc"]


def test_a_full_disk_leaves_the_result_of_before(here):
    (here / "r.nc").write_bytes(b"what was there before")
    process = started(here, "run", "./short.yaml", "--model", "hebbian", "--engine", "reference",
                      "--out", "r.nc", before=small_files)  # fmt: skip
    assert ended(process)[0] == 2
    assert (here / "r.nc").read_bytes() == b"what was there before"


def test_a_target_that_was_cut_off_is_replaced_by_a_whole_one(here):
    run = ("run", "./short.yaml", "--model", "hebbian", "--engine", "reference", "--out", "r.nc")
    assert ended(started(here, *run))[0] == 0
    whole = (here / "r.nc").read_bytes()
    (here / "r.nc").write_bytes(whole[: len(whole) // 2])
    assert ended(started(here, *run))[0] == 0
    with xr.open_dataset(here / "r.nc", engine="h5netcdf") as data:
        assert float(data["strength"].max()) > 0


def compiler_of(folder: Path, body: str) -> str:
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.long
@pytest.mark.parametrize("body", ["exit 1", "echo no >&2; exit 127", "kill -SEGV $$"])
def test_a_compiler_that_fails_is_as_none_and_the_run_says_so(here, tmp_path_factory, body):
    folder = tmp_path_factory.mktemp("broken")
    process = started(here, "run", "./short.yaml", "--model", "hebbian",
                      CXX=compiler_of(folder, body), PLASTICITY_SIM_CACHE=str(folder))  # fmt: skip
    code, out, err = ended(process)
    assert (code, err.count("\n"), "Traceback" in err) == (0, 1, False), err
    assert "no C++ compiler: running on numpy" in err
    assert "on numpy" in out


@pytest.mark.long
def test_without_a_compiler_the_run_goes_on_and_says_so(here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("none")
    process = started(here, "run", "./short.yaml", "--model", "hebbian",
                      PATH=str(folder), PLASTICITY_SIM_CACHE=str(folder))  # fmt: skip
    code, _, err = ended(process)
    assert (code, err.count("\n")) == (0, 1), err
    assert "no C++ compiler: running on numpy" in err


@pytest.mark.long
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a compiler to break")
def test_a_compiler_that_fails_midway_is_told_and_keeps_nothing(here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("midway")
    body = 'case "$*" in *try.cpp*|--version) exec g++ "$@";; esac; exit 1'
    process = started(here, "run", "./short.yaml", "--model", "hebbian",
                      CXX=compiler_of(folder, body), PLASTICITY_SIM_CACHE=str(folder))  # fmt: skip
    code, out, err = ended(process)
    assert (code, out, "Traceback" in err) == (1, "", False), err
    assert "the compiler failed; see `doctor`" in err.splitlines()[-1]
    assert programs(folder) == []


@pytest.mark.long
def test_a_cache_that_cannot_be_written_is_replaced_for_the_run(here, tmp_path_factory):
    (tmp_path_factory.getbasetemp() / "file").touch()
    blocked = str(tmp_path_factory.getbasetemp() / "file" / "cache")
    process = started(here, "doctor", "--json", PLASTICITY_SIM_CACHE=blocked)
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert '"agrees": true' in out


@pytest.mark.long
def test_a_cache_of_another_version_is_left_alone(here, tmp_path_factory):
    cache = tmp_path_factory.mktemp("old")
    old = cache / ("0" * 32)
    old.mkdir()
    (old / "main").write_text("#!/bin/sh\nexit 3\n")
    (old / "manifest.json").write_text('{"version": 0, "files": ["main"]}')
    (cache / "flags.json").write_text('["of another format"]')
    process = started(here, "doctor", "--json", PLASTICITY_SIM_CACHE=str(cache))
    assert ended(process)[0] == 0
    assert (old / "main").read_text() == "#!/bin/sh\nexit 3\n"
