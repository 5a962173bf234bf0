"""`load_fit`: a YAML file to a checked Fit."""

from __future__ import annotations

import math
import re

from brian2.units.fundamentalunits import Dimension

from plasticity_sim.document import Document, read_document, validated
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.fit.formats import FitFormat, FreeFormat
from plasticity_sim.fit.parts import DIGITS, Fit, Free, Optimiser
from plasticity_sim.fit.targets import Targets
from plasticity_sim.library import find, is_path
from plasticity_sim.model import Model, load_model
from plasticity_sim.quantities import in_unit, parse_quantity

_RANGE = re.compile(r"\s*([^:\s]+)\s*:\s*([^:\s]+)\s*(.*?)\s*", re.DOTALL)
_LONGEST = 200


def load_fit(name: str) -> Fit:
    """Return a shipped fit by name, or the user's own by the path of its YAML file.

    Models, protocols and experiments that are no shipped ones lie beside the file. Raises
    InputError with file and line for any mistake, and for what the model cannot run.
    """
    path = find("fits", name)
    document = read_document(path)
    given = validated(document, FitFormat)
    own = str(path.parent / given.model) if is_path(given.model) else given.model
    with document.placed("model"):
        model = load_model(own)
    free = tuple(_free(entry, each, model, document) for entry, each in given.free.items())
    targets = Targets(model, document, tuple(given.free))
    for number, target in enumerate(given.targets):
        targets.read(target, number)
    targets.check()
    synapses = model.population.synapses if given.synapses is None else given.synapses
    return Fit(
        path.stem, given.title, str(path) if is_path(name) else f"fits/{path.name}", model,
        synapses, given.rtol, free, tuple(targets.trials), tuple(targets.found),
        Optimiser(**given.optimiser.model_dump()),
    )  # fmt: skip


def _free(name: str, given: FreeFormat, model: Model, document: Document) -> Free:
    with document.placed("free", name):
        if name not in model.parameters:
            hint = suggestion(name, model.parameters)
            raise InputError(f"model '{model.name}' has no parameter '{name}'; {hint}")
        like = model.dimensions[name]
        low, high, unit = parse_low_high(given.range, like)
        if given.scale == "log" and low <= 0:
            raise InputError(f"range: '{given.range}' is not positive; write scale: linear")
        if given.scale == "log" and not math.isfinite(high / low):
            raise InputError(f"range: '{given.range}' spans more than a number can hold")
        text = given.start if given.start is not None else model.parameters[name].text
        start = float(f"{in_unit(float(parse_quantity(text, like)), unit):.{DIGITS}g}")
        if not low <= start <= high:
            whose = "start" if given.start is not None else f"model '{model.name}' has"
            raise InputError(
                f"range: '{given.range}' does not hold {text} ({whose}); widen it or give a start"
            )
        return Free(name, low, high, unit, given.scale == "log", start)


def parse_low_high(text: str, like: Dimension) -> tuple[float, float, str]:
    """Return the ends of "0.2:1.2 nS" in their unit, and the unit; InputError if it is no range."""
    match = _RANGE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise InputError(f"range: '{text[:40]}' is no range; write low:high, as in '0.2:1.2 nS'")
    unit = match[3]
    for end in (match[1], match[2]):
        try:
            parse_quantity(f"{end} {unit}", like)
        except InputError as problem:
            raise InputError(f"range: {problem.message}") from None
    low, high = float(match[1]), float(match[2])
    if not low < high:
        raise InputError(f"range: '{text}' is empty; write the lower end first")
    return low, high, unit
