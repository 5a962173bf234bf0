"""CSV files as rows of text that know their file and line; `#` begins a line that is not read."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from plasticity_sim.document import read_text
from plasticity_sim.errors import InputError


@dataclass(frozen=True)
class Row:
    """One row of a table: its cells by heading."""

    path: str
    line: int
    cells: dict[str, str]

    @property
    def where(self) -> str:
        """File and line, as errors tell them."""
        return f"{self.path}:{self.line}"

    def error(self, message: str) -> InputError:
        """Return an error that names this file and line."""
        return InputError(message, self.path, self.line)

    def number(self, heading: str) -> float | None:
        """Return a cell as a number, None where it is empty."""
        text = self.cells[heading]
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"'{text[:40]}' is not a number; it stands under '{heading}'")
        return value


@dataclass(frozen=True)
class Table:
    """The headings and rows of a CSV file."""

    path: str
    line: int  # of the headings
    headings: tuple[str, ...]
    rows: tuple[Row, ...]

    def error(self, message: str) -> InputError:
        """Return an error that names this file and the line of its headings."""
        return InputError(message, self.path, self.line)


def read_table(path: Path) -> Table:
    """Read a CSV file with headings; InputError names the line of any defect."""
    shown = str(path)
    lines = _lines(read_text(path, "a CSV file"))
    reader = csv.reader(lines, strict=True)
    try:
        found = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as problem:
        raise InputError(f"not valid CSV: {problem}", shown, reader.line_num) from None
    if len(found) < 2:
        raise InputError("has no rows; write headings, then a row for every outcome", shown)
    (first, headings), *others = found
    if len(set(headings)) < len(headings):
        twice = next(name for place, name in enumerate(headings) if name in headings[:place])
        raise InputError(f"the column '{twice}' stands twice", shown, first)
    rows = []
    for line, cells in others:
        if len(cells) != len(headings):
            message = f"{len(cells)} cells under {len(headings)} headings"
            raise InputError(message, shown, line)
        rows.append(Row(shown, line, dict(zip(headings, cells, strict=True))))
    return Table(shown, first, tuple(headings), tuple(rows))


def _lines(text: str) -> list[str]:
    """Return the lines of a text, those that are not read left empty so that numbers stay right."""
    lines = text.splitlines(keepends=True)
    return ["\n" if line.startswith("#") else line for line in lines]
