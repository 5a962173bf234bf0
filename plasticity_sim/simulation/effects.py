"""What a user or a protocol sets without any effect on the run, told from the equations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

from plasticity_sim.model.influence import deciding
from plasticity_sim.model.model import Model
from plasticity_sim.protocol.protocol import Condition, Protocol
from plasticity_sim.protocol.timeline import Timeline, Window

UNREAD = "nothing that is observed depends on it under this protocol"
OUTSIDE = "its window lies outside the run"
BATH = "the bath of the protocol sets it"
WINDOW = "a window of the protocol sets it throughout"


@dataclass(frozen=True)
class _Uses:
    """What has been seen to work in some condition, and why the rest has not."""

    working: set[str]
    idle: dict[str, str]

    def add(self, label: str, reason: str) -> None:
        if reason:
            self.idle.setdefault(label, reason)
        else:
            self.working.add(label)


def without_effect(model: Model, protocol: Protocol) -> dict[str, str]:
    """Return everything set that changes nothing in any condition, with the reason.

    Looked at are the values changed since the model was read, and the bath, windows and drugs of
    the protocol. The rule is who reads whom: a value multiplied by a parameter of zero counts as
    read, one multiplied by a state that begins at zero and that nothing moves does not.
    """
    uses = _Uses(set(), {})
    deciding_names = cache(partial(_deciding, model))
    for condition in protocol.conditions:
        read = deciding_names(*_circumstances(model, condition))
        for name in sorted(model.changed):
            uses.add(name, _overridden(name, condition) or ("" if name in read else UNREAD))
        for name in condition.bath:
            if name in model.parameters:
                covered = WINDOW if _is_set_throughout(name, condition.timeline) else ""
                uses.add(f"bath {name}", covered or ("" if name in read else UNREAD))
        for window in condition.timeline.windows:
            uses.add(f"set {window.name}", _idle(window, {window.name}, read, condition.timeline))
        for window in condition.timeline.drugs:
            targets = set(model.drugs[window.name].effects)
            uses.add(f"drug {window.name}", _idle(window, targets, read, condition.timeline))
    return {name: why for name, why in uses.idle.items() if name not in uses.working}


def _circumstances(model: Model, condition: Condition) -> tuple[frozenset[str], ...]:
    """Return the kinds of events of a condition, the states it holds throughout, and what it sets.

    Conditions mostly differ in none of these.
    """
    timeline = condition.timeline
    triggers = {kind for kind in ("pre", "post") if getattr(timeline, kind).size}
    triggers |= {"spike"} if model.threshold else set()
    held = {n for n in model.clamp if _is_set_throughout(n, timeline)}
    return frozenset(triggers), frozenset(held), frozenset(w.name for w in timeline.windows)


def _deciding(
    model: Model, triggers: frozenset[str], held: frozenset[str], moved: frozenset[str]
) -> frozenset[str]:
    """Return the names that decide what is sampled."""
    wanted = [*model.observe, model.readout.variable, *model.conserve]
    return deciding(model, wanted, triggers, held, moved)


def _overridden(name: str, condition: Condition) -> str:
    """Return why the value of a parameter never counts, empty where it does."""
    if _is_set_throughout(name, condition.timeline):
        return WINDOW
    is_field = name == "field_stimulation" and condition.stimulation is not None
    return BATH if name in condition.bath or is_field else ""


def _is_set_throughout(name: str, timeline: Timeline) -> bool:
    """Tell whether windows that replace a value, not scale it, cover the whole run."""
    reached = timeline.start
    for window in sorted(timeline.windows, key=lambda w: w.start):
        replaces = window.change is not None and not window.change.is_factor
        if window.name == name and replaces and window.start <= reached:
            reached = max(reached, window.stop)
    return reached >= timeline.stop


def _idle(window: Window, targets: set[str], read: frozenset[str], timeline: Timeline) -> str:
    if window.start >= timeline.stop or window.stop <= timeline.start:
        return OUTSIDE
    return "" if targets & read else UNREAD
