"""The YAML format of experiments, as a pydantic schema."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from plasticity_sim.formats import Strict, Version, Words


class ExperimentFormat(Strict):
    """What was measured under a protocol: the CSV files of it, the preparation, the source."""

    format: Version
    title: str
    source: Annotated[Words, Field(min_length=1)]
    preparation: str
    note: str = ""
    protocol: str
    outcomes: str | None = None
    signs: str | None = None

    @model_validator(mode="after")
    def _something_measured(self) -> ExperimentFormat:
        if self.outcomes is None and self.signs is None:
            raise ValueError("write outcomes or signs: the CSV file of what was measured")
        return self
