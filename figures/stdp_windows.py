"""Sixty spike pairs at 1 Hz: the windows of seven models over the cells of Bi & Poo (1998).

Strength in % of baseline 15 min after the last pair against the lag from the presynaptic to the
postsynaptic spike. (A) Measured: single neurons in hippocampal culture, n = 42 cells of Fig. 7 as
digitised, those at -2.7 ms the mean of two with its s.e.m.; the same points are grey elsewhere.
(B-H) Models, each from its own mixture of states: simulated, that of Graupner & Brunel (2012,
hippocampal cultures) by its closed form for the mean of noisy synapses; of `ca1_spine` the median
synapse. Several were made for other preparations: `ca1_spine` and `chindemi_2022` need more than
one postsynaptic spike a pair or a higher rate.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_experiment, load_model, simulate
from plasticity_sim.closed_forms import solution
from plasticity_sim.drawing import (
    COLOURS,
    FULL_WIDTH,
    MILLIMETRE,
    draw_measured,
    letter,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure

EXPERIMENT = "bi_poo_1998"
CLOSED = "graupner_brunel_2012_hippocampal_cultures"  # its noise would take minutes
MODELS = (
    "pair_stdp",
    "pfister_gerstner_2006_hippocampus",
    "shouval_2002",
    "graupner_brunel_2007",
    CLOSED,
    "chindemi_2022",
    "ca1_spine",
)
RATE, PAIRS = 1.0, 60  # Hz; those of the protocol
TITLES = {"pfister_gerstner_2006_hippocampus": "pfister_gerstner_2006", CLOSED: CLOSED[:20]}
LAGS = (*range(-100, -20, 8), *range(-20, 21, 2), *range(28, 101, 8))  # ms


def data(load: Loader = load_model) -> xr.Dataset:
    """Run the pairs on every model at a grid of lags, and read the measured cells."""
    lag = {"units": "ms", "long_name": "postsynaptic minus presynaptic spike"}
    result = xr.Dataset(coords={"lag": ("lag", list(LAGS), lag), "model": list(MODELS)})
    words = {"units": "%", "long_name": "strength, of baseline"}
    curves = [(closed_form if name == CLOSED else window)(load(name)) for name in MODELS]
    result["strength"] = (("model", "lag"), curves, words)
    experiment = load_experiment(EXPERIMENT)
    (axis,) = experiment.protocol.axes
    outcomes = experiment.outcomes
    lags = [float(axis.coordinate[one.condition]) for one in outcomes]
    result["measured_lag"] = ("cell", lags, lag)
    result["measured"] = ("cell", [one.mean for one in outcomes], words)
    result["measured_sem"] = ("cell", [one.sem or np.nan for one in outcomes], words)
    result["measured_n"] = ("cell", [one.n for one in outcomes], {"units": "1"})
    return result


def window(model: Model) -> np.ndarray:
    """Return the strength (%) after the pairs at every lag."""
    lags = ", ".join(f"{lag} ms" for lag in LAGS)
    return at_measure(simulate(model, EXPERIMENT, lag=lags, synapses=1)).to_numpy()


def closed_form(model: Model) -> np.ndarray:
    """Return the mean strength (%) after the pairs at every lag, as the paper solves it."""
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    found = [solution(values, RATE, [1e-3 * lag], PAIRS) for lag in LAGS]
    return np.array([100 * one.change(model.mix["down"], values["b_weight"]) for one in found])


def draw(data: xr.Dataset) -> Figure:
    """Draw the measured cells, then every model over them."""
    with paper_style():
        size = (FULL_WIDTH, 88 * MILLIMETRE)
        figure, grid = subplots(2, 4, figsize=size, layout="constrained", sharex=True, sharey=True)
        panels = list(grid.flat)
        draw_cells(panels[0], data, "black")
        panels[0].set_title("cells, Bi & Poo 1998", fontsize=7)
        for panel, name in zip(panels[1:], data["model"].to_numpy(), strict=True):
            draw_cells(panel, data, "0.65")
            panel.plot(data["lag"], data["strength"].sel(model=name), color=COLOURS[0], zorder=5)
            panel.set_title(TITLES.get(name, name), fontsize=7)
        for panel in panels:
            mark_baseline(panel)
            panel.axvline(0, color="0.6", linewidth=0.6, zorder=0)
        panels[0].set(ylim=(0, None), xlim=(-105, 105), xticks=(-100, -50, 0, 50, 100))
        figure.supxlabel("lag, presynaptic to postsynaptic spike (ms)", fontsize=8)
        figure.supylabel("synaptic strength (% of baseline)", fontsize=8)
        letter(panels)
    return figure


def draw_cells(panel: Axes, data: xr.Dataset, colour: str) -> None:
    """Draw the measured cells as open squares."""
    draw_measured(panel, data["measured_lag"], data["measured"], data["measured_sem"],
                  color=colour, markersize=2.2, markeredgewidth=0.5)  # fmt: skip
