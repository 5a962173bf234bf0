"""What is without effect, as the equations tell: what only multiplies what never comes, say."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_sim as ps
from plasticity_sim.expressions import Expression
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
