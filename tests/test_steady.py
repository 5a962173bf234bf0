"""Branches and saddle nodes of models whose steady states are known in closed form."""

import json

import numpy as np
import pytest

from plasticity_sim.errors import InputError, SimulationError
from plasticity_sim.model import load_model
from plasticity_sim.steady import Over, continuation, parse_over
from plasticity_sim.steady_plot import draw_diagram, telling

FOLD = 2 / (3 * np.sqrt(3))  # of r + x - x**3: where its derivative 1 - 3 x**2 is zero

MODEL = """\
format: 1
title: A model of its own
components: [mechanism]
readout: {readout}
observe: [{observe}]
clamp: [{clamp}]
states: {states}
integrator: rodas4
"""
CUBIC = """\
format: 1
title: A switch
equations: |
  dx/dt = (r + x - x**3) / tau : 1
parameters:
  r: {value: 0, assumed: the control of the switch}
  tau: {value: 1 s, assumed: sets the unit of time}
"""
LINEAR = """\
format: 1
title: First-order decay
equations: |
  dx/dt = (gain * y - x) / tau : 1
  dy/dt = (drive - y) / tau : 1
  twice = 2 * x : 1
parameters:
  drive: {value: 1, assumed: what drives y}
  gain: {value: 3, assumed: what y does to x}
  tau: {value: 1 s, assumed: sets the unit of time}
"""
EXCHANGE = """\
format: 1
title: Two forms of one molecule
equations: |
  da/dt = -forwards * a + backwards * b : mM
  db/dt = forwards * a - backwards * b : mM
initial: {a: total}
parameters:
  total: {value: 2 uM, assumed: both forms}
  forwards: {value: 3 1/s, assumed: rate}
  backwards: {value: 1 1/s, assumed: rate}
"""
OSCILLATOR = """\
format: 1
title: Normal form of the Hopf bifurcation
equations: |
  dx/dt = (mu * x - y - x * (x**2 + y**2)) / tau : 1
  dy/dt = (x + mu * y - y * (x**2 + y**2)) / tau : 1
parameters:
  mu: {value: -1, assumed: the control of the oscillation}
  tau: {value: 1 s, assumed: sets the unit of time}
"""
RUNAWAY = """\
format: 1
title: Growth without an end
equations: |
  dx/dt = rate : 1
parameters:
  rate: {value: 1 1/s, assumed: rate}
"""


def model_of(folder, component, states="{}", readout="x", observe="x", clamp=""):
    (folder / "mechanism.yaml").write_text(component)
    text = MODEL.format(states=states, readout=readout, observe=observe, clamp=clamp)
    (folder / "own.yaml").write_text(text)
    return load_model(str(folder / "own.yaml"))


@pytest.fixture
def cubic(tmp_path):
    return model_of(tmp_path, CUBIC, "{low: {x: -1}, high: {x: 1}}")


def test_saddle_nodes_of_the_cubic_are_found_to_many_digits(cubic):
    diagram = continuation(cubic, "r", -1.0, 1.0, 21)
    assert [node.swept for node in diagram.saddle_nodes] == pytest.approx([-FOLD, FOLD], rel=1e-9)
    values = [node.observed["x"] for node in diagram.saddle_nodes]
    assert values == pytest.approx([1 / np.sqrt(3), -1 / np.sqrt(3)], abs=1e-6)


def test_branches_of_the_cubic_are_its_roots_with_the_middle_unstable(cubic):
    diagram = continuation(cubic, "r", -1.0, 1.0, 21)
    assert [branch.is_stable for branch in diagram.branches] == [True, False, True]
    for index, r in enumerate(diagram.grid):
        roots = np.roots([-1, 0, 1, r])
        real = sorted(roots[np.abs(roots.imag) < 1e-9].real)
        found = [branch.gridded.observed["x"][index] for branch in diagram.branches]
        assert [x for x in found if np.isfinite(x)] == pytest.approx(real, abs=1e-9)


def test_eigenvalue_is_the_slope_of_the_cubic(cubic):
    diagram = continuation(cubic, "r", -1.0, 1.0, 21)
    for branch in diagram.branches:
        x = branch.gridded.observed["x"]
        assert branch.gridded.eigenvalue == pytest.approx(1 - 3 * x**2, abs=1e-6, nan_ok=True)


def test_branches_found_from_several_states_are_one(tmp_path):
    states = "{low: {x: -1}, high: {x: 1}, higher: {x: 2}}"
    diagram = continuation(model_of(tmp_path, CUBIC, states), "r", -1.0, 1.0, 5)
    assert len(diagram.branches) == 3


def test_range_without_a_fold_holds_both_branches_apart(cubic):
    diagram = continuation(cubic, "r", 0.1, 0.2, 3)
    assert [branch.is_stable for branch in diagram.branches] == [True, True]
    assert diagram.saddle_nodes == ()


def test_range_away_from_the_models_own_value_is_entered_at_its_ends(cubic):
    diagram = continuation(cubic, "r", 0.3, 1.0, 8)
    assert [node.swept for node in diagram.saddle_nodes] == pytest.approx([FOLD])
    assert len(diagram.branches) == 3


def test_linear_model_has_one_stable_branch(tmp_path):
    diagram = continuation(model_of(tmp_path, LINEAR), "drive", -1.0, 2.0, 7)
    assert len(diagram.branches) == 1
    assert diagram.branches[0].is_stable
    assert diagram.branches[0].gridded.observed["x"] == pytest.approx(3 * diagram.grid)


