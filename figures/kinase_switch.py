"""CaMKII has two stable states at resting calcium and beyond, with unstable ones between them.

Steady states of the kinase, of PP1 and of phosphorylated inhibitor 1 at each calcium level in the
model of Graupner & Brunel (2007), as in Fig. 2 there; no data. The strongly phosphorylated state
exists from 0.09 to 0.22 uM, around the resting level of 0.1 uM, and again above 0.36 uM; PP1 is
most active between. The paper's branches were followed by AUTO; ours are followed by
pseudo-arclength continuation of all 27 equations with calcium held.
"""

import xarray as xr
from matplotlib.figure import Figure

from plasticity_sim import load_model
from plasticity_sim.figure import Loader
from plasticity_sim.steady import continuation, parse_over
from plasticity_sim.steady_plot import draw_diagram


def data(load: Loader = load_model) -> xr.Dataset:
    """Follow every branch from 0.05 to 0.5 uM of calcium."""
    model = load("graupner_brunel_2007")
    return continuation(model, *parse_over("ca=0.05:0.5:100 uM", model)).to_dataset()


def draw(data: xr.Dataset) -> Figure:
    """Draw kinase, phosphatase and inhibitor against calcium."""
    return draw_diagram(data)
