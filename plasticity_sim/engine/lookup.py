"""Brian2 functions through which a running program reads its tables and says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import stop
from brian2.core.functions import Function

from plasticity_sim.engine.batch import Array, Progress

PROGRESS_FILE = "progress.txt"


@dataclass(frozen=True)
class Tables:
    """What a program reads while it runs: values by place; rows of (time, kind, value); times."""

    inputs: Array
    events: Array
    samples: Array

    @property
    def files(self) -> dict[str, Array]:
        """The tables by the names under which a compiled program looks for them."""
        return {"inputs.bin": self.inputs, "events.bin": self.events, "samples.bin": self.samples}


_TABLE = """
static const double* lane__table(const char* name) {
    std::ifstream file(name, std::ios::binary | std::ios::ate);
    if (!file) { std::cerr << "cannot read " << name << std::endl; std::exit(1); }
    const size_t size = file.tellg();
    double* table = new double[size / sizeof(double)];
    file.seekg(0, std::ios::beg);
    file.read(reinterpret_cast<char*>(table), size);
    return table;
}
"""
_LOOK = """
static inline double {name}(double row) {{
    static const double* table = lane__table("{file}");
    return table[{columns} * (long)row + {column}];
}}
"""
# once every lane has been asked, either all are done or the share is worth a note now and then, and
# nobody waits for what a process that was killed has started
_WATCH = """
static double lane__watch(double done, double share, double count) {
    static double asked = 0, finished = 0, sum = 0;
    static std::time_t noted = 0;
    static const pid_t parent = getppid();
    asked += 1; finished += done; sum += share;
    if (asked < count) return done;
    if (finished == count) Network::_globally_stopped = true;
    if (std::time(NULL) != noted) {
        noted = std::time(NULL);
        if (getppid() != parent) std::_Exit(1);
        std::ofstream("progress.txt") << sum / count << std::endl;
    }
    asked = finished = sum = 0;
    return done;
}
"""
# lanes in their order, each to the first slot that asks
_NEXT = """
static double lane__next(double count, double) {
    static double next = 0;
    return next < count ? next++ : count;
}
"""
_HEADERS = {"headers": ['"network.h"', "<ctime>", "<cstdlib>", "<fstream>", "<iostream>",
                        "<unistd.h>"]}  # fmt: skip


def functions(
    tables: Tables | None = None, progress: Progress | None = None
) -> dict[str, Function]:
    """Return the functions by name; `tables` are read where nothing is compiled."""
    reader = Function(_unused, arg_units=[1], return_unit=1)
    reader.implementations.add_implementation(
        "cpp", _TABLE, name="lane__table", compiler_kwds=_HEADERS
    )
    values = tables.files if tables else {}
    found = {}
    for name, file, column in (
        ("lane__input", "inputs.bin", None),
        ("event__time", "events.bin", 0),
        ("event__kind", "events.bin", 1),
        ("event__value", "events.bin", 2),
        ("sample__time", "samples.bin", None),
    ):
        look = Function(_looker(values.get(file), column), arg_units=[1], return_unit=1)
        columns = 1 if column is None else 3
        code = _LOOK.format(name=name, file=file, columns=columns, column=column or 0)
        look.implementations.add_implementation(
            "cpp", code, name=name, dependencies={"lane__table": reader}, compiler_kwds=_HEADERS
        )
        found[name] = look
    following = Function(_dealer(), arg_units=[1, 1], return_unit=1)
    following.implementations.add_implementation("cpp", _NEXT, name="lane__next")
    watch = Function(_watcher(progress), arg_units=[1, 1, 1], return_unit=1)
    watch.implementations.add_implementation(
        "cpp", _WATCH, name="lane__watch", compiler_kwds=_HEADERS
    )
    return {**found, "lane__next": following, "lane__watch": watch}


def _unused(row: Any) -> Any:
    raise NotImplementedError


def _looker(values: Any, column: int | None) -> Callable[[Any], Any]:
    def look(row: Any) -> Any:
        rows = np.asarray(row, dtype=int)
        return values.ravel()[rows] if column is None else values[rows, column]

    return look


def _dealer() -> Callable[[Any, Any], Any]:
    dealt = 0

    def following(count: Any, slots: Any) -> Any:
        nonlocal dealt
        own = dealt + np.arange(np.size(slots)).reshape(np.shape(slots))
        dealt += np.size(slots)
        return np.minimum(own, count)

    return following


def _watcher(progress: Progress | None) -> Callable[[Any, Any, Any], Any]:
    def watch(done: Any, share: Any, count: Any) -> Any:
        if progress:
            progress(float(np.mean(share)))
        if np.all(np.asarray(done) > 0.5):
            stop()
        return done

    return watch
