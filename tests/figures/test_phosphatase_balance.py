"""Enzymes against calcium from made-up data."""

import numpy as np
import xarray as xr


def made_up():
    calcium = np.linspace(0.05, 1, 20)
    rates = {name: ("ca", calcium + 1, {"units": "1/s"}) for name in ("v_can", "v_pka")}
    amounts = {name: ("ca", 10 * calcium, {"units": "nM"}) for name in ("i1p", "pp1_active")}
    return xr.Dataset(rates | amounts, {"ca": calcium}, {"ca_rest": 0.1})


def test_activities_and_amounts_are_drawn_with_their_units_and_the_resting_calcium(drawn):
    figure = drawn(made_up())
    assert [panel.get_ylabel() for panel in figure.axes] == [
        "activity (1/s)", "inhibitor 1 with phosphate (nM)", "free PP1 (nM)"]  # fmt: skip
    for panel in figure.axes:
        assert panel.get_xlabel() == "calcium (µM)"
        assert list(panel.lines[-1].get_xdata()) == [0.1, 0.1]
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["calcineurin", "PKA"]
