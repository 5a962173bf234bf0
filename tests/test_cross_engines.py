"""Three published cascades on the adaptive engine and on solvers that share nothing with it.

Slopes are written from Brian2's own reading of the equations; events, windows and clamps are
applied by `lane_problem`; SciPy's LSODA and libRoadRunner's CVODE integrate between them.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from lane_problem import FUNCTIONS, walk
from scipy.integrate import solve_ivp

import plasticity_sim as ps
from plasticity_sim.engine.lanes import run_lanes
from plasticity_sim.engine.scales import scales
from plasticity_sim.simulation.lanes import plan

HERE = Path(__file__).parent
BENCH = HERE.parent / ".venv-bench" / "bin" / "python"
AGREED = 1e-6  # relative to a variable's largest value
RTOL = 1e-9  # of the adaptive engine

SPIKES = (
    "format: 1\ntitle: own\nrecord: [{every: 20 ms}]\nfollow_up: {duration: 0.4 s}\n"
    "induction: [{pre: [{count: 5, rate: 50 Hz}]%s}]\n"
)
CALCIUM = (
    "format: 1\ntitle: own\nrecord: [{every: 5 s}]\nfollow_up: {duration: 60 s}\n"
    "set: [{ca_held: 1 uM, from: induction, until: 6 s}]\n"
)
CASES = {
    "graupner_brunel_2007": SPIKES % ", post: {lag: 10 ms}",
    "ca1_spine": SPIKES % ", post: {lag: 5 ms}",
    "dalcantara_2003": CALCIUM,
}


@cache
def case(name, folder):
    """Return the batch of one lane of a model, and the same as plain data."""
    path = folder / f"{name}.yaml"
    path.write_text(CASES[name])
    batch = plan(ps.load_model(name), ps.load_protocol(str(path)), 1, seed=0).batch
    return batch, problem_of(batch)


def problem_of(batch):
    """Return the first lane as data: equations by Brian2, moments in the order of a lane."""
    model, lane = batch.model, batch.lanes[0]
    read = Equations(model.equations).ordered
    slopes = {e.varname: str(e.expr.code) for e in read if e.type == DIFFERENTIAL_EQUATION}
    return {
        "definitions": [[e.varname, str(e.expr.code)] for e in read if e.type == SUBEXPRESSION],
        "slopes": slopes,
        "values": {**lane.parameters, **lane.initial},
        "scales": dict(zip(model.differential, scales(model).tolist(), strict=True)),
        "start": lane.start,
        "moments": moments(model, lane),
        "watch": list(batch.observe),
    }


def moments(model, lane):
    """Return [time, what happens] in order: settings, pre, post, delayed blocks, samples."""
    found = defaultdict(list)

    def add(time, order, kind, what):
        found[round(float(time), 9)].append((order, kind, what))

    for setting in lane.settings:
        held = {n: v for n, v in setting.clamps.items() if v is not None}
        add(setting.time, 0, "values", setting.parameters)
        add(setting.time, 0, "hold", held)
        add(setting.time, 0, "free", [n for n, v in setting.clamps.items() if v is None])
    for order, kind in enumerate(("pre", "post"), start=1):
        for time in getattr(lane, kind):
            own = [b for b in model.blocks if b.trigger == kind and b.after is None]
            add(time, order, kind, [s.text for b in own for s in b.statements])
            for number, block in enumerate(model.blocks):
                if block.trigger == kind and block.after is not None:
                    delay = block.after.evaluate(lane.parameters)
                    add(time + delay, 3 + number, "later", [s.text for s in block.statements])
    for time in lane.samples:
        add(time, 1000, "sample", [])
    return [
        [time, [[kind, what] for _, kind, what in sorted(found[time], key=lambda h: h[0])]]
        for time in sorted(found)
        if time <= lane.stop + 1e-9
    ]


def by_scipy(problem):
    """Return the watched values of LSODA, restarted at every moment."""
    states = list(problem["slopes"])
    sizes = np.array([problem["scales"][name] for name in states])
    lines = [f"{name} = {text}" for name, text in problem["definitions"]]
    source = "\n".join([*lines, f"slopes = [{', '.join(problem['slopes'].values())}]"])
    code = compile(source, "<slopes>", "exec")

    def advance(values, held, start, stop):
        moving = np.array([float(name not in held) for name in states])

        def slope(t, y):
            scope = {**values, **dict(zip(states, y.tolist(), strict=True))}
            exec(code, {"__builtins__": {}, **FUNCTIONS}, scope)
            return moving * scope["slopes"]

        y = np.array([values[name] for name in states])
        found = solve_ivp(
            slope, (0, stop - start), y, method="LSODA", rtol=1e-11, atol=1e-13 * sizes,
            t_eval=[stop - start],
        )  # fmt: skip
        assert found.success, found.message
        values.update(zip(states, found.y[:, -1].tolist(), strict=True))

    return np.array(walk(problem, advance))


def by_roadrunner(problem):
    """Return the watched values of CVODE on SBML, in the environment of the benchmarks."""
    assert BENCH.exists(), "no .venv-bench; make it by `make .venv-bench/.installed`"
    done = subprocess.run(
        [str(BENCH), "roadrunner_lane.py"], cwd=HERE, input=json.dumps(problem),
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return np.array(json.loads(done.stdout))


def largest_difference(batch, expected):
    """Return how far the adaptive engine is off, relative to each variable's largest value."""
    outcome = run_lanes(batch, RTOL)
    found = np.array([outcome.samples[name][0] for name in batch.observe]).T
    sizes = np.abs(expected).max(axis=0)
    assert (sizes > 0).all()
    assert np.ptp(expected, axis=0).max() > 0
    return float((np.abs(found - expected) / sizes).max())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("protocols")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n == "dalcantara_2003" else pytest.mark.long) for n in CASES],
)
def test_a_cascade_is_that_of_scipy_to_a_millionth(name, folder):
    batch, problem = case(name, folder)
    difference = largest_difference(batch, by_scipy(problem))
    print(f"{name}: {difference:.2g}")
    assert difference < AGREED


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_a_cascade_is_that_of_libroadrunner_on_sbml_to_a_millionth(name, folder):
    batch, problem = case(name, folder)
    difference = largest_difference(batch, by_roadrunner(problem))
    print(f"{name}: {difference:.2g}")
    assert difference < AGREED
