"""The floors hold, files stay short, and nothing points into one machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
LONGEST = 300  # lines
# An absolute path: quoted, or after a space, so that neither "ms/s" nor "and/or" is one.
EVERYWHERE = "dev/null|dev/shm|proc/cpuinfo"
MACHINE_PATH = re.compile(
    rf"""(?:^|[\s"'`(=])(/(?!{EVERYWHERE})[A-Za-z][\w.-]*/[\w.-]+|[A-Za-z]:\\)"""
)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_file_imports_only_from_the_floors_below_it(monkeypatch):
    monkeypatch.chdir(ROOT)
    code = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert code == 0, "an import goes up a floor; the report is in the captured output"


@pytest.mark.parametrize(
    "path", python_files("plasticity_sim", "tests", "figures", "benchmarks"), ids=named
)
def test_no_file_is_too_long_to_read_at_once(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST


@pytest.mark.parametrize("path", python_files("plasticity_sim"), ids=named)
def test_no_file_points_into_one_machine(path):
    assert MACHINE_PATH.findall(path.read_text("utf-8")) == []


@pytest.mark.parametrize("text", ['Path("/home/ada/data")', "see /opt/brian2/lib", r"C:\Users"])
def test_a_machine_path_is_recognised(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize(
    "text", ["1/ms/s and/or a / b / c", "https://doi.org/10.1371/x", "/dev/null"]
)
def test_a_rate_or_an_address_is_no_machine_path(text):
    assert not MACHINE_PATH.search(text)
