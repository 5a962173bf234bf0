"""A folder of a sweep as one labelled Dataset: combinations as its dimensions, samples as points.

It holds what the manifest says, so that neither the models nor the protocol need to be at hand.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from plasticity_sim.errors import InputError
from plasticity_sim.simulation.grid import POINT
from plasticity_sim.sweep.design import Design, grid, sample
from plasticity_sim.sweep.folder import chunk_path, read_manifest
from plasticity_sim.sweep.request import digest_of
from plasticity_sim.sweep.work import FAILED, FAILURE, TRACES, UNTRUSTED

MODEL = "model"
_TEXTS = (FAILURE, UNTRUSTED)


def open_sweep(folder: str | Path, *, traces: bool = False, partial: bool = False) -> xr.Dataset:
    """Return the results of the sweep in `folder`.

    Parameters
    ----------
    folder
        What `plasticity-sim sweep --out` was given.
    traces
        Return the time courses of the points that kept them instead, along `point`.
    partial
        Open a sweep that is not complete; what is missing is NaN.

    Returns
    -------
    xarray.Dataset
        Dimensions: `model` where there are several, then one for each `--over` in its order, or
        `point` for a sample, then those of the protocol, and `state`. Strengths are in %, peaks in
        the unit of their attributes; `failure` says why a strength is missing. Where dask is
        installed, values are read when they are used.

    Raises
    ------
    InputError
        If there is no sweep, if it is not complete, or if a chunk cannot be read.
    """
    home = Path(folder)
    inputs = read_manifest(home)
    design, models = design_of(inputs), names_of(inputs)
    numbers = _numbers(inputs, design)
    missing = [n for own in numbers for n in own if not chunk_path(home, n).exists()]
    if missing and not partial:
        raise InputError(
            f"{len(missing)} of {sum(map(len, numbers))} chunks are not in '{folder}' yet; the "
            "same command goes on, and partial=True opens what is there"
        )
    lost = set(missing)
    parts = {
        model: _one_model(home, inputs, [n for n in own if n not in lost], design, traces)
        for model, own in zip(models, numbers, strict=True)
    }
    if traces:
        found = {model: data for model, data in parts.items() if data.sizes}
        if not found:
            raise InputError(f"no point of '{folder}' has kept its time courses (--keep-traces)")
        return _over_models(found) if len(models) > 1 else next(iter(found.values()))
    whole = {model: _shaped(data, design) for model, data in parts.items()}
    result = _over_models(whole) if len(models) > 1 else next(iter(whole.values()))
    return result.assign_attrs(
        title=f"{inputs['protocol']} on {', '.join(models)}, {design.count} points",
        protocol=inputs["protocol"], seed=inputs["seed"], sweep=digest_of(inputs),
        axes=[MODEL] * (len(models) > 1) + [axis.name for axis in design.axes],
    )  # fmt: skip


def design_of(inputs: dict[str, Any]) -> Design:
    """Return the points that a manifest tells of; InputError if they come out differently."""
    if inputs["sample"]:
        sampling, points = inputs["sample"]
        design = sample(inputs["over"], sampling, points, inputs["seed"])
    else:
        design = grid(inputs["over"])
    if design.digest != inputs["values"]:
        raise InputError(
            "the points of this sample come out differently with this version of SciPy; "
            f"it was drawn with {inputs['versions']['scipy']}"
        )
    return design


def _numbers(inputs: dict[str, Any], design: Design) -> list[range]:
    """Return the numbers of each model's chunks."""
    found, first = [], 0
    for at_once in inputs["points a chunk"]:
        count = -(-design.count // at_once)
        found.append(range(first, first + count))
        first += count
    return found


def names_of(inputs: dict[str, Any]) -> list[str]:
    """Return the names of the models, in their order."""
    return [model["model"] for model in inputs["models"]]


def chunk_sizes(inputs: dict[str, Any], design: Design) -> list[int]:
    """Return how many points each chunk has."""
    sizes = []
    for at_once in inputs["points a chunk"]:
        whole, rest = divmod(design.count, at_once)
        sizes += [at_once] * whole + [rest] * bool(rest)
    return sizes


def _one_model(
    home: Path, inputs: dict[str, Any], numbers: Sequence[int], design: Design, traces: bool
) -> xr.Dataset:
    """Return the chunks of one model along `point`, each of this sweep."""
    digest, parts = digest_of(inputs), []
    for number in numbers:
        path = chunk_path(home, number)
        try:
            marks = _opened(path).attrs
            if (marks.get("sweep"), marks.get("chunk")) != (digest, number):
                raise InputError(f"'{path}' is of another sweep; run the command of this one again")
            if not traces:
                parts.append(_opened(path))
            elif _has_traces(path):
                parts.append(_opened(path, TRACES))
        except (OSError, ValueError, KeyError):
            raise InputError(
                f"'{path}' is damaged; run the command of the sweep again, which mends it"
            ) from None
    if not parts:
        return xr.Dataset()
    data = xr.concat(
        parts, POINT, data_vars="all", coords="minimal", compat="override", join="outer"
    )
    data.attrs.clear()  # those of a chunk
    return _labelled(data, design) if traces or design.sampling else data


def _opened(path: Path, group: str | None = None) -> xr.Dataset:
    lazily: dict[str, Any] = {"chunks": {}} if importlib.util.find_spec("dask") else {}
    data = xr.open_dataset(path, engine="h5netcdf", group=group, **lazily)
    if lazily:
        return data
    with closing(data):
        return data.load()


def _has_traces(path: Path) -> bool:
    import h5netcdf

    with h5netcdf.File(path, "r") as file:
        return TRACES in file.groups


def _labelled(data: xr.Dataset, design: Design) -> xr.Dataset:
    """Return the data with the values at each of its points."""
    points = data[POINT].to_numpy()
    grids = np.unravel_index(points, design.shape)
    for number, axis in enumerate(design.axes):
        places = points if design.sampling else grids[number]
        values = np.array(axis.coordinate)[places]
        data = data.assign_coords({axis.name: (POINT, values, {"units": axis.unit or "1"})})
    return data


def _shaped(data: xr.Dataset, design: Design) -> xr.Dataset:
    """Return the data with all points, and the axes of the sweep in the place of `point`."""
    if POINT not in data.dims:
        raise InputError("no chunk of a model is there yet; the same command goes on")
    if data.sizes[POINT] < design.count:
        data = data.reindex({POINT: np.arange(design.count)})
        for name in _TEXTS:
            data[name] = data[name].fillna("").astype(str)
        data[FAILED] = data[FAILED].fillna(0).astype(int)
    if design.sampling:
        return _labelled(data.drop_vars([axis.name for axis in design.axes]), design)
    names = [axis.name for axis in design.axes]
    coordinates: dict[str, Any] = {
        axis.name: (axis.name, axis.coordinate, {"units": axis.unit or "1"}) for axis in design.axes
    }
    coordinates |= {str(name): data[name] for name in data.coords if name != POINT}
    shaped = xr.Dataset(coords=coordinates)
    for key, found in data.data_vars.items():
        values = found.transpose(POINT, ...)
        array = values.data.reshape((*design.shape, *values.shape[1:]))
        shaped[key] = ((*names, *values.dims[1:]), array, values.attrs)
    return shaped


def _over_models(parts: dict[str, xr.Dataset]) -> xr.Dataset:
    """Return models as a dimension; what they give in different units is named by the model."""
    units: dict[str, set[str]] = {}
    for data in parts.values():
        for name, values in data.data_vars.items():
            units.setdefault(str(name), set()).add(str(values.attrs.get("units", "")))
    renamed = [
        data.rename({n: f"{n}_{model}" for n in map(str, data.data_vars) if len(units[n]) > 1})
        for model, data in parts.items()
    ]
    joined = xr.concat(renamed, MODEL, join="outer", data_vars="all", coords="minimal",
                       compat="override", combine_attrs="drop_conflicts")  # fmt: skip
    return joined.assign_coords({MODEL: list(parts)})
