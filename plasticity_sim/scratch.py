"""Private folders for the files of one process; those that killed processes left are removed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # no such locks here: what is left stays
    fcntl = None  # type: ignore[assignment]

PREFIX = "plasticity-sim-desk-"
YOUNG = 60.0  # s: so new a folder may be another process's that has not locked it yet


@contextmanager
def private_folder(home: Path | None = None) -> Iterator[Path]:
    """Lend an empty folder in `home`, by default where the system has such; it is gone afterwards.

    It is locked as long as it is lent, so that others can tell it from one whose process was
    killed.
    """
    parent = Path(home or tempfile.gettempdir())
    _sweep(parent)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name:
        handle = _locked(Path(name))
        try:
            yield Path(name)
        finally:
            if handle is not None:
                os.close(handle)


def _sweep(parent: Path) -> None:
    """Remove the folders that nobody has locked any more."""
    for left in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone by now
            if time.time() - left.lstat().st_mtime < YOUNG or left.is_symlink():
                continue
            handle = _locked(left)
            if handle is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(handle)


def _locked(folder: Path) -> int | None:
    """Lock a folder; return what holds the lock, None if another process has it."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks
        os.close(handle)
        return None
    return handle
