"""How a script steps: by which of Brian2's methods, how far, and whether spikes keep apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod

from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model.model import Model
from plasticity_sim.quantities import seconds
from plasticity_sim.simulation.lanes import Plan

STEP = "0.02 ms"  # where the model asks for none
_USUAL = {None: "rk4", "additive": "euler", "multiplicative": "heun"}


@dataclass(frozen=True)
class Stepping:
    """A method of Brian2, and the step as people write it."""

    method: str
    dt: str

    @classmethod
    def of(cls, model: Model, dt: str = "", method: str = "") -> Stepping:
        """Return what is asked for, else what the model asks for, else rk4 at 0.02 ms.

        With noise it is euler, or heun where the size of the noise is not constant. Raises
        InputError for a method that Brian2 does not have and a step that is no time.
        """
        own = model.integrator
        if not method:
            method = own.method if own.dt else _USUAL[Equations(model.equations).stochastic_type]
        known = sorted(StateUpdateMethod.stateupdaters)
        if method not in known:
            raise InputError(f"Brian2 has no method '{method}'; {suggestion(method, known)}")
        dt = dt or (f"{own.dt * 1e3:.12g} ms" if own.dt else STEP)
        try:
            length = seconds(dt)
        except InputError as problem:
            raise InputError(f"dt: {problem.message}") from None
        if not 0 < length < 1:
            raise InputError(f"dt: '{dt}' is not a step; write one as in '{STEP}'")
        return cls(method, dt)

    def check(self, made: Plan) -> None:
        """Raise an InputError where a step is too long to tell two spikes apart."""
        length = seconds(self.dt)
        for lane in made.batch.lanes[:: made.synapses]:
            for what, times in (("presynaptic", lane.pre), ("postsynaptic", lane.post)):
                close = np.diff(np.rint((times - lane.start) / length)) < 1
                if close.any():
                    raise InputError(
                        f"two {what} spikes ({lane.label}) fall into one step of {self.dt}, "
                        f"at {times[1:][close][0]:.6g} s; give a smaller --dt"
                    )
