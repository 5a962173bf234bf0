"""The folder of a sweep: its manifest, its chunks, and what was told of the work.

manifest.json     all that decides the data, with its digest
chunks/00000.nc   the points of a chunk, with the digests of the sweep and of what is in it
log.jsonl         a line a chunk: when, where, how long, on which processor
failures.csv      every condition that failed, with its values and the reason
lock              see `lock`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import xarray as xr

from plasticity_sim.errors import InputError
from plasticity_sim.results import write_beside
from plasticity_sim.sweep.request import Chunk, Sweep, digest_of
from plasticity_sim.sweep.work import TRACES, Found, content_of

MANIFEST, CHUNKS, LOG = "manifest.json", "chunks", "log.jsonl"
_SHOWN = 3  # differences that are told
_FOLLOWING = ("points", "values")  # from the others
_ABSENT = "nothing"
_LONGEST = 60  # letters of a value that is told


def chunk_path(folder: Path, number: int) -> Path:
    """Return where a chunk is, or will be."""
    return folder / CHUNKS / f"{number:05d}.nc"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the inputs of the sweep in `folder`, as they were when it began.

    Raises InputError where there is none, or where it is not as it was written.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_text("utf-8"))
        inputs, digest = data["inputs"], data["digest"]
        whole = digest_of(inputs) == digest
    except FileNotFoundError:
        raise InputError(f"there is no sweep in '{folder}': it has no {MANIFEST}") from None
    except OSError as problem:
        raise InputError(f"'{path}' cannot be read: {problem.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        inputs, whole = {}, False
    if not whole:
        raise InputError(
            f"'{path}' is not as it was written; put it back, or remove it: the command of "
            "the sweep writes it again and goes on with the chunks that are its own"
        )
    return dict(inputs)


def write_manifest(folder: Path, sweep: Sweep) -> None:
    """Write what decides the data."""
    text = json.dumps({"inputs": sweep.inputs, "digest": sweep.digest}, indent=1, sort_keys=True)
    write_beside(folder / MANIFEST, lambda file: file.write_text(text + "\n", "utf-8"))


def check_same(folder: Path, sweep: Sweep) -> bool:
    """Return whether the folder is of this sweep already; InputError if it is of another."""
    if not (folder / MANIFEST).exists():
        return False
    there = read_manifest(folder)
    if digest_of(there) == sweep.digest:
        return True
    here = json.loads(json.dumps(sweep.inputs))
    found = [f"{name}: {old} there, {new} here" for name, old, new in _differences(there, here)
             if name not in _FOLLOWING] or ["its points"]  # fmt: skip
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise InputError(
        f"'{folder}' holds another sweep ({'; '.join(found[:_SHOWN])}{more}); give another folder"
    )


def _differences(old: Any, new: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the path of each entry that differs, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{name}.{key}" if name else key
            yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from _differences(*pair, f"{name}[{number}]")
    elif old != new:
        yield name, _brief(old), _brief(new)


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@dataclass(frozen=True)
class Kept:
    """What is known of a chunk's file: its failed points if it is whole, else what is wrong."""

    failed: int = 0
    damage: str = ""


def read_chunk(folder: Path, number: int, digest: str) -> Kept | None:
    """Return what is kept of a chunk, None if nothing is.

    Raises InputError for a file of another sweep, which is nobody's to overwrite.
    """
    path = chunk_path(folder, number)
    if not path.exists():
        return None
    try:
        with h5py.File(path, "r") as file:  # h5netcdf trips over half a file when it is freed
            list(file.attrs.items())
        with xr.open_dataset(path, engine="h5netcdf") as data:
            marks, traces = data.attrs, _traces(path)
            own, content = str(marks["sweep"]), str(marks["content"])
            place, failed = int(marks["chunk"]), int(marks["failed_points"])
            if own == digest and content_of(data, traces) != content:
                return Kept(damage="its content is not what was written")
    except Exception as problem:  # whatever reading half a file comes upon
        words = " ".join(str(problem).split()) or type(problem).__name__
        return Kept(damage=f"it cannot be read: {words[:_LONGEST]}")
    if (own, place) != (digest, number):
        what = "another sweep" if own != digest else f"chunk {place}"
        raise InputError(
            f"'{path}' is of {what}; move it away, and the same command simulates this chunk"
        )
    return Kept(failed)


def _traces(path: Path) -> xr.Dataset | None:
    try:
        with xr.open_dataset(path, engine="h5netcdf", group=TRACES) as traces:
            return traces.load()
    except (OSError, KeyError, ValueError):
        return None


def write_chunk(folder: Path, chunk: Chunk, found: Found) -> None:
    """Keep the file of a chunk, then a line of what is told of it."""
    write_beside(chunk_path(folder, chunk.number), lambda file: file.write_bytes(found.file))
    line = {
        "chunk": chunk.number, "points": chunk.count, "failed": found.failed,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(found.seconds, 3), "steps": found.steps, "host": found.host,
        "cpu": found.processor,
    }  # fmt: skip
    path = folder / LOG
    try:
        with path.open("a+b") as log:
            if log.tell() and _last(log) != b"\n":  # of a line that a full disk has cut short
                log.write(b"\n")
            log.write(json.dumps(line).encode() + b"\n")
    except OSError as problem:
        raise InputError(f"'{path}' cannot be written: {problem.strerror}") from None


def _last(file: Any) -> bytes:
    file.seek(-1, 2)
    return bytes(file.read(1))


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the log that are whole."""
    try:
        lines = (folder / LOG).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found
