"""Rosenbrock methods as Brian2 state updaters, at the fixed step of the group's clock."""

from __future__ import annotations

from typing import Any

from brian2.equations.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod

from plasticity_sim.solver.statements import text
from plasticity_sim.solver.step import step
from plasticity_sim.solver.system import system
from plasticity_sim.solver.tableaus import TABLEAUS, Tableau


class Rosenbrock(StateUpdateMethod):
    """A linearly implicit method for stiff equations: no iterations, no matrices at run time.

    After the import of this module `NeuronGroup(…, method="rodas4")` works on every target of
    Brian2. The Jacobian is derived from the equations, its elimination unrolled.

    Hairer E, Wanner G (1996) Solving Ordinary Differential Equations II, section IV.7.
    """

    def __init__(self, tableau: Tableau):
        self.tableau = tableau
        self.__name__ = tableau.name

    def __call__(
        self,
        equations: Equations,
        variables: Any = None,
        method_options: dict[str, Any] | None = None,
    ) -> str:
        """Return Brian2's abstract code of one step.

        Raises UnsupportedEquationsException for noise and for functions without a derivative.
        """
        own = system(equations)
        made = step(own, self.tableau, "dt")
        first = [(name, text(tree, {})) for rows in (own.invariants, own.per_step)
                 for name, tree in rows.items()]  # fmt: skip
        lines = [f"{name} = {code}" for name, code in first + made.statements]
        return "\n".join(lines + [f"{x} = {made.new[x]}" for x in own.states])


def register() -> None:
    """Make the methods known to Brian2 by name; more than once does no harm."""
    for name, tableau in TABLEAUS.items():
        StateUpdateMethod.stateupdaters.setdefault(name, Rosenbrock(tableau))
