"""Expressions of models: arithmetic over names, and nothing that could run."""

import ast
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity_sim.errors import InputError
from plasticity_sim.expressions import (
    FUNCTIONS,
    PYTHON_FUNCTIONS,
    Expression,
    check_name,
    ordered,
    parse_expression,
    parse_statements,
)

ALLOWED = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.Load,
)  # fmt: skip
HOSTILE = st.text("xyve_019.+-*/%()[]{},:;='\"\\<>!@#|&^~ \n\t\0\xe9\uff58", max_size=60)
WORDS = st.lists(
    st.sampled_from(
        ["x", "y", "exp", "__import__", "lambda", "for", "in", "if", "else", "and", "not", "is",
         "import", "os", "1", "2.5", "1e9", "9" * 50, "1j", "'a'", "True", "None", "(", ")", "[",
         "]", "{", "}", ".", ",", ":", ":=", "=", "+", "-", "**", "//", "*", "@", "<", "==",
         "f'{x}'", "await", "yield", "...", "rand()", "clip(x,0,1)", "\\", "#"]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip
NAMES = st.sampled_from(["x", "y", "z"])


def arithmetic() -> st.SearchStrategy[str]:
    leaf = NAMES | st.floats(0.1, 9).map(lambda number: f"{number:.3g}")
    return st.recursive(
        leaf,
        lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(" ".join)
        | inner.map("({})".format) | inner.map("-{}".format) | inner.map("exp(-{})".format)
        | inner.map("{}**2".format),
        max_leaves=8,
    )  # fmt: skip


def value(text: str, **names: float) -> float | None:
    expression = parse_expression(text)
    try:
        return expression.evaluate(names)
    except InputError:  # such as the exponential of a large number
        return None


@settings(max_examples=500, deadline=None)
@given(HOSTILE | WORDS)
def test_hostile_text_is_allowed_arithmetic_or_an_input_error(text):
    try:
        expression = parse_expression(text)
    except InputError:
        return
    for node in ast.walk(expression.tree):
        assert isinstance(node, ALLOWED)
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            assert node.func.id in FUNCTIONS
        if isinstance(node, ast.Constant):
            assert type(node.value) in (int, float)


@settings(max_examples=300, deadline=None)
@given(HOSTILE | WORDS)
def test_a_hostile_event_is_statements_or_an_input_error(text):
    try:
        statements = parse_statements(text)
    except InputError:
        return
    assert all(parse_expression(s.expression.text) for s in statements)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("__import__('os').system('true')", "holds a call|no function"), ("x.real", "attribute"),
        ("x[0]", "subscript"), ("(lambda: 0)()", "call"), ("[x for x in y]", "listcomp"),
        ("x if y else z", "ifexp"), ("(x := 1)", "namedexpr"), ("'text'", "only numbers"),
        ("True", "only numbers"), ("None", "only numbers"), ("1j", "only numbers"),
        ("f'{x}'", "joinedstr"), ("exp(*x)", "starred|call"), ("exp(x=1)", "call"),
        ("x in y", "holds a in"), ("x @ y", "matmult"), ("~x", "invert"), ("x << 2", "lshift"),
        ("(x, y)", "tuple"), ("x = 1", "not an expression"), ("", "not an expression"),
        ("exp(x", "check brackets"), ("x +* y", "check brackets"), ("a__b", "not a name"),
        ("_x", "not a name"), ("caf\xe9", "not a name"), ("\uff58 + 1", "not a name|not an expr"),
        ("x\0", "not an expression"), ("x" * 5000, "longer than 4000"),
        ("(" * 1500 + "x" + ")" * 1500, "not an expression"),
        ("-" * 3900 + "x", "not an expression"),
        ("exp + 1", "exp"), ("1e999 * x", "finite|1e999"), ("-1e300 * x", "not finite"),
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused_with_its_reason(text, reason):
    with pytest.raises(InputError, match=reason):
        parse_expression(text)


def test_an_unknown_function_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"no function 'sqr'; did you mean 'sqrt'\?"):
        parse_expression("sqr(x)")


@pytest.mark.parametrize(("text", "found"), [("exp(1, 2)", 2), ("exp()", 0), ("clip(x)", 1)])
def test_a_function_takes_as_many_values_as_it_has(text, found):
    with pytest.raises(InputError, match=f"values, found {found}"):
        parse_expression(text)


def test_the_names_of_an_expression_leave_out_functions_and_constants():
    assert parse_expression("exp(-v / v_mg) * pi + e + clip(x, 0, 1)").names == {"v", "v_mg", "x"}


@pytest.mark.parametrize("text", ["xi * x", "rand()", "1 + randn()"])
def test_an_expression_that_draws_numbers_is_noisy(text):
    assert parse_expression(text).is_noisy


def test_an_expression_over_lines_is_one_expression():
    assert parse_expression("x +\n   y").evaluate({"x": 1, "y": 2}) == 3


def test_a_comment_is_no_part_of_an_expression():
    assert "#" not in parse_expression("x + 1  # why").text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp(1)", math.e), ("log(e)", 1), ("log10(1000)", 3), ("sqrt(9)", 3), ("abs(-2)", 2),
        ("sign(-3) + sign(0) + sign(2)", 0), ("floor(-1.5)", -2), ("ceil(1.2)", 2),
        ("sin(pi / 2)", 1), ("cos(pi)", -1), ("tan(0)", 0), ("sinh(0)", 0), ("cosh(0)", 1),
        ("tanh(0)", 0), ("arctan(1) * 4", math.pi), ("exprel(0)", 1), ("exprel(1)", math.e - 1),
        ("int(2 > 1)", 1), ("int(1 > 2)", 0), ("clip(5, 0, 1)", 1), ("clip(-5, 0, 1)", 0),
        ("2**3 % 5", 3), ("-2**2", -4), ("7 / 2", 3.5),
    ],
)  # fmt: skip
def test_an_expression_means_what_it_says(text, expected):
    assert value(text) == pytest.approx(expected)


