"""Every model under every published experiment: where they agree, and where they do not.

Rows are models, columns experiments. Left: experiments with numbers; the root mean square over
their conditions of z, the difference of simulated and measured strength in standard errors of the
mean, each at most 10. Right: experiments of which the size of the change or its error was not read;
how many of their signs come out (a change of less than 10 % is none). Framed: the model's values
were fitted to the experiment. Hatched: the model lacks what the experiment needs, such as a drug.
Dotted: models with a small fixed step whose simulation would take hours. n, cells and sources of
every experiment are in its file; `plasticity-sim bench` gives a page with the curves of every cell.
"""

import sys
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from plasticity_sim import load_model
from plasticity_sim.bench import run_bench
from plasticity_sim.cli.bench import MOST_STEPS
from plasticity_sim.engine.cache import folder
from plasticity_sim.figure import Loader
from plasticity_sim.jobs import LocalProcesses, processors
from plasticity_sim.library import shipped
from plasticity_sim.report import draw_matrix, matrix

CELLS = Path("bench")  # in the user's cache: what is there is not simulated again


def data(load: Loader = load_model) -> xr.Dataset:
    """Simulate what is not known of earlier, several pairs at once, and score all."""
    found = run_bench(
        shipped("models"), shipped("experiments"), folder() / CELLS,
        LocalProcesses(processors()), tell, MOST_STEPS, load,
    )  # fmt: skip
    return matrix(found.cells)


def tell(number: int, total: int) -> None:
    """Say now and then how far the bench is."""
    if number == total or number % max(total // 10, 1) == 0:
        print(f"bench_matrix: {number} of {total} pairs", file=sys.stderr, flush=True)


def draw(data: xr.Dataset) -> Figure:
    """Draw the matrix."""
    return draw_matrix(data)
