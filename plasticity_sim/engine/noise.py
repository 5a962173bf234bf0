"""Random numbers by address: each is a pure function of a lane's seed, the step and the draw.

No stream is shared, so a lane's path does not depend on its neighbours, their order, the number
of processes or what runs the equations. The bits are those of Philox 4x32-10 (Salmon et al. 2011,
doi:10.1145/2063384.2063405).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from typing import Any

import numpy as np
from brian2.core.functions import Function
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from numpy.typing import ArrayLike, NDArray

from plasticity_sim.engine.batch import Array
from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Kind
from plasticity_sim.solver.maths import FUNCTIONS as MATHS

Words = tuple[NDArray[np.uint64], ...]

DRAWS = 2**16  # numbers set aside for the draws of one piece of code, so that none has another's

_DRAW = re.compile(r"\b(randn?)\s*\(\s*\)")
_WHITE = re.compile(r"\bxi\b")
_NAMES = {"rand": "lane_uniform", "randn": "lane_normal"}
_ROUNDS = 10
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_KEY_STEPS = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

# Written out round by round, without a global and without a conversion between numbers of 64 bits,
# so that a compiler can vectorise the loop over lanes: bits become a number by being the fraction
# of one between 1 and 2. The guard is there as both functions bring the whole text with them.
_ROUND = """
    p = {m[0]}ULL * c0; q = {m[1]}ULL * c2;
    c0 = (q >> 32) ^ c1 ^ k0; c1 = q & 0xFFFFFFFFULL;
    c2 = (p >> 32) ^ c3 ^ k1; c3 = p & 0xFFFFFFFFULL;
    k0 = (k0 + {k[0]}ULL) & 0xFFFFFFFFULL; k1 = (k1 + {k[1]}ULL) & 0xFFFFFFFFULL;
""".strip("\n").format(m=_MULTIPLIERS, k=_KEY_STEPS)
CODE = f"""
#ifndef PLASTICITY_SIM_NOISE
#define PLASTICITY_SIM_NOISE
static inline double lane_fraction(uint64_t high, uint64_t low) {{
    const uint64_t bits = 0x3FF0000000000000ULL | (((high << 32) | low) >> 12);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number - {1 - 2.0**-53!r};
}}
static inline void lane_pair(
    double seed, double step, double draw, double* first, double* second
) {{
    const uint64_t place = (uint64_t)(int64_t)step;
    uint64_t key;
    memcpy(&key, &seed, sizeof key);
    uint64_t k0 = key & 0xFFFFFFFFULL, k1 = key >> 32, p, q;
    uint64_t c0 = place & 0xFFFFFFFFULL, c1 = place >> 32, c2 = (uint64_t)(int64_t)draw, c3 = 0;
{chr(10).join([_ROUND] * _ROUNDS)}
    *first = lane_fraction(c0, c1);
    *second = lane_fraction(c2, c3);
}}
static inline double lane_uniform(double seed, double step, double draw) {{
    double first, second;
    lane_pair(seed, step, draw, &first, &second);
    return first;
}}
static inline double lane_normal(double seed, double step, double draw) {{
    double first, second;
    lane_pair(seed, step, draw, &first, &second);
    return sqrt(-2.0 * lane__log(first)) * lane__cos_turns(second);
}}
#endif
""".strip()
_MATHS = {f"lane__{name}": MATHS[f"lane__{name}"] for name in ("log", "cos_turns")}
_LIBRARY = (  # in Cython, which has no loop to vectorise
    "#define lane__log(x) log(x)",
    f"#define lane__cos_turns(x) cos({2 * np.pi!r} * (x))",
)


def philox(counter: Iterable[ArrayLike], key: Iterable[ArrayLike]) -> Words:
    """Return the four words that Philox 4x32-10 makes of a counter of four and a key of two.

    >>> [f"{word:08x}" for word in philox([0, 0, 0, 0], [0, 0])]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) for word in counter)
    k0, k1 = (np.asarray(word, np.uint64) for word in key)
    multipliers, steps = np.array(_MULTIPLIERS, np.uint64), np.array(_KEY_STEPS, np.uint64)
    for _ in range(_ROUNDS):
        p, q = multipliers[0] * c0, multipliers[1] * c2  # 32 x 32 bits: never beyond 64
        c0, c1, c2, c3 = (q >> _HALF) ^ c1 ^ k0, q & _LOW, (p >> _HALF) ^ c3 ^ k1, p & _LOW
        k0, k1 = (k0 + steps[0]) & _LOW, (k1 + steps[1]) & _LOW
    return c0, c1, c2, c3


