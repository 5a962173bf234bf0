"""Engine output to one labelled Dataset: conditions, states, synapses, samples, with units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from plasticity_sim.axis import Axis
from plasticity_sim.engine.batch import Array, Outcome, sample_grid
from plasticity_sim.engine.righthand import observer
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Protocol
from plasticity_sim.quantities import in_unit
from plasticity_sim.simulation.grid import Grid
from plasticity_sim.simulation.lanes import Plan

STRENGTH = "strength"
_LANE_DIMS = ("state", "synapse", "sample")


def to_dataset(
    model: Model, protocol: Protocol | Grid, plan: Plan, outcome: Outcome, spent: bool = False
) -> xr.Dataset:
    """Return observed variables, peaks and the strength, in the units that people read.

    A `spent` outcome loses its samples on the way, of which there would be two copies otherwise.
    """
    taken = outcome.samples.pop if spent else outcome.samples.__getitem__
    names, axes = _sampled(model), axis_names(model, protocol.axes)
    shape = [len(axis.texts) for axis in protocol.axes]
    lanes = (*shape, len(model.states), plan.synapses)
    data = xr.Dataset(coords=_coordinates(model, protocol, plan, axes))
    for name in names:
        values = _shown(model, name, taken(name)).reshape(*lanes, -1)
        data[name] = ((*axes, *_LANE_DIMS), values, _attributes(model, name))
    for name in model.observe:
        values = _shown(model, name, outcome.peaks[name]).reshape(lanes)
        attributes = _attributes(model, name, "largest value of ")
        data[f"peak_{name}"] = ((*axes, "state", "synapse"), values, attributes)
    alike = len(model.states) * plan.synapses  # lanes of one condition have the same samples
    times = sample_grid(replace(plan.batch, lanes=plan.batch.lanes[::alike]))
    _add_times(data, axes, times.reshape(*shape, -1), protocol)
    _add_strength(data, model, protocol, plan, axes)
    return data


def axis_names(model: Model, axes: Sequence[Axis]) -> list[str]:
    """Return the dimensions of `axes`: a state that is held at several values is seen too."""
    seen = _sampled(model)
    return [f"set.{axis.name}" if axis.name in seen else axis.name for axis in axes]


def _sampled(model: Model) -> dict[str, None]:
    return dict.fromkeys([*model.observe, model.readout.variable, *model.conserve])


def _coordinates(
    model: Model, protocol: Protocol | Grid, plan: Plan, axes: list[str]
) -> dict[str, Any]:
    coordinates: dict[str, Any] = {}
    for name, axis in zip(axes, protocol.axes, strict=True):
        attributes = {"units": axis.unit or "1"} if axis.name != "arm" else {}
        coordinates[name] = ([name], axis.coordinate, attributes)
    coordinates["state"] = list(model.states)
    coordinates["mix"] = (["state"], [model.mix[name] for name in model.states])
    coordinates["synapse"] = np.arange(plan.synapses)
    return coordinates


def _add_times(data: xr.Dataset, axes: list[str], times: Array, protocol: Protocol | Grid) -> None:
    """Add `time` (from the first pulse) and `time_after` (from the last), both in seconds."""
    lasts = np.reshape([c.timeline.last for c in protocol.conditions], times.shape[:-1])
    flat = times.reshape(-1, times.shape[-1])
    alike = bool((flat == flat[0]).all()) and np.ptp(lasts) == 0
    dims = ["sample"] if alike else [*axes, "sample"]
    after = times - lasts[..., None]
    for name, values, meaning in (
        ("time", times, "time from the first induction pulse"),
        ("time_after", after, "time after the last induction pulse"),
    ):
        values = values.reshape(-1, times.shape[-1])[0] if alike else values
        data.coords[name] = (dims, values, {"units": "s", "long_name": meaning})
    timelines = [condition.timeline for condition in protocol.conditions]
    for name, values, meaning in (
        ("last_pulse", lasts, "last induction pulse after the first"),
        ("measure_at", [t.measure_at for t in timelines], "end of the measuring window"),
        ("measure_window", [t.measure_window for t in timelines], "length of the measuring window"),
    ):
        shaped = np.reshape(values, lasts.shape)
        data.coords[name] = (axes, shaped, {"units": "s", "long_name": meaning})


def _add_strength(
    data: xr.Dataset, model: Model, protocol: Protocol | Grid, plan: Plan, axes: list[str]
) -> None:
    """Add the strength of each lane and of the weighted population, in % of the baseline."""
    read = data[model.readout.variable]
    if model.readout.within is not None:
        read = _responses(read, data["time"], protocol, axes, model.readout.within)
    base = _baseline(read, data["time"], model, protocol, plan, axes)
    data[f"{STRENGTH}_of_lane"] = (100 * read / base).assign_attrs(
        units="%", long_name="strength of one synapse from one state, of its baseline"
    )
    weighted = (read * data["mix"]).sum("state", skipna=False)
    start = (base * data["mix"]).sum("state", skipna=False)
    # a lane that failed is not a number, and then the population is not one either
    whole = weighted.mean("synapse", skipna=False) / start.mean("synapse", skipna=False)
    data[STRENGTH] = (100 * whole).assign_attrs(
        units="%", long_name="strength of the population, of its baseline"
    )
    each = 100 * weighted / start
    data[f"{STRENGTH}_of_synapse"] = each.assign_attrs(
        units="%", long_name="strength of one synapse, its states weighted, of its baseline"
    )


def _baseline(
    read: xr.DataArray,
    time: xr.DataArray,
    model: Model,
    protocol: Protocol | Grid,
    plan: Plan,
    axes: list[str],
) -> xr.DataArray:
    """Return what every lane's strength is a share of: its mean before the first pulse, or rest."""
    times = time.broadcast_like(read)
    base = read.where(times < 0).mean("sample")
    lengths = [condition.timeline.baseline for condition in protocol.conditions]
    if all(lengths):
        return base
    if model.readout.within is not None:
        other = read.where(times == times.min("sample")).mean("sample")
    else:  # the first sample comes after the first pulse, which may have changed it
        lanes = read.isel(sample=0, drop=True)
        other = lanes.copy(data=_at_rest(model, plan).reshape(lanes.shape))
    there = np.reshape(lengths, [read.sizes[axis] for axis in axes]) > 0
    return base.where(xr.DataArray(there, dims=axes), other)


