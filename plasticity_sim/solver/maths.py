"""Functions that a compiler can turn into vector code, with the same bits in any loop.

The C++ ones are branch-free and use nothing from the mathematical library but the square root, so
that GCC and Clang vectorise a loop that calls them, with or without AVX-512, and a lane computes
the same whether it stands alone or among others. Elsewhere numpy's functions stand in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from brian2.core.functions import Function

# a * b + c in one operation, where the processor has one; in software it would take a hundred.
# A macro in front of each function, as Brian2 does not always put one before the one that calls it.
_FMA = """
#if defined(__FMA__) || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
#define lane__fma(a, b, c) __builtin_fma(a, b, c)
#else
#define lane__fma(a, b, c) ((a) * (b) + (c))
#endif
"""
# Cody-Waite reduction with the magic number 1.5 * 2**52; Taylor to order 13 on |r| < ln(2) / 2
_EXP = """
static inline double lane__exp(double x) {
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    const double shifted = lane__fma(x, 1.4426950408889634, 6755399441055744.0);
    const double whole = shifted - 6755399441055744.0;
    const double most = lane__fma(-6.93147180369123816490e-01, whole, x);
    const double r = lane__fma(-1.90821492927058770002e-10, whole, most);
    double p = 1.6059043836821613e-10;
    p = lane__fma(p, r, 2.08767569878681e-09);
    p = lane__fma(p, r, 2.505210838544172e-08);
    p = lane__fma(p, r, 2.755731922398589e-07);
    p = lane__fma(p, r, 2.7557319223985893e-06);
    p = lane__fma(p, r, 2.48015873015873e-05);
    p = lane__fma(p, r, 0.0001984126984126984);
    p = lane__fma(p, r, 0.001388888888888889);
    p = lane__fma(p, r, 0.008333333333333333);
    p = lane__fma(p, r, 0.041666666666666664);
    p = lane__fma(p, r, 0.16666666666666666);
    p = lane__fma(p, r, 0.5);
    p = lane__fma(p, r, 1.0);
    p = lane__fma(p, r, 1.0);
    int64_t bits;
    std::memcpy(&bits, &shifted, sizeof(bits));
    const int64_t power_of_two = (bits + 1023) << 52;
    double scale;
    std::memcpy(&scale, &power_of_two, sizeof(scale));
    return p * scale;
}
"""
# Lanes do not read one another; told so, a compiler needs no test of thousands of pairs of arrays
# for overlap before each pass. Brian2 places this after its includes.
_INDEPENDENT = """
#ifdef __clang__
#define for _Pragma("clang loop vectorize(assume_safety)") for
#else
#define for _Pragma("GCC ivdep") for
#endif
"""
# exponent and mantissa by their bits; atanh series on the mantissa, which lies around one
_LOG = """
static inline double lane__log(double x) {
    const double least = 2.2250738585072014e-308;
    const double positive = x > least ? x : least;
    int64_t bits;
    std::memcpy(&bits, &positive, sizeof(bits));
    const int64_t middle = bits - 0x3fe6a09e667f3bcdLL;
    const uint64_t raised = ((uint64_t)(middle + 0x4000000000000000LL)) >> 52;
    const int64_t carrier = (int64_t)(raised | 0x4330000000000000ULL);
    double exponent;
    std::memcpy(&exponent, &carrier, sizeof(exponent));
    exponent -= 4503599627370496.0 + 1024.0;
    const int64_t rest = (middle & 0x000fffffffffffffLL) + 0x3fe6a09e667f3bcdLL;
    double m;
    std::memcpy(&m, &rest, sizeof(m));
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double p = 0.09523809523809523;
    p = lane__fma(p, z, 0.10526315789473684);
    p = lane__fma(p, z, 0.11764705882352941);
    p = lane__fma(p, z, 0.13333333333333333);
    p = lane__fma(p, z, 0.15384615384615385);
    p = lane__fma(p, z, 0.18181818181818182);
    p = lane__fma(p, z, 0.2222222222222222);
    p = lane__fma(p, z, 0.2857142857142857);
    p = lane__fma(p, z, 0.4);
    p = lane__fma(p, z, 0.6666666666666666);
    const double value = exponent * 6.93147180369123816490e-01
        + (2.0 * s + (s * z * p + exponent * 1.90821492927058770002e-10));
    return x >= 0.0 ? value : x - x + std::numeric_limits<double>::quiet_NaN();
}
"""
# 2 sin(x)**2 - 1 with |x| < pi / 2, Taylor to order 21; in turns, so that the reduction is exact
_COS_TURNS = """
static inline double lane__cos_turns(double turns) {
    const double x = 3.141592653589793 * (turns - std::floor(turns) - 0.5);
    const double z = x * x;
    double p = 1.9572941063391263e-20;
    p = lane__fma(p, z, -8.22063524662433e-18);
    p = lane__fma(p, z, 2.8114572543455206e-15);
    p = lane__fma(p, z, -7.647163731819816e-13);
    p = lane__fma(p, z, 1.6059043836821613e-10);
    p = lane__fma(p, z, -2.505210838544172e-08);
    p = lane__fma(p, z, 2.7557319223985893e-06);
    p = lane__fma(p, z, -0.0001984126984126984);
    p = lane__fma(p, z, 0.008333333333333333);
    p = lane__fma(p, z, -0.16666666666666666);
    p = lane__fma(p, z, 1.0);
    const double sine = p * x;
    return 2.0 * sine * sine - 1.0;
}
"""


def _from_exp(name: str, body: str) -> str:
    return f"static inline double lane__{name}(double x) {{ {body} }}\n"


_SERIES = "1.0 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x / 720))))"


def _function(
    name: str, code: str, python: Callable[..., Any], arguments: int, needs: tuple[str, ...] = ()
) -> None:
    made = Function(
        python, arg_units=[1] * arguments, return_unit=1,
        arg_types=["float"] * arguments, return_type="float",
    )  # fmt: skip
    # with units Brian2 would write every result into an error message that it may need
    made.implementations.add_numpy_implementation(lambda *x: python(*x), discard_units=True)
    dependencies = {f"lane__{other}": FUNCTIONS[f"lane__{other}"] for other in needs}
    top = _INDEPENDENT if name == "below" else ""
    made.implementations.add_implementation(
        "cpp", {"support_code": _FMA + code, "hashdefine_code": top},
        name=f"lane__{name}", dependencies=dependencies,
        compiler_kwds={"headers": ["<cmath>", "<cstdint>", "<cstring>", "<limits>"]},
    )  # fmt: skip
    FUNCTIONS[f"lane__{name}"] = made


def _power(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(x, y)
    value = np.power(np.maximum(np.abs(x), 1e-300), y)
    negative = np.where(np.floor(y) == y, np.where(y % 2 == 0, value, -value), 0.0)
    of_zero = np.where(y > 0, 0.0, value)
    return np.select([x > 0, x < 0, x == 0], [value, negative, of_zero], np.nan)


FUNCTIONS: dict[str, Function] = {}
"""Brian2 functions by name, for the namespace of a group."""

_function("fma", "", lambda a, b, c: a * b + c, 3)
_function("exp", _EXP, lambda x: np.exp(np.clip(x, -708, 709)), 1)
_function("log", _LOG, np.log, 1)
_function("cos_turns", _COS_TURNS, lambda turns: np.cos(2 * np.pi * (turns - np.floor(turns))), 1)
_function("log10", _from_exp("log10", "return lane__log(x) * 0.4342944819032518;"),
          np.log10, 1, ("log",))  # fmt: skip
_function("tanh", _from_exp("tanh", "return 1.0 - 2.0 / (lane__exp(2.0 * x) + 1.0);"),
          np.tanh, 1, ("exp",))  # fmt: skip
_function("sinh", _from_exp("sinh", "return 0.5 * (lane__exp(x) - lane__exp(-x));"),
          np.sinh, 1, ("exp",))  # fmt: skip
_function("cosh", _from_exp("cosh", "return 0.5 * (lane__exp(x) + lane__exp(-x));"),
          np.cosh, 1, ("exp",))  # fmt: skip
_function(
    "exprel",
    _from_exp(
        "exprel",
        "const double small = x * x < 1e-4 ? 1.0 : 0.0;"
        "const double safe = small > 0.5 ? 1.0 : x;"
        f"return small > 0.5 ? {_SERIES} : (lane__exp(safe) - 1.0) / safe;",
    ),
    lambda x: np.where(np.abs(x) < 1e-9, 1.0 + 0.5 * x, np.expm1(x) / np.where(x == 0, 1.0, x)),
    1,
    ("exp",),
)
# of a negative number: its whole powers, and 0 for all others, so that a Hill function of a
# concentration that rounding has brought below zero stays a number
_function(
    "power",
    """
