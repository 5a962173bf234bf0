"""What blocks potentiation, what depression, and what both, in ca1_spine and in experiments.

Bars: ca1_spine (model, mean of n = 64 synapses), with a drug from 5 min before to 10 min after the
induction, with a buffer all the time. (A) 100 pulses at 100 Hz. (B) 900 pulses at 1 Hz. Triangles
and dashes: experiments of which only the sign was read, at no value: Huang & Kandel (1994), Dudek &
Bear (1992), Mulkey & Malenka (1992), and, for the tetanus in CA3 alone, with APV and with EGTA,
Mishra et al. (2016). (C) 300 pairs at 1 Hz, squares: mean and s.e.m. of n = 5 to 17 CA3 cells from
table 1 of Mishra et al. (2016). (D) 60 pulses at 0.1 Hz, each with three postsynaptic spikes at 50
Hz, squares: mean and s.e.m. of n = 3 to 11 layer 2/3 cells, Nevian & Sakmann (2006), those with
drugs by a modeller's notes. The values of ca1_spine are fitted to the signs in (A) and (B) other
than those of CA3, and to neither (C) nor (D): its cells of CA1 depress at both lags of (C), and
change little at 0.1 Hz.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Experiment, Model, load_experiment, load_model, load_protocol, simulate
from plasticity_sim.drawing import (
    COLOURS,
    FULL_WIDTH,
    MILLIMETRE,
    SIGNS,
    draw_measured,
    draw_signs,
    letter,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure
from plasticity_sim.trials import strengths

DRUGS = {
    "none": "none", "apv": "APV", "mk801": "MK-801", "ifenprodil": "ifenprodil",
    "nimodipine": "nimodipine", "bapta": "BAPTA", "egta": "EGTA", "kn93": "KN-93",
    "okadaic_acid": "okadaic acid", "fk506": "FK506", "h89": "H89",
}  # fmt: skip
BUFFERS = ("bapta", "egta")  # in the cell, from the start
INDUCTIONS = {"LTP": "high_frequency", "LTD": "low_frequency"}
# of an experiment of signs: the induction and its arms, by the drug
SIGNED: Mapping[str, tuple[str, dict[str, str]]] = {
    "huang_kandel_1994": ("LTP", {"control": "none", "kn93": "kn93", "h89": "h89"}),
    "mishra_2016": ("LTP", {"tetanus": "none", "tetanus_apv": "apv", "tetanus_egta": "egta"}),
    "mulkey_malenka_1992": ("LTD", {"control": "none", "apv": "apv", "bapta": "bapta"}),
    "dudek_bear_1992_apv": ("LTD", {"apv": "apv"}),
}
VALUE = {"LTP": 1, "none": 0, "LTD": -1}
# of experiments with numbers: their conditions in words, by what stands below the bars
DRUGS_OF_PAIRS = {"": "none", "_apv": "APV", "_egta": "EGTA", "_nimodipine": "nimodipine"}
DRUGS_OF_BURSTS = {"apv": "APV", "mk801": "MK-801", "nimodipine": "nimodipine"}
NUMBERED = {
    "pairs": {
        "mishra_2016": {
            f"{words}, {lag} ms": f"{lag}_ms{arm}"
            for lag in ("+10", "-10")
            for arm, words in DRUGS_OF_PAIRS.items()
        },
    },
    "bursts": {
        "nevian_sakmann_2006": {"none, +10 ms": "lag 10 ms", "none, -50 ms": "lag -50 ms"},
        "nevian_sakmann_2006_drugs": {
            f"{words}, {lag} ms": f"{name}_{arm}"
            for lag, name in (("+10", "ltp"), ("-50", "ltd"))
            for arm, words in DRUGS_OF_BURSTS.items()
        },
    },
}


def data(load: Loader = load_model) -> xr.Dataset:
    """Simulate both inductions with every drug, and the experiments that have numbers."""
    model = load("ca1_spine")
    result = xr.Dataset(coords={"drug": list(DRUGS.values()), "induction": list(INDUCTIONS)})
    bars = [with_drugs(model, protocol) for protocol in INDUCTIONS.values()]
    result["strength"] = (("induction", "drug"), bars)
    result["sign"] = (("induction", "drug"), [signs_of(name) for name in INDUCTIONS])
    result["sign"].attrs = {"units": "1", "long_name": "1 LTP, 0 no change, -1 LTD"}
    for kind, experiments in NUMBERED.items():
        found = {
            words: values
            for name, wanted in experiments.items()
            for words, values in compared(model, load_experiment(name), wanted).items()
        }
        words = sorted(found, key=lambda text: "-" in text.split(", ")[1])  # the order of the lags
        result.coords[kind] = words
        table = np.array([found[text] for text in words]).T
        for name, values in zip(("simulated", "measured", "sem"), table, strict=True):
            result[f"{name}_{kind}"] = (kind, values)
    for name in set(result.data_vars) - {"sign"}:
        result[name].attrs = {"units": "%", "long_name": f"strength, {name.replace('_', ' of ')}"}
    return result


def with_drugs(model: Model, name: str) -> list[float]:
    """Return the strength (%) after a protocol with each of the drugs."""
    protocol = load_protocol(name)
    always = {"from": "start", "until": "end + 60 min"}
    arms = [
        {"name": drug, "drugs": [{"name": drug, **(always if drug in BUFFERS else {})}]}
        for drug in DRUGS
        if drug != "none"
    ]
    arms = [{"name": "none"}, *arms]
    return at_measure(
        simulate(model, replace(protocol, data=protocol.data | {"arms": arms}))
    ).values.tolist()


def signs_of(induction: str) -> list[float]:
    """Return the sign that experiments tell for each drug, NaN where none does."""
    found = dict.fromkeys(DRUGS, np.nan)
    for name, (kind, arms) in SIGNED.items():
        experiment = load_experiment(name)
        for outcome in experiment.outcomes:
            arm = experiment.condition_text(outcome.condition)
            if kind == induction and arm in arms:
                found[arms[arm]] = VALUE[outcome.sign]
    return list(found.values())


def compared(
    model: Model, experiment: Experiment, wanted: Mapping[str, str]
) -> dict[str, tuple[float, float, float]]:
    """Return the simulated and measured strength and its error (%) of the wanted conditions."""
    simulated = strengths(model, experiment.protocol).strengths
    outcomes = {experiment.condition_text(o.condition): o for o in experiment.outcomes}
    found = {}
    for words, condition in wanted.items():
        outcome = outcomes[condition]
        found[words] = (simulated[outcome.condition], outcome.mean, outcome.sem)
    return found


def draw(data: xr.Dataset) -> Figure:
    """Draw the inductions with their signs above, the experiments with their numbers below."""
    with paper_style():
        figure, panels = subplots(
            2, 2, figsize=(FULL_WIDTH, 125 * MILLIMETRE), layout="constrained"
        )
        titles = ("100 pulses at 100 Hz", "900 pulses at 1 Hz")
        for panel, induction, title in zip(panels[0], data["induction"], titles, strict=True):
            own = data.sel(induction=induction)
            draw_bars(panel, data["drug"].to_numpy(), own["strength"])
            known = np.flatnonzero(own["sign"].notnull())
            draw_signs(panel, known, own["sign"][known])
            panel.set(title=title, ylim=(65, 205))
        titles = ("300 pairs at 1 Hz", "60 bursts at 0.1 Hz")
        for panel, kind, title in zip(panels[1], NUMBERED, titles, strict=True):
            drugs = [words.split(", ")[0] for words in data[kind].to_numpy()]
            draw_bars(panel, drugs, data[f"simulated_{kind}"])
            draw_measured(panel, range(len(drugs)), data[f"measured_{kind}"], data[f"sem_{kind}"])
            panel.set(title=title, ylim=(35, 250))
            name_lags(panel, data[kind])
        for panel in panels[:, 0]:
            panel.set_ylabel("synaptic strength (% of baseline)")
        letter(panels.flat)
        add_legend(figure)
    return figure


def draw_bars(panel: Axes, names: Sequence[str], heights: xr.DataArray) -> None:
    """Draw bars from the baseline up or down; where nothing changes a line is left of them."""
    places = np.arange(len(names))
    panel.bar(places, heights - 100, 0.7, bottom=100, color=COLOURS[4], edgecolor=COLOURS[4])
    mark_baseline(panel)
    panel.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
    panel.tick_params(axis="x", length=0)


def name_lags(panel: Axes, names: xr.DataArray) -> None:
    """Write the lags above the bars that have them, with a line between."""
    lags = [words.split(", ")[1] for words in names.to_numpy()]
    for lag in dict.fromkeys(lags):
        places = np.flatnonzero(np.array(lags) == lag)
        if places[0]:
            panel.axvline(places[0] - 0.5, color="0.6", linewidth=0.6)
        middle = float(places.mean())
        panel.text(middle, 0.97, f"post spike {lag}", transform=panel.get_xaxis_transform(),
                   ha="center", va="center")  # fmt: skip


def add_legend(figure: Figure) -> None:
    """Say below the panels what bars, squares and signs are."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    style = {"color": "black", "linestyle": ""}
    figure.legend(
        handles=[
            Patch(color=COLOURS[4], label="ca1_spine"),
            Line2D([], [], marker="s", markerfacecolor="white", markersize=3, label="measured",
                   **style),
            *(Line2D([], [], marker=marker, markersize=5, label=f"sign: {words}", **style)
              for marker, words in SIGNS.values()),
        ],
        loc="outside lower center", ncols=5,
    )  # fmt: skip
