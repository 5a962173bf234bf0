"""One minute of spike pairs writes the synapse up or down, after Graupner & Brunel (2007).

60 pairs at 1 Hz with the postsynaptic spike 12 ms after, or 10 ms before, the presynaptic one:
strength of a population that starts three quarters down, calcium of the first pair,
phosphorylated CaMKII from either state, and free PP1.
"""

import xarray as xr
from matplotlib.figure import Figure

from plasticity_sim import simulate
from plasticity_sim.plots import draw_run


def data() -> xr.Dataset:
    """Simulate both lags, and five minutes after."""
    settings = {"follow_up.duration": "5 min", "measure.at": "5 min", "lag": "-10, 12 ms"}
    return simulate("graupner_brunel_2007", "stdp_pairs", **settings)


def draw(data: xr.Dataset) -> Figure:
    """Draw the time courses of both lags."""
    return draw_run([data])
