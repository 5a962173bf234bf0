"""`doctor`: compiler, versions, kept programs, and a short self-test of both engines."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

SELF_TEST = 1e-3  # relative: how well the engines agree on one spike's calcium


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    clear_cache: Annotated[
        bool, typer.Option("--clear-cache", help="remove the compiled programs kept, nothing else")
    ] = False,
) -> int:
    """Tell what this machine has, and check that the engines agree on one spike."""
    report = _cleared() if clear_cache else diagnosis()
    if as_json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            if isinstance(value, dict):
                value = ", ".join(f"{key} {item}" for key, item in value.items())
            print(f"{name:<12}{value}")
    return 0 if clear_cache or report["self_test"]["agrees"] else 1


def diagnosis() -> dict[str, Any]:
    """Return compiler, flags, target, versions, cache and the result of the self-test."""
    from plasticity_sim.engine import build
    from plasticity_sim.simulation import versions

    return {
        "compiler": build.compiler() or "none; the equations run on numpy, slowly",
        "flags": " ".join(build.flags()),
        "target": build.target(),
        "versions": versions(),
        "cache": _kept(),
        "self_test": _self_test(),
    }


def _kept() -> dict[str, Any]:
    """Return how many compiled programs are kept, how large they are, and where."""
    from plasticity_sim.engine import cache

    entries = cache.entries()
    size = sum(entry.bytes for entry in entries)
    return {"entries": len(entries), "megabytes": round(size / 1e6, 2), "in": str(cache.folder())}


def _cleared() -> dict[str, Any]:
    """Empty the cache and return what was in it."""
    from plasticity_sim.engine import cache

    before = _kept()
    return {"removed": before | {"entries": cache.clear()}}


def _self_test() -> dict[str, Any]:
    """Compare one presynaptic spike on the numpy target with the independent solver."""
    from plasticity_sim.model import load_model
    from plasticity_sim.protocol import load_protocol
    from plasticity_sim.simulation import Options, simulate

    began = time.perf_counter()
    model = load_model("graupner_brunel_2007")
    spike = {"pairs.count": "1", "lag": "200 ms", "follow_up.duration": "20 ms"}
    protocol = load_protocol("stdp_pairs").with_settings(**spike, **{"measure.at": "20 ms"})
    peaks = [
        float(simulate(model, protocol, options=options)["peak_ca"].max())
        for options in (Options(target="numpy"), Options(engine="reference"))
    ]
    difference = abs(peaks[0] / peaks[1] - 1)
    return {
        "agrees": difference < SELF_TEST,
        "difference": difference,
        "seconds": round(time.perf_counter() - began, 2),
    }
