"""Trains of spikes depress one synapse and facilitate another (Tsodyks, Pawelzik & Markram 1998).

Two synapses of a layer 5 pyramidal cell with the paper's constants: (A) on another pyramidal cell,
(B) on an inhibitory one. Inward synaptic current of eight spikes at 20 Hz and of one more half a
second later. (C) Response to each of the eight spikes, of the first, at three rates, in the colours
of (A) and (B). (D) Response in a steady train, of the first, against its rate. Thin line: the limit
of Tsodyks & Markram (1997) for the depressing synapse, which then releases just what recovers, so
that its current is the same at any rate. All are models, one synapse each, without the chance of
single releases; no measured currents were at hand.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_model, simulate
from plasticity_sim.drawing import (
    COLOURS,
    DASHES,
    FULL_WIDTH,
    MILLIMETRE,
    letter,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure

SYNAPSES = {"depressing": "tsodyks_markram", "facilitating": "tsodyks_markram_facilitating"}
SPIKES, SHOWN = 8, 20.0  # of a train; Hz of the currents
WINDOW = np.arange(-0.05, 0.95, 0.001)  # s


def data(load: Loader = load_model) -> xr.Dataset:
    """Run the short and the long trains on both synapses."""
    models = {kind: load(name) for kind, name in SYNAPSES.items()}
    kinds = xr.Variable("synapse", list(models))
    result = xr.concat([responses(model) for model in models.values()], kinds)
    result["limit"] = limit(models["depressing"], result["steady_rate"])
    for name, unit, words in LONG_NAMES:
        result[name].attrs = {"units": unit, "long_name": words}
    return result


LONG_NAMES = (
    ("current", "pA", "synaptic current, inward"),
    ("response", "%", "response, of that of a rested synapse"),
    ("steady", "%", "steady response, of that of a rested synapse"),
    ("limit", "%", "limit of the steady response"),
    ("time", "s", "time from the first spike"),
    ("rate", "Hz", "rate of the spikes"),
    ("steady_rate", "Hz", "rate of the spikes"),
    ("spike", "1", "number of the spike"),
)


def responses(model: Model) -> xr.Dataset:
    """Return the current (pA) and the responses (%) of one synapse."""
    short = simulate(model, "short_trains").isel(state=0, synapse=0)
    shown = short.sel(rate=SHOWN)
    current = np.interp(WINDOW, shown["time"], 1e3 * shown["i_syn"])
    each = [
        np.interp(np.arange(SPIKES) / rate, own["time"], own["strength"])
        for rate, own in ((rate, short.sel(rate=rate)) for rate in short["rate"].to_numpy())
    ]
    long = at_measure(simulate(model, "steady_trains")).reset_coords(drop=True)
    return xr.Dataset(
        {
            "current": ("time", current),
            "response": (("rate", "spike"), each),
            "steady": ("steady_rate", long.to_numpy()),
        },
        coords={
            "time": WINDOW, "rate": short["rate"].to_numpy(),
            "spike": np.arange(1, SPIKES + 1), "steady_rate": long["rate"].to_numpy(),
        },
    )  # fmt: skip


def limit(model: Model, rate: xr.DataArray) -> xr.DataArray:
    """Return the response (%) of a synapse that releases all that recovers."""
    recovery, share = (model.parameters[name].value for name in ("tau_rec", "u_se"))
    return 100 / (rate * recovery * share)


def draw(data: xr.Dataset) -> Figure:
    """Draw the currents above, the responses in short and in steady trains below."""
    with paper_style():
        figure, panels = subplots(
            2, 2, figsize=(FULL_WIDTH, 110 * MILLIMETRE), layout="constrained"
        )
        kinds = data["synapse"].to_numpy()
        for panel, kind, colour in zip(panels[0], kinds, COLOURS, strict=False):
            panel.plot(data["time"], data["current"].sel(synapse=kind), color=colour, linewidth=0.8)
            panel.set(xlabel="time from the first spike (s)", ylabel="inward current (pA)")
            panel.set(title=f"{kind} synapse, {SHOWN:g} Hz", xlim=(-0.05, 0.95))
            panel.set_ylim(bottom=0)
        for kind, colour in zip(kinds, COLOURS, strict=False):
            draw_responses(panels[1, 0], data.sel(synapse=kind), colour)
            panels[1, 1].plot(data["steady_rate"], data["steady"].sel(synapse=kind), "o-",
                              color=colour, markersize=3, label=kind)  # fmt: skip
        add_legend(panels[1, 0], data)
        panels[1, 0].set(xlabel="number of the spike", ylabel="response (% of the first)")
        draw_limit(panels[1, 1], data)
        for panel in panels[1]:
            mark_baseline(panel)
            panel.set_yscale("log")
            panel.yaxis.set_major_formatter("{x:g}")
        letter(panels.flat)
    return figure


def draw_responses(panel: Axes, own: xr.Dataset, colour: str) -> None:
    """Draw the response to each spike of a short train, a line for each rate."""
    for rate, dash in zip(own["rate"].to_numpy(), DASHES, strict=False):
        line = own["response"].sel(rate=rate)
        panel.plot(own["spike"], line, color=colour, linestyle=dash, marker="o", markersize=2)


def add_legend(panel: Axes, data: xr.Dataset) -> None:
    """Say which dash is which rate; the colours are those of the panels above."""
    for rate, dash in zip(data["rate"].to_numpy(), DASHES, strict=False):
        panel.plot([], [], color="0.3", linestyle=dash, label=f"{rate:g} Hz")
    panel.legend(loc="lower left")


def draw_limit(panel: Axes, data: xr.Dataset) -> None:
    """Draw the limit where it is below the response of a rested synapse."""
    low = data["limit"] <= 100
    panel.plot(data["steady_rate"][low], data["limit"][low], color="0.4", linewidth=0.7,
               linestyle=DASHES[1], label="limit of the depressing one")  # fmt: skip
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set(xlabel="rate (Hz)", ylabel="steady response (% of the first)")
    panel.legend(loc="lower left")
