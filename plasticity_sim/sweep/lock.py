"""One process at a time for each chunk of a folder, on one machine or over a network file system.

The lock of a chunk is the byte of its number in the file `lock`, by POSIX record locks: the system
lets go of them when a process ends, however it ends, and NFS (version 4, or 3 with its lock daemon)
carries them between machines. A file system without them is told of, and nothing is locked there.
"""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plasticity_sim.errors import InputError

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
_MOST_TEXT = 200


@contextmanager
def working_in(folder: Path, chunks: range, announce: Callable[[str], None]) -> Iterator[None]:
    """Hold the locks of `chunks`; InputError if another process has one of them."""
    pieces = [(chunks.start, len(chunks))] if chunks.step == 1 else [(n, 1) for n in chunks]
    path = folder / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as problem:
        raise InputError(f"'{path}' cannot be written: {problem.strerror}") from None
    try:
        for first, length in pieces:
            if length and not _held(handle, first, length):
                raise InputError(f"another process works in '{folder}'{_holder(handle)}; wait for "
                                 "it, see how far it is by --status, or end it")  # fmt: skip
        with suppress(OSError):  # the name is for people only
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{platform.node()}, process {os.getpid()}".encode(), 0)
        yield
    except _NoLocks:
        announce(f"the file system of '{folder}' has no locks: let one process at a time work here")
        yield
    finally:
        os.close(handle)  # which lets go


def is_worked_in(folder: Path, chunks: int) -> bool:
    """Tell whether any process holds the lock of one of the first `chunks`."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _held(handle, 0, max(chunks, 1))
    except _NoLocks:
        return False
    finally:
        os.close(handle)


class _NoLocks(Exception):
    """A file system, or a system, without record locks."""


def _held(handle: int, first: int, length: int) -> bool:
    if fcntl is None:
        raise _NoLocks
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, length, first)
    except OSError as problem:
        if problem.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise _NoLocks from None
    return True


def _holder(handle: int) -> str:
    with suppress(OSError, UnicodeDecodeError):
        if text := os.pread(handle, _MOST_TEXT, 0).decode():
            return f" ({text})"
    return ""
