"""Currents and responses of trains from made-up data."""

import numpy as np
import xarray as xr

KINDS = ["depressing", "facilitating"]


def made_up():
    """Return falling and rising responses at two rates."""
    falling, rising = [100.0, 50.0, 25.0], [100.0, 200.0, 300.0]
    return xr.Dataset(
        {
            "current": (("synapse", "time"), [[0.0, 120.0, 60.0], [0.0, 40.0, 90.0]]),
            "response": (("synapse", "rate", "spike"), [[falling] * 2, [rising] * 2]),
            "steady": (("synapse", "steady_rate"), [[90.0, 20.0], [110.0, 400.0]]),
            "limit": ("steady_rate", [250.0, 25.0]),
        },
        {
            "synapse": KINDS, "time": [-0.05, 0.0, 0.05], "rate": [5.0, 20.0], "spike": [1, 2, 3],
            "steady_rate": [1.0, 10.0],
        },
    )  # fmt: skip


def test_the_current_of_each_synapse_has_a_panel(drawn):
    for panel, kind, peak in zip(drawn(made_up()).axes[:2], KINDS, (120, 90), strict=True):
        assert kind in panel.get_title()
        assert np.max(panel.lines[0].get_ydata()) == peak
        assert panel.get_ylabel() == "inward current (pA)"
        assert panel.get_xlabel() == "time from the first spike (s)"


def test_responses_are_a_line_for_each_rate_and_synapse(drawn):
    panel = drawn(made_up()).axes[2]
    drawn_lines = [line for line in panel.lines if len(line.get_xdata()) == 3]
    assert [line.get_ydata()[-1] for line in drawn_lines] == [25, 25, 300, 300]
    assert drawn_lines[0].get_linestyle() != drawn_lines[1].get_linestyle()
    assert drawn_lines[0].get_color() != drawn_lines[2].get_color()


def test_the_limit_is_drawn_where_it_is_below_the_first_response(drawn):
    *_, limit, _ = drawn(made_up()).axes[3].lines
    assert limit.get_xdata().tolist() == [10]
    assert limit.get_ydata().tolist() == [25]
