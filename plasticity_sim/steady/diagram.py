"""What a continuation finds: branches of steady states and the saddle nodes between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from plasticity_sim.engine.batch import Array
from plasticity_sim.model.influence import deciding
from plasticity_sim.model.model import Model
from plasticity_sim.quantities import in_unit

_UNREAD = "no steady state depends on it"
_SWEPT = "it is what the sweep changes"


@dataclass(frozen=True)
class Points:
    """Steady states of one branch, k of them, in SI units; NaN where the branch does not exist."""

    swept: Array  # (k,): the quantity that changes
    states: Array  # (k, states): in the order of `model.differential`
    observed: dict[str, Array]  # each (k,)
    eigenvalue: Array  # (k,): the leading one, its real part in 1/s

    @property
    def stable(self) -> Array:
        """Whether each state is stable, as booleans of shape (k,)."""
        return np.asarray(self.eigenvalue < 0)


@dataclass(frozen=True)
class Branch:
    """Steady states without a turn: at most one at each value of the swept quantity."""

    origin: str  # the state of the model that it was found from
    traced: Points  # as the curve was followed, saddle nodes at the ends included
    gridded: Points  # on the user's grid

    @property
    def is_stable(self) -> bool | None:
        """Whether the branch is stable; None if it is so in parts only."""
        shares = set(map(bool, self.traced.stable))
        return shares.pop() if len(shares) == 1 else None


@dataclass(frozen=True)
class SaddleNode:
    """Where two branches meet and end, in SI units."""

    swept: float
    states: Array  # (states,)
    observed: dict[str, float]
    branches: tuple[int, int]  # indices of the two branches


@dataclass(frozen=True)
class Diagram:
    """The steady states of a model as one quantity changes, in SI units.

    `to_dataset` gives them in the units that people read.
    """

    model: Model
    name: str  # of the swept quantity
    grid: Array  # (count,)
    branches: tuple[Branch, ...]
    saddle_nodes: tuple[SaddleNode, ...]

    @property
    def observed(self) -> tuple[str, ...]:
        """Names of the observed variables, the readout among them."""
        return observed_names(self.model, self.name)

    def to_dataset(self) -> xr.Dataset:
        """Return the diagram in display units.

        Variables on the grid have dims (branch, NAME); the curves as they were followed are
        `NAME_traced` and `VARIABLE_traced` with dims (branch, point); `VARIABLE_saddle` and
        `NAME_saddle` have dim saddle_node. Where a branch does not exist there is NaN.
        """
        grid = self._shown(self.name, self.grid)
        dataset = xr.Dataset(
            coords={
                self.name: ((self.name,), grid, self._attrs(self.name)),
                "branch": np.arange(len(self.branches)),
                "origin": (("branch",), [branch.origin for branch in self.branches]),
            },
            attrs={"model": self.model.name, "title": self.model.title, "over": self.name},
        )
        self._add_points(dataset, "", self.name, lambda branch: branch.gridded)
        self._add_points(dataset, "_traced", "point", lambda branch: branch.traced)
        nodes = self.saddle_nodes
        swept = np.array([node.swept for node in nodes])
        self._add(dataset, self.name, "_saddle", ("saddle_node",), swept)
        for name in self.observed:
            values = np.array([node.observed[name] for node in nodes])
            self._add(dataset, name, "_saddle", ("saddle_node",), values)
        joined = np.array([node.branches for node in nodes], int).reshape(len(nodes), 2)
        dataset["joined"] = (("saddle_node", "side"), joined, {"long_name": "branches that meet"})
        return dataset

    def summary(self) -> dict[str, Any]:
        """Return what the diagram shows, ready for JSON, values in display units."""
        edges = [float(self._shown(self.name, value)) for value in self.grid[[0, -1]]]
        over = {"name": self.name, "start": edges[0], "stop": edges[1]}
        return {
            "model": self.model.name,
            "over": {**over, "count": len(self.grid), "unit": _unit(self.model, self.name)},
            "branches": [self._branch_summary(branch) for branch in self.branches],
            "saddle_nodes": [
                self._quantities({self.name: node.swept, **node.observed})
                | {"branches": list(node.branches)}
                for node in self.saddle_nodes
            ],
        }

    def _branch_summary(self, branch: Branch) -> dict[str, Any]:
        ends = {}
        for key, index in (("from", 0), ("to", -1)):
            observed = {name: float(v[index]) for name, v in branch.traced.observed.items()}
            ends[key] = self._quantities({self.name: float(branch.traced.swept[index]), **observed})
        return {"origin": branch.origin, "stable": branch.is_stable, **ends}

    def _quantities(self, values: dict[str, float]) -> dict[str, Any]:
        return {
            name: {"value": float(self._shown(name, value)), "unit": _unit(self.model, name)}
            for name, value in values.items()
        }

    def _add_points(
        self, dataset: xr.Dataset, suffix: str, dim: str, points: Callable[[Branch], Points]
    ) -> None:
        dims = ("branch", dim)
        each = [points(branch) for branch in self.branches]
        if suffix:  # on the grid it is a coordinate
            self._add(dataset, self.name, suffix, dims, _padded([p.swept for p in each]))
        for name in self.observed:
            self._add(dataset, name, suffix, dims, _padded([p.observed[name] for p in each]))
        eigenvalue = _padded([p.eigenvalue for p in each])
        dataset[f"stable{suffix}"] = (dims, eigenvalue < 0, {"long_name": "stable steady state"})
        attrs = {"units": "1/s", "long_name": "largest real part of the eigenvalues"}
        dataset[f"leading_eigenvalue{suffix}"] = (dims, eigenvalue, attrs)

    def _add(
        self, dataset: xr.Dataset, name: str, suffix: str, dims: tuple[str, ...], values: Array
    ) -> None:
        dataset[name + suffix] = (dims, self._shown(name, values), self._attrs(name))

    def _shown(self, name: str, values: Any) -> Any:
        return in_unit(values, _unit(self.model, name))

    def _attrs(self, name: str) -> dict[str, str]:
        thing = self.model.variables.get(name) or self.model.parameters[name]
        words = getattr(thing, "comment", "") or getattr(thing, "note", "")
        return {"units": _unit(self.model, name) or "1", "long_name": words or name}


def without_effect(diagram: Diagram) -> dict[str, str]:
    """Return the values changed since the model was read that its steady states do not depend on.

    At rest there are no events, so that what only they read counts for nothing.
    """
    model, over = diagram.model, diagram.name
    read = deciding(model, diagram.observed, (), held={over})
    reasons = {name: "" if name in read else _UNREAD for name in sorted(model.changed)}
    reasons |= {over: _SWEPT} if over in model.changed else {}
    return {name: why for name, why in reasons.items() if why}


def observed_names(model: Model, swept: str) -> tuple[str, ...]:
    """Return what is observed, the readout included and the swept quantity left out."""
    names = dict.fromkeys((*model.observe, model.readout.variable))
    return tuple(name for name in names if name != swept)


def _unit(model: Model, name: str) -> str:
    """Return the unit in which a quantity is shown; empty for a plain number."""
    unit = model.unit(name)
    return "" if unit == "1" else unit


def _padded(rows: list[Array]) -> Array:
    """Return rows of different length as one array, NaN after the end of each."""
    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return table
