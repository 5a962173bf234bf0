"""`list`, `show`, `check` and `cite`: what there is, what it says, whether it is right."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from plasticity_sim.cli.options import console
from plasticity_sim.document import Document, read_document
from plasticity_sim.errors import InputError, UnknownName, suggestion
from plasticity_sim.library import KINDS, bibliography, find, is_path, shipped

# an experiment may have the name of its protocol, which it shows too, and a fit that of its model
_SHOWABLE = ("models", "components", "experiments", "protocols", "fits")


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("list")(list_names)
    app.command("show")(show)
    app.command("check")(check)
    app.command("cite")(cite)


def list_names(
    kind: Annotated[str | None, typer.Argument(help=f"one of {', '.join(KINDS)}")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """List what is shipped: name, title and source."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"no kind '{kind}'; {suggestion(kind, KINDS)}")
    kinds = [kind] if kind else [k for k in KINDS if shipped(k)]
    found = {k: [_entry(k, name) for name in shipped(k)] for k in kinds}
    if as_json:
        print(json.dumps(found))
        return
    for group, entries in found.items():
        table = Table(title=group, title_justify="left", box=None, pad_edge=False)
        columns = ["name", "title", *(["states"] if group == "models" else []), "source"]
        for column in columns:
            table.add_column(column, overflow="fold")
        for entry in entries:
            table.add_row(*(str(entry.get(column, "")) for column in columns))
        console().print(table, end="\n\n" if len(found) > 1 else "\n")


def _entry(kind: str, name: str) -> dict[str, Any]:
    if kind == "figures":
        text = find(kind, name).read_text("utf-8")
        summary = re.search(r'"""(.+?)(?:\n|""")', text)
        return {"name": name, "title": summary[1] if summary else "", "source": ""}
    data = read_document(find(kind, name)).data
    entry: dict[str, Any] = {"name": name, "title": data.get("title", "")}
    source = data.get("source", "")
    entry["source"] = ", ".join(source) if isinstance(source, list) else source
    if kind == "models":
        from plasticity_sim.model import load_model

        entry["states"] = len(load_model(name).differential)
    return entry


