"""The matrix of a bench as a picture: models down, experiments across, dark where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from plasticity_sim.drawing import FULL_WIDTH, MILLIMETRE, paper_style
from plasticity_sim.score import DARKEST, Cell, total

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 4.2  # mm
_WIDEST, _GAP = 11.0, 3.0  # mm: of a column, and between the two groups of columns
_LETTER = 1.33  # mm that a letter of 7 pt takes at most
_LEGEND = 18.0  # mm below the matrix
_NARROW = 4.6  # mm: in less there is room for whole numbers only
_MAP = "cividis_r"  # its lightness alone tells the value: light where model and data agree
_PALE = 0.55  # of the scale: letters are black below, white above
_FRAME = "black"
_GREY: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.75", "linewidth": 0.0}
_ABSENT = {"not applicable": _GREY | {"hatch": "////"}, "left out": _GREY | {"hatch": "...."}}


@dataclass(frozen=True)
class _Look:
    """How a cell is filled: a share of the scale, and what stands in it."""

    shade: float | None
    text: str


def matrix(cells: Sequence[Cell]) -> xr.Dataset:
    """Return what `draw_matrix` shows: the state and the scores of every model and experiment."""
    models = list(dict.fromkeys(cell.model.name for cell in cells))
    experiments = {cell.experiment.name: _has_z(cell) for cell in cells}
    place = {(cell.model.name, cell.experiment.name): cell for cell in cells}
    table = [[place[model, name] for name in experiments] for model in models]
    scores = [[total(cell.comparisons) for cell in row] for row in table]

    def column(values: list[list[Any]], unit: str, words: str) -> Any:
        return ("model", "experiment"), values, {"units": unit, "long_name": words}

    return xr.Dataset(
        {
            "state": column([[cell.state for cell in row] for row in table], "1", "what it is"),
            "fitted": column([[cell.fitted for cell in row] for row in table], "1",
                             "whether the model's values come from the experiment"),
            "z": column([[np.nan if s.z is None else s.z for s in row] for row in scores], "1",
                        "root mean square z"),
            "agree": column([[s.agree for s in row] for row in scores], "1", "signs that agree"),
            "of": column([[s.of for s in row] for row in scores], "1", "signs in all"),
        },
        {
            "model": models, "experiment": list(experiments),
            "has_error": ("experiment", list(experiments.values())),
        },
    )  # fmt: skip


def draw_matrix(data: xr.Dataset) -> Figure:
    """Return the figure of a `matrix`, 180 mm wide.

    Experiments that gave errors show the root mean square of z, the others show how many signs
    agree.
    """
    import matplotlib.pyplot as plt

    models = data["model"].to_numpy().tolist()
    has_error = data["has_error"].to_numpy().astype(bool)
    numbers = data["experiment"].to_numpy()[has_error].tolist()
    signs = data["experiment"].to_numpy()[~has_error].tolist()
    left = _LETTER * max(map(len, models)) + 3
    top = _LETTER * max(map(len, numbers + signs)) + (7 if numbers and signs else 3)
    full = FULL_WIDTH / MILLIMETRE
    gap = _GAP if numbers and signs else 0.0
    width = min((full - left - gap - 2) / (len(numbers) + len(signs)), _WIDEST)
    height = top + _ROW * len(models) + _LEGEND
    places = {name: width * i for i, name in enumerate(numbers)}
    places |= {name: width * (i + len(numbers)) + gap for i, name in enumerate(signs)}
    with paper_style(), plt.rc_context({"hatch.linewidth": 0.4, "hatch.color": "0.75"}):
        figure = plt.figure(figsize=(FULL_WIDTH, height * MILLIMETRE))
        across, down = max(places.values()) + width, _ROW * len(models)
        panel = figure.add_axes(
            (left / full, _LEGEND / height, across / full, down / height),
            xlim=(0, across), ylim=(down, 0),
        )  # fmt: skip
        panel.axis("off")
        for row, model in enumerate(models):
            for name, place in places.items():
                cell = data.sel(model=model, experiment=name)
                _draw_cell(panel, cell, place, _ROW * row, width)
        for name, row in zip(models, range(len(models)), strict=True):
            panel.text(-1, _ROW * (row + 0.5), name, ha="right", va="center", fontsize=7)
        for name, place in places.items():
            panel.text(place + width / 2, -1, name, ha="center", va="bottom", rotation=90,
                       fontsize=7)  # fmt: skip
        if gap:
            for names, words in ((numbers, "z"), (signs, "signs")):
                middle = (places[names[0]] + places[names[-1]] + width) / 2
                panel.text(middle, 3.5 - top, words, ha="center", va="center")
        _draw_legend(figure, height, bool(numbers), bool(signs))
    return figure


def _has_z(cell: Cell) -> bool:
    """Tell whether the experiment measured a number with its error."""
    return any(o.mean is not None and o.sem is not None for o in cell.experiment.outcomes)


def _look(cell: xr.Dataset, narrow: bool) -> _Look:
    if cell["state"] == "failed":
        return _Look(None, "x")
    if cell["state"] != "scored":
        return _Look(None, "")
    z, agree, of = (float(cell[name]) for name in ("z", "agree", "of"))
    if np.isnan(z):
        return _Look(1 - agree / of, "" if narrow else f"{agree:g}/{of:g}")
    return _Look(min(z / DARKEST, 1.0), f"{z:.{0 if narrow else 1}f}")


def _draw_cell(panel: Axes, cell: xr.Dataset, x: float, y: float, width: float) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    look = _look(cell, width < _NARROW)
    inside: dict[str, Any] = {"linewidth": 0.6, "edgecolor": "white"}
    if look.shade is not None:
        inside["facecolor"] = colormaps[_MAP](look.shade)
    elif cell["state"] == "failed":
        inside |= {"facecolor": "white", "edgecolor": "0.6"}
    else:
        inside |= _ABSENT[str(cell["state"].item())]
    panel.add_patch(Rectangle((x, y), width, _ROW, **inside))
    if look.text:
        dark = look.shade is not None and look.shade > _PALE
        colour = "white" if dark else "black"
        panel.text(x + width / 2, y + _ROW / 2, look.text, color=colour, ha="center",
                   va="center_baseline", fontsize=7)  # fmt: skip
    if cell["fitted"]:
        frame = Rectangle((x + 0.3, y + 0.3), width - 0.6, _ROW - 0.6, fill=False, zorder=3,
                          edgecolor=_FRAME, linewidth=1.0)  # fmt: skip
        panel.add_patch(frame)


def _draw_legend(figure: Figure, height: float, numbers: bool, signs: bool) -> None:
    """Draw the scales and what the special cells mean, below the matrix."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    full = FULL_WIDTH / MILLIMETRE
    scales = [(numbers, "root mean square z", DARKEST), (signs, "share of signs that differ", 1)]
    left = 6.0
    for _, label, most in (scale for scale in scales if scale[0]):
        axes = figure.add_axes((left / full, 12 / height, 38 / full, 2.2 / height))
        shades = ScalarMappable(Normalize(0, most), _MAP)
        bar = figure.colorbar(shades, cax=axes, orientation="horizontal", label=label)
        bar.outline.set_linewidth(0.4)
        left += 46.0
    handles: list[Any] = [
        Patch(label="does not apply", **_ABSENT["not applicable"]),
        Patch(label="left out", **_ABSENT["left out"]),
        Line2D([], [], linestyle="", marker="x", color="black", markersize=4, label="failed"),
        Patch(label="fitted", fill=False, edgecolor=_FRAME, linewidth=1.0),
    ]
    figure.legend(
        handles=handles, loc="center left", bbox_to_anchor=(left / full, 12 / height), ncols=4,
        handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip
