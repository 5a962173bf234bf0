"""The code that runs at events: what each does to a lane, as Brian2's abstract code."""

from __future__ import annotations

from collections.abc import Sequence

from plasticity_sim.engine.lanes.timetable import Kinds
from plasticity_sim.engine.noise import DRAWS, numbered
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
WATCH = f"""
lane__seen = lane__watch(lane__over * int(sample__t > {NEVER / 2!r}),
    lane__over + (1 - lane__over) * (lane__t - lane__begin) / (lane__end - lane__begin), N)
""".replace("\n    ", " ")


def opening(inputs: Sequence[str]) -> str:
    """Return what fills the group before its first pass; no second one follows."""
    rows = enumerate(inputs)
    return "\n".join(f"{name} = lane__input({row} * N + i)" for row, name in rows)


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
