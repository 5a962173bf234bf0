"""The states a model rests in: integrated to their steady values, then polished by Newton's method."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import null_space

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.righthand import Slope, jacobian, right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

SETTLING = 1e6  # s at rest before Newton's method: the slowest pathways take hours
_STEADY = 1e-9  # per second: the largest change, in scales of the variable, that counts as rest
_FARTHEST = 1e-2  # relative: how far Newton's method may move what was settled


def starting_values(model: Model, state: str, parameters: Mapping[str, float]) -> dict[str, float]:
    """Return the first guess (SI) of every differential and held variable in `state`."""
    guesses = {**model.initial, **model.states[state]}
    names = (*model.differential, *model.held)
    return {n: guesses[n].evaluate(parameters) if n in guesses else 0.0 for n in names}


def settle(
    model: Model,
    state: str,
    parameters: Mapping[str, float],
    clamps: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the steady values (SI) that the guess of `state` comes to rest at.

    `clamps` are states held at a value. Raises SimulationError, naming the variable, if the
    model does not come to rest.
    """
    clamps = clamps or {}
    start = {**starting_values(model, state, parameters), **clamps}
    values = {**parameters, **start}
    slope = right_hand_side(model, frozenset(clamps), without_noise=True)
    scale = scales(model)
    y = np.array([start[name] for name in model.differential])
    found = solve_ivp(
        lambda t, x: slope(t, x, values), (0, SETTLING), y, method="LSODA",
        rtol=1e-8, atol=1e-10 * scale, t_eval=[SETTLING],
    )  # fmt: skip
    if not found.success:
        raise SimulationError(f"state '{state}' of '{model.name}' does not settle: {found.message}")
    y = polish(slope, found.y[:, -1], values, scale)
    drift = np.abs(slope(0.0, y, values)) / np.maximum(np.abs(y), scale)
    worst = int(np.argmax(drift))
    if not drift[worst] < _STEADY:
        raise SimulationError(
            f"state '{state}' of '{model.name}' is not steady: "
            f"'{model.differential[worst]}' changes by {drift[worst]:.2g} of its size a second"
        )
    return {**start, **dict(zip(model.differential, map(float, y), strict=True))}


def polish(slope: Slope, y: Array, values: dict[str, float], scale: Array) -> Array:
    """Return the zero of `slope` next to `y`, with every conserved total kept."""
    fixed = moieties(slope, y, values, scale)
    best = y
    for _ in range(8):
        residual = np.array(slope(0.0, best, values)) / scale
        scaled = jacobian(slope, best, values, scale) * scale / scale[:, None]
        rows = 1 / np.maximum(np.abs(scaled).max(axis=1), 1e-12)
        matrix = np.vstack([scaled * rows[:, None], fixed])
        right = np.concatenate([-residual * rows, np.zeros(len(fixed))])
        step = np.linalg.lstsq(matrix, right, rcond=1e-13)[0] * scale
        best = best + step
        if np.abs(step / scale).max() < 1e-14:
            break
    close = np.abs(best - y) <= _FARTHEST * np.maximum(np.abs(y), scale)
    return best if close.all() else y


def moieties(slope: Slope, y: Array, values: dict[str, float], scale: Array) -> Array:
    """Return the conserved linear combinations, one a row, of the states in units of `scale`.

    They are what the Jacobians at several states around `y` all leave untouched.
    """
    generator = np.random.default_rng(0)
    blocks = []
    for _ in range(3):
        around = y + scale * generator.uniform(0.1, 1.0, y.size)
        blocks.append(jacobian(slope, around, values, scale) * scale / scale[:, None])
    together = np.hstack(blocks)
    size = np.maximum(np.abs(together).max(axis=1), 1e-12)
    combinations = null_space((together / size[:, None]).T, rcond=1e-7).T / size
    norms = np.linalg.norm(combinations, axis=1, keepdims=True)
    return combinations / np.where(norms > 0, norms, 1)
