"""What can run the equations on this machine: a C++ compiler with its best flags, or numpy."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache as once
from pathlib import Path

import brian2

from plasticity_sim.engine import cache

# Measured: only together do these let GCC vectorise a state update of fifty arrays. Brian2's own
# default keeps -fno-finite-math-only, which shuts out the vector exp(); finiteness is checked
# outside the compiled code instead.
VECTORISED = (
    "-w", "-O3", "-ffast-math", "-march=native", "-std=c++11",
    "--param=vect-max-version-for-alias-checks=5000", "-mprefer-vector-width=512",
)  # fmt: skip
PLAIN = ("-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11")
SAFE = ("-w", "-O2", "-std=c++11")
FAST = (VECTORISED, PLAIN, SAFE)
Choices = tuple[tuple[str, ...], ...]
_STATIC = ("-static", "-s")
_HEADER = "read_by_all.h"
_READ_BY_ALL = (
    "algorithm", "climits", "cmath", "ctime", "fstream", "iostream", "map", "random", "set",
    "sstream", "string", "utility", "vector", "stdint.h", "stdlib.h",
)  # fmt: skip

# Arithmetic exactly as written, so that a lane's bits do not depend on how a loop was vectorised:
# no reordering and no fused multiply-add. What is given up of IEEE 754 is only errno and traps.
_AS_WRITTEN = ("-w", "-std=c++11", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off")
EXACT = (
    (
        *_AS_WRITTEN,
        "-O3",
        "-march=native",
        "-mprefer-vector-width=512",
        "-fschedule-insns",
        "-fsched-pressure",
    ),  # fewer values to put aside: 6 % faster
    (*_AS_WRITTEN, "-O3", "-march=native"),
    (*_AS_WRITTEN, "-O2"),
)


def compiler() -> str | None:
    """Return the C++ compiler's path, None where there is none or no `make`."""
    found = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")
    return found if shutil.which("make") else None


def target() -> str:
    """Return 'cpp_standalone' where C++ can be compiled, else 'numpy'."""
    return "cpp_standalone" if compiler() and flags() else "numpy"


@once
def flags(choices: Choices = FAST) -> tuple[str, ...]:
    """Return the first set of compiler flags that this machine's compiler takes; () if none.

    What was found is kept beside the compiled programs, as trying takes longer than many a run.
    """
    program = compiler()
    if program is None:
        return ()
    key = cache.fingerprint(repr(choices), program, _version(program), _processor())
    known = _found_before()
    if known.get(key) not in [list(choice) for choice in choices]:
        found = next((choice for choice in choices if _compiles(program, choice)), ())
        if not found:  # a compiler that may be mended
            return ()
        known[key] = list(found)
        _keep(known)
    return tuple(known[key])


def make(folder: str, flags: Sequence[str]) -> None:
    """Compile what Brian2 wrote into `folder`; OSError with the compiler's words if that fails.

    Brian2 would wait for it deaf to interrupts.
    """
    command = ["make", "-j2", f"CXX={_with_headers_read(flags, folder)}"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        errors="replace", process_group=0,
    )  # fmt: skip
    try:
        said = process.communicate()[1].splitlines()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)  # the compilers that it has started, too
        process.wait()
        raise
    if process.returncode:
        reason = next((line for line in said if "error:" in line), said[-1] if said else "make")
        raise OSError(reason)


def _with_headers_read(flags: Sequence[str], folder: str) -> str:
    """Return the command that compiles a file in `folder`, with the usual headers read already.

    Brian2 writes some thirty small files, and reading the standard library's headers is most of
    the work with each.
    """
    plain = compiler() or ""
    header = Path(folder, _HEADER)
    header.write_text("".join(f"#include <{name}>\n" for name in _READ_BY_ALL))
    command = [plain, "-x", "c++-header", *flags, str(header), "-o", f"{header}.gch"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return plain
    return f"{plain} -include {_HEADER}" if done.returncode == 0 else plain


def linking() -> tuple[str, ...]:
    """Return what makes a program that starts faster, where this machine can build it."""
    return tuple(flag for flag in flags(((*SAFE, *_STATIC), SAFE)) if flag in _STATIC)


def _found_before() -> dict[str, list[str]]:
    """Return the flags that earlier processes found, by what they depend on."""
    try:
        known = json.loads(Path(cache.folder(), cache.FLAGS).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(known: dict[str, list[str]]) -> None:
    home = cache.folder()
    beside = home / f"{cache.FLAGS}-{secrets.token_hex(4)}"
    with suppress(OSError):  # a cache that one may only read: tried again the next time
        home.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(known, indent=1), "utf-8")
        beside.replace(home / cache.FLAGS)


@once
def _version(program: str) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return told.stdout


@once
def identity(choices: Choices) -> tuple[str, ...]:
    """Return all besides the equations that decides what a compiled program computes."""
    program = compiler() or ""
    return (
        repr((choices, linking())),
        program,
        _version(program),
        _processor(),
        brian2.__version__,
        sources(),
    )


@once
def sources() -> str:
    """Return a digest of the code that decides how a model is integrated."""
    package = Path(__file__).parents[1]
    files = sorted(p for floor in ("solver", "engine") for p in (package / floor).rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def _processor() -> str:
    """Return what -march=native looks at."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(
        sorted({li for li in lines if li.startswith(("model name", "flags", "Features"))})
    )


def _compiles(program: str, choice: tuple[str, ...]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "try.cpp")
        source.write_text("#include <cmath>\nint main() { return std::exp(0.0) > 2; }\n")
        command = [program, *choice, str(source), "-o", str(Path(folder, "try"))]
        try:
            built = subprocess.run(command, capture_output=True, timeout=60, check=False)
            ran = subprocess.run([str(Path(folder, "try"))], timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return built.returncode == 0 and ran.returncode == 0
