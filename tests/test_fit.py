"""Fits: what is searched is found, what is interrupted goes on, and a mistake is one line."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.fit import load_fit
from plasticity_sim.fit.battery import evaluate
from plasticity_sim.fit.ledger import Ledger, in_folder
from plasticity_sim.fit.parts import INFEASIBLE, Free, Wanted
from plasticity_sim.fit.search import search
from plasticity_sim.library import shipped
from plasticity_sim.measures import at_measure
from plasticity_sim.model import load_model, read_values
from plasticity_sim.simulation import simulate

# Pairs 10 and 25 ms apart, alone in their second: each adds a_plus * w_max * exp(-lag / tau_plus).
PAIRS, START, MOST = 60, 1.0, 2.0
A_PLUS, TAU = 0.003, 30.0  # ms


def strength(lag: float) -> float:
    return 100 * (START + PAIRS * A_PLUS * MOST * math.exp(-lag / TAU)) / START


NEAR, FAR = strength(10), strength(25)
PAIR_RULE = f"""\
format: 1
title: The window of potentiation from two of its points
model: pair_stdp
free:
  a_plus: {{range: 0.001:0.02, scale: log, start: "0.01"}}
  tau_plus: {{range: 10:60 ms, start: 15 ms}}
targets:
  - {{name: near, protocol: stdp_pairs, set: {{lag: 10 ms}}, value: {NEAR}, tolerance: "0.1"}}
  - {{name: far, protocol: stdp_pairs, set: {{lag: 25 ms}}, value: {FAR}, tolerance: "0.1"}}
