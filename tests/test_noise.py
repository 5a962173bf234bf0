"""Random numbers by address: the generator against its reference, and a lane's path by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms, prefs
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import UnsupportedEquationsException
from scipy import stats

import plasticity_sim as ps
from plasticity_sim.engine import build
from plasticity_sim.engine.fixed import run_fixed
from plasticity_sim.engine.noise import (
    DRAWS,
    FUNCTIONS,
    LaneNoise,
    lane_normal,
    lane_uniform,
    numbered,
    philox,
)
from plasticity_sim.simulation.lanes import lane_seed, plan

MODEL = """
format: 1
title: Draws in equations, events and a threshold
components: [{own}]
readout: x
observe: [x, u, sum, fired]
integrator: {{method: {method}, dt: 0.1 ms}}
"""
COMPONENT = """
format: 1
title: Draws
equations: |
  dx/dt = -x / tau_x + sigma * sqrt(2 / tau_x) * (1 + breadth * x) * xi : 1
  u : 1
  sum : 1
  fired : 1
on_pre:
  - do: u = rand(); x += 0 * u
  - do: sum += rand()
    after: wait
on_post:
  - do: sum += randn()
threshold: rand() < chance
on_spike:
  - do: fired += 1; x += 0.01 * randn()
initial: {u: "0", sum: "0", fired: "0"}
parameters:
  tau_x: {value: 10 ms, assumed: for a test}
  sigma: {value: 0.3, assumed: for a test}
  breadth: {value: 0, assumed: for a test}
  chance: {value: 0.05, assumed: for a test}
  wait: {value: 3 ms, assumed: for a test}
