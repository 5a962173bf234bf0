"""Compiled programs kept on disk: whole or absent, checked, safe between processes.

A file is read and checked once a process, and again whenever its size or times have changed.

The folder holds, for each key,
    <key>/                      the built files, and manifest.json with size and sha256 of each
    <key>.lock                  held while the entry is built or removed
    .building-<key>-<host>-…    what is being built, or was when its builder was killed
    flags.json                  the flags that each compiler takes, see `build`
    rests/                      where models come to rest, see `kept`

A hit takes no lock, so that a cache one may only read works too. An entry can go between `kept`
and its use, if somebody clears the cache then: start the program at once, or call `kept` again.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from plasticity_sim.engine.locks import locked
from plasticity_sim.errors import InputError

MOST = 192  # entries: two widths of every shipped model, and as many again
MANIFEST = "manifest.json"
FLAGS, RESTS = "flags.json", "rests"
STALE = 86400.0  # s: no build takes that long, wherever its builder runs

_KEY = re.compile(r"[0-9a-f]{32}")
_instead: dict[Path, Path] = {}  # folders that cannot be written to -> a temporary one


@dataclass(frozen=True)
class Entry:
    """What is kept under one key; `used` is the last use, in seconds since 1970."""

    key: str
    bytes: int
    path: Path
    used: float


def folder() -> Path:
    """Return where compiled programs are kept, whether or not it exists yet."""
    if own := os.environ.get("PLASTICITY_SIM_CACHE"):
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    try:  # a relative one is to be ignored, says the XDG standard
        caches = Path(shared) if os.path.isabs(shared) else Path.home() / ".cache"
    except RuntimeError:  # a container's user without a home
        return _temporary(Path())
    return caches / "plasticity-sim"


def fingerprint(*parts: str) -> str:
    """Return a key for all that decides what is built.

    >>> fingerprint("ab", "c") == fingerprint("a", "bc")
    False
    >>> len(fingerprint("g++", "-O3"))
    32
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()[:32]


def kept(key: str, build: Callable[[Path], None]) -> tuple[Path, bool]:
    """Return the folder kept under a `fingerprint`, and whether it had to be built now.

    `build` fills an empty private folder, which is then renamed: the files must not know its name.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"'{key}' is no key of the cache; make one with fingerprint()")
    home = folder()
    for place in (home, _instead.get(home, home)):
        if _is_whole(place / key):
            return _touched(place / key), False
    found = None
    if home not in _instead:
        found = _found_or_built(home, key, build)
    found = found or _found_or_built(_temporary(home), key, build)
    if found is None:
        raise InputError(
            f"neither '{home}' nor '{_instead[home]}' can be written to; "
            "set PLASTICITY_SIM_CACHE to a folder that can"
        )
    return found


def has(key: str) -> bool:
    """Return whether `kept` would find what was built."""
    home = folder()
    return any(_is_whole(place / key) for place in (home, _instead.get(home, home)))


def entries() -> list[Entry]:
    """Return what is kept, oldest use first."""
    return _entries(folder())


def clear() -> int:
    """Remove all that is kept and what killed builders left; return the number of entries."""
    home = folder()
    removed = 0
    try:
        for entry in _entries(home):
            with locked(home, entry.key):
                removed += _remove(entry.path)
        _sweep(home)
        if (home / FLAGS).is_file():
            (home / FLAGS).unlink()
        if (home / RESTS).is_dir():
            shutil.rmtree(home / RESTS)
    except OSError as problem:
        raise InputError(
            f"the cache '{home}' cannot be emptied: {problem.strerror or problem}"
        ) from None
    return removed


def _found_or_built(
    home: Path, key: str, build: Callable[[Path], None]
) -> tuple[Path, bool] | None:
    """Return as `kept` does, None where `home` cannot be written to."""
    target = home / key
    private = _private(target)
    with ExitStack() as stack:
        try:
            home.mkdir(parents=True, exist_ok=True)
            _sweep(home)
            stack.enter_context(locked(home, key))
            if _is_whole(target):  # another process has built it while this one waited
                return _touched(target), False
            _remove(target)
            private.mkdir()
        except OSError:
            return None
        try:
            build(private)
            if not _put(private, target):
                return None
        finally:
            shutil.rmtree(private, ignore_errors=True)
    _prune(home, key)
    return target, True


def _private(target: Path) -> Path:
    token = f"{platform.node()}-{secrets.token_hex(4)}"
    return target.with_name(f".building-{target.name}-{token}")


def _put(private: Path, target: Path) -> bool:
    """Write the manifest and rename; False if neither this nor an equal entry is there then."""
    try:
        files = sorted(file for file in private.rglob("*") if file.is_file())
        manifest = {file.relative_to(private).as_posix(): _described(file) for file in files}
        _digest.cache_clear()  # what is so new could change without a new time
        (private / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        private.rename(target)
    except OSError:  # a full disk; or, where nothing locks, another process was faster
        return _is_whole(target)
    return True


def _described(file: Path) -> dict[str, Any]:
    now = file.stat()
    digest = _digest(file, now.st_size, now.st_ino, now.st_mtime_ns, now.st_ctime_ns)
    return {"size": now.st_size, "sha256": digest, "executable": bool(now.st_mode & 0o100)}


@lru_cache(maxsize=256)
def _digest(file: Path, *_: int) -> str:
    """Return a file's digest, read once as long as its size, number and times stay the same."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_whole(entry: Path) -> bool:
    """Tell whether each file is as it was built; files that were added later do not matter."""
    try:
        manifest = json.loads((entry / MANIFEST).read_text("utf-8"))
        return bool(manifest) and all(_described(entry / n) == seen for n, seen in manifest.items())
    except Exception:  # whatever a damaged manifest makes of this, it is no hit
        return False


