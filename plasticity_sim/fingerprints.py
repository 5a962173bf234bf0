"""Digests of what decides a number besides its inputs: spikes read from files, versions, code."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from plasticity_sim.protocol import Protocol
from plasticity_sim.simulation import versions

_PACKAGE = Path(__file__).parent
_DECIDING = ("axis.py", "quantities.py", "changes.py", "model", "protocol", "solver", "engine",
             "simulation", "measures.py")  # fmt: skip


def clocks_digest(protocol: Protocol) -> str:
    """Return a digest of all spike times, since those of a file are not in the protocol."""
    digest = hashlib.sha256()
    for condition in protocol.conditions:
        for times in (condition.timeline.pre, condition.timeline.post):
            digest.update(b"%d:" % times.size + times.tobytes())
    return digest.hexdigest()


@cache
def code_digest(*more: str) -> str:
    """Return a digest of the versions and the code that decide strengths, and of `more` of it."""
    places = [_PACKAGE / name for name in (*_DECIDING, *more)]
    folders = [path for place in places for path in place.rglob("*.py")]
    files = sorted([*folders, *(place for place in places if place.is_file())])
    texts = [json.dumps(versions()).encode(), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
