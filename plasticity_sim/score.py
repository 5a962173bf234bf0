"""How far a model is from what was measured: z, signs, and why an outcome does not apply.

z is (simulated - measured) / sem, where the sem is known. The change of a simulated synapse is
"none" within NOTHING of its baseline; that of a measured mean is "none" within SIGNIFICANT sem of
it, or within NOTHING where the sem is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from plasticity_sim.experiment import Experiment, Outcome
from plasticity_sim.model import Model
from plasticity_sim.simulation import Options
from plasticity_sim.trials import Simulated, strengths

NOTHING = 10.0  # %: about the sem of a published mean, below which an experimenter sees no change
SIGNIFICANT = 2.0  # sem
LARGEST_Z = 10.0  # in means over outcomes a larger one counts as this: no single one decides
DARKEST = 5.0  # z: pictures are not darker beyond

ROLES = ("held-out", "fitted")


@dataclass(frozen=True)
class Comparison:
    """One outcome beside what a model gives."""

    outcome: Outcome
    condition: str
    simulated: float | None  # %
    reason: str = ""  # why it does not apply

    @property
    def z(self) -> float | None:
        """How many sem the model is off; None without a sem or a simulated strength."""
        mean, sem = self.outcome.mean, self.outcome.sem
        if self.simulated is None or mean is None or sem is None:
            return None
        return (self.simulated - mean) / sem

    @property
    def measured_sign(self) -> str:
        """The change that was measured: LTP, LTD or none."""
        return measured_sign(self.outcome)

    @property
    def simulated_sign(self) -> str:
        """The change of the model: LTP, LTD or none; empty where the outcome does not apply."""
        return "" if self.simulated is None else sign_of(self.simulated, NOTHING)

    @property
    def agrees(self) -> bool | None:
        """Whether the two changes are the same; None where the outcome does not apply."""
        return None if self.simulated is None else self.simulated_sign == self.measured_sign


@dataclass(frozen=True)
class Cell:
    """A model under an experiment: every outcome compared."""

    model: Model
    experiment: Experiment
    fitted: bool  # whether the model's values were fitted to this experiment
    simulated: Simulated
    comparisons: tuple[Comparison, ...]

    @property
    def state(self) -> str:
        """'scored', 'not applicable' (to none of the outcomes), 'failed' or 'left out'."""
        if self.simulated.failure:
            return "failed"
        if self.simulated.left_out:
            return "left out"
        applies = any(c.simulated is not None for c in self.comparisons)
        return "scored" if applies else "not applicable"

    @property
    def role(self) -> str:
        """'fitted' where the model's values come from this experiment, else 'held-out'."""
        return "fitted" if self.fitted else "held-out"


@dataclass(frozen=True)
class Total:
    """The scores of several outcomes: root mean square z, and how many signs of how many agree."""

    z: float | None
    agree: int
    of: int


def sign_of(strength: float, band: float) -> str:
    """Return the change that a strength in % is, where less than `band` is none.

    >>> sign_of(125.0, 10.0), sign_of(91.0, 10.0), sign_of(80.0, 10.0)
    ('LTP', 'none', 'LTD')
    """
    if abs(strength - 100) < band:
        return "none"
    return "LTP" if strength > 100 else "LTD"


def measured_sign(outcome: Outcome) -> str:
    """Return the change that was measured: as read, or of the mean where it is significant."""
    if outcome.mean is None:
        return outcome.sign
    return sign_of(outcome.mean, SIGNIFICANT * outcome.sem if outcome.sem else NOTHING)


def root_mean_square_z(comparisons: Iterable[Comparison]) -> float | None:
    """Return the root mean square of z, each at most LARGEST_Z; None where there is no z."""
    found = [min(abs(c.z), LARGEST_Z) for c in comparisons if c.z is not None]
    return math.sqrt(sum(z * z for z in found) / len(found)) if found else None


def agreement(comparisons: Iterable[Comparison]) -> tuple[int, int]:
    """Return how many signs agree, and how many there are."""
    found = [c.agrees for c in comparisons if c.agrees is not None]
    return sum(found), len(found)


def total(comparisons: Iterable[Comparison]) -> Total:
    """Return the scores of several outcomes, of one cell or of many."""
    found = tuple(comparisons)
    return Total(root_mean_square_z(found), *agreement(found))


def unchanged(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """Return those outcomes that apply as a synapse would meet them that never changes."""
    return [replace(c, simulated=100.0) for c in comparisons if c.simulated is not None]


def totals(cells: Iterable[Cell]) -> dict[str, dict[str, Total]]:
    """Return the scores of every model over all outcomes of each role."""
    found: dict[str, dict[str, list[Comparison]]] = {}
    for cell in cells:
        roles = found.setdefault(cell.model.name, {role: [] for role in ROLES})
        roles[cell.role] += cell.comparisons
    return {n: {role: total(all_) for role, all_ in roles.items()} for n, roles in found.items()}


def compare(model: Model, experiment: Experiment, options: Options | None = None) -> Cell:
    """Run an experiment's protocol on a model and compare every outcome.

    An InputError of the simulation makes outcomes not applicable, a SimulationError the cell
    failed; nothing else is caught.
    """
    return compared(model, experiment, strengths(model, experiment.protocol, options))


def compared(model: Model, experiment: Experiment, simulated: Simulated) -> Cell:
    """Return the cell of a model and an experiment whose protocol has been simulated."""
    comparisons = []
    for outcome in experiment.outcomes:
        words = experiment.condition_text(outcome.condition)
        strength, reason = None, simulated.failure or simulated.left_out
        if not reason:
            strength = simulated.strengths[outcome.condition]
            reason = simulated.reasons[outcome.condition]
        comparisons.append(Comparison(outcome, words, strength, reason))
    fitted = experiment.name in {Path(name).stem for name in model.fitted_to}
    return Cell(model, experiment, fitted, simulated, tuple(comparisons))
