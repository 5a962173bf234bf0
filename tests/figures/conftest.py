"""Figures drawn from made-up data: nothing is simulated here."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import xarray as xr

from plasticity_sim.drawing import paper_style
from plasticity_sim.figure import read_figure

mpl.use("Agg")


@pytest.fixture
def drawn(request):
    """Return the picture that a figure draws of made-up data, laid out as it is written.

    The figure is the one that the test's file is named after.
    """
    name = request.path.stem.removeprefix("test_")

    def draw(data: xr.Dataset):
        figure = read_figure(name).draw(data)
        with paper_style():
            figure.savefig(io.BytesIO(), format="png", dpi=40)
        return figure

    yield draw
    plt.close("all")
