"""Where within a step a comparison changes: what ends the step there, a little too late at first.

Between its beginning, middle and end a margin is taken for a parabola, so that one which changes
and changes back between two of these is seen too. What is left over is small
beside the distance of the parabola from its chord, of which a part is added: a step that is cut too
early is followed by one that is cut again, so that two short steps are made of one.

A margin that is nothing but rounding all the way, as of a state that has come to rest at what it is
compared with, changes its sign by chance, and no step ends for that.
"""

from __future__ import annotations

from collections.abc import Sequence

_BEYOND = 0.1  # of the distance between chord and parabola
_ROUNDING = 1e-12  # of what is compared


def first_crossing(switch: str, start: str, half: str, end: str, sides: Sequence[str]) -> list[str]:
    """Return statements for `_crosses_X`, 1 if the margin of switch X changes sign in a step.

    `_place_X` is then the share of the step at which it first does. `start`, `half` and `end` are
    variables with the margin's values, `sides` with the terms of its sum at the start.
    """

    def own(name: str) -> str:
        return f"_{name}_{switch}"

    early, late = own("early"), own("late")
    left, right, side, bend, rise = map(own, ("left", "right", "side", "bend", "rise"))
    chord, parabola, root = map(own, ("chord", "parabola", "root"))
    size = " + ".join(map(_size, sides))
    most = f"lane__greater({_size(half)}, lane__greater({_size(start)}, {_size(end)}))"
    return [
        f"{early} = lane__positive({half}) - _{switch}1",
        f"{late} = lane__positive({end}) - _{switch}1",
        f"{early} = {early} * {early}",
        f"{left} = lane__select({early}, {start}, {half})",
        f"{right} = lane__select({early}, {half}, {end})",
        f"{chord} = 0.5 * ({left} / ({left} - {right}) + 1.0 - {early})",
        f"{side} = 2.0 * _{switch}1 - 1.0",
        f"{bend} = 2.0 * ({start} - 2.0 * {half} + {end})",
        f"{rise} = {end} - {start} - {bend}",
        f"{root} = {rise} * {rise} - 4.0 * {bend} * {start}",
        f"{parabola} = sqrt(lane__greater({root}, 0.0)) - {side} * {rise}",
        f"{parabola} = 2.0 * {side} * {start} / {parabola}",
        f"{root} = lane__positive({root}) * lane__positive({parabola} * (1.0 - {parabola}))",
        f"{root} = lane__greater({root}, lane__greater({early}, {late} * {late}))",
        f"_crosses_{switch} = {root} * lane__below({_ROUNDING!r} * ({size}), {most})",
        f"{chord} = {_BEYOND!r} * ({chord} - {parabola})",
        f"_place_{switch} = {parabola} + lane__greater({chord}, -{chord})",
    ]


def _size(value: str) -> str:
    return f"lane__greater({value}, -{value})"
