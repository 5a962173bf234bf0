"""What equations and events decide whatever the values: found once for models that share them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from plasticity_sim.model.model import Model

Found = TypeVar("Found")


def once_a_structure(find: Callable[[Model], Found]) -> Callable[[Model], Found]:
    """Return `find`, which is asked once for models that differ in their values only."""
    known: dict[tuple[str, ...], Found] = {}

    @wraps(find)
    def found(model: Model) -> Found:
        key = _structure(model)
        if key not in known:
            known[key] = find(model)
        return known[key]

    return found


def _structure(model: Model) -> tuple[str, ...]:
    blocks = (
        f"{block.trigger} {block.after and block.after.text}: "
        + "; ".join(statement.text for statement in block.statements)
        for block in model.blocks
    )
    threshold = model.threshold.text if model.threshold else ""
    return (model.equations, threshold, " ".join(model.parameters), " ".join(model.states), *blocks)
