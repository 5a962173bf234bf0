"""Pair-based STDP, all to all, against its closed forms and Song, Miller & Abbott 2000.

Song et al. (Nat Neurosci 3:919) give the window and its area; every other number follows from
the window by adding over all pairs of spikes.
"""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.measures import at_measure

MODEL = "pair_stdp"
REFERENCE = ps.Options(engine="reference", rtol=1e-9)
SONG, FORMULA = "Song et al. 2000", "closed form of the rule of Song et al. 2000"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function from an induction to the final strengths, which begin at 1."""
    path = tmp_path_factory.mktemp("pairs") / "own.yaml"

    def strengths(induction, **values):
        path.write_text(
            f"format: 1\ntitle: own\ninduction: [{induction}]\nfollow_up: {{duration: 1 s}}\n"
            "record: [{every: 1 s}]\n"
        )
        data = ps.simulate(MODEL, str(path), options=REFERENCE, **values)
        return at_measure(data, "w").isel(state=0, synapse=0).to_numpy()

    return strengths


@pytest.fixture(scope="module")
def window():
    """Return W(lag), the change by one pair, from the parameters of the model."""
    p = {name: one.value for name, one in ps.load_model(MODEL).parameters.items()}

    def change(lag):
        # at zero the presynaptic spike comes first
        later = p["a_plus"] * np.exp(-np.abs(lag) / p["tau_plus"])
        earlier = -p["a_minus"] * np.exp(-np.abs(lag) / p["tau_minus"])
        return p["w_max"] * np.where(lag >= 0, later, earlier)

    return change


def test_one_pair_gives_the_two_exponentials(claim, run, window):
    lags = np.linspace(-0.06, 0.06, 13)
    found = run('{pre: [{count: 1}], post: {lag: "-60:60:13 ms"}}') - 1
    claim.number("change by one pair, 13 lags", window(lags), found, source=SONG, rel=1e-6)


def test_depression_has_the_larger_area(claim, run):
    w = run("{pre: [{count: 1}], post: {lag: [-30 ms, -10 ms, 10 ms, 30 ms]}}") - 1
    areas = []
    for near, far in ((w[1], w[0]), (w[2], w[3])):
        tau = 0.020 / np.log(near / far)
        areas.append(tau * near * np.exp(0.010 / tau))
    claim.number(
        "area of depression over that of potentiation", 1.05, -areas[0] / areas[1],
        source=SONG, rel=1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("sign", [1, -1])
def test_a_train_of_pairs_is_the_geometric_sum(claim, run, window, sign):
    rates = np.array([1.0, 10.0, 30.0, 50.0])
    lag, count = sign * 0.004, 20
    found = run(
        f"{{pre: [{{count: {count}, rate: [1 Hz, 10 Hz, 30 Hz, 50 Hz]}}], "
        f"post: {{lag: {sign * 4} ms}}}}"
    )
    distances = np.subtract.outer(np.arange(count), np.arange(count))
    expected = [1 + window(distances / rate + lag).sum() for rate in rates]
    claim.number(
        f"20 pairs at {sign * 4} ms, four rates", expected, found, source=FORMULA, rel=1e-7
    )


def test_irregular_trains_count_every_pair_of_spikes(claim, run, window):
    found = run(
        "{pre: {poisson: 20 Hz, duration: 5 s, seed: 3}, "
        "post: {train: {poisson: 20 Hz, duration: 5 s, seed: 4}}}"
    )
    trains = [np.random.default_rng(seed) for seed in (3, 4)]
    pre, post = (np.sort(g.uniform(0, 5, g.poisson(100))) for g in trains)
    expected = 1 + window(np.subtract.outer(post, pre)).sum()
    claim.number(
        "two independent trains of 20 Hz for 5 s", expected, found, source=FORMULA, rel=1e-7
    )


def test_a_triplet_is_the_sum_of_its_pairs(claim, run, window):
    found = run(
        "{pre: [{count: 2, interval: 15 ms}], post: {levels: [{count: 2, interval: 5 ms}]}}"
    )
    expected = 1 + window(np.subtract.outer([0, 0.005], [0, 0.015])).sum()
    claim.number("two spikes on either side", expected, found, source=FORMULA, rel=1e-7)


def test_the_strength_stays_between_its_bounds(claim, run):
    ends = run("{pre: [{count: 400, rate: 10 Hz}], post: {lag: [-5 ms, 5 ms]}}")
    claim.holds(
        "pairs of one order drive the strength to a bound and no further",
        ends.tolist() == [0, 2],
        source=SONG, published="0 and the largest strength", ours=f"{ends[0]:g} and {ends[1]:g}",
    )  # fmt: skip
