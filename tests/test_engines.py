"""The engines against closed forms and against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, defaultclock, get_device, ms, prefs

import plasticity_sim as ps
from plasticity_sim.engine import build
from plasticity_sim.engine.fixed.rungekutta import RungeKutta4
from plasticity_sim.engine.moieties import moieties
from plasticity_sim.engine.peaks import Peaks
from plasticity_sim.engine.righthand import right_hand_side
from plasticity_sim.engine.scales import scales

TARGETS = ["numpy", pytest.param("cpp_standalone", id="C++")]


def run(model, protocol, **options):
    return ps.simulate(model, protocol, options=ps.Options(**options))


def conductance(times, pulses, step=2.0, tau=5e-3, recovery=20e-3):
    """Return the closed form (nS) of the depressing conductance after `pulses` (s)."""
    total, last = np.zeros_like(times), -np.inf
    for pulse in pulses:
        size = step * (1 - np.exp(-(pulse - last) / recovery))
        total += np.where(times >= pulse - 1e-9, size * np.exp(-(times - pulse) / tau), 0)
        last = pulse
    return total


@pytest.mark.parametrize("engine", ["fixed", "reference"])
def test_a_depressing_conductance_follows_its_closed_form(own_model, own_protocol, engine):
    data = run(own_model("leaky"), own_protocol("two_pulses"), engine=engine, target="numpy")
    g = data["g"].isel(state=0, synapse=0).to_numpy()
    expected = conductance(data["time"].to_numpy(), [0.0, 0.02])
    np.testing.assert_allclose(g, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("target", TARGETS)
def test_the_fixed_engine_agrees_with_the_independent_solver(own_model, own_protocol, target):
    if target == "cpp_standalone":
        assert build.target() == target, "this machine has no C++ compiler; install one"
    model, protocol = own_model("leaky"), own_protocol("two_pulses")
    fixed = run(model, protocol, target=target)
    reference = run(model, protocol, engine="reference", rtol=1e-10)
    for name in ("g", "v", "ca", "w", "strength"):
        np.testing.assert_allclose(fixed[name], reference[name], rtol=2e-6, atol=1e-9)
    assert fixed.attrs["target"] == target
    assert fixed["peak_ca"].to_numpy() == pytest.approx(reference["peak_ca"].to_numpy(), rel=1e-4)


@pytest.mark.parametrize("engine", ["fixed", "reference"])
def test_a_sample_between_events_that_nearly_coincide_is_taken_once(own_model, tmp_path, engine):
    path = tmp_path / "close.yaml"
    path.write_text(
        "format: 1\ntitle: close\nfollow_up: {duration: 20 ms}\nrecord: [{every: 1 ms}]\n"
        "induction: [{pre: [{count: 3, rate: 100 Hz}], post: {lag: 0.0000004 ms}}]\n"
    )
    data = run(own_model("leaky"), str(path), engine=engine, target="numpy")
    assert data.sizes["sample"] == 41
    assert bool(np.isfinite(data["v"]).all())


@pytest.mark.parametrize("target", ["cpp_standalone", "numpy"])
def test_samples_that_are_closer_than_the_steps_are_those_of_the_nearest(
    own_model, own_protocol, tmp_path, target
):
    model = ps.load_model(own_model("leaky"))
    model = replace(model, integrator=replace(model.integrator, dt=0.5e-3))
    found = []
    for every in ("0.5 ms", "0.125 ms"):
        path = tmp_path / "close.yaml"
        path.write_text(
            "format: 1\ntitle: close\ninduction: [{pre: [{count: 3, rate: 100 Hz}]}]\n"
            f"follow_up: {{duration: [10 ms, 20 ms]}}\nrecord: [{{every: {every}}}]\n"
        )
        found.append(ps.simulate(model, str(path), options=ps.Options(target=target)))
    coarse, fine = (data.isel(state=0, synapse=0, duration=-1) for data in found)
    nearest = np.rint(fine["time"].to_numpy() / 0.5e-3).astype(int)  # to even, as the samples
    np.testing.assert_array_equal(fine["v"].to_numpy(), coarse["v"].to_numpy()[nearest])
    assert np.ptp(nearest) == 80 < nearest.size / 3


def test_a_square_pulse_lasts_as_long_as_its_delay_says(own_model):
    protocol = ps.load_protocol("spikes_apart")
    data = run(own_model("leaky"), protocol, engine="reference")
    v = data["v"].sel(arm="post").isel(state=0, synapse=0)
    # a 0.2 nA pulse of 3 ms on 10 nS and 100 pF: V rises to 20 mV (1 - exp(-3/10))
    assert float(v.max()) == pytest.approx(-70 + 20 * (1 - np.exp(-0.3)), abs=1e-4)
    assert float(data["time"][int(np.argmax(v.to_numpy()))]) == pytest.approx(3e-3)


def test_windows_change_parameters_and_hold_states(own_model, tmp_path):
    text = (
        "format: 1\ntitle: windows\ninduction: [{pre: [{count: 6, rate: 100 Hz}]}]\n"
        "follow_up: {duration: 50 ms}\nrecord: [{every: 1 ms}]\n"
        "set:\n  - {v: -40 mV, from: induction + 15 ms, until: induction + 35 ms}\n"
        "  - {g_step: x 0, from: induction + 5 ms, until: induction + 25 ms}\n"
    )
    path = tmp_path / "windows.yaml"
    path.write_text(text)
    fixed = run(own_model("leaky"), str(path), target="numpy")
    reference = run(own_model("leaky"), str(path), engine="reference", rtol=1e-10)
    for data in (fixed, reference):
        lane = data.isel(state=0, synapse=0)
        held = (lane["time"] > 0.0155) & (lane["time"] < 0.0345)
        assert np.allclose(lane["v"].where(held, drop=True), -40)
        jumps = np.diff(lane["g"].to_numpy()) > 1e-6
        kicked = np.round(lane["time"].to_numpy()[1:][jumps] * 1e3)
        assert kicked.tolist() == [30, 40, 50]  # those at 10 and 20 ms met g_step = 0
    np.testing.assert_allclose(fixed["v"], reference["v"], rtol=2e-6)


def test_shared_stages_take_the_steps_of_brian2s_own_runge_kutta():
    equations = """
    rate = exp(-x**2) / (10*ms) : Hz
    dx/dt = rate * (y - x) : 1
    dy/dt = -rate * x * y : 1
    """
    prefs.codegen.target = "numpy"
    traces = []
    for method in ("rk4", RungeKutta4()):
        group = NeuronGroup(1, equations, method=method, dt=0.5 * ms)
        group.y = 1
        monitor = StateMonitor(group, ["x", "y"], record=True)
        Network(group, monitor).run(20 * ms, namespace={"ms": ms})
        traces.append(np.array([monitor.x[0], monitor.y[0]]))
    np.testing.assert_allclose(traces[0], traces[1], rtol=1e-12)
    assert np.ptp(traces[0]) > 0.1
    defaultclock.dt = 0.1 * ms


def test_halving_the_step_divides_the_error_of_rk4_by_sixteen(own_model, own_protocol):
    errors = []
    model = ps.load_model(own_model("leaky"))
    reference = run(model, own_protocol("two_pulses"), engine="reference", rtol=1e-11)
    for step in (0.25e-3, 0.125e-3):
        coarse = replace(model, integrator=replace(model.integrator, dt=step))
        data = run(coarse, own_protocol("two_pulses"), target="numpy")
        errors.append(float(np.abs(data["v"] - reference["v"]).max()))
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.03)


def test_white_noise_gives_the_variance_of_its_equation(own_model, own_protocol):
    data = ps.simulate(
        own_model("diffusion"), own_protocol("two_pulses_pre"), synapses=4000, seed=3,
        options=ps.Options(target="numpy"),
    )  # fmt: skip
    x = data["x"].isel(state=0, sample=-1)
    # sd 0.3 with 4000 synapses: the variance is known to 2.2 %, Euler at dt/tau = 0.01 adds 0.5 %
    assert float(x.var()) == pytest.approx(0.09 / (1 - 0.005), rel=0.09)
    assert abs(float(x.mean())) < 4 * 0.3 / np.sqrt(4000)


def test_a_cell_that_fires_by_itself_keeps_its_interval(own_model, own_protocol):
    data = run(own_model("firing"), own_protocol("released"), target="numpy")
    times = data["time"].to_numpy()[1:]
    fired = times[np.diff(data["spikes"].squeeze().to_numpy()) > 0]
    # from -70 to -50 mV towards -40 mV in 20 ms x ln 3, and one step to notice
    assert np.diff(fired).mean() == pytest.approx(0.02 * np.log(3), abs=1e-4)
    assert fired[0] == pytest.approx(1e-3 + 0.02 * np.log(3), abs=1.1e-3)


def test_a_run_leaves_brian2_as_it_found_it(own_model, own_protocol):
    before = get_device(), prefs["codegen.target"], prefs["codegen.loop_invariant_optimisations"]
    run(own_model("firing"), own_protocol("released"), target="numpy")
    after = get_device(), prefs["codegen.target"], prefs["codegen.loop_invariant_optimisations"]
    assert after == before


@pytest.mark.parametrize(
    ("name", "protocol", "why"),
    [
        ("diffusion", "two_pulses_pre", "is stochastic"),
        ("released_by_chance", "two_pulses_pre", "is stochastic"),
        ("firing", "released", "spikes by a threshold"),
    ],
)
def test_what_the_reference_cannot_follow_it_refuses(own_model, own_protocol, name, protocol, why):
    message = f"model '{name}' {why}; the reference engine cannot follow that"
    with pytest.raises(ps.InputError, match=message):
        run(own_model(name), own_protocol(protocol), engine="reference")


def test_what_is_not_finite_is_an_error_with_variable_lane_and_time(own_model, own_protocol):
    with pytest.raises(ps.SimulationError, match=r"'\w+' is not finite in lane 0 \(.*\) at .* s"):
        ps.simulate(
            own_model("leaky"), own_protocol("two_pulses"), tau_g="1e-9 ms",
            options=ps.Options(target="numpy"),
        )  # fmt: skip


def test_conserved_totals_are_found_from_the_equations(own_model):
    model = ps.load_model(own_model("leaky"))
    slope = right_hand_side(model)
    values = {n: p.value for n, p in model.parameters.items()} | {"i_inj": 0.0}
    found = moieties(slope, np.ones(len(model.differential)), values, scales(model))
    expected = [float(name in ("a", "b")) for name in model.differential]
    assert len(found) == 1
    assert found[0] / found[0].max() == pytest.approx(expected, abs=1e-9)


def test_a_peak_between_two_steps_is_found():
    peaks = Peaks(1)
    times = np.array([0.0, 0.3, 0.45, 0.9])
    peaks.begin(0.0, np.array([1 - (0.0 - 0.52) ** 2]))
    for time in times[1:]:
        peaks.add(time, np.array([1 - (time - 0.52) ** 2]))
    assert peaks.top[0] == pytest.approx(1.0, abs=1e-12)


def test_one_program_of_a_fixed_step_serves_every_protocol_and_value(own_model, own_protocol):
    model, other = ps.load_model(own_model("leaky")), ps.load_protocol("spikes_apart")
    run(model, own_protocol("two_pulses"), target="cpp_standalone")
    weaker = model.with_parameters({"g_step": "1 nS"})
    data = run(weaker, other, target="cpp_standalone")
    assert not data.attrs["compiled"]
    np.testing.assert_allclose(data["v"], run(weaker, other, target="numpy")["v"], rtol=1e-9)
