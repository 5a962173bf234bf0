"""A wheel carries everything that a checkout shows, and works away from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from plasticity_sim.library import KINDS, bibliography, library, shipped

ROOT = Path(__file__).parent.parent


def run(*arguments: str | Path, cwd: Path, **environment: str) -> str:
    """Run Python with `arguments` and return its stdout."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def contents(wheel) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder)
    run(*pip, wheel, cwd=folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_the_wheel_carries_all_that_is_shipped(kind, contents):
    files = [path for path in library(kind).glob("*") if path.is_file()]
    missing = {f"plasticity_sim/{path.relative_to(ROOT)}" for path in files} - contents
    assert missing == set()


def test_the_wheel_carries_the_bibliography_and_every_module(contents):
    files = [bibliography(), *(ROOT / "plasticity_sim").rglob("*.py")]
    inside = {f"plasticity_sim/{bibliography().relative_to(ROOT)}"}
    inside |= {path.relative_to(ROOT).as_posix() for path in files[1:]}
    assert inside <= contents


def test_the_wheel_installs_one_name_only(contents):
    tops = {name.split("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"plasticity_sim"}


@pytest.mark.parametrize("kind", ["models", "components", "protocols"])
def test_an_installed_wheel_lists_what_the_checkout_lists(kind, installed, tmp_path):
    listing = run(
        "-m", "plasticity_sim", "list", kind, "--json", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert [entry["name"] for entry in json.loads(listing)[kind]] == shipped(kind)


def test_an_installed_wheel_reads_its_own_files(installed, tmp_path):
    code = "from plasticity_sim.library import library; print(library('models'))"
    found = run("-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).strip()
    assert Path(found) == installed / "plasticity_sim" / "models"