def show(
    name: Annotated[str, typer.Argument(help="a shipped name or a YAML file")],
    search: Annotated[str, typer.Option(help="only lines that hold this text")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Show a model like the methods of a paper; anything else as its file.

    An experiment comes with its outcomes and its protocol.
    """
    kind, _ = locate(name)
    if kind == "experiments":
        _show_experiment(name, search, as_json)
        return
    if kind != "models":
        _show_file(kind, name, search, as_json)
        return
    from plasticity_sim.cli.methods import as_data, print_methods
    from plasticity_sim.model import load_model

    model = load_model(name)
    if as_json:
        print(json.dumps(as_data(model)))
    else:
        print_methods(model, search, console())


def _show_file(kind: str, name: str, search: str, as_json: bool) -> None:
    path = find(kind, name)
    document = read_document(path)
    if as_json:
        print(json.dumps(document.data))
        return
    _print_lines(path.read_text("utf-8"), search)


def _print_lines(text: str, search: str) -> None:
    for line in text.splitlines():
        if search.lower() in line.lower():
            print(line)


def _show_experiment(name: str, search: str, as_json: bool) -> None:
    """Print the file of an experiment, the outcomes, and the file of the protocol."""
    from plasticity_sim.experiment import load_experiment

    experiment = load_experiment(name)
    path = find("experiments", name)
    measured = [
        {
            "condition": experiment.condition_text(o.condition),
            "mean": o.mean,
            "sem": o.sem,
            "n": o.n,
            "sign": o.sign,
            "confidence": o.confidence,
            "read_from": o.read_from,
        }
        for o in experiment.outcomes
    ]
    if as_json:
        print(json.dumps(read_document(path).data | {"measured": measured}))
        return
    _print_lines(path.read_text("utf-8"), search)
    table = Table(box=None, pad_edge=False)
    for column in measured[0]:
        table.add_column(column, overflow="fold")
    for row in measured:
        cells = [f"{v:g}" if isinstance(v, float) else str(v or "") for v in row.values()]
        if search.lower() in " ".join(cells).lower():
            table.add_row(*map(Text, cells))
    print()
    console().print(table)
    print()
    _print_lines(Path(experiment.protocol.document.path).read_text("utf-8"), search)


def locate(name: str) -> tuple[str, Document]:
    """Return kind and document of a shipped name or of a user's file."""
    if is_path(name):
        document = read_document(find("models", name))
        return kind_of(document), document
    for kind in _SHOWABLE:
        if name in shipped(kind):
            return kind, read_document(find(kind, name))
    known = [n for kind in _SHOWABLE for n in shipped(kind)]
    raise UnknownName("model, component, experiment, protocol or fit", name, known)


def kind_of(document: Document) -> str:
    """Tell what a file is from the keys that only this kind has."""
    for kind, keys in (
        ("fits", ("free", "targets")),
        ("models", ("components", "readout")),
        ("experiments", ("outcomes", "signs", "preparation")),
        ("protocols", ("follow_up", "induction", "baseline")),
        ("components", ("equations", "parameters")),
        ("values", ("values",)),
    ):
        if any(key in document.data for key in keys):
            return kind
    raise InputError(
        "is neither a model (components), a component (equations), a protocol (follow_up), an "
        "experiment (outcomes), a fit (targets) nor a values file (values)",
        document.path,
    )


def check(
    files: Annotated[
        list[str],
        typer.Argument(help="YAML files: models, components, protocols, experiments, fits, values"),
    ],
) -> None:
    """Check files; the first mistake of each is told with its line."""
    problems = []
    for name in files:
        try:
            print(f"{name}: {_checked(name)}")
        except InputError as problem:
            problems.append(problem.at(name))
            print("plasticity-sim:", problem, file=sys.stderr)
    if problems:
        raise typer.Exit(2)


def _checked(name: str) -> str:
    from plasticity_sim.experiment import load_experiment
    from plasticity_sim.fit import load_fit
    from plasticity_sim.model import load_model, read_values
    from plasticity_sim.model.loading import load_component
    from plasticity_sim.protocol import load_protocol

    kind, _ = locate(name)
    if kind == "fits":
        fit = load_fit(name)
        return f"a fit of {len(fit.free)} parameters to {len(fit.targets)} targets"
    if kind == "experiments":
        experiment = load_experiment(name)
        conditions = len(experiment.protocol.conditions)
        return f"an experiment with {len(experiment.outcomes)} outcomes, {conditions} conditions"
    if kind == "models":
        model = load_model(name)
        return f"a model with {len(model.differential)} states, {len(model.parameters)} parameters"
    if kind == "protocols":
        protocol = load_protocol(name)
        return f"a protocol with {len(protocol.conditions)} conditions"
    if kind == "components":
        variables, parameters = load_component(name)
        return f"a component with {variables} variables, {parameters} parameters"
    return f"a values file with {len(read_values(name).entries)} entries"


def cite(
    name: Annotated[str, typer.Argument(help="a model")],
) -> None:
    """Print the BibTeX entries of the papers behind a model's numbers."""
    from plasticity_sim.model import load_model

    model = load_model(name)
    keys = sorted(set(model.source) | {p.source for p in model.parameters.values() if p.source})
    entries = _bibtex()
    missing = [key for key in keys if key not in entries]
    print("\n\n".join(entries[key] for key in keys if key in entries))
    if missing:
        raise InputError(f"no entry in references.bib for {', '.join(missing)}")


def _bibtex() -> dict[str, str]:
    """Return the shipped BibTeX entries by key."""
    text = bibliography().read_text("utf-8")
    entries = re.split(r"\n(?=@)", text.strip())
    return {match[1]: e.strip() for e in entries if (match := re.match(r"@\w+\{([^,\s]+),", e))}
