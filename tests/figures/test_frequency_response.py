"""Strength against rate from made-up data."""

import numpy as np
import xarray as xr


def made_up():
    """Return a population of two, and measured signs at three rates."""
    rates = [1.0, 10.0, 50.0]
    return xr.Dataset(
        {
            "strength": ("rate", [80.0, 100.0, 150.0]),
            "strength_of_synapse": (("rate", "synapse"), [[70, 90], [80, 120], [120, 180]]),
            "strength_of_model": (("model", "rate"), [[100, 90, 80], [100, 110, 120]]),
            "measured_rate": ("outcome", rates),
            "measured_sign": ("outcome", [-1, 0, 1]),
        },
        {"rate": rates, "model": ["one", "other"]},
    )


def test_signs_are_marks_at_the_top_and_not_at_a_value(drawn):
    for panel in drawn(made_up()).axes:
        marks = [line for line in panel.lines if line.get_transform() != panel.transData]
        shapes = {line.get_xdata()[0]: line.get_marker() for line in marks if line.get_xdata()[0]}
        assert {1.0: "v", 10.0: "_", 50.0: "^"}.items() <= shapes.items()
        assert all(np.all(line.get_ydata() > 0.9) for line in marks if line.get_marker() in "v_^")


def test_synapses_are_dots_under_their_mean(drawn):
    dots, mean = drawn(made_up()).axes[0].lines[:2]
    assert dots.get_ydata().tolist() == [70, 90, 80, 120, 120, 180]
    assert dots.get_zorder() < mean.get_zorder()
    assert mean.get_ydata().tolist() == [80, 100, 150]
