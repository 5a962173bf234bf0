"""All trials of a fit, for many sets of values at once: every lane of them in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import xarray as xr

from plasticity_sim.axis import Axis
from plasticity_sim.engine.batch import Array, Outcome, Progress
from plasticity_sim.engine.lanes.exponents import with_whole_powers
from plasticity_sim.engine.rests import settle_all
from plasticity_sim.errors import SimulationError
from plasticity_sim.fit.parts import INFEASIBLE, Fit, Target, Trial
from plasticity_sim.measures import at_measure
from plasticity_sim.simulation import STRENGTH, Options
from plasticity_sim.simulation.checking import first_below
from plasticity_sim.simulation.dataset import to_dataset
from plasticity_sim.simulation.grid import POINT, Grid, measured_only
from plasticity_sim.simulation.lanes import Draft, Plan, drafted, finished
from plasticity_sim.simulation.resting import Rests
from plasticity_sim.simulation.running import run_batch
from plasticity_sim.simulation.survivors import part_of
from plasticity_sim.simulation.trust import Trust, trust_of
from plasticity_sim.trials import SEED

Announce = Callable[[str], None]

_CONDITION = "arm"  # an axis of names
_MEASURED = "measured"
_LANE = " in lane "  # how the engines say which lane has failed
# lanes: of more the engine makes wide blocks, whose lanes all wait for the slowest of them
_TOGETHER = 312


@dataclass(frozen=True)
class Evaluation:
    """What a set of values gives: the figure of every target, or why there are none."""

    numbers: tuple[float, ...]
    loss: float
    figures: tuple[float, ...] = ()
    reason: str = ""

    @property
    def is_feasible(self) -> bool:
        return not self.reason


def evaluate(
    fit: Fit,
    candidates: Sequence[Sequence[float]],
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> list[Evaluation]:
    """Return what each set of values of the free parameters gives, in the order given.

    None depends on the others, to the last bit. Values at which a synapse does not come to rest,
    or whose run fails or cannot be believed, have the loss INFEASIBLE and a reason.
    """
    grids = [_grid(trial) for trial in fit.trials]
    found: dict[int, Evaluation] = {}
    planned: list[_Candidate] = []
    drafts = [_drafts(fit, grids, numbers) for numbers in candidates]
    rests = _rests(fit, drafts)
    for place, (given, own) in enumerate(zip(candidates, drafts, strict=True)):
        numbers = tuple(given)
        try:
            planned.append(_Candidate(place, numbers, _planned(own, rests)))
        except SimulationError as problem:
            found[place] = _infeasible(numbers, str(problem))
    parts = _parts(planned)
    run: list[_Ran] = []
    for number, part in enumerate(parts):

        def note(share: float, number: int = number) -> None:
            if progress:
                progress((number + share) / len(parts))

        run += _outcomes(fit, part, note, announce)
    found |= {r.candidates[0].place: _infeasible(r.candidates[0].numbers, r.reason)
              for r in run if r.outcome is None}  # fmt: skip
    found |= _evaluations(fit, grids, [r for r in run if r.outcome is not None])
    return [found[place] for place in range(len(candidates))]


@dataclass(frozen=True)
class _Candidate:
    """Values that the model rests at, and the lanes of all trials with them."""

    place: int
    numbers: tuple[float, ...]
    plan: Plan


@dataclass(frozen=True)
class _Ran:
    """Candidates that ran together, or one that failed."""

    candidates: tuple[_Candidate, ...]
    outcome: Outcome | None
    reason: str = ""


def _grid(trial: Trial) -> Grid:
    """Return those conditions of a protocol that targets read."""
    whole = measured_only(trial.protocol)
    return replace(whole, conditions=tuple(whole.conditions[c] for c in trial.conditions))


def _drafts(fit: Fit, grids: Sequence[Grid], numbers: Sequence[float]) -> list[Draft]:
    """Return the drafts of all trials with these values."""
    own = fit.model.with_parameters(fit.texts(numbers), origin="a fit")
    return [
        drafted(own.with_parameters(trial.values), grid, fit.synapses, SEED)
        for trial, grid in zip(fit.trials, grids, strict=True)
    ]


def _rests(fit: Fit, drafts: Sequence[Sequence[Draft]]) -> Rests:
    """Return the rests of all candidates, found together."""
    rests = Rests(fit.model, fit.synapses, settle_all)
    rests.find(wanted for own in drafts for draft in own for wanted in draft.wanted)
    return rests


def _planned(drafts: Sequence[Draft], rests: Rests) -> Plan:
    """Return the lanes of all trials, one trial after the other."""
    plans = [finished(draft, rests) for draft in drafts]
    lanes = tuple(lane for each in plans for lane in each.batch.lanes)
    return replace(plans[0], batch=replace(plans[0].batch, lanes=lanes))


def _parts(candidates: Sequence[_Candidate]) -> list[tuple[_Candidate, ...]]:
    """Return candidates that run together: those of one program, as many as _TOGETHER allows.

    Whole exponents are written into a program, so candidates that differ in them have others.
    """
    groups: dict[str, list[_Candidate]] = {}
    for each in candidates:
        groups.setdefault(with_whole_powers(each.plan.batch).equations, []).append(each)
    parts = []
    for group in groups.values():
        count = max(_TOGETHER // len(group[0].plan.batch.lanes), 1)
        parts += [tuple(group[n : n + count]) for n in range(0, len(group), count)]
    return parts


def _outcomes(
    fit: Fit, part: tuple[_Candidate, ...], progress: Progress, announce: Announce | None
) -> list[_Ran]:
    """Return what was found of candidates; where a lane fails, of each by itself.

    Raises SimulationError for what is no lane's fault, such as a compiler that does not work.
    """
    options = _options(fit)
    lanes = tuple(lane for each in part for lane in each.plan.batch.lanes)
    batch = replace(part[0].plan.batch, lanes=lanes)
    try:
        with np.errstate(all="ignore"):
            found = [
                run_batch(
                    replace(batch, lanes=lanes[n : n + _TOGETHER]), options, progress, announce
                )
                for n in range(0, len(lanes), _TOGETHER)
            ]
        return [_Ran(part, _joined(found))]
    except SimulationError as problem:
        if _LANE not in str(problem):
            raise
        if len(part) == 1:
            return [_Ran(part, None, str(problem))]
    return [ran for each in part for ran in _outcomes(fit, (each,), progress, announce)]


def _options(fit: Fit) -> Options:
    return Options(rtol=fit.rtol).resolved(fit.model)


def _evaluations(fit: Fit, grids: Sequence[Grid], run: Sequence[_Ran]) -> dict[int, Evaluation]:
    """Return the evaluations of all candidates that came to their end, by their places."""
    if not run:
        return {}
    candidates = [each for ran in run for each in ran.candidates]
    lanes = tuple(lane for each in candidates for lane in each.plan.batch.lanes)
    whole = replace(candidates[0].plan, batch=replace(candidates[0].plan.batch, lanes=lanes))
    outcome = _joined([ran.outcome for ran in run if ran.outcome is not None])
    conditions = tuple(condition for grid in grids for condition in grid.conditions)
    axis = Axis(_CONDITION, tuple(map(str, range(len(conditions)))))
    grid = Grid("the trials of a fit", (axis,), conditions).repeated(len(candidates))
    data = to_dataset(fit.model, grid, whole, outcome)
    data[_MEASURED] = at_measure(data, STRENGTH)
    figures = np.transpose([_figure(fit, target, data) for target in fit.targets])
    parts = np.split(np.arange(len(lanes)), len(candidates))
    found = {}
    for each, raw, rows in zip(candidates, figures, parts, strict=True):
        own = part_of(whole.batch, outcome, rows)
        below = partial(first_below, own[0], _options(fit))
        trust = trust_of(*own, whole.totals, below)
        found[each.place] = _evaluation(fit, each.numbers, raw, trust)
    return found


def _evaluation(fit: Fit, numbers: tuple[float, ...], raw: Array, trust: Trust) -> Evaluation:
    if trust.failures:
        return _infeasible(numbers, f"not to be trusted: {trust.failures[0]}")
    figures = fit.figures(raw.tolist())
    for target, figure in zip(fit.targets, figures, strict=True):
        if not np.isfinite(figure):
            return _infeasible(numbers, f"'{target.name}' is not a finite number")
    return Evaluation(numbers, min(fit.loss(figures), INFEASIBLE), figures)


def _joined(found: Sequence[Outcome]) -> Outcome:
    """Return outcomes one below the other."""
    first = found[0]
    width = max(table.shape[1] for each in found for table in each.samples.values())
    return replace(
        first,
        samples={name: np.concatenate([_wide(o.samples[name], width) for o in found])
                 for name in first.samples},
        peaks={name: np.concatenate([o.peaks[name] for o in found]) for name in first.peaks},
        least={name: np.concatenate([o.least[name] for o in found]) for name in first.least},
    )  # fmt: skip


def _wide(table: Array, width: int) -> Array:
    """Return a table of samples filled up with NaN."""
    return np.pad(table, ((0, 0), (0, width - table.shape[1])), constant_values=np.nan)


def _figure(fit: Fit, target: Target, data: xr.Dataset) -> Array:
    """Return what a target reads, at every point, in its unit."""
    if target.read == "strength":
        read = data[_MEASURED]
    else:
        read = data[f"peak_{target.variable}"]
        if target.read == "rise":
            read = read - data[target.variable].isel(sample=0)
        read = (read * data["mix"]).sum("state", skipna=False).mean("synapse")
    before = sum(len(trial.conditions) for trial in fit.trials[: target.trial])
    here = read.isel({_CONDITION: before + target.condition})
    return np.asarray(here.transpose(POINT))


def _infeasible(numbers: tuple[float, ...], reason: str) -> Evaluation:
    return Evaluation(numbers, INFEASIBLE, (), " ".join(reason.split()))
