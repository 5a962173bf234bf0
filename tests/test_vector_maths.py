"""The functions of vectorised loops: accurate, the same in any loop, and the same in numpy."""

from __future__ import annotations

import subprocess

import mpmath
import numpy as np
import pytest

from plasticity_sim.engine import build
from plasticity_sim.solver.maths import FUNCTIONS

ARITY = {name: len(function._arg_units) for name, function in FUNCTIONS.items()}
SIZES = (1, 3, 8, 512)  # how many values a loop has
EXTREMES = (
    0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, -1e-300, 1e-17, -1e-17,
    1.0, -1.0, 700.0, -700.0, 708.0, -708.0, 709.0, -709.0, 1e300, -1e300, np.inf, -np.inf, np.nan,
)  # fmt: skip
EPSILON = 2.0**-53  # half a unit in the last place of one


def source():
    """Return a program that reads rows of three values and writes each function of each row."""
    code, headers = [], {"<cstdio>", "<vector>"}
    for name, function in FUNCTIONS.items():
        implementation = function.implementations["cpp"]
        headers |= set(implementation.compiler_kwds["headers"])
        code.append(implementation.get_code(None)["support_code"])
        arguments = ", ".join(f"{x}[i]" for x in "abc"[: ARITY[name]])
        code.append(
            f"__attribute__((noinline)) void each_{name}(int n, const double* __restrict a,"
            f" const double* __restrict b, const double* __restrict c, double* __restrict out)"
            f" {{ for (int i = 0; i < n; i++) out[i] = {name}({arguments}); }}\n"
        )
    calls = "\n".join(
        f"for (int i = 0; i < n; i += size) each_{name}(i + size < n ? size : n - i,"
        " &in[i], &in[n + i], &in[2 * n + i], &out[i]);"
        " fwrite(out.data(), sizeof(double), n, stdout);"
        for name in FUNCTIONS
    )
    includes = "\n".join(f"#include {header}" for header in sorted(headers))
    return f"""{includes}
{"".join(code)}
int main() {{
    int n = 0;
    if (fread(&n, sizeof(n), 1, stdin) != 1) return 1;
    std::vector<double> in(3 * n), out(n);
    if (fread(in.data(), sizeof(double), 3 * n, stdin) != 3 * (size_t)n) return 1;
    for (int size : {{{", ".join(map(str, SIZES))}}}) {{ {calls} }}
}}
"""


@pytest.fixture(scope="module", params=[build.EXACT, build.EXACT[2:]], ids=["vector", "plain"])
def compiled(request, tmp_path_factory):
    """Return f(a, b, c) -> values by size of the loop and by function."""
    flags = build.flags(request.param)
    compiler = build.compiler()
    assert compiler, "this machine has no C++ compiler; install one"
    folder = tmp_path_factory.mktemp("maths")
    (folder / "maths.cpp").write_text(source())
    command = [compiler, *flags, str(folder / "maths.cpp"), "-o", str(folder / "maths")]
    subprocess.run(command, check=True)

    def values(*columns):
        columns = np.broadcast_arrays(*columns, *[0.0] * (3 - len(columns)))
        count = columns[0].size
        given = np.array([count], np.int32).tobytes() + np.array(columns, float).tobytes()
        ran = subprocess.run([folder / "maths"], input=given, capture_output=True, check=True)
        found = np.frombuffer(ran.stdout).reshape(len(SIZES), len(FUNCTIONS), count)
        return {
            size: dict(zip(FUNCTIONS, rows, strict=True))
            for size, rows in zip(SIZES, found, strict=True)
        }

    return values


def exact(function, *columns):
    """Return the correctly rounded values."""
    with mpmath.workdps(40):
        rows = zip(*columns, strict=True)
        return np.array([float(function(*map(mpmath.mpf, row))) for row in rows])


def off(found, expected):
    """Return the largest relative error in units of EPSILON."""
    return np.max(np.abs(found - expected) / np.abs(expected)) / EPSILON


