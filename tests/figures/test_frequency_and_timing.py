"""Models over measured pairs, from made-up data."""

import numpy as np
import xarray as xr

RATES = [0.1, 10.0, 50.0]


def made_up():
    """Return two models and pairs of which one rate of one lag was not measured."""
    models = ["one", "two"]
    strength = np.arange(12.0).reshape(2, 2, 3) + 100
    mean = np.array([[96.0, 115.0, 156.0], [68.0, np.nan, 169.0]])
    return xr.Dataset(
        {
            "strength": (("model", "lag", "rate"), strength),
            "measured": (("lag", "rate"), mean),
            "sem": (("lag", "rate"), np.where(np.isnan(mean), np.nan, 5.0)),
            "n": (("lag", "rate"), np.full((2, 3), 6.0)),
        },
        {"model": models, "lag": [10.0, -10.0], "rate": RATES},
    )


def test_models_are_lines_in_a_panel_for_each_order(drawn):
    first, second = drawn(made_up()).axes
    np.testing.assert_allclose(first.lines[0].get_ydata(), [100, 101, 102])
    np.testing.assert_allclose(second.lines[1].get_ydata(), [109, 110, 111])
    assert first.lines[0].get_linestyle() != first.lines[1].get_linestyle()
    assert first.get_title() == "presynaptic spike 10 ms earlier"
    assert second.get_title() == "postsynaptic spike 10 ms earlier"


def test_measured_pairs_are_points_with_error_bars_where_there_are_any(drawn):
    first, second = drawn(made_up()).axes
    [three], [two] = first.containers, second.containers
    assert three.lines[0].get_xdata().tolist() == RATES
    assert two.lines[0].get_xdata().tolist() == [0.1, 50.0]
    np.testing.assert_allclose(two.lines[2][0].get_segments()[1], [[50, 164], [50, 174]])


def test_axes_have_units(drawn):
    panel = drawn(made_up()).axes[0]
    assert panel.get_ylabel() == "synaptic strength (% of baseline)"
    assert panel.get_xlabel() == "rate of the pairs (Hz)"
