"""Pi & Lisman 2008 (J Neurosci 28:13132): two coupled switches with three stable states.

The paper says which states there are and what middle and high calcium lead to; the numbers come
from an implementation of its equations independent of this one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine.rest import settle
from plasticity_sim.model.parts import Start
from plasticity_sim.steady import continuation

MODEL = "pi_lisman_2008"
PAPER = "Pi & Lisman 2008"
COMPUTED = f"{PAPER}, computed from the published equations"
UM = 1e-3  # mol/m^3

# at 0.1 uM: active CaMKII and PP2A (uM), AMPA receptors in the synapse
RESTS = {"basal": (0.02, 0.09, 0.43), "ltp": (17.55, 0.00, 0.75), "ltd": (0.00, 17.71, 0.19)}
NAMES = ("camkii_active", "pp2a_active", "ampar")
DIGIT = 0.005  # half of the last one printed

# where two seconds at a calcium concentration (uM) lead from each state
STEPS = {
    0.5: ("basal", "ltp", "ltd"), 0.75: ("ltd", "ltp", "ltd"), 1: ("ltd", "ltp", "ltd"),
    1.5: ("ltd", "ltp", "ltd"), 2: ("ltd", "ltp", "ltd"), 2.25: ("ltd", "ltd", "ltd"),
    2.5: ("ltd", "ltd", "ltd"), 2.75: ("basal", "basal", "basal"), 3: ("ltp", "ltp", "ltp"),
    4: ("ltp", "ltp", "ltp"),
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return ps.load_model(MODEL)


@pytest.fixture(scope="module")
def diagram(model):
    return continuation(model, "ca_held", 0.05 * UM, 4 * UM, 80)


@pytest.fixture(scope="module")
def stepped():
    return ps.simulate(MODEL, "calcium_steps", options=ps.Options(engine="reference")).isel(
        synapse=0
    )


def at_rest(diagram):
    """Return the branches at 0.1 uM: whether stable, and the observed values in uM."""
    index = int(np.argmin(np.abs(diagram.grid / UM - 0.1)))
    assert diagram.grid[index] / UM == pytest.approx(0.1)
    found = []
    for branch in diagram.branches:
        observed = branch.gridded.observed
        if np.isfinite(branch.gridded.swept[index]):
            size = {"ampar": 1.0}
            values = [observed[name][index] / size.get(name, UM) for name in NAMES]
            found.append((branch.is_stable, values))
    return found


def test_the_three_stable_states_are_the_published_ones(diagram, claim):
    stable = [values for is_stable, values in at_rest(diagram) if is_stable]
    claim.number("stable states at 0.1 uM", 3, len(stable), source=PAPER, abs=0)
    found = sorted(stable)  # by CaMKII: depressed, basal, potentiated
    for state, ours in zip(("ltd", "basal", "ltp"), found, strict=True):
        claim.number(f"CaMKII (uM), PP2A (uM) and AMPA receptors at rest, {state}", RESTS[state],
                     ours, source=COMPUTED, abs=DIGIT)  # fmt: skip


def test_two_saddles_part_the_three_states(diagram, claim):
    found = sorted((values[0], is_stable) for is_stable, values in at_rest(diagram))
    claim.holds("states at 0.1 uM in the order of their CaMKII",
                [is_stable for _, is_stable in found] == [True, False, True, False, True],
                source=PAPER, published="three stable ones, parted by unstable ones",
                ours=", ".join("stable" if one else "unstable" for _, one in found))  # fmt: skip


def test_no_start_leads_to_a_fourth_state(model, claim):
    grid = [0.0, 0.5, 2.0, 5.0, 10.0, 15.0, 20.0]
    states = {
        f"start {kinase} {phosphatase}": {
            "camkii_active": Start("", quantity=kinase * UM),
            "pp2a_active": Start("", quantity=phosphatase * UM),
        }
        for kinase in grid
        for phosphatase in grid
    }
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    anywhere = replace(model, states=states)
    ends = [settle(anywhere, state, values) for state in states]
    rests = np.array(list(RESTS.values()))[:, :2]
    found = np.array([[end["camkii_active"], end["pp2a_active"]] for end in ends]) / UM
    away = np.abs(found[:, None] - rests).max(axis=-1)
    claim.number("distance (uM) of 49 resting states from the nearest of the three",
                 np.zeros(len(ends)), away.min(axis=1), source=COMPUTED, abs=DIGIT)  # fmt: skip
    assert set(away.argmin(axis=1)) == {0, 1, 2}


@pytest.mark.parametrize("state", list(RESTS))
def test_two_seconds_of_calcium_lead_to_the_published_state(stepped, state, claim):
    column = list(RESTS).index(state)
    ends = stepped.sel(state=state).isel(sample=-1)
    found = np.stack([ends[name].to_numpy() for name in NAMES], axis=-1)
    expected = [RESTS[ends_in[column]] for ends_in in STEPS.values()]
    assert list(ends["ca_held"].to_numpy()) == list(STEPS)
    claim.number(f"CaMKII, PP2A (uM) and AMPA receptors after 2 s at 0.5 to 4 uM, from {state}",
                 expected, found, source=COMPUTED, abs=DIGIT)  # fmt: skip


def test_middle_calcium_depresses_and_high_calcium_potentiates(stepped, claim):
    strength = stepped["ampar"].sel(state="basal").isel(sample=-1) / RESTS["basal"][2]
    depressed, potentiated = strength.sel(ca_held=[0.75, 1, 1.5, 2]), strength.sel(ca_held=[3, 4])
    claim.holds("a step of calcium from the basal state",
                bool((depressed < 0.5).all() and (potentiated > 1.5).all()), source=PAPER,
                published="depression at middle, potentiation at high calcium",
                ours=f"x {depressed.mean():.2f} and x {potentiated.mean():.2f}")  # fmt: skip


def test_the_states_outlast_the_step(stepped, claim):
    late = stepped["ampar"].isel(sample=[-2, -1])
    drift = np.abs(late.diff("sample")).max()
    claim.number("change of the AMPA receptors in the last 50 s of 200 s", 0, float(drift),
                 source=PAPER, abs=1e-6)  # fmt: skip


def test_a_protocol_of_spikes_is_refused_in_one_line():
    with pytest.raises(ps.InputError, match="presynaptic spikes") as caught:
        ps.simulate(MODEL, "stdp_pairs")
    assert "\n" not in str(caught.value)
