"""Equations and events of a model in the words of a Brian2 script."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from plasticity_sim.errors import InputError
from plasticity_sim.expressions import Expression, Statement
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.model import Model
from plasticity_sim.model.parts import Block, Kind, Variable

_LAST = {"pre": "last_pre_spike", "post": "last_post_spike"}
_OF_SYNAPSES = ("delay", "lastupdate")  # which Brian2's Synapses define themselves
_ENDS = ("_pre", "_post")  # which Brian2 keeps for the two sides of a synapse


def plain(text: str) -> str:
    r"""Return a text of a file in one line that cannot end the string or comment it stands in.

    >>> plain("so\n called \"text\"")
    "so called 'text'"
    """
    return " ".join(text.split()).replace('"', "'").replace("\\", "/")


@dataclass(frozen=True)
class Code:
    """A model as text; `changing` are parameters that differ between rows or in time.

    These and the model's variables are variables of a NeuronGroup, in the code of synapses written
    with `_post`; `clamped` are the states that are held at a value some of the time.
    """

    model: Model
    changing: Sequence[str]
    clamped: Collection[str]

    @cached_property
    def names(self) -> dict[str, str]:
        """The names in the script of those that Brian2 would not take: trace_pre is pre_trace."""
        return {
            name: "_".join(reversed(name.rsplit("_", 1)))
            for name in (*self.model.variables, *self.changing)
            if name.endswith(_ENDS)
        }

    def name(self, name: str) -> str:
        """Return how the script calls a variable or parameter."""
        return self.names.get(name, name)

    @property
    def threshold(self) -> str:
        """The threshold of a model that spikes by itself; empty for the others."""
        return self._text(self.model.threshold) if self.model.threshold else ""

    @property
    def equations(self) -> list[tuple[str, list[str]]]:
        """The components and their equations."""
        variables = list(self.model.variables.values())
        return [
            (component or "the readout", [self._equation(variable) for variable in group])
            for component, group in groupby(variables, key=lambda v: v.component)
        ]

    def _equation(self, variable: Variable) -> str:
        unit = variable.unit or base_unit_text(variable.dimensions)
        name, comment = self.name(variable.name), plain(variable.comment)
        comment = comment and f"  # {comment}"
        if variable.expression is None:
            return f"{name} : {unit}{comment}"
        text = self._text(variable.expression)
        if variable.kind is Kind.SUBEXPRESSION:
            return f"{name} = {text} : {unit}{comment}"
        if variable.name in self.clamped:
            text = f"(1 - {name}_is_held) * ({text})"
        return f"d{name}/dt = {text} : {unit}{comment}"

    @property
    def own_equations(self) -> list[str]:
        """The variables of each row that the script adds to those of the model."""
        dimensions = self.model.dimensions
        lines = [f"{self.name(n)} : {base_unit_text(dimensions[n])}" for n in self.changing]
        lines += [f"{self.name(name)}_is_held : 1" for name in self.clamped]
        return [*lines, *(f"{name} : second" for name in _LAST.values()), "sample_count : integer"]

    def check(self) -> None:
        """Raise an InputError for a name that a script, or Brian2's Synapses, needs itself."""
        given = [*self.model.variables, *self.model.parameters]
        own = {line.partition(" ")[0] for line in self.own_equations} - {
            self.name(name) for name in self.changing
        }
        for name in (*own, *_OF_SYNAPSES, *self.names.values()):
            if name in given:
                raise InputError(
                    f"'{name}' of model '{self.model.name}' is a name that a script needs for "
                    "something else; rename it in the model"
                )

    @property
    def actions(self) -> list[tuple[str, str]]:
        """Every piece of code that an event runs, by its name in the script."""
        found = []
        for kind, last in _LAST.items():
            blocks = [b for b in self.model.blocks if b.trigger == kind and b.after is None]
            lines = self._synaptic([s for block in blocks for s in block.statements])
            found.append((f"ON_{kind.upper()}", "\n".join([*lines, f"{last}_post = t"])))
        for number, block in enumerate(self._delayed, start=1):
            found.append((f"LATER_{number}", "\n".join(self._synaptic(block.statements))))
        spikes = [s for b in self.model.blocks if b.trigger == "spike" for s in b.statements]
        if spikes:
            found.append(("ON_SPIKE", "\n".join(self._written_out(s, "") for s in spikes)))
        return found

    @property
    def blocks(self) -> Iterator[tuple[str, list[str]]]:
        """Which spikes run which code, after which delay and in which order at equal times."""
        for order, kind in enumerate(_LAST):
            parts = [f'(ON_{kind.upper()}, "", {order})']
            for number, block in enumerate(self._delayed, start=1):
                if block.trigger == kind and block.after is not None:
                    delay = self._text(block.after, "_post")
                    parts.append(f'(LATER_{number}, "{delay}", {len(_LAST) + number})')
            yield kind, parts

    @property
    def _delayed(self) -> list[Block]:
        return [block for block in self.model.blocks if block.after is not None]

    def _text(self, expression: Expression, side: str = "") -> str:
        """Return an expression with the script's names; `side` is "_post" inside Synapses."""
        replaced = self._replaced(side)
        touched = expression.names & replaced.keys()
        return expression.substituted(replaced).text if touched else expression.text

    def _replaced(self, side: str) -> Mapping[str, str]:
        rows = {*self.model.variables, *self.changing}
        since = {f"since_{kind}": f"(t - {last}{side})" for kind, last in _LAST.items()}
        return ({n: f"{self.name(n)}{side}" for n in rows} if side else self.names) | since

    def _synaptic(self, statements: Sequence[Statement]) -> list[str]:
        """Return statements for Synapses, definitions that an earlier one changed written out.

        Brian2 evaluates the definitions of the group before the first statement, and not again.
        """
        lines: list[str] = []
        changed: set[str] = set()
        for statement in statements:
            own = replace(statement, expression=self._unfolded(statement.expression, changed))
            lines.append(self._written_out(own, "_post"))
            changed.add(statement.target)
        return lines

    def _unfolded(self, expression: Expression, changed: Collection[str]) -> Expression:
        """Return an expression whose definitions read nothing of what is `changed`."""
        defined = {n: e for n in self.model.subexpressions if (e := self._definition(n))}
        stale: set[str] = set()
        for name, own in defined.items():  # each after those it needs
            if own.names & (stale | set(changed)):
                stale.add(name)
        while names := expression.names & stale:
            expression = expression.substituted({name: defined[name].text for name in names})
        return expression

    def _definition(self, name: str) -> Expression | None:
        return self.model.variables[name].expression

    def _written_out(self, statement: Statement, side: str) -> str:
        """Return the code of one statement; Brian2 would read `x *= a + b` as `x = x * a + b`."""
        target = f"{self.name(statement.target)}{side}"
        expression = self._text(statement.expression, side)
        if statement.operator in ("=", "+="):
            return f"{target} {statement.operator} {expression}"
        is_single = expression.isidentifier()
        value = expression if is_single else f"({expression})"
        return f"{target} = {target} {statement.operator[0]} {value}"
