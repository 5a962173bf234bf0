"""Every model under every experiment; what has been simulated before is taken from its folder.

A folder of a bench holds cells/MODEL--EXPERIMENT.json, the simulated strengths of a pair. Each
carries a key of all that decides them, and is simulated again where the key is another or the file
cannot be read. Scores are made anew from the tables of outcomes, which costs nothing. A failed pair
is not kept: the next run tries it again.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path

from plasticity_sim.errors import InputError
from plasticity_sim.experiment import Experiment, load_experiment
from plasticity_sim.fingerprints import clocks_digest, code_digest
from plasticity_sim.jobs import Executor
from plasticity_sim.model import Model, load_model
from plasticity_sim.protocol import Protocol
from plasticity_sim.results import write_beside
from plasticity_sim.score import Cell, compared
from plasticity_sim.simulation import Options
from plasticity_sim.simulation.simulate import resolved_inputs
from plasticity_sim.trials import SEED, Simulated, chosen_engine, fixed_steps, strengths

Pair = tuple[str, str]  # names or paths of a model and an experiment


@dataclass(frozen=True)
class Bench:
    """All cells, models in the order given and within each its experiments."""

    models: tuple[Model, ...]
    experiments: tuple[Experiment, ...]
    cells: tuple[Cell, ...]
    computed: tuple[Cell, ...]  # those that were not there already


def run_bench(
    models: Sequence[str],
    experiments: Sequence[str],
    folder: Path,
    executor: Executor,
    progress: Callable[[int, int], None] | None = None,
    most_steps: float = math.inf,
    load: Callable[[str], Model] = load_model,
) -> Bench:
    """Simulate every model (name or path, as `load` gives it) under every experiment, and compare.

    Cells are kept in `folder` as they come; `progress` is called with their number and that of all
    cells to be simulated. Pairs that take more than `most_steps` of a fixed length are run at the
    adaptive engine's own steps. Raises InputError for a file that is wrong, before any simulation.
    """
    found = {name: load(name) for name in dict.fromkeys(models)}
    tables = {name: load_experiment(name) for name in dict.fromkeys(experiments)}
    _check_names("models", [model.name for model in found.values()])
    _check_names("experiments", [experiment.name for experiment in tables.values()])
    home = _made(folder / "cells")
    pairs = list(product(found, tables))
    keys, files, kept = {}, {}, {}
    clocks = {name: clocks_digest(experiment.protocol) for name, experiment in tables.items()}
    for pair in pairs:
        model, experiment = found[pair[0]], tables[pair[1]]
        keys[pair] = _key(model, experiment.protocol, clocks[pair[1]], most_steps)
        files[pair] = home / f"{model.name}--{experiment.name}.json"
        old = read_cell(files[pair], keys[pair], len(experiment.protocol.conditions))
        if old is not None:
            kept[pair] = old
    todo = [pair for pair in pairs if pair not in kept]
    todo.sort(key=lambda pair: -_work(found[pair[0]], tables[pair[1]].protocol, most_steps))
    work = partial(simulated_pair, models=found, most_steps=most_steps)
    with closing(executor.run(work, todo)) as results:  # type: ignore[type-var]
        for number, done in enumerate(results, start=1):
            here = done.value or Simulated(failure=done.died)
            kept[done.task] = here
            if not (here.failure or here.left_out):
                write_cell(files[done.task], keys[done.task], here)
            if progress:
                progress(number, len(todo))
    cells = {pair: compared(found[pair[0]], tables[pair[1]], kept[pair]) for pair in pairs}
    computed = [cells[pair] for pair in todo if not kept[pair].left_out]
    return Bench(
        tuple(found.values()), tuple(tables.values()), tuple(cells.values()), tuple(computed)
    )  # fmt: skip


def simulated_pair(pair: Pair, models: Mapping[str, Model], most_steps: float) -> Simulated:
    """Return the strengths of one pair; this is what a worker runs."""
    experiment = _experiment(pair[1])
    return strengths(models[pair[0]], experiment.protocol, most_steps=most_steps)


_experiment = cache(load_experiment)  # a worker meets each file many times


def read_cell(path: Path, key: str, conditions: int) -> Simulated | None:
    """Return what a cell's file holds; None if there is none, or not one of this key, or broken."""
    try:
        data = json.loads(path.read_bytes())
        if data["key"] != key:
            return None
        strengths_, reasons = data["strengths"], data["reasons"]
        whole = len(strengths_) == len(reasons) == conditions and all(
            isinstance(value, float) or (value is None and reason)
            for value, reason in zip(strengths_, reasons, strict=True)
        )
        if not whole:
            return None
        return Simulated(
            tuple(strengths_), tuple(map(str, reasons)), tuple(map(str, data["not_modelled"])),
            remark=str(data["remark"]), seconds=float(data["seconds"]),
        )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None  # absent, half a file or something else: simulated again


def write_cell(path: Path, key: str, simulated: Simulated) -> None:
    """Keep what was simulated, beside the target and renamed."""
    text = json.dumps({"key": key, **asdict(simulated)}, indent=1)
    write_beside(path, lambda file: file.write_text(text + "\n", "utf-8"))


def _key(model: Model, protocol: Protocol, clocks: str, most_steps: float) -> str:
    """Return a digest of all that decides the strengths of a model under a protocol."""
    options, _ = chosen_engine(model, protocol, None, most_steps)
    options = (options or Options()).resolved(model)
    inputs = resolved_inputs(model, protocol, model.population.synapses, SEED, options)
    parts = (inputs, clocks, code_digest("trials.py"))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _work(model: Model, protocol: Protocol, most_steps: float) -> float:
    """Return about how long a pair takes, so that the longest begin first; the unit is any."""
    if (steps := fixed_steps(model, protocol)) and steps <= most_steps:
        return steps
    clocks = [condition.timeline for condition in protocol.conditions]
    spikes = sum(float(clock.pre.size + clock.post.size) for clock in clocks)
    return spikes * len(model.states) * model.population.synapses


def _made(home: Path) -> Path:
    """Return a folder that is there; InputError if it cannot be."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"the folder '{home}' cannot be made: {problem.strerror}") from None
    return home


def _check_names(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two {what} are called '{name}'; rename one of the files")
