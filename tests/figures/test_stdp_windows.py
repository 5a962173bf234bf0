"""Spike-timing windows over measured cells, from made-up data."""

import numpy as np
import pytest
import xarray as xr

from plasticity_sim import load_model
from plasticity_sim.figure import read_figure


def made_up():
    models = [f"model {number}" for number in range(7)]
    return xr.Dataset(
        {
            "strength": (("model", "lag"), [[90.0, 110.0 + n] for n in range(7)]),
            "measured_lag": ("cell", [-10.0, 5.0]),
            "measured": ("cell", [80.0, 140.0]),
            "measured_sem": ("cell", [np.nan, 8.0]),
        },
        {"model": models, "lag": [-20.0, 20.0]},
    )


def test_the_cells_stand_by_themselves_and_behind_every_model(drawn):
    panels = drawn(made_up()).axes
    assert len(panels) == 8
    for panel in panels:
        (cells,) = panel.containers
        np.testing.assert_allclose(cells.lines[0].get_xydata(), [[-10, 80], [5, 140]])
    assert panels[7].get_title() == "model 6"
    assert any(list(line.get_ydata()) == [90, 116] for line in panels[7].lines)


def test_the_closed_form_is_that_of_a_model_with_noise():
    parts = read_figure("stdp_windows").data.__globals__
    assert load_model(parts["CLOSED"]).is_noisy
    curve = dict(zip(parts["LAGS"], parts["closed_form"](load_model(parts["CLOSED"])), strict=True))
    assert curve[-100] == pytest.approx(100, abs=0.01)  # too far apart for calcium to add up
    assert curve[10] > 110 > 90 > curve[0]
