"""What all pictures share: size, colours, the style file, marks, and how they are written."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity_sim.results import write_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Okabe and Ito's colours, ordered so that neighbours differ in grey too
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
MILLIMETRE = 1 / 25.4  # in inches
FULL_WIDTH = 180 * MILLIMETRE  # of a journal's page
HALF_WIDTH = 85 * MILLIMETRE  # of its column
SIGNS = {1: ("^", "LTP"), 0: ("_", "no change"), -1: ("v", "LTD")}  # marker, and what it says

_STYLE = Path(__file__).with_name("paper.mplstyle")
_FOOT_SIZE = 6  # points, of the line that names a change
_FOOT_LINE = 2.6 * MILLIMETRE
_CHARACTERS = 22  # of that line, an inch


def paper_style() -> AbstractContextManager[None]:
    """Return the context in which pictures are drawn at print size."""
    import matplotlib.style

    return matplotlib.style.context(_STYLE)


def in_words(unit: str) -> str:
    """Return a unit as it stands on an axis, in brackets; nothing for plain numbers."""
    return "" if unit in ("", "1") else f" ({unit.replace('uM', 'µM')})"


def look(number: int) -> dict[str, Any]:
    """Return colour and dash of the n-th line of a panel, told apart in grey too."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)]}


def letter(panels: Iterable[Axes]) -> None:
    """Put A, B, C … above the left edge of panels."""
    for panel, name in zip(panels, "ABCDEFGHIJKL", strict=False):
        panel.set_title(name, loc="left", fontweight="bold")


def mark_baseline(panel: Axes) -> None:
    """Draw the line of no change, 100 %."""
    panel.axhline(100, color="0.6", linewidth=0.6, zorder=0)


def draw_measured(panel: Axes, x: Any, mean: Any, sem: Any, **look: Any) -> None:
    """Draw measured points as open squares with their standard errors, where these are known."""
    style: dict[str, Any] = {
        "fmt": "s", "color": "black", "markerfacecolor": "white", "markersize": 3,
        "markeredgewidth": 0.8, "linewidth": 0.8, "capsize": 1.5, "zorder": 4,
    }  # fmt: skip
    panel.errorbar(x, mean, yerr=sem, **(style | look))


def draw_signs(panel: Axes, x: Any, signs: Any, height: float = 0.96, **look: Any) -> None:
    """Mark outcomes of which only the sign was read, at a height of the panel and not at a value.

    `signs` are 1, 0 and -1; `height` is the fraction of the panel.
    """
    style: dict[str, Any] = {"color": "black", "markersize": 5, "linestyle": "", "clip_on": False}
    for place, sign in zip(x, signs, strict=True):
        marker, _ = SIGNS[int(sign)]
        panel.plot(
            place, height, marker=marker, transform=panel.get_xaxis_transform(), **(style | look)
        )


def sign_mark(sign: int) -> Line2D:
    """Return the entry of a legend that explains the mark of an outcome's sign."""
    from matplotlib.lines import Line2D

    marker, words = SIGNS[sign]
    return Line2D([], [], color="black", linestyle="", marker=marker, label=f"measured: {words}")


def save(figure: Figure, path: str, title: str = "", caption: str = "", foot: str = "") -> None:
    """Write a figure in the format of the path's ending, beside the target and renamed.

    Title and caption go into the file's own description. The `foot` is a small line, for which
    the page grows below the picture.
    """
    import matplotlib.pyplot as plt

    kind = Path(path).suffix[1:].lower()
    metadata = _metadata(kind, title, caption)
    with paper_style():
        page = _add_foot(figure, foot)
        write_beside(
            Path(path),
            lambda file: figure.savefig(file, format=kind, metadata=metadata, bbox_inches=page),
        )
    plt.close(figure)


def _metadata(kind: str, title: str, caption: str) -> dict[str, Any]:
    """Return what is written into a file besides the picture; no dates, so that it stays itself."""
    described = {"png": "Description", "svg": "Description", "pdf": "Subject"}[kind]
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    words = {"Title": title, described: caption}
    return {key: text for key, text in words.items() if text} | undated


def _add_foot(figure: Figure, foot: str) -> Any:
    """Write a line below the picture; return the page with it, None if there is no such line."""
    if not foot:
        return None
    from matplotlib import rcParams
    from matplotlib.transforms import Bbox

    figure.set_dpi(rcParams["savefig.dpi"])  # as it will be written
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # everything stays where it is now
    for legend in figure.legends:  # which would go down with the edge of the page
        legend.set_bbox_to_anchor((0, 0, 1, 1), figure.transFigure)
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(foot, max(20, int(width * _CHARACTERS)))
    space = _FOOT_LINE * (len(lines) + 0.5)
    figure.text(
        0.01, -0.2 * _FOOT_LINE / height, "\n".join(lines), fontsize=_FOOT_SIZE, va="top", ha="left"
    )
    return Bbox([[0, -space], [width, height]])
