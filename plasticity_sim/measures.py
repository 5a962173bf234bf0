"""What one reads off a simulation: strengths at the measuring time, peaks, a summary."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import xarray as xr

from plasticity_sim.simulation import STRENGTH
from plasticity_sim.simulation.grid import EDGE

PEAK = "peak_"  # begins the names of largest values


def at_measure(data: xr.Dataset, variable: str = STRENGTH) -> xr.DataArray:
    """Return a variable's mean over the protocol's measuring window, without its `sample`."""
    at, window = data["measure_at"], data["measure_window"]
    after = data["time_after"]
    inside = (after >= at - window - EDGE) & (after <= at + EDGE)
    return data[variable].where(inside).mean("sample", keep_attrs=True)


def measured(data: xr.Dataset) -> xr.Dataset:
    """Return strengths at the measuring time with their error, and peaks, of every condition.

    A condition of which a lane failed is not a number.
    """
    strength = at_measure(data)
    found = xr.Dataset({STRENGTH: strength})
    synapses = at_measure(data, f"{STRENGTH}_of_synapse")
    if data.sizes["synapse"] > 1:
        error = synapses.std("synapse", ddof=1) / np.sqrt(data.sizes["synapse"])
    else:
        error = xr.full_like(strength, np.nan)
    found[f"{STRENGTH}_sem"] = error.where(strength.notnull()).assign_attrs(
        units="%", long_name="standard error of the strength over synapses"
    )
    lanes = at_measure(data, f"{STRENGTH}_of_lane")
    found[f"{STRENGTH}_of_state"] = lanes.mean("synapse", skipna=False).assign_attrs(
        units="%", long_name="strength of the population from one state, of its baseline"
    )
    for name in map(str, data.data_vars):
        if name.startswith(PEAK):
            largest = data[name].max("synapse", skipna=False, keep_attrs=True)
            found[name] = largest
    return found.drop_vars([name for name in found.coords if name not in found.dims])


def summary(data: xr.Dataset, wall: float, version: str) -> dict[str, Any]:
    """Return the plain data that `run --json` prints: one entry a condition."""
    axes = [str(dim) for dim in data[STRENGTH].dims if dim != "sample"]
    found, count = measured(data), data.sizes["synapse"]
    conditions = []
    for indices in itertools.product(*(range(data.sizes[axis]) for axis in axes)):
        here = dict(zip(axes, indices, strict=True))
        labels: dict[str, Any] = {axis: _plain(data[axis][here[axis]]) for axis in axes}
        conditions.append(
            labels
            | {
                "strength_percent": float(found[STRENGTH][here]),
                "strength_sem": float(found[f"{STRENGTH}_sem"][here]) if count > 1 else None,
                "n": count,
                "states": {
                    str(state): float(found[f"{STRENGTH}_of_state"][here].sel(state=state))
                    for state in data["state"].to_numpy()
                },
                "peak": {
                    str(name).removeprefix(PEAK): {
                        "value": float(found[name][here].max()),
                        "unit": found[name].attrs["units"],
                    }
                    for name in found.data_vars
                    if str(name).startswith(PEAK)
                },
            }
        )
    return {
        "model": data.attrs["model"],
        "protocol": data.attrs["protocol"],
        "conditions": conditions,
        "trust": json.loads(data.attrs["trust"]),
        "not_modelled": json.loads(data.attrs["not_modelled"]),
        "without_effect": json.loads(data.attrs["without_effect"]),
        "engine": data.attrs["engine"],
        "target": data.attrs["target"],
        "wall_s": round(wall, 3),
        "compiled": bool(data.attrs["compiled"]),
        "seed": int(data.attrs["seed"]),
        "version": version,
    }


def _plain(value: xr.DataArray) -> str | float:
    item = value.item()
    return item if isinstance(item, str) else float(item)
