"""Hebb's rule dw = eta x y, against its closed forms (Gerstner & Kistler 2002, Biol Cybern 87:404).

Both activities are spike trains seen through exponential kernels of area one, so that a pair of
spikes, a regular train and held rates all have an integral of x y that can be written down.
"""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.measures import at_measure

MODEL = "hebbian"
REFERENCE = ps.Options(engine="reference", rtol=1e-9)
HEBB, FORMULA = "Hebb 1949", "Gerstner & Kistler 2002, closed form of dw = eta x y"
AFTER = "follow_up: {duration: 2 s}\nrecord: [{every: 2 s}]\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function from the lines of a protocol to the changes of strength at its end."""
    path = tmp_path_factory.mktemp("hebbian") / "own.yaml"

    def changes(text, **values):
        path.write_text(f"format: 1\ntitle: own\n{text}{AFTER}")
        data = ps.simulate(MODEL, str(path), options=REFERENCE, **values)
        return at_measure(data, "w").isel(state=0, synapse=0).to_numpy() - 1

    return changes


@pytest.fixture(scope="module")
def constants():
    values = {name: p.value for name, p in ps.load_model(MODEL).parameters.items()}
    return values["eta"], values["tau_pre"], values["tau_post"]


PAIR = (
    "induction: [{pre: [{count: 1}], post: {lag: [-50 ms, -20 ms, -5 ms, 5 ms, 20 ms, 50 ms]}}]\n"
)
LAGS = np.array([-50, -20, -5, 5, 20, 50]) * 1e-3


def pair_change(eta, tau_pre, tau_post, lag):
    leading = np.where(lag > 0, tau_pre, tau_post)
    return eta * np.exp(-np.abs(lag) / leading) / (tau_pre + tau_post)


def test_a_pair_of_spikes_changes_the_weight_by_the_overlap_of_its_traces(claim, run, constants):
    claim.number(
        "change by one pair, six lags", pair_change(*constants, LAGS), run(PAIR),
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def test_unequal_traces_make_the_window_lopsided(claim, run, constants):
    eta, _, tau_post = constants
    found = run(PAIR, tau_pre="60 ms")
    claim.number(
        "change by one pair where the presynaptic trace lasts three times as long",
        pair_change(eta, 0.060, tau_post, LAGS), found, source=FORMULA, rel=1e-6,
    )  # fmt: skip
    assert np.all(found[LAGS > 0] > found[LAGS < 0][::-1])


def test_held_rates_give_eta_times_their_product(claim, run, constants):
    found = run(
        "induction: [{pre: [{count: 1}]}]\n"
        "set:\n"
        "  - {x_pre: 10 Hz, from: 1 s, until: 1.5 s}\n"
        "  - {y_post: 40 Hz, from: 1 s, until: 1.5 s}\n"
    )
    eta, tau_pre, tau_post = constants
    # afterwards both decay together from where they were held
    decay = 10 * 40 * tau_pre * tau_post / (tau_pre + tau_post)
    claim.number(
        "half a second of 10 Hz with 40 Hz", eta * (10 * 40 * 0.5 + decay), found,
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def test_a_train_of_pairs_changes_the_weight_by_the_sum_over_all_pairs(claim, run, constants):
    found = run(
        "induction: [{pre: [{count: 20, rate: [1 Hz, 10 Hz, 50 Hz]}], post: {lag: 4 ms}}]\n"
    )
    every = [np.subtract.outer(np.arange(20) / f + 0.004, np.arange(20) / f) for f in (1, 10, 50)]
    expected = [pair_change(*constants, lags).sum() for lags in every]
    claim.number(
        "change by 20 pairs at 1, 10 and 50 Hz", expected, found,
        source=FORMULA, rel=1e-6,
    )  # fmt: skip


def test_one_side_alone_changes_nothing(claim, run):
    alone = [
        float(run("induction: [{pre: [{count: 50, rate: 50 Hz}]}]\n")),
        float(run("induction: [{post: {levels: [{count: 50, rate: 50 Hz}]}}]\n")),
    ]
    both = float(run("induction: [{pre: [{count: 50, rate: 50 Hz}], post: {lag: 0 ms}}]\n"))
    claim.holds(
        "the synapse strengthens only if both cells are active",
        alone == [0, 0] and both > 0.05,
        source=HEBB, published="only if one takes part in firing the other",
        ours=f"{alone[0]:g} and {alone[1]:g} alone, {both:.3g} together",
    )  # fmt: skip


def test_the_rule_never_depresses_and_never_stops(claim, run):
    counts = "induction: [{pre: [{count: [100, 200, 400], rate: 20 Hz}], post: {lag: 0 ms}}]\n"
    found = run(counts)
    claim.number(
        "growth with the number of pairs, without a bound", [2, 2], found[1:] / found[:-1],
        source=FORMULA, rel=0.01,
    )  # fmt: skip
