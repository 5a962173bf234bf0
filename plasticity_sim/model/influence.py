"""Which names decide what is looked at, by who reads whom in equations and events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Block, Kind
from plasticity_sim.model.zeros import lasting_zeros, names_left


def deciding(
    model: Model,
    wanted: Iterable[str],
    triggers: Collection[str],
    held: Collection[str] = (),
    moved: Collection[str] | None = None,
) -> frozenset[str]:
    """Return every name that `wanted` depend on, through any chain of readers, and `wanted`.

    Only events of the kinds `triggers` come to pass; `held` are states kept at a value throughout,
    so that nothing moves them. With `moved`, the names that something else may set, variables that
    begin at zero and stay there count for nothing. What is not in the result cannot change what is
    wanted; what is in it may still have a factor of zero before it.
    """
    blocks = [b for b in model.blocks if b.trigger in triggers]
    zeros = frozenset() if moved is None else lasting_zeros(model, blocks, {*held, *moved})
    found: set[str] = set()
    stack = list(wanted)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            if name not in {*held, *zeros} and name in model.variables:
                stack += _read_for(model, name, blocks, zeros)
    return frozenset(found)


def _read_for(
    model: Model, name: str, blocks: list[Block], zeros: Collection[str]
) -> Iterator[str]:
    """Yield the names that the value of a variable is made of."""
    variable = model.variables[name]
    if variable.expression is not None:
        yield from names_left(variable.expression, zeros)
    if variable.kind is Kind.SUBEXPRESSION:
        return
    for starts in (model.initial, *model.states.values()):
        if name in starts and (expression := starts[name].expression) is not None:
            yield from expression.names
    for block in blocks:
        if any(statement.target == name for statement in block.statements):
            yield from _read_by(model, block, zeros)


def _read_by(model: Model, block: Block, zeros: Collection[str]) -> Iterator[str]:
    """Yield the names that decide when a block of events comes and what it does."""
    for statement in block.statements:
        yield from names_left(statement.expression, zeros)
    if block.after is not None:
        yield from block.after.names
    if block.trigger == "spike" and model.threshold is not None:
        yield from model.threshold.names
