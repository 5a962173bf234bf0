"""Sparse elimination, done once on the pattern and written out as straight-line statements.

The unknowns are the states and the defined expressions together. A definition is a row with 1 on
its diagonal, so that eliminating it is the chain rule; the cheapest order (Markowitz 1957) decides
by itself which parts of the Jacobian to form and which to leave factored. A ring of fourteen
kinase states that share one phosphatase stays sparse this way instead of filling a dense block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plasticity_sim.solver.statements import Statement

Entry = tuple[str, str]  # row and column


@dataclass
class Elimination:
    """(D - J) x = b with D diagonal: `order` of the pivots, factors and inverses of the pivots.

    All values are texts: names of variables or numbers. `lower[i, p]` times row p was added to row
    i; `upper[p, j]` are what was left of row p when it became the pivot. `inverse[p]` is None
    where the pivot is 1.
    """

    order: list[str]
    lower: dict[Entry, str] = field(default_factory=dict)
    upper: dict[Entry, str] = field(default_factory=dict)
    inverse: dict[str, str | None] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)


def eliminate(
    unknowns: tuple[str, ...], diagonal: Mapping[str, str], jacobian: Mapping[Entry, str]
) -> Elimination:
    """Return the factors of D - J, with the statements that compute them.

    `diagonal[x]` is the text of D's entry, '1.0' for a definition; `jacobian` holds the entries of
    J that are not zero.
    """
    result = Elimination(_markowitz(unknowns, set(jacobian)))
    left = set(unknowns)
    entries = {entry: text for entry, text in jacobian.items() if entry[0] != entry[1]}
    pivots = {x: _difference(diagonal[x], jacobian.get((x, x))) for x in unknowns}
    touched = {x: (x, x) in jacobian for x in unknowns}
    for pivot in result.order:
        left.remove(pivot)
        unit = diagonal[pivot] == "1.0" and not touched[pivot]
        result.inverse[pivot] = None if unit else f"_inverse_{pivot}"
        if not unit:
            result.statements.append((f"_inverse_{pivot}", f"1.0 / ({pivots[pivot]})"))
        columns = [x for x in unknowns if x in left and (pivot, x) in entries]
        for column in columns:
            result.upper[pivot, column] = entries[pivot, column]
        for row in (x for x in unknowns if x in left and (x, pivot) in entries):
            factor = _scaled(result, entries[row, pivot], row, pivot)
            for column in columns:
                added = product(factor, entries[pivot, column])
                if row == column:
                    pivots[row] = f"{pivots[row]} - {added}"
                    touched[row] = True
                else:
                    name = f"_fill{len(result.statements)}"
                    before = entries.get((row, column))
                    result.statements.append((name, f"{before} + {added}" if before else added))
                    entries[row, column] = name
    return result


def solve(
    factors: Elimination, right: Mapping[str, str], wanted: tuple[str, ...], names: str
) -> list[Statement]:
    """Return the statements that solve for `wanted`; x becomes `names.format(x)`.

    `right` holds the right-hand sides that are not zero.
    """
    statements: list[Statement] = []
    forward: dict[str, str] = {}
    for number, row in enumerate(factors.order):
        terms = [right[row]] if row in right else []
        terms += [
            product(factors.lower[row, pivot], forward[pivot])
            for pivot in factors.order[:number]
            if (row, pivot) in factors.lower and pivot in forward
        ]
        if not terms:
            continue
        forward[row] = f"_forward_{names.format(row)}"
        statements.append((forward[row], " + ".join(terms)))
    backward: list[Statement] = []
    for number, row in reversed(list(enumerate(factors.order))):
        later = [x for x in factors.order[number + 1 :] if (row, x) in factors.upper]
        terms = [forward[row]] if row in forward else []
        terms += [product(factors.upper[row, x], names.format(x)) for x in later]
        inverse = factors.inverse[row]
        total = " + ".join(terms) or "0.0"
        backward.append((names.format(row), f"({total}) * {inverse}" if inverse else total))
    return statements + _needed(backward, {names.format(x) for x in wanted})


def product(a: str, b: str) -> str:
    """Return the text of a product; a factor of one is left out."""
    factors = [x for x in (a, b) if x != "1.0"]
    return " * ".join(f"({x})" if " " in x or x.startswith("-") else x for x in factors) or "1.0"


def _scaled(result: Elimination, entry: str, row: str, pivot: str) -> str:
    """Return the multiplier of a row, with a statement for it where there is work to do."""
    inverse = result.inverse[pivot]
    if inverse is None:
        result.lower[row, pivot] = entry
    else:
        result.lower[row, pivot] = f"_factor{len(result.statements)}"
        result.statements.append((result.lower[row, pivot], product(entry, inverse)))
    return result.lower[row, pivot]


def _difference(diagonal: str, entry: str | None) -> str:
    return diagonal if entry is None else f"{diagonal} - ({entry})"


def _needed(statements: list[Statement], wanted: set[str]) -> list[Statement]:
    """Leave out what nothing wanted depends on."""
    kept = []
    for name, text in reversed(statements):
        if name in wanted:
            kept.append((name, text))
            wanted |= set(text.replace("(", " ").replace(")", " ").split())
    return kept[::-1]


def _markowitz(unknowns: tuple[str, ...], pattern: set[Entry]) -> list[str]:
    """Return the order of pivots that makes the least fill at each step."""
    rows = {x: {j for i, j in pattern if i == x and j != x} for x in unknowns}
    columns = {x: {i for i, j in pattern if j == x and i != x} for x in unknowns}
    left, order = list(unknowns), []
    while left:
        pivot = min(left, key=lambda x: len(rows[x]) * len(columns[x]))
        left.remove(pivot)
        order.append(pivot)
        for row in columns[pivot]:
            rows[row] |= rows[pivot]
            rows[row] -= {row, pivot}
        for column in rows[pivot]:
            columns[column] |= columns[pivot]
            columns[column] -= {column, pivot}
    return order
