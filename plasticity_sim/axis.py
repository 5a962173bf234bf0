"""One thing that takes several values: what a protocol lists, what a sweep goes over."""

from __future__ import annotations

from dataclasses import dataclass

from plasticity_sim.document import Place
from plasticity_sim.errors import InputError
from plasticity_sim.quantities import in_unit, parse_quantity, split_quantity

NAMES = ("arm", "model")  # the axes whose values are names


@dataclass(frozen=True)
class Axis:
    """One dimension: values of a parameter or a setting, or the names of arms or models."""

    name: str
    texts: tuple[str, ...]
    place: Place = ()  # in the protocol that lists the values

    @property
    def unit(self) -> str:
        """The unit in which the coordinate is given; empty for numbers and names."""
        return "" if self.name in NAMES else split_quantity(self.texts[0])[1]

    @property
    def coordinate(self) -> list[float] | list[str]:
        """The axis as numbers in `unit`, or as names."""
        if self.name in NAMES:
            return list(self.texts)
        return [in_unit(float(parse_quantity(text)), self.unit) for text in self.texts]


def assigned(text: str, wanted: str) -> tuple[str, str]:
    """Return name and value of "name=value"; `wanted` says what to write instead.

    >>> assigned("rate = 1,5 Hz", "write name=values")
    ('rate', '1,5 Hz')
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise InputError(f"'{text}' has no '='; {wanted}")
    if not name or not value:
        raise InputError(f"'{text}': {wanted}")
    return name, value
