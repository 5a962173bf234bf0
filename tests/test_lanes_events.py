"""What happens to a lane of the adaptive engine: spikes, windows, thresholds and chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

import plasticity_sim as ps
from plasticity_sim.engine.batch import Batch, Setting
from plasticity_sim.engine.fixed import run_fixed
from plasticity_sim.engine.lanes import run_lanes
from plasticity_sim.engine.reference import run_reference

TAU_S, TAU_X, TAU_Y = 10e-3, 2e-3, 5e-3  # of 'eventful' and 'time_above'


@pytest.fixture(scope="module")
def eventful(own_model):
    return ps.load_model(own_model("eventful"))


@pytest.fixture(scope="module")
def firing(own_model):
    return ps.load_model(own_model("firing"))


def both(batch):
    """Return the samples of the adaptive engine and of the independent solver."""
    return run_lanes(batch, 1e-7, target="numpy").samples, run_reference(batch, 1e-11).samples


@pytest.mark.parametrize("rounded", [0, 1])  # the same moment by another sum
def test_at_one_moment_settings_come_first_then_pre_post_and_what_was_delayed(
    eventful, lane, rounded
):
    first, second = (np.nextafter(time, time + rounded) for time in (0.01, 0.02))
    own = lane(
        eventful, 0.02, [0, 0.01, 0.013, 0.016, 0.02],
        pre=[0, 0.01, 0.013, 0.02, 0.02], post=[0.01, 0.013, 0.02],
        settings=[Setting(first, {"digit": 7}), Setting(second, {"digit": 8})],
    )  # fmt: skip
    names = ("order", "pulse", "gap_one", "gap_two")
    found, expected = both(Batch(eventful, (own,), names))
    # digits: pre 1, later 7 and 8; post 2; 3 ms after a pre 3; 3 ms after a post 4
    assert found["order"][0].tolist() == [1, 1372, 13727234, 1372723434, 1372723434882]
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)


def test_the_time_since_a_spike_is_that_since_the_one_before(eventful, lane):
    own = lane(eventful, 0.03, [0.001, 0.011, 0.03], pre=[0.001, 0.011], post=[0.0175])
    found = run_lanes(Batch(eventful, (own,), ("gap_one", "gap_two")), target="numpy").samples
    assert found["gap_one"][0] == pytest.approx([1e9 + 0.001, 0.01, 0.01])
    assert found["gap_two"][0, -1] == pytest.approx(0.0065)


def test_events_at_the_first_and_at_the_last_moment_happen(eventful, lane):
    own = lane(eventful, 0.02, [-0.01, 0.02], pre=[-0.01, 0.02], post=[-0.01, 0.017], start=-0.01)
    found, expected = both(Batch(eventful, (own,), ("order", "s", "pulse")))
    assert found["order"][0].tolist() == [12, 1234214]
    assert found["pulse"][0].tolist() == [1, 0]
    np.testing.assert_allclose(found["s"], expected["s"], rtol=1e-6)


def test_a_spike_that_comes_twice_at_one_moment_acts_twice(eventful, lane):
    own = lane(eventful, 0.02, [0.01, 0.02], pre=[0.01, 0.01])
    found = run_lanes(Batch(eventful, (own,), ("s", "order")), 1e-7, target="numpy").samples
    assert found["s"][0] == pytest.approx([2, 2 * np.exp(-0.01 / TAU_S)], rel=1e-6)
    assert found["order"][0].tolist() == [11, 1133]


def test_a_square_pulse_charges_and_discharges(eventful, lane):
    own = lane(eventful, 0.03, [0.006, 0.008, 0.02], post=[0.005])
    found = run_lanes(Batch(eventful, (own,), ("y",)), 1e-7, target="numpy").samples["y"][0]
    top = 1 - np.exp(-3e-3 / TAU_Y)
    expected = [1 - np.exp(-1e-3 / TAU_Y), top, top * np.exp(-12e-3 / TAU_Y)]
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_window_changes_a_parameter_and_gives_it_back(eventful, lane):
    window = [Setting(0.01, {"tau_s": 1e-3}), Setting(0.012, {"tau_s": TAU_S})]
    own = lane(eventful, 0.03, [0.01, 0.012, 0.03], pre=[0], settings=window)
    found = run_lanes(Batch(eventful, (own,), ("s",)), 1e-7, target="numpy").samples["s"][0]
    assert -np.log(found) == pytest.approx([1, 3, 3 + 1.8], rel=1e-6)


def test_a_held_state_does_not_move_until_it_is_let_go(eventful, lane):
    settings = [
        Setting(0.004, {}, {"x": 0.7, "y": 0.25}), Setting(0.01, {}, {"x": None}),
        Setting(0.012, {}, {"y": -1.0}), Setting(0.02, {}, {"y": None}),
    ]  # fmt: skip
    times = np.arange(0, 0.0301, 1e-3)
    own = lane(eventful, 0.03, times, pre=[0.001], post=[0.006], settings=settings)
    found, expected = both(Batch(eventful, (own,), ("s", "x", "y")))
    assert np.unique(found["x"][0, 4:11]).tolist() == [0.7]
    assert np.unique(found["y"][0, 4:12]).tolist() == [0.25]
    assert np.unique(found["y"][0, 12:21]).tolist() == [-1]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-9)


def test_a_state_held_from_the_first_moment_on_stays_there(eventful, lane):
    own = lane(eventful, 0.01, [0, 0.01], pre=[0], settings=[Setting(0.0, {}, {"x": 0.4})])
    found = run_lanes(Batch(eventful, (own,), ("x",)), target="numpy").samples["x"]
    assert found.tolist() == [[0.4, 0.4]]


def test_a_hold_that_begins_as_another_ends_is_kept(eventful, lane):
    moments = 0.02, np.nextafter(0.02, 1)  # one moment, but for rounding
    settings = [
        Setting(0.01, {}, {"y": 0.7}), Setting(moments[0], {}, {"y": None}),
        Setting(moments[1], {}, {"y": 0.3}),
    ]  # fmt: skip
    own = lane(eventful, 0.03, [0.015, 0.03], settings=settings)
    found = run_lanes(Batch(eventful, (own,), ("y",)), target="numpy").samples["y"]
    assert found.tolist() == [[0.7, 0.3]]


def test_a_cell_fires_at_the_rate_of_the_closed_form(firing, lane):
    # from -70 to -50 mV towards the drive takes 20 ms x ln((drive + 70) / (drive + 50))
    drives = np.array([-0.0495, -0.045, -0.04, -0.03, 0.0])
    lanes = tuple(lane(firing, 0.1, [0.1], v_drive=drive) for drive in drives)
    found = run_lanes(Batch(firing, lanes, ("spikes", "v"), ("v",)), 1e-7, target="numpy")
    interval = 0.02 * np.log((drives + 0.07) / (drives + 0.05))
    spikes = np.floor(0.1 / interval)
    assert found.samples["spikes"][:, 0].tolist() == spikes.tolist()
    # the potential at the end tells when the last spike was
    v = found.samples["v"][:, 0]
    last = 0.1 - 0.02 * np.log((drives + 0.07) / (drives - v))
    assert last == pytest.approx(spikes * interval, rel=1e-6)
    assert (found.peaks["v"] < -0.05 + 1e-6).all()


def test_a_threshold_that_an_event_crosses_is_a_spike(firing, lane):
    lowered = [Setting(0.06, {"v_threshold": -0.06})]
    lanes = (
        lane(firing, 0.1, [0.05, 0.09], v_drive=-0.055, settings=lowered),
        lane(firing, 0.1, [0.05, 0.09], v_drive=-0.055, initial={"v": -0.045}),  # from the start
    )
    batch = Batch(firing, lanes, ("spikes",))
    found = run_lanes(batch, target="numpy").samples["spikes"]
    assert found.tolist() == run_fixed(batch, "rk4", 5e-5, "numpy").samples["spikes"].tolist()
    # at 60 ms, and 20 ms x ln(15 / 5) = 22 ms later again; the other once, at its first moment
    assert found.tolist() == [[0, 2], [1, 1]]


def plasticity(jumps, stop, tau_ca=0.02):
    """Return rho of 'thresholds' after `jumps` (time, size) of calcium: exponentials in turn."""
    rho, ca, times = 0.5, 0.0, [*(time for time, _ in jumps), stop]
    for (time, size), before, after in zip(jumps, [0.0, *times], times[1:], strict=False):
        ca = ca * np.exp(-(time - before) / tau_ca) + size
        above = {theta: np.clip(tau_ca * np.log(ca / theta), 0, after - time) for theta in (1, 1.3)}
        up, down = 72.5, 20.0  # per second: gamma / tau_rho
        rho = up / (up + down) + (rho - up / (up + down)) * np.exp(-(up + down) * above[1.3])
        rho *= np.exp(-down * (above[1] - above[1.3]))
    return rho


@pytest.mark.parametrize(("rtol", "error"), [(1e-4, 1e-5), (1e-6, 1e-7)])
def test_plasticity_by_calcium_thresholds_has_its_closed_form(own_model, lane, rtol, error):
    model = ps.load_model(own_model("thresholds"))
    lags = [-0.02, -0.003, 0.002, 0.01, 0.1]
    lanes = tuple(lane(model, 0.25, [0.25], pre=[0.03], post=[0.03 + lag]) for lag in lags)
    found = run_lanes(Batch(model, lanes, ("rho",)), rtol, target="numpy").samples["rho"][:, 0]
    for rho, lag in zip(found, lags, strict=True):
        expected = plasticity(sorted([(0.03, 1.1), (0.03 + lag, 2.0)]), 0.25)
        assert rho == pytest.approx(expected, abs=error), lag


def test_a_threshold_is_as_sharp_hours_later(own_model, lane):
    model = ps.load_model(own_model("thresholds"))
    # 22 h is where neighbouring doubles are further apart than a near miss is early on
    lanes = tuple(
        lane(model, start + 0.2, [start + 0.2], pre=[start + 0.01], start=start, c_one=size)
        for start in (0.0, 8e4) for size in (1.0, 1.3, 1.3 + 1e-9, 3.0)
    )  # fmt: skip
    found = run_lanes(Batch(model, lanes, ("rho",)), target="numpy").samples["rho"][:, 0]
    assert found[4:] == pytest.approx(found[:4], abs=1e-7)
    assert found[0] == 0.5  # reached, but not crossed
    assert found[1] == pytest.approx(0.5 / 1.3 ** (0.02 * 20), abs=1e-6)


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-4, 1e-6])
def test_a_threshold_crossed_just_before_an_event_does_not_hold_a_lane_up(own_model, lane, rtol):
    model = ps.load_model(own_model("thresholds"))
    falls = 0.02 * np.log(3.0 / 1.0)  # s: where calcium is back at the lower threshold
    stops = falls + np.geomspace(1e-9, 1e-4, 41)
    lanes = tuple(lane(model, stop, [stop], pre=[0.0], c_one=3.0) for stop in stops)
    found = run_lanes(Batch(model, lanes, ("rho",)), rtol, target="numpy").samples["rho"][:, 0]
    expected = [plasticity([(0.0, 3.0)], stop) for stop in stops]
    assert found == pytest.approx(expected, abs=0.1 * rtol)


@pytest.mark.parametrize(("rtol", "heights"), [(1e-2, (0.3, 0.9)), (1e-4, (0.3, 0.9, 0.99, 0.999))])
def test_what_rises_above_a_threshold_and_falls_within_a_step_is_seen(
    own_model, lane, rtol, heights
):
    model = ps.load_model(own_model("time_above"))
    place = np.log(TAU_S / TAU_X) * TAU_S * TAU_X / (TAU_S - TAU_X)

    def x(t):
        return TAU_S / (TAU_S - TAU_X) * (np.exp(-t / TAU_S) - np.exp(-t / TAU_X))

    def above(theta):  # ms
        return 1e3 * (brentq(lambda t: x(t) - theta, place, 1)
                      - brentq(lambda t: x(t) - theta, 0, place))  # fmt: skip

    thetas = [height * x(place) for height in (*heights, 1.02)]
    lanes = tuple(lane(model, 0.08, [0.08], pre=[0.01], theta=theta) for theta in thetas)
    found = run_lanes(Batch(model, lanes, ("above", "within")), rtol, target="numpy").samples
    whole = np.array([*(above(theta) for theta in thetas[:-1]), 0])
    halves = np.array([above(theta / 2) for theta in thetas])
    atol = 20 * rtol  # ms; near its top the transient needs that long to change by the tolerance
    np.testing.assert_allclose(found["above"][:, 0], whole, atol=atol)
    np.testing.assert_allclose(found["within"][:, 0], halves - whole, atol=atol)


def released(model, lane, seeds, pulses=20, target="numpy"):
    """Return how many of the `pulses` each lane released at."""
    lanes = tuple(
        lane(model, 0.01 * pulses, [0.01 * pulses], 0.01 * np.arange(pulses), seed=s, drive=0.5)
        for s in seeds
    )
    found = run_lanes(Batch(model, lanes, ("released", "x")), 1e-2, target=target).samples
    return found["released"][:, 0], found["x"][:, 0]


def test_a_synapse_that_releases_by_chance_does_so_in_its_share_of_spikes(own_model, lane):
    model = ps.load_model(own_model("releasing"))
    counts, _ = released(model, lane, range(1, 601))
    # 12000 trials of p = 0.3: the mean is known to sqrt(p q / n) = 0.0042, the variance to 6 %
    assert counts.mean() / 20 == pytest.approx(0.3, abs=4 * 0.0042)
    assert counts.var() == pytest.approx(20 * 0.3 * 0.7, rel=4 * 0.06)


def test_chance_belongs_to_the_seed_and_not_to_the_neighbours(own_model, lane):
    model = ps.load_model(own_model("releasing"))
    many = released(model, lane, [11, 12, 13, 14, 12])
    few = released(model, lane, [14, 12])
    for among, alone in zip(many, few, strict=True):
        assert among[[3, 1]].tolist() == alone.tolist()
        assert among[1] == among[4]
    assert len(set(many[1].tolist())) == 4


def test_a_state_at_rest_at_what_it_is_compared_with_shortens_no_step(own_model, lane):
    model, spikes = ps.load_model(own_model("meeting")), np.arange(1.0, 20.0)
    made = []
    for ratio, steepness in ((0.37, -1.1), (1.3, 0.2), (0.9, -2.3)):
        own = lane(model, 20, [20], spikes, ratio=ratio, steepness=steepness)
        level = 1 / (1 + ratio * np.exp(-steepness))
        made.append(replace(own, initial=own.initial | {"x": np.nextafter(level, 0)}))
    found = run_lanes(Batch(model, tuple(made), ("x",)), 1e-6, target="numpy")
    expected = [own.initial["x"] for own in made]
    np.testing.assert_allclose(found.samples["x"][:, 0], expected, rtol=1e-14)
    assert found.rejected == 0
