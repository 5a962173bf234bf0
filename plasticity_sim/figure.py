"""A figure's file: the caption in its docstring, what it simulates, and how it is drawn."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import xarray as xr

from plasticity_sim.errors import InputError, UnknownName
from plasticity_sim.library import find, shipped
from plasticity_sim.model import Model, Values, load_model
from plasticity_sim.quantities import parse_quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Loader = Callable[[str], Model]  # gives the model of a name, changed as the user asks


@dataclass(frozen=True)
class Caption:
    """The words under a figure: a sentence that is its title, then paragraphs."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs as one."""
        return " ".join(self.paragraphs)

    def naming(self, change: str) -> Caption:
        """Return the caption of a figure whose models were changed; unchanged without a change."""
        if not change:
            return self
        return Caption(self.title, (*self.paragraphs, f"Here with {change}."))

    def page(self, picture: str) -> str:
        """Return Markdown that shows a picture with its caption."""
        return "\n\n".join((f"# {self.title}", f"![{self.title}]({picture})", *self.paragraphs, ""))


@dataclass(frozen=True)
class FigureFile:
    """What `figures/NAME.py` holds: `data(load)` simulates and `draw(data)` draws."""

    name: str
    caption: Caption
    data: Callable[[Loader], xr.Dataset]
    draw: Callable[[xr.Dataset], Figure]


@dataclass(frozen=True)
class Changes:
    """What the user sets: a values file, then single values.

    A model is changed where it has the parameter with these dimensions: what two papers call
    g_nmda is a conductance in one and brings calcium in the other.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    values: Values | None = None

    @property
    def all(self) -> dict[str, str]:
        """The quantities by the name of the parameter."""
        return {**(self.values.texts if self.values else {}), **self.texts}

    def of(self, model: Model) -> set[str]:
        """Return the names that change `model`."""
        return {
            name
            for name, text in self.all.items()
            if name in model.parameters
            and parse_quantity(text).dim is model.parameters[name].dimensions
        }

    def applied_to(self, model: Model) -> Model:
        """Return the model with those of the changes that are of its parameters."""
        own = self.of(model)
        if self.values:
            model = self.values.only(own).applied_to(model)
        return model.with_parameters({n: text for n, text in self.texts.items() if n in own})

    def words(self, models: Collection[Model]) -> str:
        """Return the changes of a figure's models as text: "g_nmda = 0.6 nS in ca1_spine".

        The models are named where others of the figure do not have the parameter.
        """
        told = []
        for name, text in self.all.items():
            changed = [model.name for model in models if name in self.of(model)]
            where = f" in {', '.join(changed)}" if len(changed) < len(models) else ""
            told += [f"{name} = {text}{where}"] if changed else []
        return "; ".join(told)

    def require(self, models: Collection[Model]) -> None:
        """Raise an InputError for a change that is of a parameter of none of the models."""
        reached = {name for model in models for name in self.of(model)}
        for name, text in self.all.items():
            if name in reached:
                continue
            for model in models:
                if name in model.parameters:
                    model.with_parameters({name: text})  # which tells the unit that is wanted
            raise UnknownName("parameter of these models", name, _names(models))


def _names(models: Collection[Model]) -> set[str]:
    return {name for model in models for name in model.parameters}


def read_figure(name: str) -> FigureFile:
    """Return a shipped figure by name, or the user's own by the path of its Python file."""
    path = find("figures", name)
    program = runpy.run_path(str(path))
    for part in ("data", "draw"):
        if not callable(program.get(part)):
            raise InputError(f"has no function '{part}'", str(path))
    if not program["__doc__"]:
        raise InputError("has no docstring, which is the caption", str(path))
    caption = read_caption(program["__doc__"])
    return FigureFile(path.stem, caption, program["data"], program["draw"])


def read_caption(docstring: str) -> Caption:
    """Return the caption that a docstring writes: the first line, then paragraphs.

    >>> read_caption("Two states.\\n\\nA line\\nand another.\\n").paragraphs
    ('A line and another.',)
    """
    title, *paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return Caption(" ".join(title.split()), tuple(" ".join(text.split()) for text in paragraphs))


def simulated(figure: FigureFile, changes: Changes) -> tuple[xr.Dataset, list[Model]]:
    """Return the data of a figure with changed models, and the models it asked for, as shipped."""
    models: dict[str, Model] = {}

    def load(name: str) -> Model:
        models[name] = load_model(name)
        return changes.applied_to(models[name])

    return figure.data(load), list(models.values())


def check_known_somewhere(changes: Changes) -> None:
    """Raise an InputError, before anything is simulated, for what no shipped model has."""
    if changes.all:
        changes.require([load_model(name) for name in shipped("models")])
