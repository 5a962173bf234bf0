"""d'Alcantara, Schiffmann & Swillens 2003 (Eur J Neurosci 17:2521), DARPP-32 binding at 1 nM.

The numbers are computed from the published equations, apart from this program.
"""

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine.rest import settle
from plasticity_sim.steady import continuation

MODEL = "dalcantara_2003_corrected"
EQUATIONS = "d'Alcantara et al. 2003, computed from the published equations"
UM = 1e-3  # mol/m^3

REST = {"ampar_bare": 0.59352, "ampar_pka": 0.21128, "ampar_both": 0.19520,
        "pp1_active": 0.28071, "darpp_pp1": 1.7193}  # fmt: skip
CURVE = {0.1: 0.19520, 0.15: 0.07267, 0.2: 0.06022, 0.25: 0.07225, 0.3: 0.09936, 0.4: 0.18694,
         0.5: 0.28602, 0.7: 0.40714, 1.0: 0.44656, 2.0: 0.44814}  # fmt: skip
DIGIT = 0.5e-5  # uM: half of the last one printed


@pytest.fixture(scope="module")
def model():
    return ps.load_model(MODEL)


@pytest.fixture(scope="module")
def rest(model):
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    return {name: value / UM for name, value in settle(model, *model.states, values).items()}


@pytest.fixture(scope="module")
def diagram(model):
    return continuation(model, "ca_held", 0.05 * UM, 2 * UM, 196)  # every 0.01 uM


@pytest.fixture(scope="module")
def pulse(own_protocol):
    options = ps.Options(engine="reference", rtol=1e-9)
    data = ps.simulate(MODEL, own_protocol("dalcantara_pulse"), options=options)
    return data.isel(state=0, synapse=0).swap_dims(sample="time")


def test_rest_is_that_of_the_published_equations(claim, rest):
    claim.number(
        "receptors and PP1 at 0.1 uM calcium", list(REST.values()),
        [rest[name] for name in REST], source=EQUATIONS, unit="uM", rel=1e-4,
    )  # fmt: skip


def test_inhibitor_binds_the_phosphatase_at_a_nanomole(claim, rest):
    apart = rest["darpp_p"] * rest["pp1_active"] / rest["darpp_pp1"]
    claim.number(
        "dissociation constant of DARPP-32 and PP1", 1e-3, apart,
        source="d'Alcantara et al. 2003, p1 / p2 with p2 = 3e-5 per nM and ms", unit="uM", rel=1e-6,
    )  # fmt: skip


def test_phosphorylation_follows_calcium_as_published(claim, diagram):
    branch = diagram.branches[0].gridded
    both = np.interp(np.array(list(CURVE)) * UM, diagram.grid, branch.observed["ampar_both"]) / UM
    claim.number(
        "doubly phosphorylated receptors against calcium, 0.1 to 2 uM", list(CURVE.values()), both,
        source=EQUATIONS, unit="uM", rel=1e-4, abs=DIGIT,
    )  # fmt: skip


def test_moderate_calcium_depresses_and_high_calcium_potentiates(claim, diagram):
    calcium = diagram.grid / UM
    both = diagram.branches[0].gridded.observed["ampar_both"]
    rest = np.interp(0.1, calcium, both)
    low, high = (calcium > 0.125) & (calcium < 0.405), calcium > 0.405
    claim.holds(
        "calcium of 0.13 to 0.4 uM depresses, above 0.41 uM it potentiates",
        bool(np.all(both[low] < rest) and np.all(both[high] > rest) and low.sum() and high.sum()),
        source=EQUATIONS, published="below rest, then above", ours="below rest, then above",
    )  # fmt: skip


def test_every_calcium_has_one_state_of_rest(claim, diagram):
    claim.number(
        "stable states at each calcium from 0.05 to 2 uM", 1,
        [branch.is_stable for branch in diagram.branches], source=EQUATIONS, abs=0,
    )  # fmt: skip
    assert not diagram.saddle_nodes


def test_pulse_of_high_calcium_potentiates_for_minutes(claim, pulse):
    # the encoded protocol begins its pulse at 60 s and reads at 600 s
    both = [float(pulse["ampar_both"].sel(time=t, method="nearest")) for t in (6.0115, 540)]
    claim.number(
        "doubly phosphorylated receptors at the end of a pulse of 6 s at 1 uM, and 540 s after its "
        "onset", [0.53222, 0.39504], both, source=EQUATIONS, unit="uM", rel=1e-4,
    )  # fmt: skip
    assert both[1] > 1.5 * float(pulse["ampar_both"][0])


def test_receptors_at_rest_are_in_balance_with_their_enzymes(claim, rest, model):
    rate = {name: parameter.value for name, parameter in model.parameters.items()}
    phosphatases = rest["calcineurin_cam"] + rest["pp1_active"]
    balance = rate["v_pka_ampar"] / (rate["k_dephos_pka"] * UM * phosphatases)
    claim.number(
        "receptors with one phosphate to none at rest", balance,
        rest["ampar_pka"] / rest["ampar_bare"],
        source="d'Alcantara et al. 2003, closed form of a reversible step", rel=1e-8,
    )  # fmt: skip
