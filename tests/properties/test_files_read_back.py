"""YAML to model and protocol and back: what was read, written and read again is the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity_sim.document import parse_document, read_document
from plasticity_sim.expressions import parse_expression
from plasticity_sim.library import find, shipped
from plasticity_sim.model import load_model
from plasticity_sim.model.equations import parse_equations
from plasticity_sim.protocol import load_protocol

WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=("Cc",)),
                max_size=20)  # fmt: skip
ENTRIES = st.recursive(
    WORDS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)
SUMS = st.recursive(
    st.sampled_from(("x", "y", "2.5")),
    lambda inner: st.tuples(inner, st.sampled_from(("+", "-", "*", "/", "**2 +")), inner).map(
        "({0[0]} {0[1]} {0[2]})".format
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(WORDS, ENTRIES, min_size=1, max_size=5)


def written(data: object) -> str:
    """Return data as JSON, all of which is YAML."""
    return json.dumps(data, indent=1)


@settings(max_examples=100, deadline=None)
@given(DOCUMENTS)
def test_data_written_as_yaml_are_read_back_the_same(data):
    assert parse_document(written(data), "own.yaml").data == data


@pytest.mark.parametrize("name", shipped("protocols"))
def test_a_protocol_written_again_has_the_same_conditions(name, tmp_path):
    (tmp_path / "again.yaml").write_text(written(read_document(find("protocols", name)).data))
    first, again = load_protocol(name), load_protocol(str(tmp_path / "again.yaml"))
    assert again.axes == first.axes
    assert [c.labels for c in again.conditions] == [c.labels for c in first.conditions]
    for one, two in zip(again.conditions, first.conditions, strict=True):
        assert one.timeline.windows == two.timeline.windows
        assert one.timeline.drugs == two.timeline.drugs
        for key in ("pre", "post", "tests", "samples"):
            assert np.array_equal(getattr(one.timeline, key), getattr(two.timeline, key))


@pytest.mark.parametrize("name", shipped("models"))
def test_the_equations_of_a_model_are_read_back_as_themselves(name):
    model = load_model(name)
    again = {variable.name: variable for variable, _ in parse_equations(model.equations, "again")}
    assert again.keys() == model.variables.keys()
    for variable in model.variables.values():
        other = again[variable.name]
        assert (other.kind, other.dimensions) == (variable.kind, variable.dimensions)
        assert other.expression == variable.expression


@pytest.mark.parametrize("name", shipped("models"))
def test_a_model_written_again_is_the_same_model(name, tmp_path):
    data = read_document(find("models", name)).data
    (tmp_path / "components").mkdir()
    for component in data["components"]:
        part = read_document(find("components", component)).data
        (tmp_path / "components" / f"{component}.yaml").write_text(written(part))
    (tmp_path / f"{name}.yaml").write_text(written(data))
    first, again = load_model(name), load_model(str(tmp_path / f"{name}.yaml"))
    assert again.equations == first.equations
    assert [p.value for p in again.parameters.values()] == [
        p.value for p in first.parameters.values()
    ]
    assert again.blocks == first.blocks
    assert (again.mix, again.drugs, again.population) == (first.mix, first.drugs, first.population)


@given(SUMS)
def test_an_expression_read_twice_is_read_once(text):
    once = parse_expression(text)
    assert parse_expression(once.text) == once
