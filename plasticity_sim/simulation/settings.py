"""Baths, drugs and windows of one condition: what every parameter and clamp is at which time."""

from __future__ import annotations

from collections.abc import Mapping

from plasticity_sim.changes import Change
from plasticity_sim.engine.batch import Setting
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Condition
from plasticity_sim.protocol.timeline import Window
from plasticity_sim.quantities import parse_quantity

Effect = tuple[Window, str, Change, float]  # when, on which name, what, how much of it


def bath_parameters(model: Model, condition: Condition) -> tuple[dict[str, float], list[str]]:
    """Return the parameters (SI) that the bath sets, and the bath values the model lacks.

    `stimulation: field` sets the parameter `field_stimulation` to 1, `single` to 0.
    """
    wanted = dict(condition.bath)
    if condition.stimulation:
        wanted["field_stimulation"] = "1" if condition.stimulation == "field" else "0"
    values, missing = {}, []
    for name, text in wanted.items():
        if name in model.parameters:
            values[name] = float(parse_quantity(text, model.dimensions[name]))
        else:
            parse_quantity(text)
            missing.append("stimulation" if name == "field_stimulation" else name)
    return values, missing


def check_windows(model: Model, condition: Condition) -> None:
    """Raise an InputError for a window or drug that this model does not know."""
    for effect in _effects(model, condition):
        _, name, change, _ = effect
        change.check(model.dimensions[name])


def settings(model: Model, condition: Condition, base: Mapping[str, float]) -> tuple[Setting, ...]:
    """Return what changes when, in time order, for a lane whose undisturbed values are `base`."""
    effects = _effects(model, condition)
    times = sorted({t for window, *_ in effects for t in (window.start, window.stop)})
    names = {name for _, name, *_ in effects}
    return tuple(_at(model, time, effects, names, base) for time in times)


def _at(
    model: Model, time: float, effects: list[Effect], names: set[str], base: Mapping[str, float]
) -> Setting:
    parameters = {name: base[name] for name in names if name in model.parameters}
    clamps: dict[str, float | None] = {n: None for n in names if n not in model.parameters}
    active = [effect for effect in effects if effect[0].start <= time < effect[0].stop]
    # what replaces a value comes before what scales it
    for _, name, change, share in sorted(active, key=lambda effect: effect[2].is_factor):
        like = model.dimensions[name]
        if name in parameters:
            parameters[name] = change.applied(parameters[name], like, share)
        else:
            clamps[name] = change.applied(0.0, like)
    return Setting(time, parameters, clamps)


def _effects(model: Model, condition: Condition) -> list[Effect]:
    effects: list[Effect] = []
    for window in condition.timeline.windows:
        allowed = [*model.parameters, *model.clamp]
        if window.name not in allowed:
            hint = suggestion(window.name, allowed)
            raise InputError(
                f"set: '{window.name}' is no parameter or clampable state of '{model.name}'; {hint}"
            )
        assert window.change is not None
        if window.name in model.clamp and window.change.is_factor:
            raise InputError(f"set: the state '{window.name}' needs a value, not a factor")
        effects.append((window, window.name, window.change, 1.0))
    for window in condition.timeline.drugs:
        if window.name not in model.drugs:
            hint = suggestion(window.name, model.drugs)
            raise InputError(f"model '{model.name}' does not know the drug '{window.name}'; {hint}")
        drug = model.drugs[window.name]
        share = _share(drug.half, window)
        effects += [(window, name, change, share) for name, change in drug.effects.items()]
    return effects


def _share(half: str, window: Window) -> float:
    """Return how much of a drug's full effect its dose has, by simple binding."""
    if not window.dose:
        return 1.0
    if not half:
        raise InputError(f"the drug '{window.name}' has no dose of half effect; leave the dose out")
    middle = parse_quantity(half)
    dose = float(parse_quantity(window.dose, middle.dim))
    if dose < 0:
        raise InputError(f"the dose of '{window.name}' is negative")
    return dose / (dose + float(middle))
