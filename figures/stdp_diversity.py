"""One rule, six spike-timing curves: calcium and two thresholds (Graupner & Brunel 2012, Fig. 2).

Mean strength after 60 spike pairs at 1 Hz, against the time of the postsynaptic spike from the
presynaptic one, for the paper's six sets of parameters, named after depression (D) and
potentiation (P) in the order of the lags. Lines: the paper's closed form, in which the thresholds
act by their averages and the efficacy has no drift of its own between its two states. Points: the
full equation with its noise, simulated, mean and s.e.m. of n = 200 synapses, each from both of its
states. Both are models; the paper fits these six curves to no data.
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, Protocol, load_model, load_protocol, simulate
from plasticity_sim.closed_forms import solution
from plasticity_sim.drawing import COLOURS, FULL_WIDTH, MILLIMETRE, mark_baseline, paper_style
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure

SETS = {"dp": "DP", "dpd": "DPD", "dpd_prime": "DPD'", "p": "P", "d": "D", "d_prime": "D'"}
RATE, PAIRS = 1.0, 60  # Hz; those of the protocol
LAGS = "-60, -40, -24, -16, -8, -4, 0, 4, 8, 16, 24, 40, 60 ms"  # simulated
SYNAPSES = 200


def data(load: Loader = load_model) -> xr.Dataset:
    """Take the closed form at every lag, and simulate all sets side by side at a few."""
    models = {words: load(f"graupner_brunel_2012_{name}") for name, words in SETS.items()}
    lags = np.linspace(-70, 70, 281)
    closed = [[100 * change(model, lag) for lag in lags] for model in models.values()]
    points = simulated(models)
    words = "time of the postsynaptic spike"
    return xr.Dataset(
        {
            "closed": (("set", "lag"), closed, {"units": "%", "long_name": "strength"}),
            "mean": points["mean"].assign_attrs(units="%", long_name="strength, simulated"),
            "sem": points["sem"].assign_attrs(units="%", long_name="standard error"),
        },
        coords={
            "set": list(models),
            "lag": ("lag", lags, {"units": "ms", "long_name": words}),
            "lag_simulated": points["lag_simulated"].assign_attrs(units="ms", long_name=words),
        },
        attrs={"synapses": SYNAPSES},
    )


def change(model: Model, lag: float) -> float:
    """Return the strength after the pairs at one lag (ms), of that before, by the closed form."""
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    found = solution(values, RATE, [1e-3 * lag], PAIRS)
    return found.change(model.mix["down"], values["b_weight"])


def simulated(models: dict[str, Model]) -> xr.Dataset:
    """Return mean and standard error (%) of every set at the simulated lags, from one run."""
    protocol = load_protocol("stdp_60_pairs").with_settings(lag=LAGS)
    run = simulate(next(iter(models.values())), of_sets(protocol, models), synapses=SYNAPSES)
    each = at_measure(run, "strength_of_synapse")
    error = each.std("synapse", ddof=1) / np.sqrt(SYNAPSES)
    found = xr.Dataset({"mean": at_measure(run), "sem": error}).reset_coords(drop=True)
    return found.rename(arm="set", lag="lag_simulated").transpose("set", "lag_simulated")


def of_sets(protocol: Protocol, models: dict[str, Model]) -> Protocol:
    """Return the protocol with an arm for each set, which gives the first model its values."""
    first = next(iter(models.values())).parameters
    arms = [
        {
            "name": name,
            "set": [
                {key: own.text, "from": "start", "until": "end + 1 h"}
                for key, own in model.parameters.items()
                if any(m.parameters[key].value != first[key].value for m in models.values())
            ],
        }
        for name, model in models.items()
    ]
    return replace(protocol, data=protocol.data | {"arms": arms})


def draw(data: xr.Dataset) -> Figure:
    """Draw a panel for each set: the closed form as a line, the simulated means as points."""
    with paper_style():
        size = (FULL_WIDTH, 92 * MILLIMETRE)
        figure, panels = subplots(
            2, 3, figsize=size, sharex=True, sharey=True, layout="constrained"
        )
        for panel, name in zip(panels.flat, data["set"].to_numpy(), strict=True):
            own = data.sel(set=name)
            panel.plot(data["lag"], own["closed"], color=COLOURS[0], label="closed form")
            panel.errorbar(
                data["lag_simulated"], own["mean"], own["sem"], fmt="o", color=COLOURS[5],
                markersize=3, linewidth=0.8, capsize=1.5,
                label=f"simulated, {data.attrs['synapses']} synapses",
            )  # fmt: skip
            mark_baseline(panel)
            panel.axvline(0, color="0.6", linewidth=0.6, zorder=0)
            panel.set_title(name, fontweight="bold")
            panel.set(xlim=(-70, 70), xticks=[-50, -25, 0, 25, 50])
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2
        )
        figure.supxlabel("time of the postsynaptic spike from the presynaptic one (ms)", fontsize=8)
        figure.supylabel("synaptic strength (% of baseline)", fontsize=8)
    return figure
