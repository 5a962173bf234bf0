"""Times in a state from made-up data, and how they are counted."""

import numpy as np
import pytest
import xarray as xr

from plasticity_sim.figure import read_figure

RINGS = [5.0, 15.0, 40.0]


def made_up():
    """Return times that grow e-fold every 5 holoenzymes, an error known for the first two."""
    days = np.exp(np.array(RINGS) / 5)
    return xr.Dataset(
        {
            "published": ("rings", days),
            "published_error": ("rings", [0.5, 2.0, np.nan]),
            "lifetime": ("size", [3.0, 18.0]),
            "error": ("size", [0.4, 3.0]),
            "active": (("size", "time"), [[0.0, 3.0, 5.0], [15.0, 7.0, 0.0]]),
        },
        {"rings": RINGS, "size": [5, 15], "time": [0.0, 6.0, 12.0]},
    )


def test_published_and_simulated_times_are_points_with_error_bars(drawn):
    *_, panel = drawn(made_up()).axes
    published, simulated = panel.containers
    assert published.lines[0].get_xdata().tolist() == RINGS
    np.testing.assert_allclose(simulated.lines[2][0].get_segments()[0], [[5, 2.6], [5, 3.4]])
    assert panel.get_yscale() == "log"
    assert "(days)" in panel.get_ylabel()


def test_the_line_grows_as_the_published_times_do(drawn):
    *_, panel = drawn(made_up()).axes
    np.testing.assert_allclose(panel.lines[0].get_ydata(), np.exp(np.array(RINGS) / 5))
    assert "a factor of e every 5.0" in [t.get_text() for t in panel.get_legend().get_texts()]


def test_an_example_of_each_number_is_drawn(drawn):
    few, many, _ = drawn(made_up()).axes
    assert few.lines[0].get_ydata().tolist() == [0, 3, 5]
    assert many.get_title(loc="right") == "15 holoenzymes"
    assert many.get_xlabel() == "time (h)"


@pytest.fixture(scope="module")
def counted():
    """Return the function that counts changes."""
    return read_figure("switch_lifetime").data.__globals__["lifetime"]


def test_what_comes_back_from_between_is_no_change(counted):
    back = np.array([[0, 3, 0, 0, 10, 4, 10, 10, 0]], float)  # of ten: off until on, on until off
    mean, error = counted(back, 10)
    sample = 500 / 86400  # days; four of them off, then four on, each of which ends once
    assert mean == pytest.approx(4 * sample)
    assert error == pytest.approx(np.hypot(4, 4) / 2 * sample)


def test_without_a_change_there_is_no_lifetime(counted):
    assert np.isnan(counted(np.zeros((3, 5)), 10)).all()
