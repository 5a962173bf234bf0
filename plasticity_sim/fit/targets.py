"""The targets of a fit file: which condition of which protocol each reads, and what is wanted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from plasticity_sim.document import Document
from plasticity_sim.errors import InputError, SimulationError, suggestion
from plasticity_sim.experiment import Experiment, Outcome, load_experiment
from plasticity_sim.fit.formats import TargetFormat
from plasticity_sim.fit.parts import Target, Trial, Wanted
from plasticity_sim.library import is_path
from plasticity_sim.model import Model
from plasticity_sim.protocol import Protocol, load_protocol
from plasticity_sim.quantities import in_unit, parse_quantity
from plasticity_sim.score import NOTHING, measured_sign
from plasticity_sim.simulation import with_values
from plasticity_sim.simulation.grid import Grid
from plasticity_sim.simulation.lanes import plan
from plasticity_sim.simulation.resting import Rests
from plasticity_sim.trials import SEED, only_arms

TOLERANCE = 5.0  # % of baseline: about the sem of a published mean
UNIT = "%"


@dataclass
class Targets:
    """Reads the targets of a file one after the other; those that can share a trial do so."""

    model: Model
    document: Document
    free: tuple[str, ...]
    found: list[Target] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list)
    _rests: dict[str, Rests] = field(default_factory=dict)
    _protocols: dict[str, Protocol] = field(default_factory=dict)

    def read(self, given: TargetFormat, number: int) -> None:
        """Add the target, or every outcome of the experiment, that stands at `number`."""
        with self.document.placed("targets", number):
            if given.experiment is not None:
                self._add_experiment(given)
            else:
                self._add_protocol(given)

    def check(self) -> None:
        """Raise an InputError where a target is compared with one that cannot serve."""
        plain = {t.name for t in self.found if not (t.minus or t.over)}
        for target in self.found:
            for key, names in (
                ("minus", [target.minus] * bool(target.minus)),
                ("over", target.over),
            ):
                for name in names:
                    if name not in plain:
                        hint = suggestion(name, plain - {target.name})
                        raise InputError(
                            f"{key}: '{target.name}' needs a target called '{name}' that is not "
                            f"itself compared with another; {hint}", self.document.path,
                        )  # fmt: skip

    def _add_experiment(self, given: TargetFormat) -> None:
        name = self._file(str(given.experiment))
        experiment = load_experiment(name)
        outcomes = _chosen(experiment, given.conditions)
        trial = self._trial(experiment.protocol, {}, [o.condition for o in outcomes])
        for outcome in outcomes:
            words = experiment.condition_text(outcome.condition)
            self._add(Target(
                f"{given.name or experiment.name}: {words}", given.weight / len(outcomes), trial,
                self.trials[trial].conditions.index(outcome.condition), "strength", "", UNIT,
                _wanted_of(outcome, given),
            ))  # fmt: skip

    def _add_protocol(self, given: TargetFormat) -> None:
        protocol = self._protocol(self._file(str(given.protocol)))
        values = dict(given.set)
        fixed = {name: text for name, text in values.items() if name in self.model.parameters}
        for name in fixed:
            if name in self.free:
                raise InputError(f"set: '{name}' is free in this fit; a target cannot set it")
        model, protocol = with_values(self.model, protocol, values)
        protocol = _changed(protocol, given)
        if len(protocol.conditions) > 1:
            axis = max(protocol.axes, key=lambda axis: len(axis.texts))
            write = f"arm: {axis.texts[0]}" if axis.name == "arm" else (
                f"set: {{{axis.name}: {axis.texts[0]}}}"
            )  # fmt: skip
            raise InputError(
                f"protocol: '{protocol.name}' has {len(axis.texts)} values of '{axis.name}' and a "
                f"target reads one; write {write}"
            )
        trial = self._trial(protocol, fixed, [0])
        words = [protocol.name, given.arm or "", *(f"{k} {v}" for k, v in values.items())]
        words += [drug.name for drug in given.drugs]
        self._add(Target(
            given.name or " ".join(filter(None, words)), given.weight, trial, 0,
            *self._read(model, given), given.minus or "", tuple(given.over),
        ))  # fmt: skip

    def _add(self, target: Target) -> None:
        if any(other.name == target.name for other in self.found):
            raise InputError(f"two targets are called '{target.name}'; give one another name")
        self.found.append(target)

    def _read(self, model: Model, given: TargetFormat) -> tuple[str, str, str, Wanted]:
        """Return what is read, of which variable, in which unit, and what is wanted of it."""
        kind = "peak" if given.peak else "rise" if given.rise else "strength"
        variable = given.peak or given.rise or ""
        unit, like = UNIT, DIMENSIONLESS
        if variable:
            if variable not in model.observe:
                hint = suggestion(variable, model.observe)
                raise InputError(f"{kind}: '{variable}' is not observed in '{model.name}'; {hint}")
            unit, like = model.unit(variable), model.dimensions[variable]
        if given.over:
            unit, like = "1", DIMENSIONLESS
        return kind, variable, unit, _wanted(given, unit, like, None if variable else TOLERANCE)

    def _trial(self, protocol: Protocol, values: dict[str, str], wanted: list[int]) -> int:
        """Return the place of the trial with these conditions, a new one unless there is one."""
        key = json.dumps([protocol.document.path, protocol.data, values], sort_keys=True)
        if key not in self._keys:
            self._keys.append(key)
            self.trials.append(Trial(protocol, values, ()))
        place = self._keys.index(key)
        there = self.trials[place].conditions
        new = tuple(c for c in wanted if c not in there)
        if new:
            self._check_runs(protocol, values, new)
        self.trials[place] = replace(self.trials[place], conditions=there + new)
        return place

    def _check_runs(
        self, protocol: Protocol, values: dict[str, str], conditions: tuple[int, ...]
    ) -> None:
        """Raise an InputError for what the model cannot run, such as a drug that it lacks."""
        model = self.model.with_parameters(values)
        rests = self._rests.setdefault(json.dumps(values), Rests(model, 1))
        some = tuple(protocol.conditions[c] for c in conditions)
        try:
            plan(model, Grid(protocol.name, protocol.axes, some), 1, SEED, rests)
        except SimulationError as problem:  # with these values it has no rest
            raise InputError(str(problem)) from None

    def _protocol(self, name: str) -> Protocol:
        """Return a protocol, read once for all targets of it."""
        if name not in self._protocols:
            self._protocols[name] = load_protocol(name)
        return self._protocols[name]

    def _file(self, name: str) -> str:
        """Return the path of a file beside the fit, or the name of something shipped."""
        return str(Path(self.document.path).parent / name) if is_path(name) else name


def _chosen(experiment: Experiment, wanted: list[str]) -> list[Outcome]:
    """Return the outcomes of the conditions in these words, by default all."""
    words = {experiment.condition_text(o.condition): o for o in experiment.outcomes}
    for text in wanted:
        if text not in words:
            raise InputError(
                f"conditions: '{experiment.name}' has no outcome of '{text}'; "
                f"{suggestion(text, words)}"
            )
    return [outcome for text, outcome in words.items() if not wanted or text in wanted]


def _wanted_of(outcome: Outcome, given: TargetFormat) -> Wanted:
    """Return what an outcome wants: its mean within its error, or its sign."""
    floor = TOLERANCE if given.sem_floor is None else given.sem_floor
    if given.compare == "z" and outcome.mean is not None:
        return Wanted(outcome.mean, outcome.mean, max(outcome.sem or floor, floor))
    match measured_sign(outcome):
        case "LTP":
            return Wanted(100 + NOTHING, math.inf, NOTHING)
        case "LTD":
            return Wanted(-math.inf, 100 - NOTHING, NOTHING)
    return Wanted(100 - NOTHING, 100 + NOTHING, NOTHING)


def _changed(protocol: Protocol, given: TargetFormat) -> Protocol:
    """Return the protocol with the arm, stimulation, measure and drugs that a target asks for."""
    if given.arm is not None:
        arms = [text for axis in protocol.axes if axis.name == "arm" for text in axis.texts]
        if given.arm not in arms:
            raise InputError(
                f"arm: '{protocol.name}' has no arm '{given.arm}'; {suggestion(given.arm, arms)}"
            )
        protocol = only_arms(protocol, [given.arm])
    own: dict[str, Any] = {}
    if given.stimulation is not None:
        own["stimulation"] = given.stimulation
    if given.measure is not None:
        own["measure"] = given.measure.model_dump(exclude_none=True)
    if own:
        data = protocol.data | own
        if "arms" in data:  # what an arm says of its own would come after
            data["arms"] = [arm | own for arm in data["arms"]]
        protocol = replace(protocol, data=data)
    drugs = [drug.model_dump(by_alias=True, exclude_none=True) for drug in given.drugs]
    return protocol.with_drugs(drugs) if drugs else protocol


def _wanted(given: TargetFormat, unit: str, like: Dimension, usual: float | None) -> Wanted:
    """Return the interval of a target; `usual` is the tolerance where none is written."""

    def number(key: str, text: str) -> float:
        try:
            return in_unit(float(parse_quantity(text, like)), "1" if unit == UNIT else unit)
        except InputError as problem:
            raise InputError(f"{key}: {problem.message}") from None

    low, high = -math.inf, math.inf
    if given.between is not None:
        low, high = (number("between", text) for text in given.between)
        if not low < high:
            raise InputError(f"between: {given.between[0]} is not below {given.between[1]}")
    elif given.value is not None:
        low = high = number("value", given.value)
    elif given.at_least is not None:
        low = number("at_least", given.at_least)
    elif given.at_most is not None:
        high = number("at_most", given.at_most)
    if given.tolerance is not None:
        tolerance = number("tolerance", given.tolerance)
        if tolerance <= 0:
            raise InputError(f"tolerance: {given.tolerance} given; it has to be positive")
    elif usual is not None and not given.over:
        tolerance = usual
    elif math.isfinite(high - low) and high > low:
        tolerance = (high - low) / 2
    else:
        raise InputError("tolerance: write by how much the figure is off where that counts as one")
    return Wanted(low, high, tolerance)
