"""Low rates depress, high rates potentiate: 900 pulses at each rate, as in Dudek & Bear (1992).

(A) The default model (`ca1_spine`), n = 64 synapses that differ in their NMDA receptors: mean in %
of baseline 45 min after the last pulse, and every synapse by itself (grey), each all-or-none. It
was fitted to these signs. (B) Other models under the same stimulation, presynaptic pulses alone;
in `shouval_2002` test pulses take the change back in part. Lines are models. Triangles and
dashes at the top are what was measured, of which only the sign was read, in the paper's abstract:
depression at 1 and 3 Hz, no lasting change at 10 Hz, potentiation at 50 Hz; n was not read.
"""

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, load_experiment, load_model, simulate
from plasticity_sim.drawing import (
    FULL_WIDTH,
    MILLIMETRE,
    draw_signs,
    letter,
    look,
    mark_baseline,
    paper_style,
    sign_mark,
)
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure

RATES = (0.5, 1, 2, 3, 5, 7, 10, 14, 20, 30, 50)  # Hz
TICKS = (0.5, 1, 3, 10, 30, 50)  # Hz
SIGN_OF = {"LTP": 1, "none": 0, "LTD": -1}
DRAWN = ("strength", "strength_of_synapse", "strength_of_model")
OTHERS = ("saturating_ltp_ltd", "shouval_2002", "graupner_brunel_2007", "chindemi_2022")


def data(load: Loader = load_model) -> xr.Dataset:
    """Run 900 pulses at every rate on all models, and read the signs of the experiment."""
    default = sweep(load("ca1_spine"))
    others = [sweep(load(name)) for name in OTHERS]
    rate = {"units": "Hz", "long_name": "rate of 900 pulses"}
    result = xr.Dataset(coords={"rate": ("rate", list(RATES), rate), "model": list(OTHERS)})
    words = {"units": "%", "long_name": "strength 45 min after the induction, of baseline"}
    result["strength"] = ("rate", default["strength"].to_numpy(), words)
    each = default["strength_of_synapse"].transpose("rate", "synapse").to_numpy()
    result["strength_of_synapse"] = (("rate", "synapse"), each, words)
    curves = [one["strength"].to_numpy() for one in others]
    result["strength_of_model"] = (("model", "rate"), curves, words)
    experiment = load_experiment("dudek_bear_1992")
    outcomes = experiment.outcomes
    rates = [float(experiment.protocol.axes[0].coordinate[one.condition]) for one in outcomes]
    result["measured_rate"] = ("outcome", rates, {"units": "Hz"})
    sign = {"long_name": "sign of the measured change"}
    result["measured_sign"] = ("outcome", [SIGN_OF[one.sign] for one in outcomes], sign)
    return result


def sweep(model: Model) -> xr.Dataset:
    """Return the final strengths (%) of the population and of its synapses at every rate."""
    run = simulate(model, "frequency_sweep", rate=", ".join(f"{rate} Hz" for rate in RATES))
    names = ("strength", "strength_of_synapse")
    return xr.Dataset({name: at_measure(run, name) for name in names})


def draw(data: xr.Dataset) -> Figure:
    """Draw the default model with its synapses, and the others."""
    with paper_style():
        size = (FULL_WIDTH, 70 * MILLIMETRE)
        figure, panels = subplots(1, 2, figsize=size, layout="constrained", sharey=True)
        draw_synapses(panels[0], data)
        for number, name in enumerate(data["model"].to_numpy()):
            curve = data["strength_of_model"].sel(model=name)
            panels[1].plot(data["rate"], curve, label=name, **look(number))
        top = 1.25 * max(float(data[name].max()) for name in DRAWN)
        for panel in panels:
            draw_signs(panel, data["measured_rate"].to_numpy(), data["measured_sign"].to_numpy())
            mark_baseline(panel)
            panel.set(xscale="log", xlabel="rate of 900 pulses (Hz)", ylim=(0, top))
            panel.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
            panel.minorticks_off()
        panels[0].set_ylabel("synaptic strength (% of baseline)")
        panels[0].legend(loc="upper left", bbox_to_anchor=(0, 0.93))
        panels[1].legend(loc="upper left", bbox_to_anchor=(0, 0.93))
        marks = [sign_mark(sign) for sign in (1, -1, 0)]
        figure.legend(handles=marks, loc="outside lower center", ncols=len(marks))
        letter(panels)
    return figure


def draw_synapses(panel: Axes, data: xr.Dataset) -> None:
    """Draw the population's mean over its synapses."""
    each = data["strength_of_synapse"]
    rates = data["rate"].broadcast_like(each).to_numpy().ravel()
    panel.plot(rates, each.to_numpy().ravel(), "o", color="0.65", markersize=1.8,
               markeredgewidth=0, label="a synapse", zorder=1)  # fmt: skip
    panel.plot(data["rate"], data["strength"], color="black", label="ca1_spine, mean")
