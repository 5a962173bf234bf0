"""White noise in differential equations, taken apart from their slopes and added to whole steps.

A step adds it as a number that stays the same from its beginning to its end, of the variance that
gives a state which is pulled back linearly the right spread after a step of any length. A path is
then right at the ends of steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import sympy

from plasticity_sim.solver.arithmetic import INVERSE

if TYPE_CHECKING:
    from plasticity_sim.solver.system import System

Amplitudes = dict[tuple[str, str], sympy.Expr]

_WHITE = re.compile(r"xi(_\w+)?")  # Brian2's names
_BY_NOISE = 10.0  # times the tolerance: the error of a state that may come from noise
_WEAK = 1e-4  # a pull that changes less than this share of a deviation in a step counts as this


def apart(slopes: Mapping[str, sympy.Expr]) -> tuple[dict[str, sympy.Expr], Amplitudes]:
    """Return the slopes without noise, and the amplitude of each noise in each of them."""
    quiet, amplitudes = {}, {}
    for state, slope in slopes.items():
        whites = [s for s in slope.free_symbols if _WHITE.fullmatch(s.name)]
        for xi in sorted(whites, key=str):
            amplitudes[state, xi.name] = slope.diff(xi)
        quiet[state] = slope.xreplace(dict.fromkeys(whites, sympy.Integer(0)))
    return quiet, amplitudes


def drawn(system: System) -> list[str]:
    """Return statements for each white noise in a step of `_h`: `_white_XI`, of variance 1 / h."""
    lines = [f"_normal_{xi} = randn()" for xi in system.whites]
    return lines + [f"_white_{xi} = _normal_{xi} / sqrt(_h)" for xi in system.whites]


def noise_trees(system: System) -> dict[str, sympy.Expr]:
    """Return for each noisy state X its pull, `_pull_X`, and the sum of its noises, `_white_X`."""
    trees = {f"_pull_{state}": pull for state, pull in system.pulls.items()}
    for (state, xi), amplitude in system.noises.items():
        before = trees.get(f"_white_{state}", sympy.Integer(0))
        trees[f"_white_{state}"] = before + amplitude * sympy.Symbol(f"_white_{xi}", real=True)
    return trees


def spread_as_noise(state: str, pull: str, h: str, functions: Mapping[str, str]) -> list[str]:
    """Return statements for `_spread_X`, which gives what stays the same for `h` the right effect.

    Where the slope pulls by -k x, a number that stays the same moves x by (1 - exp(-k h)) / k,
    whose square is too small beside the variance (1 - exp(-2 k h)) / (2 k) / h of an
    Ornstein-Uhlenbeck process.
    """
    exp, greater = functions["exp"], functions["greater"]
    share, left = f"_share_{state}", f"_left_{state}"
    return [
        f"{share} = {greater}({greater}({h} * {pull}, -{h} * {pull}), {_WEAK!r})",
        f"{left} = {exp}(-{share})",
        f"_spread_{state} = sqrt(0.5 * {share} * (1.0 + {left}) / (1.0 - {left}))",
    ]


def noise_in_error(system: System, squares: Sequence[str]) -> str:
    """Return what to take off the mean of the `squares`, each state's squared error.

    It is what the noise of this very step can have added. A step that were rejected for it would
    make large noise go with small steps; the length of the next step may well depend on it.
    """
    pairs = zip(squares, system.states, strict=True)
    noisy = [square for square, state in pairs if state in system.pulls]
    if not noisy:
        return ""
    share = (1 - _BY_NOISE**-2) / len(squares)
    return f" - {share!r} * ({' + '.join(noisy)}) * {INVERSE}rtol * {INVERSE}rtol"
