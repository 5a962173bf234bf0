"""A chunk of a sweep as a worker computes it: lanes in, one NetCDF file's bytes out."""

from __future__ import annotations

import hashlib
import math
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.measures import measured
from plasticity_sim.model import Model
from plasticity_sim.protocol import Protocol
from plasticity_sim.scratch import private_folder
from plasticity_sim.simulation.dataset import axis_names
from plasticity_sim.simulation.grid import POINT
from plasticity_sim.simulation.points import Failure, Point, Together, simulate_points
from plasticity_sim.sweep.request import Chunk, Request, Subject, Sweep, resolve

TRACES = "traces"  # the group of a file that holds time courses
FAILURE, FAILED, UNTRUSTED, DRIFT = "failure", "failed_lanes", "untrusted", "conservation_drift"


@dataclass(frozen=True)
class Found:
    """What a worker hands over: the file, and what is told of the work but is no part of it."""

    file: bytes = b""
    failed: int = 0  # points, of which a lane failed or that are not to be trusted
    steps: int = 0
    seconds: float = 0.0
    host: str = ""
    processor: str = ""
    problem: str = ""  # why there is no file


def computed_chunk(number: int, request: Request, digest: str) -> Found:
    """Return the file of one chunk; `digest` is that of the sweep as the sender understands it."""
    began = time.perf_counter()
    host = platform.node()
    try:
        sweep = _resolved(request)
        if sweep.digest != digest:
            raise InputError(
                "the files or versions there are others than at the beginning of the sweep"
            )
        file, failed, steps = _computed(sweep, sweep.chunks[number])
    except (InputError, SimulationError, OSError, MemoryError) as problem:
        return Found(problem=f"on {host}: {str(problem) or type(problem).__name__}", host=host)
    seconds = time.perf_counter() - began
    return Found(file, failed, steps, seconds, host, _processor())


_resolved = cache(resolve)  # once in a worker


def _computed(sweep: Sweep, chunk: Chunk) -> tuple[bytes, int, int]:
    subject = sweep.subjects[chunk.subject]
    points, failures = _points(sweep, subject, chunk)
    groups: list[Together] = []
    if points:
        groups += simulate_points(
            points, subject.synapses, sweep.request.seed, subject.options
        )  # fmt: skip
    failures += [failure for group in groups for failure in group.failures]
    groups = [group for group in groups if group.data.sizes]
    data = _summary(subject, chunk, groups, failures)
    failed = int(((data[FAILED].sum(data[FAILED].dims[1:]) > 0) | (data[UNTRUSTED] != "")).sum())
    traces = _traces(groups, sweep.traced)
    marks = {"sweep": sweep.digest, "chunk": chunk.number, "failed_points": failed,
             "content": content_of(data, traces)}  # fmt: skip
    return _as_file(data.assign_attrs(marks), traces), failed, sum(g.steps for g in groups)


def _points(sweep: Sweep, subject: Subject, chunk: Chunk) -> tuple[list[Point], list[Failure]]:
    """Return the points of a chunk, and those at which model and protocol do not go together."""
    points, failures = [], []
    protocols: dict[tuple[tuple[str, str], ...], Protocol] = {}
    for number in chunk.points:
        values = sweep.design.values(number)
        own = {name: text for name, text in values.items() if name in subject.model.parameters}
        settings = tuple((name, text) for name, text in values.items() if name not in own)
        try:
            if settings not in protocols:
                protocols[settings] = subject.at(dict(settings))[1]
            model: Model = subject.model.with_parameters(own)
            points.append(Point(number, model, protocols[settings]))
        except InputError as problem:
            failures.append(Failure(number, str(problem)))
    return points, failures


def _summary(
    subject: Subject, chunk: Chunk, groups: Sequence[Together], failures: Sequence[Failure]
) -> xr.Dataset:
    """Return what is told of every point: strengths, peaks, trust, and why there is none."""
    axes = subject.protocol.axes
    dims = (POINT, *axis_names(subject.model, axes))
    shape = (chunk.count, *(len(axis.texts) for axis in axes))
    parts = [measured(group.data) for group in groups]
    data = xr.concat(parts, POINT, join="outer") if parts else xr.Dataset()
    data = data.reindex({POINT: np.array(chunk.points)})
    reasons = np.full((chunk.count, math.prod(shape[1:])), "", object)
    counts = np.zeros(reasons.shape, np.int64)
    lanes = len(subject.model.states) * subject.synapses
    for failure in failures:
        row = failure.point - chunk.first
        # a point that could not begin has no state to name, and fails in all its conditions
        cells = (row, failure.condition) if failure.state else (row, slice(None))
        counts[cells] += 1 if failure.state else lanes
        if failure.state and not reasons[cells]:
            place = f"state {failure.state}, synapse {failure.synapse}"
            reasons[cells] = f"{failure.reason} ({place})"
        elif not failure.state:
            reasons[cells] = failure.reason
    trust = {number: found for group in groups for number, found in group.trust.items()}
    told = [trust.get(number) for number in chunk.points]
    drifts = [np.nan if t is None or t.conservation_drift is None else t.conservation_drift
              for t in told]  # fmt: skip
    doubts = ["; ".join(t.failures) if t else "" for t in told]
    data[FAILURE] = (dims, reasons.reshape(shape), {"long_name": "why there is no strength"})
    data[FAILED] = (dims, counts.reshape(shape), {"long_name": "lanes that failed", "units": "1"})
    data[DRIFT] = (POINT, np.array(drifts), {
        "long_name": "largest relative drift of a declared total", "units": "1"})  # fmt: skip
    data[UNTRUSTED] = (POINT, np.array(doubts, object), {
        "long_name": "why the point is not to be trusted"})  # fmt: skip
    return data


def _traces(groups: Sequence[Together], traced: frozenset[int]) -> xr.Dataset | None:
    """Return the time courses of the points that keep them."""
    parts = []
    for group in groups:
        wanted = [int(number) for number in group.data[POINT] if int(number) in traced]
        if wanted:
            parts.append(_trimmed(group.data.sel({POINT: wanted})))
    return xr.concat(parts, POINT, join="outer").sortby(POINT) if parts else None


def _trimmed(data: xr.Dataset) -> xr.Dataset:
    """Return the data without the samples that only other points have."""
    there = data["time"].notnull()
    there = there.any([dim for dim in there.dims if dim != "sample"])
    return data.isel(sample=np.flatnonzero(there))


def content_of(data: xr.Dataset, traces: xr.Dataset | None) -> str:
    """Return a digest of all values and names, the same before and after they were in a file."""
    digest = hashlib.sha256()
    for part in (data, traces if traces is not None else xr.Dataset()):
        for name in sorted(map(str, part.variables)):
            variable = part[name]
            values = variable.to_numpy()
            plain = values.dtype.kind in "fiu"
            content = values.tobytes() if plain else "\0".join(map(str, values.ravel())).encode()
            digest.update(f"{name} {variable.dims} {values.shape} {len(content)}:".encode())
            digest.update(content)
    return digest.hexdigest()


def _as_file(data: xr.Dataset, traces: xr.Dataset | None) -> bytes:
    with private_folder() as folder:
        path = folder / "chunk.nc"
        data.to_netcdf(path, engine="h5netcdf")
        if traces is not None:
            traces.to_netcdf(path, engine="h5netcdf", group=TRACES, mode="a")
        return path.read_bytes()


@cache
def _processor() -> str:
    """Return what the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
