"""Every shipped file is whole: provenance, sources, format, equations that Brian2 takes."""

import re

import pytest
from brian2 import Equations, get_dimensions

from plasticity_sim.document import read_document
from plasticity_sim.library import bibliography, find, library, shipped
from plasticity_sim.model import load_model
from plasticity_sim.model.loading import load_component

KINDS = ("models", "components", "protocols")
SHIPPED = [(kind, name) for kind in KINDS for name in shipped(kind)]


@pytest.mark.parametrize("name", shipped("models"))
def test_every_parameter_of_a_shipped_model_says_where_it_comes_from(name):
    for parameter in load_model(name).parameters.values():
        given = [parameter.source, parameter.assumed, parameter.fitted]
        assert sum(bool(text) for text in given) == 1, parameter.name


@pytest.mark.parametrize("name", shipped("models"))
def test_brian2_accepts_the_equations_of_a_shipped_model(name):
    model = load_model(name)
    equations = Equations(model.equations)
    assert equations.diff_eq_names == set(model.differential)
    assert equations.parameter_names == set(model.held)
    for parameter in model.parameters.values():
        assert get_dimensions(model.namespace[parameter.name]) is parameter.dimensions


@pytest.mark.parametrize("name", shipped("components"))
def test_a_shipped_component_is_right_and_serves_a_model(name):
    assert load_component(name)[0] > 0
    assert any(name in load_model(model).components for model in shipped("models"))


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_shipped_file_has_its_format_and_a_title(kind, name):
    data = read_document(find(kind, name)).data
    assert data["format"] == "1"
    assert data["title"]


def sources(data: object) -> set[str]:
    """Return every text that stands under a key `source`, at any depth."""
    if isinstance(data, list):
        return set().union(*map(sources, data))
    if not isinstance(data, dict):
        return set()
    own = data.get("source", [])
    own = own if isinstance(own, list) else [own]
    return set(own).union(*(sources(value) for value in data.values()))


def entries() -> set[str]:
    return set(re.findall(r"^@\w+\{([^,\s]+),", bibliography().read_text("utf-8"), re.MULTILINE))


def cited() -> set[str]:
    files = [*library("models").rglob("*.yaml"), *library("protocols").rglob("*.yaml")]
    files += [*library("experiments").rglob("*.yaml")]
    return set().union(*(sources(read_document(path).data) for path in files))


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_every_source_of_a_shipped_file_is_in_the_bibliography(kind, name):
    assert sources(read_document(find(kind, name)).data) <= entries()


def test_every_entry_of_the_bibliography_is_cited():
    assert entries() <= cited()
