"""A signal ends a command wherever it arrives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plasticity_sim.cli.ending import Terminated, ending_in_order, go_on

ROOT = Path(__file__).parent.parent


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("number", "default", "ending"),
    [
        (signal.SIGINT, signal.default_int_handler, KeyboardInterrupt),
        (signal.SIGTERM, signal.SIG_DFL, Terminated),
    ],
)
def test_what_python_drops_as_an_object_goes_is_raised_later(number, default, ending):
    class Going:
        def __del__(self):
            os.kill(os.getpid(), number)
            for _ in range(1000):  # it arrives here, where nobody can catch it
                pass

    def command():
        with ending_in_order():
            go_on()
            Going()
            with pytest.raises(ending):
                go_on()

    before = signal.signal(number, default)
    try:
        with pytest.raises(ending):  # again at the end, if nobody has asked before
            command()
        assert signal.getsignal(number) is default
        with ending_in_order():
            go_on()
    finally:
        signal.signal(number, before)


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ending_in_order():
            os.kill(os.getpid(), signal.SIGINT)
            go_on()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_that_only_watches_is_left_in_peace():
    def command():
        with ending_in_order():
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            with ThreadPoolExecutor(1) as watcher:
                assert watcher.submit(go_on).result() is None
            go_on()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            command()
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_an_interrupt_is_ignored_it_stays_so_with_brian2():
    # as in a job of the background; Brian2's handler would call the one before it, which is none
    code = (
        "import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from plasticity_sim.cli.main import import_brian2; import_brian2()\n"
        "os.kill(os.getpid(), signal.SIGINT); print('on')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "on", "")


def test_an_interrupt_of_text_that_runs_as_code_ends_with_the_same_exit_code(tmp_path):
    # as in the making of a dataclass, by a module that python -m runs
    (tmp_path / "command.py").write_text(
        "from importlib import import_module\n"
        "cli = import_module('plasticity_sim.cli.main')\n"
        "cli.app = lambda *_, **__: exec('raise KeyboardInterrupt')\n"
        "cli.main()\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ran = subprocess.run([sys.executable, "-m", "command"], env=environment, capture_output=True,
                         text=True, check=False)  # fmt: skip
    assert (ran.returncode, ran.stderr) == (130, "plasticity-sim: interrupted\n")
