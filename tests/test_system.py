"""Equations as trees: their slopes, their derivatives and their comparisons."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from brian2.equations.equations import Equations
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_sim as ps
from plasticity_sim.engine.righthand import right_hand_side
from plasticity_sim.engine.scales import scales
from plasticity_sim.solver.statements import text
from plasticity_sim.solver.switches import Switches
from plasticity_sim.solver.system import system

SCOPE = {
    "__builtins__": {}, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh,
    "abs": abs, "int": int, "pi": math.pi, "e": math.e, "sin": math.sin, "cos": math.cos,
    "sign": lambda x: (x > 0) - (x < 0),
    "clip": lambda x, low, high: max(low, min(x, high)),
    "exprel": lambda x: math.expm1(x) / x if x else 1.0,
}  # fmt: skip


class Evaluated(dict):
    """All parts of a system as numbers at one point, each when it is first asked for."""

    def __init__(self, own, values):
        super().__init__(values)
        self.own = own
        self.trees = own.invariants | own.per_step | own.definitions | own.extras

    def __missing__(self, name):
        if name in SCOPE:
            raise KeyError(name)  # a function, for Python to find
        if name in self.own.switches:
            self[name] = float(self.value(self.own.switches[name]) > 0)
        else:
            self[name] = self.value(self.trees[name])
        return self[name]

    def value(self, tree):
        return float(eval(text(tree, {}), SCOPE, self))

    def slopes(self):
        return np.array([self.value(tree) for tree in self.own.slopes.values()])

    def jacobian(self):
        """Return dy'/dy by the chain rule: A + B (1 - D)^-1 C, in blocks of the partials."""
        own, states = self.own, len(self.own.states)
        place = {name: n for n, name in enumerate(own.unknowns)}
        pieces = np.zeros((len(place), len(place)))
        for (row, column), tree in own.partials.items():
            pieces[place[row], place[column]] = self.value(tree)
        through = np.linalg.solve(
            np.eye(len(place) - states) - pieces[states:, states:], pieces[states:, :states]
        )
        return pieces[:states, :states] + pieces[:states, states:] @ through


def differences(function, point, sizes):
    """Return the Jacobian of a function by central differences."""
    columns = []
    for n, size in enumerate(sizes):
        ends = np.array([point, point])
        ends[:, n] += [size, -size]
        columns.append((function(ends[0]) - function(ends[1])) / (ends[0, n] - ends[1, n]))
    return np.array(columns).T


@pytest.fixture(scope="module")
def shipped():
    return ps.load_model("graupner_brunel_2007")


@pytest.fixture(scope="module")
def shipped_system(shipped):
    return system(Equations(shipped.equations), set(shipped.parameters))


def points(model, count=5):
    """Return values of parameters and held variables, and states well inside their ranges."""
    values = {name: parameter.value for name, parameter in model.parameters.items()}
    values |= dict.fromkeys(model.held, 0.0)
    random = np.random.default_rng(7)
    for _ in range(count):
        y = random.uniform(0.2, 0.8, len(model.differential)) * scales(model)
        y[model.differential.index("v")] = random.uniform(-0.08, 0.02)
        yield values, y


def at(own, model, y, values):
    return Evaluated(own, {**values, "t": 0.0, **dict(zip(model.differential, y, strict=True))})


def test_the_slopes_of_the_shipped_model_are_those_of_the_plain_function(shipped, shipped_system):
    plain = right_hand_side(shipped)
    for values, y in points(shipped):
        found = at(shipped_system, shipped, y, values).slopes()
        np.testing.assert_allclose(found, plain(0.0, y, values), rtol=1e-9, atol=1e-15)


def test_the_pieces_of_the_jacobian_of_the_shipped_model_join_to_it(shipped, shipped_system):
    plain = right_hand_side(shipped)
    for values, y in points(shipped):
        found = at(shipped_system, shipped, y, values).jacobian()
        slope = lambda point: np.array(plain(0.0, point, values))  # noqa: B023, E731
        expected = differences(slope, y, 1e-4 * scales(shipped))
        largest = np.abs(expected).max(axis=0)  # the slopes of a column are rounded to this
        np.testing.assert_array_less(np.abs(found - expected) / largest, 1e-5)


def subtrees(own):
    rows = [own.definitions, own.extras, own.slopes, own.partials, own.drifts, own.switches]
    for trees in rows:
        for tree in trees.values():
            yield from sympy.preorder_traversal(tree)


