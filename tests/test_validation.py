"""Data of a file held against a format: the message names the key that is to be changed."""

import pytest
from pydantic import BaseModel, ConfigDict, model_validator

from plasticity_sim.document import parse_document, validated
from plasticity_sim.errors import InputError


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rule: str

    @model_validator(mode="after")
    def _holds(self):
        raise ValueError(self.rule)


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = ""
    part: Part


def refusal(text: str, schema: type[BaseModel] = Whole) -> str:
    with pytest.raises(InputError) as caught:
        validated(parse_document(text, "own.yaml"), schema)
    return str(caught.value)


def test_a_broken_rule_is_told_with_the_key_of_the_part_it_is_about():
    message = refusal("title: x\npart:\n  rule: a rate is wanted\n")
    assert message == "own.yaml:2: part: a rate is wanted"


def test_a_broken_rule_that_names_the_part_is_told_in_its_own_words():
    message = refusal("title: x\npart:\n  rule: this part wants a rate\n")
    assert message == "own.yaml:2: this part wants a rate"


def test_a_broken_rule_of_the_whole_has_no_key():
    assert refusal("rule: a rate is wanted\n", Part) == "own.yaml:1: a rate is wanted"


def test_a_misspelt_key_of_a_part_gets_the_nearest_key_of_that_part():
    message = refusal("part:\n  rul: a rate is wanted\n")
    assert message == "own.yaml:2: unknown key 'rul'; did you mean 'rule'?"
