"""Short-term plasticity of Tsodyks & Markram 1997 and Tsodyks, Pawelzik & Markram 1998.

Between spikes the resources obey linear equations, so that every train has a closed form: a map
from one spike to the next, and its fixed point for a regular train.
"""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.measures import at_measure

REFERENCE = ps.Options(engine="reference", rtol=1e-9)
DEPRESSING, FACILITATING = "tsodyks_markram", "tsodyks_markram_facilitating"
BOTH = pytest.mark.parametrize("model", [DEPRESSING, FACILITATING])
FORMULA = "closed form of the equations of Tsodyks et al. 1998"
LIMIT, PEAK = "Tsodyks & Markram 1997, limiting frequency", "Tsodyks et al. 1998, peak frequency"
COUNTS = {0.5: 10, 5: 40, 20: 100, 50: 250, 100: 300}  # rate (Hz) to spikes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function from the spikes of an induction to the released shares at its end."""
    path = tmp_path_factory.mktemp("short") / "own.yaml"

    def released(pulses, model=DEPRESSING, **values):
        path.write_text(
            f"format: 1\ntitle: own\ninduction: [{{pre: [{pulses}]}}]\n"
            "follow_up: {duration: 1 ms}\nrecord: [{every: 1 s}]\n"
        )
        data = ps.simulate(model, str(path), options=REFERENCE, **values)
        return at_measure(data, "released").isel(state=0, synapse=0).to_numpy()

    return released


def constants(model, **changed):
    values = {name: p.value for name, p in ps.load_model(model).parameters.items()} | changed
    return tuple(values[name] for name in ("u_se", "tau_rec", "tau_inact", "tau_facil"))


def after(x, y, interval, tau_rec, tau_inact):
    """Return recovered and active resources an interval later, from the exact solution."""
    slow, fast = np.exp(-interval / tau_rec), np.exp(-interval / tau_inact)
    inactive = (1 - x - y) * slow + y * tau_rec / (tau_rec - tau_inact) * (slow - fast)
    return 1 - y * fast - inactive, y * fast


def train(model, intervals, **changed):
    """Return the share that each spike releases, the first from a rested synapse."""
    u_se, tau_rec, tau_inact, tau_facil = constants(model, **changed)
    x, y, u, shares = 1.0, 0.0, u_se, [u_se]
    for interval in intervals:
        x, y = after(x - u * x, y + u * x, interval, tau_rec, tau_inact)
        u = u_se + (1 - u_se) * u * np.exp(-interval / tau_facil)
        shares.append(u * x)
    return np.array(shares)


def steady(model, rate):
    """Return the share released by each spike of an endless train: the map's fixed point."""
    u_se, tau_rec, tau_inact, tau_facil = constants(model)
    interval = 1 / rate
    u = u_se / (1 - (1 - u_se) * np.exp(-interval / tau_facil))
    # x and y before a spike: linear in themselves
    origin = np.array(after(0, 0, interval, tau_rec, tau_inact))
    columns = [np.array(after(*one, interval, tau_rec, tau_inact)) - origin
               for one in ((1 - u, u), (0, 1))]  # fmt: skip
    x, _ = np.linalg.solve(np.eye(2) - np.column_stack(columns), origin)
    return u * x


@BOTH
def test_a_regular_train_comes_to_the_fixed_point(claim, run, model):
    # as many spikes as it takes for the start to be forgotten
    found = [run(f"{{count: {count}, rate: {rate} Hz}}", model) for rate, count in COUNTS.items()]
    claim.number(
        f"share released in the steady state at {len(COUNTS)} rates ({model})",
        [steady(model, rate) for rate in COUNTS], found, source=FORMULA, rel=1e-5,
    )  # fmt: skip


