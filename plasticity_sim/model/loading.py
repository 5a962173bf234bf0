"""`load_model`: a YAML file and its components to a checked Model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from brian2.units.fundamentalunits import DIMENSIONLESS

from plasticity_sim.changes import Change
from plasticity_sim.document import Document, read_document, validated
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.expressions import parse_expression
from plasticity_sim.library import find, is_path
from plasticity_sim.model.assembly import Assembly, read_start
from plasticity_sim.model.equations import expression_dimensions
from plasticity_sim.model.formats import (
    IntegratorFormat,
    ModelFormat,
    PopulationFormat,
    ResponseFormat,
)
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import (
    Drug,
    Integrator,
    Kind,
    Parameter,
    Population,
    Readout,
    Spread,
    Start,
    Variable,
)
from plasticity_sim.model.values import changed_parameters
from plasticity_sim.quantities import parse_quantity, seconds

READOUT = "readout"  # the variable's name where the readout is an expression


def load_model(name: str) -> Model:
    """Return a shipped model by name, or the user's own by the path of its YAML file.

    >>> load_model("graupner_brunel_2007").readout.variable
    'w'
    """
    document = read_document(find("models", name))
    return _build(document, validated(document, ModelFormat))


def _build(document: Document, given: ModelFormat) -> Model:
    assembly = Assembly()
    for number, component in enumerate(given.components):
        try:
            assembly.add(component, Path(document.path).parent)
        except InputError as problem:
            raise problem.at(document.path, document.line(("components", number))) from None
    readout = _readout(given, assembly, document)
    parameters = assembly.parameters | changed_parameters(
        given.values, assembly.parameters, document
    )
    assembly.parameters = parameters
    states = _states(given, assembly, document)
    used = {name for s in states.values() for v in s.values() if v.expression
            for name in v.expression.names}  # fmt: skip
    assembly.check(used)
    model = Model(
        name=Path(document.path).stem, title=given.title, source=tuple(given.source),
        note=given.note, components=tuple(given.components), variables=assembly.variables,
        parameters=parameters, blocks=tuple(assembly.blocks), readout=readout,
        integrator=_integrator(given, document), initial=assembly.initial, states=states,
        mix=_mix(given, states, document), threshold=assembly.threshold,
        observe=tuple(given.observe), conserve=tuple(given.conserve), clamp=tuple(given.clamp),
        drugs=_drugs(given, parameters, document),
        population=_population(given.population, parameters, document),
        fitted_to=_fitted_to(given, document),
    )  # fmt: skip
    _check_names(model, document)
    return model


def _readout(given: ModelFormat, assembly: Assembly, document: Document) -> Readout:
    place = ("readout",)
    response = given.readout if isinstance(given.readout, ResponseFormat) else None
    text = response.response if response else str(given.readout)
    try:
        within = seconds(response.within) if response else None
        if text not in assembly.variables:
            expression = parse_expression(text)
            dimensions = expression_dimensions(expression, assembly.dimensions, "the readout")
            assembly.claim(READOUT, document, *place)
            assembly.variables[READOUT] = Variable(
                READOUT, Kind.SUBEXPRESSION, expression,
                "1" if dimensions is DIMENSIONLESS else "", dimensions,
            )  # fmt: skip
            text = READOUT
    except InputError as problem:
        raise problem.at(document.path, document.line(place)) from None
    return Readout(text, within)


def _states(
    given: ModelFormat, assembly: Assembly, document: Document
) -> dict[str, dict[str, Start]]:
    states: dict[str, dict[str, Start]] = {}
    for state, starts in given.states.items():
        states[state] = {}
        for name, text in starts.items():
            start = read_start(text, document, "states", state, name)
            try:
                assembly.check_start(name, start)
            except InputError as problem:
                line = document.line(("states", state, name))
                raise problem.at(document.path, line) from None
            states[state][name] = start
    return states or {"rest": {}}


def _mix(given: ModelFormat, states: Mapping[str, object], document: Document) -> dict[str, float]:
    for name in given.mix:
        if name not in states:
            raise document.error(f"mix: no state '{name}'; {suggestion(name, states)}", "mix", name)
    weights = {name: given.mix.get(name, 0.0 if given.mix else 1.0) for name in states}
    total = sum(weights.values())
    if not 0 < total < math.inf:
        raise document.error("mix: the weights add up to nothing, or to no number", "mix")
    return {name: weight / total for name, weight in weights.items()}


def _drugs(
    given: ModelFormat, parameters: Mapping[str, Parameter], document: Document
) -> dict[str, Drug]:
    drugs = {}
    for drug, effects in given.drugs.items():
        changes = {}
        for name, text in effects.items():
            place = ("drugs", drug, name)
            try:
                if name == "half":
                    _check_half(text)
                    continue
                if name not in parameters:
                    raise InputError(f"no parameter '{name}'; {suggestion(name, parameters)}")
                changes[name] = Change(text)
                changes[name].check(parameters[name].dimensions)
            except InputError as problem:
                raise document.error(f"drug {drug}: {problem.message}", *place) from None
        drugs[drug] = Drug(drug, changes, effects.get("half", ""))
    return drugs


def _check_half(text: str) -> None:
    if not float(parse_quantity(text)) > 0:
        raise InputError(f"half: '{text}' must be positive")


def _population(
    given: PopulationFormat | None, parameters: Mapping[str, Parameter], document: Document
) -> Population:
    if given is None:
        return Population()
    vary = []
    for name, text in given.vary.items():
        with document.placed("population", "vary", name):
            if name not in parameters:
                hint = suggestion(name, parameters)
                raise InputError(f"population: no parameter '{name}'; {hint}")
            vary.append((name, _spread(name, text)))
    return Population(given.synapses, given.sampling, tuple(vary))


def _spread(name: str, text: str) -> Spread:
    words = text.split()
    if len(words) != 2 or words[0] not in ("lognormal", "normal"):
        raise InputError(f"{name}: write 'lognormal 0.35' or 'normal 0.1', found '{text}'")
    width = float(parse_quantity(words[1], DIMENSIONLESS))
    if width < 0:
        raise InputError(f"{name}: the width '{words[1]}' is negative")
    return Spread(words[0], width)


def _integrator(given: ModelFormat, document: Document) -> Integrator:
    own = given.integrator
    if not isinstance(own, IntegratorFormat):
        return Integrator(own)
    if own.dt is None:
        return Integrator(own.method, rtol=own.rtol)
    try:
        step = seconds(own.dt)
        if step <= 0:
            raise InputError(f"the step must be positive, found '{own.dt}'")
    except InputError as problem:
        raise document.error(f"dt: {problem.message}", "integrator", "dt") from None
    return Integrator(own.method, step)


def _fitted_to(given: ModelFormat, document: Document) -> tuple[str, ...]:
    """Return the experiments that the model was fitted to: shipped ones, or files beside it."""
    for number, name in enumerate(given.fitted_to):
        try:
            find("experiments", str(Path(document.path).parent / name) if is_path(name) else name)
        except InputError as problem:
            raise document.error(f"fitted_to: {problem.message}", "fitted_to", number) from None
    return tuple(given.fitted_to)


def _check_names(model: Model, document: Document) -> None:
    """Raise an InputError for a name in observe, conserve or clamp that the model lacks."""
    for key, allowed in (
        ("observe", model.variables),
        ("conserve", model.variables),
        ("clamp", [*model.differential, *model.held]),
    ):
        for number, name in enumerate(getattr(model, key)):
            if name not in allowed:
                hint = suggestion(name, allowed)
                raise document.error(f"{key}: no variable '{name}'; {hint}", key, number)


def load_component(name: str) -> tuple[int, int]:
    """Check one component by itself; return its numbers of variables and parameters.

    Names that other components define cannot be checked here, nor can dimensions over them.
    """
    assembly = Assembly()
    assembly.read(find("components", name))
    return len(assembly.variables), len(assembly.parameters)
