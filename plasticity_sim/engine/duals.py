"""Arrays that know their derivatives with respect to some states, where these are not zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.expressions import NUMPY_FUNCTIONS

Number = float | Array
Slopes = dict[int, Number]  # by the place of the state


@dataclass(frozen=True, eq=False)
class Dual:
    """A value over lanes, and its derivatives; plain numbers and arrays have none.

    >>> x = Dual(np.array([3.0]), {0: 1.0})
    >>> (2 / x**2).slopes
    {0: array([-0.14814815])}
    """

    value: Number
    slopes: Slopes = field(default_factory=dict)
    __array_ufunc__ = None  # an array leaves sums and products with a dual to the dual

    def __add__(self, other: object) -> Dual:
        right = dual(other)
        return _dual(self.value + right.value, (None, self), (None, right))

    def __sub__(self, other: object) -> Dual:
        right = dual(other)
        return _dual(self.value - right.value, (None, self), (-1.0, right))

    def __mul__(self, other: object) -> Dual:
        right = dual(other)
        return _dual(self.value * right.value, (right.value, self), (self.value, right))

    def __truediv__(self, other: object) -> Dual:
        right = dual(other)
        value = self.value / right.value
        return _dual(value, (1 / right.value, self), (-value / right.value, right))

    def __pow__(self, other: object) -> Dual:
        right = dual(other)
        value, less = self.value**right.value, right.value - 1
        slope = np.log(self.value) * value if right.slopes else None
        return _dual(value, (right.value * self.value**less, self), (slope, right))

    def __mod__(self, other: object) -> Dual:
        right = dual(other)
        whole = -np.floor(self.value / right.value)
        return _dual(self.value % right.value, (None, self), (whole, right))

    def __neg__(self) -> Dual:
        return _dual(-self.value, (-1.0, self))

    def __pos__(self) -> Dual:
        return self

    def __radd__(self, other: object) -> Dual:
        return dual(other) + self

    def __rsub__(self, other: object) -> Dual:
        return dual(other) - self

    def __rmul__(self, other: object) -> Dual:
        return dual(other) * self

    def __rtruediv__(self, other: object) -> Dual:
        return dual(other) / self

    def __rpow__(self, other: object) -> Dual:
        return dual(other) ** self

    def __rmod__(self, other: object) -> Dual:
        return dual(other) % self

    def __lt__(self, other: object) -> object:
        return self.value < dual(other).value

    def __le__(self, other: object) -> object:
        return self.value <= dual(other).value

    def __gt__(self, other: object) -> object:
        return self.value > dual(other).value

    def __ge__(self, other: object) -> object:
        return self.value >= dual(other).value

    def __eq__(self, other: object) -> bool:
        return np.equal(self.value, dual(other).value)  # type: ignore[return-value]

    def __ne__(self, other: object) -> bool:
        return np.not_equal(self.value, dual(other).value)  # type: ignore[return-value]


def dual(thing: object) -> Dual:
    """Return `thing` as a dual."""
    return thing if isinstance(thing, Dual) else Dual(thing)  # type: ignore[arg-type]


def _dual(value: Number, *parts: tuple[Number | None, Dual]) -> Dual:
    """Return the dual whose slopes are the sum of factors times those of `parts`; None is 1."""
    slopes: Slopes = {}
    for factor, part in parts:
        for state, slope in part.slopes.items():
            more = slope if factor is None else factor * slope
            slopes[state] = slopes[state] + more if state in slopes else more
    return Dual(value, slopes)


def _exprel_slope(x: Array, value: Array) -> Array:
    small = np.abs(x) < 1e-4
    return np.where(small, 0.5 + x / 3, (np.exp(x) - value) / np.where(small, 1.0, x))


# of f at x, from x and f(x); functions that are not here are flat almost everywhere
_DERIVATIVES: dict[str, Callable[[Array, Array], Array]] = {
    "exp": lambda x, f: f, "log": lambda x, f: 1 / x, "log10": lambda x, f: 1 / (x * np.log(10)),
    "sqrt": lambda x, f: 0.5 / f, "abs": lambda x, f: np.sign(x), "sin": lambda x, f: np.cos(x),
    "cos": lambda x, f: -np.sin(x), "tan": lambda x, f: 1 + f**2,
    "sinh": lambda x, f: np.cosh(x), "cosh": lambda x, f: np.sinh(x),
    "tanh": lambda x, f: 1 - f**2, "arctan": lambda x, f: 1 / (1 + x**2),
    "exprel": _exprel_slope,
}  # fmt: skip


def _on_duals(name: str, function: Callable[..., Array]) -> Callable[..., object]:
    def applied(*arguments: object) -> object:
        if not any(isinstance(x, Dual) for x in arguments):
            return function(*arguments)
        duals = [dual(x) for x in arguments]
        values = [x.value for x in duals]
        value = function(*values)
        if name == "clip":  # the slope of the bound that is met
            ways = [value == x for x in values]
            first = [ways[0], ways[1] & ~ways[0], ways[2] & ~ways[0] & ~ways[1]]
            return _dual(value, *((way * 1.0, x) for way, x in zip(first, duals, strict=True)))
        if name not in _DERIVATIVES:
            return Dual(value)
        return _dual(value, (_DERIVATIVES[name](values[0], value), duals[0]))  # type: ignore[arg-type]

    return applied


# functions by name, of duals or arrays or numbers
DUAL_FUNCTIONS: dict[str, object] = {
    name: _on_duals(name, thing) if callable(thing) else thing
    for name, thing in NUMPY_FUNCTIONS.items()
}
