"""The picture of a sensitivity study: what the strongest parameters do, a panel a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plasticity_sim.drawing import COLOURS, FULL_WIDTH, in_words, paper_style
from plasticity_sim.fit.parts import Fit
from plasticity_sim.fit.sensitivity import LOSS, Effect, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
_MOST_BARS = 7  # parameters of a panel
_COLUMNS = 3
_HEIGHT = 1.5  # inches of a panel
_LONGEST = 26  # letters of a title


def draw_study(fit: Fit, study: Study) -> Figure:
    """Draw, for the targets that depend most on the parameters, the strongest of these.

    Most is in tolerances for Morris's effects; where there are more targets than panels, the
    others are in the table only.
    """
    import matplotlib.pyplot as plt

    panels = _panels(fit, study)
    columns = min(len(panels), _COLUMNS)
    rows = -(-len(panels) // columns)
    with paper_style():
        figure, axes = plt.subplots(
            rows, columns, squeeze=False, layout="constrained",
            figsize=(FULL_WIDTH, 0.45 + _HEIGHT * rows),
        )  # fmt: skip
        for place, ax in enumerate(axes.flat):
            if place < len(panels):
                _draw_panel(ax, fit, study.method, *panels[place])
            else:
                ax.set_axis_off()
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _panels(fit: Fit, study: Study) -> list[tuple[str, list[Effect]]]:
    """Return the targets to draw with their strongest effects, in the order of the file."""
    strength = 1 if study.method == "morris" else 2  # mu_star, or the total share
    tolerances = {target.name: target.wanted.tolerance for target in fit.targets}
    by_target: dict[str, list[Effect]] = {}
    for effect in study.effects:
        by_target.setdefault(effect.target, []).append(effect)
    largest = {
        name: max(effect.values[strength] for effect in effects) / tolerances.get(name, 1.0)
        for name, effects in by_target.items()
        if name != LOSS
    }
    drawn = sorted(largest, key=lambda name: -largest[name])[:MOST_PANELS]
    return [
        (name, sorted(effects, key=lambda e: -e.values[strength])[:_MOST_BARS])
        for name, effects in by_target.items()
        if name in drawn
    ]


def _draw_panel(ax: Axes, fit: Fit, method: str, name: str, effects: list[Effect]) -> None:
    places = range(len(effects))
    unit = next(target.unit for target in fit.targets if target.name == name)
    if method == "morris":
        heights = [effect.values[1] for effect in effects]
        errors = [effect.values[3] for effect in effects]
        ax.barh(places, heights, xerr=errors, height=0.6, color=COLOURS[4], ecolor="0.3",
                error_kw={"lw": 0.6},
                label=r"mean size of an effect, $\mu^*$ (95 % interval)")  # fmt: skip
        spread = [effect.values[2] for effect in effects]
        ax.plot(spread, places, "D", ms=3, color=COLOURS[5], ls="none",
                label=r"s.d. of the effects, $\sigma$")  # fmt: skip
        ax.set_xlabel(f"effect{in_words(unit)}")
    else:
        total = [effect.values[2] for effect in effects]
        errors = [effect.values[3] for effect in effects]
        ax.barh(places, total, xerr=errors, height=0.7, color=COLOURS[4], ecolor="0.3",
                error_kw={"lw": 0.6},
                label="with all interactions, total (95 % interval)")  # fmt: skip
        alone = [effect.values[0] for effect in effects]
        ax.barh(places, alone, height=0.3, color=COLOURS[0], label="by itself, first order")
        ax.set_xlabel("share of the variance")
    ax.set_yticks(places, [effect.parameter for effect in effects])
    ax.set_xlim(left=0)
    ax.invert_yaxis()
    short = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    ax.set_title(short, loc="left")
