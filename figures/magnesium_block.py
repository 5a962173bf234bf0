"""Magnesium in the pore of the NMDA receptor gives its current a region of negative slope.

(A) Current 20 ms after a release against the membrane potential, at five concentrations of
magnesium, with the block of Jahr & Stevens (1990). (B) The same current with five published forms
of the block, in 1 mM. (C) Fraction of receptors free of magnesium, in 1 mM. Jahr & Stevens give
two fits; those of Ebner et al. (2019) and of Vargas-Caballero & Robinson (2003, steady state) have
the same form with other constants; that of Maex & De Schutter (1998) is of cerebellar granule
cells. All lines are models with the conductance of Graupner & Brunel (2007), at equilibrium with
the potential; no measured currents were at hand.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_model, simulate
from plasticity_sim.drawing import FULL_WIDTH, MILLIMETRE, letter, look, paper_style
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure

LEVELS = (0.0, 0.1, 0.5, 1.0, 2.0)  # mM
FORMS = {  # the model, and the constants of its block where they are not its own
    "Jahr & Stevens": ("nmda_block", {}),
    "J. & S., alternative": ("nmda_block", {"k_mg": "8.0712 mM", "v_mg": "10.945 mV"}),
    "Ebner": ("nmda_block", {"k_mg": "3.57 mM", "v_mg": "12.5 mV"}),
    "Vargas-Caballero": ("nmda_block", {"k_mg": "2.552 mM", "v_mg": "13.889 mV"}),
    "Maex & De Schutter": ("maex_de_schutter_1998", {}),
}


def data(load: Loader = load_model) -> xr.Dataset:
    """Hold the potential from -100 to 60 mV, at every concentration and with every block."""
    block = load("nmda_block")
    levels = [currents(block.with_values(mg_out=f"{level} mM")) for level in LEVELS]
    forms = [currents(load(name).with_values(**values)) for name, values in FORMS.values()]
    voltage = forms[0]["v_hold"]
    volts = {"units": "mV", "long_name": "membrane potential"}
    result = xr.Dataset(coords={"v": ("v", voltage.to_numpy(), volts), "form": list(FORMS)})
    result.coords["mg_out"] = ("mg_out", list(LEVELS), {"units": "mM", "long_name": "magnesium"})
    current = {"units": "pA", "long_name": "NMDA current 20 ms after a release"}
    result["current_of_level"] = (("mg_out", "v"), [1e3 * x["i_nmda"] for x in levels], current)
    result["current"] = (("form", "v"), [1e3 * x["i_nmda"] for x in forms], current)
    free = {"units": "1", "long_name": "fraction free of magnesium"}
    result["free"] = (("form", "v"), [x["mg_unblock"] for x in forms], free)
    return result


def currents(model: Model) -> xr.Dataset:
    """Return current (nA) and free fraction at every held potential."""
    run = simulate(model, "held_potential").isel(state=0, synapse=0)
    return xr.Dataset({name: at_measure(run, name) for name in ("i_nmda", "mg_unblock")})


def draw(data: xr.Dataset) -> Figure:
    """Draw current against potential twice, and the free fraction."""
    with paper_style():
        size = (FULL_WIDTH, 62 * MILLIMETRE)
        figure, panels = subplots(1, 3, figsize=size, layout="constrained")
        shades = [str(shade) for shade in np.linspace(0.7, 0, data.sizes["mg_out"])]
        for level, shade in zip(data["mg_out"].to_numpy(), shades, strict=True):
            line = data["current_of_level"].sel(mg_out=level)
            panels[0].plot(data["v"], line, color=shade, label=f"{level:g} mM Mg")
        for number, form in enumerate(data["form"].to_numpy()):
            panels[1].plot(data["v"], data["current"].sel(form=form), **look(number))
            panels[2].plot(data["v"], data["free"].sel(form=form), label=form, **look(number))
        for panel in panels[:2]:
            panel.axhline(0, color="0.6", linewidth=0.6, zorder=0)
            panel.set(ylabel="NMDA current (pA)")
        panels[2].set(ylabel="fraction free of magnesium", ylim=(0, 1))
        for panel in panels:
            panel.set(xlabel="membrane potential (mV)", xlim=(-100, 60))
        low = float(data["current"].min())
        panels[1].set(xlim=(-100, 20), ylim=(1.2 * low, -1.8 * low))
        panels[0].legend(loc="lower right", borderaxespad=0)
        forms = panels[2].get_legend_handles_labels()
        figure.legend(*forms, loc="outside lower center", ncols=data.sizes["form"])
        letter(panels)
    return figure
