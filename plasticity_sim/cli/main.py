"""The commands, and how every mistake ends: one line on stderr and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import warnings
from typing import NoReturn

import typer

from plasticity_sim.cli import (
    bench,
    doctor,
    export,
    figure,
    fit,
    library,
    new,
    run,
    sensitivity,
    steady,
    sweep,
)  # fmt: skip
from plasticity_sim.cli.ending import Terminated, end_by_code, ending_in_order
from plasticity_sim.errors import InputError, SimulationError, one_line

UsageError = typer.BadParameter.__base__  # typer carries its own copy of click from 0.26 on
DONE, UNTRUSTED, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143

app = typer.Typer(
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Simulate long-term potentiation and depression of a synapse.",
)
for module in (library, new, run, sweep, bench, fit, sensitivity, steady, figure, export, doctor):
    module.register(app)


@app.callback()
def import_brian2() -> None:
    """Import Brian2 without what it takes along and no command uses: half a second less."""
    modules = ["pylab", "matplotlib", "Cython", "pytest"]
    if sys.version_info < (3, 12):
        modules.append("setuptools")  # Python's own distutils does what Brian2 wants of it
    unused = [name for name in modules if name not in sys.modules]
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as in a job of the background
    sys.modules.update(dict.fromkeys(unused))  # type: ignore[arg-type]
    try:
        with warnings.catch_warnings():
            # of Python's own distutils, which goes with 3.12
            warnings.simplefilter("ignore", DeprecationWarning)
            importlib.import_module("brian2")
    finally:
        for name in unused:
            del sys.modules[name]
        if ignored:  # Brian2's own handler would call what it found, which is no function then
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> NoReturn:
    """Run the command line; exit 0 done, 1 not to be trusted, 2 bad input, 130 or 143 ended."""
    for stream in (sys.stdout, sys.stderr):  # a name may hold what this terminal cannot show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = sys.argv[1:] or ["--help"]
        with ending_in_order():
            code = app(arguments, standalone_mode=False, prog_name="plasticity-sim")
        if code == INTERRUPTED:  # typer has caught the interrupt itself
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else DONE)
    except UsageError as problem:  # type: ignore[misc]
        _fail(f"{problem.format_message()} (see --help)", BAD_INPUT)
    except InputError as problem:
        _fail(str(problem), BAD_INPUT)
    except SimulationError as problem:
        _fail(str(problem), UNTRUSTED)
    except BrokenPipeError:  # `plasticity-sim show … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except OSError as problem:  # the disk is full, or a file has gone
        _fail(f"{problem.filename or 'the machine'}: {problem.strerror or problem}", BAD_INPUT)
    except MemoryError:
        _fail("there is not enough memory: record less often, or fewer synapses", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        end_by_code()
        _fail("interrupted", INTERRUPTED)
    except Terminated:
        _fail("terminated", TERMINATED)


def _fail(message: str, code: int) -> NoReturn:
    print("plasticity-sim:", one_line(message), file=sys.stderr)
    sys.exit(code)
