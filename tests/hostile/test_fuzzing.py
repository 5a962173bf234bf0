"""Mutants of the shipped files: right, or one clear line; soon, and with nothing left behind."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path

import pytest
from feeding import Ending, TookTooLong, fed, tree
from mutations import KINDS, mutants

from plasticity_sim.library import library

QUICK, LONG = 60, 3000  # mutants of each kind
FEWER = 3  # times, of the one fit that is shipped: it is the largest file, and plans forty runs
SEED, LONG_SEED = 1, 2


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A working folder in which the shipped experiments find their tables."""
    for path in library("experiments").glob("*.csv"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults_of(box: Path, mutant: bytes, *command: str) -> list[str]:
    """Return what is wrong with how a command on a mutant ended; raises what it raised."""
    (box / "own.yaml").write_bytes(mutant)
    before = tree(box)
    try:
        ending: Ending = fed(command)
    except TookTooLong:
        return ["took too long"]
    left = tree(box) - before
    return ending.faults((0, 2)) + [f"left {name}" for name in left]


def check_all(box: Path, kind: str, seed: int, most: int) -> None:
    count = most // FEWER if kind == "fits" else most
    for number, mutant in enumerate(islice(mutants(kind, seed), count)):
        try:
            found = faults_of(box, mutant, "check", "./own.yaml")
        except Exception as problem:
            raise AssertionError(f"mutant {number} of {kind}, seed {seed}") from problem
        assert found == [], f"mutant {number} of {kind}, seed {seed}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutant_is_right_or_one_clear_line(box, kind):
    check_all(box, kind, SEED, QUICK)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_mutants_are_right_or_one_clear_line(box, kind):
    check_all(box, kind, LONG_SEED, LONG)


def test_mutants_are_the_same_for_the_same_seed():
    first, again, other = (list(islice(mutants("protocols", seed), 5)) for seed in (3, 3, 4))
    assert first == again != other
