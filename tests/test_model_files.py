"""Own models and components: one clear error each, in the right file and on the right line."""

import re
from pathlib import Path

import pytest
from brian2 import Equations

from plasticity_sim.errors import InputError
from plasticity_sim.model import load_model, read_values
from plasticity_sim.model.equations import parse_equations
from plasticity_sim.model.loading import load_component
from plasticity_sim.quantities import parse_unit

COMPONENT = """\
format: 1
title: A trace that every presynaptic spike raises
equations: |
  dx/dt = -x / tau         : 1
  # what is read
  w = 1 + k * x            : 1
  v : volt
on_pre:
  - do: x += a
  - {after: delay, do: v = v_high}
initial: {x: 0.5, v: -70 mV}
parameters:
  tau: {value: 10 ms, assumed: a test}
  k: {value: 2, assumed: a test}
  a: {value: 1, assumed: a test}
  delay: {value: 5 ms, assumed: a test}
  v_high: {value: 0 mV, assumed: a test}
"""
MODEL = """\
format: 1
title: A trace and its reading
components: [trace]
values: {k: {value: 3, assumed: a test}}
readout: w
observe: [x, w]
conserve: [w]
clamp: [x]
drugs:
  block: {a: x 0}
states:
  low: {x: 0}
  high: {x: 1}
mix: {low: 0.5, high: 0.5}
population:
  synapses: 3
  vary: {k: lognormal 0.2}
integrator: {method: rk4, dt: 0.1 ms}
"""


def written(folder: Path, model: str = MODEL, **components: str) -> str:
    """Write a model and its components; return the model's path."""
    for name, text in ({"trace": COMPONENT} | components).items():
        (folder / f"{name}.yaml").write_text(text)
    (folder / "own.yaml").write_text(model)
    return str(folder / "own.yaml")


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"'{old}' must stand once"
    return text.replace(old, new)


def refusal(path: str) -> str:
    with pytest.raises(InputError) as caught:
        load_model(path)
    return str(caught.value).removeprefix(str(Path(path).parent) + "/")


def test_an_own_model_is_loaded_from_the_files_beside_it(tmp_path):
    model = load_model(written(tmp_path))
    assert (model.differential, model.held, model.parameters["k"].value) == (("x",), ("v",), 3)


