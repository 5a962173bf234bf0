"""What goes wrong: one line that says where, what was found and what to write instead.

InputError                 any mistake in a file, a name, a value or an option
└── UnknownName            a name nobody defined; carries the nearest known one

SimulationError            the input was fine, the run was not (not finite, no steady state)
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 600  # characters of a message: what follows was put in by the mistake itself


class InputError(ValueError):
    """A mistake of the user, told in one line as `file:line: what is wrong`."""

    def __init__(self, message: str, path: str = "", line: int | None = None):
        super().__init__(message)
        self.message = " ".join(message.split())
        self.path = path
        self.line = line

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}: " if self.line else f"{self.path}: " if self.path else ""
        return one_line(where + self.message)

    def at(self, path: str, line: int | None = None) -> InputError:
        """Return the same error with its place filled in, where it had none."""
        self.path = self.path or path
        self.line = self.line or line
        return self


class UnknownName(InputError, LookupError):
    """A name that nothing defines."""

    def __init__(self, what: str, name: str, known: Iterable[str], path: str = ""):
        super().__init__(f"no {what} called '{name}'; {suggestion(name, known)}", path)


class SimulationError(RuntimeError):
    """A run that cannot be believed: names the variable, the lane and the time."""


def one_line(text: str) -> str:
    """Return a message as one line of printable characters, and no longer than one can read.

    >>> one_line("red\\x1b[31m\\n text")
    'red\\\\x1b[31m text'
    """
    words = " ".join(text.split())
    plain = words if words.isprintable() else "".join(map(_printable, words))
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} …"


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def suggestion(name: str, known: Iterable[str], most: int = 12) -> str:
    """Return the nearest known name as a question, or the known names.

    >>> suggestion("g_ndma", ["g_nmda", "tau_ca"])
    "did you mean 'g_nmda'?"
    """
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
    return f"known: {shown}" if names else "there are none"
