"""Closed forms and simulated means from made-up data."""

import numpy as np
import xarray as xr

SETS = ["DP", "DPD", "DPD'", "P", "D", "D'"]
LAGS = np.linspace(-70, 70, 15)


def made_up():
    """Return a straight curve for each set, and two simulated lags."""
    curves = [100 + LAGS * number / 10 for number in range(6)]
    return xr.Dataset(
        {
            "closed": (("set", "lag"), curves),
            "mean": (("set", "lag_simulated"), np.full((6, 2), 90.0)),
            "sem": (("set", "lag_simulated"), np.full((6, 2), 7.0)),
        },
        {"set": SETS, "lag": LAGS, "lag_simulated": [-20.0, 5.0]},
        {"synapses": 20},
    )


def test_every_set_has_a_panel_with_its_closed_form_as_a_line(drawn):
    panels = drawn(made_up()).axes
    assert [panel.get_title() for panel in panels] == SETS
    for number, panel in enumerate(panels):
        np.testing.assert_allclose(panel.lines[0].get_ydata(), 100 + LAGS * number / 10)


def test_simulated_means_are_points_with_their_standard_errors(drawn):
    points = drawn(made_up()).axes[0].containers[0]
    assert points.lines[0].get_linestyle() == "None"
    [bars] = points.lines[2]
    np.testing.assert_allclose(bars.get_segments()[0], [[-20, 83], [-20, 97]])


def test_legend_and_axes_say_what_they_are(drawn):
    figure = drawn(made_up())
    [legend] = figure.legends
    words = {text.get_text() for text in legend.get_texts()}
    assert words == {"closed form", "simulated, 20 synapses"}
    assert figure.get_supylabel() == "synaptic strength (% of baseline)"
    assert "(ms)" in figure.get_supxlabel()
