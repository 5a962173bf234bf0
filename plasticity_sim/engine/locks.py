"""One process at a time for each entry of a folder, by locks on files that name the entries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # no such locks here: two builders at once both build, and one is kept
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(home: Path, key: str, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of an entry `home`/`key`; yield whether it is held.

    Without `wait` a lock that somebody else holds is left alone. The file of the lock goes when
    there is no entry.
    """
    path = home / f"{key}.lock"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        held = _held(handle, wait)
        with suppress(FileNotFoundError):
            if not held or os.path.samestat(os.fstat(handle), path.stat()):
                break
        os.close(handle)  # the holder before has removed the file: lock the one of today
    try:
        yield held
    finally:
        if held and not (home / key).exists():
            with suppress(OSError):
                path.unlink()
        if held and fcntl is not None:  # closing is not enough if another thread has forked
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _held(handle: int, wait: bool) -> bool:
    """Lock; where nothing can, say yes to who wants to build and no to who wants to tidy up."""
    if fcntl is None:
        return wait
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return wait
    return True
