"""What a model may not hold: numbers without end, endless equations, names that are taken."""

from __future__ import annotations

import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.expressions import parse_expression
from plasticity_sim.model.bounds import (
    MOST_TERMS,
    MOST_VARIABLES,
    check_constants,
    check_size,
    check_taken,
)


def constants(text):
    check_constants(parse_expression(text))


@pytest.mark.parametrize(
    "text",
    [
        "x**100", "x**-100", "2**100", "9007199254740991 * x", "1e20 * x", "9e99 + x", "exp(200)",
        "x**y", "x**(2 + 3)", "-x + 3", "exp(x)", "rand() * 1e60 + randn()", "(x > 1) * 2",
        "1e99 * 2",
    ],
)  # fmt: skip
def test_numbers_that_a_computer_can_follow_are_allowed(text):
    constants(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x**101", "'x**101' holds a power of 101; at most 100 is possible"),
        ("x**-101", "'x**-101' holds a power of -101; at most 100"),
        ("x**(-(99 + 9))", "power of -108"),
        ("x**exp(9)", "power of 8103.08"),
        ("x**(pi * 99)", "power of 311.018"),
        ("x**1e200", "power of 1e+200"),
        ("9**9**9", "power of"),
        ("9007199254740992 * x", "'9007199254740992 * x' holds a whole number of this size; write"),
        ("x + 1e99 * 10", "'x + 1e99 * 10' holds numbers whose result is not finite"),
        ("-(1e99 * 11) + x", "holds numbers whose result is not finite"),
        ("x * exp(9999)", "'x * exp(9999)'"),
        ("1 / (1 - 1) + x", "'1 / (1 - 1) + x'"),
        ("log(1 - 2) + x", "'log(1 - 2) + x'"),
        ("0 * sqrt(x) + 3**(2**8)", "power of 256"),
    ],
)  # fmt: skip
def test_numbers_beyond_all_numbers_are_refused_in_words(text, says):
    with pytest.raises(InputError) as caught:
        constants(text)
    assert says in str(caught.value)


def test_a_long_expression_is_shown_by_its_first_80_characters():
    text = " + ".join(["x"] * 60) + " + 9**999"
    with pytest.raises(InputError) as caught:
        constants(text)
    assert str(caught.value).startswith(f"'{text[:80]}' holds a power of 999")


@pytest.mark.parametrize(
    "name", ["double", "std", "NULL", "self", "M_PI", "M_anything", "exp", "pi", "clip"]
)
def test_a_name_with_a_meaning_in_the_generated_code_is_refused(name):
    with pytest.raises(InputError, match=f"'{name}' has a meaning of its own"):
        check_taken(name)


@pytest.mark.parametrize("name", ["mg_out", "M", "Double", "XM_x", "g_nmda"])
def test_other_names_are_free(name):
    check_taken(name)


def equations(count):
    return {f"x{n}": parse_expression("x") for n in range(count)}


def test_definitions_and_equations_are_counted_together():
    half = MOST_VARIABLES // 2
    few = {f"d{n}": parse_expression("1") for n in range(half)}
    check_size(few, equations(MOST_VARIABLES - half))
    with pytest.raises(
        InputError, match=rf"{MOST_VARIABLES + 1} equations; at most {MOST_VARIABLES}"
    ):
        check_size(few, equations(MOST_VARIABLES - half + 1))


def doublings(count):
    first = {"d0": parse_expression("x + x")}
    return first | {f"d{n}": parse_expression(f"d{n - 1} + d{n - 1}") for n in range(1, count)}


def test_definitions_count_as_often_as_they_are_read():
    check_size(doublings(12), {"y": parse_expression("d11")})
    with pytest.raises(InputError, match=rf"the equation of 'd\d+' has .* at most {MOST_TERMS}"):
        check_size(doublings(17), {})
    with pytest.raises(InputError, match="the equation of 'y' has"):
        check_size(doublings(13), {"y": parse_expression(" + ".join(["d12"] * 9))})
