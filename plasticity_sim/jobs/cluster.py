"""Pieces of work on the workers of a dask scheduler, wherever they are."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from plasticity_sim.errors import InputError
from plasticity_sim.jobs.interface import Done, Task, Value, one_thread

_ANSWER = 20.0  # s that a scheduler has to answer
_AHEAD = 2  # tasks a thread of the cluster: one that runs and one that waits there
_FEWEST = 2  # tasks that are sent where no worker has come yet

_alone = threading.Lock()  # in a worker: Brian2 builds one thing at a time


@dataclass(frozen=True)
class Cluster:
    """Runs tasks on the workers of the scheduler at `address`, as in "tcp://10.0.0.1:8786".

    Workers may come and go. A task whose worker is lost is given to another one; after three it
    is done as died.
    """

    address: str

    def run(
        self, work: Callable[[Task], Value], tasks: Sequence[Task]
    ) -> Iterator[Done[Task, Value]]:
        """Yield every task with its value as it comes; closing the iterator ends all work.

        Raises InputError if no scheduler answers, or if it is lost.
        """
        distributed = _distributed()
        client = _client(distributed, self.address)
        waiting = deque(tasks)
        sent: dict[Any, Task] = {}
        try:
            results = distributed.as_completed(loop=client.loop)
            while waiting or sent:
                while waiting and len(sent) < _room(client):
                    task = waiting.popleft()
                    future = client.submit(_alone_on_one_thread, work, task, pure=False)
                    sent[future.key] = task
                    results.add(future)
                future = next(results)
                yield _done(distributed, future, sent.pop(future.key))
                future.release()
        except (OSError, distributed.client.FutureCancelledError):
            raise InputError(
                f"the scheduler at '{self.address}' does not answer any more"
            ) from None
        finally:
            # what runs on the workers comes to its end there, and nobody takes it
            client.close(timeout=_ANSWER)


def check_cluster(address: str) -> None:
    """Raise an InputError before any work if dask is missing or no scheduler is at `address`."""
    _client(_distributed(), address).close()


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise InputError(
            "--cluster needs dask.distributed: pip install 'plasticity-sim[cluster]'"
        ) from None
    return distributed


def _client(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError, TypeError, TimeoutError):
        raise InputError(
            f"no scheduler answers at '{address}'; start one with `dask scheduler`, and give the "
            "address it prints, as in tcp://10.0.0.1:8786"
        ) from None


def _room(client: Any) -> int:
    """Return how many tasks to have on their way: memory stays flat however many there are."""
    threads: int = sum(client.nthreads().values())
    return max(_AHEAD * threads, _FEWEST)


def _alone_on_one_thread(work: Callable[[Any], Any], task: Any) -> Any:
    with _alone, one_thread():
        return work(task)


def _done(distributed: Any, future: Any, task: Any) -> Done[Any, Any]:
    """Return what came back; RuntimeError if the work raised."""
    if future.status == "finished":
        return Done(task, future.result())
    if future.status in ("cancelled", "lost"):
        raise ConnectionError
    problem = future.exception()
    if isinstance(problem, distributed.scheduler.KilledWorker):
        return Done(task, None, "each of the workers that had it was lost")
    raise RuntimeError(f"{task} went wrong:\n{problem!r}")