def test_an_own_component_in_the_folder_components_comes_first(tmp_path):
    path = written(tmp_path)
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "trace.yaml").write_text(changed(COMPONENT, "10 ms", "20 ms"))
    assert load_model(path).parameters["tau"].text == "20 ms"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("parameters:", "paramaters:", 12, "did you mean 'parameters'?"),
        ("a: {value: 1,", "a: {valu: 1,", 15, "did you mean 'value'?"),
        ("a: {value: 1, assumed: a test}", "a: {value: 1}", 15, "one of source, assumed or fitted"),
        ("a: {value: 1,", "a: {value: 1, source: Jahr1990,", 15, "found source and assumed"),
        ("value: 10 ms", "value: 10", 4, "wanted"), ("v: -70 mV", "w: 1", 11, "'w' is not a state"),
        ("value: 10 ms", "value: 10 mz", 13, "'mz' is not a unit"),
        ("value: 10 ms", "value: 10 mV", 4, "the equation of 'x' has"),
        ("-x / tau ", "-x / tua ", 4, "the equation of 'x' reads 'tua', which nothing defines; d"),
        ("1 + k * x ", "1 + tau * x ", 6, "mixes units"), ("format: 1", "format: 2", 1, "format"),
        ("1 + k * x ", "tau * x ", 6, "has the unit ms, where 1 is wanted"),
        ("1 + k * x            : 1", "1 +\n    k * x", 6, "'w = 1 + k * x' has no unit; write `dx"),
        ("v : volt", "v : mV", 7, "without prefix"),
        ("x += a", "y += a", 9, "on_pre: 'y' is not a state"),
        ("v : volt", "v : furlong", 7, "'furlong' is not a unit"),
        ("v : volt", "v : volt (constant)", 7, "flags such as (constant)"),
        ("1 + k * x ", "1 + k * sqr(x) ", 6, "no function 'sqr'; did you mean 'sqrt'?"),
        ("1 + k * x ", "1 + k * w ", 6, "circle: w -> w"),
        ("  v : volt", "  v : volt\n  x : 1", 8, "'x' is defined already"),
        ("  v : volt", "  v : volt\n  exp : 1", 8, "a meaning of its own"),
        ("  v : volt", "  v : volt\n  mV : 1", 8, "'mV' is a unit"),
        ("  a: {value: 1,", "  ms: {value: 1,", 15, "'ms' is a unit"),
        ("  a: {value: 1,", "  x: {value: 1,", 15, "'x' is defined already"),
        ("  a: {value: 1,", "  tau: {value: 1,", 15, "(first on line 13)"),
        ("x += a", "x += tau", 9, "on_pre: 'x += tau' gives ms, where 1 is wanted"),
        ("v = v_high", "v = tau", 10, "on_pre: 'v = tau' gives ms, where mV is wanted"),
        ("x += a", "x += aa", 9, "on_pre reads 'aa', which nothing defines; did you mean 'a'?"),
        ("after: delay", "after: k", 10, "after has the unit 1"),
        ("after: delay", "after: 5 ms", 10, "`after` names a parameter"),
        ("after: delay", "after: delay * x", 10, "must be constant"),
        ("after: delay", "after: delay * rand()", 10, "`after` draws a random number"),
        ("v: -70 mV", "v: -70", 11, "as in '-70 mV'"),
        ("v: -70 mV", "v: tau", 11, "starting value of 'v'"),
        ("v: -70 mV", "vv: -70 mV", 11, "did you mean 'v'?"),
        ("  k: {", "  no: {value: 1, assumed: x}\n  k: {", 14, "'no' of trace is read by nothing"),
        ("initial:", "threshold: v > tau\ninitial:", 11, "threshold mixes units"),
        ("initial:", "threshold: v > (\ninitial:", 11, "'v > (' is not an expression"),
        ("{x: 0.5, v: -70 mV}", "\n  x: 0.5\n  v: a * (", 13, "'a * (' is not an expression"),
        ("  v : volt", "  v : volt\n  y = tau : 1", 8, "the equation of 'y' has the unit ms"),
        ("on_pre:", "on_spike: [{after: delay, do: x = 0}]\non_pre:", 8, "on_spike: a delay after"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_component_is_told_at_its_line(tmp_path, old, new, line, says):
    message = refusal(written(tmp_path, trace=changed(COMPONENT, old, new)))
    assert message.startswith(f"trace.yaml:{line}: ")
    assert says in message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("-x / tau ", "-x * (k + a) ", "the unit 1, where 1/s is wanted; without a unit are a, k"),
        ("-x / tau ", "-x * tau ", "the equation of 'x' has the unit ms, where 1/s is wanted"),
        ("1 + k * x ", "1 + tau * x ", "the equation of 'w' mixes units: Expression '1 + tau * x' "
         "uses inconsistent units ('1' has unit 1; 'tau * x' has unit s)"),
    ],
)  # fmt: skip
def test_units_that_do_not_agree_are_told_with_the_plain_numbers_beside_them(
    tmp_path, old, new, says
):
    assert refusal(written(tmp_path, trace=changed(COMPONENT, old, new))).endswith(says)


@pytest.mark.parametrize("unit", ["volt/(metre*second)", "1/(mM*second)", "(volt*second)/(metre)"])
def test_a_unit_may_have_brackets(unit):
    ((variable, _),) = parse_equations(f"x : {unit}", "own")
    assert (variable.unit, variable.dimensions) == (unit, parse_unit(unit).dim)


@pytest.mark.parametrize("flags", ["(constant)", "volt (constant over dt, unless refractory)"])
def test_flags_are_refused_with_and_without_a_unit(flags):
    with pytest.raises(InputError, match=r"flags such as \(constant\) are not used here"):
        parse_equations(f"x : {flags}", "own")


