"""NMDA receptors of ten states: Kampa et al. 2004 and Vargas-Caballero & Robinson 2004.

The published rates are in the models; the peaks come from an implementation of the same rates
that is independent of this one, and the resting shares from the null space of the rate matrix.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

import plasticity_sim as ps

KAMPA, TRAPPING = "kampa_2004", "vargas_caballero_robinson_2004"
REFERENCE = ps.Options(engine="reference", rtol=1e-10)
RATES = {
    KAMPA: "computed from the rates of Kampa et al. 2004",
    TRAPPING: "computed from the rates of Vargas-Caballero & Robinson 2004",
}
VOLTAGES = np.array([-70, -40, 0, 40])  # mV
LEVELS = "[-70 mV, -40 mV, 0 mV, 40 mV]"


@pytest.fixture(scope="module")
def pulse(tmp_path_factory):
    """Return a function from a model to its response to one release at the four voltages."""
    path = tmp_path_factory.mktemp("ten") / "own.yaml"

    def data(model, windows="", every="0.01 ms", **values):
        path.write_text(
            "format: 1\ntitle: own\nbaseline: {duration: 1 ms}\ninduction: [{pre: [{count: 1}]}]\n"
            f"follow_up: {{duration: 20 ms}}\nset: [{{v_hold: {LEVELS}}}{windows}]\n"
            f"record: [{{every: {every}}}]\n"
        )
        return ps.simulate(model, str(path), options=REFERENCE, **values).isel(state=0, synapse=0)

    return data


@pytest.fixture(scope="module")
def from_equilibrium(pulse):
    return {model: pulse(model) for model in (KAMPA, TRAPPING)}


def peak(data):
    """Return the largest open fraction and its time (ms) at each voltage."""
    open_ = data["f_open"].transpose("v_hold", "sample").to_numpy()
    return open_.max(axis=1), 1e3 * data["time"].to_numpy()[open_.argmax(axis=1)]


def test_kampa_peaks_from_unbound_and_free_receptors(claim, pulse):
    # without magnesium before the pulse all receptors are free of it
    found, times = peak(pulse(KAMPA, ", {mg_out: 0 mM, from: start, until: induction}"))
    claim.number(
        "largest open fraction at four voltages, all receptors free of magnesium before",
        [7.36291e-4, 6.50012e-3, 0.0274443, 0.0318922], found, source=RATES[KAMPA], rel=1e-5,
    )  # fmt: skip
    claim.number(
        "time of the peak at four voltages", [6.04, 8.17, 12.38, 13.24], times,
        source=RATES[KAMPA], unit="ms", abs=0.011,
    )  # fmt: skip


def test_kampa_peaks_from_the_equilibrium_without_glutamate(claim, from_equilibrium):
    claim.number(
        "largest open fraction at four voltages, from equilibrium",
        [6.08284e-4, 5.50912e-3, 0.0261376, 0.0318147], peak(from_equilibrium[KAMPA])[0],
        source=RATES[KAMPA], rel=1e-5,
    )  # fmt: skip


def test_trapping_block_peaks(claim, from_equilibrium):
    found, times = peak(from_equilibrium[TRAPPING])
    claim.number(
        "largest open fraction at four voltages",
        [3.17158e-3, 0.0262007, 0.107609, 0.124516], found, source=RATES[TRAPPING], rel=1e-5,
    )  # fmt: skip
    claim.number(
        "time of the peak at -70 and 40 mV", [4.29, 7.69], times[[0, 3]],
        source=RATES[TRAPPING], unit="ms", abs=0.011,
    )  # fmt: skip


def test_trapping_block_peaks_in_a_longer_pulse(claim, pulse):
    found, _ = peak(pulse(TRAPPING, t_glu="10 ms"))
    claim.number(
        "largest open fraction at four voltages in 10 ms of glutamate",
        [5.27583e-3, 0.0457042, 0.204634, 0.239583], found, source=RATES[TRAPPING], rel=1e-5,
    )  # fmt: skip


def trapping_matrix(voltage, glu):
    """Return the rate matrix (1/ms) of the published scheme at a voltage (mV) in 1 mM of Mg."""
    chain = ["C0", "C1", "C2", "O", "B", "C2B", "C1B", "CB"]
    on, off = 0.610 * np.exp(-voltage / 17), 5.4 * np.exp(voltage / 47)
    bind, unbind = 5.0 * glu, 82e-3
    steps = [
        (2 * bind, unbind), (bind, 2 * unbind), (46.5e-3, 91.6e-3), (on, off),
        (229e-3, 41.85e-3), (2 * unbind, bind), (unbind, 2 * bind),
    ]  # fmt: skip
    edges = [(a, b, *rates) for a, b, rates in zip(chain[:-1], chain[1:], steps, strict=True)]
    edges += [("C2", "D", 8.4e-3, 1.8e-3), ("C2B", "DB", 8.4e-3, 1.8e-3)]
    names = [*chain, "D", "DB"]
    matrix = np.zeros((10, 10))
    for one, two, there, back in edges:
        i, j = names.index(one), names.index(two)
        matrix[j, i] += there
        matrix[i, i] -= there
        matrix[i, j] += back
        matrix[j, j] -= back
    return matrix, names


def test_trapping_block_follows_the_matrix_exponential(claim, from_equilibrium):
    data = from_equilibrium[TRAPPING]
    moments = np.array([1, 3, 10, 20])
    expected, found = [], []
    for voltage in VOLTAGES:
        with_glu, names = trapping_matrix(voltage, 1.0)
        without, _ = trapping_matrix(voltage, 0.0)
        begin = expm(with_glu)[:, names.index("C0")]
        states = [expm(without * (t - 1)) @ begin for t in moments]
        expected.append([[s[names.index(name)] for s in states] for name in ("O", "B")])
        own = data.sel(v_hold=voltage)
        rows = [int(np.argmin(np.abs(own["time"].to_numpy() - t * 1e-3))) for t in moments]
        found.append([own[name].to_numpy()[rows] for name in ("f_open", "m_open")])
    claim.number(
        "open and plugged fractions at four voltages and moments", expected, found,
        source="matrix exponential of the scheme of Vargas-Caballero & Robinson 2004", rel=1e-6,
    )  # fmt: skip


def test_depolarisation_lifts_the_block(claim, from_equilibrium):
    ratios = {model: peak(data)[0] for model, data in from_equilibrium.items()}
    lifted = all(np.all(np.diff(found) > 0) for found in ratios.values())
    told = ", ".join(f"{found[3] / found[0]:.0f} times" for found in ratios.values())
    claim.holds(
        "open fraction at 40 mV over that at -70 mV, both receptors", lifted,
        source="Kampa et al. 2004; Vargas-Caballero & Robinson 2004",
        published="grows with depolarisation", ours=told,
    )  # fmt: skip


@pytest.mark.parametrize("model", [KAMPA, TRAPPING])
def test_the_ten_states_stay_one_receptor(from_equilibrium, model):
    total = from_equilibrium[model]["nmda_total"].to_numpy()
    assert np.abs(total - 1).max() < 1e-9


@pytest.mark.parametrize("model", [KAMPA, TRAPPING])
def test_without_magnesium_the_voltage_does_not_matter(pulse, model):
    found, _ = peak(pulse(model, mg_out="0 mM"))
    assert found == pytest.approx(found[0], rel=1e-6)
