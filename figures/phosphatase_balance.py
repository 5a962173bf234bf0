"""Calcineurin frees PP1 at middle calcium, and PKA holds it back at high calcium.

(A) Activities of calcineurin and of PKA on inhibitor 1, (B) phosphorylated inhibitor 1 and (C) free
PP1 at rest, with calcium held, in the model of Graupner & Brunel (2007); no data. Calcineurin has
the higher affinity for calmodulin with calcium, so that it takes the phosphate off inhibitor 1
first; PKA then puts it back. Dotted, the resting level of calcium. The two states of CaMKII do not
differ in these quantities.
"""

from dataclasses import replace

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import load_model
from plasticity_sim.drawing import FULL_WIDTH, MILLIMETRE, in_words, letter, look, paper_style
from plasticity_sim.figure import Loader
from plasticity_sim.steady import continuation, parse_over

SHOWN = {"v_can": "calcineurin", "v_pka": "PKA", "i1p": "inhibitor 1 with phosphate",
         "pp1_active": "free PP1"}  # fmt: skip

TICKS = (0.05, 0.1, 0.2, 0.5, 1)  # uM


def data(load: Loader = load_model) -> xr.Dataset:
    """Find the resting enzymes from 0.05 to 1 uM of calcium."""
    model = load("graupner_brunel_2007")
    model = replace(model, observe=tuple(SHOWN))
    diagram = continuation(model, *parse_over("ca=0.05:1:191 uM", model)).to_dataset()
    rest = model.parameters["ca_rest"]
    result = xr.Dataset(attrs={"ca_rest": 1e3 * rest.value})  # uM
    for name, words in SHOWN.items():
        one = diagram[name].mean("branch")  # all that exist at a level are alike
        scale, unit = (1e3, "nM") if name in ("i1p", "pp1_active") else (1, "1/s")
        result[name] = (scale * one).assign_attrs(units=unit, long_name=words)
    return result


def draw(data: xr.Dataset) -> Figure:
    """Draw the enzymes, the inhibitor and the phosphatase against calcium."""
    with paper_style():
        size = (FULL_WIDTH, 56 * MILLIMETRE)
        figure, panels = subplots(1, 3, figsize=size, layout="constrained")
        for number, name in enumerate(("v_can", "v_pka")):
            panels[0].semilogy(data["ca"], data[name], label=SHOWN[name], **look(number))
        panels[0].set(ylabel=f"activity{in_words(data['v_can'].attrs['units'])}")
        # over the dotted line, which it hides
        panels[0].legend(frameon=True, framealpha=1, facecolor="white", edgecolor="none")
        for panel, name in zip(panels[1:], ("i1p", "pp1_active"), strict=True):
            panel.plot(data["ca"], data[name], **look(0))
            panel.set(ylabel=SHOWN[name] + in_words(data[name].attrs["units"]))
            panel.set_ylim(bottom=0)
        for panel in panels:
            panel.axvline(data.attrs["ca_rest"], color="0.5", linestyle=":", linewidth=0.8)
            panel.set(xlabel="calcium (µM)", xscale="log", xlim=(0.05, 1))
            panel.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        letter(panels)
    return figure
