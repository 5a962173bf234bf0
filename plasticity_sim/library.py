"""Where the shipped models, protocols, fits and figures are, in a wheel and in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from plasticity_sim.errors import InputError, UnknownName

PACKAGE = Path(__file__).resolve().parent
KINDS = ("models", "components", "protocols", "experiments", "fits", "figures")

_FOLDERS = {"components": "models/components"}
_ENDINGS = {"figures": ".py"}


def library(kind: str) -> Path:
    """Return the folder of the shipped `kind`, one of KINDS."""
    folder = _FOLDERS.get(kind, kind)
    bundled = PACKAGE / folder  # a wheel carries them inside the package
    return bundled if bundled.is_dir() else PACKAGE.parent / folder  # a checkout, beside it


def shipped(kind: str) -> list[str]:
    """Return the sorted names of everything shipped of this `kind`.

    >>> "graupner_brunel_2007" in shipped("models")
    True
    """
    ending = _ENDINGS.get(kind, ".yaml")
    return sorted(path.stem for path in library(kind).glob(f"*{ending}"))


def find(kind: str, name: str) -> Path:
    """Return the file of a shipped `name` or of the user's own path.

    A text with a slash or a YAML ending is a path, anything else the name of something shipped.
    """
    singular = kind.removesuffix("s")
    if not name:
        raise InputError(f"the name of the {singular} is empty")
    if "\0" in name:
        raise InputError(f"the name of the {singular} holds a null character")
    if is_path(name):
        if not os.path.exists(name):
            raise InputError(f"there is no such {singular} file", name)
        return Path(name)
    if name not in shipped(kind):
        raise UnknownName(singular, name, shipped(kind))
    return library(kind) / (name + _ENDINGS.get(kind, ".yaml"))


def beside(folder: Path, name: str) -> Path:
    """Return a file that another one in `folder` names; InputError if it is not below there.

    Links are followed first, so that none leads outside.
    """
    try:
        home, path = folder.resolve(), (folder / name).resolve()
    except (OSError, RuntimeError):  # a loop of links
        raise InputError(f"'{name}' cannot be read: its links lead nowhere") from None
    if not path.is_relative_to(home):
        raise InputError(f"'{name}' lies outside the folder '{folder}'")
    if not os.path.isfile(path):
        raise InputError(f"there is no file '{name}' beside this one")
    return path


def is_path(name: str) -> bool:
    """Tell whether `name` points to a user's own file."""
    return "/" in name or "\\" in name or name.endswith((".yaml", ".yml"))


def bibliography() -> Path:
    """Return the BibTeX file whose keys are the sources of every number."""
    return library("models") / "references.bib"
