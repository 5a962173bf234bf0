"""Dainauskas, Marie, Migliore & Saudargiene 2023 (Front Synaptic Neurosci 15:1113957).

The strengths are those that the authors' code, ModelDB 267680, gives for its figures 3 and 4. In
that code a lag of 0 puts the onset of the somatic pulse 3 ms before the presynaptic spike, and,
in figure 3, it is the last spike of a burst that the lag counts for.
"""

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine.batch import Batch
from plasticity_sim.engine.reference import run_reference

MODEL = "dainauskas_2023"
CODE = "Dainauskas et al. 2023, authors' code"
REFERENCE = ps.Options(engine="reference", rtol=1e-8)
ONSET = 3  # ms
BURST = 10  # ms between postsynaptic spikes
STEP = 0.1  # ms: a synapse of the authors' code opens in the step after its spike

# figure: pairs, interval (ms), postsynaptic spikes, {lag (ms): strength}
FIGURE_3 = {
    "3A": (60, 200, 2, {
        -100: 0.990693, -70: 0.996002, -50: 0.979120, -30: 0.865953, -20: 0.705917,
        -10: 0.501629, 0: 0.400971, 10: 1.530481, 20: 1.604872, 30: 1.550926, 50: 0.731005,
        70: 0.923406, 100: 0.990499}),
    "3B": (5, 200, 2, {
        -50: 0.999722, -10: 0.985513, 0: 1.009562, 10: 1.051703, 20: 1.064206, 50: 0.993704}),
    "3C": (30, 1000, 2, {-50: 0.999489, -10: 0.986357, 10: 0.878611, 50: 0.987516}),
    "3D": (60, 200, 1, {-50: 0.980527, -10: 0.564214, 0: 0.406861, 10: 0.458135, 50: 0.906116}),
}  # fmt: skip
# interval (ms), then number of postsynaptic spikes, to strength; first spike 10 ms after the pre
FIGURE_4A = {1000: 0.975354, 200: 0.889669, 100: 1.194378, 50: 1.728925, 33: 1.991524,
             25: 1.999993, 20: 2.000000}  # fmt: skip
FIGURE_4B = {1: 0.684784, 2: 1.364238, 3: 1.612031, 4: 1.758897}

VOLTAGES = (-80, -70, -60, -40, -20, 0, 20, 40)  # mV


def arm(name, pairs, interval, spikes, lag):
    """Return the YAML of one arm; `lag` (ms) is from the presynaptic spike to the first pulse."""
    return (
        f"  - name: {name}\n    induction: [{{pre: [{{count: {pairs}, interval: {interval} ms}}], "
        f"post: {{lag: {lag:g} ms, burst: {{count: {spikes}, interval: {BURST} ms}}}}}}]\n"
    )


def write(folder, arms, record="100 s"):
    path = folder / "pairings.yaml"
    path.write_text(
        "format: 1\ntitle: The pairings of figures 3 and 4\nfollow_up: {duration: 300 ms}\n"
        f"record: [{{every: {record}}}]\narms:\n" + "".join(arms)
    )
    return str(path)


def of_figure_3(figure):
    pairs, interval, spikes, table = FIGURE_3[figure]
    for lag in table:
        onset = lag - ONSET - BURST * (spikes - 1) - STEP
        yield arm(f"{figure} {lag}", pairs, interval, spikes, onset)


def final(data):
    """Return the strength at the end of each arm, by its name."""
    data = data.isel(state=0, synapse=0)
    last = data["time_after"].broadcast_like(data["w"]).argmax("sample")
    return dict(zip(data["arm"].to_numpy(), data["w"].isel(sample=last).to_numpy(), strict=True))


@pytest.fixture(scope="module")
def strengths(tmp_path_factory):
    """Return the strength after every pairing of both figures: one batch."""
    arms = [text for figure in FIGURE_3 for text in of_figure_3(figure)]
    arms += [arm(f"4A {interval}", 20, interval, 1, 10 - ONSET - STEP) for interval in FIGURE_4A]
    arms += [arm(f"4B {spikes}", 30, 200, spikes, 10 - ONSET - STEP) for spikes in FIGURE_4B]
    return final(ps.simulate(MODEL, write(tmp_path_factory.mktemp("pairings"), arms)))


