"""A model as the methods section of a paper: equations, then symbol, value, unit, source, note."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from plasticity_sim.model import Kind, Model, Parameter, Variable
from plasticity_sim.quantities import split_quantity


def print_methods(model: Model, search: str, console: Console) -> None:
    """Print the model, or only those lines that hold `search`."""
    if not search:
        console.print(Text(model.title, style="bold"))
        console.print(Text(f"{model.name}; {', '.join(model.source)}"))
        if model.note:
            console.print(Text(model.note))
        console.print()
    for component in model.components:
        variables = [v for v in model.variables.values() if v.component == component]
        lines = [line for line in map(equation_text, variables) if _fits(line, search)]
        if lines:
            console.print(Text(component, style="bold"))
            for line in lines:
                console.print(Text("  " + line), soft_wrap=True)
    events = [line for line in _events(model) if _fits(line, search)]
    if events:
        console.print(Text("events", style="bold"))
        for line in events:
            console.print(Text("  " + line), soft_wrap=True)
    console.print()
    console.print(_parameter_table(model.parameters.values(), search))
    if not search:
        _print_use(model, console)


def equation_text(variable: Variable) -> str:
    """Return one equation as it stands in its component."""
    left = f"d{variable.name}/dt" if variable.kind is Kind.DIFFERENTIAL else variable.name
    right = f" = {variable.expression.text}" if variable.expression else ""
    comment = f"   # {variable.comment}" if variable.comment else ""
    return f"{left}{right} : {variable.unit}{comment}"


def _events(model: Model) -> Iterable[str]:
    for block in model.blocks:
        delay = f" after {block.after.text}" if block.after else ""
        statements = "; ".join(s.text for s in block.statements)
        yield f"on {block.trigger}{delay}: {statements}"
    if model.threshold:
        yield f"spike when {model.threshold.text}"


def _parameter_table(parameters: Iterable[Parameter], search: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("symbol", "value", "unit", "source", "note"):
        table.add_column(column, overflow="fold")
    for parameter in parameters:
        row = parameter_row(parameter)
        if _fits(" ".join(row.values()), search):
            table.add_row(*(Text(cell) for cell in row.values()))
    return table


def parameter_row(parameter: Parameter) -> dict[str, str]:
    """Return one parameter as the cells of the table."""
    number = parameter.text.split()[0] if parameter.text else ""
    return {
        "symbol": parameter.name,
        "value": number,
        "unit": split_quantity(parameter.text)[1] or "1",
        "source": parameter.provenance,
        "note": parameter.note,
    }


def _print_use(model: Model, console: Console) -> None:
    readout = model.readout
    within = f", peak within {readout.within * 1e3:g} ms" if readout.within else ""
    rows = {
        "readout": readout.variable + within,
        "states": ", ".join(f"{name} ({model.mix[name]:g})" for name in model.states),
        "observe": ", ".join(model.observe),
        "conserve": ", ".join(model.conserve),
        "clamp": ", ".join(model.clamp),
        "drugs": ", ".join(model.drugs),
        "synapses": str(model.population.synapses),
        "fitted to": ", ".join(model.fitted_to),
        "integrator": _integrator(model),
    }
    console.print()
    for name, text in rows.items():
        if text:
            console.print(Text(f"{name:<11}{text}"))


def _integrator(model: Model) -> str:
    own = model.integrator
    step = f", {own.dt * 1e3:g} ms" if own.dt else ""
    return own.method + step + (f", rtol {own.rtol:g}" if own.rtol else "")


def _fits(line: str, search: str) -> bool:
    return search.lower() in line.lower()


def as_data(model: Model) -> dict[str, Any]:
    """Return the model as plain data, for `show --json`."""
    return {
        "name": model.name,
        "title": model.title,
        "source": list(model.source),
        "components": list(model.components),
        "equations": [equation_text(v) for v in model.variables.values()],
        "events": list(_events(model)),
        "parameters": [
            {**parameter_row(p), "component": p.component} for p in model.parameters.values()
        ],
        "readout": model.readout.variable,
        "states": list(model.states),
        "observe": list(model.observe),
        "clamp": list(model.clamp),
        "drugs": list(model.drugs),
        "fitted_to": list(model.fitted_to),
    }
