"""Pieces of work in processes of this machine."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from typing import Any

from plasticity_sim.jobs.interface import Done, Task, Value, one_thread

_GRACE = 5.0  # s that a worker has to end by itself


@dataclass(frozen=True)
class LocalProcesses:
    """Runs up to `count` tasks at once, each in a process of one thread; they begin in order."""

    count: int

    def run(
        self, work: Callable[[Task], Value], tasks: Sequence[Task]
    ) -> Iterator[Done[Task, Value]]:
        """Yield every task with its value as it comes; closing the iterator ends all work."""
        waiting = deque(tasks)
        workers: list[_Worker] = []
        try:
            for _ in range(min(self.count, len(waiting))):
                workers.append(_Worker(work))
                workers[-1].give(waiting.popleft())
            while busy := [worker for worker in workers if worker.is_busy]:
                for ready in connection.wait([worker.pipe for worker in busy]):
                    worker = next(each for each in busy if each.pipe is ready)
                    done = worker.take()
                    if done.died:
                        workers.remove(worker)
                        worker.stop()
                        if waiting:
                            worker = _Worker(work)
                            workers.append(worker)
                    if waiting:
                        worker.give(waiting.popleft())
                    yield done
        finally:
            for worker in workers:  # all at once, then wait for each
                worker.tell_to_end()
            for worker in workers:
                worker.stop()


class _Worker:
    """A process that takes a task at a time; its programs are its own process group."""

    def __init__(self, work: Callable[[Any], Any]):
        context = get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(work, other), daemon=True)
        with one_thread():
            self.process.start()
        other.close()  # so that the end of the process is the end of the pipe
        self.task: Any = None
        self.is_busy = False

    def give(self, task: Any) -> None:
        """Send a task."""
        self.task, self.is_busy = task, True
        with suppress(BrokenPipeError):  # `take` tells
            self.pipe.send(task)

    def take(self) -> Done[Any, Any]:
        """Return what came back; RuntimeError if the work raised."""
        self.is_busy = False
        try:
            worked, value = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join(_GRACE)
            return Done(self.task, None, _ending(self.process.exitcode))
        if not worked:
            raise RuntimeError(f"{self.task} went wrong:\n{value}")
        return Done(self.task, value)

    def tell_to_end(self) -> None:
        """Let the process end by itself: at once, or out of the midst of its task."""
        self.pipe.close()  # which ends one that waits for a task
        if self.is_busy:
            self.process.terminate()

    def stop(self) -> None:
        """End the process and whatever it has started."""
        self.tell_to_end()
        self.process.join(_GRACE)
        if self.process.exitcode is None and self.process.pid and hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()


def _serve(work: Callable[[Any], Any], pipe: connection.Connection) -> None:
    """Answer tasks until nobody sends any."""
    if hasattr(os, "setsid"):  # an interrupt from the keyboard is for the parent alone
        os.setsid()
    signal.signal(signal.SIGTERM, _end)
    with suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            try:
                answer = True, work(task)
            except Exception:
                answer = False, traceback.format_exc()
            pipe.send(answer)


def _end(*_: object) -> None:
    """Leave the work by an exception, so that it ends the programs it has started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def _ending(code: int | None) -> str:
    """Return in words how a process ended."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with code {code}"