def test_what_only_parameters_decide_is_computed_beforehand(shipped, shipped_system):
    fixed = {*shipped.parameters, *shipped_system.invariants}
    for tree in subtrees(shipped_system):
        names = {symbol.name for symbol in tree.free_symbols}
        assert tree.is_Atom or not names <= fixed, tree
        if tree.is_Add or tree.is_Mul:
            constants = [part for part in tree.args if {s.name for s in part.free_symbols} <= fixed]
            assert sum(not part.is_number for part in constants) <= 1, tree


def test_what_is_computed_beforehand_reads_parameters_only(shipped, shipped_system):
    known = set(shipped.parameters)
    for name, tree in shipped_system.invariants.items():
        assert {symbol.name for symbol in tree.free_symbols} <= known
        known.add(name)


# a leaf and what is around it: every value stays within some units of one
NAMES = ("x", "y", "z", "f", "g", "p", "n")
SHAPES = (
    "({0} + {1})", "({0} - 2 * {1})", "{0} * {1}", "{0} / (2 + sin({1}))", "tanh({0})",
    "exp(-({0})**2)", "(1.5 + sin({0}))**n", "(1.2 + cos({0}))**-1.5", "sqrt(1 + ({0})**2)",
    "exprel(sin({0}))", "log(2 + cos({0}))", "abs(3 + sin({0}))", "clip({0}, -100, 100)",
    "pi * sin(e * {0})", "int(p > 0.5) * {0}", "abs(log(3 + sin({0})))",
)  # fmt: skip


def expressions(names):
    def around(inner):
        return st.builds(lambda shape, a, b: shape.format(a, b), st.sampled_from(SHAPES), inner,
                         inner)  # fmt: skip

    return st.recursive(st.sampled_from(names), around, max_leaves=3)


@st.composite
def equations(draw):
    """Return texts of three slopes and two definitions, the second of which may read the first."""
    slopes = [draw(expressions(NAMES)) for _ in "xyz"]
    f = draw(expressions(("x", "y", "(t / second)", "p")))
    g = draw(expressions(("z", "x", "f", "n")))
    return slopes, f, g


def small_system(slopes, f, g):
    lines = [f"d{x}/dt = ({slope}) / second : 1" for x, slope in zip("xyz", slopes, strict=True)]
    lines += [f"f = {f} : 1", f"g = {g} : 1", "p : 1", "n : 1"]
    return system(Equations("\n".join(lines)))


def evaluated(slopes, f, g, point, t):
    values = {**dict(zip("xyz", point, strict=True)), "t": t, "p": 0.7, "n": 2.5, "second": 1.0}
    values["f"] = eval(f, SCOPE, values)
    values["g"] = eval(g, SCOPE, values)
    return np.array([eval(slope, SCOPE, values) for slope in slopes], dtype=float)


