"""The states a model rests in: integrated to their steady values, polished by Newton's method."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from itertools import count

import numpy as np
from numpy.typing import NDArray

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.moieties import moieties
from plasticity_sim.engine.righthand import Slope, jacobian, right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

SETTLING = 1e6  # s at rest before Newton's method: the slowest pathways take hours
LONGEST = 1e9  # s: for a model that does not rest by then
STEADY = 1e-9  # per second: the largest change, in scales of the variable, that counts as rest
FARTHEST = 1e-2  # relative: how far Newton's method may move what was settled

_MOST = (
    200_000  # evaluations, after which a state that still moves is given up; thousands are usual
)


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
    named = f"state '{state}' of '{model.name}'"
    start = {**_guess(model, state, parameters), **clamps}
    values = {**parameters, **start}
    slope = right_hand_side(model, frozenset(clamps), without_noise=True)
    scale = scales(model)
    y = np.array([start[name] for name in model.differential])
    free = np.array([name not in clamps for name in model.differential])
    for duration in (SETTLING, LONGEST):
        y = _followed(slope, y, duration, values, scale, named)
        if free.any():
            with suppress(ArithmeticError, ValueError):  # at the edge of the equations
                y = polish(slope, y, values, scale, free)
        drift = np.abs(slope(0.0, y, values)) / np.maximum(np.abs(y), scale)
        worst = int(np.argmax(drift))
        if drift[worst] < STEADY * SETTLING / duration:  # less than what it has changed by till now
            return {**start, **dict(zip(model.differential, map(float, y), strict=True))}
    raise SimulationError(
        f"{named} is not steady: '{model.differential[worst]}' changes by {drift[worst]:.2g} of "
        "its size a second"
    )


def _followed(
    slope: Slope, y: Array, duration: float, values: dict[str, float], scale: Array, named: str
) -> Array:
    """Return where the states `y` are a `duration` later."""
    # SciPy's solvers take a third of a second to import
    from scipy.integrate import solve_ivp

    asked = count(1)

    def counted(t: float, x: Array) -> Array:
        if next(asked) > _MOST:
            raise SimulationError(
                f"{named} does not settle: after {_MOST} evaluations of its equations it is "
                f"followed to {t:.3g} s only"
            )
        return np.asarray(slope(t, x, values))

    try:
        with warnings.catch_warnings():  # what goes wrong on the way is told below
            warnings.simplefilter("ignore", UserWarning)
            found = solve_ivp(
                counted, (0, duration), y, method="LSODA",
                rtol=1e-8, atol=1e-10 * scale, t_eval=[duration],
            )  # fmt: skip
    except (ArithmeticError, ValueError) as problem:  # as the root of what is negative
        raise SimulationError(
            f"{named} does not settle: on the way its equations have no value ({problem})"
        ) from None
    if not found.success:
        raise SimulationError(f"{named} does not settle: {found.message}")
    return np.asarray(found.y[:, -1])


def _guess(model: Model, state: str, parameters: Mapping[str, float]) -> dict[str, float]:
    try:
        return starting_values(model, state, parameters)
    except (ArithmeticError, ValueError) as problem:
        raise SimulationError(
            f"state '{state}' of '{model.name}' has no value to begin at ({problem})"
        ) from None


def polish(
    slope: Slope, y: Array, values: dict[str, float], scale: Array, free: NDArray[np.bool_]
) -> Array:
    """Return the zero of `slope` next to `y`, with every conserved total kept.

    Only the states marked `free` move. Derivatives are those on the side that a state comes from:
    next to a comparison, as of a time constant that differs for up and down, the other side has
    others.
    """
    fixed = moieties(slope, y, values, scale, free)
    best = y.copy()
    for _ in range(8):
        slopes = np.array(slope(0.0, best, values))
        residual = (slopes / scale)[free]
        behind = jacobian(slope, best, values, scale, side=-np.sign(slopes))
        scaled = (behind * scale / scale[:, None])[np.ix_(free, free)]
        rows = 1 / np.maximum(np.abs(scaled).max(axis=1), 1e-12)
        matrix = np.vstack([scaled * rows[:, None], fixed])
        lost = fixed @ ((y - best) / scale)[free]
        step = np.linalg.lstsq(matrix, np.concatenate([-residual * rows, lost]), rcond=1e-13)[0]
        best[free] += step * scale[free]
        if np.abs(step).max() < 1e-14:
            break
    close = np.abs(best - y) <= FARTHEST * np.maximum(np.abs(y), scale)
    return best if close.all() else y
