"""A model file that uses every key: all that it says is in the model, as written."""

from __future__ import annotations

import pytest
from brian2 import amp, kelvin, metre, mole, second, volt
from brian2.units.allunits import candle
from brian2.units.fundamentalunits import DIMENSIONLESS

from plasticity_sim.errors import InputError
from plasticity_sim.model import load_model
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.parts import Integrator, Kind, Population, Readout, Spread

COMPONENT = """\
format: 1
title: A leaky cell with noise and a trace
equations: |
  dv/dt = (rest - v) / tau + noise * xi / tau**0.5 : volt
  dx/dt = -x / tau                       : 1  # what a pulse leaves
  w = 1 + k * x                          : 1
  dose : 1
on_pre:
  - do: |
      x += a
      dose *= 2
  - {after: delay, do: dose /= 4}
on_post: [{do: x = 0}]
threshold: v > high
on_spike: [{do: v = rest}]
initial: {v: rest, dose: "1"}
parameters:
  rest: {value: -70 mV, source: Someone1990, note: at room temperature}
  high: {value: -50 mV, assumed: a test}
  noise: {value: 1 mV, fitted: own}
  tau: {value: 10 ms, assumed: a test}
  k: {value: "2", assumed: a test}
  a: {value: "1", assumed: a test}
  delay: {value: 5 ms, assumed: a test}
"""
MODEL = """\
format: 1
title: A cell
source: [Someone1990, Other2001]
note: for a test
components: [cell]
values: {k: {value: "3", source: Other2001}}
readout: {response: v, within: 20 ms}
observe: [x, v]
conserve: [w]
clamp: [v]
drugs:
  block: {a: x 0, half: 2 uM, high: -40 mV}
  other: {k: x 2}
states:
  low: {x: "0"}
  high: {x: 2 * k, v: -60 mV}
mix: {high: 3, low: 1}
population: {synapses: 5, sampling: random, vary: {k: lognormal 0.2, tau: normal 0}}
fitted_to: [dudek_bear_1992]
integrator: {method: heun, dt: 0.1 ms}
"""


def loaded(folder, model=MODEL, component=COMPONENT):
    (folder / "cell.yaml").write_text(component)
    (folder / "own.yaml").write_text(model)
    return load_model(str(folder / "own.yaml"))


@pytest.fixture
def model(tmp_path):
    return loaded(tmp_path)


def test_the_words_of_a_model_are_kept(model):
    assert (model.name, model.title, model.note) == ("own", "A cell", "for a test")
    assert model.source == ("Someone1990", "Other2001")
    assert (model.components, model.fitted_to) == (("cell",), ("dudek_bear_1992",))
    assert (model.observe, model.conserve, model.clamp) == (("x", "v"), ("w",), ("v",))


def test_a_variable_has_its_kind_unit_comment_and_component(model):
    kinds = {name: variable.kind for name, variable in model.variables.items()}
    assert kinds == {
        "v": Kind.DIFFERENTIAL, "x": Kind.DIFFERENTIAL, "w": Kind.SUBEXPRESSION, "dose": Kind.HELD,
    }  # fmt: skip
    x, v = model.variables["x"], model.variables["v"]
    assert (x.comment, x.component, x.unit, x.dimensions) == (
        "what a pulse leaves", "cell", "1", DIMENSIONLESS,
    )  # fmt: skip
    assert (v.comment, v.unit, v.dimensions) == ("", "volt", volt.dim)
    assert model.dimensions["noise"] == volt.dim


def test_an_event_does_what_its_blocks_say_in_their_order(model):
    told = [
        (block.trigger, block.after.text if block.after else None,
         [statement.text for statement in block.statements])
        for block in model.blocks
    ]  # fmt: skip
    assert told == [
        ("pre", None, ["x += a", "dose *= 2"]), ("pre", "delay", ["dose /= 4"]),
        ("post", None, ["x = 0"]), ("spike", None, ["v = rest"]),
    ]  # fmt: skip
    assert model.threshold.text == "v > high"


def test_states_begin_where_they_say_and_are_mixed_by_weight(model):
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    starts = {
        state: {name: start.evaluate(values) for name, start in each.items()}
        for state, each in model.states.items()
    }
    assert starts == {"low": {"x": 0.0}, "high": {"x": 6.0, "v": -0.06}}
    assert {n: s.evaluate(values) for n, s in model.initial.items()} == {"v": -0.07, "dose": 1.0}
    assert model.mix == {"low": 0.25, "high": 0.75}


