"""The picture of a bifurcation diagram: branches solid or dashed, saddle nodes numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plasticity_sim.drawing import FULL_WIDTH, in_words, paper_style
from plasticity_sim.engine.batch import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _VERMILION, _BLACK = "#0072B2", "#D55E00", "#000000"  # Okabe and Ito's; they differ in grey
_PANELS = 3
_HEIGHT = 68 / 25.4  # inches
_VARIES = 1e-3  # of its size: what changes less is not drawn
_ALIKE = 1 - 1e-9  # correlation of two observables of which one is enough
_DECADES = 1e3  # ratio of the largest to the smallest value that asks for a logarithmic axis


def draw_diagram(dataset: xr.Dataset) -> Figure:
    """Return the figure of a `Diagram.to_dataset()`, 180 mm wide.

    Up to three observables are drawn: the first that change along the branches, and of those
    that are proportional to each other one.
    """
    import matplotlib.pyplot as plt

    names = telling(dataset)
    with paper_style():
        figure, axes = plt.subplots(
            1, len(names), figsize=(FULL_WIDTH, _HEIGHT), layout="constrained", squeeze=False,
            gridspec_kw={"wspace": 0.06},
        )  # fmt: skip
        for ax, name in zip(axes[0], names, strict=True):
            _draw_panel(ax, dataset, name)
        _add_legend(figure, dataset)
    return figure


def telling(dataset: xr.Dataset) -> list[str]:
    """Return the observables to draw: first those in which the branches differ.

    If nothing varies, it is the last of the observed ones, the readout.
    """
    chosen: list[tuple[str, Array]] = []
    name = ""
    for name in _observed(dataset):
        values = dataset[f"{name}_traced"].values.ravel()
        values = values[np.isfinite(values)]
        size = np.abs(values).max(initial=0)
        if not size or np.ptp(values) <= _VARIES * size:
            continue
        if any(abs(np.corrcoef(values, other)[0, 1]) > _ALIKE for _, other in chosen):
            continue
        chosen.append((name, values))
    names = sorted((name for name, _ in chosen), key=lambda name: not _differs(dataset, name))
    return names[:_PANELS] or [name]


def _differs(dataset: xr.Dataset, name: str) -> bool:
    """Tell whether branches that exist side by side differ in an observable."""
    values = dataset[name].values
    values = values[:, np.isfinite(values).sum(axis=0) > 1]
    if not values.size:
        return False
    apart = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
    return bool((apart > _VARIES * np.nanmax(np.abs(values))).any())


def _observed(dataset: xr.Dataset) -> list[str]:
    ending = "_saddle"
    names = [str(name).removesuffix(ending) for name in dataset if str(name).endswith(ending)]
    return [name for name in names if name != dataset.attrs["over"]]


def _draw_panel(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    over = dataset.attrs["over"]
    values = dataset[f"{name}_traced"].values
    finite = values[np.isfinite(values)]
    if finite.min() > 0 and finite.max() / finite.min() > _DECADES:
        ax.set_yscale("log")
    for branch in range(dataset.sizes["branch"]):
        swept = dataset[f"{over}_traced"].values[branch]
        stable = dataset["stable_traced"].values[branch]
        there = np.isfinite(swept)
        for is_stable, part in _runs(stable[there]):
            x, y = swept[there][part], values[branch][there][part]
            ax.plot(x, y, **_line(is_stable), zorder=3 if is_stable else 2)
    if _differs(dataset, name):  # else the branches lie on each other, and nothing turns
        _mark_saddle_nodes(ax, dataset, name)
    grid = dataset[over].values
    ax.set_xlim(grid[0], grid[-1])
    ax.margins(y=0.08)
    if grid[0] > 0 and grid[-1] / grid[0] > _DECADES:
        ax.set_xscale("log")
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel(_label(dataset, over))
    ax.set_ylabel(_label(dataset, name))


def _line(is_stable: bool) -> dict[str, Any]:
    if is_stable:
        return {"color": _BLUE, "linestyle": "-", "linewidth": 1.6}
    return {"color": _VERMILION, "linestyle": (0, (3, 1.5)), "linewidth": 1.2}


def _runs(stable: Array) -> list[tuple[bool, slice]]:
    """Return the stretches of equal stability; each reaches to the first point of the next."""
    starts = [0, *(np.flatnonzero(np.diff(stable.astype(int))) + 1)]
    ends = [*starts[1:], len(stable)]
    return [
        (bool(stable[start]), slice(start, end + 1))
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ]


def _mark_saddle_nodes(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    over = dataset.attrs["over"]
    traced = dataset[f"{over}_traced"]
    for number in range(dataset.sizes["saddle_node"]):
        node = dataset.isel(saddle_node=number)
        x, y = float(node[f"{over}_saddle"]), float(node[f"{name}_saddle"])
        ax.plot(x, y, "o", color=_BLACK, markerfacecolor="white", markersize=4, zorder=4)
        # the side on which no branch runs: there is room for the number
        leftwards = float(traced[int(node["joined"][0])].mean()) > x
        ax.annotate(
            str(number + 1), (x, y), xytext=(-5 if leftwards else 5, 0), textcoords="offset points",
            ha="right" if leftwards else "left", va="center", zorder=5,
        )  # fmt: skip


def _add_legend(figure: Figure, dataset: xr.Dataset) -> None:
    from matplotlib.lines import Line2D

    over = dataset.attrs["over"]
    handles: list[Line2D] = [
        Line2D([], [], label="stable", **_line(True)),
        Line2D([], [], label="unstable", **_line(False)),
    ]
    values = dataset[f"{over}_saddle"].values
    if values.size:
        marker = {"color": _BLACK, "markerfacecolor": "white", "markersize": 4, "marker": "o"}
        found = [f"{number} at {value:.4g}" for number, value in enumerate(values, start=1)]
        unit = in_words(str(dataset[over].attrs["units"]))
        label = f"saddle nodes{unit}: {', '.join(found)}"
        handles.append(Line2D([], [], linestyle="", label=label, **marker))  # type: ignore[arg-type]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))


def _label(dataset: xr.Dataset, name: str) -> str:
    key = name if name == dataset.attrs["over"] else f"{name}_traced"
    words = str(dataset[key].attrs["long_name"])
    words = words if len(words) < 40 else name
    return words + in_words(str(dataset[key].attrs["units"]))