def test_every_function_without_chance_has_a_meaning():
    assert set(FUNCTIONS) - set(PYTHON_FUNCTIONS) == {"rand", "randn"}


@pytest.mark.parametrize("text", ["max(x, y)", "id(x)", "len(dir())"])
def test_python_s_own_functions_are_out_of_reach_even_of_text_that_nobody_checked(text):
    with pytest.raises(NameError):
        Expression(text).evaluate({"x": 1.0, "y": 2.0})


def test_a_huge_power_ends_at_once():
    with pytest.raises((InputError, OverflowError)):
        parse_expression("9**9**7 * x").evaluate({"x": 1.0})


@settings(max_examples=200, deadline=None)
@given(arithmetic(), arithmetic(), st.floats(0.1, 3), st.floats(0.1, 3))
def test_substitution_keeps_the_value(outer, inner, y, z):
    inside = value(inner, x=1.0, y=y, z=z)
    if inside is None:
        return
    before = value(outer, x=inside, y=y, z=z)
    # x stands for the inner expression, whose own x is 1
    text = parse_expression(inner).substituted({"x": "1.0"}).text
    replaced = parse_expression(outer).substituted({"x": text})
    if before is not None and abs(before) < 1e200:
        assert replaced.evaluate({"y": y, "z": z}) == pytest.approx(before, rel=1e-9, abs=1e-12)


def test_substitution_keeps_brackets():
    replaced = Expression("a * b**2").substituted({"a": "x + y", "b": "-x"})
    assert replaced.evaluate({"x": 2.0, "y": 1.0}) == 12


def test_substitution_does_not_touch_what_it_put_in():
    assert Expression("x + y").substituted({"x": "y", "y": "x"}).evaluate({"x": 1, "y": 5}) == 6


def test_definitions_are_placed_after_those_they_need():
    table = {"a": Expression("b + c"), "b": Expression("c * 2"), "c": Expression("k")}
    assert ordered(table) == ["c", "b", "a"]


def test_a_circle_of_definitions_is_named():
    table = {"a": Expression("b"), "b": Expression("c"), "c": Expression("a")}
    with pytest.raises(InputError, match="round in a circle: a -> b -> c -> a"):
        ordered(table)


def test_a_definition_of_itself_is_a_circle():
    with pytest.raises(InputError, match="circle: a -> a"):
        ordered({"a": Expression("a + 1")})


def test_a_long_chain_of_definitions_is_ordered():
    chain = {f"a{n}": Expression(f"a{n + 1}") for n in range(3000)}
    assert ordered(chain)[0] == "a2999"


def test_statements_stand_on_lines_or_between_semicolons():
    found = parse_statements("x += 1; y -= x * 2  # why\nz = 3\nw *= 2\nv /= 4")
    assert [s.text for s in found] == ["x += 1", "y -= x * 2", "z = 3", "w *= 2", "v /= 4"]


def test_a_semicolon_in_a_comment_begins_no_statement():
    assert [s.text for s in parse_statements("x += 1  # first; then y -= 1")] == ["x += 1"]


def test_a_statement_that_holds_what_no_equation_may_is_shown_with_it():
    with pytest.raises(InputError, match=r"'x \+= y\.z' holds a attribute"):
        parse_statements("z = 1; x += y.z")


def test_a_statement_reads_its_own_target_unless_it_replaces_it():
    added, replaced = parse_statements("x += y; x = y")
    assert (added.reads, replaced.reads) == ({"x", "y"}, {"y"})


@pytest.mark.parametrize(
    "text",
    ["x", "x + 1", "x **= 2", "x: int = 1", "x = y = 1", "x, y = 1, 2", "x[0] = 1", "x.y = 1",
     "import os", "def f(): pass", "del x", "pass", "x += __import__('os')", "if x: y = 1",
     "exp = 1", "t = 1", "__x = 1", "", "# only", "x = ", "for x in y: z = 1"],
)  # fmt: skip
def test_what_is_not_a_statement_is_refused(text):
    with pytest.raises(InputError, match=r"statement|expression|name|no function"):
        parse_statements(text)


@pytest.mark.parametrize("name", ["exp", "t", "dt", "xi", "pi", "N", "i", "rand"])
def test_a_name_with_a_meaning_of_its_own_is_refused(name):
    with pytest.raises(InputError, match=f"'{name}' has a meaning of its own"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["", "1x", "_x", "a__b", "a-b", "a b", "caf\xe9", "x" * 61, "a.b", "lambda"]
)
def test_a_word_that_cannot_be_a_name_is_refused(name):
    with pytest.raises(InputError, match="is not a name"):
        check_name(name)


def test_a_name_has_up_to_sixty_letters():
    assert check_name("x" * 60) == "x" * 60


# the whole, each sign, the name and that it is read make a level each
@pytest.mark.parametrize("text", ["-" * 198 + "x", "1 + " * 250 + "x"])
def test_what_is_nested_too_deeply_is_refused(text):
    with pytest.raises(InputError, match="nested too deeply"):
        parse_expression(text)


@pytest.mark.parametrize("text", ["-" * 197 + "x", "+".join("x" * 90), "0." + "1" * 3996 + "*x"])
def test_what_is_long_but_not_deep_is_read(text):
    assert parse_expression(text).names == {"x"}
