"""What a hostile case is: files, a command that is fed with them, and how it may end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CANARY = "canary"  # a file of this name appears if anything in a case is run
BAD_INPUT = (2,)
ANY = (0, 1, 2)
CHECK = ("check", "./own.yaml")
SHOW = ("show", "./own.yaml")
RUN = ("run", "./own.yaml", "--model", "hebbian", "--engine", "reference")
PAIR = """\
format: 1
title: A pair
induction: [{pre: [{count: 1}], post: {lag: 10 ms}}]
follow_up: {duration: 20 ms}
"""
MODEL = """\
format: 1
title: own
components: [part]
readout: w
observe: [w]
integrator: rodas4
"""
COMPONENT = """\
format: 1
title: own
equations: |
  dw/dt = (rest - w) / tau : 1
on_pre: [{do: w += step}]
on_post: [{do: w += step}]
initial: {w: 1}
parameters:
  rest: {value: 1, assumed: x}
  step: {value: 0.1, assumed: x}
  tau: {value: 1 s, assumed: x}
"""


@dataclass(frozen=True)
class Case:
    """A command in a folder with these files; it ends with one of `codes`."""

    name: str
    command: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    codes: tuple[int, ...] = BAD_INPUT
    prepared: Callable[[Path], None] | None = None  # what a file's text cannot say

    def __str__(self) -> str:
        return self.name

    def laid_out(self, folder: Path) -> None:
        """Write the files of the case into a folder."""
        for name, text in self.files.items():
            data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if self.prepared:
            self.prepared(folder)


def protocol(body: str, follow_up: str = "20 ms") -> dict[str, str | bytes]:
    """Return the file of a protocol with this body."""
    return {"own.yaml": f"format: 1\ntitle: own\nfollow_up: {{duration: {follow_up}}}\n{body}\n"}


def model(changes: str = "", component: str = COMPONENT, base: str = MODEL) -> dict:
    """Return the files of a model, its one component and a protocol for it."""
    return {"own.yaml": base + changes, "part.yaml": component, "pair.yaml": PAIR}


ON_MODEL = ("run", "./pair.yaml", "--model", "./own.yaml", "--engine", "reference")
