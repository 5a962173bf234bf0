"""Pictures of a run: strength with the induction marked, calcium, kinase and phosphatase."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plasticity_sim.drawing import (
    COLOURS,
    DASHES,
    FULL_WIDTH,
    draw_measured,
    in_words,
    letter,
    mark_baseline,
    paper_style,
)
from plasticity_sim.experiment.tables import Row, read_table
from plasticity_sim.measures import at_measure
from plasticity_sim.simulation import STRENGTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 6
_DENSE = 0.011  # s: samples closer than this show single pulses


@dataclass(frozen=True)
class Points:
    """Measured strengths to lay over a picture; `x` is a column of the user's file."""

    x_name: str
    x: list[float]
    mean: list[float]
    sem: list[float]
    label: str


@dataclass(frozen=True)
class _Line:
    """One condition of one model: where it is in the result, and how it looks."""

    data: xr.Dataset
    label: str
    colour: str


def read_points(path: str) -> Points:
    """Read measured points: a column `mean` (%), `sem` if known, and one named after an axis.

    The other column is `time_min` (minutes after the first pulse) or an axis such as `lag`.
    """
    table = read_table(Path(path))
    if "mean" not in table.headings:
        raise table.error("needs a heading with 'mean' and the name of an axis")
    others = [name for name in table.headings if name not in ("mean", "sem", "n", "label")]
    if not others:
        raise table.error("needs a column 'time_min' or one named after an axis")
    columns = [[_number(row, name) for row in table.rows] for name in (others[0], "mean")]
    sem = [_error_bar(row) for row in table.rows]
    label = table.rows[0].cells.get("label") or Path(path).stem
    return Points(others[0], columns[0], columns[1], sem, label)


def _number(row: Row, heading: str) -> float:
    value = row.number(heading)
    return math.nan if value is None else value


def _error_bar(row: Row) -> float:
    value = (row.number("sem") if "sem" in row.cells else None) or 0.0
    if value < 0:
        raise row.error(f"sem is {value:g}; it cannot be negative")
    return value


def draw_run(results: Sequence[xr.Dataset], points: Points | None = None) -> Figure:
    """Draw one or several models under one protocol."""
    import matplotlib.pyplot as plt

    with paper_style():
        lines = [line for result in results for line in _chosen(result, len(results) > 1)]
        lines = [_Line(x.data, x.label, COLOURS[i % len(COLOURS)]) for i, x in enumerate(lines)]
        figure, axes = plt.subplots(
            2, 2, figsize=(FULL_WIDTH, 0.72 * FULL_WIDTH), layout="constrained"
        )
        panels = list(axes.flat)
        swept = _long_axis(results[0])
        if swept:
            _draw_axis(panels[0], results, swept, points)
        else:
            _draw_strength(panels[0], lines, points)
        names = _telling(results[0])
        for panel, name in zip(panels[1:], names, strict=False):
            _draw_variable(panel, lines, name)
        for panel in panels[1 + len(names) :]:
            panel.set_visible(False)
        letter(panels)
        _legend(figure, lines, results[0])
        figure.suptitle(_caption(results))
    return figure


def _axes_of(data: xr.Dataset) -> list[str]:
    return [str(dim) for dim in data[STRENGTH].dims if dim != "sample"]


def _long_axis(data: xr.Dataset) -> str | None:
    """Return the axis along which there are too many conditions for a line each."""
    axes = [a for a in _axes_of(data) if data.sizes[a] > MOST_LINES and data[a].dtype.kind == "f"]
    return max(axes, key=lambda a: data.sizes[a]) if axes else None


def _chosen(data: xr.Dataset, several: bool) -> list[_Line]:
    """Return the conditions to draw as time courses: all, or the lowest and highest strength."""
    axes = _axes_of(data)
    keys = list(itertools.product(*(range(data.sizes[a]) for a in axes)))
    if len(keys) > MOST_LINES:
        final = [float(at_measure(data)[dict(zip(axes, key, strict=True))]) for key in keys]
        keys = [keys[int(np.nanargmin(final))], keys[int(np.nanargmax(final))]]
    lines = []
    for key in keys:
        here = dict(zip(axes, key, strict=True))
        label = ", ".join(_label(data[a][here[a]], a) for a in axes)
        model = data.attrs["model"] if several or not label else ""
        lines.append(_Line(data.isel(here), ": ".join(filter(None, (model, label))), ""))
    return lines


def _label(value: xr.DataArray, axis: str) -> str:
    if value.dtype.kind != "f":
        return str(value.item())
    units = value.attrs.get("units", "1")
    return f"{axis} {value.item():g}" + (f" {units}" if units != "1" else "")


def _telling(data: xr.Dataset) -> list[str]:
    """Return the three observed variables that say most: calcium, kinase, phosphatase first."""
    observed = [str(n).removeprefix("peak_") for n in data.data_vars if str(n).startswith("peak_")]
    beginnings = ("ca", "camkii", "pp1", "pp2a", "can", "rho")
    first = [
        next((n for n in observed if n == b or n.startswith(f"{b}_")), None) for b in beginnings
    ]
    rest = [n for n in observed if n not in (data.attrs["readout"], "v")]
    return [n for n in dict.fromkeys([*first, *rest]) if n is not None][:3]


