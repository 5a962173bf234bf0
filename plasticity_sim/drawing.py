"""What all pictures share: size, colours, the style file, and how they are written."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity_sim.results import write_beside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, ordered so that neighbours differ in grey too
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
FULL_WIDTH = 180 / 25.4  # inches, of a journal's page

_STYLE = Path(__file__).with_name("paper.mplstyle")


def paper_style() -> AbstractContextManager[None]:
    """Return the context in which pictures are drawn at print size."""
    import matplotlib.style

    return matplotlib.style.context(_STYLE)


def in_words(unit: str) -> str:
    """Return a unit as it stands on an axis, in brackets; nothing for plain numbers."""
    return "" if unit in ("", "1") else f" ({unit.replace('uM', 'µM')})"


def save(figure: Figure, path: str) -> None:
    """Write a figure in the format of the path's ending, beside the target and renamed."""
    import matplotlib.pyplot as plt

    kind = Path(path).suffix[1:].lower()
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with paper_style():
        write_beside(Path(path), lambda file: figure.savefig(file, format=kind, metadata=undated))
    plt.close(figure)
