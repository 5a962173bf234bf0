"""How far the sweep in a folder is, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plasticity_sim.sweep.folder import chunk_path, read_chunk, read_log, read_manifest
from plasticity_sim.sweep.lock import is_worked_in
from plasticity_sim.sweep.opening import chunk_sizes, design_of, names_of
from plasticity_sim.sweep.request import digest_of

_RECENT = 600  # s: the time over which the rate is told


def status_of(folder: Path) -> str:
    """Return in a few lines what is done, what is wrong, and when the rest will be there.

    Raises InputError if there is no sweep in `folder`, or a chunk of another one.
    """
    inputs = read_manifest(folder)
    digest, sizes = digest_of(inputs), chunk_sizes(inputs, design_of(inputs))
    kept = {number: read_chunk(folder, number, digest) for number in range(len(sizes))}
    whole = [number for number, chunk in kept.items() if chunk and not chunk.damage]
    failed = sum(chunk.failed for chunk in kept.values() if chunk)
    done, total = sum(sizes[number] for number in whole), sum(sizes)
    lines = [
        f"{inputs['protocol']} on {', '.join(names_of(inputs))}: {done} of {total} points "
        f"({len(whole)} of {len(sizes)} chunks), {failed} failed"
    ]
    for number, chunk in kept.items():
        if chunk and chunk.damage:
            path = chunk_path(folder, number)
            lines.append(f"'{path}' is damaged ({chunk.damage}); the same command simulates it")
    is_active = is_worked_in(folder, len(sizes))
    rate = _rate(read_log(folder))
    if done == total:
        lines.append("complete")
    elif is_active:
        left = f", about {_words((total - done) / rate)} left" if rate else ""
        lines.append("a process works on it" + (f" at {rate:.3g} points/s{left}" if rate else ""))
    else:
        lines.append("nobody works on it; the same command goes on")
    return "\n".join(lines)


def _rate(log: list[dict[str, Any]]) -> float:
    """Return the points a second of the last minutes; 0 where there are too few."""
    ended = [(_time(line["ended"]), int(line["points"])) for line in log if "ended" in line]
    now = datetime.now(UTC).timestamp()
    recent = sorted((when, points) for when, points in ended if now - when < _RECENT)
    span = now - recent[0][0] if len(recent) > 1 else 0.0
    return sum(points for _, points in recent[1:]) / span if span > 0 else 0.0


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _words(seconds: float) -> str:
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
