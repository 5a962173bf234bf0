"""Private folders: gone when their process ends, and after a kill when the next one begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plasticity_sim.scratch import PREFIX, YOUNG, private_folder

BORROWER = """
import sys
from pathlib import Path
from plasticity_sim.scratch import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "table.bin").write_bytes(bytes(1000))
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def borrower(tmp_path):
    """A process that has borrowed a folder in `tmp_path`, and the folder, an hour old."""
    process = subprocess.Popen(
        [sys.executable, "-c", BORROWER, str(tmp_path)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    folder = tmp_path / process.stdout.readline().strip()
    aged(folder)
    yield process, folder
    process.kill()
    process.communicate()


def aged(folder: Path) -> None:
    when = folder.stat().st_mtime - 60 * YOUNG
    os.utime(folder, (when, when))


def test_a_folder_is_empty_and_goes_with_all_that_is_in_it(tmp_path):
    with private_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
        assert list(folder.iterdir()) == []
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_when_the_next_begins(tmp_path, borrower):
    process, folder = borrower
    process.kill()
    process.wait()
    assert (folder / "table.bin").exists()
    with private_folder(tmp_path) as other:
        assert list(tmp_path.iterdir()) == [other]


def test_a_folder_in_use_stays_however_old(tmp_path, borrower):
    process, folder = borrower
    with private_folder(tmp_path):
        assert (folder / "table.bin").exists()
    process.communicate("")
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_may_be_one_that_is_not_locked_yet(tmp_path):
    new = tmp_path / f"{PREFIX}new"
    new.mkdir()
    with private_folder(tmp_path):
        assert new.exists()


def test_nothing_else_is_swept(tmp_path):
    others = [tmp_path / "plasticity-sim-tests-1", tmp_path / f"{PREFIX}file"]
    others[0].mkdir()
    others[1].touch()
    target = tmp_path / "kept"
    target.mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(target)
    for path in (*others, target):
        aged(path)
    with private_folder(tmp_path):
        pass
    assert all(path.exists() for path in (*others, target, tmp_path / f"{PREFIX}link"))
