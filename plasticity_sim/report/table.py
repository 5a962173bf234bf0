"""The table of a bench: one row an outcome, as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from plasticity_sim.results import write_csv
from plasticity_sim.score import Cell

COLUMNS = (
    "model", "experiment", "condition", "role", "kind", "mean (%)", "sem (%)", "n", "confidence",
    "simulated (%)", "z", "measured sign", "simulated sign", "agrees", "applicable", "reason",
    "remark",
)  # fmt: skip


def write_table(cells: Iterable[Cell], path: Path) -> None:
    """Write one row an outcome; `applicable` is yes, no, failed or left out, with the reason."""
    write_csv(path, COLUMNS, [row for cell in cells for row in _rows(cell)])


def _rows(cell: Cell) -> Iterator[list[str]]:
    for found in cell.comparisons:
        outcome = found.outcome
        applicable = "no" if found.reason else "yes"
        if cell.state in ("failed", "left out"):
            applicable = cell.state
        yield [
            cell.model.name, cell.experiment.name, found.condition, cell.role, outcome.kind,
            _number(outcome.mean), _number(outcome.sem), _number(outcome.n), outcome.confidence,
            _number(found.simulated), _number(found.z), found.measured_sign, found.simulated_sign,
            _YES[found.agrees], applicable, found.reason, cell.simulated.remark,
        ]  # fmt: skip


_YES = {True: "yes", False: "no", None: ""}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
