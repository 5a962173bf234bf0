"""Sensitivities against a rule whose effects are known by hand."""

from __future__ import annotations

import csv
import math

import pytest

from plasticity_sim.fit import load_fit
from plasticity_sim.fit.ledger import Ledger, in_folder
from plasticity_sim.fit.sensitivity import sensitivity, with_ranges

# 60 pairs alone in their second: the strength grows by 100 * 60 * a_plus * w_max * exp(-lag / tau)
RULE = """\
format: 1
title: One point of the window of potentiation
model: pair_stdp
free:
  a_plus: {range: 0.001:0.003}
  a_minus: {range: 0.001:0.003, start: "0.002"}
targets: [{name: near, protocol: stdp_pairs, set: {lag: 10 ms}, at_least: 100}]
"""
SLOPE = 100 * 60 * 2 * math.exp(-10 / 20)  # of the strength by a_plus, for w_max 2 and tau 20 ms


@pytest.fixture
def rule(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text(RULE.replace("0.003}", '0.003, start: "0.002"}', 1))
    return path


def rows(path):
    with path.open() as file:
        return {(row["target"], row["parameter"]): row for row in csv.DictReader(file)}


def test_morris_finds_a_linear_effect_of_its_size_and_none_where_there_is_none(cli, rule, tmp_path):
    out = tmp_path / "out"
    code, printed, err = cli("sensitivity", str(rule), "--out", str(out), "--count", "4")
    assert (code, err.splitlines()[0]) == (0, "12 points")  # behind it, that it compiles
    assert "4 of 4 trajectories" in printed
    found = rows(out / "morris.csv")
    effect = found["near", "a_plus"]
    assert float(effect["mu_star"]) == pytest.approx(SLOPE * 0.002, rel=2e-3)  # over the range
    assert float(effect["sigma"]) < 1e-2 * float(effect["mu_star"])
    assert float(found["near", "a_minus"]["mu_star"]) < 1e-6
    assert (out / "morris.png").stat().st_size > 0


def test_sobol_gives_all_of_the_variance_to_what_makes_it(cli, rule, tmp_path):
    out = tmp_path / "out"
    arguments = ("--method", "sobol", "--count", "16")
    assert cli("sensitivity", str(rule), "--out", str(out), *arguments)[0] == 0
    found = rows(out / "sobol.csv")
    assert float(found["near", "a_plus"]["ST"]) == pytest.approx(1, abs=0.15)
    assert float(found["near", "a_minus"]["ST"]) < 1e-6


def test_a_second_study_evaluates_nothing_again(rule, tmp_path):
    fit = load_fit(str(rule))
    first = sensitivity(fit, Ledger(in_folder(tmp_path), "a", fit.free), "morris", 3, 0)
    ledger = Ledger(in_folder(tmp_path), "a", fit.free)
    before = ledger.read()
    assert sensitivity(fit, ledger, "morris", 3, 0) == first
    assert ledger.read() == before


def test_ranges_are_those_of_the_fit_or_around_the_model_or_ones_own(rule):
    fit = load_fit(str(rule))
    (alone,) = with_ranges(fit, ["a_minus"], None).free
    assert (alone.name, alone.low, alone.high) == ("a_minus", 0.001, 0.003)
    (around,) = with_ranges(fit, ["a_plus"], 0.1).free
    assert (around.low, around.high) == pytest.approx((0.0045, 0.0055))
    (own,) = with_ranges(fit, ["tau_plus=10:30 ms"], 0.1).free
    assert (own.low, own.high, own.unit) == (10, 30, "ms")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--method", "moris"), "no method 'moris'; did you mean 'morris'"),
        (("--method", "sobol", "--count", "10"), "powers of two"),
        (("--over", "tau_plus"), "'tau_plus' is not free"),
        (("--over", "tau_plus=1:2 mV"), "wrong unit"),
        (("--over", "a_plus", "--over", "a_plus"), "given twice"),
        (("--within", "150%"), "between 0 and 100%"),
    ],
)
def test_a_mistake_is_one_line(cli, rule, tmp_path, arguments, told):
    code, _, err = cli("sensitivity", str(rule), "--out", str(tmp_path / "out"), *arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert told in err
    assert not (tmp_path / "out").exists()
