"""Rests found once and kept beside the programs: finding them takes longer than many a run.

A file `rests/KEY.json` holds the rests of some synapses, under a key of all that decides them. It
is written beside and renamed; one that is absent, cut off or changed is found anew.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from plasticity_sim.engine import build, cache
from plasticity_sim.engine.batch import Synapses
from plasticity_sim.errors import SimulationError
from plasticity_sim.model.model import Model

Rests = list[dict[str, float]]

MOST = 1024  # files, of some kilobytes each


def kept_rests(
    model: Model, state: str, wanted: Sequence[Synapses], clamps: Mapping[str, float]
) -> list[Rests | SimulationError]:
    """Return what `settle_all` finds, to the last bit, from files where there are any."""
    paths = [_path(model, state, each, clamps) for each in wanted]
    found: list[Rests | SimulationError | None] = [_read(path) for path in paths]
    missing = [place for place, rests in enumerate(found) if rests is None]
    if missing:
        # SciPy's solvers take a third of a second to import
        from plasticity_sim.engine.rests import settle_all

        settled = settle_all(model, state, [wanted[place] for place in missing], clamps)
        for place, rests in zip(missing, settled, strict=True):
            found[place] = rests
            if isinstance(rests, list):
                _keep(paths[place], rests)
    return [rests for rests in found if rests is not None]


def _path(model: Model, state: str, wanted: Synapses, clamps: Mapping[str, float]) -> Path:
    """Return where the rests of some synapses are kept."""
    starts = {name: start.text for name, start in (model.initial | model.states[state]).items()}
    filed = {name: parameter.value_in_file for name, parameter in model.parameters.items()}
    numbers = [
        {n: float(x).hex() for n, x in each.items()} for each in (wanted.usual, filed, clamps)
    ]
    rows = {name: np.asarray(row, float).tobytes().hex() for name, row in wanted.own.items()}
    texts = [json.dumps(each, sort_keys=True) for each in (starts, *numbers, rows)]
    key = cache.fingerprint(
        model.equations, *texts, build.sources(), version("numpy"), version("scipy")
    )
    return cache.folder() / cache.RESTS / f"{key}.json"


def _read(path: Path) -> Rests | None:
    """Return what a file holds, None if it is not there or not as it was written."""
    try:
        kept = json.loads(path.read_bytes())
        rests: Rests = kept["rests"]
        return rests if kept["digest"] == _digest(rests) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(path: Path, rests: Rests) -> None:
    beside = path.with_name(f"{path.name}-{secrets.token_hex(4)}")
    with suppress(OSError):  # no cache yet, one that one may only read, or a full disk
        path.parent.mkdir(exist_ok=True)
        try:
            beside.write_text(json.dumps({"digest": _digest(rests), "rests": rests}), "utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _prune(path.parent)


def _prune(folder: Path) -> None:
    """Remove the oldest files beyond `MOST`, a good many at once."""
    files = list(folder.iterdir())
    if len(files) > MOST:
        files.sort(key=lambda file: file.stat().st_mtime)
        for file in files[: len(files) - MOST // 2]:
            file.unlink(missing_ok=True)


def _digest(rests: Rests) -> str:
    return hashlib.sha256(json.dumps(rests).encode()).hexdigest()
