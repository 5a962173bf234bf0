"""One minute of spike pairs writes the synapse up or down, after Graupner & Brunel (2007).

60 pairs at 1 Hz at lags from -30 to 30 ms: strength of a population that starts three quarters
down, calcium of the first pair, phosphorylated CaMKII from either state, and free PP1.
"""

import xarray as xr
from matplotlib.figure import Figure

from plasticity_sim import simulate
from plasticity_sim.plots import draw_run


def data() -> xr.Dataset:
    """Simulate all lags of the shipped protocol."""
    return simulate("graupner_brunel_2007", "stdp_pairs")


def draw(data: xr.Dataset) -> Figure:
    """Draw the curve, and the time courses of the lags that change most."""
    return draw_run([data])
