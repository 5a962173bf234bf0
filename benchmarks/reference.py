"""The solution that errors are taken against: LSODA at 1e-11, kept in a file for each task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.matching import Peer
from benchmarks.task import key_of

FOLDER = Path(__file__).parent / ".reference"
TOLERANCE = 1e-11
_ABSOLUTE = 1e-3  # of the scale of a state, times the relative tolerance


def reference(task: dict[str, Any], lsoda: Peer) -> dict[str, Any]:
    """Return checkpoint and end of each referenced synapse, and how sure they are.

    `uncertainty` is the largest change that a tenth of the tolerance has made, by variable.
    """
    path = FOLDER / f"{task['name']}-{key_of(task)}.json"
    if path.exists():
        return json.loads(path.read_text("utf-8"))
    found: dict[str, Any] = {"uncertainty": {}}
    for synapse in task["referenced"]:
        loose, tight = (_solved(lsoda, synapse, rtol) for rtol in (10 * TOLERANCE, TOLERANCE))
        found[str(synapse)] = tight
        for name, value in tight["checkpoint"].items():
            change = abs(loose["checkpoint"][name] / value - 1)
            found["uncertainty"][name] = max(found["uncertainty"].get(name, 0.0), change)
    FOLDER.mkdir(exist_ok=True)
    path.write_text(json.dumps(found), "utf-8")
    return found


def _solved(lsoda: Peer, synapse: int, rtol: float) -> dict[str, Any]:
    settings = {"variant": "odeint", "rtol": rtol, "atol": _ABSOLUTE * rtol}
    answer = lsoda.ask(settings, [synapse], 1)
    if answer.failed:
        raise RuntimeError(f"no reference for synapse {synapse}: {answer.failed}")
    return {"checkpoint": answer.checkpoint[0], "end": answer.end[0]}
