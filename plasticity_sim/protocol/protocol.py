"""`load_protocol`: a YAML file to a Protocol, whose conditions are ready to run."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from plasticity_sim.axis import Axis
from plasticity_sim.document import Document, Place, read_document, validated_data
from plasticity_sim.errors import InputError
from plasticity_sim.library import find
from plasticity_sim.protocol.axes import axes, conditions, find_setting, place_value, settings
from plasticity_sim.protocol.formats import ProtocolFormat
from plasticity_sim.protocol.timeline import Timeline, build_timeline
from plasticity_sim.quantities import expand_list

MOST_EVENTS = 20_000_000  # of all conditions together: 160 MB


@dataclass(frozen=True)
class Condition:
    """One combination of the axes' values."""

    labels: dict[str, str]
    timeline: Timeline
    bath: dict[str, str] = field(default_factory=dict)
    stimulation: str | None = None


@dataclass(frozen=True)
class Protocol:
    """What the experimenter does; lists and ranges in it are axes."""

    name: str
    document: Document
    data: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.data["title"])

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The dimensions of the protocol: swept settings in file order, then the arms."""
        return tuple(axes(self.document, self.data))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every combination of the axes' values, the last axis changing fastest."""
        found, events = [], 0
        for pair in conditions(self.data, list(self.axes)):
            found.append(self._condition(*pair))
            events += found[-1].timeline.events
            if events > MOST_EVENTS:
                raise self.document.error(
                    f"has more than {MOST_EVENTS} pulses and samples over all conditions"
                )
        return tuple(found)

    def _condition(self, labels: dict[str, str], plain: dict[str, Any]) -> Condition:
        given = validated_data(self.document, plain, ProtocolFormat)
        timeline = build_timeline(given, self.document)
        return Condition(labels, timeline, dict(given.bath), given.stimulation)

    @property
    def setting_names(self) -> list[str]:
        """Full names of every value that may be set or swept."""
        return list(settings(self.data))

    def has_setting(self, name: str) -> bool:
        """Tell whether the protocol itself has a value of this name."""
        return find_setting(self.data, name) is not None

    def with_settings(self, **values: str) -> Protocol:
        """Return the protocol with settings changed; a list or range makes an axis."""
        data = copy.deepcopy(self.data)
        places: dict[str, Place] = {}
        for name, text in values.items():
            place = find_setting(data, name)
            if place is None:
                raise InputError(f"protocol '{self.name}' has no setting '{name}'")
            places[name] = place
            texts = expand_list(str(text))
            place_value(data, place, texts if len(texts) > 1 else texts[0])
        changed = Protocol(self.name, self.document, data)
        try:
            _ = changed.conditions  # a wrong value is an error here, not later
        except InputError as problem:  # which the file's lines would only hide
            raise InputError(_of_setting(problem.message, places)) from None
        return changed

    def with_drugs(self, drugs: list[dict[str, str]]) -> Protocol:
        """Return the protocol with more drugs, each `{name, dose, from, until}`."""
        data = copy.deepcopy(self.data)
        if isinstance(data.get("drugs", []), list):  # else every arm has its own
            data["drugs"] = [*data.get("drugs", []), *drugs]
        for arm in data.get("arms") or []:
            if "drugs" in arm:
                arm["drugs"] = [*arm["drugs"], *drugs]
        return Protocol(self.name, self.document, data)


def _of_setting(message: str, places: dict[str, Place]) -> str:
    """Return what is wrong with a setting, begun with its name in place of the file's keys.

    >>> _of_setting("baseline: rate: '0 Hz' must be positive", {"rate": ("baseline", "rate")})
    "rate: '0 Hz' must be positive"
    """
    for name, place in places.items():
        reason = message
        for step in place:
            reason = reason.removeprefix(f"{step}: ")
        if reason != message:
            return f"{name}: {reason}"
    return f"{', '.join(places)}: {message}"


def load_protocol(name: str) -> Protocol:
    """Return a shipped protocol by name, or the user's own by the path of its YAML file.

    >>> len(load_protocol("stdp_pairs").conditions)
    31
    """
    path = find("protocols", name)
    document = read_document(path)
    protocol = Protocol(path.stem, document, document.data)
    if "title" not in document.data:
        raise document.error("'title' is missing")
    _ = protocol.conditions
    return protocol
