"""Each synapse is all-or-none, their mean is graded (after O'Connor, Wittenberg & Wang 2005).

The default model, ca1_spine, with n = 64 synapses that differ in their NMDA receptors. (A) Strength
after 100 pulses at 100 Hz: single synapses and their mean. (B) The same for 900 pulses at 1 Hz. (C)
Strengths of the single synapses 8 h after either, when all have settled. (D) Mean 45 min after 900
pulses at each rate, and (E) share of synapses that are then above 110 % or below 90 %. All are
models: of the paper only the abstract was read, by which single synapses step within less than a
minute and about three quarters of them begin low. Here a step takes the minutes that the traffic of
receptors needs, and every synapse begins in one basal state, from which it can go either way.
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplot_mosaic

from plasticity_sim import Protocol, load_model, load_protocol, simulate
from plasticity_sim.drawing import (
    COLOURS,
    FULL_WIDTH,
    MILLIMETRE,
    letter,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure
from plasticity_sim.score import NOTHING

INDUCTIONS = {"100 pulses at 100 Hz": "high_frequency", "900 pulses at 1 Hz": "low_frequency"}
SETTLED = "8 h"
BINS = np.arange(55, 200, 10)  # %
SAMPLES = np.arange(-600.0, 3601.0, 20.0)  # s from the first pulse

LONG_NAMES = {
    "course": "strength of one synapse", "settled": f"strength of one synapse after {SETTLED}",
    "mean": "mean strength", "up": "share of synapses above 110 %",
    "down": "share of synapses below 90 %",
}  # fmt: skip


def data(load: Loader = load_model) -> xr.Dataset:
    """Follow every synapse through a tetanus and through slow pulses, and run the rates."""
    model = load("ca1_spine")
    courses, settled = [], []
    for name in INDUCTIONS.values():
        run = simulate(model, name)
        each = run["strength_of_synapse"].swap_dims(sample="time").interp(time=SAMPLES)
        courses.append(each.reset_coords(drop=True))
        last = at_measure(simulate(model, much_later(name)), "strength_of_synapse")
        settled.append(last.reset_coords(drop=True))
    rates = simulate(model, "frequency_sweep")
    change = at_measure(rates, "strength_of_synapse") - 100
    kinds = xr.Variable("induction", list(INDUCTIONS))
    result = xr.Dataset(
        {
            "course": xr.concat(courses, kinds),
            "settled": xr.concat(settled, kinds),
            "mean": at_measure(rates),
            "up": 100 * (change > NOTHING).mean("synapse"),
            "down": 100 * (change < -NOTHING).mean("synapse"),
        }
    ).reset_coords(drop=True)
    for name, words in LONG_NAMES.items():
        result[name].attrs = {"units": "%", "long_name": words}
    result["time"].attrs = {"units": "s", "long_name": "time from the first pulse"}
    return result


def much_later(name: str) -> Protocol:
    """Return the protocol followed until every synapse has settled, and read then."""
    protocol = load_protocol(name)
    own = {
        "follow_up": {"duration": SETTLED}, "record": [{"every": "10 min"}],
        "measure": {"at": SETTLED},
    }  # fmt: skip
    return replace(protocol, data=protocol.data | own)


def draw(data: xr.Dataset) -> Figure:
    """Draw the time courses above, and the settled strengths, means and shares below."""
    with paper_style():
        figure, panels = subplot_mosaic(
            [[*"AAABBB"], [*"CCDDEE"]], figsize=(FULL_WIDTH, 112 * MILLIMETRE), layout="constrained"
        )
        for name, induction in zip("AB", data["induction"].to_numpy(), strict=True):
            draw_courses(panels[name], data["course"].sel(induction=induction))
            panels[name].set_title(induction)
        panels["A"].set_ylabel("synaptic strength (% of baseline)")
        panels["B"].legend(loc="upper right")  # where no synapse goes
        draw_settled(panels["C"], data["settled"])
        draw_means(panels["D"], data)
        draw_shares(panels["E"], data)
        letter(panels.values())
    return figure


def draw_courses(panel: Axes, course: xr.DataArray) -> None:
    """Draw every synapse thinly, and the mean over them."""
    minutes = course["time"] / 60
    panel.plot(minutes, course.transpose("time", "synapse"), color="0.65", linewidth=0.4)
    panel.plot([], [], color="0.65", linewidth=0.8, label="one synapse")
    panel.plot(minutes, course.mean("synapse"), color=COLOURS[0], linewidth=2, label="mean")
    mark_baseline(panel)
    panel.set(xlabel="time from the first pulse (min)", xlim=(-10, 60), ylim=(60, 195))


def draw_settled(panel: Axes, settled: xr.DataArray) -> None:
    """Draw how many synapses end at each strength."""
    for number, induction in enumerate(settled["induction"].to_numpy()):
        style = {"color": COLOURS[number], "hatch": ("", "/////")[number], "edgecolor": "white"}
        count, edges = np.histogram(settled.sel(induction=induction), BINS)
        width = (edges[1] - edges[0]) / 2
        panel.bar(edges[:-1] + number * width, count, width, align="edge", label=induction,
                  linewidth=0, **style)  # fmt: skip
    panel.set(xlabel="settled strength (% of baseline)", ylabel="number of synapses")
    panel.set_ylim(top=1.35 * panel.get_ylim()[1])
    panel.legend(loc="upper left", borderaxespad=0)


def draw_means(panel: Axes, data: xr.Dataset) -> None:
    """Draw the mean strength against the rate."""
    panel.plot(data["rate"], data["mean"], "o-", color=COLOURS[0], markersize=3)
    mark_baseline(panel)
    panel.set(ylabel="mean strength (% of baseline)")
    set_rates(panel, data["rate"])


def draw_shares(panel: Axes, data: xr.Dataset) -> None:
    """Draw the shares of synapses that go either way against the rate."""
    panel.plot(data["rate"], data["up"], "^-", color=COLOURS[5], markersize=3.5, label="up")
    panel.plot(data["rate"], data["down"], "v--", color=COLOURS[0], markersize=3.5, label="down")
    panel.set(ylabel="share of synapses (%)", ylim=(-3, 118), yticks=range(0, 101, 25))
    set_rates(panel, data["rate"])
    panel.legend(loc="upper right", ncols=2, borderaxespad=0)


def set_rates(panel: Axes, rates: xr.DataArray) -> None:
    """Spread the rates, which go over two decades."""
    panel.set_xscale("log")
    panel.set_xticks(rates, [f"{rate:g}" for rate in rates.to_numpy()])
    panel.minorticks_off()
    panel.set_xlabel("rate (Hz)")
