"""A spike just after the synapse's release brings more calcium than both by themselves.

(A) Calcium in the spine of the default model (`ca1_spine`, the median synapse) after a release, an
action potential, and the action potential 10 ms after the release; dashed, the sum of the two
alone. (B) Largest calcium above rest of a pair over that of the linear sum, against the lag from
release to spike. Lines are models; in `shouval_2002` a spike alone brings none. Squares are imaging
of spines in barrel cortex with s.e.m.: layer 4, n = 13, 13, 5 and 7 spines at 10, 20, 50 and -50 ms
(Nevian & Sakmann 2004; its s.d. over the root of n), layer 2/3, n = 39 (Nevian & Sakmann 2006);
both read in the notes of somebody who read the papers.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_model, simulate
from plasticity_sim.drawing import (
    DASHES,
    FULL_WIDTH,
    MILLIMETRE,
    draw_measured,
    letter,
    look,
    paper_style,
)
from plasticity_sim.experiment.tables import read_table
from plasticity_sim.figure import Loader

MODELS = ("ca1_spine", "graupner_brunel_2007", "chindemi_2022", "shouval_2002")
LAGS = (*range(-80, -10, 10), *range(-10, 20, 2), *range(20, 40, 5), *range(40, 81, 10))
LAG = 10  # ms, of the pair whose calcium is shown
TIME = np.arange(-100, 200.1, 0.5)  # ms
TABLE = Path(__file__).with_suffix(".csv")


def data(load: Loader = load_model) -> xr.Dataset:
    """Give every model one release, one spike, and pairs of them."""
    models = [load(name) for name in MODELS]
    alone = [transients(model) for model in models]
    pairs = [paired(model) for model in models]
    factors = [
        [float(pair.sel(lag=lag).max()) / linear_sum(one, lag).max() for lag in LAGS]
        for one, pair in zip(alone, pairs, strict=True)
    ]
    result = xr.Dataset(coords={"model": list(MODELS)})
    result["factor"] = (("model", "lag"), factors, {"units": "1", "long_name": "supralinearity"})
    result.coords["lag"] = ("lag", list(LAGS), {"units": "ms", "long_name": "spike after release"})
    clock = {"units": "ms", "long_name": "time from the release"}
    result.coords["time"] = ("time", TIME, clock)
    shown = [*alone[0], pairs[0].sel(lag=LAG), linear_sum(alone[0], LAG)]
    names = ["release", "spike", "pair", "linear sum"]
    result["calcium"] = (("case", "time"), shown, {"units": "uM", "long_name": "above rest"})
    return result.assign_coords(case=names).merge(measured())


def transients(model: Model) -> np.ndarray:
    """Return calcium above rest (uM) after a release and after a spike, both at time 0."""
    run = simulate(model, "spikes_apart", synapses=1).isel(state=0, synapse=0)
    return np.array([above_rest(run.sel(arm=arm)) for arm in ("pre", "post")])


def paired(model: Model) -> xr.DataArray:
    """Return calcium above rest (uM) of pairs at every lag."""
    lags = ", ".join(f"{lag} ms" for lag in LAGS)
    run = simulate(model, "single_pair", lag=lags, synapses=1).isel(state=0, synapse=0)
    curves = [above_rest(run.sel(lag=lag)) for lag in LAGS]
    return xr.DataArray(curves, {"lag": list(LAGS), "time": TIME}, ("lag", "time"))


def above_rest(run: xr.Dataset) -> np.ndarray:
    """Return calcium (uM) above its first value, at every TIME from the release."""
    ca = run["ca"].to_numpy()
    return np.interp(TIME, 1e3 * run["time"], ca - ca[0], left=0.0)


def linear_sum(alone: np.ndarray, lag: float) -> np.ndarray:
    """Return the calcium of a release and, `lag` later, a spike if they only added up."""
    release, spike = alone
    return release + np.interp(TIME - lag, TIME, spike, left=0.0)


def measured() -> xr.Dataset:
    """Return the imaged factors with their standard errors."""
    rows = [row.cells for row in read_table(TABLE).rows]
    result = xr.Dataset(coords={"cells": ("spine", [row["cells"] for row in rows])})
    sem = [
        float(row["spread"]) / (np.sqrt(int(row["n"])) if row["spread_is"] == "sd" else 1)
        for row in rows
    ]
    result["measured_lag"] = ("spine", [float(row["lag (ms)"]) for row in rows], {"units": "ms"})
    result["measured"] = ("spine", [float(row["factor"]) for row in rows], {"units": "1"})
    result["measured_sem"] = ("spine", sem, {"units": "1"})
    result["measured_n"] = ("spine", [int(row["n"]) for row in rows], {"units": "1"})
    return result


def draw(data: xr.Dataset) -> Figure:
    """Draw calcium against time, and the factor against the lag with the measured ones."""
    with paper_style():
        size = (FULL_WIDTH, 76 * MILLIMETRE)
        figure, (left, right) = subplots(1, 2, figsize=size, layout="constrained")
        looks = [look(0), look(1), {"color": "black"}, {"color": "0.5", "linestyle": DASHES[1]}]
        for case, style in zip(data["case"].to_numpy(), looks, strict=True):
            left.plot(data["time"], data["calcium"].sel(case=case), label=case, **style)
        left.set(xlim=(-20, 150), xlabel="time from the release (ms)")
        left.set(ylabel="spine calcium above rest (µM)")
        left.legend()
        right.axhline(1, color="0.6", linewidth=0.6, zorder=0)
        for number, model in enumerate(data["model"].to_numpy()):
            right.plot(data["lag"], data["factor"].sel(model=model), label=model, **look(number))
        layers = sorted(set(data["cells"].to_numpy()))
        for cells, fill in zip(layers, ("0.6", "white"), strict=False):
            there = data.isel(spine=data["cells"].to_numpy() == cells)
            draw_measured(right, there["measured_lag"], there["measured"], there["measured_sem"],
                          label=cells, markerfacecolor=fill)  # fmt: skip
        right.set(xlabel="lag, release to spike (ms)", ylabel="peak of pair / of linear sum")
        handles = right.get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower right", ncols=3)
        letter((left, right))
    return figure
