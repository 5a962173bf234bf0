"""What a model is made of once its files are read: frozen, checked values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from brian2.units.fundamentalunits import Dimension, Quantity

from plasticity_sim.changes import Change
from plasticity_sim.expressions import Expression, Statement
from plasticity_sim.model.bounds import check_finite


@dataclass(frozen=True)
class Parameter:
    """A constant of the model, and where its value comes from."""

    name: str
    text: str  # as written, '0.2 nS': Brian2 would print 200. pS
    value: float  # in SI units
    unit: str
    dimensions: Dimension
    source: str = ""
    assumed: str = ""
    fitted: str = ""
    note: str = ""
    component: str = ""
    filed: float | None = None  # in SI units: what its file has, where that is another value

    @property
    def value_in_file(self) -> float:
        """The value (SI) that the file of the model has, whatever was set since."""
        return self.value if self.filed is None else self.filed

    @property
    def provenance(self) -> str:
        """Where the value comes from, in words."""
        if self.assumed:
            return f"assumed: {self.assumed}"
        return f"fitted: {self.fitted}" if self.fitted else self.source


class Kind(StrEnum):
    """How a variable gets its value."""

    DIFFERENTIAL = "differential equation"
    SUBEXPRESSION = "expression"
    HELD = "held between events"


@dataclass(frozen=True)
class Variable:
    """A quantity that the equations define."""

    name: str
    kind: Kind
    expression: Expression | None  # None for a held variable
    unit: str
    dimensions: Dimension
    comment: str = ""
    component: str = ""


@dataclass(frozen=True)
class Start:
    """The first value of a variable: a quantity, or an expression of the parameters."""

    text: str
    quantity: Quantity | None = None
    expression: Expression | None = None

    def evaluate(self, parameters: Mapping[str, float]) -> float:
        """Return the value in SI units."""
        if self.expression is not None:
            return check_finite(self.expression.evaluate(parameters), f"'{self.text[:80]}'")
        return float(self.quantity)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Block:
    """What an event of kind `trigger` does, `after` a delay if there is one."""

    trigger: str  # 'pre', 'post' or 'spike'
    statements: tuple[Statement, ...]
    after: Expression | None = None


@dataclass(frozen=True)
class Drug:
    """What a drug does to parameters; `half` is the dose of half effect, where it is known."""

    name: str
    effects: dict[str, Change]
    half: str = ""


@dataclass(frozen=True)
class Readout:
    """The variable that stands for the synaptic strength.

    With `within` (seconds), it is the variable's peak above its value at each test pulse.
    """

    variable: str
    within: float | None = None


@dataclass(frozen=True)
class Spread:
    """How one parameter differs between the synapses of a population."""

    distribution: str  # 'lognormal' or 'normal'
    width: float  # s.d. of the logarithm, or s.d. relative to the mean


@dataclass(frozen=True)
class Population:
    """How many synapses there are, and how they differ."""

    synapses: int = 1
    sampling: str = "quantiles"
    vary: tuple[tuple[str, Spread], ...] = ()


@dataclass(frozen=True)
class Integrator:
    """The method, and the step in seconds where it is fixed, or a tolerance of the model's own."""

    method: str
    dt: float | None = None
    rtol: float | None = None