def _pair(seed: ArrayLike, step: ArrayLike, draw: ArrayLike) -> tuple[Array, Array]:
    """Return two independent fractions of one address."""
    key = np.asarray(seed, np.float64).view(np.uint64)  # its pattern of bits
    place, number = (np.asarray(x).astype(np.uint64) for x in (step, draw))
    counter = (place & _LOW, place >> _HALF, number, np.uint64(0))
    c0, c1, c2, c3 = philox(counter, (key & _LOW, key >> _HALF))
    return _fraction(c0, c1), _fraction(c2, c3)


def _fraction(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Array:
    # 52 bits and a half: exact in a double, the same everywhere, and never 0 or 1
    bits = ((high << _HALF) | low) >> np.uint64(12)
    return np.asarray((bits.astype(np.float64) + 0.5) * 2.0**-52)


def _uniform(seed: ArrayLike, step: ArrayLike, draw: ArrayLike) -> Array:
    return _pair(seed, step, draw)[0]


def _normal(seed: ArrayLike, step: ArrayLike, draw: ArrayLike) -> Array:
    # Box-Muller: one call of Philox has both numbers it needs, and there is no branch for the
    # tails, as in an inverse distribution, that lanes side by side would take differently
    first, second = _pair(seed, step, draw)
    return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2 * np.pi * second))


def _brian_function(name: str, python: Any) -> Function:
    declared = f"double {name}(double seed, double step, double draw)"
    headers = ["<math.h>", "<stdint.h>", "<string.h>"]
    verbatim = [*(f"#include {header}" for header in headers), *_LIBRARY, *CODE.splitlines()]
    inside = ['"""', *verbatim, '"""', declared]
    cython = "\n    ".join(["cdef extern from *:", *inside])
    function = Function(python, arg_units=[1, 1, 1], return_unit=1)
    function.implementations.add_numpy_implementation(python, discard_units=True)
    function.implementations.add_implementation(
        "cpp", CODE, name=name, dependencies=_MATHS, compiler_kwds={"headers": headers}
    )
    function.implementations.add_implementation("cython", cython, name=name)
    return function


# Of a lane's seed below 2**53, a step below 2**53 and a draw below 2**32: a number between 0 and 1,
# neither of them included, and one of the standard normal distribution. At one address they are
# not independent of each other.
lane_uniform = _brian_function("lane_uniform", _uniform)
lane_normal = _brian_function("lane_normal", _normal)
FUNCTIONS = {"lane_uniform": lane_uniform, "lane_normal": lane_normal}


def numbered(code: str, step: str, seed: str = "lane__seed", first: int = 0) -> str:
    """Return Brian2 code whose every `rand()` and `randn()` has its own address.

    >>> numbered("x += randn() * (rand() < p)", "n", seed="s")
    'x += lane_normal(s, n, 0) * (lane_uniform(s, n, 1) < p)'
    """
    draws = count(first)
    return _DRAW.sub(lambda m: f"{_NAMES[m[1]]}({seed}, {step}, {next(draws)})", code)


class LaneNoise(StateUpdateMethod):
    """A method of Brian2, by name or itself, whose white noise is that of each lane's seed.

    `step` counts the steps of a lane.
    """

    def __init__(self, method: str | StateUpdateMethod, step: str = "t_in_timesteps"):
        self.method, self.step = method, step

    def __call__(
        self,
        equations: Equations,
        variables: Any = None,
        method_options: dict[str, Any] | None = None,
    ) -> str:
        """Return Brian2's abstract code of one step."""
        method = self.method
        if isinstance(method, str):
            if method not in self.stateupdaters:
                raise UnsupportedEquationsException(f"no method '{method}' is known")
            method = self.stateupdaters[method]
        lines = method(equations, variables, method_options).splitlines()
        # Brian2 keeps the names of several xi in a set, whose order changes from process to process
        draws = sorted(line for line in lines if _DRAW.search(line))
        others = [line for line in lines if not _DRAW.search(line)]
        return numbered("\n".join(draws + others), self.step)


def check_draws(model: Model) -> None:
    """Raise an InputError where a model draws a number that would mean another at another step."""
    for variable in model.variables.values():
        text = variable.expression.text if variable.expression else ""
        if _DRAW.search(text):
            raise InputError(
                f"the equation of '{variable.name}' draws rand() or randn(), whose effect depends "
                "on the step; write white noise as xi in dx/dt, or draw in an event"
            )
        if _WHITE.search(text) and variable.kind is not Kind.DIFFERENTIAL:
            raise InputError(f"'{variable.name}' uses xi; only dx/dt may, so write it there")
    for text in _actions(model):
        if _WHITE.search(text):
            raise InputError(f"'{text}' uses xi; only dx/dt may, so write randn() here")


def _actions(model: Model) -> list[str]:
    """Return the code of events and threshold: what happens at a time, not all the time."""
    texts = [s.text for block in model.blocks for s in block.statements]
    return texts + ([model.threshold.text] if model.threshold else [])