def _touched(entry: Path) -> Path:
    with suppress(OSError):  # a cache that one may only read
        os.utime(entry)
    return entry


def _temporary(home: Path) -> Path:
    """Return the folder that stands in for `home` until this process ends."""
    if home not in _instead:
        made = Path(tempfile.mkdtemp(prefix="plasticity-sim-"))
        atexit.register(_forget, made, os.getpid())
        _instead[home] = made
    return _instead[home]


def _forget(made: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a forked child, which ends too
        shutil.rmtree(made, ignore_errors=True)


def _entries(home: Path) -> list[Entry]:
    try:
        paths = [path for path in home.iterdir() if _KEY.fullmatch(path.name)]
    except OSError:  # not there yet, or not for this user
        return []
    found = []
    for path in paths:
        with suppress(OSError):  # removed while it is looked at
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            found.append(Entry(path.name, size, path, path.stat().st_mtime))
    return sorted(found, key=lambda entry: entry.used)


def _prune(home: Path, newest: str) -> None:
    others = [entry for entry in _entries(home) if entry.key != newest]
    for entry in others[: max(0, len(others) + 1 - MOST)]:
        with suppress(OSError), locked(home, entry.key, wait=False) as mine:
            if mine:
                _remove(entry.path)


def _remove(entry: Path) -> bool:
    """Rename out of the way, so that nobody finds half an entry, then delete."""
    gone = _private(entry)
    try:
        entry.rename(gone)
    except FileNotFoundError:
        return False
    _delete(gone)
    return True


def _delete(path: Path) -> None:
    try:
        path.unlink()
    except OSError:  # a folder, as nearly always
        shutil.rmtree(path, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove what killed builders left: private folders whose key nobody holds the lock of."""
    for path in home.glob(".building-*"):
        key = _KEY.match(path.name, len(".building-"))
        with suppress(OSError):
            if key is None:
                continue
            old = time.time() - path.stat().st_mtime > STALE
            with locked(home, key[0], wait=False) as mine:
                # The lock of another computer may not be seen here, on some network file systems.
                if old or (mine and f"-{platform.node()}-" in path.name):
                    _delete(path)
