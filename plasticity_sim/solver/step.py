"""One step of a Rosenbrock method as straight-line statements, whatever drives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy

from plasticity_sim.solver.elimination import Elimination, eliminate, product, solve
from plasticity_sim.solver.noise import noise_trees, spread_as_noise
from plasticity_sim.solver.statements import Statement, shared, text
from plasticity_sim.solver.system import System
from plasticity_sim.solver.tableaus import Tableau


@dataclass
class Step:
    """What a step of size `h` computes, in terms of the state before it.

    `new[x]` and `error[x]` name the state after the step and its error estimate, `dense[x]` the
    coefficients of the polynomial between, `before[x]` any state or definition at the beginning.
    """

    system: System
    tableau: Tableau
    h: str
    time: str
    functions: Mapping[str, str] = field(default_factory=dict)
    free: Mapping[str, str] = field(default_factory=dict)
    frozen: bool = False
    statements: list[Statement] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    new: dict[str, str] = field(default_factory=dict)
    error: dict[str, str] = field(default_factory=dict)
    dense: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, *lines: str) -> None:
        """Add statements, each written as `name = expression`."""
        for line in lines:
            name, _, code = line.partition(" = ")
            self.statements.append((name, code))

    def evaluate(
        self,
        trees: Mapping[str, sympy.Expr],
        stage: str,
        states: Mapping[str, str],
        time: str,
        definitions: Sequence[str] = (),
    ) -> dict[str, str]:
        """Add the statements that evaluate `trees` and `definitions`, with all they need.

        Returns the names of the results. Frozen switches keep the value of the first stage.
        """
        own = self.system
        wanted = [sympy.Symbol(name, real=True) for name in definitions]
        if not self.frozen or stage == "1":
            trees = {**{n: sympy.Heaviside(g) for n, g in own.switches.items()}, **trees}
        trees = {**own.needed(*trees.values(), *wanted), **trees}
        names = {name: f"_{name}1" for name in own.switches}
        found = shared(trees, "_common")
        # no two of these are the same, nor any other name here, whatever the equations' names are
        names |= {name: f"_{name}{stage}" for name in found}
        names |= {name: f"_value{stage}_{name}" for name in (*own.definitions, *own.extras)}
        names |= {**states, "t": f"({time})"}
        for name, tree in found.items():
            self.statements.append((names[name], text(tree, names, self.functions)))
        return names


def step(
    system: System,
    tableau: Tableau,
    h: str,
    time: str = "t",
    free: Mapping[str, str] | None = None,
    functions: Mapping[str, str] | None = None,
    frozen: bool = False,
) -> Step:
    """Return one step of `tableau` on `system`, from the states as they are.

    `h` and `time` name the step and the time at its beginning. `free[x]` names a factor that is 0
    while a state is held and 1 otherwise; `functions` what to call instead of a function. Switches
    follow every stage, or are `frozen` at their value before the step.
    """
    made = Step(system, tableau, h, time, functions or {}, free or {}, frozen)
    factors = _factors(made)
    point = {x: x for x in system.states}
    for stage in range(tableau.stages):
        point = _stage(made, stage, point, factors)
    _finish(made, point)
    return made


def _factors(made: Step) -> Elimination:
    """Evaluate all that belongs to the beginning of the step; return the factored matrix."""
    own, h = made.system, made.h
    partials = {f"_partial_{n}_": tree for n, tree in enumerate(own.partials.values())}
    drifts = {f"_drift_{row}": tree for row, tree in own.drifts.items()}
    numbers = {n: text(tree, {}) for n, tree in partials.items() if not tree.free_symbols}
    moving = {n: tree for n, tree in partials.items() if n not in numbers}
    margins = {f"margin_{name}": tree for name, tree in own.switches.items()}
    margins |= {key: tree for terms in own.compared.values() for key, tree in terms.items()}
    trees = {**own.extras, **_slopes(own), **noise_trees(own), **moving, **drifts}
    trees |= margins if made.frozen else {}
    names = made.evaluate(trees, "1", {name: name for name in own.states}, made.time)
    made.before = names
    for state in own.pulls:
        made.add(*spread_as_noise(state, names[f"_pull_{state}"], h, made.functions))
    jacobian = {}
    for (row, column), key in zip(own.partials, partials, strict=True):
        jacobian[row, column] = numbers.get(key) or names[key]
        if row in made.free:
            name = f"_free{key}"
            made.statements.append((name, product(made.free[row], jacobian[row, column])))
            jacobian[row, column] = name
    made.statements.append(("_rate", f"1.0 / {h}"))
    made.statements.append(("_diagonal", f"{1 / made.tableau.gamma!r} * _rate"))
    diagonal = {x: "_diagonal" if x in own.states else "1.0" for x in own.unknowns}
    factors = eliminate(own.unknowns, diagonal, jacobian)
    made.statements += factors.statements
    return factors


def _slopes(own: System) -> dict[str, sympy.Expr]:
    return {f"_slope_{name}": tree for name, tree in own.slopes.items()}


def _stage(
    made: Step, stage: int, before: Mapping[str, str], factors: Elimination
) -> dict[str, str]:
    """Add one stage; return the names of the states that it looked at."""
    own, tableau, h = made.system, made.tableau, made.h
    point, names = dict(before), made.before
    if stage:
        point = _point(made, stage, before)
        moment = f"{made.time} + {tableau.alpha[stage]!r} * {h}"
        names = made.evaluate(_slopes(own), str(stage + 1), point, moment)
    rates = [f"_rate{stage + 1}_{n}" for n in range(1, stage + 1)]
    made.add(*(f"{r} = {c!r} * _rate" for r, c in zip(rates, tableau.c[stage], strict=True)))
    right = {}
    for x in own.states:
        slope = names[f"_slope_{x}"]
        if x in own.pulls:
            slope = f"({slope} + _spread_{x} * {made.before[f'_white_{x}']})"
        right[x] = product(made.free[x], slope) if x in made.free else slope
        right[x] += "".join(f" + {r} * _k{n}_{x}" for n, r in enumerate(rates, start=1))
    for row in own.drifts if tableau.d[stage] else ():
        part = f"{h} * {tableau.d[stage]!r} * {made.before[f'_drift_{row}']}"
        part = product(made.free[row], part) if row in made.free else part
        right[row] = f"{right[row]} + {part}" if row in right else part
    made.statements += solve(factors, right, own.states, f"_k{stage + 1}_{{}}")
    return point


def _point(made: Step, stage: int, before: Mapping[str, str]) -> dict[str, str]:
    """Return the names of the states that a stage looks at."""
    weights = made.tableau.a
    point = {}
    for x in made.system.states:
        point[x] = f"_at{stage + 1}_{x}"
        if weights[stage] == (*weights[stage - 1], 1.0):  # one more than the stage before
            total = f"{before[x]} + _k{stage}_{x}"
        else:
            total = f"{x} + {_sum(weights[stage], x)}"
        made.statements.append((point[x], total))
    return point


def _finish(made: Step, last: Mapping[str, str]) -> None:
    tableau = made.tableau
    stiffly_accurate = tableau.b == (*tableau.a[-1], 1.0)
    for x in made.system.states:
        made.new[x], made.error[x] = f"_new_{x}", f"_error_{x}"
        total = f"{last[x]} + _k{tableau.stages}_{x}" if stiffly_accurate else (
            f"{x} + {_sum(tableau.b, x)}")  # fmt: skip
        made.statements.append((made.new[x], total))
        made.statements.append((made.error[x], _sum(tableau.e, x)))


def add_dense(made: Step, states: Sequence[str]) -> None:
    """Add the coefficients of the polynomial that joins the ends of the step."""
    for x in states:
        if x not in made.dense:
            made.dense[x] = tuple(f"_dense{n}_{x}" for n in range(len(made.tableau.dense)))
            for name, weights in zip(made.dense[x], made.tableau.dense, strict=True):
                made.statements.append((name, _sum(weights, x)))


def between(made: Step, state: str, share: str, rest: str) -> str:
    """Return the expression of a state at `share` of the step, `rest` being 1 - share."""
    inner = ""
    for name in reversed(made.dense[state]):
        inner = f"{name} + {share} * ({inner})" if inner else name
    return f"{rest} * {state} + {share} * ({made.new[state]} + {rest} * ({inner}))"


def _sum(weights: Sequence[float], state: str) -> str:
    terms = [
        f"_k{number}_{state}" if weight == 1 else f"{weight!r} * _k{number}_{state}"
        for number, weight in enumerate(weights, start=1)
        if weight
    ]
    return " + ".join(terms).replace("+ -", "- ")
