"""The YAML formats of components and models, as pydantic schemas."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from plasticity_sim.formats import Strict, Text, Version, Words


class ParameterFormat(Strict):
    """A number with its unit and exactly one statement of where it comes from."""

    value: Text
    source: str = ""
    assumed: str = ""
    fitted: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _one_provenance(self) -> ParameterFormat:
        given = [key for key in ("source", "assumed", "fitted") if getattr(self, key)]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of source, assumed or fitted; found {found}")
        return self


class BlockFormat(Strict):
    """What an event does, at once or `after` a delay."""

    do: str
    after: Text | None = None


Blocks = Annotated[list[BlockFormat], Field(max_length=100)]


class ComponentFormat(Strict):
    """One mechanism: equations, what a spike does, parameters."""

    format: Version
    title: str
    source: Words = []
    note: str = ""
    equations: str
    on_pre: Blocks = []
    on_post: Blocks = []
    threshold: str | None = None
    on_spike: Blocks = []
    initial: dict[str, Text] = {}
    parameters: dict[str, ParameterFormat] = {}


class ResponseFormat(Strict):
    """The readout is the peak of `response` in the time `within` after each test pulse."""

    response: str
    within: Text


Adaptive = Literal["rodas4", "rodas4p", "rodas5p"]
Fixed = Literal["euler", "heun", "milstein", "rk2", "rk4"]


class IntegratorFormat(Strict):
    """A fixed-step method of Brian2 and its step `dt`, or an adaptive one and its tolerance."""

    method: Literal[Adaptive, Fixed]
    dt: Text | None = None
    rtol: float | None = Field(default=None, ge=1e-12, le=1e-2)

    @model_validator(mode="after")
    def _step_or_tolerance(self) -> IntegratorFormat:
        adaptive = self.method in get_args(Adaptive)
        if adaptive and self.dt is not None:
            raise ValueError(f"{self.method} chooses its steps; give it rtol instead of dt")
        if not adaptive and (self.dt is None or self.rtol is not None):
            raise ValueError(f"{self.method} has a fixed step: give it dt, and no rtol")
        return self


class PopulationFormat(Strict):
    """How the synapses of a population differ."""

    synapses: int = Field(ge=1, le=1_000_000)
    sampling: Literal["quantiles", "random"] = "quantiles"
    vary: dict[str, str] = {}


class ModelFormat(Strict):
    """A list of components, changed values, and what to observe."""

    format: Version
    title: str
    source: Words = []
    note: str = ""
    components: list[str] = Field(min_length=1)
    values: dict[str, ParameterFormat | Text] = {}
    readout: str | ResponseFormat
    observe: list[str] = []
    conserve: list[str] = []
    clamp: list[str] = []
    drugs: dict[str, dict[str, Text]] = {}
    states: Annotated[dict[str, dict[str, Text]], Field(max_length=100)] = {}
    mix: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    population: PopulationFormat | None = None
    fitted_to: Words = []
    integrator: Adaptive | IntegratorFormat