@pytest.mark.long
@pytest.mark.parametrize("figure", FIGURE_3)
def test_strength_against_lag_is_that_of_the_authors(claim, strengths, figure):
    pairs, interval, spikes, table = FIGURE_3[figure]
    ours = [strengths[f"{figure} {lag}"] for lag in table]
    claim.number(
        f"strength after {pairs} pairs every {interval} ms with {spikes} postsynaptic spikes, "
        f"lags from {min(table)} to {max(table)} ms", list(table.values()), ours,
        source=f"{CODE}, Fig. {figure}", rel=0.005,
    )  # fmt: skip


@pytest.mark.long
def test_strength_against_rate_is_that_of_the_authors(claim, strengths):
    claim.number(
        "strength after 20 pairs at 1 to 50 Hz", list(FIGURE_4A.values()),
        [strengths[f"4A {interval}"] for interval in FIGURE_4A], source=f"{CODE}, Fig. 4A",
        rel=0.005,
    )  # fmt: skip


@pytest.mark.long
def test_strength_against_postsynaptic_spikes_is_that_of_the_authors(claim, strengths):
    claim.number(
        "strength after 30 pairs with 1 to 4 postsynaptic spikes", list(FIGURE_4B.values()),
        [strengths[f"4B {spikes}"] for spikes in FIGURE_4B], source=f"{CODE}, Fig. 4B", rel=0.005,
    )  # fmt: skip


@pytest.fixture(scope="module")
def channels(lane):
    """Return the open shares (rows 2A, 2B) 1 ms, 21 ms and 51 ms after the first of two pulses.

    The second one comes at 50 ms.
    """
    model = ps.load_model(MODEL)
    names = ("on_2a", "off_2a", "on_2b", "off_2b")
    one = lane(model, 0.06, samples=[0.001, 0.021, 0.051], pre=[0.0, 0.05])
    found = run_reference(Batch(model, (one,), names, (), ()), rtol=1e-9).samples
    return np.array(
        [found["on_2a"][0] + found["off_2a"][0], found["on_2b"][0] + found["off_2b"][0]]
    )


def test_pulses_of_glutamate_open_and_leave_as_in_closed_form(claim, channels):
    alpha, beta = np.array([0.5, 0.1]), np.array([0.024, 0.0075])  # 1/ms
    most, rise = alpha / (alpha + beta), np.exp(-(alpha + beta))
    first = most * (1 - rise)
    second = most + (first * np.exp(-49 * beta) - most) * rise
    for when, expected, ours in (
        ("after 1 ms of glutamate", first, channels[:, 0]),
        ("20 ms later", first * np.exp(-20 * beta), channels[:, 1]),
        ("after a second pulse 50 ms from the first", second, channels[:, 2]),
    ):
        claim.number(
            f"open GluN2A and GluN2B {when}", expected, ours,
            source="Dainauskas et al. 2023, closed form of two states", rel=1e-6,
        )  # fmt: skip


def test_magnesium_block_is_that_of_jahr_and_stevens(claim):
    model = ps.load_model(MODEL)
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    block = model.variables["mg_unblock"].expression
    claim.number(
        "share free of magnesium at -80, -70, -60, -40, -20, 0, 20 and 40 mV",
        [0.024425, 0.044471, 0.079626, 0.230155, 0.508141, 0.781182, 0.925018, 0.977080],
        [block.evaluate(values | {"v_before": v / 1e3}) for v in VOLTAGES],
        source="Jahr & Stevens 1990, closed form", rel=2e-5,
    )  # fmt: skip


def test_without_receptors_nothing_changes(claim, tmp_path):
    protocol = ps.load_protocol(write(tmp_path, [arm("apv", 3, 200, 2, 7)]))
    with_apv = protocol.with_drugs([{"name": "apv"}])
    plain, blocked = (
        float(final(ps.simulate(MODEL, one, options=REFERENCE))["apv"])
        for one in (protocol, with_apv)
    )
    assert plain > 1.01
    claim.number(
        "strength after pairs with NMDA receptors blocked", 1, blocked,
        source="Dainauskas et al. 2023, equations", abs=1e-9,
    )  # fmt: skip


@pytest.mark.long
def test_strength_stays_between_its_bounds(claim, strengths):
    ours = np.array(list(strengths.values()))
    claim.number(
        "least and largest strength of all pairings", [0.4, 2.0], [ours.min(), ours.max()],
        source="Dainauskas et al. 2023, w_min and w_max", rel=0.005,
    )  # fmt: skip
    assert 0.4 <= ours.min() < ours.max() <= 2.0
