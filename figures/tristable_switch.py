"""CaMKII and PP2A hold each other in one of three states, and a window of calcium chooses.

The model of Pi & Lisman (2008); no data. (A) Where CaMKII and PP2A stand still at the resting
calcium of 0.1 uM, with the flow between; filled circles are stable states, open ones
saddles. (B) Steady AMPA receptors in the synapse as calcium stays; dashed, unstable. (C) AMPA
receptors 197 s after calcium was at a level for 2 s, from each of the three states. Middle calcium
depresses and high calcium potentiates. The paper's numbers are known at second hand only, see the
model's note.
"""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_model, load_protocol, simulate
from plasticity_sim.drawing import (
    COLOURS,
    DASHES,
    FULL_WIDTH,
    MILLIMETRE,
    letter,
    look,
    paper_style,
)
from plasticity_sim.engine.righthand import right_hand_sides
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure
from plasticity_sim.steady import continuation, parse_over

ENZYMES = ("camkii_active", "pp2a_active")
STATES = {"basal": "basal", "ltp": "potentiated", "ltd": "depressed"}
LEVELS = "0.05:4:80 uM"
MICROMOLAR = 1e-3  # mol/m^3


def data(load: Loader = load_model) -> xr.Dataset:
    """Find the flow of the two enzymes, their branches, and where windows of calcium lead."""
    model = load("pi_lisman_2008")
    return xr.merge([flow(model), branches(model), windows(model)], combine_attrs="drop")


def flow(model: Model) -> xr.Dataset:
    """Return the rates of change (uM/s) of both enzymes over the plane of their concentrations."""
    grid = np.geomspace(3e-4, 20, 200)  # uM
    kinase, phosphatase = np.meshgrid(grid * MICROMOLAR, grid * MICROMOLAR)
    at = {"camkii_active": kinase, "pp2a_active": phosphatase}
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    slopes = right_hand_sides(model)(0.0, [at.get(n, 0.0) for n in model.differential], values)
    result = xr.Dataset(coords={"camkii_active": grid, "pp2a_active": grid})
    for name, slope in zip(model.differential, slopes, strict=True):
        if name in ENZYMES:
            words = {"units": "uM/s", "long_name": f"rate of change of {name}"}
            result[f"d_{name}"] = (ENZYMES[::-1], slope / MICROMOLAR, words)
    for name in ENZYMES:
        result[name].attrs["units"] = "uM"
    return result


def branches(model: Model) -> xr.Dataset:
    """Return the steady receptors at every level of calcium, and the states at the model's own."""
    diagram = continuation(model, *parse_over(f"ca_held={LEVELS}", model)).to_dataset()
    rest = model.parameters["ca_held"].value / MICROMOLAR
    here = diagram.sel(ca_held=rest, method="nearest").dropna("branch", subset=["ampar"])
    result = xr.Dataset()
    for name in ENZYMES:
        result[f"state_{name}"] = ("rest", here[name].to_numpy(), {"units": "uM"})
    result["state_stable"] = ("rest", here["stable"].to_numpy().astype(int))
    words = {"units": "1", "long_name": "AMPA receptors in the synapse"}
    result["traced_ampar"] = diagram["ampar_traced"].assign_attrs(words)
    result["traced_ca"] = diagram["ca_held_traced"].assign_attrs(units="uM", long_name="calcium")
    result["traced_stable"] = diagram["stable_traced"].astype(int)
    return result.drop_vars(["origin", "branch"])


def windows(model: Model) -> xr.Dataset:
    """Return the receptors after two seconds at every level of calcium, from every state."""
    protocol = load_protocol("calcium_steps").with_settings(ca_held=LEVELS)
    run = at_measure(simulate(model, protocol).isel(synapse=0), "ampar")
    result = run.rename("after_step").to_dataset().reset_coords(drop=True)
    result["ca_held"].attrs.update(units="uM", long_name="calcium in the window")
    return result.assign_coords(state=run["state"])


def draw(data: xr.Dataset) -> Figure:
    """Draw the plane of the two enzymes, the branches, and the outcome of a window of calcium."""
    with paper_style():
        size = (FULL_WIDTH, 72 * MILLIMETRE)
        figure, panels = subplots(1, 3, figsize=size, layout="constrained")
        draw_plane(panels[0], data)
        draw_branches(panels[1], data)
        for number, state in enumerate(STATES):
            panels[2].plot(data["ca_held"], data["after_step"].sel(state=state),
                           label=f"from {STATES[state]}", **look(number))  # fmt: skip
        panels[2].set(xlabel="calcium in the window (µM)")
        panels[2].set(ylabel="AMPA receptors afterwards (relative)")
        entries = [panel.get_legend_handles_labels() for panel in (panels[0], panels[2])]
        handles, labels = (first + second for first, second in zip(*entries, strict=True))
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        for panel in panels[1:]:
            panel.set(ylim=(0, 0.9), xlim=(0, 4))
        letter(panels)
    return figure


def draw_plane(panel: Axes, data: xr.Dataset) -> None:
    """Draw both nullclines, the direction of the flow and the steady states."""
    x, y = data["camkii_active"].to_numpy(), data["pp2a_active"].to_numpy()
    slopes = [data[f"d_{name}"].to_numpy() for name in ENZYMES]
    looks = zip(slopes, COLOURS, ("solid", "dashed"), ("CaMKII", "PP2A"), strict=False)
    for slope, colour, dash, words in looks:
        panel.plot([], [], color=colour, linestyle=dash, label=f"no change of {words}")
        panel.contour(x, y, slope, levels=[0], colors=colour, linestyles=dash, linewidths=1.2)
    few = slice(7, None, 15)
    # along logarithmic axes, and all of one length
    along = [slopes[0][few, few] / x[few], slopes[1][few, few] / y[few, None]]
    length = np.hypot(*along)
    panel.quiver(x[few], y[few], *(part / length for part in along), color="0.75", scale=22,
                 width=0.005, zorder=0)  # fmt: skip
    for stable, fill, words in ((1, "black", "stable state"), (0, "white", "saddle")):
        there = data.where(data["state_stable"] == stable, drop=True)
        panel.plot(there[f"state_{ENZYMES[0]}"], there[f"state_{ENZYMES[1]}"], "o", color="black",
                   markerfacecolor=fill, markersize=4.5, zorder=4, label=words)  # fmt: skip
    panel.set(xscale="log", yscale="log", xlabel="active CaMKII (µM)", ylabel="active PP2A (µM)")
    panel.set(xlim=(x[0], 2 * x[-1]), ylim=(y[0], 2 * y[-1]))


def draw_branches(panel: Axes, data: xr.Dataset) -> None:
    """Draw the steady receptors against calcium, stable and not."""
    for branch in range(data.sizes["branch"]):
        one = data.isel(branch=branch)
        stable = bool(one["traced_stable"].isel(point=slice(1, -1)).max())
        panel.plot(one["traced_ca"], one["traced_ampar"], **(
            {"color": "black"} if stable else {"color": "0.5", "linestyle": DASHES[1]}
        ))  # fmt: skip
    panel.set(xlabel="calcium (µM)", ylabel="steady AMPA receptors (relative)")
