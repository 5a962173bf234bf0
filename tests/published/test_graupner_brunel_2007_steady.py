"""Steady states of Graupner and Brunel (2007), PLoS Computational Biology 3:e221.

The reference is the continuation by the authors themselves: the AUTO output that accompanies
their programs, ModelDB 114452 (lower_branch.dat and upper_branch.dat).
"""

import numpy as np
import pytest

from plasticity_sim.engine.rest import settle
from plasticity_sim.engine.righthand import right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.model import load_model
from plasticity_sim.steady import continuation

MODEL = "graupner_brunel_2007"
AUTHORS = "Graupner & Brunel 2007, authors' continuation"
UM = 1e-3  # mol/m^3
RINGS = 33.3 * UM

UP = {0.10: 149.983, 0.12: 166.267, 0.15: 166.106, 0.18: 151.890, 0.20: 132.396, 0.215: 104.675}
DOWN = {
    0.05: 0.0038, 0.08: 0.0474, 0.10: 0.14506, 0.15: 0.896, 0.20: 0.744, 0.25: 0.4594,
    0.30: 0.4411, 0.35: 0.9665, 0.37: 2.835,
}  # fmt: skip
DIGIT = {0.05: 1e-4, 0.08: 1e-4, 0.15: 1e-3, 0.20: 1e-3}  # of numbers printed with few digits
SADDLE_NODES = {0.0923521: (109.7, 0.05), 0.219568: (78.35, 0.2), 0.363130: (57.1, 0.05),
                0.373918: (7.08, 0.01)}  # fmt: skip  # calcium to CaMKII and its tolerance


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL)


@pytest.fixture(scope="module")
def diagram(model):
    return continuation(model, "ca", 0.05 * UM, 0.5 * UM, 91)  # every 0.005 uM


def branch(diagram, origin, stable, calcium):
    """Return the lowest branch from `origin` of this stability at `calcium` (uM), and its index."""
    index = int(np.argmin(np.abs(diagram.grid / UM - calcium)))
    assert diagram.grid[index] / UM == pytest.approx(calcium, rel=1e-12)
    found = [
        one for one in diagram.branches
        if one.origin == origin and one.is_stable is stable
        and np.isfinite(one.gridded.swept[index])
    ]  # fmt: skip
    assert found
    return min(found, key=lambda one: one.gridded.observed["camkii_active"][index]), index


def camkii(diagram, origin, calcium):
    found, index = branch(diagram, origin, True, calcium)
    return found.gridded.observed["camkii_active"][index] / UM


def every_point(diagram):
    for one in diagram.branches:
        for points in (one.traced, one.gridded):
            there = np.isfinite(points.swept)
            yield from zip(points.swept[there], points.states[there], strict=True)


def test_saddle_nodes(diagram, claim):
    found = [node.swept / UM for node in diagram.saddle_nodes]
    claim.number(
        "calcium at the four saddle nodes", list(SADDLE_NODES), found,
        source=AUTHORS, unit="uM", rel=1e-5,
    )  # fmt: skip
    for node, (expected, tolerance) in zip(
        diagram.saddle_nodes, SADDLE_NODES.values(), strict=True
    ):
        claim.number(
            f"phosphorylated subunits at the saddle node at {node.swept / UM:.4f} uM", expected,
            node.observed["camkii_active"] / UM, source=AUTHORS, unit="uM", abs=tolerance,
        )  # fmt: skip


def test_up_branch(diagram, claim):
    found = [camkii(diagram, "up", calcium) for calcium in UP]
    claim.number(
        "phosphorylated subunits on the upper branch at six levels of calcium", list(UP.values()),
        found, source=AUTHORS, unit="uM", rel=1e-3,
    )  # fmt: skip


def test_down_branch(diagram, claim):
    many = [calcium for calcium in DOWN if calcium not in DIGIT]
    claim.number(
        "phosphorylated subunits on the lower branch, where the authors print many digits",
        [DOWN[calcium] for calcium in many], [camkii(diagram, "down", c) for c in many],
        source=AUTHORS, unit="uM", rel=1e-3,
    )  # fmt: skip
    for calcium, digit in DIGIT.items():
        claim.number(
            f"phosphorylated subunits on the lower branch at {calcium:g} uM calcium",
            DOWN[calcium], camkii(diagram, "down", calcium), source=AUTHORS, unit="uM",
            rel=1e-3, abs=0.5 * digit,
        )  # fmt: skip


@pytest.mark.parametrize("calcium", [0.10, 0.15, 0.215])
def test_unstable_branch_lies_between_the_two_stable_ones(diagram, calcium):
    middle, index = branch(diagram, "up", False, calcium)
    between = middle.gridded.observed["camkii_active"][index] / UM
    assert camkii(diagram, "down", calcium) < between < camkii(diagram, "up", calcium)


def test_outer_branches_are_stable_and_the_middle_ones_not(diagram):
    found = [(one.origin, one.is_stable) for one in diagram.branches]
    assert sorted(found) == [
        ("down", False), ("down", True), ("down", True), ("up", False), ("up", True)
    ]  # fmt: skip


def test_up_state_exists_only_between_the_first_two_saddle_nodes(diagram):
    up = next(one for one in diagram.branches if one.origin == "up" and one.is_stable)
    there = diagram.grid[np.isfinite(up.gridded.swept)] / UM
    assert there[0] == pytest.approx(0.095)
    assert there[-1] == pytest.approx(0.215)


def test_no_point_of_the_grid_is_missing_on_a_branch(diagram):
    for one in diagram.branches:
        low, high = one.traced.swept[[0, -1]]
        inside = (diagram.grid >= low) & (diagram.grid <= high)
        assert (np.isfinite(one.gridded.swept) == inside).all()


def test_nothing_moves_at_any_point(diagram, model):
    slope = right_hand_side(model, frozenset({"ca"}))
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    values |= dict.fromkeys(model.held, 0.0)
    for _, states in every_point(diagram):
        rates = np.abs(slope(0.0, states, values)) / np.maximum(np.abs(states), scales(model))
        assert rates.max() < 1e-9  # of its size, per second


def test_rings_are_conserved_at_every_point(diagram, model):
    rings = [model.differential.index(f"b{index}") for index in range(14)]
    totals = np.array([states[rings].sum() for _, states in every_point(diagram)])
    assert np.abs(totals / RINGS - 1).max() < 1e-9


@pytest.mark.parametrize(("state", "calcium"), [
    ("down", 0.08), ("down", 0.3), ("up", 0.12), ("up", 0.2),
])  # fmt: skip
def test_integration_comes_to_rest_on_the_branch(diagram, model, state, calcium):
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    settled = settle(model, state, values, {"ca": calcium * UM})
    found, index = branch(diagram, state, True, calcium)
    expected = dict(zip(model.differential, found.gridded.states[index], strict=True))
    for name, size in zip(model.differential, scales(model), strict=True):
        assert settled[name] == pytest.approx(expected[name], rel=1e-6, abs=1e-6 * size), name
