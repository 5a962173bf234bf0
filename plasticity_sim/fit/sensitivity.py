"""Which parameters decide what: Morris's elementary effects and Sobol's shares of the variance.

Morris MD (1991) Technometrics 33:161-174. Campolongo F, Cariboni J, Saltelli A (2007) Environ.
Model. Softw. 22:1509-1518. Saltelli A et al. (2010) Comput. Phys. Commun. 181:259-270.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.errors import InputError, SimulationError, suggestion
from plasticity_sim.fit.battery import Announce, Evaluation
from plasticity_sim.fit.ledger import Ledger, require
from plasticity_sim.fit.loading import parse_low_high
from plasticity_sim.fit.parts import Fit, Free
from plasticity_sim.fit.search import completed
from plasticity_sim.quantities import in_unit

LOSS = "loss"  # what the whole fit gives, beside its targets
COLUMNS = {
    "morris": ("mu", "mu_star", "sigma", "mu_star_conf"),
    "sobol": ("S1", "S1_conf", "ST", "ST_conf"),
}
COUNTS = {"morris": 10, "sobol": 64}  # trajectories; points of the base sample
_LEVELS = 4  # of Morris's grid
_TOGETHER = 16  # points that are evaluated before what they gave is kept

Analysis = Callable[[Array, Array], dict[str, Any]]


@dataclass(frozen=True)
class Effect:
    """What one parameter does to one figure, in the columns of its method."""

    target: str
    parameter: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Study:
    """The effects of all parameters on all figures; `lost` of the `groups` of points were left out.

    A group is a trajectory, or a point with those that differ from it in one parameter: it counts
    only if the model rests and runs at all of its points.
    """

    method: str
    effects: tuple[Effect, ...]
    groups: int
    lost: int
    evaluations: int


def with_ranges(fit: Fit, over: Sequence[str], within: float | None) -> Fit:
    """Return the fit whose free parameters are those that `over` names, over these ranges.

    Each is a name, or "name=low:high unit". A name alone keeps the range of the fit; `within` puts
    in its place the model's value up to this share of it lower and higher.
    """
    known = {free.name: free for free in fit.free}
    chosen = [_asked(text, fit, known) for text in over] if over else list(fit.free)
    for free in chosen:
        if [other.name for other in chosen].count(free.name) > 1:
            raise InputError(f"--over: '{free.name}' is given twice")
    if within is not None:
        written = {text.partition("=")[0].strip() for text in over if "=" in text}
        chosen = [f if f.name in written else _around(f, fit, within) for f in chosen]
    return replace(fit, free=tuple(chosen))


def points(method: str, fit: Fit, count: int, seed: int) -> Array:
    """Return the positions to evaluate, points x parameters, each from 0 to 1 in its range."""
    require("SALib")
    if method == "morris":
        from SALib.sample import morris

        found = morris.sample(_problem(fit), count, num_levels=_LEVELS, seed=seed)
    else:
        if count & (count - 1):
            raise InputError(f"--count {count}: Sobol's points come in powers of two; write 64")
        from SALib.sample import sobol

        found = sobol.sample(_problem(fit), count, calc_second_order=False, seed=seed)
    return np.asarray(found, dtype=float)


def sensitivity(
    fit: Fit,
    ledger: Ledger,
    method: str,
    count: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
    announce: Announce | None = None,
) -> Study:
    """Evaluate all points of a method and return what they show.

    What the ledger holds is not evaluated again. Raises SimulationError if too few groups of
    points are left where the model rests and runs.
    """
    positions = points(method, fit, count, seed)
    known: dict[int, Evaluation] = {}
    with ledger.working():
        for begin in range(0, len(positions), _TOGETHER):
            some = range(begin, min(begin + _TOGETHER, len(positions)))

            def note(share: float, begin: int = begin, length: int = len(some)) -> None:
                if progress:
                    progress((begin + share * length) / len(positions))

            wanted = {place: fit.numbers(positions[place]) for place in some}
            known = completed(fit, ledger, wanted, note, announce)
    return _studied(fit, method, positions, [known[n] for n in range(len(positions))], seed)


def _studied(
    fit: Fit, method: str, positions: Array, found: Sequence[Evaluation], seed: int
) -> Study:
    each = len(fit.free) + (1 if method == "morris" else 2)  # points of a group
    feasible = np.array([evaluation.is_feasible for evaluation in found])
    whole = np.asarray(feasible.reshape(-1, each).all(axis=1))
    if whole.sum() < 2:
        raise SimulationError(
            f"at {len(found) - int(feasible.sum())} of {len(found)} points the model does not rest "
            "or run, so that nothing can be said; give narrower ranges, as with --within 10%"
        )
    kept = np.flatnonzero(np.repeat(whole, each))
    names = [*(target.name for target in fit.targets), LOSS]
    figures = np.array([(*found[n].figures, found[n].loss) for n in kept])
    effects = []
    for name, values in zip(names, figures.T, strict=True):
        analysed = _analysed(fit, method, positions[kept], values, seed)
        for place, free in enumerate(fit.free):
            own = tuple(float(analysed[column][place]) for column in COLUMNS[method])
            effects.append(Effect(name, free.name, own))
    lost = int(len(whole) - whole.sum())
    return Study(method, tuple(effects), len(whole), lost, len(found))


def _analysed(fit: Fit, method: str, positions: Array, values: Array, seed: int) -> dict[str, Any]:
    if np.ptp(values) == 0:  # nothing does anything to it
        return {column: np.zeros(len(fit.free)) for column in COLUMNS[method]}
    if method == "morris":
        from SALib.analyze import morris

        found = morris.analyze(_problem(fit), positions, values, num_levels=_LEVELS, seed=seed)
    else:
        from SALib.analyze import sobol

        found = sobol.analyze(_problem(fit), values, calc_second_order=False, seed=seed)
    return dict(found)


def _problem(fit: Fit) -> dict[str, Any]:
    """Return what SALib calls a problem."""
    names = [free.name for free in fit.free]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _asked(text: str, fit: Fit, known: dict[str, Free]) -> Free:
    name, equals, written = (part.strip() for part in text.partition("="))
    model = fit.model
    if not equals:
        if name not in known:
            raise InputError(
                f"--over: '{name}' is not free in '{fit.name}'; {suggestion(name, known)}, or "
                f"write {name}=low:high"
            )
        return known[name]
    if name not in model.parameters:
        hint = suggestion(name, model.parameters)
        raise InputError(f"--over: model '{model.name}' has no parameter '{name}'; {hint}")
    if any(name in trial.values for trial in fit.trials):
        raise InputError(f"--over: a target of '{fit.name}' sets '{name}'")
    try:
        low, high, unit = parse_low_high(written, model.dimensions[name])
    except InputError as problem:
        raise InputError(f"--over {name}: {problem.message}") from None
    return Free(name, low, high, unit, False, low)


def _around(free: Free, fit: Fit, within: float) -> Free:
    value = in_unit(fit.model.parameters[free.name].value, free.unit)
    if value == 0:
        raise InputError(f"--within: '{free.name}' is zero; give it a range by --over")
    ends = sorted((value * (1 - within), value * (1 + within)))
    return Free(free.name, ends[0], ends[1], free.unit, False, value)
