"""Files with one entry a line: a mistake is told at the line of the entry, not of those around."""

from __future__ import annotations

import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.model import load_model, read_values
from plasticity_sim.model.bounds import MOST_STATEMENTS
from plasticity_sim.model.loading import load_component

COMPONENT = """\
format: 1
title: A trace that every presynaptic spike raises
equations: |
  dx/dt = -x / tau : 1
on_pre:
  - do: x += a
parameters:
  tau: {value: 10 ms, assumed: a test}
  a: {value: "1", assumed: a test}
"""
MODEL = """\
format: 1
title: A trace
components:
  - trace
values:
  tau: 20 ms
  a: "2"
readout: x
observe:
  - x
  - x
states:
  low:
    x: "0"
  high:
    x: "1"
mix:
  low: 0.5
  high: 0.5
population:
  synapses: 3
  vary:
    tau: normal 0.1
    a: lognormal 0.2
fitted_to:
  - dudek_bear_1992
  - ./mine.yaml
integrator:
  method: rk4
  dt: 0.1 ms
"""


def written(folder, model=MODEL, component=COMPONENT):
    (folder / "trace.yaml").write_text(component)
    (folder / "own.yaml").write_text(model)
    (folder / "mine.yaml").write_text("format: 1")
    return str(folder / "own.yaml")


def test_an_experiment_beside_the_model_is_what_it_was_fitted_to(tmp_path):
    assert load_model(written(tmp_path)).fitted_to == ("dudek_bear_1992", "./mine.yaml")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("- trace", "- trase", 4, "no component called 'trase'; known: "),
        ("  a: \"2\"", "  aa: \"2\"", 7, "values: no parameter 'aa'; did you mean 'a'?"),
        ("  a: \"2\"", "  a: 2 nS", 7, "a is 1, so '2 nS' has the wrong unit"),
        ("  a: \"2\"", "  a: 2 nX", 7, "a: 'nX' is not a unit"),
        ("  - x\nstates", "  - y\nstates", 11, "observe: no variable 'y'; known: x"),
        ("x: \"1\"", "x: a * (", 16, "'a * (' is not an expression: check brackets and signs"),
        ("x: \"1\"", "y: \"1\"", 16, "'y' is not a state or held variable; known: x"),
        ("high: 0.5", "hgih: 0.5", 19, "mix: no state 'hgih'; did you mean 'high'?"),
        ("a: lognormal", "aa: lognormal", 24, "population: no parameter 'aa'; did you mean 'a'?"),
        ("lognormal 0.2", "lognormal", 24, "a: write 'lognormal 0.35' or 'normal 0.1', found 'log"),
        ("./mine", "./yours", 27, "fitted_to: there is no such experiment file"),
        ("dudek_bear", "dudek_baer", 26, "fitted_to: no experiment called 'dudek_baer_1992'; did"),
        ("dt: 0.1 ms", "dt: 0.1", 30, "dt: '0.1' has no unit"),
        ("dt: 0.1 ms", "dt: -1 ms", 30, "dt: the step must be positive, found '-1 ms'"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_model_is_told_at_the_line_of_its_entry(tmp_path, old, new, line, says):
    assert MODEL.count(old) == 1
    path = written(tmp_path, MODEL.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}:{line}: {says}")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("format: 2\nvalues: {}", 1, "format: '2' is not known; write 1"),
        ("title: x\nformat: 2\nvalues: {}", 2, "format: '2' is not known; write 1"),
        ("title: x", 1, "'values' is missing; a values file holds format, title and values"),
        ("title: x\nvalue: 3", 2, "unknown key 'value'; a values file holds format, title and"),
        ("title: x\nvalues: 3", 2, "values: write NAME: {value: 0.6 nS, assumed: why}"),
        ("values:\n  a: \"2\"\n  tau: 5 mx", 3, "tau: 'mx' is not a unit"),
        ("values:\n  a: \"2\"\n  tau: [5 ms]", 3, "tau: write a quantity, as in '0.6 nS'"),
        ("values:\n  a: \"2\"\n  tau: {value: 5 mx, assumed: x}", 3, "tau: 'mx' is not a unit"),
        ("values:\n  a: \"2\"\n  tua: 5 ms", 3, "values: no parameter 'tua'; did you mean 'tau'?"),
        ("values:\n  a: \"2\"\n  tau: 5 mV", 3, "tau is 10 ms, so '5 mV' has the wrong unit"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_values_file_is_told_at_the_line_of_its_entry(tmp_path, text, line, says):
    model = load_model(written(tmp_path, MODEL.replace('  tau: 20 ms\n  a: "2"\n', "  {}\n")))
    (tmp_path / "values.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_values(str(tmp_path / "values.yaml")).applied_to(model)
    assert str(caught.value).startswith(f"{tmp_path}/values.yaml:{line}: {says}")


def test_a_values_file_may_tell_its_format_and_title(tmp_path):
    (tmp_path / "values.yaml").write_text("format: 1\ntitle: slower\nvalues: {tau: 30 ms}")
    values = read_values(str(tmp_path / "values.yaml"))
    tau = values.applied_to(load_model(written(tmp_path))).parameters["tau"]
    assert (tau.value, tau.component) == (0.03, "trace")
    assert tau.provenance == f"assumed: set in {tmp_path}/values.yaml"


def test_a_thousand_statements_are_read_and_not_one_more(tmp_path):
    most = "x += a;" * MOST_STATEMENTS
    written(tmp_path, component=COMPONENT.replace("x += a", most))
    assert load_component(str(tmp_path / "trace.yaml")) == (1, 2)
    written(tmp_path, component=COMPONENT.replace("x += a", most + "x += a"))
    with pytest.raises(InputError, match=f"yaml:5: more than {MOST_STATEMENTS} statements"):
        load_component(str(tmp_path / "trace.yaml"))