def _draw_strength(panel: Axes, lines: Sequence[_Line], points: Points | None) -> None:
    for line in lines:
        panel.plot(line.data["time"] / 60, line.data[STRENGTH], color=line.colour)
    _mark_induction(panel, lines)
    if points and points.x_name == "time_min":
        _draw_points(panel, points)
    mark_baseline(panel)
    panel.set(xlabel="time from the first pulse (min)", ylabel="synaptic strength (% of baseline)")


def _draw_axis(
    panel: Axes, results: Sequence[xr.Dataset], axis: str, points: Points | None
) -> None:
    """Draw the final strength against a swept axis: the population, and each starting state."""
    for number, data in enumerate(results):
        final = at_measure(data)
        lanes = at_measure(data, f"{STRENGTH}_of_lane").mean("synapse")
        others = [dim for dim in final.dims if dim != axis]
        first = {dim: 0 for dim in others}
        colour = "black" if len(results) == 1 else COLOURS[number % len(COLOURS)]
        name = data.attrs["model"] if len(results) > 1 else "population"
        panel.plot(data[axis], final.isel(first), "o-", color=colour, markersize=2.5, label=name)
        if data.sizes["state"] > 1 and len(results) == 1:
            for state, dash in zip(data["state"].to_numpy(), DASHES[1:], strict=False):
                values = lanes.isel(first).sel(state=state)
                panel.plot(data[axis], values, color="0.55", linestyle=dash, label=f"from {state}")
    if points and points.x_name == axis:
        _draw_points(panel, points)
    mark_baseline(panel)
    units = in_words(results[0][axis].attrs.get("units", "1"))
    panel.set(xlabel=axis + units, ylabel="synaptic strength (% of baseline)")
    panel.legend()


def _draw_points(panel: Axes, points: Points) -> None:
    draw_measured(panel, points.x, points.mean, points.sem, label=points.label)
    panel.legend()


def _draw_variable(panel: Axes, lines: Sequence[_Line], name: str) -> None:
    """Draw one observed variable; calcium at the scale of single pulses where it was sampled."""
    present = [line for line in lines if name in line.data]
    zoom = name == "ca" and all(_dense_window(line.data) is not None for line in present)
    for line in present:
        mean = line.data[name].mean("synapse")
        for state, dash in zip(line.data["state"].to_numpy(), _dashes(line.data), strict=True):
            values, time = mean.sel(state=state), line.data["time"]
            if zoom:
                low, high = _dense_window(line.data) or (0.0, 0.0)
                inside = (time >= low) & (time <= high)
                panel.plot(1e3 * time[inside], values[inside], color=line.colour, linestyle=dash)
            else:
                panel.plot(time / 60, values, color=line.colour, linestyle=dash)
    attributes = lines[0].data[name].attrs
    label = attributes["long_name"] + in_words(attributes["units"])
    unit = "ms" if zoom else "min"
    panel.set(xlabel=f"time from the first pulse ({unit})", ylabel=label)
    panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]) if panel.get_ylim()[0] > 0 else None)
    if not zoom:
        _mark_induction(panel, lines)


def _dashes(data: xr.Dataset) -> list[Any]:
    return list(itertools.islice(itertools.cycle(DASHES), data.sizes["state"]))


def _dense_window(data: xr.Dataset) -> tuple[float, float] | None:
    """Return the stretch around the first pulse where samples show single pulses."""
    time = data["time"].to_numpy()
    time = time[np.isfinite(time)]
    close = np.flatnonzero(np.diff(time) < _DENSE)
    near = close[np.abs(time[close]) < 1.0]
    if near.size < 20:
        return None
    return float(time[near[0]]), float(min(time[near[-1] + 1], time[near[0]] + 1.5))


def _mark_induction(panel: Axes, lines: Sequence[_Line]) -> None:
    last = max(float(line.data["last_pulse"].max()) for line in lines) / 60
    panel.axvspan(0, last, color="0.85", linewidth=0.8, zorder=0)


def _legend(figure: Figure, lines: Sequence[_Line], data: xr.Dataset) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Line2D([], [], color=x.colour, label=x.label) for x in lines]
    if data.sizes["state"] > 1:
        for state, dash in zip(data["state"].to_numpy(), _dashes(data), strict=True):
            handles.append(Line2D([], [], color="0.4", linestyle=dash, label=f"from state {state}"))
    handles.append(Patch(color="0.85", label="induction"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 5))


def _caption(results: Sequence[xr.Dataset]) -> str:
    models = ", ".join(dict.fromkeys(r.attrs["model"] for r in results))
    title = results[0].attrs["title"].split("; ")[-1]
    return f"{title} ({results[0].attrs['protocol']}) on {models}"
