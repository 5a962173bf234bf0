"""The states that cannot be negative: concentrations, and what the equations keep so."""

from __future__ import annotations

import numpy as np

from plasticity_sim.engine.righthand import Action, action, right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.model.model import Model
from plasticity_sim.quantities import parse_quantity
from plasticity_sim.simulation.structure import once_a_structure

CONCENTRATION = parse_quantity("1 uM").dim

_LOOKS = 60  # states at which no slope and no event may point below zero


@once_a_structure
def never_negative(model: Model) -> tuple[str, ...]:
    """Return the states that no right run takes below zero.

    Concentrations are so by nature. Another state, such as a fraction, a trace or a conductance,
    is one if neither its slope where it is zero nor any event leads below, from whatever values.
    """
    by_nature = {n for n in model.differential if model.dimensions[n] is CONCENTRATION}
    kept = by_nature | {n for n in model.differential if not model.variables[n].expression.is_noisy}  # type: ignore[union-attr]
    while lost := _lost(model, kept) - by_nature:  # without them others may be lost, too
        kept -= lost
    return tuple(name for name in model.differential if name in kept)


def _lost(model: Model, kept: set[str]) -> set[str]:
    """Return those of `kept` that go below zero while all of `kept` are zero or more."""
    generator, scale = np.random.default_rng(0), scales(model)
    slope = right_hand_side(model, without_noise=True)
    names, usual = model.differential, {n: p.value for n, p in model.parameters.items()}
    signed = np.array([name not in kept for name in names])
    lowest = [-1.0 * (model.dimensions[n] is not CONCENTRATION) for n in model.held]
    drawn, blocks = _events(model)
    lost, seen = set(drawn), 0
    for _ in range(_LOOKS):
        y = scale * 10 ** generator.uniform(-3, 2, scale.size)
        y *= np.where(signed & (generator.uniform(size=scale.size) < 0.5), -1, 1)
        y *= signed | (generator.uniform(size=scale.size) < 0.7)  # the others at zero
        held = dict(zip(model.held, generator.uniform(lowest, 1.0), strict=True))
        values = {**usual, **held}
        try:
            slopes = slope(0.0, y, values)
            lost |= {n for n, rate, x in zip(names, slopes, y, strict=True) if x == 0 and rate < 0}
            for act in blocks:
                own = values | dict(zip(names, map(float, y), strict=True))
                act(own, *generator.exponential(0.1, 2))
                lost |= {n for n in names if own[n] < 0}
            seen += 1
        except (ArithmeticError, ValueError):  # no real value at such a state
            continue
    return lost & kept if seen else kept


def _events(model: Model) -> tuple[set[str], list[Action]]:
    """Return the states that events draw numbers for, and what the other events do."""
    noisy = [any(s.expression.is_noisy for s in block.statements) for block in model.blocks]
    pairs = list(zip(model.blocks, noisy, strict=True))
    drawn = {s.target for block, is_noisy in pairs if is_noisy for s in block.statements}
    return drawn, [action(model, block) for block, is_noisy in pairs if not is_noisy]
