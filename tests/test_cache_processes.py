"""Processes that share a cache: they build once, wait for each other, and outlive the killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from own_cache import KEY, ROOT, build, is_rebuilt, left_over
from own_cache import home as home

from plasticity_sim.engine import cache

# Tells when it begins and when it builds; ends its build when the file 'go' is there.
SLOW = """
import os, pathlib, sys, time
from plasticity_sim.engine import cache
here = pathlib.Path(sys.argv[1])
def build(folder):
    (folder / "program").write_text("half")
    with open(here / "built", "a") as log:
        log.write("x")
    while not (here / "go").exists():
        time.sleep(0.01)
    (folder / "program").write_text("whole")
(here / f"begun-{os.getpid()}").touch()
folder, built = cache.kept(sys.argv[2], build)
print(built, (folder / "program").read_text())
"""


def started(here: Path, script: str = SLOW) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(here), KEY]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(here: Path, pattern: str, count: int = 1) -> None:
    until = time.monotonic() + 60
    while len(list(here.glob(pattern))) < count:
        assert time.monotonic() < until, f"{pattern} never came"
        time.sleep(0.01)


def killed_while_building(here: Path) -> None:
    process = started(here)
    wait_for(here, "built")
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_processes_at_once_build_once(tmp_path):
    processes = [started(tmp_path) for _ in range(4)]
    wait_for(tmp_path, "built")
    wait_for(tmp_path, "begun-*", 4)
    time.sleep(0.2)  # the others come to wait
    (tmp_path / "go").touch()
    printed = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert printed == ["False whole"] * 3 + ["True whole"]
    assert (tmp_path / "built").read_text() == "x"


def test_a_killed_builder_leaves_nothing_that_counts(tmp_path, home):
    killed_while_building(tmp_path)
    assert len(left_over(home)) == 1
    assert cache.entries() == []
    assert is_rebuilt(home)


def test_who_waits_for_a_builder_that_is_killed_builds(tmp_path, home):
    first = started(tmp_path)
    wait_for(tmp_path, "built")
    second = started(tmp_path)
    wait_for(tmp_path, "begun-*", 2)
    time.sleep(0.2)  # the second comes to wait
    first.kill()
    first.communicate()
    (tmp_path / "go").touch()
    assert second.communicate(timeout=60)[0] == "True whole\n"


def test_a_build_of_another_key_removes_what_was_left(tmp_path, home):
    killed_while_building(tmp_path)
    other = cache.fingerprint("another model")
    cache.kept(other, build)
    assert {path.name for path in home.iterdir()} == {other, f"{other}.lock"}


def test_clear_and_other_builds_let_a_living_builder_finish(tmp_path, home):
    process = started(tmp_path)
    wait_for(tmp_path, "built")
    cache.kept(cache.fingerprint("another model"), build)
    assert cache.clear() == 1
    (tmp_path / "go").touch()
    assert process.communicate(timeout=60)[0] == "True whole\n"
    assert [entry.key for entry in cache.entries()] == [KEY]


def test_clear_removes_everything_of_its_own_and_nothing_else(tmp_path, home):
    killed_while_building(tmp_path)
    for name in ("one", "two"):
        (home / cache.fingerprint(name)).mkdir()
    (home / "thesis").mkdir()
    (home / "thesis.lock").touch()
    assert cache.clear() == 2
    assert {path.name for path in home.iterdir()} == {"thesis", "thesis.lock"}


def test_processes_that_build_hit_and_clear_at_once_never_fail(tmp_path):
    script = """
import sys
from plasticity_sim.engine import cache
def build(folder):
    for name in "abcdef":
        (folder / name).write_text(name * 1000)
for count in range(150):
    folder, _ = cache.kept(cache.fingerprint(str(count % 3)), build)
    assert folder.parent == cache.folder()
    if count % 7 == 0:
        cache.clear()
print("done")
"""
    processes = [started(tmp_path, script) for _ in range(4)]
    assert [process.communicate(timeout=120)[0] for process in processes] == ["done\n"] * 4
    assert left_over(cache.folder()) == []


def test_a_cache_that_cannot_be_made_is_replaced_while_the_process_lives(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    script = """
import sys
from plasticity_sim.engine import cache
def build(folder):
    (folder / "program").write_text("whole")
first = cache.kept(sys.argv[2], build)
again = cache.kept(sys.argv[2], build)
print(first[0] == again[0], first[1], again[1], (first[0] / "program").read_text())
"""
    assert started(tmp_path, script).communicate()[0] == "True True False whole\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # gone with the process
    assert (cache.entries(), cache.clear()) == ([], 0)
