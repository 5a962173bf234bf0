"""CMA-ES over the ranges of a fit, from what a ledger holds on.

Hansen N (2016) The CMA evolution strategy: a tutorial. arXiv:1604.00772.

A generation is asked with a seed of its own from the state that the generations before leave, and
told once all of its candidates are in the ledger. So the losses in the ledger are the whole state
of a search: it goes on from them as if it had never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_sim.engine.batch import Progress
from plasticity_sim.fit.battery import Announce, Evaluation, evaluate
from plasticity_sim.fit.ledger import Ledger, require
from plasticity_sim.fit.parts import Fit

_PAUSE = 0.5  # s between looks at what other workers have done


@dataclass(frozen=True)
class Standing:
    """How far a search is: generations done of all, evaluations, and the best one so far."""

    generation: int
    generations: int
    evaluations: int
    best: Evaluation | None
    share: float  # of the generation that is being evaluated


@dataclass(frozen=True)
class Found:
    """What a search has found: the best evaluation, of how many, and why it ended."""

    best: Evaluation
    evaluations: int
    infeasible: int
    converged: bool


Report = Callable[[Standing], None]


def search(
    fit: Fit, ledger: Ledger, report: Report | None = None, announce: Announce | None = None
) -> Found:
    """Run the search to its end, from wherever the ledger is; its result does not depend on where.

    The first candidate of the first generation is the start itself. `report` is called as things
    go on, several times a generation.
    """
    require("cmaes")
    from cmaes import CMA

    settings = fit.optimiser
    dimensions = len(fit.free)
    ranges = np.tile([0.0, 1.0], (dimensions, 1))
    start = np.array(fit.positions([free.start for free in fit.free]))
    state = CMA(
        start, settings.sigma, bounds=ranges, population_size=settings.population,
        seed=settings.seed,
    )  # fmt: skip
    known: dict[int, Evaluation] = {}
    converged = False
    with ledger.working():
        for generation in range(settings.generations):
            state.reseed_rng(_seed(settings.seed, generation))
            asked = [state.ask() for _ in range(settings.population)]
            if generation == 0:
                asked[0] = start
            first = generation * settings.population
            places = range(first, first + settings.population)
            wanted = dict(zip(places, map(fit.numbers, asked), strict=True))

            def note(
                share: float, known: dict[int, Evaluation] = known, generation: int = generation
            ) -> None:
                if report:
                    report(_standing(fit, known, generation, share))

            known = completed(fit, ledger, wanted, note, announce)
            # what is told is what was simulated, and so the same for whoever reads the ledger
            state.tell([(np.array(fit.positions(known[p].numbers)), known[p].loss) for p in places])
            note(1.0, known)
            if state.should_stop():
                converged = True
                break
    done = [known[place] for place in sorted(known) if place < first + settings.population]
    best = min(done, key=lambda found: found.loss)
    return Found(best, len(done), sum(not found.is_feasible for found in done), converged)


def completed(
    fit: Fit,
    ledger: Ledger,
    wanted: dict[int, tuple[float, ...]],
    progress: Progress,
    announce: Announce | None = None,
) -> dict[int, Evaluation]:
    """Return all that the ledger holds once the `wanted` places are in it.

    Evaluates those that nobody has in hand, and waits for the others.
    """
    while True:
        known = ledger.read()
        missing = [place for place in wanted if place not in known]
        if not missing:
            return known
        mine = ledger.take(missing)
        before = (len(wanted) - len(missing)) / len(wanted)
        share = len(mine) / len(wanted)
        if not mine:
            progress(before)
            time.sleep(_PAUSE)
            continue

        def note(done: float, before: float = before, share: float = share) -> None:
            progress(before + share * done)

        found = evaluate(fit, [wanted[place] for place in mine], note, announce)
        ledger.keep(dict(zip(mine, found, strict=True)))


def _standing(fit: Fit, known: dict[int, Evaluation], generation: int, share: float) -> Standing:
    feasible = [found for found in known.values() if found.is_feasible]
    best = min(feasible, key=lambda found: found.loss, default=None)
    return Standing(generation, fit.optimiser.generations, len(known), best, share)


def _seed(root: int, generation: int) -> int:
    """Return the seed of a generation, for a generator that takes 32 bits."""
    sequence: Sequence[int] = np.random.SeedSequence([root, generation]).generate_state(1).tolist()
    return sequence[0]
