"""The right-hand side of a model as one plain Python function: the reference's own path.

It shares nothing with Brian2's code generation, so that the two can check each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from plasticity_sim.engine.batch import Array
from plasticity_sim.engine.duals import Dual
from plasticity_sim.engine.elementwise import REAL_SCOPE, SCOPE, elementwise, with_real_powers
from plasticity_sim.errors import InputError
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Block

Vector = Sequence[float] | Array
Slope = Callable[[float, Vector, dict[str, float]], list[float]]
Action = Callable[[dict[str, float], float, float], None]
Values = Mapping[str, float | Array]
Slopes = Callable[[float, Sequence[Array | Dual], Values], list[float | Array | Dual]]


@cache
def _compiled(source: str, name: str, on_arrays: bool = False) -> Callable[..., object]:
    # every expression in `source` has passed the allow-list of `expressions`
    scope: dict[str, object] = dict(SCOPE if on_arrays else REAL_SCOPE)
    # plain floats: the arithmetic of numpy's scalars is several times slower
    scope |= {"_numbers": lambda y: y if on_arrays else map(float, y), "__builtins__": {}}
    tree = (elementwise if on_arrays else with_real_powers)(source)
    exec(compile(tree, f"<{name}>", "exec"), scope)
    return scope[name]  # type: ignore[return-value]


def needed(model: Model, names: Iterable[str]) -> list[str]:
    """Return the defined expressions that `names` need, each after those it needs itself."""
    wanted: set[str] = set()
    stack = [n for name in names for n in _reads(model, name)]
    while stack:
        name = stack.pop()
        if name in model.subexpressions and name not in wanted:
            wanted.add(name)
            stack += _reads(model, name)
    return [name for name in model.subexpressions if name in wanted]


def _reads(model: Model, name: str) -> frozenset[str]:
    """Return the names in the expression of `name`, and `name` itself if it is one."""
    variable = model.variables.get(name)
    if variable is None or variable.expression is None:
        return frozenset()
    own = {name} if name in model.subexpressions else set()
    return variable.expression.names | own


def right_hand_side(
    model: Model, held: frozenset[str] = frozenset(), without_noise: bool = False
) -> Slope:
    """Return f(t, y, values) -> dy/dt over `model.differential`, all in SI units.

    `values` holds parameters and held variables by name; states in `held` do not move.
    A stochastic model needs `without_noise`, which leaves its mean drift.
    """
    if model.is_noisy and not without_noise:
        raise InputError(f"model '{model.name}' is stochastic, which this method cannot integrate")
    return _function("slope", "t, y, values", _slope(model, held))  # type: ignore[return-value]


def right_hand_sides(model: Model, held: frozenset[str] = frozenset()) -> Slopes:
    """Return the same f for many lanes at once, without noise.

    Every entry of y, of `values` and of what it returns is a number or an array over the lanes;
    duals give duals.
    """
    return _function("slope", "t, y, values", _slope(model, held), True)  # type: ignore[return-value]


def starts(model: Model, state: str) -> Callable[[Values], list[float | Array]]:
    """Return g(values) -> the first guess of every differential and held variable in `state`."""
    guesses = {**model.initial, **model.states[state]}
    names = (*model.differential, *model.held)
    given = {n: guesses[n].expression for n in names if n in guesses}
    used = sorted({leaf for e in given.values() if e is not None for leaf in e.names})
    texts = [
        e.text if (e := given.get(n)) else repr(guesses[n].evaluate({}) if n in given else 0.0)
        for n in names
    ]
    body = [*(f"{name} = values['{name}']" for name in used), f"return [{', '.join(texts)}]"]
    return _function("start", "values", body, True)  # type: ignore[return-value]


def _slope(model: Model, held: frozenset[str]) -> list[str]:
    """Return the lines that compute dy/dt."""
    states = model.differential
    moving = [name for name in states if name not in held]
    body = [*_unpacking(model, states), "xi = 0.0", *_definitions(model, moving)]
    slopes = [
        model.variables[name].expression.text if name in moving else "0.0"  # type: ignore[union-attr]
        for name in states
    ]
    return [*body, f"return [{', '.join(slopes)}]"]


def observer(model: Model, names: Sequence[str]) -> Slope:
    """Return g(t, y, values) -> the named variables, states or expressions."""
    body = _unpacking(model, model.differential)
    body += [f"{name} = values['{name}']" for name in model.held]
    body += _definitions(model, names)
    body.append(f"return [{', '.join(names)}]")
    return _function("observe", "t, y, values", body)  # type: ignore[return-value]


def action(model: Model, block: Block) -> Action:
    """Return act(values, since_pre, since_post): what an event block does to `values` in place."""
    reads = {name for s in block.statements for name in s.reads} - {"since_pre", "since_post"}
    targets = {s.target for s in block.statements}
    known = model.dimensions.keys()
    expressions = needed(model, reads)
    leaves = {n for e in expressions for n in model.variables[e].expression.names}  # type: ignore[union-attr]
    plain = sorted(((reads | leaves | targets) & known) - set(expressions))
    body = [f"{name} = values['{name}']" for name in plain]
    body += [f"{name} = {model.variables[name].expression.text}" for name in expressions]  # type: ignore[union-attr]
    for statement in block.statements:
        body.append(statement.text)
        body.append(f"values['{statement.target}'] = {statement.target}")
    return _function("act", "values, since_pre, since_post", body)  # type: ignore[return-value]


def _unpacking(model: Model, states: Sequence[str]) -> list[str]:
    return [f"{', '.join(states)}, = _numbers(y)"] if states else []


def _definitions(model: Model, names: Iterable[str]) -> list[str]:
    """Return assignments of every parameter, held variable and expression that `names` need."""
    names = list(names)
    expressions = needed(model, names)
    used = {
        leaf
        for name in [*expressions, *names]
        if (variable := model.variables[name]).expression is not None
        for leaf in variable.expression.names
    }
    constants = sorted(used & (model.parameters.keys() | set(model.held)))
    lines = [f"{name} = values['{name}']" for name in constants]
    return lines + [f"{name} = {model.variables[name].expression.text}" for name in expressions]  # type: ignore[union-attr]


def _function(
    name: str, arguments: str, body: list[str], on_arrays: bool = False
) -> Callable[..., object]:
    lines = "\n    ".join(body)
    return _compiled(f"def {name}({arguments}):\n    {lines}\n", name, on_arrays)


def jacobian(
    slope: Slope,
    y: Array,
    values: dict[str, float],
    scale: Array,
    side: Array | float = 0.0,
) -> Array:
    """Return df/dy by differences; `scale` gives the size of each state.

    They are central, or on the upper (1) or lower (-1) `side` of a state.
    """
    columns = []
    for index, (size, to) in enumerate(zip(scale, np.broadcast_to(side, scale.shape), strict=True)):
        step = 1e-6 * max(abs(y[index]), size)
        above, below = y.copy(), y.copy()
        above[index] += step * (to >= 0)
        below[index] -= step * (to <= 0)
        difference = np.subtract(slope(0.0, above, values), slope(0.0, below, values))
        columns.append(difference / (above[index] - below[index]))
    return np.array(columns).T
