"""A cache of one's own, and a small program that is kept in it.

A test file takes the fixture over by importing it as itself: `import home as home`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plasticity_sim.engine import cache

ROOT = Path(__file__).parent.parent
KEY = cache.fingerprint("a model", "its flags")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keep everything below the test's own folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(folder))
    return folder


def build(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "table.bin").write_bytes(bytes(range(256)))
    (folder / "program").write_text("#!/bin/sh\necho runs\n")
    (folder / "program").chmod(0o755)


def never(folder: Path) -> None:
    raise AssertionError("this was to be a hit")


def left_over(home: Path) -> list[str]:
    return [path.name for path in home.glob(".building-*")]


def is_rebuilt(home: Path) -> bool:
    folder, built = cache.kept(KEY, build)
    assert (folder / "deep" / "table.bin").read_bytes() == bytes(range(256))
    assert left_over(home) == []
    cache.kept(KEY, never)
    return built