def test_a_parameter_may_serve_the_states_alone(tmp_path):
    own = COMPONENT + '  most: {value: "8", assumed: a test}\n'
    high = loaded(tmp_path, MODEL.replace("x: 2 * k", "x: most / 2"), own).states["high"]["x"]
    assert high.evaluate({"most": 8}) == 4


def test_a_first_value_beyond_all_numbers_is_refused(tmp_path):
    model = loaded(tmp_path, MODEL.replace("x: 2 * k", "x: k * k"))
    with pytest.raises(InputError, match=r"'k \* k' is not finite"):
        model.states["high"]["x"].evaluate({"k": 1e200})


@pytest.mark.parametrize("change", ["v *= 2", "v /= k"])
def test_a_variable_with_a_unit_is_scaled_by_a_plain_number(tmp_path, change):
    model = loaded(tmp_path, component=COMPONENT.replace("dose *= 2", change))
    assert model.blocks[0].statements[1].text == change


def test_states_without_weights_count_alike_and_none_is_one_rest(tmp_path):
    text = MODEL.replace("mix: {high: 3, low: 1}\n", "")
    assert loaded(tmp_path, text).mix == {"low": 0.5, "high": 0.5}
    one = text.replace('states:\n  low: {x: "0"}\n  high: {x: 2 * k, v: -60 mV}\n', "")
    model = loaded(tmp_path, one)
    assert (model.states, model.mix) == ({"rest": {}}, {"rest": 1.0})


def test_a_state_that_the_mix_leaves_out_has_no_weight(tmp_path):
    assert loaded(tmp_path, MODEL.replace("mix: {high: 3, low: 1}", "mix: {low: 2}")).mix == {
        "low": 1.0, "high": 0.0,
    }  # fmt: skip


def test_a_drug_changes_what_it_names_and_knows_its_dose(model):
    block, other = model.drugs["block"], model.drugs["other"]
    assert (block.name, block.half, other.name, other.half) == ("block", "2 uM", "other", "")
    assert (set(block.effects), set(other.effects)) == ({"a", "high"}, {"k"})
    assert (block.effects["high"].text, other.effects["k"].text) == ("-40 mV", "x 2")


def test_population_readout_and_integrator_are_as_written(model, tmp_path):
    assert model.population == Population(
        5, "random", (("k", Spread("lognormal", 0.2)), ("tau", Spread("normal", 0.0)))
    )
    assert model.readout == Readout("v", 0.02)
    assert model.integrator == Integrator("heun", pytest.approx(1e-4))
    plain = MODEL.replace("{method: heun, dt: 0.1 ms}", "rodas4p").replace(
        "population: {synapses: 5, sampling: random, vary: {k: lognormal 0.2, tau: normal 0}}\n", ""
    )
    cell = COMPONENT.replace(" + noise * xi / tau**0.5", "").replace(
        "  noise: {value: 1 mV, fitted: own}\n", ""
    )
    own = loaded(tmp_path, plain.replace("{response: v, within: 20 ms}", "v"), cell)
    assert own.integrator == Integrator("rodas4p", None)
    tight = loaded(tmp_path, plain.replace("rodas4p", "{method: rodas5p, rtol: 1e-6}"), cell)
    assert tight.integrator == Integrator("rodas5p", None, 1e-6)
    assert own.population == Population(1, "quantiles", ())
    assert own.readout == Readout("v", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{method: rodas4, dt: 1 ms}", "rodas4 chooses its steps; give it rtol instead of dt"),
        ("{method: rk4}", "rk4 has a fixed step: give it dt, and no rtol"),
        ("{method: rk4, dt: 1 ms, rtol: 1e-3}", "rk4 has a fixed step: give it dt, and no rtol"),
        (
            "{method: rodas4, rtol: 1}",
            "rtol: input should be less than or equal to 0.01",
        ),
        ("{method: rodas9, rtol: 1e-4}", "method: input should be 'rodas4', .* found 'rodas9'"),
    ],
)
def test_a_method_has_a_step_or_a_tolerance(tmp_path, text, message):
    with pytest.raises(InputError, match=rf"own.yaml:\d+: (integrator: )?{message}"):
        loaded(tmp_path, MODEL.replace("{method: heun, dt: 0.1 ms}", text))


