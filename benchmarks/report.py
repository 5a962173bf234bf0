"""The tables of a benchmark run, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
import math
import os
import platform
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.matching import Measured

CAUSES = Path(__file__).parent / "causes.md"  # of what was missed, in words

# simulator of the row, and how many times faster per synapse a batch or a single one has to be
BATCH_AT_1_HZ = {"roadrunner": 40, "lsoda": 400, "brian": 400}
BATCH_AT_100_HZ = {"roadrunner": 80}
SINGLE = {"roadrunner": 3}


@dataclass(frozen=True)
class Result:
    """All rows of one case, each with the place it takes in the comparison."""

    case: Case
    pulses: int
    rows: list[tuple[str, Measured]]
    uncertainty: dict[str, float]
    versions: dict[str, str]

    def time(self, place: str) -> float:
        """Return the least time among the rows of one place, infinite if there is none."""
        own = [row.seconds for at, row in self.rows if at == place and row.errors]
        return min(own, default=math.inf)


def written(results: list[Result]) -> str:
    """Return the whole document."""
    versions: dict[str, str] = {}
    for result in results:
        versions |= result.versions
    lines = [
        "# Benchmarks",
        "",
        f"Measured on {date.today():%d %B %Y} by `make bench`: {processor()}, one thread each, "
        f"{platform.system()}, Python {platform.python_version()}.",
        "",
        *(f"- {name}: {version}" for name, version in versions.items()),
        "",
        _HOW,
    ]
    for result in results:
        lines += ["", *_table(result)]
    lines += ["", "## What was to be shown", "", *_claims(results), ""]
    if CAUSES.exists():
        lines += [CAUSES.read_text("utf-8").rstrip(), ""]
    return "\n".join(lines)


_HOW = """\
All simulators integrate the same equations under the same pulses, in one run on one machine. Of
each the fastest settings are shown that keep the error below the target and deliver every pulse;
they are found by trying tolerances, and absolute tolerances for each state, from loose to tight.
The time is that of the integration for one synapse, the median of the repeats; compiling and
loading are not in it, but the time of plasticity-sim is that of a whole call, the start of its
process included. Errors are relative to a solution by LSODA at a tolerance of 1e-11, the largest
over the synapses: eight for plasticity-sim, one for Brian2, three for the others. Brian2 runs to
the moment at which its error is taken, not to the end. The load is the machine's average of one
minute, before and after.
"""


def _table(result: Result) -> list[str]:
    case = result.case
    names = list(dict.fromkeys(["w", case.kinase]))
    sure = ", ".join(
        f"{name} {value:.0e}" for name, value in result.uncertainty.items() if name in names
    )
    heads = ["simulator", "settings", "s per synapse", "times ours",
             *(f"error of {name}" for name in names), *(f"{name} at the end" for name in names),
             "pulses", "load"]  # fmt: skip
    lines = [
        f"## {case.title}, {case.synapses} synapses",
        "",
        f"Error of `{case.judged}` one second after the last pulse at most {case.target:g}. "
        f"Uncertainty of the reference: {sure}.",
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
    ]
    unit = result.time("batch")
    for place, row in result.rows:
        settings = _settings(row) + (f"; {row.note}" if row.note else "")
        name = row.simulator
        if place in ("batch", "single"):
            name = f"**{name}**, {'batch' if place == 'batch' else 'one synapse'}"
        cells = [name, settings]
        if row.errors:
            load = " to ".join(f"{value:.1f}" for value in row.load)
            pulses = ", ".join(f"{value:g}" for value in row.delivered)
            cells += [f"{row.seconds:.3g}", ratio(row.seconds / unit)]
            cells += [f"{row.errors[name]:.1e}" for name in names]
            cells += [f"{row.end_errors[name]:.1e}" if row.end_errors else "-" for name in names]
            cells += [f"{pulses} of {result.pulses}", load]
        else:
            cells += ["-"] * (len(heads) - 2)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


COLUMNS = ("model", "protocol", "synapses", "judged", "target", "place", "simulator", "settings",
           "seconds", "error")  # fmt: skip


def measurements(results: list[Result]) -> str:
    """Return what the figure of the speed draws, as CSV: seconds for each synapse, and errors.

    What no settings of a simulator reach has no row.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for case, place, row in ((r.case, place, row) for r in results for place, row in r.rows):
        if row.errors:
            writer.writerow(
                [case.model, case.protocol, case.synapses, case.judged, f"{case.target:g}", place,
                 row.simulator, _settings(row), f"{row.seconds:.3g}",
                 f"{row.errors[case.judged]:.1e}"]
            )  # fmt: skip
    return text.getvalue()


def _settings(row: Measured) -> str:
    given = row.answer.settings
    words = [str(given["variant"])]
    words += [f"{name} {given[name]:.0e}" for name in ("rtol", "atol", "dt") if name in given]
    return ", ".join(words)


def _claims(results: list[Result]) -> list[str]:
    heads = ["case", "against", "wanted", "measured", "", "the kernel by hand"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for result in results:
        batch = BATCH_AT_100_HZ if "100hz" in result.case.protocol else BATCH_AT_1_HZ
        there = {place for place, _ in result.rows}
        for place, wanted in (("batch", batch), ("single", SINGLE)):
            for peer, times in ((p, t) for p, t in wanted.items() if p in there):
                found = result.time(peer) / result.time(place)
                against = next(row.simulator for at, row in result.rows if at == peer)
                size = f"{result.case.synapses} synapses" if place == "batch" else "one synapse"
                cells = [f"{result.case.title}, {size}", against]
                cells += [str(times), ratio(found), "met" if found >= times else "missed"]
                cells.append(ratio(result.time(peer) / result.time("kernel")))
                lines.append("| " + " | ".join(cells) + " |")
    return lines


def ratio(value: float) -> str:
    """Return a ratio with two digits.

    >>> ratio(0.734), ratio(38.2), ratio(4321.0), ratio(float("inf")), ratio(0.0)
    ('0.73', '38', '4300', '-', '-')
    """
    if not 0 < value < math.inf:
        return "-"
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):.{max(digits, 0)}f}"


def processor() -> str:
    """Return the name of the processor, how many the machine has, and its vector instructions."""
    name, flags = platform.processor() or platform.machine(), ""
    table = Path("/proc/cpuinfo")
    if table.exists():
        pairs = [line.partition(":") for line in table.read_text("utf-8").splitlines()]
        found = {key.strip(): value.strip() for key, _, value in reversed(pairs)}
        name, flags = found.get("model name", name), found.get("flags", "")
    wide = next((w for w in ("avx512f", "avx2") if w in flags.split()), "")
    return f"{name}{f' ({wide})' if wide else ''}, {os.cpu_count()} processors"
