"""Feeding commands with what is hostile: each in this process, within a time, and looked after."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plasticity_sim.cli import main

LONGEST = 5  # s of computing, so that a busy machine makes nobody fail
WAITING = 60  # s for what waits and does not compute, as for the writer of a pipe


class TookTooLong(BaseException):
    """Raised out of whatever hangs, past anything that catches exceptions."""


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    code: object
    out: str
    err: str

    def faults(self, allowed: tuple[int, ...]) -> list[str]:
        """Return in words what is wrong with it."""
        lines = self.err.splitlines()
        found = []
        if self.code not in allowed:
            found.append(f"exit code {self.code}")
        if self.code == 2 and len(lines) != 1:
            found.append(f"{len(lines)} lines on stderr")
        if not all(line.startswith("plasticity-sim: ") for line in lines):
            found.append("stderr is not one clear line")
        if not self.err.isascii() and not self.err.replace("\n", "").isprintable():
            found.append("stderr holds what cannot be printed")
        if len(self.err) > 1500:
            found.append(f"an error of {len(self.err)} characters")
        return found + (["a traceback"] if "Traceback" in self.err + self.out else [])


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TookTooLong out of a block that takes longer."""

    def stop(*_: object) -> None:
        raise TookTooLong

    clocks = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, WAITING),
    )
    before = [signal.signal(number, stop) for _, number, _ in clocks]
    for clock, _, limit in clocks:
        signal.setitimer(clock, limit)
    try:
        yield
    finally:
        for (clock, number, _), handler in zip(clocks, before, strict=True):
            signal.setitimer(clock, 0)
            signal.signal(number, handler)


def fed(arguments: tuple[str, ...], seconds: float = LONGEST) -> Ending:
    """Return how a command ended; what it raised besides its exit comes through."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["plasticity-sim", *arguments]
    code: object = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), within(seconds):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv = before
    return Ending(code, out.getvalue(), err.getvalue())


def tree(folder: Path) -> set[str]:
    """Return everything below a folder; links are not followed."""
    return {
        os.path.join(place, name)
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
    }
