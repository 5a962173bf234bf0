"""Currents and free fractions from made-up data."""

import numpy as np
import xarray as xr

VOLTS = np.linspace(-100, 60, 17)


def made_up():
    """Return straight currents, steeper with less magnesium."""
    levels, forms = [0.0, 1.0, 2.0], ["one", "other"]
    return xr.Dataset(
        {
            "current_of_level": (("mg_out", "v"), [VOLTS / (1 + level) for level in levels]),
            "current": (("form", "v"), [VOLTS, 2 * VOLTS]),
            "free": (("form", "v"), [np.full(17, 0.2), np.full(17, 0.3)]),
        },
        {"mg_out": levels, "form": forms, "v": VOLTS},
    )


def test_every_concentration_and_every_block_is_a_line(drawn):
    figure = drawn(made_up())
    currents, blocks, free = figure.axes
    assert [text.get_text() for text in currents.get_legend().get_texts()] == [
        "0 mM Mg", "1 mM Mg", "2 mM Mg"]  # fmt: skip
    np.testing.assert_allclose(currents.lines[1].get_ydata(), VOLTS / 2)
    np.testing.assert_allclose(blocks.lines[1].get_ydata(), 2 * VOLTS)
    assert free.get_ylim() == (0, 1)


def test_blocks_are_told_apart_without_colour(drawn):
    lines = drawn(made_up()).axes[2].lines
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
