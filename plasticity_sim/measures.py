"""What one reads off a simulation: strengths at the measuring time, peaks, a summary."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import xarray as xr

from plasticity_sim.simulation import STRENGTH

_EDGE = 1e-6  # s: samples at the edge of the measuring window count


def at_measure(data: xr.Dataset, variable: str = STRENGTH) -> xr.DataArray:
    """Return a variable's mean over the protocol's measuring window, without its `sample`."""
    at, window = data["measure_at"], data["measure_window"]
    after = data["time_after"]
    inside = (after >= at - window - _EDGE) & (after <= at + _EDGE)
    return data[variable].where(inside).mean("sample", keep_attrs=True)


def summary(data: xr.Dataset, wall: float, version: str) -> dict[str, Any]:
    """Return the plain data that `run --json` prints: one entry a condition."""
    axes = [str(dim) for dim in data[STRENGTH].dims if dim != "sample"]
    strength = at_measure(data)
    lanes = at_measure(data, f"{STRENGTH}_of_lane").mean("synapse")
    synapses = at_measure(data, f"{STRENGTH}_of_synapse")
    count = data.sizes["synapse"]
    sem = synapses.std("synapse", ddof=1) / np.sqrt(count) if count > 1 else None
    conditions = []
    for indices in itertools.product(*(range(data.sizes[axis]) for axis in axes)):
        here = dict(zip(axes, indices, strict=True))
        labels: dict[str, Any] = {axis: _plain(data[axis][here[axis]]) for axis in axes}
        conditions.append(
            labels
            | {
                "strength_percent": float(strength[here]),
                "strength_sem": float(sem[here]) if sem is not None else None,
                "n": count,
                "states": {
                    str(state): float(lanes[here].sel(state=state))
                    for state in data["state"].to_numpy()
                },
                "peak": {
                    str(name).removeprefix("peak_"): {
                        "value": float(data[name][here].max()),
                        "unit": data[name].attrs["units"],
                    }
                    for name in data.data_vars
                    if str(name).startswith("peak_")
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
