"""The phase plane of two enzymes from made-up data."""

import numpy as np
import xarray as xr

STATES = ["basal", "ltp", "ltd"]


def made_up():
    """Return two straight nullclines, three stable states and two saddles."""
    grid, levels = np.geomspace(0.01, 20, 40), np.linspace(0.05, 4, 5)
    kinase, phosphatase = np.meshgrid(grid, grid)
    plane = ("pp2a_active", "camkii_active")
    return xr.Dataset(
        {
            "d_camkii_active": (plane, 1 - kinase),
            "d_pp2a_active": (plane, 2 - phosphatase),
            "state_camkii_active": ("rest", [0.1, 0.5, 1.0, 5.0, 10.0]),
            "state_pp2a_active": ("rest", [10.0, 5.0, 2.0, 1.0, 0.1]),
            "state_stable": ("rest", [1, 0, 1, 0, 1]),
            "traced_ampar": (("branch", "point"), [[0.2, 0.3, 0.4], [0.8, 0.7, 0.6]]),
            "traced_ca": (("branch", "point"), [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]),
            "traced_stable": (("branch", "point"), [[1, 1, 1], [0, 0, 0]]),
            "after_step": (("state", "ca_held"), np.ones((3, 5)) * [[0.1], [0.2], [0.3]]),
        },
        {"camkii_active": grid, "pp2a_active": grid, "ca_held": levels, "state": STATES},
    )


def test_stable_states_are_filled_and_saddles_are_open(drawn):
    plane = drawn(made_up()).axes[0]
    marks = {line.get_label(): line for line in plane.lines}
    assert marks["stable state"].get_xdata().size == 3
    assert marks["stable state"].get_markerfacecolor() == "black"
    np.testing.assert_allclose(marks["saddle"].get_xydata(), [[0.5, 5.0], [5.0, 1.0]])
    assert marks["saddle"].get_markerfacecolor() == "white"


def test_branches_are_dashed_where_they_are_unstable(drawn):
    stable, unstable = drawn(made_up()).axes[1].lines
    assert stable.get_linestyle() == "-"
    assert unstable.get_linestyle() != "-"


def test_the_outcome_of_a_window_is_a_line_for_each_state_before(drawn):
    figure = drawn(made_up())
    assert [line.get_ydata()[0] for line in figure.axes[2].lines] == [0.1, 0.2, 0.3]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[-3:] == ["from basal", "from potentiated", "from depressed"]
