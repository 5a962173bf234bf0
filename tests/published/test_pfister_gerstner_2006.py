"""The triplet rule of Pfister & Gerstner 2006 (J Neurosci 26:9673), both fitted sets of numbers.

Every spike counts, so that any protocol is a sum over pairs and triplets of spikes; the sums here
are written over spike times and know nothing of traces.
"""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.measures import at_measure

CORTEX, HIPPOCAMPUS = (
    "pfister_gerstner_2006_visual_cortex",
    "pfister_gerstner_2006_hippocampus",
)
BOTH = pytest.mark.parametrize("model", [CORTEX, HIPPOCAMPUS])
REFERENCE = ps.Options(engine="reference", rtol=1e-9)
PAPER, FORMULA = "Pfister & Gerstner 2006", "closed form of the rule of Pfister & Gerstner 2006"
DATA = "Sjostrom et al. 2001, as fitted by Pfister & Gerstner 2006"

RATES = (0.1, 10, 20, 40, 50)  # Hz
MEASURED = {  # lag in ms: ratio and its standard error at each rate
    10: ([0.96, 1.14, 1.29, 1.53, 1.56], [0.05, 0.10, 0.14, 0.11, 0.26]),
    -10: ([0.71, 0.59, 0.66, 1.56, 1.75], [0.08, 0.11, 0.10, 0.32, 0.19]),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function from an induction to the changes of strength by it."""
    path = tmp_path_factory.mktemp("triplets") / "own.yaml"
    path.with_name("middle.csv").write_text("".join(f"{time}.005\n" for time in range(60)))

    def change(model, induction):
        path.write_text(
            f"format: 1\ntitle: own\ninduction: [{induction}]\nfollow_up: {{duration: 1 s}}\n"
            "record: [{every: 1 h}]\n"
        )
        data = ps.simulate(model, str(path), options=REFERENCE)
        return at_measure(data, "w").isel(state=0, synapse=0).to_numpy() - 1

    return change


def constants(model):
    return {name: p.value for name, p in ps.load_model(model).parameters.items()}


def sums(model, pre, post):
    """Return the change of strength by sums over pairs and triplets of spike times."""
    p = constants(model)

    def traces(at, spikes, tau, also_now):
        since = np.subtract.outer(np.asarray(at, float), np.asarray(spikes, float))
        before = since >= -1e-9 if also_now else since > 1e-9
        return np.where(before, np.exp(-np.abs(since) / p[tau]), 0).sum(axis=1)

    # at one moment the presynaptic spike comes first; no spike sees its own trace
    ltp = traces(post, pre, "tau_plus", True) * (
        p["a2_plus"] + p["a3_plus"] * traces(post, post, "tau_y", False)
    )
    ltd = traces(pre, post, "tau_minus", False) * (
        p["a2_minus"] + p["a3_minus"] * traces(pre, pre, "tau_x", False)
    )
    return ltp.sum() - ltd.sum()


@BOTH
def test_one_pair_has_no_triplet_in_it(claim, run, model):
    p = constants(model)
    lags = np.array([-50, -20, -5, 5, 20, 50]) * 1e-3
    found = run(
        model, "{pre: [{count: 1}], post: {lag: [-50 ms, -20 ms, -5 ms, 5 ms, 20 ms, 50 ms]}}"
    )
    expected = np.where(
        lags > 0,
        p["a2_plus"] * np.exp(-lags / p["tau_plus"]),
        -p["a2_minus"] * np.exp(lags / p["tau_minus"]),
    )
    claim.number(
        f"change by one pair at six lags ({model})", expected, found,
        source=FORMULA, rel=1e-6, abs=1e-14,
    )  # fmt: skip


@BOTH
@pytest.mark.parametrize("lag", [10, -10])
def test_sixty_pairs_are_the_sum_over_their_pairs_and_triplets(claim, run, model, lag):
    pre = [np.arange(60) / rate for rate in RATES[1:]]
    rates = ", ".join(f"{rate} Hz" for rate in RATES[1:])
    found = run(model, f"{{pre: [{{count: 60, rate: [{rates}]}}], post: {{lag: {lag} ms}}}}")
    claim.number(
        f"60 pairs at {lag} ms, four rates ({model})",
        [sums(model, own, own + lag * 1e-3) for own in pre], found, source=FORMULA, rel=1e-6,
    )  # fmt: skip


@BOTH
def test_irregular_trains_count_every_pair_and_triplet(claim, run, model):
    found = run(
        model,
        "{pre: {poisson: 20 Hz, duration: 10 s, seed: 5}, "
        "post: {train: {poisson: 30 Hz, duration: 10 s, seed: 6}}}",
    )
    trains = []
    for seed, rate in ((5, 20), (6, 30)):
        generator = np.random.default_rng(seed)
        trains.append(np.sort(generator.uniform(0, 10, generator.poisson(10 * rate))))
    claim.number(
        f"independent trains of 20 and 30 Hz ({model})", sums(model, *trains), found,
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def in_errors(found, lag):
    """Return how far changes are from those measured, at the last of the rates."""
    mean, error = (np.array(values)[-len(found) :] for values in MEASURED[lag])
    return (1 + found - mean) / error


@pytest.mark.parametrize("lag", [10, -10])
def test_pairs_over_frequency_agree_with_the_data_that_were_fitted(claim, run, lag):
    rates = ", ".join(f"{rate} Hz" for rate in RATES)
    found = run(CORTEX, f"{{pre: [{{count: 60, rate: [{rates}]}}], post: {{lag: {lag} ms}}}}")
    claim.number(
        f"60 pairs at {lag} ms, five rates, from the data", np.zeros(5), in_errors(found, lag),
        source=DATA, unit="standard errors", abs=1.5,
    )  # fmt: skip


def test_the_trains_of_the_experiment_are_too_short_for_the_fit(claim, run):
    rates = ", ".join(f"{rate} Hz" for rate in RATES[1:])
    trains = f"[{{count: 15, rate: 0.1 Hz}}, {{name: pairs, count: 5, rate: [{rates}]}}]"
    found = run(CORTEX, f"{{pre: {trains}, post: {{lag: -10 ms}}}}")
    claim.number(
        "15 trains of 5 pairs at -10 ms, four rates, from the data", np.zeros(4),
        in_errors(found, -10),
        source=DATA, unit="standard errors", abs=1.5,
        differs="the numbers fit 60 pairs in a row; trains of five have too few triplets",
    )  # fmt: skip


def test_pairing_at_low_rate_gives_no_ltp_in_visual_cortex(claim, run):
    low, high = run(CORTEX, "{pre: [{count: 60, rate: [0.1 Hz, 40 Hz]}], post: {lag: 10 ms}}")
    claim.holds(
        "potentiation by pre before post needs a high rate", abs(low) < 1e-6 and high > 0.3,
        source=PAPER, published="none at 0.1 Hz, strong at 40 Hz",
        ours=f"{100 * low:.1g} % and {100 * high:.0f} %",
    )  # fmt: skip


def test_the_order_of_a_triplet_decides_in_culture(claim, run):
    post_around = "post: {lag: -5 ms, burst: {count: 2, interval: 10 ms}}"
    pre_around = "pre: [{count: 60, rate: 1 Hz}, {count: 2, interval: 10 ms}]"
    ltp = float(run(HIPPOCAMPUS, f"{{pre: [{{count: 60, rate: 1 Hz}}], {post_around}}}"))
    little = float(run(HIPPOCAMPUS, f"{{{pre_around}, post: {{train: {{file: middle.csv}}}}}}"))
    claim.holds(
        "60 triplets, 5 ms on either side", ltp > 0.3 and abs(little) < 0.05,
        source=PAPER, published="post-pre-post potentiates, pre-post-pre hardly changes",
        ours=f"{100 * ltp:+.0f} % and {100 * little:+.0f} %",
    )  # fmt: skip
    middle = np.arange(60.0)
    around = np.add.outer(middle, [-0.005, 0.005]).ravel()
    claim.number(
        "both orders of triplet, 60 at 1 Hz",
        [sums(HIPPOCAMPUS, middle, around), sums(HIPPOCAMPUS, around, middle)], [ltp, little],
        source=FORMULA, rel=1e-6,
    )  # fmt: skip
