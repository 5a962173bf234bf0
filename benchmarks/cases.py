"""The cases of the comparison: a model, a protocol, and how exact the answer has to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from plasticity_sim.model import Model, load_model
from plasticity_sim.model.parts import Population, Spread
from plasticity_sim.protocol import Protocol, load_protocol

HERE = Path(__file__).parent
REFERENCED = 8  # synapses of each case that have a reference solution


@dataclass(frozen=True)
class Case:
    """One row of conditions: `synapses` copies of a model under one protocol.

    `judged` is the variable whose relative error at the checkpoint, one second after the last
    pulse, may be `target` at most; `kinase` is the one that tells solutions apart early on. `peers`
    are those that take part, by default all.
    """

    model: str
    protocol: str
    synapses: int
    target: float
    judged: str
    kinase: str
    peers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        judged = "-kinase" if self.judged == self.kinase else ""
        return f"{self.model}-{self.protocol}{judged}"

    @property
    def title(self) -> str:
        judged = ", the kinase judged" if self.judged == self.kinase else ""
        return f"{self.model}, {self.protocol}{judged}"


# The weight of graupner_brunel_2007 is 1 + a small part of the kinase, so that it hardly moves
# where the kinase does. To judge the kinase itself is harder.
_CASCADE = ("w", "kinase")
_WEIGHT = ("w", "camkii_active")
_KINASE = ("camkii_active", "camkii_active", ("roadrunner",))

CASES = (
    Case("cascade", "pulses_1hz", 512, 1e-4, *_CASCADE),
    Case("cascade", "pulses_100hz", 1024, 1e-5, *_CASCADE),
    Case("graupner_brunel_2007", "pulses_1hz", 512, 1e-4, *_WEIGHT),
    Case("graupner_brunel_2007", "pulses_100hz", 1024, 1e-5, *_WEIGHT),
    Case("graupner_brunel_2007", "pulses_1hz", 512, 1e-4, *_KINASE),
    Case("graupner_brunel_2007", "pulses_100hz", 1024, 1e-5, *_KINASE),
)

_VARIED = {"g_nmda": 0.1, "k_can": 0.1, "k_auto": 0.1}  # of graupner_brunel_2007


def model_of(case: Case) -> Model:
    """Return the model of `case`, one state and a spread of parameters between synapses."""
    own = HERE / "models" / f"{case.model}.yaml"
    if own.exists():
        return load_model(str(own))
    model = load_model(case.model)
    first = next(iter(model.states))
    spread = tuple((name, Spread("lognormal", width)) for name, width in _VARIED.items())
    return replace(
        model, states={first: model.states[first]}, mix={first: 1.0},
        population=Population(vary=spread),
    )  # fmt: skip


def protocol_of(case: Case) -> Protocol:
    """Return the protocol of `case`."""
    return load_protocol(str(HERE / "protocols" / f"{case.protocol}.yaml"))
