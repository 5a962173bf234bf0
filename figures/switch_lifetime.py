"""A switch of few CaMKII holoenzymes loses its state, the later the more there are of them.

The stochastic switch of Singh & Bhalla (2018), every molecule counted, with turnover and exchange
of subunits, under the paper's small pulses of calcium. (A) Active holoenzymes of three synapses
with 5, 10 and 15 of them over half a day; of each number it is the first synapse that changes its
state. (B) Mean time in a state, that of off and that of on averaged, against the number of
holoenzymes; PP1 grows with them. Squares: the authors' own simulations (table behind their figure
1E), with the standard error where the number of changes is known. Dots: simulated here, n = 48
synapses from either state for each number, over half a day, mean and standard error. Line:
exponential growth through the authors' values up to 30 holoenzymes. All are models, nothing is
measured.
"""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots
from numpy.typing import NDArray

from plasticity_sim import Model, load_model, load_protocol, simulate
from plasticity_sim.drawing import COLOURS, FULL_WIDTH, MILLIMETRE, draw_measured, paper_style
from plasticity_sim.figure import Loader
from plasticity_sim.model.parts import Start

TABLE = Path(__file__).with_suffix(".csv")  # authors' repository, table behind figure 1E
SIMULATED = (5, 10, 15)  # holoenzymes
SYNAPSES, HOURS, SAMPLE = 48, 12, 500.0  # the last in s, as in the authors' recorded run
STRAIGHT = 30  # holoenzymes: the line goes through the authors' values up to here
DAY = 86400.0


def data(load: Loader = load_model) -> xr.Dataset:
    """Simulate synapses of three sizes side by side, and count how often they change."""
    table = published()
    sizes = [table.sel(rings=rings) for rings in SIMULATED]
    model = of_sizes(load("singh_bhalla_2018"), {int(x["rings"]): int(x["pp1"]) for x in sizes})
    protocol = load_protocol("test_pulses")
    alone = {
        "title": "The switch alone", "record": [{"every": f"{SAMPLE} s"}],
        "follow_up": {"duration": f"{HOURS} h"},
    }  # fmt: skip
    protocol = replace(protocol, data={"format": 1, **alone})
    active = simulate(model, protocol, synapses=SYNAPSES)["camkii_active"].reset_coords(drop=True)
    result = table.rename(days="published", error="published_error")
    result.coords["size"] = list(SIMULATED)
    found, examples = [], []
    for rings in SIMULATED:
        lanes = active.sel(state=[f"{rings} off", f"{rings} on"]).transpose(
            "state", "synapse", "sample"
        )
        lanes = lanes.to_numpy().reshape(-1, active.sizes["sample"])
        found.append(lifetime(lanes, rings))
        examples.append(lanes[changing(lanes, rings)])
    result["lifetime"], result["error"] = (("size", list(x)) for x in zip(*found, strict=True))
    result["active"] = (("size", "time"), np.array(examples))
    result.coords["time"] = SAMPLE * np.arange(result.sizes["time"]) / 3600
    for name, words in LONG_NAMES.items():
        result[name].attrs = {"units": "d", "long_name": words}
    result["active"].attrs = {"units": "1", "long_name": "active holoenzymes"}
    result["time"].attrs = {"units": "h", "long_name": "time"}
    return result


LONG_NAMES = {
    "published": "mean time in a state, the authors'", "published_error": "its standard error",
    "lifetime": "mean time in a state", "error": "its standard error",
}  # fmt: skip


