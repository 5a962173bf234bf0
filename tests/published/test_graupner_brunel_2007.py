"""Graupner & Brunel 2007 (PLoS Comput Biol 3:e221): single spikes, resting states, spike timing.

The paper gives the amplitudes and which lags switch the synapse. The table of strengths after the
pairs comes from an implementation of its equations independent of this one; it is read 0.8 s
after the last presynaptic spike, where the PP1 activity agrees with it to every printed digit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine.rest import settle
from plasticity_sim.measures import at_measure
from plasticity_sim.model.parts import Integrator

MODEL = "graupner_brunel_2007"
PAPER = "Graupner & Brunel 2007"
REBUILT = "an implementation of the paper's equations independent of this one"
AFTER_PAIRS = 59.8  # s from the first presynaptic spike

# lag (ms): S from down, S from up (uM), k12 x free PP1 (uM/s)
TABLE = {
    -16: (0.054, 93.623, 15.824), -14: (0.054, 87.676, 16.038), -10: (0.052, 70.865, 16.506),
    -6: (0.051, 54.289, 16.817), -2: (0.052, 77.000, 16.416), 0: (0.085, 139.547, 13.124),
    4: (0.636, 155.634, 10.983), 8: (1.084, 159.510, 10.317), 10: (138.031, 160.392, 10.154),
    12: (148.258, 160.856, 10.063), 14: (148.106, 161.004, 10.029), 16: (139.592, 160.900, 10.041),
    18: (1.182, 160.592, 10.090),
}  # fmt: skip
POTENTIATES = {10, 12, 14, 16}
DEPRESSES = {-14, -12, -10, -8, -6, -4, -2}
K12 = 6000  # 1/s

# next to a switch a small error of the lag or step decides, so 1 % is asked for elsewhere only
BESIDE_A_SWITCH = {("down", 8), ("down", 10), ("down", 16), ("down", 18)}


@pytest.fixture(scope="module")
def spikes():
    options = ps.Options(engine="reference", rtol=1e-8)
    return ps.simulate(MODEL, "spikes_apart", options=options)


@pytest.fixture(scope="module")
def rest():
    model = ps.load_model(MODEL)
    values = {name: p.value for name, p in model.parameters.items()}
    return {state: settle(model, state, values) for state in model.states}


def phosphorylated(state):
    counts = (0, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6)
    return sum(n * 1e3 * state[f"b{i}"] for i, n in enumerate(counts))


@pytest.mark.parametrize(("arm", "published"), [("pre", 0.170), ("post", 0.341)])
def test_calcium_of_a_single_spike(spikes, claim, arm, published):
    rise = float(spikes["peak_ca"].sel(arm=arm, state="down", synapse=0)) - 0.1
    name = {"pre": "presynaptic", "post": "postsynaptic"}[arm]
    claim.number(
        f"calcium transient of a {name} spike", published, rise, source=PAPER, unit="uM", rel=0.01
    )


def test_voltage_of_a_single_spike(spikes, claim):
    v = spikes["v"].sel(arm="pre", state="down", synapse=0)
    rest = float(v.isel(sample=0))
    epsp = float(spikes["peak_v"].sel(arm="pre", state="down", synapse=0)) - rest
    claim.number("EPSP of one release", 1.00, epsp, source=PAPER, unit="mV", rel=0.01)
    claim.number("resting potential", -70.000, rest, source=PAPER, unit="mV", abs=0.001)
    peak = float(spikes["peak_v"].sel(arm="post", state="down", synapse=0))
    claim.number("peak of the action potential", 29.1, peak, source=PAPER, unit="mV", rel=0.01)


@pytest.mark.parametrize(
    ("state", "published", "rel"), [("up", 149.98, 1e-4), ("down", 0.14506, 1e-3)]
)
def test_resting_states(rest, claim, state, published, rel):
    claim.number(
        f"phosphorylated subunits at rest, state {state}", published, phosphorylated(rest[state]),
        source=f"{PAPER}, authors' continuation", unit="uM", rel=rel,
    )  # fmt: skip


def test_the_patterns_of_the_phosphorylated_rings_are_those_of_the_paper(claim):
    # handed down as the resting pattern, but it adds up to 132.4 uM, the branch at 0.20 uM calcium
    published = (1.325911, 2.146327, 0.816472, 0.348016, 3.218889, 1.346285, 1.380859, 0.215422,
                 4.942081, 2.434134, 1.284668, 8.591719, 4.727069)  # fmt: skip
    model = ps.load_model(MODEL)
    values = {name: p.value for name, p in model.parameters.items()}
    held = settle(model, "up", values, {"ca": 0.20e-3})
    claim.number(
        "rings in each of thirteen patterns on the upper branch at 0.20 uM calcium", published,
        [1e3 * held[f"b{i}"] for i in range(1, 14)], source=f"{PAPER}, authors' program",
        unit="uM", rel=1e-4,
    )  # fmt: skip


def test_resting_pp1_and_inhibitor(rest, claim):
    activity, inhibitor = K12 * 1e3 * rest["down"]["pp1_active"], 1e3 * rest["down"]["i1p"]
    source = f"{PAPER}, authors' program"
    claim.number("PP1 at rest, times k12", 7.2117, activity, source=source, unit="uM/s", rel=1e-4)
    claim.number("inhibitor 1 at rest", 0.03308, inhibitor, source=source, unit="uM", rel=1e-3)


def test_apv_leaves_no_calcium_from_a_presynaptic_spike():
    protocol = ps.load_protocol("spikes_apart").with_drugs([{"name": "apv"}])
    data = ps.simulate(MODEL, protocol, options=ps.Options(engine="reference"))
    assert float(data["peak_ca"].sel(arm="pre", state="down", synapse=0)) == pytest.approx(
        0.1, rel=1e-3
    )
    assert float(data["peak_ca"].sel(arm="post", state="down", synapse=0)) > 0.4


def check_lags(data):
    """Compare every lag of `data` with the table, the switches and the conserved total."""
    moment = data["time"].broadcast_like(data["w"]) - AFTER_PAIRS
    pairs_over = np.abs(moment) < 1e-3
    kinase = data["camkii_active"].where(pairs_over).max("sample").squeeze("synapse")
    pp1 = data["pp1_active"].where(pairs_over).max("sample").squeeze("synapse")
    final = at_measure(data, "camkii_active").squeeze("synapse")
    for lag in data["lag"].to_numpy():
        ends = final.sel(lag=lag)
        assert float(ends.sel(state="down")) == pytest.approx(
            149.98 if lag in POTENTIATES else 0.145, rel=0.02
        ), f"from down at {lag} ms"
        assert float(ends.sel(state="up")) == pytest.approx(
            0.145 if lag in DEPRESSES else 149.98, rel=0.02
        ), f"from up at {lag} ms"
        if lag in TABLE:
            down, up, activity = TABLE[lag]
            at_lag = kinase.sel(lag=lag)
            for state, published in (("down", down), ("up", up)):
                if (state, lag) not in BESIDE_A_SWITCH:
                    # three digits after the point are printed
                    tolerance = max(0.01 * published, 5e-4)
                    assert float(at_lag.sel(state=state)) == pytest.approx(
                        published, abs=tolerance
                    ), f"S from {state} at {lag} ms"
            k12_pp1 = K12 * float(pp1.sel(lag=lag, state="down"))
            assert k12_pp1 == pytest.approx(activity, rel=0.01), f"PP1 at {lag} ms"
    drift = np.abs(data["camkii_total"] / data["camkii_total"].isel(sample=0) - 1)
    assert float(drift.max()) < 1e-9


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Return the shipped protocol, with samples where the table was read."""
    shipped = ps.load_protocol("stdp_pairs").document
    path = tmp_path_factory.mktemp("pairs") / "stdp_pairs.yaml"
    record = "record:\n  - {every: 60 min, from: end + 0.8 s}"
    with open(shipped.path, encoding="utf-8") as file:
        path.write_text(file.read().replace("record:", record))
    return ps.load_protocol(str(path))