@BOTH
def test_the_paired_pulse_ratio_is_that_of_the_exact_solution(claim, run, model):
    intervals = np.array([5, 10, 20, 50, 100, 500, 2000]) * 1e-3
    found = run("{count: 2, interval: [5 ms, 10 ms, 20 ms, 50 ms, 100 ms, 500 ms, 2000 ms]}", model)
    u_se, *_ = constants(model)
    expected = [train(model, [one])[1] / u_se for one in intervals]
    claim.number(
        f"paired-pulse ratio at seven intervals ({model})", expected, found / u_se,
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def test_the_depressing_synapse_depresses_and_the_facilitating_one_facilitates(claim, run):
    ratios = [float(run("{count: 2, interval: 50 ms}", m)) / constants(m)[0]
              for m in (DEPRESSING, FACILITATING)]  # fmt: skip
    claim.holds(
        "paired pulses 50 ms apart", ratios[0] < 1 < ratios[1], source="Tsodyks et al. 1998",
        published="below 1 at the depressing synapse, above at the facilitating one",
        ours=f"{ratios[0]:.3g} and {ratios[1]:.3g}",
    )  # fmt: skip


def test_with_fast_inactivation_the_recovered_share_follows_the_short_map(claim, run):
    u_se, tau_rec, *_ = constants(DEPRESSING)
    x, expected = 1.0, []
    for _ in range(8):
        expected.append(u_se * x)
        x = 1 - (1 - x * (1 - u_se)) * np.exp(-0.05 / tau_rec)
    found = run(f"{{count: {list(range(1, 9))}, rate: 20 Hz}}", tau_inact="1e-6 ms")
    claim.number(
        "x -> 1 - (1 - x (1 - U)) exp(-T / tau_rec), eight spikes at 20 Hz", expected, found,
        source=FORMULA, rel=1e-5,
    )  # fmt: skip


def test_above_the_limiting_frequency_the_response_falls_as_one_over_the_rate(claim, run):
    _, tau_rec, *_ = constants(DEPRESSING)
    rates = np.array([100.0, 200.0])
    found = run("{count: 300, rate: [100 Hz, 200 Hz]}")
    claim.number(
        "released share times rate times tau_rec", [1, 1], found * rates * tau_rec,
        source=LIMIT, rel=0.03,
    )  # fmt: skip


def test_facilitation_is_strongest_at_the_peak_frequency(claim, run):
    u_se, tau_rec, _, tau_facil = constants(FACILITATING)
    rates = np.linspace(18, 23, 11)
    found = run('{count: 60, rate: "18:23:11 Hz"}', FACILITATING)
    curvature, slope, _ = np.polyfit(rates, found, 2)
    ours = -slope / (2 * curvature)
    assert rates[found.argmax()] == pytest.approx(ours, abs=0.5)  # the grid's step
    claim.number(
        "rate of the largest steady response", 1 / np.sqrt(u_se * tau_rec * tau_facil), ours,
        source=PEAK, unit="Hz", rel=0.02,
        differs="the formula is the leading order in 1 / tau_facil, by which the maximum is lower",
    )  # fmt: skip
    assert ours == pytest.approx(1 / np.sqrt(u_se * tau_rec * tau_facil) - 1 / tau_facil, rel=0.05)


def test_the_first_current_is_utilisation_times_absolute_efficacy(claim, tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(
        "format: 1\ntitle: own\ninduction: [{pre: [{count: 1}]}]\nfollow_up: {duration: 20 ms}\n"
        "record: [{every: 6 ms}]\n"
    )
    peaks, currents = [], []
    for model in (DEPRESSING, FACILITATING):
        data = ps.simulate(model, str(path), options=REFERENCE)
        peaks.append(1e3 * data["peak_i_syn"].item())
        currents.append(1e3 * data["i_syn"].isel(state=0, synapse=0, sample=[0, 1]).to_numpy())
    claim.number(
        "first synaptic current", [0.5 * 250, 0.03 * 1540], peaks,
        source="Tsodyks et al. 1998, parameters", unit="pA", rel=1e-9,
    )  # fmt: skip
    for (first, later), tau in zip(currents, (3, 1.5), strict=True):
        assert later / first == pytest.approx(np.exp(-6 / tau), rel=1e-6)


def test_another_model_can_scale_its_release(own_model, tmp_path):
    path = tmp_path / "train.yaml"
    path.write_text(
        "format: 1\ntitle: own\ninduction: [{pre: [{count: 5, rate: 20 Hz}]}]\n"
        "follow_up: {duration: 10 ms}\nrecord: [{every: 50 ms, from: induction}]\n"
    )
    data = ps.simulate(own_model("depressing_receptors"), str(path), options=REFERENCE)
    jumps = data["x_ampa"].isel(state=0, synapse=0).to_numpy()[:5]
    shares = train(DEPRESSING, [0.05] * 4)
    assert jumps == pytest.approx(shares / shares[0], rel=1e-6)
