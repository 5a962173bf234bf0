"""Published claims: checked one by one, and written down as a page.

A test states what a paper says and what comes out here through the `claim` fixture. With
`--fidelity docs/fidelity.md` (make fidelity) all claims of a run become that page.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_CLAIMS = pytest.StashKey[list["Claim"]]()
_LENGTHY = 6  # values: more are told by their range


@dataclass(frozen=True)
class Claim:
    """What a paper says of a model, what comes out here, and by how much the two differ."""

    model: str
    text: str
    source: str
    published: str
    ours: str
    difference: str
    tolerance: str
    cause: str  # of a difference beyond the tolerance, "" where there is none


class Claims:
    """Compares and notes; one call is one claim, a table of numbers included."""

    def __init__(self, model: str, noted: list[Claim]):
        self.model, self.noted = model, noted

    def number(
        self,
        text: str,
        published: Any,
        ours: Any,
        *,
        source: str,
        unit: str = "",
        rel: float | None = None,
        abs: float | None = None,  # as pytest.approx calls it
        differs: str = "",
    ) -> None:
        """Assert that `ours` (a number or an array) is `published` within `rel` or `abs`.

        With both tolerances either one is enough for a value. `differs` names the cause where a
        number does not come out: then it has to be outside, so that this is noticed if it changes.
        """
        right, found = np.broadcast_arrays(np.asarray(published, float), np.asarray(ours, float))
        assert rel is not None or abs is not None, "a claim needs a tolerance"
        allowed = np.maximum((rel or 0.0) * np.abs(right), abs or 0.0)
        off = np.abs(found - right)
        worst = np.unravel_index(int(np.argmax(off - allowed)), off.shape)
        relative = rel is not None and right[worst] != 0
        size = off[worst] / abs_(right[worst]) if relative else off[worst]
        bounds = [f"{100 * rel:g} %"] if rel is not None else []
        bounds += [f"{abs:g} {unit}".strip()] if abs is not None else []
        self._note(
            text, source, _told(right, unit), _told(found, unit),
            f"{100 * size:.2g} %" if relative else f"{size:.2g} {unit}".strip(),
            " or ".join(bounds), differs,
        )  # fmt: skip
        inside = bool(np.all(off <= allowed))
        assert inside != bool(differs), (
            f"{text}: published {right[worst]:.6g}, found {found[worst]:.6g} {unit} (value {worst})"
        )

    def holds(
        self, text: str, truth: bool, *, source: str, published: str, ours: str, differs: str = ""
    ) -> None:
        """Assert something that is not a number, told in words."""
        self._note(text, source, published, ours, "none" if truth else "yes", "exact", differs)
        assert bool(truth) != bool(differs), f"{text}: published {published}, found {ours}"

    def _note(self, text: str, source: str, *rest: str) -> None:
        self.noted.append(Claim(self.model, text, source, *rest))


abs_ = abs  # `number` has a parameter of that name


def _told(values: np.ndarray[Any, Any], unit: str) -> str:
    flat = values.ravel()
    if flat.size <= _LENGTHY:
        text = ", ".join(f"{value:.5g}" for value in flat)
    else:
        text = f"{flat.size} values, {flat.min():.4g} to {flat.max():.4g}"
    return f"{text} {unit}".strip()


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Claims:
    """Check and note what a paper says about the model that the test's file is named after.

    A file with another name says it in MODEL.
    """
    file = request.module.__name__.rpartition(".")[2].removeprefix("test_")
    model = getattr(request.module, "MODEL", file)
    return Claims(model, request.config.stash.setdefault(_CLAIMS, []))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For the page, leave out the tests that add no claim to it."""
    if config.getoption("--fidelity"):
        silent = [item for item in items if "claim" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=silent)
        items[:] = [item for item in items if item not in silent]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page of all claims if it was asked for."""
    path = session.config.getoption("--fidelity")
    if path and not hasattr(session.config, "workerinput"):
        claims = session.config.stash.get(_CLAIMS, [])
        short = "not long" in session.config.getoption("-m")
        Path(path).write_text(_page(claims, _SHORT if short else ""), "utf-8")


_HEAD = """\
# Fidelity: what the papers say, and what comes out here

Written by `make fidelity`, which runs `tests/published/`. A table of numbers counts as one claim;
its difference is that of the value furthest outside or nearest to its tolerance. What does not come
out is kept, with its size and likely cause, and a test that notices if that changes.
"""


_SHORT = 'This one was written without the tests that take minutes (`-m "not long"`). '


def _page(claims: list[Claim], remark: str) -> str:
    out = sum(not claim.cause for claim in claims)
    lines = [_HEAD, f"{remark}{len(claims)} claims, {out} of them come out."]
    heads = ["claim", "source", "published", "here", "difference", "tolerance", "verdict"]
    for model in sorted({claim.model for claim in claims}):
        lines += ["", f"## {model}", "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
        for own in (claim for claim in claims if claim.model == model):
            verdict = f"differs: {own.cause}" if own.cause else "comes out"
            cells = [own.text, own.source, own.published, own.ours, own.difference, own.tolerance]
            row = " | ".join(cell.replace("|", "\\|") for cell in (*cells, verdict))
            lines.append(f"| {row} |")
    pictures = Path(__file__).with_name("pictures.md").read_text("utf-8")
    return "\n".join([*lines, "", pictures])
