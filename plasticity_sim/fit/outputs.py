"""What a fit leaves in its folder: values to use, and how each target came out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from plasticity_sim.fingerprints import clocks_digest, code_digest
from plasticity_sim.fit.battery import Evaluation
from plasticity_sim.fit.parts import Fit
from plasticity_sim.results import write_beside, write_csv
from plasticity_sim.simulation import Options
from plasticity_sim.simulation.simulate import resolved_inputs
from plasticity_sim.trials import SEED

_HOW = """\
# Written by `plasticity-sim {command}`. Use it by
#   plasticity-sim run PROTOCOL --model {model} --values {file}
# or paste the entries into the `values:` of a model.
"""
_DECIDING = tuple(f"fit/{name}.py" for name in ("battery", "parts", "search", "targets"))


@dataclass(frozen=True)
class Row:
    """How one target came out."""

    target: str
    wanted: str
    got: float
    unit: str
    violation: float  # in tolerances
    weight: float
    loss: float
    share: float  # of the whole loss, 0 to 1


COLUMNS = ("target", "wanted", "got", "unit", "violation", "weight", "loss", "share (%)")


def rows(fit: Fit, found: Evaluation) -> list[Row]:
    """Return how every target came out, in the order of the file."""
    whole = fit.loss(found.figures)
    return [
        Row(target.name, target.wanted.text, got, target.unit, target.wanted.violation(got),
            target.weight, target.loss(got), target.loss(got) / whole if whole else 0.0)
        for target, got in zip(fit.targets, found.figures, strict=True)
    ]  # fmt: skip


def cells(row: Row) -> list[str]:
    """Return a row as text, for a table on paper or on the screen."""
    numbers = (row.violation, row.weight, row.loss)
    own = [f"{number:.4g}" for number in numbers]
    return [row.target, row.wanted, f"{row.got:.5g}", row.unit, *own, f"{100 * row.share:.1f}"]


def write_report(fit: Fit, found: Evaluation, path: Path) -> None:
    """Write one row a target, as CSV."""
    write_csv(path, COLUMNS, map(cells, rows(fit, found)))


def write_values(fit: Fit, found: Evaluation, evaluations: int, path: Path) -> None:
    """Write the values as a file that `run --values` takes, with the fit as their provenance."""
    texts = fit.texts(found.numbers)
    title = f"{fit.title}; loss {found.loss:.6g} after {evaluations} evaluations"
    how = _HOW.format(command=f"fit {fit.origin}", model=fit.model.name, file=path.name)
    lines = [how + "format: 1", f"title: {_quoted(title)}", "values:"]
    lines += [
        f"  {name}: {{value: {_quoted(text)}, fitted: {_quoted(fit.origin)}}}"
        for name, text in texts.items()
    ]
    text = "\n".join(lines) + "\n"
    write_beside(path, lambda file: file.write_text(text, "utf-8"))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # what JSON writes, YAML reads


def identity(fit: Fit) -> str:
    """Return a digest of all that decides what a set of values gives, and which are asked for.

    How long the search goes on is not in it, so that one can be continued.
    """
    options = Options(rtol=fit.rtol).resolved(fit.model)
    parts = [
        [resolved_inputs(fit.model, trial.protocol, fit.synapses, SEED, options),
         dict(trial.values), trial.conditions]
        for trial in fit.trials
    ]  # fmt: skip
    settings = asdict(replace(fit.optimiser, evaluations=1))
    texts = [parts, *([repr(each) for each in many] for many in (fit.free, fit.targets)), settings]
    # spikes that come from a file are not in the protocol
    clocks = [clocks_digest(trial.protocol) for trial in fit.trials]
    whole = json.dumps([texts, clocks, code_digest(*_DECIDING)], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()