@given(equations(), st.tuples(*[st.floats(-2, 2)] * 3), st.floats(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_system_has_the_slopes_and_derivatives_of_its_equations(texts, point, t):
    own = small_system(*texts)
    values = {**dict(zip("xyz", point, strict=True)), "t": t, "p": 0.7, "n": 2.5}
    found = Evaluated(own, values)
    slopes = evaluated(*texts, point, t)
    np.testing.assert_allclose(found.slopes(), slopes, rtol=1e-11, atol=1e-11)
    expected = differences(lambda y: evaluated(*texts, y, t), point, [1e-5] * 3)
    bend = differences(lambda y: evaluated(*texts, y, t), point, [2e-5] * 3) - expected
    error = np.abs(found.jacobian() - expected)
    assert np.all(error < 1e-6 * (1 + np.abs(expected)) + np.abs(bend))


@given(equations(), st.tuples(*[st.floats(-2, 2)] * 3), st.floats(0.1, 3))
@settings(max_examples=30, deadline=None)
def test_drifts_are_what_time_alone_changes(texts, point, t):
    own = small_system(*texts)
    values = {**dict(zip("xyz", point, strict=True)), "t": t, "p": 0.7, "n": 2.5}
    found = Evaluated(own, values)
    place = {name: n for n, name in enumerate(own.unknowns)}
    pieces, drift = np.zeros((len(place), len(place))), np.zeros(len(place))
    for (row, column), tree in own.partials.items():
        if column in own.definitions:
            pieces[place[row], place[column]] = found.value(tree)
    for row, tree in own.drifts.items():
        drift[place[row]] = found.value(tree)
    total = np.linalg.solve(np.eye(len(place)) - pieces, drift)[:3]
    expected = differences(lambda s: evaluated(*texts, point, s[0]), [t], [1e-5])[:, 0]
    bend = differences(lambda s: evaluated(*texts, point, s[0]), [t], [2e-5])[:, 0] - expected
    assert np.all(np.abs(total - expected) < 1e-6 * (1 + np.abs(expected)) + np.abs(bend))


def test_the_slope_of_exprel_is_exact_on_both_sides_of_where_its_series_begins():
    # the series: sum of x**n / (n! (n + 2))
    tree = system(Equations("dx/dt = exprel(x) / second : 1")).partials["x", "x"]
    for x in (0, 1e-9, -1e-4, 0.00999, 0.01001, -0.3, 2.0, -40.0):
        exact = sum(x**n / (math.factorial(n) * (n + 2)) for n in range(150))
        if x < -1:
            exact = (math.exp(x) * (x - 1) + 1) / x**2
        assert eval(text(tree, {}), SCOPE, {"x": x}) == pytest.approx(exact, rel=1e-10)


def test_a_definition_that_only_inputs_decide_is_computed_once_a_step():
    own = system(Equations("dx/dt = -rate * x : 1\nrate = k * level : Hz\nk : 1\nlevel : Hz"
                           ), {"k"})  # fmt: skip
    assert list(own.definitions) == []
    assert own.per_step[own.fixed["rate"]] == sympy.sympify("k * level").xreplace(
        {sympy.Symbol(n): sympy.Symbol(n, real=True) for n in ("k", "level")}
    )


def test_a_definition_that_no_slope_needs_is_kept_only_if_it_is_watched():
    equations = Equations("dx/dt = -x / second : 1\ny = 2 * x : 1\nz = y**2 : 1")
    assert system(equations).order == ()
    assert set(system(equations, watched=["z"]).extras) == {"y", "z"}


def test_a_threshold_is_the_first_switch_and_is_crossed_upwards():
    equations = Equations("dx/dt = -int(x < 3) * x / second : 1")
    for threshold in ("x > 5", "x >= 5", "5 < x", "5 <= x"):
        own = system(equations, threshold=threshold)
        first = next(iter(own.switches.values()))
        assert Evaluated(own, {"x": 7.0}).value(first) > 0 > Evaluated(own, {"x": 4.0}).value(first)


LETTERS = "abcd"
COMPARISONS = [f"{left} {sign} {right}" for sign in (">", ">=", "<", "<=", "==", "!=")
               for left, right in ("ab", "bc", "cd", "da")]  # fmt: skip
TRUTHS = st.recursive(
    st.sampled_from(COMPARISONS),
    lambda inner: (
        st.builds("not ({})".format, inner)
        | st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner)
    ),
    max_leaves=6,
)


@given(st.lists(TRUTHS, min_size=1, max_size=3), st.tuples(*[st.integers(0, 2)] * 4))
@settings(max_examples=300, deadline=None)
def test_comparisons_as_arithmetic_have_the_truth_they_have_in_python(truths, numbers):
    source = " + 2 * ".join(f"int({truth})" for truth in truths)
    switches = Switches()
    arithmetic = switches.without_comparisons(source)
    values = dict(zip(LETTERS, map(float, numbers), strict=True))
    on = {name: float(eval(margin, SCOPE, values) > 0) for name, margin in switches.found.items()}
    assert eval(arithmetic, SCOPE, {**values, **on}) == eval(source, SCOPE, values)


@given(TRUTHS)
@settings(deadline=None)
def test_the_same_comparison_is_the_same_switch(truth):
    once, twice = Switches(), Switches()
    once.without_comparisons(f"int({truth})")
    twice.without_comparisons(f"int({truth}) + int({truth})")
    assert once.found == twice.found


def test_a_comparison_inside_a_comparison_is_a_switch_of_its_own():
    switches = Switches()
    assert switches.without_comparisons("int(2 * int(a > b) > c)") == "switch__1"
    assert switches.found == {
        "switch__0": "(a) - (b)", "switch__1": "(2 * switch__0) - (c)"}  # fmt: skip