"""


@pytest.fixture
def drawing(tmp_path):
    """Return the batch of a model that draws wherever it may, with text changed if asked for."""

    def batch(protocol, lanes=5, method="milstein", old="", new=""):
        (tmp_path / "components").mkdir(exist_ok=True)
        (tmp_path / "components" / "own.yaml").write_text(COMPONENT.replace(old, new, 1))
        path = tmp_path / "drawing.yaml"
        path.write_text(MODEL.format(own="own", method=method))
        return plan(ps.load_model(str(path)), ps.load_protocol(protocol), lanes, seed=1).batch

    return batch


def outcome_of(batch, rows, target="numpy"):
    lanes = tuple(batch.lanes[row] for row in rows)
    integrator = batch.model.integrator
    return run_fixed(replace(batch, lanes=lanes), integrator.method, integrator.dt, target).samples


# kat_vectors of Random123 1.14, lines `philox4x32 10`
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_philox_gives_the_numbers_of_its_authors(counter, key, expected):
    words = philox(*([int(word, 16) for word in text.split()] for text in (counter, key)))
    assert [f"{int(word):08x}" for word in words] == expected.split()


def test_an_address_is_the_key_and_the_counter_of_philox():
    seed, step, draw = 3.0, 0x3_0000_0001, 0x2_0005  # 3 is 0x4008000000000000 as a double
    high, low, *_ = philox([0x0000_0001, 0x3, draw, 0], [0, 0x4008_0000])
    bits = (int(high) << 32 | int(low)) >> 12
    assert float(lane_uniform(seed, step, draw)) == (bits + 0.5) / 2**52


def test_uniform_numbers_are_uniform_and_normal_ones_normal():
    steps = np.arange(200_000)
    u, z = lane_uniform(7, steps, 0), lane_normal(7, steps, 0)
    assert u.min() > 0
    assert u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 0.01
    assert stats.kstest(z, "norm").pvalue > 0.01
    error = 4 / np.sqrt(steps.size)  # four standard errors of a mean of unit variance
    assert u.mean() == pytest.approx(0.5, abs=error * np.sqrt(1 / 12))
    moments = [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]  # of the normal, and their variances
    for power, value, variance in moments:
        assert (z**power).mean() == pytest.approx(value, abs=error * np.sqrt(variance))


@pytest.mark.parametrize("shift", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, -1)])
def test_neighbouring_addresses_are_independent(shift):
    seeds, steps = (x.ravel() for x in np.meshgrid(np.arange(1, 301), np.arange(1, 301)))
    address = [seeds, steps, 3]
    one = lane_normal(*address)
    other = lane_normal(*(a + b for a, b in zip(address, shift, strict=True)))
    for f in (lambda x: x, np.square):
        assert abs(np.corrcoef(f(one), f(other))[0, 1]) < 4 / np.sqrt(seeds.size)


def test_every_draw_of_a_code_has_its_own_number():
    code = "x = rand()*randn( )\ny = myrand() + clip(rand(), x, brand)"
    assert numbered(code, "n", seed="s", first=4) == (
        "x = lane_uniform(s, n, 4)*lane_normal(s, n, 5)\n"
        "y = myrand() + clip(lane_uniform(s, n, 6), x, brand)"
    )


@pytest.mark.parametrize("method", ["euler", "heun", "milstein"])
def test_the_noise_of_a_method_is_numbered_by_name(method):
    equations = Equations("dx/dt = (xi_b - x/second**0.5)/second**0.5 : 1\ndy/dt = xi_a/ms**.5 : 1")
    code = LaneNoise(method)(equations)
    assert code.splitlines()[:2] == [
        "xi_a = dt**.5 * lane_normal(lane__seed, t_in_timesteps, 0)",
        "xi_b = dt**.5 * lane_normal(lane__seed, t_in_timesteps, 1)",
    ]
    assert "rand" not in code


@pytest.mark.parametrize("method", ["rk4", "nothing"])
def test_a_method_without_noise_is_refused(method):
    with pytest.raises(UnsupportedEquationsException, match=r"stochastic|no method 'nothing'"):
        LaneNoise(method)(Equations("dx/dt = xi/ms**.5 : 1"))


def test_cython_draws_the_numbers_of_numpy(tmp_path):
    if build.compiler() is None:
        pytest.skip("this machine has no C++ compiler")
    seeds = np.array([lane_seed(0, number) for number in range(999)], float)
    group = NeuronGroup(seeds.size, "s : 1\nu : 1\nz : 1", dt=1 * ms, namespace=FUNCTIONS)
    group.s_ = seeds
    group.run_regularly(numbered("u = rand()\nz = randn()", "t_in_timesteps", "s", first=9))
    wanted = {"codegen.target": "cython", "codegen.runtime.cython.cache_dir": str(tmp_path)}
    before = {name: prefs[name] for name in wanted}
    try:
        prefs.update(wanted)
        Network(group, *group.contained_objects).run(5 * ms)
    finally:
        prefs.update(before)
    assert (group.u_[:] == lane_uniform(seeds, 4, 9)).all()
    np.testing.assert_allclose(group.z_[:], lane_normal(seeds, 4, 10), rtol=2e-15)


def test_a_lane_has_one_path_whatever_runs_beside_it(drawing, own_protocol):
    batch = drawing(own_protocol("two_pulses_pre"))
    together = outcome_of(batch, range(5))
    alone, reversed_ = outcome_of(batch, [3]), outcome_of(batch, [4, 3, 2, 1, 0])
    for name in batch.observe:
        assert (alone[name][0] == together[name][3]).all(), name
        assert (reversed_[name][::-1] == together[name]).all(), name
        assert np.unique(together[name], axis=0).shape[0] == 5 or name == "fired"


def test_a_lane_has_one_path_whatever_runs_it(drawing, own_protocol):
    if build.compiler() is None:
        pytest.skip("this machine has no C++ compiler")
    batch = drawing(own_protocol("two_pulses_pre"), lanes=11)
    expected = outcome_of(batch, range(11))
    together = outcome_of(batch, range(10, -1, -1), "cpp_standalone")
    alone = outcome_of(batch, [3], "cpp_standalone")
    for name in ("u", "fired"):  # made of uniform numbers alone
        assert (together[name][::-1] == expected[name]).all()
        assert (alone[name][0] == expected[name][3]).all()
    for name in ("x", "sum"):
        np.testing.assert_allclose(together[name][::-1], expected[name], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(alone[name][0], together[name][7], rtol=1e-12, atol=1e-14)


def test_each_block_draws_at_its_own_address_and_events_at_one_time_at_theirs(
    drawing, own_protocol
):
    batch = drawing(own_protocol("two_pulses_pre"), lanes=1)
    lane = batch.lanes[0]
    pair = replace(lane, start=0.0, stop=0.02, pre=np.array([0.01, 0.01]), samples=np.array([0.02]))
    found = outcome_of(replace(batch, lanes=(pair,)), [0])
    steps = np.array([100, 101])  # one event of a kind a step, so the second is one later
    assert found["u"][0, 0] == lane_uniform(lane.seed, 101, 2 * DRAWS)
    assert found["sum"][0, 0] == lane_uniform(lane.seed, steps + 30, 3 * DRAWS).sum()
    chances = lane_uniform(lane.seed, np.arange(200), DRAWS)
    assert found["fired"][0, 0] == (chances < 0.05).sum()


@pytest.mark.parametrize("engine", ["fixed", "lanes"])
def test_more_synapses_leave_the_paths_of_the_first_as_they_were(own_model, own_protocol, engine):
    def x(synapses, seed):
        return ps.simulate(
            own_model("diffusion"), own_protocol("two_pulses_pre"), synapses=synapses, seed=seed,
            options=ps.Options(engine, target="numpy"),
        )["x"].to_numpy()  # fmt: skip

    few, many, other = x(2, 5), x(6, 5), x(2, 6)
    axis = many.shape.index(6)
    assert (np.take(many, [0, 1], axis) == few).all()
    assert not np.isclose(few, other).any(where=few != 0)


def test_lanes_have_seeds_of_their_own_that_a_double_holds(drawing, own_protocol):
    few, many = (drawing(own_protocol("two_pulses_pre"), lanes=n) for n in (3, 30))
    seeds = [lane.seed for lane in many.lanes]
    assert len(set(seeds)) == 30
    assert all(0 <= seed < 2**53 for seed in seeds)
    assert seeds[:3] == [lane.seed for lane in few.lanes]


# Euler at dt/tau = 0.01 makes the variance larger by 0.5 %; the steps of the adaptive engine are
# up to a third of tau, and what stays the same over a step has a little less than white noise
@pytest.mark.parametrize(("engine", "excess"), [("fixed", 0.005), ("lanes", -0.017)])
def test_an_ornstein_uhlenbeck_process_forgets_at_its_rate(own_model, own_protocol, engine, excess):
    data = ps.simulate(
        own_model("diffusion"), own_protocol("two_pulses_pre"), synapses=4000, seed=3,
        options=ps.Options(engine, target="numpy"),
    )  # fmt: skip
    x = data["x"].isel(state=0).squeeze().transpose("sample", "synapse").to_numpy()
    last, earlier = x[-1], x[-3]  # 10 ms apart, as long as tau
    error = np.sqrt(2 / 4000)
    assert last.var() == pytest.approx(0.09 * (1 + excess), rel=4 * error)
    assert np.corrcoef(last, earlier)[0, 1] == pytest.approx(np.exp(-1), abs=4 / np.sqrt(4000))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dx/dt = -x / tau_x", "dx/dt = (rand() - x) / tau_x", r"equation of 'x' draws rand\(\)"),
        ("u : 1", "y = randn() : 1\n  u : 1", r"equation of 'y' draws rand\(\)"),
        ("u : 1", "y = xi * sqrt(tau_x) : 1\n  u : 1", "'y' uses xi; only dx/dt may"),
        ("u = rand()", "u = xi * sqrt(tau_x)", "uses xi; only dx/dt may, so write randn"),
        ("rand() < chance", "xi * sqrt(tau_x) < chance", "uses xi; only dx/dt may"),
    ],
)
def test_a_draw_that_has_no_meaning_is_refused(drawing, own_protocol, old, new, message):
    with pytest.raises(ps.InputError, match=message):
        drawing(own_protocol("two_pulses_pre"), old=old, new=new)
