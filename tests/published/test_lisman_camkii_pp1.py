"""CaMKII and PP1 as a switch (Zhabotinsky 2000; Lisman & Zhabotinsky 2001), as far as it is known.

The numbers compared with come from an implementation independent of this one of the same equations,
taken from a third party's program. The paper's own table has not been seen.
"""

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.steady import continuation

MODEL = "lisman_camkii_pp1"
UM = 1e-3  # mol/m^3
REBUILT = "the equations of Zhabotinsky 2000 as a third party gives them"

# calcium (uM) to phosphorylated subunits (uM): low, unstable, high
STEADY = {
    0.2: (3.5e-5, 79.861, 183.91), 0.3: (2.87e-4, 35.254, 190.30),
    0.5: (0.0050, 9.844, 195.54), 0.7: (0.0499, 2.532, 197.86),
}  # fmt: skip


@pytest.fixture(scope="module")
def diagram():
    return continuation(ps.load_model(MODEL), "ca_held", 0.1 * UM, 1.0 * UM, 91)  # every 0.01 uM


def values_at(diagram, calcium):
    index = int(np.argmin(np.abs(diagram.grid / UM - calcium)))
    found = [
        branch.gridded.observed["camkii_active"][index] / UM
        for branch in diagram.branches
        if np.isfinite(branch.gridded.swept[index])
    ]
    return sorted(found)


def stable_levels(diagram):
    """Return the calcium (uM) at which two states are stable."""
    counts = sum(
        np.isfinite(branch.gridded.swept).astype(int)
        for branch in diagram.branches
        if branch.is_stable
    )
    return diagram.grid[counts == 2] / UM


@pytest.mark.parametrize("place", [0, 1, 2])
def test_steady_states(diagram, claim, place):
    name = ("lower stable", "unstable", "upper stable")[place]
    claim.number(
        f"{name} level of phosphorylated subunits at 0.2, 0.3, 0.5 and 0.7 uM calcium",
        [levels[place] for levels in STEADY.values()],
        [values_at(diagram, calcium)[place] for calcium in STEADY],
        source=REBUILT, unit="uM", rel=1e-3, abs=5e-5 if place == 0 else None,
    )  # fmt: skip


def test_range_of_two_stable_states(diagram, claim):
    both = stable_levels(diagram)
    claim.number(
        "lowest and highest calcium with two stable states, on a grid of 0.02 uM",
        (0.16, 0.80), (both.min(), both.max()), source=REBUILT, unit="uM", abs=0.02,
    )  # fmt: skip


def test_two_states_at_resting_calcium(diagram, claim):
    claim.holds(
        "two stable states from below resting calcium (0.1 uM) on",
        len(values_at(diagram, 0.1)) == 3,
        source="Zhabotinsky 2000, abstract",
        published="two",
        ours=f"two from {stable_levels(diagram).min():.2f} uM on",
        differs="third-party parameters that are not those of the paper",
    )


def test_calcium_switches_it_on_for_good(diagram, tmp_path, claim):
    path = tmp_path / "step.yaml"
    path.write_text(
        "format: 1\ntitle: A step of calcium\nfollow_up: {duration: 1500 h}\n"
        "set: [{ca_held: [0.5 uM, 2 uM], from: start, until: start + 5 min}]\n"
        "measure: {at: 1500 h}\n"
    )
    data = ps.simulate(MODEL, ps.load_protocol(str(path)), options=ps.Options(engine="reference"))
    last = data["camkii_active"].isel(sample=-1).squeeze("synapse")
    low, high = values_at(diagram, 0.3)[::2]
    found = [float(last.sel(ca_held=ca, state="down")) for ca in (0.5, 2.0)]
    claim.number(
        "phosphorylated subunits 1500 h after 5 min at 0.5 and at 2 uM, from the lower state",
        (low, high), found, source="steady states of the same equations", unit="uM",
        rel=1e-3, abs=1e-4,
    )  # fmt: skip
