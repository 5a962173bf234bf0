"""Rosenbrock methods in Brian2 groups at a fixed step, against closed forms and SciPy."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV, second, volt
from brian2.core.base import BrianObjectException
from brian2.core.functions import implementation
from brian2.stateupdaters.base import UnsupportedEquationsException
from scipy.integrate import solve_ivp

from plasticity_sim.engine import build
from plasticity_sim.engine.device import lent
from plasticity_sim.solver.rosenbrock import register
from plasticity_sim.solver.tableaus import TABLEAUS

register()

# solved by u = size / (1 + s**2) and w = exp(sin(s)); both factors of ratio are 1 there
COUPLED = """
du/dt = -2 * s * u**2 * ratio / (size * tau) : volt
dw/dt = cos(s) * w * ratio / tau : 1
s = t / tau : 1
ratio = (w * exp(-sin(s))) * (u / size * (1 + s**2)) : 1
tau : second
"""
SIZE = 20 * mV


@pytest.fixture
def numpy_target():
    with lent("numpy"):
        yield


def grouped(equations, method, dt, values=None, rows=1, **options):
    group = b2.NeuronGroup(rows, equations, method=method, dt=dt, **options)
    for name, value in (values or {}).items():
        setattr(group, name, value)
    return group


def coupled(method, steps):
    values = {"tau": 0.5 * second, "u": SIZE, "w": 1}
    return grouped(COUPLED, method, 0.5 * second / steps, values, namespace={"size": SIZE})


def coupled_error(method, steps):
    group = coupled(method, steps)
    b2.Network(group).run(0.5 * second)
    return max(abs(group.u[0] / SIZE - 0.5), abs(group.w[0] - np.exp(np.sin(1))))


def after(equations, values, method="rodas4", dt=0.01, until=1.0, names=("x",), **options):
    """Return states of one cell at the end, in SI units."""
    group = grouped(equations, method, dt * second, values, **options)
    b2.Network(group).run(until * second)
    return [float(getattr(group, f"{name}_")[0]) for name in names]


def solved(slope, start, until=1.0, method="DOP853"):
    found = solve_ivp(slope, (0, until), np.atleast_1d(start), method=method, rtol=1e-11,
                      atol=1e-14, max_step=0.01 if method == "DOP853" else np.inf)  # fmt: skip
    return found.y[:, -1]


@pytest.mark.parametrize("method", TABLEAUS)
def test_equations_with_definitions_units_and_time_keep_the_order(numpy_target, method):
    order = np.log2(coupled_error(method, 32) / coupled_error(method, 64))
    assert order == pytest.approx(TABLEAUS[method].order, abs=0.25)


MIXED = """
dx/dt = (int(x > 0.3 and not x > 2) + clip(y, 0, 1) + exprel(x) - x**n) / second : 1
dy/dt = (abs(x - 1) - sqrt(y + 1) + floor(3 * t / second) * y + x % 0.5 + pi - e) / second : 1
n : 1
"""


def pair():
    mixed = grouped(MIXED, "rodas5p", 10 * ms, {"x": [0, 1], "y": 0.2, "n": [2.5, 3]}, rows=2)
    return mixed, coupled("rodas4", 16)


@pytest.fixture(scope="module")
def numpy_result():
    with lent("numpy"):
        mixed, smooth = pair()
        b2.Network(mixed, smooth).run(0.5 * second)
        return [*mixed.x_[:], *mixed.y_[:], *smooth.u_[:], *smooth.w_[:]]


@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_code_computes_what_numpy_does(numpy_result, target):
    assert build.compiler(), "this machine has no C++ compiler; install one"
    with lent(target, build.SAFE) as folder:
        mixed, smooth = pair()
        b2.Network(mixed, smooth).run(0.5 * second)
        if target == "cpp_standalone":
            b2.device.build(directory=folder, with_output=False)
        found = [*mixed.x_[:], *mixed.y_[:], *smooth.u_[:], *smooth.w_[:]]
    np.testing.assert_allclose(found, numpy_result, rtol=1e-12)


# Robertson (1966), as Hairer and Wanner (1996) print it in section IV.1
ROBERTSON = """
da/dt = (-0.04 * a + 1e4 * b * c) / second : 1
db/dt = (0.04 * a - 1e4 * b * c - 3e7 * b**2) / second : 1
dc/dt = 3e7 * b**2 / second : 1
"""


def robertson(t, y):
    a, b, c = y
    made, used = 0.04 * a - 1e4 * b * c, 3e7 * b**2
    return [-made, made - used, used]


def test_robertsons_kinetics_run_at_a_step_where_runge_kutta_explodes(numpy_target):
    b = np.sqrt(0.04 / 3e7)  # where it is after the first milliseconds
    start = {"a": 1 - b, "b": b}
    how = {"dt": 0.05, "until": 40, "names": ("a", "b", "c")}
    with np.errstate(all="ignore"):
        explicit = after(ROBERTSON, start, method="rk4", **how)
    assert not np.all(np.isfinite(explicit))
    found = after(ROBERTSON, start, **how)
    assert found == pytest.approx(solved(robertson, [1 - b, b, 0], 40, "Radau"), rel=1e-8)
    assert sum(found) == pytest.approx(1, abs=1e-12)


def test_a_relaxation_oscillator_with_scales_a_thousand_apart_is_followed(numpy_target):
    equations = "dx/dt = y / second : 1\ndy/dt = (1000 * (1 - x**2) * y - x) / second : 1"
    slope = lambda t, y: [y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]]  # noqa: E731
    found = after(equations, {"x": 2}, dt=1.0, until=500, names=("x", "y"))
    assert found == pytest.approx(solved(slope, [2, 0], 500, "Radau"), rel=1e-6)


SMOOTH, KINKED, BROKEN = 1e-8, 1e-4, 1e-2  # how far off a step of 10 ms may be
SLOPES = {
    "t * 2 / second - x * t / (1*second)": (lambda t, x: 2 * t - x * t, SMOOTH),
    "pi - e * x": (lambda t, x: np.pi - np.e * x, SMOOTH),
    "10*mV / (5*mV) - x": (lambda t, x: 2 - x, SMOOTH),
    "exp(1) - x * log10(x + 2)": (lambda t, x: np.e - x * np.log10(x + 2), SMOOTH),
    "x**-n + 2**-x - x**2.5": (lambda t, x: x**-1.7 + 2**-x - x**2.5, SMOOTH),
    "sinh(x) - tanh(x)**3 + arctan(x)": (
        lambda t, x: np.sinh(x) - np.tanh(x) ** 3 + np.arctan(x), SMOOTH),
    "sqrt(x + 1) - abs(log(x + 1))": (lambda t, x: np.sqrt(x + 1) - np.log(x + 1), SMOOTH),
    "exprel(-3 * x) - x": (lambda t, x: -np.expm1(-3 * x) / (3 * x) - x, SMOOTH),
    "int(i == 0) + int(i != 0 or x < 0) - x": (lambda t, x: 1 - x, SMOOTH),
    "clip(x, 0.6, inf) - abs(x - 0.7)": (lambda t, x: max(x, 0.6) - abs(x - 0.7), KINKED),
    "int(x > 0.7) - 2 * int(x > 0.7) * x + 1": (
        lambda t, x: (x > 0.7) * (1 - 2 * x) + 1, BROKEN),
    "floor(3 * x) + ceil(x) - sign(x - 0.7) - x % 0.4": (
        lambda t, x: np.floor(3 * x) + np.ceil(x) - np.sign(x - 0.7) - x % 0.4, BROKEN),
}  # fmt: skip


@pytest.mark.parametrize("text", SLOPES)
def test_what_brian_allows_in_an_equation_is_integrated(numpy_target, text):
    slope, tolerance = SLOPES[text]
    found = after(f"dx/dt = ({text}) / second : 1\nn : 1", {"x": 0.5, "n": 1.7})
    assert found == pytest.approx(solved(slope, 0.5), rel=tolerance)


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("1 - 3 * x**n / (0.3**n + x**n)", lambda t, x: 1 - 3 * x**2.5 / (0.3**2.5 + x**2.5)),
        ("2 - exprel(x)", lambda t, x: 2 - (np.expm1(x) / x if x else 1)),
    ],
)
def test_slopes_exist_where_a_state_starts_at_zero(numpy_target, text, slope):
    found = after(f"dx/dt = ({text}) / second : 1\nn : 1", {"x": 0, "n": 2.5})
    assert found == pytest.approx(solved(slope, 0.0), rel=1e-7)


@pytest.mark.parametrize("sign", [">=", "<="])
def test_equal_values_satisfy_a_comparison_that_includes_them(numpy_target, sign):
    assert after(f"dx/dt = int(n {sign} 0.5) / second : 1\nn : 1", {"n": 0.5}) == [pytest.approx(1)]


def test_no_name_in_the_equations_means_something_else_to_the_method(numpy_target):
    equations = """
    da/dt = -slope_a * a + k1_x * b_c / second : 1
    da_b/dt = -c * a_b / second : 1
    db_c/dt = -(new_c**2) * b_c / second : 1
    dx1/dt = (error_x - k1_x * x1) / second : 1
    slope_a = (1 + a) / second : Hz
    c = a - 2 * b_c : 1
    k1_x = x1 + c**2 : 1
    new_c = at2_x * a : 1
    at2_x = a_b - a : 1
    error_x = at2_x * x1 : 1
    """

    def slope(t, y):
        a, a_b, b_c, x1 = y
        c = a - 2 * b_c
        k, at = x1 + c**2, a_b - a
        return [-(1 + a) * a + k * b_c, -c * a_b, -((at * a) ** 2) * b_c, at * x1 - k * x1]

    names = ("a", "a_b", "b_c", "x1")
    start = [0.4, 0.9, 0.7, 0.5]
    found = after(equations, dict(zip(names, start, strict=True)), "rodas5p", names=names)
    assert found == pytest.approx(solved(slope, start), rel=1e-9)


def test_a_timed_array_is_an_input_held_over_each_step(numpy_target):
    current = b2.TimedArray([1, 3] * volt, dt=500 * ms)
    rows = b2.TimedArray([[1, 0], [3, 0]] * volt, dt=500 * ms)
    namespace = {"current": current, "rows": rows, "tau": 200 * ms}
    equations = """
    dx/dt = (current(t) - x) / tau : volt
    dy/dt = (rows(t, i) - y) / tau : volt
    """
    group = grouped(equations, "rodas4", 5 * ms, rows=2, namespace=namespace)
    b2.Network(group).run(1 * second)
    decay = np.exp(-2.5)
    expected = (1 - decay) * decay + 3 * (1 - decay)
    assert group.x_[:] == pytest.approx([expected, expected], rel=1e-7)
    assert group.y_[:] == pytest.approx([expected, 0], rel=1e-7)


def test_a_cell_that_fires_is_held_and_reset_as_with_the_exact_method(numpy_target):
    equations = "dv/dt = (15*mV - v) / (10*ms) : volt (unless refractory)"
    found = {}
    for method in ("exact", "rodas4"):
        cell = grouped(equations, method, 0.1 * ms, threshold="v > 10*mV", reset="v = 1*mV",
                       refractory=5 * ms)  # fmt: skip
        spikes, trace = b2.SpikeMonitor(cell), b2.StateMonitor(cell, "v", record=0)
        b2.Network(cell, spikes, trace).run(100 * ms)
        found[method] = (np.array(spikes.t_[:]), np.array(trace.v_[0]))  # not Brian2's memory
    assert len(found["exact"][0]) == 6  # 11 ms to the threshold, then 5 + 10.3 ms each
    for exact, other in zip(found["exact"], found["rodas4"], strict=True):
        np.testing.assert_allclose(other, exact, rtol=1e-9, atol=1e-12)


def test_variables_of_other_groups_are_inputs(numpy_target):
    driver = grouped("level : volt", "rodas4", 1 * ms, {"level": [1, 2] * volt}, rows=2)
    equations = """
    dx/dt = (total + given - x) / (50*ms) : volt
    total : volt
    given : volt (linked)
    """
    cell = grouped(equations, "rodas4", 1 * ms, rows=2)
    cell.given = b2.linked_var(driver, "level")
    model = """
    ds/dt = (level_pre - s) / (50*ms) : volt (clock-driven)
    total_post = s : volt (summed)
    """
    synapses = b2.Synapses(driver, cell, model, method="rodas4", dt=1 * ms)
    synapses.connect()
    synapses.s = [1, 1, 2, 2] * volt
    b2.Network(driver, cell, synapses).run(100 * ms)
    settled = np.array([4, 5]) * (1 - np.exp(-2))
    assert cell.x_[:] == pytest.approx(settled, rel=1e-8)


def refusal(equations, **options):
    group = grouped(equations, "rodas4", 1 * ms, **options)
    with pytest.raises(BrianObjectException, match="encountered") as error:
        b2.Network(group).run(1 * ms)
    assert isinstance(error.value.__cause__, UnsupportedEquationsException)
    return str(error.value.__cause__)


@pytest.mark.parametrize("noise", ["xi * second**-0.5", "rand() / second", "poisson(2) / second"])
def test_noise_is_refused(numpy_target, noise):
    assert "noise" in refusal(f"dx/dt = -x / second + {noise} : 1")


@implementation("numpy", discard_units=True)
@b2.check_units(x=1, result=1)
def tripled(x):
    return 3 * x


def test_a_function_of_a_state_that_has_no_derivative_is_refused_by_name(numpy_target):
    for inside in ("x", "int(x > 1)", "defined"):
        equations = f"dx/dt = -tripled({inside}) / second : 1\ndefined = x**2 : 1"
        assert "derivative of tripled()" in refusal(equations, namespace={"tripled": tripled})


def test_a_function_of_parameters_is_an_input(numpy_target):
    equations = "dx/dt = (tripled(n) - x) / second : 1\nn : 1"
    found = after(equations, {"n": 2}, namespace={"tripled": tripled})
    assert found == pytest.approx([6 * (1 - np.exp(-1))], rel=1e-9)


def test_a_method_is_registered_once_and_found_in_any_case(numpy_target):
    register()
    register()
    names = ("Rodas4", "RODAS4", "rodas4")
    assert len({after("dx/dt = -x / second : 1", {"x": 1}, name)[0] for name in names}) == 1
