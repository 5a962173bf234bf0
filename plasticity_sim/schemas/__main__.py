"""`python -m plasticity_sim.schemas` writes the schemas again after a format has changed."""

import json
from pathlib import Path

from pydantic import BaseModel

from plasticity_sim.experiment.formats import ExperimentFormat
from plasticity_sim.fit.formats import FitFormat
from plasticity_sim.model.formats import ComponentFormat, ModelFormat
from plasticity_sim.protocol.formats import ProtocolFileFormat

FORMATS: dict[str, type[BaseModel]] = {
    "component": ComponentFormat,
    "experiment": ExperimentFormat,
    "fit": FitFormat,
    "model": ModelFormat,
    "protocol": ProtocolFileFormat,
}

for name, schema in FORMATS.items():
    text = json.dumps(schema.model_json_schema(), indent=1) + "\n"
    Path(__file__).with_name(f"{name}.json").write_text(text, "utf-8")
