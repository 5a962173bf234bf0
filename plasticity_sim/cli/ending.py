"""Signals that end a command: what is half done is undone on the way out."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


class Terminated(BaseException):
    """The system asks this process to end."""


_ENDINGS: dict[int, type[BaseException]] = {
    signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated,
}  # fmt: skip
_asked: list[type[BaseException]] = []


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt and SIGTERM Terminated, unless somebody has decided.

    One that was dropped on the way is raised at the end.
    """
    _asked.clear()
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    own = (signal.default_int_handler, signal.SIG_DFL)
    mine = [number for number, handler in before.items() if handler in own]
    if current_thread() is not main_thread():
        mine = []
    for number in mine:
        signal.signal(number, _end(_ENDINGS[number]))
    try:
        yield
        go_on()
    finally:
        for number in mine:
            signal.signal(number, before[number])


def go_on() -> None:
    """Raise what a signal has asked for, again, in the thread that runs the command.

    Python drops an exception where nobody can catch it, as in what it calls when an object goes.
    """
    if _asked and current_thread() is main_thread():
        raise _asked[-1]


def end_by_code() -> None:
    """Let Python end with the exit code that it is given, after an interrupt too.

    Where one came while text ran as code, as in the making of a dataclass, `python -m` would end
    itself by the signal instead; whatever text runs next makes it forget that.
    """
    exec("")


def _end(ending: type[BaseException]) -> Callable[[int, FrameType | None], None]:
    def handler(number: int, _: FrameType | None) -> None:
        if number == signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)  # once is enough
        _asked.append(ending)
        raise ending

    return handler
