"""The JSON Schemas that editors read say what the loader takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plasticity_sim.fit.formats import FitFormat
from plasticity_sim.model.formats import ComponentFormat, ModelFormat
from plasticity_sim.protocol.formats import ProtocolFileFormat

FORMATS = {
    "component": ComponentFormat, "fit": FitFormat, "model": ModelFormat,
    "protocol": ProtocolFileFormat,
}  # fmt: skip
FOLDER = Path(__file__).parents[1] / "plasticity_sim" / "schemas"


@pytest.mark.parametrize("name", FORMATS)
def test_the_shipped_schema_is_that_of_the_loader(name):
    shipped = json.loads((FOLDER / f"{name}.json").read_text())
    assert shipped == FORMATS[name].model_json_schema(), "run `make schemas`"
