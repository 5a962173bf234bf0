"""Flags of the compiler: tried once, kept beside the compiled programs, tried again if lost."""

import json

import pytest

from plasticity_sim.engine import build, cache


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def flags_tried(home):
    build.flags.cache_clear()
    yield home
    build.flags.cache_clear()


@pytest.mark.skipif(build.compiler() is None, reason="needs a compiler")
def test_compiler_flags_are_tried_once_and_not_by_the_next_process(flags_tried, monkeypatch):
    found = build.flags()
    build.flags.cache_clear()
    monkeypatch.setattr(build, "_compiles", lambda *_: pytest.fail("tried again"))
    assert build.flags() == found


@pytest.mark.skipif(build.compiler() is None, reason="needs a compiler")
@pytest.mark.parametrize("kept", ["", "[]", '{"x": 1', "{}", "clear"])
def test_kept_flags_that_are_broken_or_cleared_are_tried_again(flags_tried, kept):
    found = build.flags()
    if kept == "clear":
        cache.clear()
    else:
        (flags_tried / cache.FLAGS).write_text(kept)
    build.flags.cache_clear()
    assert build.flags() == found
    assert json.loads((flags_tried / cache.FLAGS).read_text())
