"""Early potentiation fades, late potentiation is made of proteins that a tagged synapse captures.

(A, B) Model of Luboeinski & Tetzlaff (2021), strength of one synapse: (A) after a weak tetanus (21
pulses at 100 Hz), after a strong one (three times 100 pulses, 10 min apart), and after that without
protein synthesis. (B) After the weak tetanus while proteins come from other synapses of the cell,
made in the hour around it (grey): the tagged synapse captures them. Proteins alone do nothing. (C,
D) Model of Smolen et al. (2006): (C) active CaMKII and ERK, tag and gene product after three
tetani, of their largest values; (D) strength after three tetani, a theta burst, a chemical
stimulus, and tetani with an inhibitor there from the first one on. All are models, nothing is
measured: of Huang & Kandel (1994) only signs were read, and not the interval of their trains.
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, Protocol, load_model, load_protocol, simulate
from plasticity_sim.drawing import (
    FULL_WIDTH,
    MILLIMETRE,
    letter,
    look,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader

TETANI = ("weak", "strong", "strong, no synthesis")  # arms of the protocol, panel A
CAPTURE = ("weak", "weak, proteins from elsewhere", "proteins from elsewhere alone")  # panel B
SYNTHESIS = (-0.5, 0.5)  # h from the weak tetanus: the proteins from elsewhere are made
INHIBITORS = {
    "tetani, synthesis inhibited": "protein_synthesis_inhibitor",
    "tetani, CaMKII inhibited": "camkii_inhibitor",
}
CASCADE = {"camkii": "CaMKII", "erkpp": "ERK", "tag": "tag", "protein": "gene product"}
HOURS = {"early": np.arange(-0.5, 8, 1 / 30), "late": np.arange(-0.5, 7, 1 / 600)}


def data(load: Loader = load_model) -> xr.Dataset:
    """Run weak and strong tetani on the one model, three stimuli and inhibitors on the other."""
    tagging = courses(load("luboeinski_tetzlaff_2021"), "weak_and_strong_tetanus", "early")
    cascade = courses(load("smolen_2006"), stimuli(), "late")
    names = [name for name in cascade if name != "strength"]
    after = cascade[names].sel(stimulus="tetani", drop=True)
    result = xr.Dataset(
        {
            "tagging": tagging["strength"].rename(stimulus="arm", time="hour"),
            "cascade": cascade["strength"],
            "share": (100 * after / after.max()).to_dataarray("molecule"),
        }
    )
    result["molecule"] = [CASCADE[name] for name in result["molecule"].to_numpy()]
    for name, unit, words in (
        ("tagging", "%", "synaptic strength, of baseline"),
        ("cascade", "%", "synaptic strength, of baseline"),
        ("share", "%", "amount, of its largest"),
        ("hour", "h", "time from the first pulse"),
        ("time", "h", "time from the stimulus"),
    ):
        result[name].attrs = {"units": unit, "long_name": words}
    return result


def stimuli() -> Protocol:
    """Return the stimuli of Smolen et al. (2006), and their tetani with each inhibitor."""
    protocol = load_protocol("late_ltp")
    arms = list(protocol.data["arms"])
    for name, drug in INHIBITORS.items():
        window = {"name": drug, "from": "induction", "until": "end + 450 min"}
        arms.append(arms[0] | {"name": name, "drugs": [window]})
    return replace(protocol, data=protocol.data | {"arms": arms})


def courses(model: Model, protocol: Protocol | str, kind: str) -> xr.Dataset:
    """Return strength (%) and molecules of every arm at even times (h)."""
    run = simulate(model, protocol).isel(state=0, synapse=0, drop=True)
    names = ["strength", *(name for name in CASCADE if kind == "late")]
    arms, hours = run["arm"].to_numpy(), HOURS[kind]
    found = {name: (("stimulus", "time"), []) for name in names}
    for arm in arms:
        own = run.sel(arm=arm)
        for name in names:
            found[name][1].append(np.interp(hours, own["time"] / 3600, own[name]))
    return xr.Dataset(found, coords={"stimulus": arms, "time": hours})


def draw(data: xr.Dataset) -> Figure:
    """Draw tetani and capture above, the cascade and its strength below."""
    with paper_style():
        figure, panels = subplots(
            2, 2, figsize=(FULL_WIDTH, 115 * MILLIMETRE), layout="constrained"
        )
        for panel, arms in zip(panels[0], (TETANI, CAPTURE), strict=True):
            draw_lines(panel, data["hour"], data["tagging"].sel(arm=list(arms)))
            mark_baseline(panel)
            panel.set(xlabel="time from the first pulse (h)", ylim=(92, 235))
            panel.set_ylabel("synaptic strength (% of baseline)")
        panels[0, 1].axvspan(*SYNTHESIS, color="0.88", linewidth=0, zorder=-1)
        draw_lines(panels[1, 0], data["time"], data["share"])
        panels[1, 0].set(xlabel="time from the stimulus (h)", ylabel="amount (% of its largest)")
        panels[1, 0].set(ylim=(-3, 135), yticks=range(0, 101, 25), xlim=(-0.1, 4))
        draw_lines(panels[1, 1], data["time"], data["cascade"])
        mark_baseline(panels[1, 1])
        panels[1, 1].set(xlabel="time from the stimulus (h)", ylim=(90, 400))
        panels[1, 1].set_ylabel("synaptic strength (% of baseline)")
        letter(panels.flat)
    return figure


def draw_lines(panel: Axes, time: xr.DataArray, lines: xr.DataArray) -> None:
    """Draw a line for each entry of the first dimension, and the legend above them."""
    for number, name in enumerate(lines[lines.dims[0]].to_numpy()):
        panel.plot(time, lines.sel({lines.dims[0]: name}), label=name, **look(number))
    panel.set_xlim(float(time.min()), float(time.max()))
    panel.legend(loc="upper right", borderaxespad=0)
