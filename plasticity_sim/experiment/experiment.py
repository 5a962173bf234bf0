"""`load_experiment`: a YAML file, its protocol and its tables to a checked Experiment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plasticity_sim.document import Document, read_document, validated
from plasticity_sim.errors import InputError
from plasticity_sim.experiment.formats import ExperimentFormat
from plasticity_sim.experiment.outcomes import (
    Outcome,
    check_once,
    condition_text,
    read_outcomes,
    read_signs,
)
from plasticity_sim.library import beside, find, is_path
from plasticity_sim.protocol import Protocol, load_protocol


@dataclass(frozen=True)
class Experiment:
    """Published outcomes of a protocol; each is of one of its conditions."""

    name: str
    title: str
    source: tuple[str, ...]
    preparation: str
    note: str
    protocol: Protocol
    outcomes: tuple[Outcome, ...]

    def condition_text(self, place: int) -> str:
        """Return one condition of the protocol in words."""
        return condition_text(self.protocol, place)


def load_experiment(name: str) -> Experiment:
    """Return a shipped experiment by name, or the user's own by the path of its YAML file.

    The tables, and a protocol that is no shipped one, lie beside the file. Raises InputError with
    file and line for any mistake in them.
    """
    path = find("experiments", name)
    document = read_document(path)
    given = validated(document, ExperimentFormat)
    protocol = _protocol(given.protocol, document)
    outcomes: list[Outcome] = []
    if given.outcomes is not None:
        outcomes += read_outcomes(_beside(document, "outcomes", given.outcomes), protocol)
    if given.signs is not None:
        outcomes += read_signs(_beside(document, "signs", given.signs), protocol)
    check_once(outcomes, protocol)
    return Experiment(
        path.stem, given.title, tuple(given.source), given.preparation, given.note, protocol,
        tuple(outcomes),
    )  # fmt: skip


def _protocol(name: str, document: Document) -> Protocol:
    """Return the protocol of an experiment: a shipped one, or a file beside it."""
    if is_path(name):
        name = str(_beside(document, "protocol", name))
    try:
        return load_protocol(name)
    except InputError as problem:
        if problem.path:  # a mistake of the protocol's own file
            raise
        raise problem.at(document.path, document.line(("protocol",))) from None


def _beside(document: Document, key: str, name: str) -> Path:
    """Return a file that an experiment names; InputError if it is not there."""
    with document.placed(key):
        return beside(Path(document.path).parent, name)
