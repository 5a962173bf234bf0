"""What has been evaluated, kept as the trials of an Optuna study; several workers share one.

An evaluation has a place: its number in the order in which the search asks. The places and their
losses are all that a search goes on from. Two workers that evaluate the same place by accident
find the same, and the first of them counts.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity_sim.errors import InputError
from plasticity_sim.fit.battery import Evaluation
from plasticity_sim.fit.parts import Free

if TYPE_CHECKING:
    import optuna

BEAT = 5.0  # s between the signs of life of a worker
SILENCE = 30.0  # s without one, after which its places are free
_WORKER = "worker "  # how the attributes of a study begin that workers write
_PATIENCE = 60.0  # s to wait for a database that another process writes to


def require(package: str) -> None:
    """Raise an InputError that says how to install what fits need."""
    try:
        __import__(package)
    except ImportError:
        raise InputError(
            f'this needs {package}; install it with: pip install "plasticity-sim[fit]"'
        ) from None


def in_folder(folder: Path) -> str:
    """Return the address of the database that a folder holds."""
    return f"sqlite:///{folder / 'fit.db'}"


def ledger_of(folder: Path, storage: str | None, name: str, free: Sequence[Free]) -> Ledger:
    """Return the ledger of a study, and make the folder of its results once there can be any."""
    if storage is None:
        folder.mkdir(exist_ok=True)
    ledger = Ledger(storage or in_folder(folder), name, free)
    folder.mkdir(exist_ok=True)
    return ledger


class Ledger:
    """One study of a storage: it is made if it is not there."""

    def __init__(self, storage: str, name: str, free: Sequence[Free]):
        require("optuna")
        self.free = free
        self._study = _study(storage, name)
        self.me = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"
        self._taken: tuple[int, ...] = ()
        self._beat = 0
        self._seen: dict[str, tuple[int, float]] = {}  # the last new sign of life, when it came

    def read(self) -> dict[int, Evaluation]:
        """Return every evaluation by its place."""
        found: dict[int, Evaluation] = {}
        for trial in self._study.get_trials(deepcopy=False):
            if trial.value is None or "place" not in trial.user_attrs:
                continue
            place = int(trial.user_attrs["place"])
            if place not in found:
                numbers = tuple(float(trial.params[free.name]) for free in self.free)
                figures = tuple(map(float, trial.user_attrs["figures"]))
                reason = str(trial.user_attrs["reason"])
                found[place] = Evaluation(numbers, trial.value, figures, reason)
        return found

    def keep(self, evaluations: Mapping[int, Evaluation]) -> None:
        """Add evaluations, each as one trial."""
        import optuna

        ranges: dict[str, optuna.distributions.BaseDistribution] = {}
        for free in self.free:
            limits = optuna.distributions.FloatDistribution(free.low, free.high, log=free.is_log)
            ranges[free.name] = limits
        for place, found in evaluations.items():
            values = dict(zip(ranges, found.numbers, strict=True))
            own = {"place": place, "figures": list(found.figures), "reason": found.reason}
            self._study.add_trial(
                optuna.trial.create_trial(
                    params=values, distributions=ranges, value=found.loss, user_attrs=own
                )
            )

    def take(self, missing: Iterable[int]) -> list[int]:
        """Return those of the missing places that this worker is to evaluate, and say so.

        Nothing while others have all of them in hand; a share of them while others work too.
        """
        others = self._others()
        in_hand = {place for places in others.values() for place in places}
        left = [place for place in missing if place not in in_hand]
        workers = sorted([self.me, *others])
        mine = left[workers.index(self.me) :: len(workers)] or left
        self._taken = tuple(mine)
        self._tell()
        return mine

    @contextmanager
    def working(self) -> Iterator[None]:
        """Give signs of life until the work ends."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT):
                with suppress(Exception):  # of a database that is busy: the next one may pass
                    self._tell()

        heart = threading.Thread(target=beat, daemon=True)
        heart.start()
        try:
            yield
        finally:
            ended.set()
            heart.join()
            with suppress(Exception):
                self._study.set_user_attr(_WORKER + self.me, None)

    def _tell(self) -> None:
        self._beat += 1
        self._study.set_user_attr(_WORKER + self.me, [self._beat, *self._taken])

    def _others(self) -> dict[str, list[int]]:
        """Return the workers that are alive besides this one, with the places they have in hand."""
        found = {}
        for key, value in self._study.user_attrs.items():
            name = key.removeprefix(_WORKER)
            if key == name or name == self.me or not value or _has_ended(name):
                continue
            beat, *places = value
            now = time.monotonic()
            if self._seen.get(name, (None, 0.0))[0] != beat:
                self._seen[name] = (beat, now)
            if now - self._seen[name][1] < SILENCE:
                found[name] = places
        return found


def _has_ended(worker: str) -> bool:
    """Tell whether a worker of this machine is not there any more."""
    host, process, _ = worker.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it belongs to somebody else
    return False


def _study(storage: str, name: str) -> optuna.Study:
    import optuna
    import sqlalchemy

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    own: dict[str, Any] = {}
    if storage.startswith("sqlite"):
        own["connect_args"] = {"timeout": _PATIENCE}
    try:
        for left in (2, 1, 0):
            try:
                kept = optuna.storages.RDBStorage(storage, engine_kwargs=own)
                return optuna.create_study(storage=kept, study_name=name, load_if_exists=True)
            except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError):
                if not left:
                    raise
                time.sleep(0.5)  # another worker may have been making the same tables
    except ImportError:
        raise InputError(
            f"--storage '{storage}': the Python driver of this database is not installed"
        ) from None
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise InputError(f"--storage '{storage}': {reason}") from None
    raise AssertionError
