"""A program compiled once, kept, and run as often as wanted on any values and timetable."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from brian2 import device, second

from plasticity_sim.engine import build, cache
from plasticity_sim.engine.batch import Progress
from plasticity_sim.engine.device import lent
from plasticity_sim.engine.lookup import PROGRESS_FILE, Tables, functions
from plasticity_sim.engine.program import LONGEST, PLACE, Found, Parts, Program, found, records
from plasticity_sim.errors import SimulationError
from plasticity_sim.scratch import private_folder

Process = subprocess.Popen[bytes]

_BINARY, _FOUND = "main", "found.bin"
_ROOM = 2**30  # bytes: more than the samples of one run take
_POLL = 0.2  # s between looks at the progress of a running program


def compile_program(program: Program, width: int, folder: Path) -> None:
    """Compile `program` for `width` lanes and leave the binary in `folder`."""
    flags = build.flags(program.flags)
    with lent("cpp_standalone", flags) as workshop:
        made = program.parts(width, functions())
        made.network.run(LONGEST * made.group.clock.dt_ * second, namespace=dict(made.namespace))
        device.insert_code("before_end", _handing_over(program, made))
        try:
            device.build(directory=workshop, compile=False, run=False)
            build.make(workshop, flags)
        except (RuntimeError, OSError) as problem:
            raise SimulationError(f"the compiler failed; see `doctor`: {problem}") from None
        shutil.copy2(Path(workshop, _BINARY), folder / _BINARY)


def compiled(
    program: Program, width: int, announce: Callable[[str], None] | None = None
) -> tuple[Path, bool]:
    """Return the folder of the compiled program, and whether it had to be compiled now."""
    key = _key(program, width)
    if announce and not cache.has(key):
        announce(
            f"compiling model '{program.model.name}' for {width} synapses at a time; "
            "this happens once"
        )
    return cache.kept(key, lambda folder: compile_program(program, width, folder))


def run_compiled(
    folder: Path,
    program: Program,
    tables: Tables,
    started: Callable[[Process], None],
    progress: Progress | None = None,
) -> Found:
    """Run `program` as compiled in `folder`.

    `started` is given the process, so that others can end it.
    """
    with private_folder(_quick_place()) as desk:
        for name, values in tables.files.items():
            values.tofile(desk / name)
        _execute([str(folder / _BINARY)], desk, started, progress)
        return _found(program, (desk / _FOUND).read_bytes())


def _handing_over(program: Program, made: Parts) -> str:
    """Return the C++ code that leaves all that was asked for in one file, and ends the program.

    Brian2 would write a file for each of its two hundred variables, which takes longer than a short
    simulation.
    """
    lines = [f'std::ofstream found("{_FOUND}", std::ios::binary);']
    for monitor, names in zip(made.monitors, records(program), strict=True):
        for name in names:
            variable = monitor.variables[name]
            array = f"brian::{device.get_array_name(variable, access_data=False)}"
            if name == PLACE:
                lines.append(f"{{ const double count = {array}.size();"
                             " found.write((const char*)&count, sizeof count); }")  # fmt: skip
            lines.append(f"found.write((const char*){array}.data(),"
                         f" sizeof(double) * {array}.size());")  # fmt: skip
    return "\n".join([*lines, "found.close();", "return found ? 0 : 1;"])


def _found(program: Program, data: bytes) -> Found:
    """Return what `_handing_over` wrote: of either kind of record how many, then their values."""
    numbers, tables = np.frombuffer(data), []
    for names in records(program):
        count = int(numbers[0])
        own, numbers = np.split(numbers[1:], [count * len(names)])
        tables.append(dict(zip(names, own.reshape(-1, count), strict=True)))
    return found(*tables)


def _key(program: Program, width: int) -> str:
    """Return the fingerprint of all that decides what the binary computes."""
    model = program.model
    blocks = "\n".join(
        f"{b.trigger} {b.after and b.after.text}: {'; '.join(s.text for s in b.statements)}"
        for b in model.blocks
    )
    texts = [model.equations, blocks, model.threshold.text if model.threshold else ""]
    names = [model.parameters, model.clamp, program.observe, program.peaks, program.least]
    stepping = [*program.stepping, str(width), *build.identity(program.flags)]
    return cache.fingerprint(*texts, *map(" ".join, names), *stepping)


def _quick_place() -> Path | None:
    """Return where small files are quick to make, None for the usual place."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return memory if roomy else None


def _execute(
    command: list[str], desk: Path, started: Callable[[Process], None], progress: Progress | None
) -> None:
    with open(desk / "output.txt", "w+") as output:
        process = subprocess.Popen(command, cwd=desk, stdout=output, stderr=subprocess.STDOUT)
        started(process)
        waiting = threading.Event()
        watcher = threading.Thread(target=_watch, args=(desk, waiting, progress), daemon=True)
        watcher.start()
        try:
            code = process.wait()
        finally:
            process.kill()
            waiting.set()
            watcher.join()
        if code:
            output.seek(0)
            raise SimulationError(
                f"the compiled simulation ended with code {code}: {output.read()[-300:].strip()}"
            )


def _watch(desk: Path, finished: threading.Event, progress: Progress | None) -> None:
    """Pass on the share done that the program notes in a file."""
    while progress and not finished.wait(_POLL):
        try:
            progress(float((desk / PROGRESS_FILE).read_text()))
        except (OSError, ValueError):
            continue  # not written yet, or caught in the middle of writing
