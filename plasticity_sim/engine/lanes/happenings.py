"""The code that runs at events: what each does to a lane, as Brian2's abstract code."""

from __future__ import annotations

from collections.abc import Sequence

from plasticity_sim.engine.lanes.timetable import Kinds
from plasticity_sim.engine.noise import DRAWS, numbered
from plasticity_sim.engine.program import PLACE
from plasticity_sim.expressions import Statement
from plasticity_sim.model.model import Model
from plasticity_sim.solver.adaptive import NEVER
from plasticity_sim.solver.statements import text
from plasticity_sim.solver.system import System

CLOCK = {
    "t": "lane__t", "since_pre": "(lane__t - pre__last)", "since_post": "(lane__t - post__last)",
}  # fmt: skip
SAMPLED = """
sample__row = sample__row + 1
sample__t = sample__after
sample__after = sample__time(sample__row + 1)
"""

# A slot of the group has one lane after the other: one at first, the next when a lane has come to
# its end and its last sample is taken. Where none is left it waits, over and without a lane.
SLOT = """
slot__done : 1   # lanes that have come to their end here
slot__count : 1  # lanes in all slots together
slot__seen : 1
"""
VACANT = f"""
({PLACE} > 0.5 and lane__over > 0.5 and sample__t > {NEVER / 2!r})
or ({PLACE} < 0.5 and lane__over < 0.5)
""".strip().replace("\n", " ")
WATCH = f"""
_gone = (lane__t - lane__begin) / (lane__end - lane__begin)
_share = (slot__done + int({PLACE} > 0.5) * _gone) / slot__count
slot__seen = lane__watch(lane__over * int({PLACE} < 0.5), N * _share, N)
"""


def opening(inputs: Sequence[str], others: Sequence[str]) -> str:
    """Return what gives a slot its next lane: its inputs, and 0 for all else that a lane has.

    Without our own mathematical functions, which tell a compiler that slots do not depend on one
    another; but each takes the lane after the one that the slot before it took.
    """
    values = enumerate(inputs)
    return "\n".join([
        f"slot__done = slot__done + int({PLACE} > 0.5)",
        "slot__count = lane__input(0)",
        "_next = lane__next(slot__count, i)",
        "_column = clip(_next, 0, slot__count - 1)",
        *(f"{name} = lane__input(1 + {row} * slot__count + _column)" for row, name in values),
        *(f"{name} = 0" for name in others),
        "lane__over = int(_next > slot__count - 0.5)",
        f"sample__t = sample__t + lane__over * {NEVER!r}",
        f"{PLACE} = (1 - lane__over) * (_next + 1)",
    ])  # fmt: skip


def changed(model: Model, own: System) -> str:
    """Return what a setting does to a lane, and what follows for all that parameters decide.

    Apart from the spikes, which would otherwise try some eighty parameters each time.
    """
    kinds = Kinds.of(model)
    lines = ["_kind = event__kind(lane__row - 1)", "_value = event__value(lane__row - 1)"]
    for name in model.parameters:
        lines.append(_chosen(kinds, f"set {name}", name, "_value"))
    for name in model.clamp:
        lines.append(_chosen(kinds, f"hold {name}", name, "_value"))
        lines.append(_chosen(kinds, f"hold {name}", f"clamp__{name}", "1.0"))
        lines.append(_chosen(kinds, f"free {name}", f"clamp__{name}", "0.0"))
    lines += [f"{name} = {text(tree, {})}" for name, tree in own.invariants.items()]
    return "\n".join([*lines, "lane__changed = 0"])


def fired(model: Model) -> str:
    code = [
        f"{s.target} = {_value(s)}"
        for block in model.blocks if block.trigger == "spike" for s in block.statements
    ]  # fmt: skip
    lines = numbered("\n".join(code), "lane__count", first=DRAWS)
    return f"{lines}\nlane__count = lane__count + 1\n{_RESTART}\nspike__ready = 0"


_RESTART = "lane__h = lane__first\nlane__fresh = 1"


def due(model: Model) -> str:
    """Return what happens to a lane at an event: all kinds in turn, all but one without effect."""
    kinds = Kinds.of(model)
    lines = ["_kind = event__kind(lane__row)"]
    for number, block in enumerate(model.blocks):
        if block.trigger == "spike":
            continue
        kind = block.trigger if block.after is None else f"block {number}"
        code = "\n".join(f"{s.target} = {_value(s)}" for s in block.statements)
        for line in numbered(code, "lane__count", first=(number + 2) * DRAWS).splitlines():
            target, _, value = line.partition(" = ")
            lines.append(_chosen(kinds, kind, target, value))
    for kind in ("pre", "post"):
        lines.append(_chosen(kinds, kind, f"{kind}__last", "lane__t"))
    last_setting = kinds.number("pre") - 0.5
    lines.append(_chosen(kinds, "end", "lane__over", "1.0"))
    return "\n".join([
        *lines,
        f"lane__changed = int(_kind < {last_setting!r})",
        "lane__over = lane__select(lane__failed, 1.0, lane__over)",
        "lane__count = lane__count + 1",
        "lane__row = lane__row + 1",
        "lane__until = event__time(lane__row)",
        *_first_step(kinds),
        _RESTART,
    ])  # fmt: skip


def _chosen(kinds: Kinds, kind: str, target: str, code: str) -> str:
    """Return the statement that gives `target` a new value at events of `kind` only."""
    here = f"int(abs(_kind - {kinds.number(kind)!r}) < 0.5)"
    return f"{target} = lane__select({here}, {code}, {target})"


def _first_step(kinds: Kinds) -> list[str]:
    """Return code that starts from the step that worked after the last event of the same kind."""

    def same(kind: str, number: int) -> str:
        return f"int(abs({kind} - {number}) < 0.5)"

    return [
        *(f"first__{n} = lane__select({same('lane__kind', n)}, lane__first, first__{n})"
          for n in kinds.spikes),
        *(f"lane__first = lane__select({same('_kind', n)}, first__{n}, lane__first)"
          for n in kinds.spikes),
        "lane__kind = _kind",
    ]  # fmt: skip


def _value(statement: Statement) -> str:
    """Return the new value of a statement's target, written out."""
    expression = statement.expression.substituted(CLOCK).text
    if statement.operator == "=":
        return expression
    return f"{statement.target} {statement.operator[0]} ({expression})"
