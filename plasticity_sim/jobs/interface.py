"""What every executor takes and gives back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Task = TypeVar("Task")
Value = TypeVar("Value")

# a worker computes on one thread, and so do the libraries that it loads
_NAMES = ("PLASTICITY_SIM_JOBS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Done(Generic[Task, Value]):
    """A task and its value, or why its process ended without one."""

    task: Task
    value: Value | None
    died: str = ""


class Executor(Protocol):
    """What runs pieces of work."""

    def run(
        self, work: Callable[[Task], Value], tasks: Sequence[Task]
    ) -> Iterator[Done[Task, Value]]:
        """Yield every task with its value as it comes; closing the iterator ends all work.

        Raises RuntimeError, with the traceback, where `work` itself raised.
        """
        ...


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the processes that are started meanwhile, and what runs here, use one thread."""
    before = {name: os.environ.get(name) for name in _NAMES}
    os.environ.update(dict.fromkeys(_NAMES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