optimiser: {{population: 8, sigma: 0.3, seed: 2, evaluations: 176}}
"""


@pytest.fixture
def rule(tmp_path) -> Path:
    path = tmp_path / "rule.yaml"
    path.write_text(PAIR_RULE)
    return path


def found(fit, folder: Path, evaluations: int):
    """Return what a search finds in a folder."""
    folder.mkdir(exist_ok=True)
    short = replace(fit, optimiser=replace(fit.optimiser, evaluations=evaluations))
    return search(short, Ledger(in_folder(folder), "a study", fit.free))


def test_a_fit_finds_the_values_that_made_its_targets(cli, rule, tmp_path):
    out = tmp_path / "out"
    code, printed, _ = cli("fit", str(rule), "--out", str(out))
    assert code == 0
    assert "near" in printed
    model = read_values(str(out / "values.yaml")).applied_to(load_model("pair_stdp"))
    assert model.parameters["a_plus"].value == pytest.approx(A_PLUS, rel=0.01)
    assert model.parameters["tau_plus"].value == pytest.approx(TAU / 1000, rel=0.01)
    assert model.parameters["a_plus"].fitted == str(rule)


class TestResults:
    """What a fit writes is what a run with its values gives."""

    def test_the_report_tells_what_run_gives_with_the_values(self, cli, rule, tmp_path):
        out = tmp_path / "out"
        cli("fit", str(rule), "--out", str(out), "--evaluations", "8")
        model = read_values(str(out / "values.yaml")).applied_to(load_model("pair_stdp"))
        run = at_measure(simulate(model, "stdp_pairs", lag="10, 25 ms")).to_numpy()
        with (out / "report.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [float(row["got"]) for row in rows] == pytest.approx(list(run), rel=1e-4)
        whole = sum(float(row["share (%)"]) for row in rows)
        assert whole == pytest.approx(100, abs=0.1)  # two, each rounded to a tenth

    def test_a_candidate_gives_the_same_in_any_company(self, rule):
        fit = load_fit(str(rule))
        several = [(0.002, 20.0), (0.01, 15.0), (0.005, 55.0)]
        together = evaluate(fit, several)
        assert together == [evaluate(fit, [numbers])[0] for numbers in several]

    def test_the_first_candidate_is_the_start(self, rule, tmp_path):
        fit = load_fit(str(rule))
        ledger = Ledger(in_folder(tmp_path), "a study", fit.free)
        short = replace(fit, optimiser=replace(fit.optimiser, evaluations=8))
        search(short, ledger)
        assert ledger.read()[0].numbers == (0.01, 15.0)


class TestGoingOn:
    """A search is what its ledger holds: nothing else is lost with a process."""

    @pytest.mark.parametrize("lost", [1, 3, 11])
    def test_a_search_that_lost_its_last_evaluations_ends_with_the_same(self, rule, tmp_path, lost):
        fit = load_fit(str(rule))
        whole = found(fit, tmp_path / "whole", 32)
        before = Ledger(in_folder(tmp_path / "whole"), "a study", fit.free).read()
        (tmp_path / "part").mkdir()
        part = Ledger(in_folder(tmp_path / "part"), "a study", fit.free)
        part.keep({place: before[place] for place in sorted(before)[:-lost]})
        assert found(fit, tmp_path / "part", 32) == whole
        assert part.read() == before

    def test_a_longer_search_goes_on_from_a_shorter_one(self, rule, tmp_path):
        fit = load_fit(str(rule))
        found(fit, tmp_path / "grown", 16)
        assert found(fit, tmp_path / "grown", 32) == found(fit, tmp_path / "whole", 32)

    def test_an_evaluation_that_is_there_twice_counts_once(self, rule, tmp_path):
        fit = load_fit(str(rule))
        ledger = Ledger(in_folder(tmp_path), "a study", fit.free)
        first, second = evaluate(fit, [(0.002, 20.0), (0.01, 15.0)])
        ledger.keep({0: first})
        ledger.keep({0: second})
        assert ledger.read() == {0: first}

    def test_a_changed_fit_begins_anew(self, cli, rule, tmp_path):
        out = str(tmp_path / "out")
        cli("fit", str(rule), "--out", out, "--evaluations", "8")
        _, _, err = cli("fit", str(rule), "--out", out, "--evaluations", "16")
        assert "8 evaluations are there" in err
        rule.write_text(PAIR_RULE.replace("seed: 2", "seed: 3"))
        _, _, err = cli("fit", str(rule), "--out", out, "--evaluations", "8")
        assert "are there" not in err


class TestLoss:
    """The weighted sum of squared distances from what is wanted, in tolerances."""

    @pytest.mark.parametrize(
        ("wanted", "got", "violation"),
        [
            (Wanted(70, 85, 5), 77, 0),
            (Wanted(70, 85, 5), 60, 2),
            (Wanted(-math.inf, 97, 5), 107, 2),
            (Wanted(130, math.inf, 10), 125, 0.5),
            (Wanted(80, 80, 4), 74, 1.5),
        ],
    )
    def test_a_violation_is_the_distance_from_the_interval(self, wanted, got, violation):
        assert wanted.violation(got) == violation

    def test_weights_and_tolerances_count(self, rule):
        rule.write_text(PAIR_RULE.replace('tolerance: "0.1"', 'tolerance: "2", weight: 3', 1))
        fit = load_fit(str(rule))
        assert fit.loss([NEAR + 4, FAR + 0.2]) == pytest.approx(3 * 4 + 4)

    def test_a_figure_may_be_a_difference_or_a_share_of_others(self, rule):
        rule.write_text(PAIR_RULE.replace("far, ", "far, minus: near, "))
        assert load_fit(str(rule)).figures([130, 120]) == (130, -10)
        rule.write_text(PAIR_RULE.replace("far, ", "far, over: [near], "))
        assert load_fit(str(rule)).figures([150, 120]) == (150, 0.8)

    def test_values_that_cannot_be_simulated_are_infeasible_and_leave_the_others_alone(self, rule):
        """A time constant of zero has no slope to rest by."""
        rule.write_text(PAIR_RULE.replace("range: 10:60 ms", "range: 0:60 ms"))
        fit = load_fit(str(rule))
        good, bad, same = evaluate(fit, [(0.01, 20.0), (0.01, 0.0), (0.01, 20.0)])
        assert (bad.loss, bad.is_feasible) == (INFEASIBLE, False)
        assert "zero" in bad.reason
        assert good == same
        assert good.is_feasible

    def test_an_experiment_shares_its_weight_among_its_outcomes(self, rule):
        targets = PAIR_RULE[PAIR_RULE.index("targets:") : PAIR_RULE.index("optimiser")]
        text = "targets: [{experiment: bi_poo_1998, weight: 6}]\n"
        rule.write_text(PAIR_RULE.replace(targets, text))
        weights = [target.weight for target in load_fit(str(rule)).targets]
        assert sum(weights) == pytest.approx(6)
        assert len(set(weights)) == 1

    def test_an_outcome_wants_its_mean_within_its_error_but_not_closer_than_the_floor(self, rule):
        targets = PAIR_RULE[PAIR_RULE.index("targets:") : PAIR_RULE.index("optimiser")]
        text = "targets: [{experiment: sjostrom_2001, sem_floor: 1000}]\n"
        rule.write_text(PAIR_RULE.replace(targets, text))
        wanted = [target.wanted for target in load_fit(str(rule)).targets]
        assert {each.tolerance for each in wanted} == {1000}
        assert all(each.low == each.high for each in wanted)


class TestRanges:
    def test_a_logarithmic_range_has_its_geometric_mean_in_the_middle(self):
        free = Free("g", 0.1, 10.0, "nS", True, 1.0)
        assert [free.number(x) for x in (0.0, 0.5, 1.0)] == [0.1, 1.0, 10.0]
        assert free.position(1.0) == pytest.approx(0.5)

    def test_a_value_is_rounded_to_what_can_be_pasted_and_stays_inside(self):
        free = Free("g", 0.0, 0.1234567, "nS", False, 0.1)
        assert free.number(1.0) == 0.1234567  # 0.123457 would lie outside
        assert free.number(1 / 3) == 0.0411522
        assert free.text(0.0411522) == "0.0411522 nS"


def test_two_targets_may_read_one_condition(rule):
    # one figure within an interval, and again the same one against another
    again = "{name: again, protocol: stdp_pairs, set: {lag: 10 ms}, minus: far, at_least: 0}"
    rule.write_text(PAIR_RULE.replace("targets:", f"targets:\n  - {again}"))
    fit = load_fit(str(rule))
    assert [target.trial for target in fit.targets] == [0, 0, 1]
    assert [trial.conditions for trial in fit.trials] == [(0,), (0,)]


BAD = [
    ("range: 10:60 ms", "range: 60:10 ms", "6: range: '60:10 ms' is empty"),
    ("range: 10:60 ms", "range: 10:60 mV", "6: range: .* wrong unit"),
    ("range: 10:60 ms", "range: wide", "6: range: 'wide' is no range"),
    ("start: 15 ms", "start: 5 ms", "6: range: '10:60 ms' does not hold 5 ms"),
    ("range: 0.001:0.02", "range: -1:0.02", "5: range: '-1:0.02' is not positive; write scale"),
    ("tau_plus:", "tau_pls:", "no parameter 'tau_pls'; did you mean 'tau_plus'"),
    ("model: pair_stdp", "model: pair_stpd", "3: no model called .* did you mean 'pair_stdp'"),
    ("stdp_pairs", "stdp_pair", "no protocol called .* did you mean 'stdp_pairs'"),
    ("set: {lag: 10 ms}", "set: {}", "'stdp_pairs' has 31 values of 'lag'"),
    ("set: {lag: 10 ms}", "set: {lga: 10 ms}", "has 'lga'"),
    ("set: {lag: 10 ms}", "set: {lag: 10 ms, tau_plus: 9 ms}", "'tau_plus' is free in this fit"),
    ("set: {lag: 10 ms}", "set: {lag: 10 ms}, drugs: [apv]", "does not know the drug 'apv'"),
    ("set: {lag: 10 ms}", "set: {lag: 10 ms}, peak: ca", "peak: 'ca' is not observed"),
    ("set: {lag: 10 ms}", "set: {lag: 10 ms}, arm: control", "no arm 'control'"),
    ("name: far", "name: near", "two targets are called 'near'"),
    ("name: far", "name: far, minus: nearer", "minus: .*did you mean 'near'"),
    ("name: far", "name: far, at_least: 100", "one of between, at_least, at_most or value"),
    ("name: far", "name: far, sem_floor: 5", "sem_floor: only a target with experiment has it"),
    ("name: far", "name: far, wieght: 5", "unknown key 'wieght'; did you mean 'weight'"),
    ('tolerance: "0.1"', 'tolerance: "0"', "tolerance: 0 given; it has to be positive"),
    ("population: 8", "population: 2", "population: .*greater than or equal to 4"),
]


@pytest.mark.parametrize(("old", "new", "told"), BAD, ids=[new for _, new, _ in BAD])
def test_a_mistake_in_a_fit_is_one_line_that_says_where(cli, rule, tmp_path, old, new, told):
    rule.write_text(PAIR_RULE.replace(old, new, 1))
    code, out, err = cli("fit", str(rule), "--out", str(tmp_path / "out"))
    assert (code, out) == (2, "")
    assert re.fullmatch(rf"plasticity-sim: .*rule\.yaml:?.*{told}.*\n", err), err
    assert not (tmp_path / "out").exists()


def test_a_storage_that_is_none_is_one_line(cli, rule, tmp_path):
    code, _, err = cli("fit", str(rule), "--out", str(tmp_path / "out"), "--storage", "somewhere")
    assert code == 2
    assert err.count("\n") == 1
    assert "--storage 'somewhere'" in err


@pytest.mark.parametrize("name", shipped("fits"))
def test_a_shipped_fit_is_right_and_its_model_names_it(name):
    fit = load_fit(name)
    fitted = {name for name, p in fit.model.parameters.items() if p.fitted}
    assert {free.name for free in fit.free} == fitted


def test_a_fit_is_listed_checked_and_shown(cli, rule):
    assert "ca1_spine" in cli("list", "fits")[1]
    assert "2 parameters to 2 targets" in cli("check", str(rule))[1]
    assert "tau_plus" in cli("show", str(rule))[1]


def test_a_file_that_is_no_fit_is_refused(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("format: 1\ntitle: Another\nfollow_up: {duration: 1 s}\n")
    with pytest.raises(InputError, match="unknown key 'follow_up'"):
        load_fit(str(path))
