"""The model itself: a frozen value with everything an engine or a reader asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from brian2.units.fundamentalunits import Dimension, Quantity

from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.expressions import Expression, ordered
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.parts import (
    Block,
    Drug,
    Integrator,
    Kind,
    Parameter,
    Population,
    Readout,
    Start,
    Variable,
)
from plasticity_sim.quantities import display_unit, parse_quantity, split_quantity


@dataclass(frozen=True)
class Model:
    """A published or own model of a plastic synapse, assembled from its components."""

    name: str
    title: str
    source: tuple[str, ...]
    note: str
    components: tuple[str, ...]
    variables: dict[str, Variable]
    parameters: dict[str, Parameter]
    blocks: tuple[Block, ...]
    readout: Readout
    integrator: Integrator
    initial: dict[str, Start] = field(default_factory=dict)
    states: dict[str, dict[str, Start]] = field(default_factory=dict)
    mix: dict[str, float] = field(default_factory=dict)
    threshold: Expression | None = None
    observe: tuple[str, ...] = ()
    conserve: tuple[str, ...] = ()
    clamp: tuple[str, ...] = ()
    drugs: dict[str, Drug] = field(default_factory=dict)
    population: Population = field(default_factory=Population)
    fitted_to: tuple[str, ...] = ()  # experiments that its values were fitted to
    changed: frozenset[str] = frozenset()  # parameters with other values than in the files

    @cached_property
    def differential(self) -> tuple[str, ...]:
        """Names of the variables with a differential equation, in the order of the files."""
        return self._of_kind(Kind.DIFFERENTIAL)

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Names of the variables that only events change."""
        return self._of_kind(Kind.HELD)

    @cached_property
    def subexpressions(self) -> tuple[str, ...]:
        """Names of the defined expressions, each after those it needs."""
        table = {
            name: variable.expression
            for name, variable in self.variables.items()
            if variable.kind is Kind.SUBEXPRESSION and variable.expression
        }
        return tuple(ordered(table))

    @property
    def is_noisy(self) -> bool:
        """Whether any equation draws random numbers."""
        return any(v.expression and v.expression.is_noisy for v in self.variables.values())

    @property
    def is_stochastic(self) -> bool:
        """Whether any equation, event or threshold draws random numbers."""
        events = any(s.expression.is_noisy for block in self.blocks for s in block.statements)
        threshold = self.threshold is not None and self.threshold.is_noisy
        return self.is_noisy or events or threshold

    @cached_property
    def equations(self) -> str:
        """The equations for a Brian2 NeuronGroup, to be used with `namespace`."""
        lines = []
        for name, variable in self.variables.items():
            left = f"d{name}/dt" if variable.kind is Kind.DIFFERENTIAL else name
            right = f" = {variable.expression.text}" if variable.expression else ""
            lines.append(f"{left}{right} : {base_unit_text(variable.dimensions)}")
        return "\n".join(lines)

    @property
    def namespace(self) -> dict[str, Quantity]:
        """Every parameter as a Brian2 quantity."""
        return {
            name: Quantity(parameter.value, dim=parameter.dimensions)
            for name, parameter in self.parameters.items()
        }

    @cached_property
    def dimensions(self) -> dict[str, Dimension]:
        """Dimensions of every variable and parameter."""
        named: dict[str, Parameter | Variable] = {**self.variables, **self.parameters}
        return {name: thing.dimensions for name, thing in named.items()}

    def unit(self, name: str) -> str:
        """Return the unit in which a variable or parameter is shown to people; '1' for numbers."""
        if name in self.parameters:
            return self.parameters[name].unit or "1"
        return display_unit(self.variables[name].dimensions)

    def with_values(self, **values: Any) -> Model:
        """Return the model with parameters changed, as in `with_values(mg_out="0.1 mM")`."""
        return self.with_parameters({name: str(value) for name, value in values.items()})

    def with_parameters(self, values: Mapping[str, str], origin: str = "the user") -> Model:
        """Return the model with parameters set to the quantities that the texts write.

        Raises InputError for an unknown name or a wrong unit; nothing is ignored.
        """
        parameters = dict(self.parameters)
        for name, text in values.items():
            parameters[name] = self._changed(name, text, origin)
        return replace(self, parameters=parameters, changed=self.changed | values.keys())

    def _changed(self, name: str, text: str, origin: str) -> Parameter:
        old = self.parameter(name)
        try:
            value = float(parse_quantity(text, old.dimensions))
        except InputError as problem:
            raise InputError(f"{name} is {old.text}, so {problem.message}") from None
        return replace(
            old, text=text, value=value, unit=split_quantity(text)[1],
            source="", fitted="", assumed=f"set by {origin} (was {old.text}: {old.provenance})",
            filed=old.value_in_file,
        )  # fmt: skip

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by name; InputError with the nearest name if there is none."""
        if name not in self.parameters:
            hint = suggestion(name, self.parameters)
            raise InputError(f"model '{self.name}' has no parameter '{name}'; {hint}")
        return self.parameters[name]

    def _of_kind(self, kind: Kind) -> tuple[str, ...]:
        return tuple(name for name, v in self.variables.items() if v.kind is kind)
