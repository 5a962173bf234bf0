"""What is without effect, as the equations tell: what only multiplies what never comes, say."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_sim as ps
from plasticity_sim.expressions import Expression
from plasticity_sim.model.influence import deciding
from plasticity_sim.model.zeros import names_left
from plasticity_sim.simulation.effects import without_effect

PULSES = (
    "format: 1\ntitle: own\nbaseline: {duration: 1 s, rate: 2 Hz}\n"
    "induction: [{pre: [{count: 3, rate: 100 Hz}]}]\nfollow_up: {duration: 1 s, rate: 2 Hz}\n"
)
# what belongs to the postsynaptic action potential alone, as the papers' equations say
OF_SPIKES = {
    "ca1_spine": {"v_bap", "share_bap_slow", "tau_bap_fast", "tau_bap_slow"},
    "shouval_2002": {"v_bap", "share_bap_fast", "tau_bap_fast", "tau_bap_slow", "delay_bap"},
    "graupner_brunel_2007": {"i_pulse", "t_pulse"},
    "graupner_brunel_2012_dp": {"c_post"},
    "pair_stdp": {"a_plus", "a_minus", "tau_minus"},
    "hebbian": {"eta", "tau_post"},  # the product of the two activities
}


def said_of_all(model: ps.Model, protocol: ps.Protocol) -> set[str]:
    """Return the parameters that would be without effect if they were set."""
    texts = {name: parameter.text for name, parameter in model.parameters.items()}
    return set(without_effect(model.with_parameters(texts), protocol))


@pytest.fixture
def pulses(tmp_path) -> ps.Protocol:
    (tmp_path / "pulses.yaml").write_text(PULSES)
    return ps.load_protocol(str(tmp_path / "pulses.yaml"))


@pytest.mark.parametrize("name", OF_SPIKES)
def test_pulses_alone_make_the_action_potential_count_for_nothing(name, pulses):
    assert said_of_all(ps.load_model(name), pulses) == OF_SPIKES[name]


@pytest.mark.parametrize("name", OF_SPIKES)
def test_with_spikes_it_counts(name):
    said = said_of_all(ps.load_model(name), ps.load_protocol("stdp_pairs"))
    assert said <= {"field_stimulation"}  # which the protocol sets


def test_a_window_that_moves_a_state_makes_it_count(pulses, tmp_path):
    hebbian = ps.load_model("hebbian")
    (tmp_path / "held.yaml").write_text(PULSES + "set: [{y_post: 5 Hz, from: 0 s, until: 10 ms}]\n")
    held = ps.load_protocol(str(tmp_path / "held.yaml"))
    assert said_of_all(hebbian, pulses) == {"eta", "tau_post"}
    assert said_of_all(hebbian, held) == set()


NAMES = ("a", "b", "x", "y")  # the last two are zero
LEAVES = st.sampled_from([*NAMES, "0", "2", "0.5"])


def deeper(inner):
    two = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "<"]), inner)
    functions = ["exp", "sin", "cos", "tanh", "sqrt", "abs", "int", "exprel", "log"]
    return st.one_of(
        two.map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda x: f"({x})**2"),
        inner.map(lambda x: f"-({x})"),
        inner.map(lambda x: f"clip({x}, -1, 1)"),
        st.tuples(st.sampled_from(functions), inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
    )


@cache
def value(text: str, a: float, b: float) -> float | None:
    try:
        return Expression(text).evaluate({"a": a, "b": b, "x": 0.0, "y": 0.0})
    except ps.InputError:
        return None


@given(st.recursive(LEAVES, deeper, max_leaves=12), st.lists(st.floats(0.1, 5), min_size=4))
@settings(max_examples=300, deadline=None)
def test_what_is_left_out_of_an_expression_does_not_change_its_value(text, points):
    left = names_left(Expression(text), {"x", "y"})
    assert not left & {"x", "y"}
    for new in points:
        before = value(text, 1.5, 2.5)
        after = value(text, 1.5 if "a" in left else new, 2.5 if "b" in left else new)
        if before is not None and after is not None:
            assert after == before


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + x", "a"), ("x - x", ""), ("-x * a", ""), ("x / a * b", ""), ("a / x", "a"),
        ("x * a + y * b", ""), ("(x + a) * b", "a b"), ("0 * a", ""), ("0.5 * a", "a"),
        ("x**2 * a", ""), ("x**0.5 * a", ""), ("x**0 * a", "a"), ("x**a * b", "a b"),
        ("sin(x) * a", ""), ("exp(x) * a", "a"), ("cos(x) * a", "a"), ("log(x) * a", "a"),
        ("sin(b) * a", "a b"), ("int(x > b) * a", "a b"), ("clip(x, b, 1) * a", "a b"),
        ("xi * a", "a"), ("xi * x * a", ""), ("rand() * a + pi", "a"),
    ],
)  # fmt: skip
def test_zero_times_anything_leaves_nothing_of_it(text, names):
    assert names_left(Expression(text), {"x", "y"}) == set(names.split())


PART = """\
format: 1
title: own
equations: |
  dx/dt = -x / tau : 1
  twice = 2 * x : 1
  dw/dt = (factor * twice + drive - w) / tau_w : 1
