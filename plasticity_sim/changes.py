"""What a drug, a window or an arm does to a value: replace it ("0.2 nS") or scale it ("x 0.2")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from brian2.units.fundamentalunits import Dimension

from plasticity_sim.errors import InputError
from plasticity_sim.quantities import parse_quantity, split_quantity


@dataclass(frozen=True)
class Change:
    """A new value, or a factor on the present one."""

    text: str

    @property
    def is_factor(self) -> bool:
        return self.text[:2] in ("x ", "x\t")

    def check(self, like: Dimension) -> None:
        """Raise an InputError unless this can change a value of these dimensions."""
        self.applied(1.0, like)

    def applied(self, value: float, like: Dimension, share: float = 1.0) -> float:
        """Return SI `value` after the change, or after a `share` (0 to 1) of it."""
        if self.is_factor:
            factor, unit = split_quantity(self.text[2:])
            if unit:
                raise InputError(f"'{self.text}': a factor has no unit; write 'x 0.2'")
            with np.errstate(over="ignore"):
                target = value * factor
            if not np.isfinite(target).all():  # of every synapse, where they differ
                raise InputError(f"'{self.text}' makes a value that is not finite")
        else:
            target = float(parse_quantity(self.text, like))
        return value + share * (target - value)
