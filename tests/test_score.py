"""Scores by hand: z, signs, roles, and the reasons why an outcome does not apply."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plasticity_sim.errors import SimulationError
from plasticity_sim.experiment import Outcome, load_experiment
from plasticity_sim.model import load_model
from plasticity_sim.score import (
    LARGEST_Z,
    Comparison,
    agreement,
    compare,
    compared,
    measured_sign,
    root_mean_square_z,
    sign_of,
    totals,
    unchanged,
)
from plasticity_sim.simulation import Options
from plasticity_sim.trials import Simulated, fixed_steps, only_arms, strengths

HERE = Path(__file__).parent / "experiments"
REFERENCE = Options(engine="reference")


def experiment(name):
    return load_experiment(str(HERE / f"{name}.yaml"))


@pytest.fixture(scope="module")
def counting():
    return load_model(str(HERE / "counting.yaml"))


@pytest.fixture(scope="module")
def drawing(tmp_path_factory):
    """Return a model whose noise depends on its state, so that only a fixed step will do."""
    folder = tmp_path_factory.mktemp("drawing")
    (folder / "components").mkdir()
    (folder / "components" / "own.yaml").write_text(
        "format: 1\ntitle: own\nequations: |\n  dx/dt = (1 + x) * sqrt(rate) * xi : 1\n"
        "on_pre:\n  - do: x += 0\ninitial: {x: 1}\n"
        "parameters:\n  rate: {value: 1 Hz, assumed: for a test}\n"
    )
    (folder / "own.yaml").write_text(
        "format: 1\ntitle: own\ncomponents: [own]\nreadout: x\n"
        "integrator: {method: milstein, dt: 1 ms}\n"
    )
    return load_model(str(folder / "own.yaml"))


@pytest.fixture(scope="module")
def counted(counting):
    return compare(counting, experiment("counted"), REFERENCE)


@pytest.fixture(scope="module")
def drugged(counting):
    return compare(counting, experiment("drugged"), REFERENCE)


def measured(mean=None, sem=None, sign=""):
    return Outcome(0, "F", "made up", mean=mean, sem=sem, sign=sign)


def against(simulated, **outcome):
    return Comparison(measured(**outcome), "made up", simulated)


def test_z_is_the_difference_in_sem():
    assert against(130.0, mean=110, sem=8).z == 2.5
    assert against(90.0, mean=110, sem=8).z == -2.5


def test_there_is_no_z_without_sem_or_for_a_sign():
    assert against(130.0, mean=110).z is None
    assert against(130.0, sign="LTP").z is None


def test_the_score_of_several_outcomes_is_the_root_mean_square_of_z():
    both = [against(130.0, mean=110, sem=5), against(97.0, mean=100, sem=1)]  # z is 4 and -3
    assert root_mean_square_z(both) == pytest.approx(12.5**0.5)
    assert root_mean_square_z([against(130.0, sign="LTP")]) is None


def test_one_outcome_with_a_tiny_error_does_not_decide_alone():
    far = against(200.0, mean=100, sem=0.01)
    assert root_mean_square_z([far]) == LARGEST_Z


@pytest.mark.parametrize(
    ("strength", "sign"), [(110.0, "LTP"), (109.9, "none"), (90.1, "none"), (90.0, "LTD")]
)
def test_a_simulated_change_below_ten_percent_is_none(strength, sign):
    assert sign_of(strength, 10.0) == sign
    assert against(strength, sign="none").simulated_sign == sign


@pytest.mark.parametrize(
    ("mean", "sem", "sign"),
    [
        (119.9, 10, "none"), (120, 10, "LTP"), (80, 10, "LTD"), (104, 1, "LTP"), (97, 1, "LTD"),
        (109, None, "none"), (111, None, "LTP"),
    ],
)  # fmt: skip
def test_a_measured_change_is_none_unless_it_is_significant(mean, sem, sign):
    assert measured_sign(measured(mean=mean, sem=sem)) == sign


def test_a_sign_that_was_read_is_taken_as_it_is():
    assert measured_sign(measured(sign="LTD")) == "LTD"


def test_signs_that_agree_are_counted():
    three = [against(s, sign="LTP") for s in (150.0, 105.0, 50.0)]
    none = Comparison(measured(sign="LTP"), "made up", None, "does not apply")
    assert agreement([*three, none]) == (1, 3)


def test_every_condition_has_the_strength_at_its_measuring_time(counted):
    assert [c.simulated for c in counted.comparisons] == pytest.approx([110, 120, 150], rel=1e-6)
    assert [c.z for c in counted.comparisons[::2]] == pytest.approx([0.5, 4], rel=1e-5)
    assert counted.comparisons[1].z is None
    assert [c.agrees for c in counted.comparisons] == [False, True, True]  # 106 +- 8 is none
    assert counted.state == "scored"


def test_bath_values_that_the_model_lacks_are_told(counted):
    assert counted.simulated.not_modelled == ("temperature",)


def test_an_arm_with_an_unknown_drug_does_not_apply_and_the_others_run(drugged):
    found = {c.condition: c for c in drugged.comparisons}
    assert found["control"].simulated == pytest.approx(120, rel=1e-6)
    assert found["blocked"].simulated == pytest.approx(100, rel=1e-6)
    assert found["unknown"].simulated is None
    assert "does not know the drug 'mystery'" in found["unknown"].reason
    assert found["unknown"].agrees is None


def test_an_arm_with_spikes_that_the_model_does_not_take_does_not_apply(drugged):
    (paired,) = (c for c in drugged.comparisons if c.condition == "paired")
    assert "gives postsynaptic spikes, which model 'counting' does not take" in paired.reason


def test_a_protocol_that_the_model_cannot_take_does_not_apply_at_all(counting):
    own = experiment("drugged")
    only = replace(own, outcomes=own.outcomes[1:2])
    assert compare(counting, only, REFERENCE).state == "not applicable"


def test_a_readout_of_nothing_has_no_strength(counting):
    silent = replace(counting, readout=replace(counting.readout, variable="x"))
    found = strengths(silent, experiment("counted").protocol, REFERENCE)
    assert found.strengths == (None, None, None)
    assert found.reasons == ("'x' is zero in the baseline, so it has no strength in %",) * 3


def test_a_simulation_that_fails_is_a_failed_cell(counting, monkeypatch):
    def fails(*_, **__):
        raise SimulationError("'w' is not finite in lane 3")

    monkeypatch.setattr("plasticity_sim.trials.simulate", fails)
    cell = compare(counting, experiment("counted"))
    assert cell.state == "failed"
    assert {c.reason for c in cell.comparisons} == {"'w' is not finite in lane 3"}
    assert {c.agrees for c in cell.comparisons} == {None}


def test_nothing_but_the_two_known_errors_is_caught(counting, monkeypatch):
    def breaks(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("plasticity_sim.trials.simulate", breaks)
    with pytest.raises(ZeroDivisionError):
        compare(counting, experiment("counted"))


def test_fitted_and_held_out_outcomes_are_told_apart(counting):
    fitted = replace(counting, fitted_to=("counted",))
    one = compared(fitted, experiment("counted"), Simulated((110.0, 120.0, 130.0), ("",) * 3))
    other = compared(fitted, experiment("drugged"), Simulated((140.0,) * 4, ("",) * 4))
    assert (one.role, other.role) == ("fitted", "held-out")
    roles = totals([one, other])["counting"]
    assert roles["fitted"].z == pytest.approx((0.5**2 / 2) ** 0.5)
    assert roles["held-out"].z == pytest.approx(((2**2 + 4**2) / 2) ** 0.5)
    assert (roles["held-out"].agree, roles["held-out"].of) == (2, 4)


def test_what_takes_too_many_steps_of_a_fixed_length_is_run_at_the_solvers_own(counting):
    step = replace(counting.integrator, method="rk4", dt=1e-3)
    slow = replace(counting, integrator=step)
    # three conditions, which go side by side, of 1 s, at most 0.49 s and 0.1 s, at 1 ms
    assert fixed_steps(slow, experiment("counted").protocol) == pytest.approx(1590)
    own, fixed = (
        strengths(slow, experiment("counted").protocol, most_steps=most) for most in (1e3, 1e6)
    )
    assert own.remark == "run at steps of the solver's own, where the model asks for 1 ms"
    assert fixed.remark == ""
    assert own.strengths == pytest.approx(fixed.strengths)


def test_what_no_other_steps_can_do_is_left_out(drawing):
    found = strengths(drawing, experiment("counted").protocol, most_steps=1)
    assert "the noise of 'x' depends on 'x'" in found.left_out
    assert "where at most 1.0e+00 may" in found.left_out
    assert compared(drawing, experiment("counted"), found).state == "left out"


def test_what_does_not_apply_is_told_so_and_not_left_out(counting):
    slow = replace(counting, integrator=replace(counting.integrator, method="rk4", dt=1e-3))
    own = only_arms(experiment("drugged").protocol, ["unknown", "paired"])
    found = strengths(slow, own, most_steps=1)
    assert found.left_out == ""
    assert "does not know the drug 'mystery'" in found.reasons[0]


def test_a_synapse_that_never_changes_is_scored_on_the_same_outcomes():
    none = Comparison(measured(mean=90, sem=1), "made up", None, "does not apply")
    (still,) = unchanged([against(150.0, mean=140, sem=10), none])
    assert (still.z, still.simulated_sign) == (-4, "none")
