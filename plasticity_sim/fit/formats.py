"""The YAML format of fits, as pydantic schemas."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from plasticity_sim.fit.parts import MOST_EVALUATIONS
from plasticity_sim.formats import Strict, Text, Version, Words
from plasticity_sim.protocol.formats import Drugs, MeasureFormat

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class FreeFormat(Strict):
    """A parameter that the fit may change: its range, and where the search begins."""

    range: str
    scale: Literal["linear", "log"] = "linear"
    start: Text | None = None


class TargetFormat(Strict):
    """What one figure is to be: of an experiment's outcomes, or of a condition of a protocol."""

    name: str = ""
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)  # 0: only read by others

    experiment: str | None = None
    conditions: Words = []
    compare: Literal["z", "sign"] = "z"
    sem_floor: Positive | None = None

    protocol: str | None = None
    arm: str | None = None
    set: dict[str, Text] = {}
    drugs: Drugs = []
    stimulation: Literal["field", "single"] | None = None
    measure: MeasureFormat | None = None
    peak: str | None = None
    rise: str | None = None
    minus: str | None = None
    over: Words = []
    between: Annotated[list[Text], Field(min_length=2, max_length=2)] | None = None
    at_least: Text | None = None
    at_most: Text | None = None
    value: Text | None = None
    tolerance: Text | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> TargetFormat:
        if (self.experiment is None) == (self.protocol is None):
            raise ValueError("a target needs either experiment or protocol")
        others = _OF_PROTOCOLS if self.experiment else _OF_EXPERIMENTS
        for key in sorted(others & self.model_fields_set):
            kind = "protocol" if self.experiment else "experiment"
            raise ValueError(f"{key}: only a target with {kind} has it; delete it")
        wanted = [self.between, self.at_least, self.at_most, self.value]
        if self.protocol and sum(given is not None for given in wanted) != 1:
            raise ValueError("write one of between, at_least, at_most or value")
        if self.peak and self.rise:
            raise ValueError("write either peak or rise")
        if self.minus and self.over:
            raise ValueError("write either minus or over")
        return self


_COMMON = {"name", "weight"}
_OF_EXPERIMENTS = {"experiment", "conditions", "compare", "sem_floor"}
_OF_PROTOCOLS = set(TargetFormat.model_fields) - _OF_EXPERIMENTS - _COMMON


class OptimiserFormat(Strict):
    """How CMA-ES searches; `sigma` is in widths of the ranges."""

    population: int = Field(default=16, ge=4, le=10_000)
    sigma: float = Field(default=0.2, gt=0, le=1)
    seed: int = Field(default=1, ge=0, le=2**31)
    evaluations: int = Field(default=1600, ge=1, le=MOST_EVALUATIONS)


class FitFormat(Strict):
    """A model, its free parameters, and what it is to reproduce."""

    format: Version
    title: str
    source: Words = []
    note: str = ""
    model: str
    synapses: int | None = Field(default=None, ge=1, le=1_000_000)
    rtol: float | None = Field(default=None, ge=1e-12, le=1e-2)
    free: dict[str, FreeFormat] = Field(min_length=1)
    targets: list[TargetFormat] = Field(min_length=1)
    optimiser: OptimiserFormat = OptimiserFormat()
