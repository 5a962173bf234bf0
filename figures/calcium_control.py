"""One rule of calcium gives pairing, frequency and spike timing.

The model of Shouval, Bear & Cooper (2002); no data. (A) Strength that calcium asks for, Omega, and
(B) the rate at which it gets there, eta. Strength after 100 pulses (C) at 1 Hz with the
postsynaptic potential held, (D) at each rate, with EPSPs of 10 mV, and (E) paired at 1 Hz with a
postsynaptic spike at each lag, as in Figs. 1 to 4 of the paper. The strength is read a second after
the last pulse, in C, D and E in % of that before. Depression comes back at lags beyond 45 ms.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.pyplot import figure as new_figure

from plasticity_sim import Model, Options, load_model, load_protocol, simulate
from plasticity_sim.drawing import (
    FULL_WIDTH,
    MILLIMETRE,
    letter,
    look,
    mark_baseline,
    paper_style,
)
from plasticity_sim.figure import Loader

HELD = "-70:-10:61 mV"
RATES = ", ".join(f"{rate:.4g} Hz" for rate in np.geomspace(0.5, 20, 65))
LAGS = "-100:150:101 ms"
EXACT = Options(rtol=1e-6)  # Omega is steep
SECOND = 1.0
RULE = {"omega": "strength asked for, Ω", "eta": "rate, η (1/s)"}
AXES = {"v_rest": "held potential (mV)", "rate": "rate (Hz)", "lag": "lag (ms)"}
TICKS = (0.5, 1, 2, 5, 10, 20)  # Hz


def data(load: Loader = load_model) -> xr.Dataset:
    """Hold calcium, then run the three protocols of a hundred pulses."""
    model = load("shouval_2002")
    rule = simulate(model, "calcium_held").isel(state=0, synapse=0, sample=-1)
    result = xr.Dataset(coords={"ca": ("ca", rule["set.ca"].to_numpy(), {"units": "uM"})})
    result["omega"] = ("ca", rule["omega"].to_numpy(), {"units": "1", "long_name": "Omega"})
    result["eta"] = ("ca", rule["eta"].to_numpy(), {"units": "1/s", "long_name": "eta"})
    large = model.with_values(a_epsp="10 mV")
    curves = {
        "v_rest": strength(model, "shouval_2002_pairing", v_rest=HELD),
        "rate": strength(large, "shouval_2002_frequency", rate=RATES),
        "lag": strength(model, "shouval_2002_timing", lag=LAGS),
    }
    for axis, curve in curves.items():
        result[f"strength_of_{axis}"] = curve
    return result


def strength(model: Model, protocol: str, **values: str) -> xr.DataArray:
    """Return the strength (%) a second after the last pulse, along the protocol's axis."""
    changed = load_protocol(protocol).with_settings(**values)
    run = simulate(model, changed, options=EXACT).isel(state=0, synapse=0)
    after = run["time_after"].broadcast_like(run["strength_of_lane"])
    late = run["strength_of_lane"].where(np.abs(after - SECOND) < 1e-6).mean("sample")
    return late.reset_coords(drop=True).assign_attrs(units="%", long_name="strength")


def draw(data: xr.Dataset) -> Figure:
    """Draw the two functions of calcium, and below the three curves of strength."""
    with paper_style():
        figure = new_figure(figsize=(FULL_WIDTH, 100 * MILLIMETRE), layout="constrained")
        grid = figure.add_gridspec(2, 6)
        panels = [figure.add_subplot(grid[0, part]) for part in (slice(0, 3), slice(3, 6))]
        panels += [figure.add_subplot(grid[1, 2 * n : 2 * n + 2]) for n in range(len(AXES))]
        for panel, (name, words) in zip(panels, RULE.items(), strict=False):
            panel.plot(data["ca"], data[name], **look(0))
            panel.set(xlabel="calcium (µM)", ylabel=words, xlim=(0, 1))
            panel.set_ylim(bottom=0)
        for panel, (axis, words) in zip(panels[2:], AXES.items(), strict=True):
            panel.plot(data[axis], data[f"strength_of_{axis}"], **look(0))
            mark_baseline(panel)
            panel.set(xlabel=words, ylabel="strength (% of baseline)")
            panel.set_ylim(bottom=0)
        panels[3].set_xscale("log")
        panels[3].set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        letter(panels)
    return figure
