"""Values files: parameters that a user changes, each with its provenance if it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plasticity_sim.document import Document, read_document, validated_data
from plasticity_sim.errors import suggestion
from plasticity_sim.model.assembly import read_parameter
from plasticity_sim.model.formats import ParameterFormat
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Parameter

Entries = Mapping[str, ParameterFormat | str]


@dataclass(frozen=True)
class Values:
    """What a values file sets, by the name of the parameter."""

    document: Document
    entries: Entries

    @property
    def texts(self) -> dict[str, str]:
        """The quantities as they are written."""
        return {n: e if isinstance(e, str) else str(e.value) for n, e in self.entries.items()}

    def only(self, names: Collection[str]) -> Values:
        """Return the values of these parameters."""
        return replace(self, entries={n: e for n, e in self.entries.items() if n in names})

    def applied_to(self, model: Model) -> Model:
        """Return the model with these values; InputError for a name that it does not have."""
        changed = changed_parameters(self.entries, model.parameters, self.document)
        parameters = {**model.parameters, **changed}
        return replace(model, parameters=parameters, changed=model.changed | changed.keys())


def read_values(path: str) -> Values:
    """Read a values file; InputError names the line of any mistake in it."""
    document = read_document(Path(path))
    data: dict[str, Any] = document.data
    unknown = sorted(data.keys() - {"format", "title", "values"})
    if unknown or "values" not in data:
        found = f"unknown key '{unknown[0]}'" if unknown else "'values' is missing"
        raise document.error(f"{found}; a values file holds format, title and values", *unknown[:1])
    if data.get("format", "1") != "1":
        raise document.error(f"format: '{data['format']}' is not known; write 1", "format")
    if not isinstance(data["values"], dict):
        raise document.error("values: write NAME: {value: 0.6 nS, assumed: why}", "values")
    entries: dict[str, ParameterFormat | str] = {}
    for name, entry in data["values"].items():
        if isinstance(entry, str):
            entries[name] = entry
        elif isinstance(entry, dict):
            place = ("values", name)
            entries[name] = validated_data(document, entry, ParameterFormat, place)
        else:
            raise document.error(f"{name}: write a quantity, as in '0.6 nS'", "values", name)
        _parameter(name, entries[name], "", document)  # whichever model it is meant for
    return Values(document, entries)


def changed_parameters(
    values: Entries, known: Mapping[str, Parameter], document: Document
) -> dict[str, Parameter]:
    """Return the parameters that a model or a values file changes."""
    changed = {}
    for name, entry in values.items():
        if name not in known:
            hint = suggestion(name, known)
            raise document.error(f"values: no parameter '{name}'; {hint}", "values", name)
        new = _parameter(name, entry, known[name].component, document)
        if new.dimensions is not known[name].dimensions:
            message = f"{name} is {known[name].text}, so '{new.text}' has the wrong unit"
            raise document.error(message, "values", name)
        changed[name] = new
    return changed


def _parameter(
    name: str, entry: ParameterFormat | str, component: str, document: Document
) -> Parameter:
    if isinstance(entry, str):
        entry = ParameterFormat(value=entry, assumed=f"set in {document.path}")
    return read_parameter(name, entry, component, document, "values", name)
