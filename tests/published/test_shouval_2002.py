"""Shouval, Bear & Cooper 2002 (PNAS 99:10831): one rule of calcium for pairing, rate and timing.

The paper has figures only. The tables come from an implementation of its equations independent of
this one, by Euler steps of 0.1 ms (pairing, rates) and 0.05 ms (timing); its steps down to 0.005 ms
tell what they would be without.
"""

from __future__ import annotations

import numpy as np
import pytest

import plasticity_sim as ps

MODEL = "shouval_2002"
COMPUTED = "Shouval et al. 2002, computed from the published equations"
PAPER = "Shouval et al. 2002"
REST = 0.25  # strength
EXACT = ps.Options(engine="reference", rtol=1e-8)

# calcium (uM): eta (1/s), omega
RULE = {0: (9.999e-5, 0.25), 0.35: (0.300136, 0.125), 0.45: (None, 4.19e-4),
        0.55: (0.624603, 0.5), 1: (0.909092, 1)}  # fmt: skip
# potential (mV): strength after 100 pulses over that before, largest calcium (uM)
PAIRING = {-65: (0.9990, 0.280), -60: (0.7411, 0.364), -55: (0.3301, 0.469), -50: (1.5486, 0.600),
           -45: (2.4555, 0.757), -40: (2.7973, 0.941), -30: (3.0888, 1.374),
           -20: (3.2138, 1.833), -10: (3.2754, 2.213)}  # fmt: skip
# rate (Hz): the same for an EPSP of 10 mV
RATES = {0.5: (0.5241, 0.399), 1: (0.5152, 0.401), 2: (0.4373, 0.423), 3: (0.3487, 0.460),
         5: (0.7290, 0.555), 7: (2.3948, 0.664), 9: (3.7743, 0.778), 10: (3.9972, 0.837),
         20: (3.9742, 1.471)}  # fmt: skip
# lag (ms): the strength after 100 pairs at 1 Hz over that before
LAGS = {-100: 0.9975, -50: 0.9909, -30: 0.9351, -20: 0.7391, -10: 0.4392, -5: 0.3605, 0: 2.0193,
        5: 1.9778, 10: 1.9236, 20: 1.7739, 30: 1.5525, 40: 1.2173, 50: 0.7543, 60: 0.4678,
        70: 0.4499, 80: 0.5026, 100: 0.6415, 120: 0.8135, 150: 0.9924}  # fmt: skip
# where the curve of lags or rates is steep: the table's value at Euler steps of 0.01 and 0.005 ms
STEEP_LAGS = {-5: (0.3561, 0.3556), 40: (1.2031, 1.2013), 50: (0.7400, 0.7383),
              60: (0.4640, 0.4636)}  # fmt: skip
STEEP_RATES = {5: (0.7223, 0.7219)}
STEPS = (
    "the table's Euler step; at a hundredth of a millisecond and below it comes to the value here"
)


def extrapolated(values):
    """Return values at steps of 0.01 and 0.005 ms, continued to no step."""
    return [2 * fine - coarse for coarse, fine in values]


def strength(data, rate):
    """Return the strength one period after the last pulse, over that at rest."""
    w = data["w"].isel(state=0, synapse=0)
    after = data["time_after"].broadcast_like(w).to_numpy()
    rows = zip(np.atleast_2d(after), np.atleast_2d(w.to_numpy()), strict=True)
    return np.array([np.interp(1 / rate, time, value) for time, value in rows]) / REST


def peaks(data):
    return data["peak_ca"].isel(state=0, synapse=0).to_numpy()


@pytest.mark.parametrize("calcium", RULE)
def test_calcium_asks_for_a_strength_at_a_rate(calcium, claim, tmp_path):
    path = tmp_path / "held.yaml"
    path.write_text(
        "format: 1\ntitle: Calcium held\nfollow_up: {duration: 1 s}\n"
        f"set: [{{ca: {calcium} uM}}]\nrecord: [{{every: 1 s}}]\n"
    )
    data = ps.simulate(MODEL, str(path), options=EXACT).isel(state=0, synapse=0, sample=-1)
    eta, omega = RULE[calcium]
    claim.number(f"strength that {calcium} uM of calcium asks for", omega, float(data["omega"]),
                 source=COMPUTED, rel=0.01)  # fmt: skip
    if eta is not None:
        claim.number(f"rate at which {calcium} uM changes the strength", eta, float(data["eta"]),
                     source=COMPUTED, unit="1/s", rel=0.01)  # fmt: skip


def test_the_strength_rests_at_the_value_for_no_calcium(claim):
    data = ps.simulate(MODEL, "spikes_apart", options=EXACT)
    first = data["w"].isel(state=0, synapse=0, sample=0).sel(arm="pre")
    claim.number("strength at rest", REST, float(first), source=COMPUTED, rel=1e-6)


def test_single_spikes_and_pairs_raise_calcium_as_published(claim):
    alone = ps.simulate(MODEL, "spikes_apart", options=EXACT)
    pairs = ps.simulate(MODEL, "shouval_2002_timing", lag="-10, 10 ms", count="1",
                        options=EXACT)  # fmt: skip
    claim.number("calcium of a presynaptic spike, alone, 10 ms after and 10 ms before a bAP",
                 [0.28797, 0.42387, 0.64167], [peaks(alone)[0], *peaks(pairs)], source=COMPUTED,
                 unit="uM", rel=0.01)  # fmt: skip
    claim.number("calcium of a postsynaptic spike alone", 0, peaks(alone)[1], unit="uM",
                 source=PAPER, abs=1e-9)  # fmt: skip