static inline double lane__power(double x, double y) {
    const double size = x < 0.0 ? -x : x;
    const double value = lane__exp(y * lane__log(size > 1e-300 ? size : 1e-300));
    const double whole = std::floor(y) == y ? value : 0.0;
    const double signed_ = 2.0 * std::floor(0.5 * y) == y ? whole : -whole;
    const double of_zero = y > 0.0 ? 0.0 : value;
    return x > 0.0 ? value : (x < 0.0 ? signed_ : (x == 0.0 ? of_zero : x));
}
""",
    _power,
    2,
    ("exp", "log"),
)
_function(
    "select",
    "static inline double lane__select(double truth, double yes, double no) {"
    " return truth > 0.5 ? yes : no; }\n",
    lambda truth, yes, no: np.where(np.asarray(truth) > 0.5, yes, no),
    3,
)
_function(
    "below",
    "static inline double lane__below(double a, double b) { return a < b ? 1.0 : 0.0; }\n",
    lambda a, b: np.asarray(np.less(a, b), dtype=float),
    2,
)
_function(
    "positive",
    "static inline double lane__positive(double x) { return x > 0.0 ? 1.0 : 0.0; }\n",
    lambda x: np.asarray(np.greater(x, 0), dtype=float),
    1,
)
_function(
    "lesser",
    "static inline double lane__lesser(double a, double b) { return b < a ? b : a; }\n",
    np.minimum,
    2,
)
_function(
    "greater",
    "static inline double lane__greater(double a, double b) { return b > a ? b : a; }\n",
    np.maximum,
    2,
)

VECTORISABLE = {
    **{name: f"lane__{name}" for name in ("exp", "log", "log10", "tanh", "sinh", "cosh", "exprel")},
    "power": "lane__power",
    "positive": "lane__positive",
    "lesser": "lane__lesser",
    "greater": "lane__greater",
}
"""What to call instead of a function of the equations."""
