"""Pictures of a sweep: curves over one axis, a map over two, points for a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plasticity_sim.axis import NAMES
from plasticity_sim.drawing import COLOURS, DASHES, FULL_WIDTH, in_words, paper_style
from plasticity_sim.errors import InputError
from plasticity_sim.simulation import STRENGTH
from plasticity_sim.simulation.grid import POINT
from plasticity_sim.sweep.request import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 6
_HEIGHT = 68 / 25.4  # inches, of a row of panels
_UNCHANGED = 100.0  # %
_EVEN = 1e-6  # relative: ratios that agree so far are equal


def check_drawable(sweep: Sweep) -> None:
    """Raise an InputError unless the sweep has one or two axes of numbers, and one of names."""
    axes = [axis.name for axis in sweep.design.axes]
    inner = [axis for subject in sweep.subjects[:1] for axis in subject.protocol.axes]
    axes += [axis.name for axis in inner if axis.name not in NAMES]
    names = [axis for axis in inner if axis.name in NAMES]
    panels = max([len(sweep.subjects), *(len(axis.texts) for axis in names)])
    if len(axes) > 2 or len(names) + (len(sweep.subjects) > 1) > 1 or panels > MOST_PANELS:
        raise InputError(
            f"--plot draws one or two axes of numbers and at most {MOST_PANELS} models or arms; "
            f"this sweep has {', '.join(axes + [axis.name for axis in names])}: open it by "
            "plasticity_sim.open_sweep, and choose"
        )


def draw_sweep(data: xr.Dataset) -> Figure:
    """Draw the strength of a sweep that is `check_drawable`, as `open_sweep` returns it."""
    import matplotlib.pyplot as plt

    strength = data[STRENGTH]
    names = [str(dim) for dim in strength.dims if dim in NAMES]
    is_sample = POINT in strength.dims
    inner = [str(dim) for dim in strength.dims if dim not in (*NAMES, POINT)]
    swept = [name for name in data.attrs["axes"] if name not in NAMES] if is_sample else []
    axes = [*swept, *inner]
    lines = [(str(v), data.sel({names[0]: v})) for v in data[names[0]].values] if names else []
    lines = lines or [("", data)]
    with paper_style():
        if len(axes) == 1:
            figure, panel = plt.subplots(figsize=(FULL_WIDTH / 2, _HEIGHT), layout="constrained")
            _draw_curves(panel, lines, axes[0], is_sample)
        else:
            figure = _draw_maps(plt, lines, axes, is_sample)
        figure.suptitle(f"{data.attrs['title']}")
    return figure


def _draw_curves(
    panel: Axes, lines: list[tuple[str, xr.Dataset]], axis: str, is_sample: bool
) -> None:
    for number, (label, data) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)] if len(lines) > 1 else "black"
        dash = "none" if is_sample else DASHES[number % len(DASHES)]
        error = data[f"{STRENGTH}_sem"].to_numpy()
        panel.errorbar(
            data[axis], data[STRENGTH], yerr=error if np.isfinite(error).any() else None,
            color=colour, linestyle=dash, marker="o", markersize=2.5, capsize=1.5, label=label,
        )  # fmt: skip
    panel.axhline(_UNCHANGED, color="0.6", linewidth=0.6, zorder=0)
    values = lines[0][1][axis]
    panel.set(xlabel=_label(values), ylabel="synaptic strength (% of baseline)")
    _set_scale(panel, "x", values, is_sample)
    if len(lines) > 1:
        panel.figure.legend(loc="outside lower center", ncols=min(len(lines), 3))


def _draw_maps(
    plt: Any, lines: list[tuple[str, xr.Dataset]], axes: list[str], is_sample: bool
) -> Any:
    """Return a figure with a map for each line; where strength is unchanged, a line is drawn."""
    columns = min(len(lines), 3)
    rows = -(-len(lines) // columns)
    width = FULL_WIDTH * (0.6 if columns == 1 else 1.0)
    figure, panels = plt.subplots(
        rows, columns, figsize=(width, rows * _HEIGHT), layout="constrained", squeeze=False,
        sharex=True, sharey=True,
    )  # fmt: skip
    found = np.concatenate([data[STRENGTH].to_numpy().ravel() for _, data in lines])
    found = found[np.isfinite(found)]
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, _UNCHANGED)
    look: dict[str, Any] = {"cmap": "viridis", "vmin": low, "vmax": high}
    is_crossed = low < _UNCHANGED < high
    for panel, (label, data) in zip(panels.flat, lines, strict=False):
        x, y = data[axes[0]], data[axes[1]]
        if is_sample and y.dims == x.dims:
            drawn = panel.scatter(x, y, c=data[STRENGTH], s=7, edgecolors="0.3",
                                  linewidths=0.2, **look)  # fmt: skip
        else:
            values = data[STRENGTH].transpose(*y.dims, *x.dims).to_numpy()
            drawn = panel.pcolormesh(x, y, values, shading="nearest", rasterized=True, **look)
            panel.set_facecolor("0.85")  # what failed
            if is_crossed and min(values.shape) > 1:
                panel.contour(x, y, values, levels=[_UNCHANGED], colors="white", linewidths=0.8)
        _set_scale(panel, "x", x, is_sample)
        _set_scale(panel, "y", y, is_sample)
        panel.set_title(label)
    for panel in panels.flat[len(lines) :]:
        panel.set_visible(False)
    for panel in panels[-1]:
        panel.set_xlabel(_label(lines[0][1][axes[0]]))
    for panel in panels[:, 0]:
        panel.set_ylabel(_label(lines[0][1][axes[1]]))
    bar = figure.colorbar(drawn, ax=panels, label="synaptic strength (% of baseline)")
    if is_crossed and not is_sample:
        bar.ax.axhline(_UNCHANGED, color="white", linewidth=0.8)
    return figure


def _label(values: xr.DataArray) -> str:
    return f"{values.name}{in_words(values.attrs.get('units', '1'))}"


def _set_scale(panel: Axes, which: str, values: xr.DataArray, is_sample: bool) -> None:
    """Give an axis a logarithmic scale, with plain numbers, where its values ask for one."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if _scale(values, is_sample) == "log":
        getattr(panel, f"set_{which}scale")("log")
        axis = getattr(panel, f"{which}axis")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _scale(values: xr.DataArray, is_sample: bool) -> str:
    """Return 'log' where the values are spaced in even ratios, or fill decades."""
    found = np.unique(values.to_numpy())
    if found.size < 3 or found[0] <= 0:
        return "linear"
    if is_sample:
        middle, ends = np.median(found), found[[0, -1]]
        off = abs(np.log(middle) - np.log(ends).mean()) / np.log(ends[1] / ends[0])
        return "log" if off < abs(middle - ends.mean()) / (ends[1] - ends[0]) else "linear"
    ratios, steps = found[1:] / found[:-1], np.diff(found)
    is_even = np.ptp(steps) < _EVEN * steps.max()
    return "log" if not is_even and np.ptp(ratios) < 1e-3 * ratios.max() else "linear"
