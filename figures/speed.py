"""Time for one synapse against the error, of plasticity-sim and of its peers (docs/benchmarks.md).

Each panel is a model under 900 pulses at 1 Hz or 100 at 100 Hz, and what is judged. Each mark is
the fastest settings of one variant of a simulator that stay below the error asked for and deliver
every pulse; an arrow leads to an error that is smaller still. The time is that of one synapse by
itself, or that of a whole batch divided by its n (plasticity-sim and Brian2, 512 at 1 Hz, 1024 at
100 Hz): the median of three repeats on one thread, without compiling. Errors are relative, against
LSODA at a tolerance of 1e-11. Not every peer was run in every panel. Measured by `make bench` on a
virtual machine of two processors; its ratios are good to a factor of one and a half.
"""

import csv
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import load_model
from plasticity_sim.drawing import COLOURS, FULL_WIDTH, MILLIMETRE, letter, paper_style
from plasticity_sim.figure import Loader

TABLE = Path(__file__).with_suffix(".csv")
LOOKS = {  # of a place in the comparison: words, marker, colour; ours are filled
    "batch": ("plasticity-sim, batch", "o", COLOURS[0]),
    "single": ("plasticity-sim, one synapse", "s", COLOURS[0]),
    "kernel": ("numba kernel by hand", "D", COLOURS[2]),
    "roadrunner": ("libRoadRunner CVODE", "^", COLOURS[1]),
    "lsoda": ("SciPy LSODA, numba", "v", COLOURS[5]),
    "neuron": ("NEURON cvode", "P", COLOURS[3]),
    "brian": ("Brian2 C++ standalone", "X", COLOURS[6]),
}
OURS = ("batch", "single")
RATES = {"pulses_1hz": "1 Hz", "pulses_100hz": "100 Hz"}
JUDGED = {"w": "weight", "camkii_active": "kinase"}
LEAST = 1e-8  # errors are drawn down to here
NAMES = {"cascade": "test cascade", "graupner_brunel_2007": "Graupner & Brunel 2007"}


def data(load: Loader = load_model) -> xr.Dataset:
    """Read what the benchmarks measured; no model is simulated."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = xr.Dataset({name: ("row", [row[name] for row in rows]) for name in rows[0]})
    for name, unit, words in (
        ("synapses", "1", "synapses of the batch"),
        ("target", "1", "largest error asked for"),
        ("seconds", "s", "time for one synapse"),
        ("error", "1", "relative error"),
    ):
        table[name] = table[name].astype(float).assign_attrs(units=unit, long_name=words)
    return table


def draw(data: xr.Dataset) -> Figure:
    """Draw a panel for each case, a mark for each variant of a simulator."""
    with paper_style():
        cases = cases_of(data)
        rows = -(-len(cases) // 3)
        figure, panels = subplots(
            rows, 3, figsize=(FULL_WIDTH, (22 + 52 * rows) * MILLIMETRE), sharex=True, sharey=True,
            layout="constrained", squeeze=False,
        )  # fmt: skip
        for panel, case in zip(panels.flat, cases, strict=False):
            draw_case(panel, data.isel(row=is_case(data, case)))
        for panel in panels.flat[len(cases) :]:
            panel.set_visible(False)
        for panel in panels[:, 0]:
            panel.set_ylabel("time for one synapse (s)")
        for panel in panels[-1]:
            panel.set_xlabel("relative error")
        letter(panels.flat[: len(cases)])
        add_legend(figure, data)
    return figure


def cases_of(data: xr.Dataset) -> list[tuple[str, ...]]:
    """Return model, protocol and what is judged of each case, in the order of the table."""
    columns = (data[name].to_numpy().tolist() for name in ("model", "protocol", "judged"))
    return list(dict.fromkeys(zip(*columns, strict=True)))


def is_case(data: xr.Dataset, case: tuple[str, ...]) -> np.ndarray:
    """Return which rows are of a case."""
    model, protocol, judged = case
    same = (data["model"] == model) & (data["protocol"] == protocol) & (data["judged"] == judged)
    return same.to_numpy()


def draw_case(panel: Axes, own: xr.Dataset) -> None:
    """Draw the rows of one case, and the error that was asked for."""
    for place, (_, marker, colour) in LOOKS.items():
        rows = own.isel(row=(own["place"] == place).to_numpy())
        shown = np.maximum(rows["error"], LEAST)
        panel.plot(shown, rows["seconds"], **style(place, marker, colour))
        for seconds in rows["seconds"][(rows["error"] < LEAST).to_numpy()].to_numpy():
            panel.annotate("", (LEAST, seconds), (-12, 0), textcoords="offset points",
                           arrowprops={"arrowstyle": "<-", "linewidth": 0.8})  # fmt: skip
    first = own.isel(row=0)
    panel.axvline(float(first["target"]), color="0.5", linewidth=0.8, linestyle=(0, (3, 2)))
    panel.set(xscale="log", yscale="log", xlim=(LEAST / 5, 4e-4))
    model, protocol, judged = (str(first[name].item()) for name in ("model", "protocol", "judged"))
    words = f"{RATES.get(protocol, protocol)}, {JUDGED.get(judged, judged)} judged"
    panel.set_title(f"{NAMES.get(model, model)}\n{words}")


def style(place: str, marker: str, colour: str) -> dict[str, object]:
    """Return how the marks of one simulator look; those of the project are filled."""
    fill = colour if place in OURS else "white"
    return {"linestyle": "", "marker": marker, "color": colour, "markerfacecolor": fill,
            "markersize": 4.5, "markeredgewidth": 0.9}  # fmt: skip


def add_legend(figure: Figure, data: xr.Dataset) -> None:
    """Say below the panels which mark is which simulator."""
    from matplotlib.lines import Line2D

    there = set(data["place"].to_numpy().tolist())
    handles = [
        Line2D([], [], label=words, **style(place, marker, colour))  # type: ignore[arg-type]
        for place, (words, marker, colour) in LOOKS.items()
        if place in there
    ]
    handles.append(Line2D([], [], color="0.5", linewidth=0.8, linestyle=(0, (3, 2)),
                          label="error asked for"))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
