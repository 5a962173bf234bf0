"""The code that runs at events on a grid of steps: what each kind does, as Brian2 wants it."""

from __future__ import annotations

from plasticity_sim.engine.noise import DRAWS, numbered
from plasticity_sim.expressions import Statement
from plasticity_sim.model.equations import base_unit_text
from plasticity_sim.model.model import Model

SETTING, SAMPLE = "setting", "sample"
_SINCE = {"since_pre": "(t - pre__last)", "since_post": "(t - post__last)"}


def happenings(model: Model) -> dict[str, str]:
    """Return what each kind of event does, in the order in which they happen within a step.

    Settings come first, then pre, post and delayed blocks; samples do nothing.
    """
    found = {SETTING: _setting_code(model)}
    for kind in ("pre", "post"):
        found[kind] = f"{event_code(model, kind)}\n{kind}__last = t"
    for number, block in enumerate(model.blocks):
        if block.after is not None and block.trigger != "spike":
            found[delayed(number)] = _block_code(model, number)
    return {kind: _moving_on(kind, code) for kind, code in (found | {SAMPLE: ""}).items()}


def delayed(number: int) -> str:
    """Return the kind of event that block `number` of a model is, some time after its trigger."""
    return f"delayed{number}"


def event_code(model: Model, kind: str) -> str:
    """Return what Brian2 runs at an event of `kind`: its blocks without a delay, in their order."""
    numbers = [n for n, b in enumerate(model.blocks) if b.trigger == kind and b.after is None]
    return "\n".join(_block_code(model, number) for number in numbers)


def set_names(model: Model) -> list[str]:
    """Return the names of all that a setting decides, in the order of its table."""
    clamps = [f"{kind}__{name}" for name in model.clamp for kind in ("clamp", "target")]
    return [*model.parameters, *clamps]


def looked_up(place: str, unit: str = "1") -> str:
    """Return the code that reads a lane's column of row `place` of a table.

    >>> looked_up("pre__base + 2", "volt")
    'lane__input(pre__base + 2 + i) * volt'
    """
    return f"lane__input({place} + i)" + (f" * {unit}" if unit != "1" else "")


def _moving_on(kind: str, code: str) -> str:
    """Return `code` and what finds the next step at which an event of its kind is due."""
    following = looked_up(f"{kind}__base + {kind}__count * N")
    return f"{code}\n{kind}__count += 1\n{kind}__next = {following}".strip()


def _setting_code(model: Model) -> str:
    """Return what a setting does: every parameter has the value that its table tells."""
    names = set_names(model)
    row = {name: f"values__base + (setting__count * {len(names)} + {n}) * N"
           for n, name in enumerate(names)}  # fmt: skip
    units = {
        name: base_unit_text(model.dimensions[name]) for name in (*model.parameters, *model.clamp)
    }
    lines = [f"{name} = {looked_up(row[name], units[name])}" for name in model.parameters]
    for name in model.clamp:
        target = looked_up(row[f"target__{name}"], units[name])
        lines.append(f"clamp__{name} = {looked_up(row[f'clamp__{name}'])}")
        lines.append(f"{name} = clamp__{name} * {target} + (1 - clamp__{name}) * {name}")
    return "\n".join(lines)


def _block_code(model: Model, number: int) -> str:
    code = "\n".join(map(_written_out, model.blocks[number].statements))
    # the state update draws first and the threshold second, whatever else is in the model
    return numbered(code, "t_in_timesteps", first=(number + 2) * DRAWS)


def _written_out(statement: Statement) -> str:
    """Return the code of one statement; Brian2 would read `x *= a + b` as `x = x * a + b`."""
    expression = statement.expression.substituted(_SINCE).text
    if statement.operator == "=":
        return f"{statement.target} = {expression}"
    return f"{statement.target} = {statement.target} {statement.operator[0]} ({expression})"
