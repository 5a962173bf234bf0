"""Linear systems solved by statements: as numpy solves them, in no more operations than needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity_sim.solver.elimination import eliminate, product, solve

DIAGONAL = 2000.0  # of a state, 1 / (h gamma); larger than what five definitions can add up to


@st.composite
def sparse_systems(draw):
    """Return names, D, J, right-hand sides and what is wanted of (D - J) x = b.

    The last unknowns are definitions, with 1 on the diagonal of D. A definition reads states and
    definitions before it; a state may read everything.
    """
    states, definitions = draw(st.integers(1, 6)), draw(st.integers(0, 5))
    size = states + definitions
    fraction = st.floats(-1, 1).filter(lambda value: abs(value) > 1e-3)
    entry = st.sampled_from([0.0, 0.0, -1.0, 1.0]) | fraction
    jacobian = np.array(draw(st.lists(entry, min_size=size**2, max_size=size**2)))
    jacobian = jacobian.reshape(size, size)
    for row in range(states, size):
        jacobian[row, row:] = 0
    unknowns = tuple(draw(st.permutations([f"u_{n}" for n in range(size)])))
    right = np.array(draw(st.lists(entry, min_size=size, max_size=size)))
    wanted = draw(st.sets(st.sampled_from(unknowns), min_size=1))
    diagonal = np.array([DIAGONAL] * states + [1.0] * definitions)
    return unknowns, diagonal, jacobian, right, tuple(x for x in unknowns if x in wanted)


def factored(unknowns, diagonal, jacobian):
    """Return the elimination, entries of -1 and 1 written as numbers, and the other values."""
    values = {"d": DIAGONAL}
    texts = {}
    for row, column in np.argwhere(jacobian):
        value = float(jacobian[row, column])
        texts[unknowns[row], unknowns[column]] = name = f"j_{row}_{column}"
        if abs(value) == 1:
            texts[unknowns[row], unknowns[column]] = "1.0" if value == 1 else "(-1.0)"
        values[name] = value
    on_diagonal = {x: "1.0" if d == 1 else "d" for x, d in zip(unknowns, diagonal, strict=True)}
    return eliminate(unknowns, on_diagonal, texts), values


def executed(statements, values):
    """Run the statements as Python; none may change a value that is already there."""
    scope = dict(values)
    for name, text in statements:
        assert name not in scope
        scope[name] = eval(text, {"__builtins__": {}}, scope)
    return scope


def multiplications(statements):
    return sum(text.count("*") for _, text in statements)


@given(sparse_systems())
@settings(max_examples=200, deadline=None)
def test_the_statements_solve_what_numpy_solves(problem):
    unknowns, diagonal, jacobian, right, wanted = problem
    factors, values = factored(unknowns, diagonal, jacobian)
    values |= {f"b_{n}": value for n, value in enumerate(right)}
    sides = {x: f"b_{n}" for n, x in enumerate(unknowns) if right[n]}
    found = executed(factors.statements + solve(factors, sides, wanted, "k_{}"), values)
    expected = np.linalg.solve(np.diag(diagonal) - jacobian, right)
    for name in wanted:
        exact = expected[unknowns.index(name)]
        assert found[f"k_{name}"] == pytest.approx(exact, rel=1e-9, abs=1e-12)


@given(sparse_systems(), st.data())
@settings(max_examples=30, deadline=None)
def test_wanting_less_computes_no_more(problem, data):
    unknowns, diagonal, jacobian, right, wanted = problem
    factors, _ = factored(unknowns, diagonal, jacobian)
    sides = {x: "b" for n, x in enumerate(unknowns) if right[n]}
    everything = solve(factors, sides, unknowns, "k_{}")
    assert set(solve(factors, sides, wanted, "k_{}")) <= set(everything)


@given(sparse_systems())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_pivots_holds_every_unknown_once(problem):
    unknowns, diagonal, jacobian, *_ = problem
    assert sorted(factored(unknowns, diagonal, jacobian)[0].order) == sorted(unknowns)


def arrow(size, tip):
    """Return a matrix of which only the diagonal and the row and column `tip` are not zero."""
    jacobian = np.zeros((size, size))
    jacobian[tip, :] = jacobian[:, tip] = 0.5
    return jacobian


@pytest.mark.parametrize("tip", [0, 7, 14])
def test_an_arrow_fills_nothing_whichever_way_it_points(tip):
    # in the order of the rows an arrow with its tip at the top fills the whole matrix
    unknowns = tuple(f"u{n}" for n in range(15))
    factors, _ = factored(unknowns, np.full(15, DIAGONAL), arrow(15, tip))
    assert len(factors.upper) == len(factors.lower) == 14
    assert factors.order.index(f"u{tip}") >= 13  # when one other is left it no longer matters


def test_a_tree_is_cut_from_its_leaves_and_fills_nothing():
    # branch first, its neighbours would all be joined to each other
    jacobian = np.zeros((15, 15))
    for leaf in range(1, 15):
        jacobian[leaf, (leaf - 1) // 2] = jacobian[(leaf - 1) // 2, leaf] = 0.5
    factors, _ = factored(tuple(f"u{n}" for n in range(15)), np.full(15, DIAGONAL), jacobian)
    assert len(factors.upper) == len(factors.lower) == 14


def ring(size):
    """Return a ring of states that all read one definition, which reads them all."""
    jacobian = np.zeros((size + 1, size + 1))
    for row in range(size):
        jacobian[row, row] = -0.7
        jacobian[row, (row - 1) % size] = 0.3
        jacobian[row, size] = jacobian[size, row] = 0.11
    unknowns = (*(f"u{n}" for n in range(size)), "shared")
    return unknowns, np.array([DIAGONAL] * size + [1.0]), jacobian


def work(size):
    unknowns, diagonal, jacobian = ring(size)
    factors, _ = factored(unknowns, diagonal, jacobian)
    sides = {x: "b" for x in unknowns}
    return multiplications(factors.statements + solve(factors, sides, unknowns[:-1], "k{}"))


def test_a_ring_that_shares_one_definition_costs_in_proportion_to_its_size():
    # formed in full, its Jacobian is dense: one more state would cost ever more
    growth = [work(size + 1) - work(size) for size in (10, 20, 40)]
    assert growth[0] == growth[1] == growth[2]
    assert work(40) < 40 * 20 < 40**3 / 3


def test_an_unknown_that_nothing_couples_costs_one_division():
    factors, _ = factored(("alone",), np.array([DIAGONAL]), np.zeros((1, 1)))
    assert factors.statements == [("_inverse_alone", "1.0 / (d)")]
    assert solve(factors, {"alone": "b"}, ("alone",), "{}")[-1] == (
        "alone", "(_forward_alone) * _inverse_alone")  # fmt: skip


def test_a_system_with_nothing_on_its_right_is_solved_by_zero():
    unknowns, diagonal, jacobian = ring(4)
    factors, values = factored(unknowns, diagonal, jacobian)
    found = executed(factors.statements + solve(factors, {}, unknowns, "k{}"), values)
    assert [found[f"k{name}"] for name in unknowns] == [0.0] * 5


def test_a_definition_that_is_read_by_one_state_is_the_chain_rule():
    # x' = 3 g, g = 2 x: (d - 6) x = b
    factors, _ = factored(("x", "g"), np.array([DIAGONAL, 1.0]), np.array([[0, 3.0], [2.0, 0]]))
    values = {"d": DIAGONAL, "j_0_1": 3.0, "j_1_0": 2.0, "b": 7.0}
    found = executed(factors.statements + solve(factors, {"x": "b"}, ("x",), "k{}"), values)
    assert found["kx"] == pytest.approx(7 / (DIAGONAL - 6))


def test_a_definition_is_not_divided_by():
    # g = 2 x, x' = 3 g, eliminated in this order
    factors, _ = factored(("g", "x"), np.array([1.0, DIAGONAL]), np.array([[0, 2.0], [3.0, 0]]))
    assert factors.order == ["g", "x"]
    assert sum(text.count("/") for _, text in factors.statements) == 1


@pytest.mark.parametrize(
    ("a", "b", "operations"),
    [
        ("x", "y", 1), ("x + 2.0", "y", 2), ("x", "y - 3.0", 2), ("-x", "-y", 3),
        ("1.0", "y", 0), ("x", "1.0", 0), ("1.0", "1.0", 0), ("x - y", "1.0", 1),
    ],
)  # fmt: skip
def test_a_product_multiplies_all_of_both_and_leaves_out_ones(a, b, operations):
    made = product(a, b)
    twice, left, right = (eval(t, {"x": 5.0, "y": 7.0}) for t in (f"2.0 * {made}", a, b))
    assert twice == 2 * left * right
    assert sum(made.count(sign) for sign in "+-*") == operations
