"""A bifurcation diagram from made-up data."""

import numpy as np
import xarray as xr


def made_up():
    """Return a stable and an unstable branch that meet at 0.3 uM."""
    traced = {"dims": ("branch", "point"), "attrs": {"units": "uM", "long_name": "kinase"}}
    calcium = [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]]
    kinase = [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]
    data = xr.Dataset(
        {
            "kinase": (("branch", "ca"), [[1.0, 2.0, 3.0], [5.0, 4.0, 3.0]]),
            "kinase_traced": (traced["dims"], kinase, traced["attrs"]),
            "ca_traced": (traced["dims"], calcium, traced["attrs"]),
            "stable_traced": (traced["dims"], [[True] * 3, [False] * 3]),
            "kinase_saddle": ("saddle_node", [3.0]),
            "ca_saddle": ("saddle_node", [0.3]),
            "joined": (("saddle_node", "side"), [[0, 1]]),
        },
        {"ca": ("ca", [0.1, 0.2, 0.3], {"units": "uM", "long_name": "calcium"})},
        {"over": "ca"},
    )
    return data


def test_stable_branches_are_solid_unstable_ones_dashed_and_meet_in_a_circle(drawn):
    figure = drawn(made_up())
    stable, unstable, node = figure.axes[0].lines
    assert stable.get_linestyle() == "-"
    assert unstable.get_linestyle() != "-"
    np.testing.assert_allclose(node.get_xydata(), [[0.3, 3.0]])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["stable", "unstable", "saddle nodes (µM): 1 at 0.3"]
