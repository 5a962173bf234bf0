"""The page of a bench: one HTML file that needs nothing else, nor a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plasticity_sim.library import bibliography
from plasticity_sim.report.curves import Picture, draw_cell
from plasticity_sim.results import write_beside
from plasticity_sim.score import (
    DARKEST,
    LARGEST_Z,
    NOTHING,
    ROLES,
    SIGNIFICANT,
    Cell,
    Total,
    total,
    totals,
    unchanged,
)

_SHADES = 5  # of a cell, light where model and data agree
_CONFIDENCE = {
    "F": "read from a data file or the paper",
    "S": "read from a secondary source",
    "Q": "only the sign was read",
}


@dataclass(frozen=True)
class Entry:
    """A cell of the matrix and what is behind it."""

    cell: Cell
    name: str  # of the place on the page
    total: Total
    picture: Picture | None

    @property
    def shade(self) -> int:
        """0 where model and data agree, to _SHADES - 1; by z, by signs where there is none."""
        z, agree, of = self.total.z, self.total.agree, self.total.of
        share = z / DARKEST if z is not None else 1 - agree / max(of, 1)
        return min(int(share * _SHADES), _SHADES - 1)

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Why outcomes do not apply: each reason once, with the conditions it is of."""
        found: dict[str, list[str]] = {}
        for comparison in self.cell.comparisons:
            if comparison.reason:
                found.setdefault(comparison.reason, []).append(comparison.condition)
        return found


def write_page(cells: Sequence[Cell], version: str, path: Path) -> None:
    """Write the page; every text from a file is escaped."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["number"] = _number
    rows = _rows(cells)
    text = environment.get_template("page.html.j2").render(
        rows=rows, experiments=[entry.cell.experiment for entry in next(iter(rows.values()))],
        totals=totals(cells), still=_still(cells), roles=ROLES, version=version,
        largest=LARGEST_Z, nothing=NOTHING, significant=SIGNIFICANT,
        confidence=_CONFIDENCE, references=_references(cells),
    )  # fmt: skip
    write_beside(path, lambda file: file.write_text(text, "utf-8"))


def _rows(cells: Sequence[Cell]) -> dict[str, list[Entry]]:
    """Return the entries of every model, in the order of the experiments."""
    models = list(dict.fromkeys(cell.model.name for cell in cells))
    experiments = list(dict.fromkeys(cell.experiment.name for cell in cells))
    rows: dict[str, list[Entry]] = {name: [] for name in models}
    for cell in cells:
        place = f"c{models.index(cell.model.name)}-{experiments.index(cell.experiment.name)}"
        picture = draw_cell(cell) if cell.state == "scored" else None
        entry = Entry(cell, place, total(cell.comparisons), picture)
        rows[cell.model.name].append(entry)
    return rows


def _still(cells: Sequence[Cell]) -> dict[str, Total]:
    """Return, for every model, what no change at all would score on the outcomes that apply."""
    return {
        name: total(unchanged(c for cell in cells if cell.model.name == name
                              for c in cell.comparisons))
        for name in dict.fromkeys(cell.model.name for cell in cells)
    }  # fmt: skip


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _references(cells: Iterable[Cell]) -> dict[str, str]:
    """Return the papers of all experiments by key, as one line each."""
    keys = {key for cell in cells for key in cell.experiment.source}
    entries = re.split(r"\n(?=@)", bibliography().read_text("utf-8"))
    found = {}
    for entry in entries:
        head = re.match(r"@\w+\{([^,\s]+),", entry)
        if head and head[1] in keys:
            parts = [_field(entry, name) for name in ("author", "year", "title", "journal", "doi")]
            found[head[1]] = ". ".join(part for part in parts if part)
    return {key: found.get(key, key) for key in sorted(keys)}


def _field(entry: str, name: str) -> str:
    """Return a field of a BibTeX entry as plain text."""
    match = re.search(rf"^\s*{name}\s*=\s*\{{(.*)\}},?\s*$", entry, re.MULTILINE)
    plain = re.sub(r"\\.|[{}$]", "", match[1]) if match else ""
    return f"doi:{plain}" if plain and name == "doi" else plain