def bits(values):
    """Return the bits, without the sign that what is no number may have."""
    return np.where(np.isnan(values), np.nan, values).tobytes()


def between(low, high, count=2000, seed=3):
    return np.random.default_rng(seed).uniform(low, high, count)


def test_the_size_of_a_loop_changes_no_bit(compiled):
    a = np.concatenate([EXTREMES, between(-720, 720), between(-1, 1), 10 ** between(-320, 300)])
    b = np.concatenate([EXTREMES[::-1], between(-3, 3, len(a) - len(EXTREMES))])
    c = between(-2, 2, len(a))
    found = compiled(a, b, c)
    for size in SIZES[1:]:
        for name in FUNCTIONS:
            assert bits(found[size][name]) == bits(found[1][name]), (name, size)


def vectorised(compiled, name, *columns):
    return compiled(*columns)[512][f"lane__{name}"]


def exprel(x):
    return mpmath.expm1(x) / x


# in units of half the last place: an exponential's argument is rounded once, a power's with a
# logarithm of up to 230; for small x what is left of exp(x) - 1 is relative to 1
@pytest.mark.parametrize(
    ("name", "function", "low", "high", "most"),
    [
        ("exp", mpmath.exp, -708, 709, 3),
        ("exp", mpmath.exp, -1, 1, 3),
        ("log", mpmath.log, 1e-3, 1e3, 5),
        ("log", mpmath.log, 0.99, 1.01, 5),
        ("log10", mpmath.log10, 1e-3, 1e3, 6),
        ("cosh", mpmath.cosh, -700, 700, 4),
        ("tanh", mpmath.tanh, 1, 700, 6),
        ("sinh", mpmath.sinh, 1, 700, 6),
        ("exprel", exprel, 1, 700, 6),
        ("exprel", exprel, -700, -1, 8),
        ("exprel", exprel, 1e-8, 1e-3, 300),
        ("exprel", exprel, 1e-3, 1, 1500),
    ],
)
def test_a_function_is_accurate_to_the_last_places(compiled, name, function, low, high, most):
    x = between(low, high)
    assert off(vectorised(compiled, name, x), exact(function, x)) < most


@pytest.mark.parametrize(("name", "function"), [("log", mpmath.log), ("log10", mpmath.log10)])
def test_logarithms_are_accurate_over_all_magnitudes(compiled, name, function):
    x = np.concatenate([10 ** between(-307, 308), 1 + 10 ** between(-15, -1)])
    assert off(vectorised(compiled, name, x), exact(function, x)) < 6


@pytest.mark.parametrize(("name", "function"), [("tanh", mpmath.tanh), ("sinh", mpmath.sinh)])
def test_odd_functions_are_accurate_to_the_rounding_of_one_around_zero(compiled, name, function):
    x = between(-1, 1)
    errors = np.abs(vectorised(compiled, name, x) - exact(function, x))
    assert errors.max() < 4 * EPSILON


def test_a_cosine_of_turns_is_accurate_to_the_rounding_of_one(compiled):
    turns = np.concatenate([between(0, 1), between(-50, 50)])
    expected = exact(lambda x: mpmath.cos(2 * mpmath.pi * x), turns)
    errors = np.abs(vectorised(compiled, "cos_turns", turns) - expected)
    assert errors.max() < 16 * EPSILON  # four times that of the sine it is made of


def test_a_power_is_as_accurate_as_its_logarithm(compiled):
    x, y = 10 ** between(-100, 100), between(-3, 3, seed=4)
    expected = exact(mpmath.power, x, y)
    errors = np.abs(vectorised(compiled, "power", x, y) - expected) / expected / EPSILON
    assert np.all(errors < 8 + 2 * np.abs(y * np.log(x)))


def test_an_exponential_stays_finite_and_positive_where_its_argument_has_no_bounds(compiled):
    x = np.array([-np.inf, -1e300, -709, 709, 1e300, np.inf])
    found = vectorised(compiled, "exp", x)
    bounds = [np.exp(-708)] * 3 + [np.exp(709)] * 3
    assert found == pytest.approx(bounds, rel=1e-15)