def _at_rest(model: Model, plan: Plan) -> Array:
    """Return the readout of every lane before anything happens to it."""
    name = model.readout.variable
    read = observer(model, (name,))
    values = [
        read(0.0, np.array([lane.initial[x] for x in model.differential]),
             {**lane.parameters, **lane.initial})[0]
        for lane in plan.batch.lanes
    ]  # fmt: skip
    return _shown(model, name, np.array(values))


def _responses(
    read: xr.DataArray,
    time: xr.DataArray,
    protocol: Protocol | Grid,
    axes: list[str],
    within: float,
) -> xr.DataArray:
    """Return at every sample the response to the latest test pulse: its peak above the start."""
    values = read.transpose(*axes, *_LANE_DIMS).to_numpy()
    flat = values.reshape(len(protocol.conditions), -1, values.shape[-1])
    clocks = np.broadcast_to(time.to_numpy(), (*values.shape[: len(axes)], values.shape[-1]))
    clocks = clocks.reshape(len(protocol.conditions), -1)
    result = np.full_like(flat, np.nan)
    for row, condition in enumerate(protocol.conditions):
        clock, tests = clocks[row], condition.timeline.tests
        for number, pulse in enumerate(tests):
            until = tests[number + 1] if number + 1 < tests.size else np.inf
            look = (clock >= pulse - 1e-9) & (clock <= pulse + within + 1e-9)
            seen = flat[row][:, look]
            peak = seen.max(axis=-1) - seen[:, 0]
            result[row][:, (clock >= pulse - 1e-9) & (clock < until - 1e-9)] = peak[:, None]
    shaped = result.reshape(values.shape)
    return read.transpose(*axes, *_LANE_DIMS).copy(data=shaped)


def _shown(model: Model, name: str, values: Array) -> Array:
    return values * in_unit(1.0, model.unit(name))


def _attributes(model: Model, name: str, prefix: str = "") -> dict[str, str]:
    comment = model.variables[name].comment or name
    return {"units": model.unit(name), "long_name": prefix + comment}