def test_exactly_the_published_lags_switch_the_synapse(pairs, claim):
    data = ps.simulate(MODEL, pairs)
    assert data.attrs["engine"] == "lanes"
    assert data.sizes["lag"] == 31
    check_lags(data)
    final = at_measure(data, "camkii_active").squeeze("synapse")
    for state, published, switched in (
        ("down", POTENTIATES, final.sel(state="down") > 75),
        ("up", DEPRESSES, final.sel(state="up") < 75),
    ):
        lags = [int(lag) for lag in data["lag"].to_numpy()[switched.to_numpy()]]
        claim.holds(
            f"lags (ms) at which 60 pairs switch the synapse from {state}", set(lags) == published,
            source=PAPER, published=told(published), ours=told(lags),
        )  # fmt: skip
    over = np.abs(data["time"].broadcast_like(data["w"]) - AFTER_PAIRS) < 1e-3
    pp1 = K12 * data["pp1_active"].where(over).max("sample").squeeze("synapse").sel(state="down")
    claim.number(
        "PP1 after 60 pairs at 13 lags, times k12", [row[2] for row in TABLE.values()],
        [float(pp1.sel(lag=lag)) for lag in TABLE], source=REBUILT, unit="uM/s", rel=0.01,
    )  # fmt: skip


def told(lags):
    return " ".join(map(str, sorted(lags)))


@pytest.mark.long
def test_the_reference_switches_at_the_same_lags(pairs):
    check_lags(ps.simulate(MODEL, pairs, options=ps.Options(engine="reference", rtol=1e-6)))


@pytest.mark.long
def test_a_fixed_step_switches_at_the_same_lags(pairs):
    model = replace(ps.load_model(MODEL), integrator=Integrator("rk4", 2e-5))
    check_lags(ps.simulate(model, pairs))