def test_a_logarithm_below_the_normal_numbers_is_that_of_the_least(compiled):
    x = np.array([0.0, 5e-324, 1e-310])
    assert vectorised(compiled, "log", x) == pytest.approx([np.log(2.2250738585072014e-308)] * 3)


def test_what_is_no_number_stays_none(compiled):
    for name in ("exp", "log", "log10", "tanh", "sinh", "cosh", "exprel"):
        assert np.isnan(vectorised(compiled, name, np.array([np.nan]))), name
    assert np.isnan(vectorised(compiled, "log", np.array([-1.0, -1e-300, -np.inf]))).all()


def test_a_power_of_what_is_not_positive_is_that_of_whole_powers_or_nothing(compiled):
    x, y = np.array([0, 0, -1, -2.0, -0.5, -np.inf]), np.array([2, 0, 2, 3, -2, 1.5])
    assert list(vectorised(compiled, "power", x, y)) == pytest.approx([0, 1, 1, -8, 4, 0])


def test_saturating_functions_reach_their_limits(compiled):
    x = np.array([40.0, 1e300, np.inf])
    assert list(vectorised(compiled, "tanh", x)) == [1.0] * 3
    assert list(vectorised(compiled, "tanh", -x)) == [-1.0] * 3
    assert list(vectorised(compiled, "exprel", np.array([0.0, -0.0, 5e-324]))) == [1.0] * 3


def test_nothing_compares_with_what_is_no_number(compiled):
    a, b = np.array([np.nan, 1, np.nan]), np.array([1, np.nan, np.nan])
    assert not vectorised(compiled, "below", a, b).any()
    assert not vectorised(compiled, "positive", a).tolist()[0]


def test_choices_are_those_of_their_names(compiled):
    a, b = np.array([1.0, 2, 2, -np.inf]), np.array([2.0, 1, 2, 3])
    assert list(vectorised(compiled, "below", a, b)) == [1, 0, 0, 1]
    assert list(vectorised(compiled, "lesser", a, b)) == [1, 1, 2, -np.inf]
    assert list(vectorised(compiled, "greater", a, b)) == [2, 2, 2, 3]
    assert list(vectorised(compiled, "positive", a - b)) == [0, 1, 0, 0]
    yes_or_no = vectorised(compiled, "select", np.array([1.0, 0, 0, 1]), a, b)
    assert list(yes_or_no) == [1, 1, 2, -np.inf]


def test_the_functions_of_numpy_stand_in_for_the_compiled_ones(compiled):
    columns = [between(1e-3, 20, seed=5), between(-3, 3, seed=6), between(-2, 2, seed=7)]
    signed = {"exp", "tanh", "sinh", "cosh", "exprel", "below", "positive", "lesser", "greater"}
    for name, function in FUNCTIONS.items():
        short = name.removeprefix("lane__")
        given = [columns[0] - 10 * (short in signed), *columns[1:]][: ARITY[name]]
        found, numpy = vectorised(compiled, short, *given), function.pyfunc(*given)
        # around zero what is left of exp(x) - 1 is relative to 1
        np.testing.assert_allclose(found, numpy, rtol=1e-13, atol=1e-15, err_msg=name)


def test_the_functions_of_numpy_have_the_same_limits(compiled):
    exponents = np.array([-1e300, -709.0, 709.0, 1e300])
    numpy = FUNCTIONS["lane__exp"].pyfunc(exponents)
    np.testing.assert_allclose(vectorised(compiled, "exp", exponents), numpy, rtol=1e-13)
    x, y = np.array([0, 0, -1, -2.0, -0.5, np.nan]), np.array([2, 0, 2, 3, 1.5, 2])
    numpy = FUNCTIONS["lane__power"].pyfunc(x, y)
    np.testing.assert_allclose(vectorised(compiled, "power", x, y), numpy, rtol=1e-13)