@pytest.mark.parametrize("own", ["  readout = 5 * x : 1\n", "  readout : 1\n"])
def test_a_readout_that_is_an_expression_takes_its_name(tmp_path, own):
    trace = changed(COMPONENT, "  v : volt\n", "  v : volt\n" + own)
    path = written(tmp_path, changed(MODEL, "readout: w", "readout: 2 * w"), trace=trace)
    assert refusal(path) == f"own.yaml:5: 'readout' is defined already, in {tmp_path}/trace.yaml:8"
    (tmp_path / "own.yaml").write_text(changed(MODEL, "readout: w", "readout: readout"))
    assert load_model(path).readout.variable == "readout"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("observe:", "obsrve:", 6, "did you mean 'observe'?"), ("[trace]", "[]", 3, "components"),
        ("[trace]", "[trase]", 3, "no component called 'trase'"),
        ("[trace]", "[../secret]", 3, "'../secret' is not a name"),
        ("readout: w", "readout: ww", 5, "the readout reads 'ww', which nothing defines"),
        ("readout: w", "readout: tau + x", 5, "the readout mixes units"),
        ("readout: w", "readout: {response: v, within: 10}", 5, "'10' has no unit"),
        ("[x, w]", "[x, y]", 6, "observe: no variable 'y'"),
        ("conserve: [w]", "conserve: [total]", 7, "conserve: no variable 'total'"),
        ("clamp: [x]", "clamp: [w]", 8, "clamp: no variable 'w'"),
        ("block: {a: x 0}", "block: {aa: x 0}", 10, "did you mean 'a'?"),
        ("block: {a: x 0}", "block: {tau: 5 mV}", 10, "wrong unit"),
        ("block: {a: x 0}", "block: {a: x 2 mV}", 10, "a factor has no unit"),
        ("low: {x: 0}", "low: {y: 0}", 12, "'y' is not a state"),
        ("low: {x: 0}", "low: {x: 0 mV}", 12, "has a unit where a plain"),
        ("high: 0.5}", "hgih: 0.5}", 14, "did you mean 'high'?"),
        ("low: 0.5, high: 0.5", "low: 0, high: 0", 14, "add up to nothing"),
        ("low: 0.5, high: 0.5", "low: -1, high: 2", 14, "greater than or equal to 0"),
        ("low: 0.5, high: 0.5", "low: inf, high: 2", 14, "low"),
        ("synapses: 3", "synapses: 0", 16, "greater than or equal to 1"),
        ("{k: lognormal 0.2}", "{kk: lognormal 0.2}", 17, "no parameter 'kk'"),
        ("{k: lognormal 0.2}", "{k: lognormal wide}", 17, "'wide' is not a quantity"),
        ("{k: lognormal 0.2}", "{k: lognormal -0.2}", 17, "-0.2"),
        ("{k: lognormal 0.2}", "{k: lognormal 5mV}", 17, "5mV"),
        ("values: {k:", "values: {kk:", 4, "did you mean 'k'?"),
        ("value: 3,", "value: 3 nS,", 4, "k is 2, so '3 nS' has"),
        ("dt: 0.1 ms", "dt: 0.1", 18, "'0.1' has no unit"),
        ("dt: 0.1 ms", "dt: -1 ms", 18, "the step must be positive"),
        ("method: rk4", "method: rk5", 18, "rk5"), ("format: 1\n", "", 1, "'format' is missing"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_model_is_told_at_its_line(tmp_path, old, new, line, says):
    message = refusal(written(tmp_path, changed(MODEL, old, new)))
    assert message.startswith(f"own.yaml:{line}: ")
    assert says in message


SECOND = """\
format: 1
title: A second trace
equations: |
  dz/dt = -z / tau_z : 1
parameters:
  tau_z: {value: 1 s, assumed: a test}
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  tau_z: ", "  tau: {value: 1 s, assumed: x}\n  tau_z: ", "6: 'tau' is defined already"),
        ("dz/dt = -z", "dx/dt = -x", "4: 'x' is defined already, in trace.yaml:4"),
        ("parameters:", "initial:\n  z: 1\n  x: 0\nparameters:", "7: the first value of 'x' is"),
        ("tau_z : 1", "tau_z : 1\n  p = q : 1\n  q = p : 1", "5: the equations go round"),
    ],
)  # fmt: skip
def test_a_mistake_between_two_components_is_told_at_its_line(tmp_path, old, new, says):
    model = changed(MODEL, "[trace]", "[trace, second]")
    message = refusal(written(tmp_path, model, second=changed(SECOND, old, new)))
    assert message.replace(f"{tmp_path}/", "").startswith(f"second.yaml:{says}")


def test_the_readout_may_carry_a_comment(tmp_path):
    path = written(tmp_path, changed(MODEL, "readout: w", 'readout: "2 * w  # twice"'))
    assert Equations(load_model(path).equations)["readout"].unit is not None


@pytest.mark.parametrize("text", ["a: [", "", "- 1", "a: 1\na: 2"])
def test_a_broken_component_names_its_own_file(tmp_path, text):
    assert refusal(written(tmp_path, trace=text)).startswith("trace.yaml")


def test_a_component_that_links_to_itself_is_one_error(tmp_path):
    path = written(tmp_path)
    (tmp_path / "trace.yaml").unlink()
    (tmp_path / "trace.yaml").symlink_to(tmp_path / "trace.yaml")
    assert "trace" in refusal(path)


def test_values_change_a_copy_that_notes_what_it_was(tmp_path):
    model = load_model(written(tmp_path))
    new = model.with_values(tau="20 ms").parameters["tau"]
    assert (model.parameters["tau"].value, new.value) == (0.01, 0.02)
    assert new.provenance == "assumed: set by the user (was 10 ms: assumed: a test)"


def test_values_of_a_file_are_noted_as_changed_beside_those_of_before(tmp_path):
    model = load_model("pair_stdp").with_values(a_plus="0.1")
    (tmp_path / "mine.yaml").write_text("values: {tau_plus: 5 ms}")
    changed = read_values(str(tmp_path / "mine.yaml")).applied_to(model)
    assert changed.changed == {"a_plus", "tau_plus"}


def test_a_shipped_component_is_checked_by_its_name():
    assert load_component("hebbian") == (3, 4)  # two activities and a strength; four constants


def test_an_unknown_value_gets_the_nearest_name():
    with pytest.raises(InputError, match=r"no parameter 'g_ndma'; did you mean 'g_nmda'?"):
        load_model("graupner_brunel_2007").with_values(g_ndma="1 nS")


def test_a_value_of_a_wrong_unit_names_both(tmp_path):
    with pytest.raises(InputError, match=r"tau is 10 ms, so '1 mV' has the wrong unit.* 'ms'"):
        load_model(written(tmp_path)).with_values(tau="1 mV")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("values: {tua: 5 ms}", 1, "values: no parameter 'tua'; did you mean 'tau'?"),
        ("title: x\nvalues:\n  tau: 5 mV\n", 3, "tau is 10 ms, so '5 mV' has the wrong unit"),
        ("values:\n  tau: {value: 5 ms}\n", 2, "needs exactly one of source, assumed or fitted"),
        ("values: {}\nvalu: 3\n", 2, "unknown key 'valu'"), ("title: x", 1, "'values' is missing"),
        ("values: [1, 2]", 1, "values"), ("values:\n  tau: true\n", 2, "tau"),
        ("values: 5", 1, "values"), ("values:\n  tau: [1]\n", 2, "tau"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_values_file_is_told_at_its_line(tmp_path, text, line, says):
    model = load_model(written(tmp_path))
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        read_values(str(tmp_path / "mine.yaml")).applied_to(model)
    assert f"mine.yaml:{line}: " in str(caught.value)
