"""The rule of calcium and its three curves from made-up data."""

import numpy as np
import xarray as xr

CURVES = {"v_rest": [-70.0, -10.0], "rate": [0.5, 20.0], "lag": [-100.0, 150.0]}


def made_up():
    calcium = np.linspace(0, 1, 5)
    data = xr.Dataset({"omega": ("ca", calcium), "eta": ("ca", 2 * calcium)}, {"ca": calcium})
    for axis, ends in CURVES.items():
        data.coords[axis] = ends
        data[f"strength_of_{axis}"] = (axis, [50.0, 150.0])
    return data


def test_each_curve_is_drawn_over_its_own_axis_with_the_baseline(drawn):
    panels = drawn(made_up()).axes
    labels = ["calcium (µM)"] * 2 + ["held potential (mV)", "rate (Hz)", "lag (ms)"]
    assert [panel.get_xlabel() for panel in panels] == labels
    for panel, ends in zip(panels[2:], CURVES.values(), strict=True):
        curve, baseline = panel.lines
        assert list(curve.get_xdata()) == ends
        assert set(baseline.get_ydata()) == {100}
    assert panels[3].get_xscale() == "log"
