"""Pairs 10 ms apart, in either order, at rates from 0.1 to 50 Hz (Sjöström et al. 2001).

(A) The presynaptic spike first. (B) The postsynaptic spike first. Squares: pairs of layer 5 cells
of rat visual cortex, mean and s.e.m., n = 3 to 10 pairs of cells, as digitised by Chindemi et al.
(2022). Lines are models: the voltage-based rule of Clopath et al. (2010), the triplet rule of
Pfister & Gerstner (2006) and the calcium thresholds of Graupner & Brunel (2012) have values fitted
to these data by their authors; ca1_spine (mean of 64 synapses) is of another area and was not.
Models and cells get 15 trains of five pairs, at 0.1 Hz 50 single pairs; Graupner & Brunel are drawn
by the paper's closed form for 75 pairs in a row, and the triplet rule, fitted to 60 pairs in a row,
is drawn for those too.
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.pyplot import subplots

from plasticity_sim import Model, Protocol, load_experiment, load_model, load_protocol, simulate
from plasticity_sim.closed_forms import solution
from plasticity_sim.drawing import (
    FULL_WIDTH,
    MILLIMETRE,
    draw_measured,
    letter,
    look,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader
from plasticity_sim.measures import at_measure

RATES = (0.1, 10.0, 20.0, 40.0, 50.0)  # Hz
LAGS = (10.0, -10.0)  # ms
SINGLE = {10.0: "single_+10_ms", -10.0: "single_-10_ms"}  # the arms at 0.1 Hz
TRAINS = {"Clopath et al. 2010": "clopath_2010", "ca1_spine, not fitted": "ca1_spine"}
TRIPLETS = ("Pfister & Gerstner 2006", "pfister_gerstner_2006_visual_cortex")
THRESHOLDS = ("Graupner & Brunel 2012", "graupner_brunel_2012_cortical_slices")
IN_A_ROW = 75  # pairs, of the closed form in the paper's figure
STRENGTH = {"units": "%", "long_name": "synaptic strength"}


def data(load: Loader = load_model) -> xr.Dataset:
    """Run every model at each rate in both orders, and read the measured pairs."""
    models = {words: in_trains(load(name)) for words, name in TRAINS.items()}
    models[TRIPLETS[0]] = in_a_row(load(TRIPLETS[1]))
    models[THRESHOLDS[0]] = in_closed_form(load(THRESHOLDS[1]))
    strength = xr.concat(
        list(models.values()), xr.Variable("model", list(models)), coords="minimal"
    )
    result = strength.to_dataset(name="strength")
    result["strength"].attrs = STRENGTH
    result = result.merge(measured())
    result["rate"].attrs = {"units": "Hz", "long_name": "rate of the pairs"}
    result["lag"].attrs = {"units": "ms", "long_name": "time of the postsynaptic spike"}
    return result


def grid(rates: tuple[float, ...] = RATES) -> xr.DataArray:
    """Return an empty table of lags and rates."""
    table = np.full((len(LAGS), len(rates)), np.nan)
    return xr.DataArray(table, coords={"lag": list(LAGS), "rate": list(rates)})


def in_trains(model: Model) -> xr.DataArray:
    """Return the strength (%) after the trains and the single pairs of the experiment."""
    protocol, places = experiment()
    found = at_measure(simulate(model, protocol))
    table = grid()
    for arm, here in places.items():
        table.loc[here] = float(found.sel(arm=arm))
    return table


def experiment() -> tuple[Protocol, dict[str, dict[str, float]]]:
    """Return trains and single pairs as arms of one protocol, and lag and rate of every arm."""
    trains, singles = load_protocol("sjostrom_2001"), load_protocol("sjostrom_2001_timing")
    arms = [arm for arm in singles.data["arms"] if arm["name"] in SINGLE.values()]
    places = {arm["name"]: place({"arm": arm["name"]}) or {} for arm in arms}
    for condition in trains.conditions:
        here = place(condition.labels) or {}
        name = f"{here['rate']:g} Hz, {here['lag']:g} ms"
        own = trains.with_settings(**condition.labels).data["induction"]
        arms.append({"name": name, "induction": own})
        places[name] = here
    return replace(singles, data=singles.data | {"arms": arms}), places


def in_a_row(model: Model) -> xr.DataArray:
    """Return the strength (%) after 60 pairs in a row."""
    rates, lags = (", ".join(map(str, values)) for values in (RATES, LAGS))
    run = simulate(model, "stdp_60_pairs", rate=f"{rates} Hz", lag=f"{lags} ms")
    return at_measure(run).reset_coords(drop=True).reindex_like(grid()).transpose("lag", "rate")


def in_closed_form(model: Model) -> xr.DataArray:
    """Return the strength (%) after pairs in a row by the solution of Graupner & Brunel (2012)."""
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    table, beta, b = grid(), model.mix["down"], values["b_weight"]
    for lag in LAGS:
        changes = [solution(values, r, [1e-3 * lag], IN_A_ROW).change(beta, b) for r in RATES]
        table.loc[{"lag": lag}] = 100 * np.array(changes)
    return table


def measured() -> xr.Dataset:
    """Return mean, standard error (%) and number of pairs at every lag and rate."""
    found = xr.Dataset({name: grid() for name in ("measured", "sem", "n")})
    for name in ("sjostrom_2001", "sjostrom_2001_timing"):
        experiment = load_experiment(name)
        for outcome in experiment.outcomes:
            labels = experiment.protocol.conditions[outcome.condition].labels
            here = place(labels)
            if here is not None:
                values = (outcome.mean, outcome.sem, outcome.n)
                for key, value in zip(found, values, strict=True):
                    found[key].loc[here] = np.nan if value is None else value
    found["measured"].attrs = {"units": "%", "long_name": "measured strength, mean"}
    found["sem"].attrs = {"units": "%", "long_name": "its standard error"}
    found["n"].attrs = {"units": "1", "long_name": "pairs of cells"}
    return found


def place(labels: dict[str, str]) -> dict[str, float] | None:
    """Return lag and rate of a condition; None where it is of another lag.

    >>> place({"arm": "single_-10_ms"}), place({"arm": "40_hz_0_ms"})
    ({'lag': -10.0, 'rate': 0.1}, None)
    """
    if "arm" in labels:
        found = [lag for lag, arm in SINGLE.items() if arm == labels["arm"]]
        return {"lag": found[0], "rate": RATES[0]} if found else None
    return {axis: float(labels[axis].split()[0]) for axis in ("lag", "rate")}


def draw(data: xr.Dataset) -> Figure:
    """Draw a panel for each order of the spikes."""
    with paper_style():
        size = (FULL_WIDTH, 78 * MILLIMETRE)
        figure, panels = subplots(1, 2, figsize=size, sharey=True, layout="constrained")
        for panel, lag in zip(panels, data["lag"].to_numpy(), strict=True):
            draw_order(panel, data.sel(lag=lag))
        panels[0].set_ylabel("synaptic strength (% of baseline)")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        letter(panels)
    return figure


def draw_order(panel: Axes, data: xr.Dataset) -> None:
    """Draw the models as lines over the measured pairs of one order."""
    for number, name in enumerate(data["model"].to_numpy()):
        own = data["strength"].sel(model=name)
        panel.plot(data["rate"], own, marker=".", markersize=3, label=name, **look(number))
    known = data["measured"].notnull()
    draw_measured(
        panel, data["rate"][known], data["measured"][known], data["sem"][known],
        label="measured (Sjöström et al. 2001)",
    )  # fmt: skip
    mark_baseline(panel)
    lag = float(data["lag"])
    first = "presynaptic" if lag > 0 else "postsynaptic"
    panel.set_title(f"{first} spike {abs(lag):g} ms earlier")
    panel.set(xlabel="rate of the pairs (Hz)", xlim=(-2, 52), xticks=[0.1, 10, 20, 30, 40, 50])
    panel.set_xticklabels(["0.1", "10", "20", "30", "40", "50"])
