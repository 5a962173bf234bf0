"""The same program on Brian2's numpy target, where there is no compiler: slower, same results."""

from __future__ import annotations

import numpy as np
from brian2 import second

from plasticity_sim.engine.batch import Array, Progress
from plasticity_sim.engine.device import lent
from plasticity_sim.engine.lanes.compiled import Found
from plasticity_sim.engine.lanes.lookup import functions
from plasticity_sim.engine.lanes.program import Program, longest, parts
from plasticity_sim.engine.lanes.timetable import Timetable


def run_interpreted(
    program: Program,
    inputs: Array,
    table: Timetable,
    progress: Progress | None = None,
    target: str = "numpy",
) -> Found:
    """Run `program` in this process on as many lanes as `inputs` have columns."""
    with lent(target), np.errstate(all="ignore"):  # what comes of a rejected step is not used
        made = parts(program, inputs.shape[1], functions(inputs, table, progress))
        made.network.run(longest() * second, namespace=dict(made.namespace))
        return Found(
            {name: np.array(getattr(made.group, name + "_")[:]) for name in program.outputs},
            np.array(made.monitor.i[:]),
            {n: np.array(getattr(made.monitor, n + "_")[:]) for n in program.recorded.values()},
        )