%s
parameters:
  tau: {value: 1 s, assumed: x}
  tau_w: {value: 1 s, assumed: x}
  factor: {value: 1, assumed: x}
  drive: {value: 1, assumed: x}
  step: {value: 0.5, assumed: x}
"""
WHOLE = """\
format: 1
title: own
components: [part]
readout: w
observe: [w]
integrator: rodas4
"""


ALL = {"tau", "factor", "drive", "step"}


def counting(folder: Path, more: str, **circumstances) -> set[str]:
    """Return which parameters count for w in a model whose x begins at zero, with more in it."""
    (folder / "part.yaml").write_text(PART % more)
    (folder / "own.yaml").write_text(WHOLE)
    model = ps.load_model(str(folder / "own.yaml"))
    given = {"triggers": {"pre"}, "moved": ()} | circumstances
    return set(deciding(model, ["w"], **given)) & ALL


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ("on_pre: [{do: x += step}]", ALL),
        ("on_pre: [{do: x -= step}]", ALL),
        ("on_pre: [{do: x = step}]", ALL),
        ("on_pre: [{do: x *= step}]", {"drive"}),  # of zero
        ("on_pre: [{do: x += step * twice}]", {"drive"}),
        ("on_post: [{do: x += step}]", {"drive"}),  # which never comes
        ("on_pre: [{do: x += since_pre / tau_w}, {do: w += step}]", ALL),
        ("on_pre: [{do: w += step}]", {"drive", "step"}),
        ("on_pre: [{do: x *= step}]\ninitial: {x: 0}", {"drive"}),
        ("on_pre: [{do: x *= step}]\ninitial: {x: 1}", ALL),
        ("on_pre: [{do: x *= step}]\ninitial: {x: 0 * drive}", ALL),  # an expression: not looked at
    ],
)
def test_a_state_counts_unless_it_begins_at_zero_and_stays_there(tmp_path, more, counts):
    assert counting(tmp_path, more) == counts


def test_a_state_that_something_else_sets_counts(tmp_path):
    silent = "on_post: [{do: x += step}]"
    assert counting(tmp_path, silent, moved={"x"}) == {"tau", "factor", "drive"}
    assert counting(tmp_path, silent, moved=None) == {"tau", "factor", "drive"}
    assert counting(tmp_path, silent, moved={"x"}, held={"x"}) == {"factor", "drive"}


def test_what_a_threshold_reads_counts_for_what_its_spikes_change(tmp_path):
    spiking = "threshold: w > step\non_spike: [{do: %s}]"
    assert counting(tmp_path, spiking % "w = 0", triggers={"spike"}) == {"drive", "step"}
    assert counting(tmp_path, spiking % "w = 0", triggers={"pre"}) == {"drive"}
    pulsed = spiking % "x = 0" + "\non_pre: [{do: w += 0.1}]"
    assert counting(tmp_path, pulsed, triggers={"pre"}) == {"drive"}
