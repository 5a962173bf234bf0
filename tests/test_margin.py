"""How far a parameter may go before a resting state ends: at the saddle nodes of continuation."""

from __future__ import annotations

import csv
import json

import pytest

from plasticity_sim.model import load_model
from plasticity_sim.steady import continuation, margins


@pytest.fixture(scope="module")
def found():
    return margins(load_model("ca1_spine"))


def test_the_resting_state_of_ca1_spine_bears_30_percent_of_every_parameter(found):
    """The spread of a measured rate; the earlier model ended with 16 % less of one of them."""
    left = [m for m in found if not m.name.startswith("e_")]  # reversal potentials
    assert all(m.down is None or m.down.factor < 0.7 for m in left)
    assert all(m.up is None or m.up.factor > 1.3 for m in left)


def test_the_resting_state_of_one_pool_ends_soonest_with_less_inactivation_of_pp2a():
    """The calibration study found 0.840 of either factor, with a program of its own."""
    nearest = {margin.name: margin for margin in margins(load_model("ca1_spine_one_pool"))[:2]}
    assert set(nearest) == {"k_camkii_pp2a", "camkii_basal"}
    for margin in nearest.values():
        assert margin.down.factor == pytest.approx(0.84, abs=0.003)
        assert margin.up is None


def test_a_margin_is_the_saddle_node_that_continuation_finds(found):
    model = load_model("ca1_spine")
    (margin,) = (each for each in found if each.name == "k_auto_pp2a")
    diagram = continuation(model, "k_auto_pp2a", margin.value, 3 * margin.value, 20)
    folds = [node.swept / margin.value for node in diagram.saddle_nodes]
    assert any(fold == pytest.approx(margin.up.factor, rel=1e-6) for fold in folds)


def test_what_rest_does_not_depend_on_has_no_margin(found):
    ends = {margin.name: (margin.down, margin.up) for margin in found}
    assert ends["tau_rec"] == ends["g_nmda"] == (None, None)


def test_the_margins_are_a_table_sorted_by_what_comes_soonest(cli, tmp_path):
    path = tmp_path / "margins.csv"
    arguments = ("steady", "lisman_camkii_pp1", "--margin")
    code, out, _ = cli(*arguments, "--json", "--out", str(path))
    assert code == 0
    rows = json.loads(out)["margins"]
    known = [row["margin"] for row in rows if row["margin"] is not None]
    assert known == sorted(known)
    assert all(row["margin"] is None for row in rows[len(known) :])
    with path.open() as file:
        assert [row["parameter"] for row in csv.DictReader(file)] == [r["parameter"] for r in rows]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give --over"),
        (("--margin", "--over", "ca=0.1:1:5 uM"), "give --over"),
        (("--margin", "--state", "dwn"), "no state 'dwn'"),
        (("--over", "ca=0.1:1:5 uM", "--state", "down"), "--state goes with --margin"),
        (("--margin", "--plot", "x.png"), "--plot draws branches"),
    ],
)
def test_a_mistake_is_one_line(cli, arguments, told):
    code, _, err = cli("steady", "graupner_brunel_2007", *arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert told in err
