"""A tetanus and theta bursts strengthen the synapse, 1 Hz weakens it: the cascade over time.

The default model (`ca1_spine`): 100 pulses at 100 Hz, two trains of ten theta bursts, and 900
pulses at 1 Hz; no data. (A) Calcium at the onset. (B) Free PP1, and the active share of
calcineurin. (C) Active CaMKII, free and bound, and active PP2A. (D) Strength. Lines are means over
a population of n = 64 synapses that differ in their NMDA receptors, bands the middle half of it:
each synapse is all-or-none, so that the mean can leave the band. Grey, the induction.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_model, simulate
from plasticity_sim.drawing import FULL_WIDTH, MILLIMETRE, letter, look, mark_baseline, paper_style
from plasticity_sim.figure import Loader

PROTOCOLS = {"high_frequency": "tetanus, 100 Hz", "theta_burst": "theta bursts",
             "low_frequency": "900 pulses at 1 Hz"}  # fmt: skip
ENZYMES = {"camkii_active": "CaMKII", "pp2a_active": "PP2A", "pp1_active": "PP1",
           "can_active": "calcineurin"}  # fmt: skip
ROWS = ("calcium (µM)", "active (nM; %)", "active (µM)", "strength (%)")
QUARTERS = [0.25, 0.75]


def data(load: Loader = load_model) -> xr.Dataset:
    """Run the three protocols on the population."""
    model = load("ca1_spine")
    runs = [run(model, name).assign_coords(protocol=name) for name in PROTOCOLS]
    return xr.concat(runs, "protocol", join="outer")


def run(model: Model, protocol: str) -> xr.Dataset:
    """Return mean and middle half of the population under one protocol, against time."""
    simulated = simulate(model, protocol).isel(state=0)
    result = xr.Dataset(coords={"time": ("time", simulated["time"].to_numpy(), {"units": "s"})})
    result["last_pulse"] = float(simulated["last_pulse"])
    result["strength"] = ("time", simulated["strength"].to_numpy(), {"units": "%"})
    spread = {"strength_of_lane": "strength", "ca": "ca", **{name: name for name in ENZYMES}}
    for name, short in spread.items():
        one = simulated[name]
        if short != "strength":
            result[short] = ("time", one.mean("synapse").to_numpy(), one.attrs)
        half = one.quantile(QUARTERS, "synapse").transpose("quantile", "sample").to_numpy()
        result[f"{short}_half"] = (("quarter", "time"), half, one.attrs)
    return result.assign_coords(quarter=QUARTERS)


def draw(data: xr.Dataset) -> Figure:
    """Draw a column for each protocol, a row for each stage of the cascade."""
    with paper_style():
        size = (FULL_WIDTH, 140 * MILLIMETRE)
        figure, rows = subplots(
            len(ROWS), data.sizes["protocol"], figsize=size, layout="constrained", sharey="row"
        )
        for column, name in enumerate(data["protocol"].to_numpy()):
            one = data.sel(protocol=name).dropna("time", subset=["strength"])
            draw_column(rows[:, column], one)
            rows[0, column].set_title(PROTOCOLS[name])
        for panel, label in zip(rows[:, 0], ROWS, strict=True):
            panel.set_ylabel(label)
        rows[0, 0].set_yscale("log")
        for row in rows[1:3]:  # room for the legend
            row[0].set_ylim(0, 1.4 * row[0].get_ylim()[1])
            row[1].legend(loc="upper right", ncols=2)
        letter(rows[:, 0])
    return figure


def draw_column(panels: np.ndarray, one: xr.Dataset) -> None:
    """Draw calcium, the four enzymes and the strength of one protocol."""
    minutes, seconds = one["time"] / 60, one["time"]
    onset = (seconds >= -0.1) & (seconds <= 1.2)
    draw_mean(panels[0], seconds[onset], one.isel(time=onset), "ca", 1, "", 0)
    panels[0].set(xlim=(-0.1, 1.2), xlabel="time from the first pulse (s)")
    draw_mean(panels[1], minutes, one, "pp1_active", 1e3, "PP1 (nM)", 0)
    draw_mean(panels[1], minutes, one, "can_active", 100, "calcineurin (%)", 1)
    for number, name in enumerate(("camkii_active", "pp2a_active")):
        draw_mean(panels[2], minutes, one, name, 1, ENZYMES[name], number)
    draw_mean(panels[3], minutes, one, "strength", 1, "", 0)
    mark_baseline(panels[3])
    for panel in panels[1:]:
        panel.axvspan(0, float(one["last_pulse"]) / 60, color="0.85", linewidth=0.8, zorder=0)
        panel.set(xlim=(-10, 60))
    for panel in panels[1:3]:
        panel.tick_params(labelbottom=False)
    panels[3].set(xlabel="time from the first pulse (min)")


def draw_mean(
    panel: Axes, x: xr.DataArray, one: xr.Dataset, name: str, scale: float, label: str, number: int
) -> None:
    """Draw the population's mean over a band of its middle half."""
    style = look(number)
    low, high = (scale * one[f"{name}_half"].sel(quarter=share) for share in QUARTERS)
    panel.fill_between(x, low, high, color=style["color"], alpha=0.25, linewidth=0)
    panel.plot(x, scale * one[name], label=label, **style)
