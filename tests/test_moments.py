"""Moments of a protocol: what they are counted from, and how a wrong one is told."""

from __future__ import annotations

import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.protocol.timeline import moment

MOMENTS = {"start": -600.0, "induction": 0.0, "end": 40.0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("induction - 5 min", -300), ("end + 10 min", 640), ("start", -600), ("30 s", 30),
     ("-30 s", -30), ("end", 40), ("induction", 0), ("start+1 min", -540), (" end  -  1 s ", 39)],
)  # fmt: skip
def test_a_moment_is_counted_from_what_it_names(text, seconds):
    assert moment(text, MOMENTS) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "says"),
    [("later", "write 'induction - 5 min'"), ("end 5 min", "write 'induction - 5 min'"),
     ("finish + 1 s", "write 'induction - 5 min'"), ("", "write 'ind"), ("+", "write 'ind"),
     ("end + 1 s + 1 s", "not a unit"), ("end + 5", "no unit"), ("end + 5 mV", "wrong unit")],
)  # fmt: skip
def test_what_is_no_moment_is_told_how_to_write_one(text, says):
    with pytest.raises(InputError, match=says):
        moment(text, MOMENTS)


def test_a_moment_has_at_most_200_characters():
    assert moment("end".ljust(200), MOMENTS) == 40
    with pytest.raises(InputError, match="is not a moment"):
        moment("end".ljust(201), MOMENTS)
