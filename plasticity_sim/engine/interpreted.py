"""The same program in this process, where there is no compiler: slower, same results."""

from __future__ import annotations

import numpy as np
from brian2 import second

from plasticity_sim.engine.batch import Progress
from plasticity_sim.engine.device import lent
from plasticity_sim.engine.lookup import Tables, functions
from plasticity_sim.engine.program import LONGEST, Found, Program, found, records


def run_interpreted(
    program: Program,
    width: int,
    tables: Tables,
    progress: Progress | None = None,
    target: str = "numpy",
) -> Found:
    """Run `program` for `width` lanes on Brian2's `target`, 'numpy' or 'cython'."""
    with lent(target), np.errstate(all="ignore"):  # what comes of a rejected step is not used
        made = program.parts(width, functions(tables, progress))
        made.network.run(LONGEST * made.group.clock.dt_ * second, namespace=dict(made.namespace))
        ends, samples = (
            {name: np.array(getattr(monitor, name + "_")[:]) for name in names}
            for monitor, names in zip(made.monitors, records(program), strict=True)
        )
        return found(ends, samples)
