"""The Rosenbrock methods have the orders and the stability their papers claim."""

import runpy
from functools import partial

import numpy as np
import pytest

from plasticity_sim.solver import tableaus

THETAS = [0.1, 0.25, 0.5, 0.75, 0.9]
each_method = pytest.mark.parametrize("method", list(tableaus.TABLEAUS), indirect=True)


@pytest.fixture
def method(request):
    """Return a method as it is made now, not when the module was first imported."""
    made = runpy.run_path(tableaus.__file__, run_name=tableaus.__name__)
    return made["TABLEAUS"][request.param]


def coupled(t, y):
    """Solved by 1 / (1 + t**2) and exp(sin(t)); both factors in brackets are 1 there."""
    u, v = y
    ratio = (v * np.exp(-np.sin(t))) * (u * (1 + t**2))
    return np.array([-2 * t * u**2 * ratio, np.cos(t) * v * ratio])


def coupled_solution(t):
    return np.array([1 / (1 + t**2), np.exp(np.sin(t))])


def stiff(t, y, rate=1e6):
    """The problem of Prothero and Robinson (1974), solved by sin(t + 1)."""
    return -rate * (y - np.sin(t + 1)) + np.cos(t + 1)


def stiff_solution(t):
    return np.array([np.sin(t + 1)])


def slope(f, t, y, dt, dy):
    """The derivative of f in one direction, exact to rounding, from an imaginary step."""
    return f(t + 1e-30j * dt, y + 1e-30j * np.asarray(dy)).imag / 1e-30


def stages(method, f, t, y, h):
    n = len(y)
    jacobian = np.column_stack([slope(f, t, y, 0, unit) for unit in np.eye(n)])
    in_time = slope(f, t, y, 1, np.zeros(n))
    k = np.zeros((0, n))
    for a, c, alpha, d in zip(method.a, method.c, method.alpha, method.d, strict=True):
        right = f(t + alpha * h, y + np.array(a) @ k) + np.array(c) @ k / h + h * d * in_time
        k = np.vstack([k, np.linalg.solve(np.eye(n) / (h * method.gamma) - jacobian, right)])
    return k


def inside(method, y, k, theta):
    polynomial = np.zeros_like(y)
    for row in reversed(method.dense):
        polynomial = np.array(row) @ k + theta * polynomial
    y1 = y + np.array(method.b) @ k
    return (1 - theta) * y + theta * (y1 + (1 - theta) * polynomial)


def end_error(method, weights, f, solution, steps):
    y, h = solution(0.0), 1 / steps
    for step in range(steps):
        y = y + np.array(weights) @ stages(method, f, step * h, y, h)
    return np.abs(y - solution(1.0)).max()


def inside_error(method, steps):
    t, h = 0.5, 1 / steps
    y = coupled_solution(t)
    k = stages(method, coupled, t, y, h)
    found = [inside(method, y, k, theta) - coupled_solution(t + theta * h) for theta in THETAS]
    return np.abs(found).max()


def order(error, steps=64):
    return np.log2(error(steps) / error(2 * steps))


@each_method
def test_the_solution_converges_with_the_order_of_the_method(method):
    error = partial(end_error, method, method.b, coupled, coupled_solution)
    assert order(error) == pytest.approx(method.order, abs=0.2)


@each_method
def test_the_solution_it_is_compared_with_has_one_order_less(method):
    compared = np.subtract(method.b, method.e)
    error = partial(end_error, method, compared, coupled, coupled_solution)
    assert order(error) == pytest.approx(method.order - 1, abs=0.2)


@each_method
def test_within_a_step_the_order_is_one_less(method):
    # order p means that the error of one step goes with h**(p + 1)
    assert order(partial(inside_error, method)) - 1 == pytest.approx(method.order - 1, abs=0.2)


@pytest.mark.parametrize(
    ("method", "remaining"), [("rodas4", 1), ("rodas4p", 3), ("rodas5p", 3)], indirect=["method"]
)
def test_the_methods_of_steinebach_keep_order_three_where_rodas4_falls_to_one(method, remaining):
    error = partial(end_error, method, method.b, stiff, stiff_solution)
    assert order(error, 8) == pytest.approx(remaining, abs=0.2)


@each_method
@pytest.mark.parametrize("theta", [0, 1])
def test_the_dense_output_meets_both_ends_of_the_step(method, theta):
    y = coupled_solution(0.5)
    k = stages(method, coupled, 0.5, y, 0.1)
    assert inside(method, y, k, theta) == pytest.approx(y + theta * np.array(method.b) @ k)


@each_method
def test_the_last_stage_corrects_the_one_before_it_at_the_end_of_the_step(method):
    assert method.alpha[-1] == method.alpha[-2] == 1
    assert method.a[-1] == (*method.a[-2], 1)
    assert method.b == (*method.a[-1], 1)


@each_method
def test_the_solution_it_is_compared_with_is_where_the_last_stage_looks(method):
    assert tuple(np.subtract(method.b, method.e)) == (*method.a[-1], 0)


@each_method
def test_infinitely_fast_decay_is_over_after_one_step(method):
    k = stages(method, lambda t, y: -1e12 * y, 0.0, np.ones(1), 1.0)
    assert 1 + np.array(method.b) @ k == pytest.approx(0, abs=1e-9)
    assert np.array(method.e) @ k == pytest.approx(0, abs=1e-9)


@each_method
def test_time_runs_through_the_stages_as_a_further_unknown_would(method):
    # Hairer and Wanner (1996), IV.7: alpha_i and d_i are sums over rows of the untransformed method
    stages = method.stages
    a, c = np.zeros((2, stages, stages))
    for i in range(stages):
        a[i, :i], c[i, :i] = method.a[i], method.c[i]
    gammas = np.linalg.inv(np.eye(stages) / method.gamma - c)
    assert gammas.sum(axis=1) == pytest.approx(method.d, abs=1e-12)
    assert (a @ gammas).sum(axis=1) == pytest.approx(method.alpha, abs=1e-12)
    # a steady slope is a straight line, so nothing is left to bend it inside the step
    assert (method.dense @ gammas).sum(axis=1) == pytest.approx(0, abs=1e-12)
