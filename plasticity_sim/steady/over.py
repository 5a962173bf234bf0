"""The text of a sweep, "ca=0.05:0.5:200 uM", to the numbers that `continuation` takes."""

from __future__ import annotations

from typing import NamedTuple

from plasticity_sim.axis import assigned
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model.model import Model
from plasticity_sim.quantities import expand_range, is_range, parse_quantity

_EXAMPLE = "ca=0.05:0.5:200 uM"
_MOST = 10_000  # values: each costs milliseconds on every branch


class Over(NamedTuple):
    """The quantity that changes, and its grid: as many points from `start` to `stop` (SI)."""

    name: str
    start: float
    stop: float
    points: int


def parse_over(text: str, model: Model) -> Over:
    """Return the sweep that `text` writes as name=start:stop:count and one unit.

    The name is a parameter of the model or a state that it lets one hold. Raises InputError
    for anything else, for a wrong unit, and for a range that is empty or runs backwards.
    """
    name, values = assigned(text, f"write name=start:stop:count, as in '{_EXAMPLE}'")
    check_name(name, model)
    if not is_range(values):
        raise InputError(f"'{text}' is not a range; write start:stop:count, as in '{_EXAMPLE}'")
    if values.endswith("log"):
        raise InputError(f"'{text}': branches are followed in even steps; leave 'log' out")
    grid = expand_range(values)
    count = len(grid)
    if not 2 <= count <= _MOST:
        raise InputError(f"'{text}' has {count} values; 2 to {_MOST} are possible")
    like = model.dimensions[name]
    start, stop = (float(parse_quantity(grid[end], like)) for end in (0, -1))
    check_range(text, start, stop)
    return Over(name, start, stop, count)


def check_name(name: str, model: Model) -> None:
    """Raise an InputError unless `name` is a parameter or a state that can be held."""
    possible = [*model.clamp, *model.parameters]
    if name in possible:
        return
    held = ", ".join(model.clamp) or "none"
    if name in model.subexpressions:
        raise InputError(
            f"'{name}' follows from the states; choose a parameter, or a state to hold: {held}"
        )
    if name in model.variables:
        raise InputError(
            f"'{name}' is not under 'clamp' in model '{model.name}'; states to hold: {held}"
        )
    raise InputError(
        f"model '{model.name}' has no parameter or state '{name}'; {suggestion(name, possible)}"
    )


def check_range(text: str, start: float, stop: float) -> None:
    """Raise an InputError unless `start` lies below `stop`."""
    if not start < stop:
        raise InputError(f"'{text}': the start must be smaller than the stop, as in '{_EXAMPLE}'")