@pytest.mark.parametrize(
    ("text", "unit"), [("w * 2 + x", "1"), ("v - rest", ""), ("pi * v", ""), ("e * x", "1")]
)
def test_a_readout_may_be_an_expression_and_becomes_a_variable(tmp_path, text, unit):
    model = loaded(tmp_path, MODEL.replace("{response: v, within: 20 ms}", text))
    own = model.variables[model.readout.variable]
    assert (own.name, own.kind) == (model.readout.variable, Kind.SUBEXPRESSION)
    assert (own.expression.text, own.unit) == (text, unit)
    assert own.dimensions == (DIMENSIONLESS if unit else volt.dim)
    assert model.readout.within is None


def test_a_value_of_the_model_replaces_the_component_s_with_its_source(model):
    k, rest = model.parameters["k"], model.parameters["rest"]
    assert (k.name, k.value, k.text, k.source, k.component) == ("k", 3.0, "3", "Other2001", "cell")
    assert (rest.provenance, rest.note) == ("Someone1990", "at room temperature")
    assert model.parameters["noise"].provenance == "fitted: own"


def test_a_changed_value_is_assumed_and_remembers_its_file(model):
    once = model.with_parameters({"rest": "-65 mV", "noise": "2 mV"}, origin="a fit")
    twice = once.with_values(rest="0.06 volt", k=4)
    rest, noise = twice.parameters["rest"], twice.parameters["noise"]
    assert (rest.text, rest.unit, rest.value) == ("0.06 volt", "volt", 0.06)
    assert (rest.source, noise.source, noise.fitted) == ("", "", "")
    assert noise.assumed == "set by a fit (was 1 mV: fitted: own)"
    assert (rest.value_in_file, twice.parameters["k"].value_in_file) == (-0.07, 3.0)
    assert (model.changed, twice.changed) == (frozenset(), {"rest", "noise", "k"})
    assert (model.unit("rest"), twice.unit("rest"), twice.unit("k")) == ("mV", "volt", "1")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("k: lognormal 0.2", "k: lognormal -1", 18, "the width '-1' is negative"),
        ("k: lognormal 0.2", "k: flat 0.2", 18, "k: write 'lognormal 0.35' or 'normal 0.1'"),
        ("k: lognormal 0.2", "k: normal 0.2 0.3", 18, "k: write 'lognormal 0.35'"),
        ("k: lognormal 0.2", "kk: normal 1", 18, "no parameter 'kk'; did you mean 'k'"),
        ("dt: 0.1 ms", "dt: 0 ms", 20, "the step must be positive, found '0 ms'"),
        ("observe: [x, v]", "observe: [x, vv]", 8, "no variable 'vv'; did you mean 'v'"),
        ("clamp: [v]", "clamp: [w]", 10, "clamp: no variable 'w'"),
        ("half: 2 uM", "half: 0 uM", 12, "half: '0 uM' must be positive"),
        ("low: {x:", "low: {y:", 15, "'y'"),
        ("{high: 3, low: 1}", "{high: 0, low: 0}", 17, "the weights add up to nothing"),
        ("{high: 3, low: 1}", "{high: 1e308, low: 1e308}", 17, "or to no number$"),
        ("{high: 3, low: 1}", "{high: 3, lo: 1}", 17, "no state 'lo'; did you mean 'low'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path, old, new, line, says):
    assert MODEL.count(old) == 1
    with pytest.raises(InputError, match=rf"own\.yaml:{line}: .*{says}"):
        loaded(tmp_path, MODEL.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("dose *= 2", "dose *= 2 * rest", "gives mV, where 1 is wanted"),
        ("dose /= 4", "dose /= tau", "where 1 is wanted"),
        ("x = 0", "x = rest", "gives mV, where 1 is wanted"),
        ("xi / tau**0.5", "xi / tau", "unit"),
    ],
)  # fmt: skip
def test_units_that_do_not_agree_are_refused(tmp_path, old, new, says):
    with pytest.raises(InputError, match=says):
        loaded(tmp_path, component=COMPONENT.replace(old, new))


@pytest.mark.parametrize(
    ("unit", "text"),
    [(volt, "metre**2*kilogram*second**-3*amp**-1"), (kelvin, "kelvin"), (metre**2, "metre**2"),
     (amp * second, "second*amp"), (kelvin / second, "second**-1*kelvin"),
     (candle / mole, "mole**-1*candle")],
)  # fmt: skip
def test_a_unit_is_written_in_base_units(unit, text):
    assert base_unit_text(unit.dim) == text