def published() -> xr.Dataset:
    """Return the authors' times (days) by the number of holoenzymes, with their errors."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [{key: float(x or "nan") for key, x in row.items()} for row in csv.DictReader(file)]
    table = xr.Dataset({key: ("rings", [row[key] for row in rows]) for key in rows[0]})
    table = table.set_coords("rings")
    table["error"] = table["days"] / np.sqrt(table["transitions"])
    return table.drop_vars("transitions")


def of_sizes(model: Model, pp1: Mapping[int, int]) -> Model:
    """Return the model with a state off and one on for each number of holoenzymes."""
    states = {}
    for rings, molecules in pp1.items():
        sevens = rings // 2
        sixes = rings - sevens
        off = {"p0": sixes, "q0": sevens, "p6": 0, "q7": 0, "pp1_held": molecules}
        on = {"p0": 0, "q0": 0, "p6": sixes, "q7": sevens, "pp1_held": molecules}
        states |= {f"{rings} off": starts(off), f"{rings} on": starts(on)}
    return replace(model, states=states, mix=dict.fromkeys(states, 1 / len(states)))


def starts(values: Mapping[str, int]) -> dict[str, Start]:
    """Return the first values of some variables."""
    return {name: Start(str(value), quantity=value) for name, value in values.items()}


def lifetime(active: NDArray[np.float64], rings: int) -> tuple[float, float]:
    """Return the mean time (days) in a state and its standard error, over all lanes.

    Off begins with a tenth of the holoenzymes active or fewer, on with all of them, about as the
    authors count; what comes back from between is no change.
    """
    state = states_of(active, rings)
    time, ends = [], []
    for now in (0, 1):
        time.append(SAMPLE * (state[:, :-1] == now).sum() / DAY)
        ends.append(((state[:, :-1] == now) & (state[:, 1:] == 1 - now)).sum())
    if not all(ends):
        return np.nan, np.nan
    means = np.array(time) / ends
    return float(means.mean()), float(np.sqrt((means**2 / ends).sum()) / 2)


def states_of(active: NDArray[np.float64], rings: int) -> NDArray[np.int64]:
    """Return 0 for off, 1 for on, and -1 before either was reached, of lanes x samples."""
    state = np.where(active <= rings // 10, 0, np.where(active == rings, 1, -1))
    for column in range(1, state.shape[1]):
        unclear = state[:, column] < 0
        state[unclear, column] = state[unclear, column - 1]
    return state


def changing(active: NDArray[np.float64], rings: int) -> int:
    """Return the first lane that changes its state; the first of all if none does."""
    state = states_of(active, rings)
    return int(np.argmax(((state[:, :-1] >= 0) & (np.diff(state) != 0)).any(axis=1)))


def draw(data: xr.Dataset) -> Figure:
    """Draw an example of each number on the left, the mean times on the right."""
    with paper_style():
        figure, panels = subplots(
            data.sizes["size"], 2, figsize=(FULL_WIDTH, 80 * MILLIMETRE), sharex="col",
            layout="constrained", width_ratios=(1, 1),
        )  # fmt: skip
        for panel, size in zip(panels[:, 0], data["size"].to_numpy(), strict=True):
            own = data["active"].sel(size=size)
            panel.step(data["time"], own, where="post", color=COLOURS[0], linewidth=0.8)
            panel.set(ylim=(-0.06 * size, 1.3 * size), yticks=[0, size])
            panel.set_title(f"{size} holoenzymes", loc="right", y=0.82, fontsize=7)
        panels[-1, 0].set(xlabel="time (h)", xlim=(0, float(data["time"].max())))
        panels[len(panels) // 2, 0].set_ylabel("active holoenzymes")
        grid = panels[0, 1].get_gridspec()
        for panel in panels[:, 1]:
            panel.remove()
        right = figure.add_subplot(grid[:, 1])
        draw_lifetimes(right, data)
        panels[0, 0].set_title("A", loc="left", fontweight="bold")
        right.set_title("B", loc="left", fontweight="bold")
    return figure


def draw_lifetimes(panel: Axes, data: xr.Dataset) -> None:
    """Draw the mean time in a state against the number of holoenzymes."""
    low = data.sel(rings=data["rings"] <= STRAIGHT)
    slope, start = np.polyfit(low["rings"], np.log(low["published"]), 1)
    panel.plot(data["rings"], np.exp(start + slope * data["rings"]), color="0.6", linewidth=0.8,
               label=f"a factor of e every {1 / slope:.1f}")  # fmt: skip
    draw_measured(
        panel, data["rings"], data["published"], data["published_error"],
        label="Singh & Bhalla 2018",
    )  # fmt: skip
    panel.errorbar(
        data["size"], data["lifetime"], data["error"], fmt="o", color=COLOURS[5], markersize=3,
        linewidth=0.8, capsize=1.5, label="simulated here", zorder=5,
    )  # fmt: skip
    panel.set_yscale("log")
    panel.set(xlabel="number of holoenzymes", ylabel="mean time in a state (days)", xlim=(0, 42))
    panel.legend(loc="upper left")
