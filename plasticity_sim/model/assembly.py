"""Components to one set of variables, parameters and events: nothing twice, nothing unused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import Dimension, get_dimensions

from plasticity_sim.document import Document, read_document, validated
from plasticity_sim.errors import InputError, suggestion
from plasticity_sim.expressions import (
    Expression,
    check_name,
    ordered,
    parse_expression,
    parse_statements,
)
from plasticity_sim.library import find
from plasticity_sim.model.bounds import MOST_STATEMENTS, check_size, check_taken
from plasticity_sim.model.equations import (
    SECOND,
    SINCE,
    EquationError,
    check_dimensions,
    check_statement,
    expression_dimensions,
    parse_equations,
)
from plasticity_sim.model.formats import BlockFormat, ComponentFormat, ParameterFormat
from plasticity_sim.model.parts import Block, Kind, Parameter, Start, Variable
from plasticity_sim.quantities import (
    parse_quantity,
    require_dimensions,
    split_quantity,
)


@dataclass
class Assembly:
    """What the components of a model add up to, while it is being read."""

    variables: dict[str, Variable] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    initial: dict[str, Start] = field(default_factory=dict)
    threshold: Expression | None = None
    _origin: dict[str, tuple[Document, int | None]] = field(default_factory=dict)

    @property
    def dimensions(self) -> dict[str, Dimension]:
        named: dict[str, Variable | Parameter] = {**self.variables, **self.parameters}
        return {name: thing.dimensions for name, thing in named.items()}

    def add(self, name: str, folder: Path) -> None:
        """Take in all that a component defines, a shipped one or a file beside the model."""
        self.read(component_file(name, folder))

    def read(self, path: Path) -> None:
        """Take in all that one component file defines."""
        document = read_document(path)
        name = path.stem
        component = validated(document, ComponentFormat)
        self._add_equations(component, name, document)
        for key, parameter in component.parameters.items():
            self.claim(key, document, "parameters", key)
            self.parameters[key] = read_parameter(key, parameter, name, document)
        for key, text in component.initial.items():
            if key in self.initial:
                other, first = self._origin[f"initial {key}"]
                message = f"the first value of '{key}' is set already, in {other.path}:{first}"
                raise document.error(message, "initial", key)
            self.initial[key] = read_start(text, document, "initial", key)
            self._origin[f"initial {key}"] = (document, document.line(("initial", key)))
        for trigger in ("pre", "post", "spike"):
            self._add_blocks(trigger, getattr(component, f"on_{trigger}"), document)
        if component.threshold:
            if self.threshold:
                raise document.error("a model has one threshold; this is the second", "threshold")
            self.threshold = _expression(component.threshold, document, "threshold")
            self._origin["threshold"] = (document, document.line(("threshold",)))

    def _add_equations(self, component: ComponentFormat, name: str, document: Document) -> None:
        first = document.lines["equations",] + 1
        try:
            found = parse_equations(component.equations, name)
        except EquationError as problem:
            raise InputError(problem.message, document.path, first + problem.offset) from None
        for variable, offset in found:
            self.claim(variable.name, document, line=first + offset)
            self.variables[variable.name] = variable

    def _add_blocks(self, trigger: str, blocks: list[BlockFormat], document: Document) -> None:
        for number, block in enumerate(blocks):
            place = (f"on_{trigger}", number)
            try:
                if block.after and block.after[0].isdigit():
                    raise InputError("`after` names a parameter, so that its source is known")
                after = parse_expression(block.after) if block.after else None
                statements = parse_statements(block.do)
            except InputError as problem:
                raise problem.at(document.path, document.line(place)) from None
            self._origin[f"block {len(self.blocks)}"] = (document, document.line(place))
            self.blocks.append(Block(trigger, statements, after))
        if sum(len(block.statements) for block in self.blocks) > MOST_STATEMENTS:
            raise document.error(f"more than {MOST_STATEMENTS} statements", f"on_{trigger}")

    def claim(self, name: str, document: Document, *place: str, line: int | None = None) -> None:
        """Take a name for what stands at `place` or `line`; InputError if it is taken already."""
        line = line or document.line(place)
        try:
            check_taken(check_name(name))
        except InputError as problem:
            raise problem.at(document.path, line) from None
        if name in DEFAULT_UNITS:  # Brian2 would read the unit, or warn
            raise InputError(f"'{name}' is a unit; choose another name", document.path, line)
        if name in self._origin:
            other, first = self._origin[name]
            raise InputError(
                f"'{name}' is defined already, in {other.path}:{first}", document.path, line
            )
        self._origin[name] = (document, line)

    def check(self, used_elsewhere: Iterable[str]) -> None:
        """Raise an InputError for the first undefined, inconsistent, circular or unused name."""
        known = self.dimensions
        self._check_circles()
        check_size(self._definitions, self._derivatives)
        for name, variable in self.variables.items():
            if variable.expression is None:
                continue
            derivative = variable.kind is Kind.DIFFERENTIAL
            wanted = variable.dimensions / SECOND if derivative else variable.dimensions
            with self._place(name):
                self._check_equation(name, variable.expression, wanted)
        for number, block in enumerate(self.blocks):
            with self._place(f"block {number}"):
                self._check_block(block, known)
        for name, start in self.initial.items():
            with self._place(f"initial {name}"):
                self.check_start(name, start)
        if self.threshold:
            with self._place("threshold"):
                expression_dimensions(self.threshold, known, "threshold")
        self._check_unused(used_elsewhere)

    @property
    def _definitions(self) -> dict[str, Expression]:
        return self._of_kind(Kind.SUBEXPRESSION)

    @property
    def _derivatives(self) -> dict[str, Expression]:
        return self._of_kind(Kind.DIFFERENTIAL)

    def _of_kind(self, kind: Kind) -> dict[str, Expression]:
        variables = self.variables.values()
        return {v.name: v.expression for v in variables if v.kind is kind and v.expression}

    def _check_equation(self, name: str, expression: Expression, wanted: Dimension) -> None:
        try:
            check_dimensions(expression, wanted, self.dimensions, f"the equation of '{name}'")
        except InputError as problem:
            plain = sorted(
                other
                for other in expression.names & self.parameters.keys()
                if not self.parameters[other].unit
            )
            hint = f"; without a unit are {', '.join(plain)}" if plain else ""
            raise InputError(problem.message + hint) from None

    def check_start(self, name: str, start: Start) -> None:
        """Raise an InputError unless `start` can be the first value of variable `name`."""
        variable = self.variables.get(name)
        if variable is None or variable.kind is Kind.SUBEXPRESSION:
            known = [n for n, v in self.variables.items() if v.kind is not Kind.SUBEXPRESSION]
            hint = suggestion(name, known)
            raise InputError(f"'{name}' is not a state or held variable; {hint}")
        if start.quantity is not None:
            require_dimensions(start.quantity, variable.dimensions, start.text)
        if start.expression is not None:
            what = f"the starting value of '{name}'"
            if start.expression.is_noisy:
                raise InputError(f"{what} draws a random number; write one value")
            known_parameters = {n: p.dimensions for n, p in self.parameters.items()}
            check_dimensions(start.expression, variable.dimensions, known_parameters, what)

    def _check_circles(self) -> None:
        try:
            ordered(self._definitions)
        except InputError as problem:
            culprit = problem.message.rpartition(" ")[2]
            document, line = self._origin[culprit]
            raise problem.at(document.path, line) from None

    def _check_block(self, block: Block, known: dict[str, Dimension]) -> None:
        what = f"on_{block.trigger}"
        if block.after:
            check_dimensions(block.after, SECOND, known, f"{what}: after")
            variables = sorted(block.after.names & self.variables.keys())
            if variables:
                raise InputError(f"{what}: `after` must be constant, '{variables[0]}' is not")
            if block.after.is_noisy:
                raise InputError(f"{what}: `after` draws a random number; write one value")
            if block.trigger == "spike":
                raise InputError("on_spike: a delay after a threshold is not supported")
        for statement in block.statements:
            target = self.variables.get(statement.target)
            if target is None or target.kind is Kind.SUBEXPRESSION:
                raise InputError(
                    f"{what}: '{statement.target}' is not a state or held variable to change"
                )
            check_statement(statement, known, what)

    def _check_unused(self, used_elsewhere: Iterable[str]) -> None:
        used = set(used_elsewhere) | self.reads()
        for name, parameter in self.parameters.items():
            if name not in used:
                document, line = self._origin[name]
                raise InputError(
                    f"parameter '{name}' of {parameter.component} is read by nothing; delete it",
                    document.path, line,
                )  # fmt: skip

    def reads(self) -> set[str]:
        """Return every name that equations, events, thresholds or initial values read."""
        expressions = [v.expression for v in self.variables.values() if v.expression]
        expressions += [s.expression for s in self.initial.values() if s.expression]
        expressions += [b.after for b in self.blocks if b.after]
        expressions += [self.threshold] if self.threshold else []
        names = {name for expression in expressions for name in expression.names}
        return names | {n for b in self.blocks for s in b.statements for n in s.reads} - set(SINCE)

    def _place(self, name: str) -> _Place:
        return _Place(*self._origin[name])


class _Place:
    """Fills in file and line of an InputError raised inside it."""

    def __init__(self, document: Document, line: int | None):
        self.document, self.line = document, line

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, InputError):
            problem.at(self.document.path, self.line)


def component_file(name: str, folder: Path) -> Path:
    """Return the file of a component: in `components/` or beside the model, or shipped."""
    check_name(name)
    for own in (folder / "components" / f"{name}.yaml", folder / f"{name}.yaml"):
        if own.is_file():
            return own
    return find("components", name)


def read_parameter(
    name: str, entry: ParameterFormat, component: str, document: Document, *place: str
) -> Parameter:
    """Return the checked parameter that a file's entry writes."""
    where = place or ("parameters", name)
    try:
        quantity = parse_quantity(entry.value)
        unit = split_quantity(entry.value)[1]
    except InputError as problem:
        message = f"{name}: {problem.message}"
        raise document.error(message, *where) from None
    return Parameter(
        name, entry.value, float(quantity), unit, get_dimensions(quantity),
        entry.source, entry.assumed, entry.fitted, entry.note, component,
    )  # fmt: skip


def _expression(text: str, document: Document, *place: str) -> Expression:
    try:
        return parse_expression(text)
    except InputError as problem:
        raise problem.at(document.path, document.line(place)) from None


def read_start(text: str, document: Document, *place: str) -> Start:
    """Return the starting value that a file writes as a quantity or an expression."""
    try:
        if text[:1].isdigit() or text[:1] in "-.":
            try:
                return Start(text, quantity=parse_quantity(text))
            except InputError:
                if not any(character.isalpha() for character in text):
                    raise
        return Start(text, expression=parse_expression(text))
    except InputError as problem:
        raise problem.at(document.path, document.line(place)) from None
