"""What can run the equations on this machine: a C++ compiler with its best flags, or numpy."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

# Measured: only together do these let GCC vectorise a state update of fifty arrays. Brian2's own
# default keeps -fno-finite-math-only, which shuts out the vector exp(); finiteness is checked
# outside the compiled code instead.
VECTORISED = (
    "-w", "-O3", "-ffast-math", "-march=native", "-std=c++11",
    "--param=vect-max-version-for-alias-checks=5000", "-mprefer-vector-width=512",
)  # fmt: skip
PLAIN = ("-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11")
SAFE = ("-w", "-O2", "-std=c++11")


def compiler() -> str | None:
    """Return the C++ compiler's path, None where there is none or no `make`."""
    found = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")
    return found if shutil.which("make") else None


def target() -> str:
    """Return 'cpp_standalone' where C++ can be compiled, else 'numpy'."""
    return "cpp_standalone" if compiler() and flags() else "numpy"


@cache
def flags() -> tuple[str, ...]:
    """Return the fastest set of compiler flags that this machine's compiler takes; () if none."""
    program = compiler()
    if program is None:
        return ()
    return next((choice for choice in (VECTORISED, PLAIN, SAFE) if _compiles(program, choice)), ())


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
