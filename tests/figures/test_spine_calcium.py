"""Calcium of a pair and its supralinearity from made-up data."""

import numpy as np
import xarray as xr

from plasticity_sim.figure import read_figure


def made_up():
    """Return a pair of three times the linear sum."""
    time, lag = np.arange(-20, 150.0, 5), [-50, 0, 10, 50]
    curves = [np.ones(time.size) * height for height in (1, 2, 9, 3)]
    return xr.Dataset(
        {
            "factor": (("model", "lag"), [[1, 1, 3, 2], [1, 2, 2, 2]]),
            "calcium": (("case", "time"), curves),
            "measured_lag": ("spine", [10.0, 50.0]),
            "measured": ("spine", [1.7, 1.3]),
            "measured_sem": ("spine", [0.1, 0.2]),
        },
        {
            "model": ["one", "other"],
            "lag": lag,
            "time": time,
            "case": ["release", "spike", "pair", "linear sum"],
            "cells": ("spine", ["layer 2/3", "layer 4"]),
        },
    )


def test_models_are_lines_and_spines_have_error_bars(drawn):
    figure = drawn(made_up())
    calcium, factor = figure.axes
    assert [line.get_label() for line in calcium.lines] == [
        "release", "spike", "pair", "linear sum"]  # fmt: skip
    assert calcium.get_ylabel().endswith("(µM)")
    assert [bar.get_label() for bar in factor.containers] == ["layer 2/3", "layer 4"]
    assert all(bar.has_yerr for bar in factor.containers)


def test_a_standard_deviation_is_drawn_as_a_standard_error():
    measured = read_figure("spine_calcium").data.__globals__["measured"]()
    first = measured.isel(spine=0)
    assert (first["measured"], first["measured_n"]) == (1.7, 13)  # s.d. 0.2
    np.testing.assert_allclose(first["measured_sem"], 0.2 / np.sqrt(13))
