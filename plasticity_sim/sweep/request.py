"""What a sweep is asked for, as texts that any machine reads, and what they amount to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from plasticity_sim.axis import Axis
from plasticity_sim.errors import InputError, SimulationError, suggestion
from plasticity_sim.fingerprints import clocks_digest, code_digest
from plasticity_sim.library import is_path
from plasticity_sim.model import Model
from plasticity_sim.protocol import Protocol
from plasticity_sim.simulation import Options, load_asked, versions, with_values
from plasticity_sim.simulation.lanes import MOST_LANES, plan
from plasticity_sim.simulation.simulate import resolved_inputs
from plasticity_sim.sweep.design import Design, grid, sample
from plasticity_sim.sweep.keeping import kept_points

FORMAT = 1
_DECIDING = ("sweep/design.py", "sweep/request.py", "sweep/work.py")
LANES_AT_ONCE = 512  # of a chunk, so that reading and writing cost little
_MORE_AT_ONCE = 8  # times, for an engine that compiles each batch anew
_MANY = 200  # values of a setting: more are checked by their dimensions and ends
_RESERVED = ("point", "state", "synapse", "sample", "model")


@dataclass(frozen=True)
class Request:
    """The words of the command that decide the data."""

    protocol: str
    over: tuple[str, ...]
    models: tuple[str, ...]
    values: tuple[tuple[str, str], ...] = ()
    values_file: str | None = None
    drugs: tuple[str, ...] = ()
    synapses: int | None = None
    seed: int = 0
    rtol: float | None = None
    engine: str | None = None
    sampling: str = ""
    points: int = 0
    traces: tuple[str, ...] = ()

    def anywhere(self) -> Request:
        """Return the same request with paths that another working folder leads to as well."""
        here = [_absolute(name) for name in self.models]
        file = str(Path(self.values_file).absolute()) if self.values_file else None
        return replace(
            self, protocol=_absolute(self.protocol), models=tuple(here), values_file=file
        )


@dataclass(frozen=True)
class Subject:
    """A model under the protocol, as it is at every point but for what the sweep goes over."""

    model: Model
    protocol: Protocol
    synapses: int
    options: Options

    @property
    def lanes(self) -> int:
        """How many lanes a point has."""
        return len(self.protocol.conditions) * len(self.model.states) * self.synapses

    @cached_property
    def points_at_once(self) -> int:
        """How many points fill a batch."""
        compiles_once = self.options.engine == "lanes"
        lanes = LANES_AT_ONCE if compiles_once else LANES_AT_ONCE * _MORE_AT_ONCE
        return max(lanes // self.lanes, 1)

    def at(self, values: dict[str, str]) -> tuple[Model, Protocol]:
        """Return model and protocol at a point; InputError where they do not go together."""
        return with_values(self.model, self.protocol, values)


@dataclass(frozen=True)
class Chunk:
    """Points of one model that are simulated together and written into one file."""

    number: int
    subject: int
    first: int
    count: int

    @property
    def points(self) -> range:
        """The numbers of the points."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True)
class Sweep:
    """A request whose names, units and values have been checked."""

    request: Request
    design: Design
    subjects: tuple[Subject, ...]
    traced: frozenset[int]  # points whose time courses are kept

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """All work, in pieces that do not depend on who does it."""
        pieces = [
            (number, first, min(subject.points_at_once, self.design.count - first))
            for number, subject in enumerate(self.subjects)
            for first in range(0, self.design.count, subject.points_at_once)
        ]
        return tuple(Chunk(number, *piece) for number, piece in enumerate(pieces))

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the data, as plain data."""
        asked, first = self.request, self.subjects[0]
        return {
            "format": FORMAT,
            "protocol": first.protocol.name,
            "over": list(asked.over),
            "sample": [asked.sampling, asked.points] if asked.sampling else None,
            "traces": sorted(self.traced),
            "seed": asked.seed,
            "points": self.design.count,
            "points a chunk": [subject.points_at_once for subject in self.subjects],
            "values": self.design.digest,
            "models": [
                json.loads(_resolved(subject, asked.seed))
                | {"spikes": clocks_digest(subject.protocol)}
                for subject in self.subjects
            ],
            "versions": versions(),
            "code": code_digest(*_DECIDING),
        }

    @cached_property
    def digest(self) -> str:
        """A digest of `inputs`, by which files of a sweep are known."""
        return digest_of(self.inputs)


def digest_of(inputs: dict[str, Any]) -> str:
    """Return the digest of plain data."""
    text = json.dumps(inputs, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def resolve(request: Request) -> Sweep:
    """Return the sweep that is asked for; InputError for whatever is wrong in it."""
    if request.sampling:
        design = sample(request.over, request.sampling, request.points, request.seed)
    elif request.points:
        raise InputError("--points is the size of a sample; give --sample, or a count in --over")
    else:
        design = grid(request.over)
    given = dict(request.values)
    for axis in design.axes:
        if axis.name in given:
            raise InputError(f"'{axis.name}' is given by --set and by --over; leave one out")
        if axis.name in _RESERVED:
            raise InputError(f"'{axis.name}' is what results call a dimension; rename it")
    subjects = tuple(_subject(name, request, design) for name in request.models)
    names = [subject.model.name for subject in subjects]
    if len({*names}) < len(names):
        raise InputError("two models have the same name; rename one of the files")
    return Sweep(request, design, subjects, kept_points(request.traces, design))


def _subject(name: str, request: Request, design: Design) -> Subject:
    model, protocol = load_asked(
        name, request.protocol, dict(request.values), request.values_file, request.drugs
    )
    for axis in design.axes:
        _check(axis, model, protocol, ends=bool(design.sampling))
    synapses = model.population.synapses if request.synapses is None else request.synapses
    if synapses < 1:
        raise InputError(f"synapses: {synapses} given; at least 1 is needed")
    options = Options(engine=request.engine, rtol=request.rtol).resolved(model)
    subject = Subject(model, with_values(model, protocol, design.values(0))[1], synapses, options)
    if subject.lanes > MOST_LANES:
        raise InputError(f"{subject.lanes} lanes at a point; at most {MOST_LANES} are possible")
    _check_first(subject, design)
    return replace(subject, protocol=_without_axes(protocol, subject.protocol))


def _without_axes(protocol: Protocol, first: Protocol) -> Protocol:
    """Return the protocol as given, but for lists that the sweep replaces by a value at a time."""
    return protocol if len(protocol.axes) == len(first.axes) else first


def _check(axis: Axis, model: Model, protocol: Protocol, ends: bool) -> None:
    """Raise an InputError unless each value is one of a parameter or of a setting."""
    texts = axis.texts
    if axis.name not in model.parameters and (ends or len(texts) > _MANY):
        texts = (texts[0], texts[-1])
    for text in texts:
        with_values(model, protocol, {axis.name: text})


def _check_first(subject: Subject, design: Design) -> None:
    """Raise an InputError where the protocol does not suit the model, or what is swept does not."""
    try:
        made = plan(*subject.at(design.values(0)), 1, 0)
    except (SimulationError, ArithmeticError):
        return  # the point fails, which is told with its parameters
    for axis in design.axes:
        if axis.name.rpartition(".")[2] in made.not_modelled:
            raise InputError(
                f"model '{subject.model.name}' has no '{axis.name}', so it would change nothing; "
                f"{suggestion(axis.name, subject.model.parameters)}"
            )


def _resolved(subject: Subject, seed: int) -> str:
    return resolved_inputs(subject.model, subject.protocol, subject.synapses, seed, subject.options)


def _absolute(name: str) -> str:
    return str(Path(name).absolute()) if is_path(name) else name