def test_without_nmda_receptors_nothing_changes(claim):
    protocol = ps.load_protocol("shouval_2002_timing").with_settings(lag="10 ms", count="5")
    data = ps.simulate(MODEL, protocol.with_drugs([{"name": "apv"}]), options=EXACT)
    claim.number("strength after pairs in APV", 1, strength(data, 1), source=PAPER,
                 rel=1e-6)  # fmt: skip


@pytest.fixture(scope="module")
def timing():
    return ps.simulate(MODEL, "shouval_2002_timing")


@pytest.mark.long
def test_pairing_with_a_held_potential(claim):
    data = ps.simulate(MODEL, "shouval_2002_pairing")
    assert list(data["v_rest"].to_numpy()) == list(PAIRING)
    claim.number("strength after 100 pulses at -65 to -10 mV, over that before",
                 [w for w, _ in PAIRING.values()], strength(data, 1), source=COMPUTED,
                 rel=0.01)  # fmt: skip
    claim.number("largest calcium at -65 to -10 mV", [ca for _, ca in PAIRING.values()],
                 peaks(data), source=COMPUTED, unit="uM", rel=0.01)  # fmt: skip
    curve = strength(data, 1)
    claim.holds("pairing by potential", bool(curve[:3].max() < 1 < curve[3:].min()),
                source=PAPER, published="depression below, potentiation above -50 mV",
                ours=f"{curve[2]:.2f} at -55 mV, {curve[3]:.2f} at -50 mV")  # fmt: skip


@pytest.mark.long
def test_a_hundred_pulses_at_each_rate(claim):
    data = ps.simulate(MODEL, "shouval_2002_frequency", a_epsp="10 mV")
    rates = data["rate"].to_numpy()
    assert list(rates) == list(RATES)
    found = np.array([strength(data.sel(rate=[rate]), rate)[0] for rate in rates])
    table = np.array([w for w, _ in RATES.values()])
    steep = np.isin(rates, list(STEEP_RATES))
    claim.number("strength after 100 pulses at 0.5 to 20 Hz, over that before", table[~steep],
                 found[~steep], source=COMPUTED, rel=0.01)  # fmt: skip
    claim.number("the same at 5 Hz, where the curve is steep", table[steep], found[steep],
                 source=COMPUTED, rel=0.01, differs=STEPS)  # fmt: skip
    claim.number("the same at 5 Hz without a step", extrapolated(STEEP_RATES.values()),
                 found[steep], source=COMPUTED, rel=0.01)  # fmt: skip
    claim.number("largest calcium at 0.5 to 20 Hz", [ca for _, ca in RATES.values()], peaks(data),
                 source=COMPUTED, unit="uM", rel=0.01)  # fmt: skip


@pytest.mark.long
def test_a_hundred_pairs_at_each_lag(claim, timing):
    lags = timing["lag"].to_numpy()
    assert list(lags) == list(LAGS)
    found, table = strength(timing, 1), np.array(list(LAGS.values()))
    steep = np.isin(lags, list(STEEP_LAGS))
    claim.number("strength after 100 pairs at 1 Hz, lags -100 to 150 ms, over that before",
                 table[~steep], found[~steep], source=COMPUTED, rel=0.01)  # fmt: skip
    claim.number("the same at -5, 40, 50 and 60 ms, where the curve is steep", table[steep],
                 found[steep], source=COMPUTED, rel=0.01, differs=STEPS)  # fmt: skip
    claim.number("the same at -5, 40, 50 and 60 ms without a step",
                 extrapolated(STEEP_LAGS.values()), found[steep], source=COMPUTED,
                 rel=0.002)  # fmt: skip


@pytest.mark.long
def test_depression_comes_again_at_long_positive_lags(claim, timing):
    lags, found = timing["lag"].to_numpy(), strength(timing, 1)
    signs = {float(lag): bool(w > 1) for lag, w in zip(lags, found, strict=True)}
    expected = {float(lag): 0 <= lag <= 40 for lag in LAGS}
    depressed = [lag for lag in LAGS if lag > 0 and not signs[lag]]
    claim.holds("second window of depression", signs == expected, source=PAPER,
                published="depression below 0, potentiation up to 45 ms, depression beyond",
                ours=f"potentiation at 0 to 40 ms, depression from {depressed[0]} ms")  # fmt: skip


@pytest.mark.long
def test_faster_pairs_potentiate_at_every_lag(claim):
    lags = "-40, -20, -10, 10 ms"
    five, ten = (
        strength(ps.simulate(MODEL, "shouval_2002_timing", lag=lags, rate=f"{rate} Hz"), rate)
        for rate in (5, 10)
    )
    claim.number("strength after 100 pairs at 5 Hz, lags -40, -20, -10 and 10 ms",
                 [0.178, 1.137, 1.996, 2.630], five, source=COMPUTED, rel=0.01)  # fmt: skip
    claim.number("strength after 100 pairs at 10 Hz, the same lags", [4, 4, 4, 4], ten,
                 source=COMPUTED, rel=0.01)  # fmt: skip
