"""The classic Runge-Kutta method as a Brian2 state updater that keeps shared expressions shared.

Brian2's own "rk4" writes every defined expression into every equation and hands the result to
sympy; for a ring of fourteen kinase states that takes a minute. The steps taken are the same.
"""

from __future__ import annotations

from typing import Any

from brian2.equations.equations import SUBEXPRESSION, Equations
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException

from plasticity_sim.expressions import Expression

_NODES = ("", " + {k} / 2", " + {k} / 2", " + {k}")  # where each stage looks, from the one before
_UPDATE = "{x} = {x} + ({x}__k1 + 2 * {x}__k2 + 2 * {x}__k3 + {x}__k4) / 6"


class RungeKutta4(StateUpdateMethod):
    """Order 4, four evaluations a step; for equations without noise."""

    def __call__(
        self,
        equations: Equations,
        variables: Any = None,
        method_options: dict[str, Any] | None = None,
    ) -> str:
        """Return Brian2's abstract code of one step."""
        if equations.is_stochastic:
            raise UnsupportedEquationsException("rk4 cannot integrate equations with noise")
        slopes = {n: Expression(str(e.code)) for n, e in equations.diff_eq_expressions}
        defined = _needed(equations, slopes)
        lines: list[str] = []
        for stage, node in enumerate(_NODES, start=1):
            names = {}
            if stage > 1:
                for x in slopes:
                    lines.append(f"{x}__s{stage} = {x}" + node.format(k=f"{x}__k{stage - 1}"))
                    names[x] = f"{x}__s{stage}"
            for name, expression in defined.items():
                lines.append(f"{name}__s{stage} = {expression.substituted(names).text}")
                names[name] = f"{name}__s{stage}"
            for x, slope in slopes.items():
                lines.append(f"{x}__k{stage} = dt * ({slope.substituted(names).text})")
        return "\n".join(lines + [_UPDATE.format(x=x) for x in slopes])


def _needed(equations: Equations, slopes: dict[str, Expression]) -> dict[str, Expression]:
    """Return the defined expressions that the slopes need, each after those it needs itself."""
    defined = {
        eq.varname: Expression(str(eq.expr.code))
        for eq in equations.ordered
        if eq.type == SUBEXPRESSION
    }
    used: set[str] = {name for slope in slopes.values() for name in slope.names}
    for name in reversed(defined):
        if name in used:
            used |= defined[name].names
    return {name: expression for name, expression in defined.items() if name in used}