def test_state_that_is_held_is_the_parameter(tmp_path):
    model = model_of(tmp_path, LINEAR, observe="x, y", clamp="y")
    diagram = continuation(model, "y", 1.0, 100.0, 4)
    assert diagram.observed == ("x",)
    assert diagram.branches[0].gridded.observed["x"] == pytest.approx(3 * diagram.grid)
    assert diagram.branches[0].gridded.states[:, 1] == pytest.approx(diagram.grid)


def test_conserved_total_follows_a_parameter_that_sets_it(tmp_path):
    model = model_of(tmp_path, EXCHANGE, readout="b", observe="a, b")
    diagram = continuation(model, "total", 1e-3, 5e-3, 5)
    assert diagram.branches[0].is_stable
    assert diagram.branches[0].gridded.observed["b"] == pytest.approx(0.75 * diagram.grid)


def test_conserved_total_stays_where_a_rate_changes(tmp_path):
    model = model_of(tmp_path, EXCHANGE, readout="b", observe="a, b")
    observed = continuation(model, "forwards", 0.01, 100.0, 9).branches[0].gridded.observed
    assert observed["a"] + observed["b"] == pytest.approx(2e-3, rel=1e-12)


def test_branch_that_loses_stability_without_a_fold_says_where(tmp_path):
    diagram = continuation(model_of(tmp_path, OSCILLATOR), "mu", -1.0, 1.0, 4)
    assert len(diagram.branches) == 1
    assert diagram.branches[0].is_stable is None
    assert diagram.branches[0].gridded.stable.tolist() == [True, True, False, False]


def test_model_that_never_rests_is_one_line(tmp_path):
    with pytest.raises(SimulationError, match="nothing to follow over 'rate'") as caught:
        continuation(model_of(tmp_path, RUNAWAY), "rate", 1.0, 2.0, 3)
    assert "\n" not in str(caught.value)


def test_dataset_has_units_names_and_saddle_nodes():
    dataset = continuation(load_model("graupner_brunel_2007"), "ca", 3e-4, 4e-4, 5).to_dataset()
    assert dataset["ca"].values == pytest.approx([0.3, 0.325, 0.35, 0.375, 0.4])
    assert dataset["ca"].attrs["units"] == dataset["camkii_active"].attrs["units"] == "uM"
    assert dataset["camkii_active"].dims == ("branch", "ca")
    assert dataset["stable"].dtype == bool
    assert dataset["ca_saddle"].values == pytest.approx([0.363130, 0.373918], rel=1e-5)


def test_summary_is_json(cubic):
    summary = json.loads(json.dumps(continuation(cubic, "r", -1.0, 1.0, 5).summary()))
    assert summary["over"] == {"name": "r", "start": -1.0, "stop": 1.0, "count": 5, "unit": ""}
    assert [branch["stable"] for branch in summary["branches"]] == [True, False, True]
    assert summary["saddle_nodes"][1]["r"]["value"] == pytest.approx(FOLD)


def test_figure_draws_one_panel_for_proportional_observables(tmp_path):
    model = model_of(tmp_path, LINEAR, observe="x, y, twice")
    dataset = continuation(model, "gain", 1.0, 2.0, 3).to_dataset()
    assert telling(dataset) == ["x"]


def test_figure_is_180_mm_wide_and_numbers_the_saddle_nodes(cubic):
    figure = draw_diagram(continuation(cubic, "r", -1.0, 1.0, 5).to_dataset())
    assert figure.get_figwidth() * 25.4 == pytest.approx(180)
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1", "2"]


def test_sweep_is_read_from_text():
    over = parse_over("ca=0.05:0.5:200 uM", load_model("graupner_brunel_2007"))
    assert over == Over("ca", pytest.approx(5e-5), pytest.approx(5e-4), 200)


@pytest.mark.parametrize(("text", "message"), [
    ("ca 0.05:0.5:200 uM", "has no '='"),
    ("calcum=0.05:0.5:200 uM", "no parameter or state 'calcum'"),
    ("g_ndma=0.1:1:10 nS", "did you mean 'g_nmda'?"),
    ("cam4=0.1:1:10 uM", "'cam4' follows from the states"),
    ("b0=0.1:1:10 uM", "'b0' is not under 'clamp'"),
    ("ca=0.05:0.5:200 mV", "wrong unit"),
    ("ca=0.05:0.5:200", "has no unit"),
    ("ca=0.05:0.5:200 moles", "'moles' is not a unit"),
    ("ca=0.05:0.5 uM", "is not a range"),
    ("ca=0.05:0.5:1 uM", "has 1 values; 2 to"),
    ("ca=0.05:0.5:0 uM", "has 0 values; 1 to"),
    ("ca=0.05:0.5:99999999 uM", "values; 1 to"),
    ("ca=0.5:0.05:200 uM", "the start must be smaller than the stop"),
    ("ca=0.5:0.5:200 uM", "the start must be smaller than the stop"),
    ("ca=low:high:200 uM", "'low' is not a quantity"),
    ("ca=", "write name=start:stop:count"),
])  # fmt: skip
def test_mistake_in_a_sweep_is_one_line_that_says_what_to_write(text, message):
    with pytest.raises(InputError) as caught:
        parse_over(text, load_model("graupner_brunel_2007"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
