"""Saturating LTP and LTD, dW/dt = eta1 LTP (Wmax - W) - eta2 LTD W, against closed forms.

With calcium held the equation is linear in W. Over frequency it has the shape that Bienenstock,
Cooper & Munro 1982 (J Neurosci 2:32) ask for: nothing, depression, a crossing, potentiation.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import plasticity_sim as ps
from plasticity_sim.measures import at_measure

MODEL = "saturating_ltp_ltd"
REFERENCE = ps.Options(engine="reference", rtol=1e-9)
FORMULA = "closed form of dW/dt = eta1 LTP (Wmax - W) - eta2 LTD W"
BCM = "Bienenstock et al. 1982"
LEVELS = np.array([0.3, 0.7, 1.0, 1.5, 3.0])  # of calcium, in units of half LTD


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function from the lines of a protocol to its data."""
    path = tmp_path_factory.mktemp("saturating") / "own.yaml"

    def data(text, **values):
        path.write_text(f"format: 1\ntitle: own\n{text}")
        return ps.simulate(MODEL, str(path), options=REFERENCE, **values)

    return data


@pytest.fixture(scope="module")
def p():
    return {name: one.value for name, one in ps.load_model(MODEL).parameters.items()}


def rates(p, ca):
    """Return the rates of potentiation and depression (1/s) at calcium `ca`."""
    ltp, ltd = (1 / (1 + (p[theta] / ca) ** p["n_hill"]) for theta in ("theta_ltp", "theta_ltd"))
    return p["eta1"] * ltp, p["eta2"] * ltd


def held(run, seconds, **values):
    windows = ", ".join(f"{level:g}" for level in LEVELS)
    data = run(
        f"follow_up: {{duration: {seconds:g} s}}\nrecord: [{{every: 10 s}}]\n"
        f"set: [{{ca: [{windows}], from: 1 s}}]\n",
        **values,
    )
    return at_measure(data, "w").isel(state=0, synapse=0).to_numpy()


@pytest.mark.parametrize("start", [0.2, 1.0, 1.9])
def test_at_held_calcium_the_strength_approaches_its_goal_exponentially(claim, run, p, start):
    up, down = rates(p, LEVELS)
    goal = up * p["w_max"] / (up + down)
    expected = goal + (start - goal) * np.exp(-(up + down) * 30)
    found = held(run, 31, w_start=str(start))
    claim.number(
        f"strength after 30 s at five calcium levels, from {start:g}", expected, found,
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def test_both_ends_are_forgotten_where_both_drives_are_on(claim, run, p):
    up, down = rates(p, LEVELS[2:])
    ends = [held(run, 2000, w_start=start)[2:] for start in ("0", "2")]
    claim.number(
        "final strength from none and from the largest", [up * p["w_max"] / (up + down)] * 2, ends,
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def test_single_transients_have_the_integrals_of_their_hill_functions(claim, run, p):
    data = run("induction: [{pre: [{count: 1}]}]\nfollow_up: {duration: 3 s}\n")

    def slope(t, w):
        up, down = rates(p, p["c_pre"] * np.exp(-t / p["tau_ca"]))
        return up * (p["w_max"] - w) - down * w

    def integral(theta):  # of the Hill function of a decaying transient, in closed form
        return p["tau_ca"] / p["n_hill"] * np.log1p((p["c_pre"] / theta) ** p["n_hill"])

    up, down = p["eta1"] * integral(p["theta_ltp"]), p["eta2"] * integral(p["theta_ltd"])
    # to first order in the change, which is a thousandth
    first_order = up * (p["w_max"] - 1) - down
    exact = solve_ivp(slope, (0, 3), [1.0], rtol=1e-11, atol=1e-14).y[0, -1] - 1
    found = at_measure(data, "w").item() - 1
    assert found == pytest.approx(exact, rel=1e-5)
    claim.number(
        "change by one spike, from the integrals of both Hill functions", first_order, found,
        source=FORMULA, rel=1e-3,
    )  # fmt: skip


def test_without_calcium_every_strength_stays(claim, run):
    starts = ["0.2", "1", "1.9"]
    ends = [at_measure(run("follow_up: {duration: 1 h}\n", w_start=w), "w").item() for w in starts]
    claim.number("strength after an hour", [0.2, 1, 1.9], ends, source=FORMULA, rel=1e-12)


@pytest.fixture(scope="module")
def over_frequency(run):
    """Return rates (Hz) and the change (%) by 20 s of presynaptic spikes at each."""
    data = run(
        "follow_up: {duration: 20 s, rate: [0.1 Hz, 1 Hz, 3 Hz, 5 Hz, 8 Hz, 12 Hz, 20 Hz, 50 Hz]}\n"
        "record: [{every: 20 s}]\n"
    )
    change = at_measure(data).to_numpy() - 100
    return data["rate"].to_numpy(), change


def test_the_curve_over_frequency_is_that_of_bcm(claim, over_frequency):
    rate, change = over_frequency
    falls, rises = change[rate <= 8], change[rate >= 12]
    claim.holds(
        "depression at low rates, potentiation at high ones, one crossing, little near zero",
        bool(np.all(falls < 0) and np.all(rises > 0) and np.all(np.diff(rises) > 0)
             and abs(change[0]) < 0.1 * abs(change).max() and falls.argmin() not in (0, 4)),
        source=BCM, published="0 at rest, negative, then positive above a threshold",
        ours=", ".join(f"{c:+.1f} % at {r:g} Hz" for r, c in zip(rate, change, strict=True)),
    )  # fmt: skip


def test_the_crossing_of_held_calcium_is_where_both_terms_are_equal(claim, run, p):
    ratio = p["eta2"] / (p["eta1"] * (p["w_max"] - 1))
    ltp, ltd = (p[name] ** p["n_hill"] for name in ("theta_ltp", "theta_ltd"))
    threshold = ((ratio * ltp - ltd) / (1 - ratio)) ** (1 / p["n_hill"])
    levels = f"[{0.9 * threshold}, {threshold}, {1.1 * threshold}]"
    data = run(f"follow_up: {{duration: 11 s}}\nset: [{{ca: {levels}, from: 1 s}}]\n")
    below, at, above = at_measure(data, "w").isel(state=0, synapse=0).to_numpy()
    assert below < 1 < above
    claim.number("strength after 10 s at the threshold", 1, at, source=BCM, rel=1e-7)
