"""One condition of a protocol on the clock: pulses, windows and samples, in seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from plasticity_sim.changes import Change
from plasticity_sim.document import Document
from plasticity_sim.errors import InputError
from plasticity_sim.expressions import check_name
from plasticity_sim.protocol.formats import (
    PartFormat,
    ProtocolFormat,
    RecordFormat,
    TestFormat,
)
from plasticity_sim.protocol.pulses import (
    MOST_PULSES,
    Times,
    duration,
    part_times,
    positive_duration,
    positive_rate,
    regular_times,
)
from plasticity_sim.quantities import parse_quantity

Gap = tuple[float, float]  # s: from the last pulse of one part to the first of the next

MOST_SAMPLES = 2_000_000
_LONGEST_MOMENT = 200  # characters
DEFAULT_SAMPLES = 400  # over the whole run, where a protocol asks for none

_MOMENT = re.compile(r"\s*(start|induction|end)?\s*(?:([+-])\s*(.+?))?\s*", re.DOTALL)


@dataclass(frozen=True)
class Window:
    """A drug or a changed value that lasts from one time (s) to another."""

    name: str  # of the drug, parameter or state
    change: Change | None  # None for a drug
    start: float
    stop: float
    dose: str = ""


@dataclass(frozen=True)
class Timeline:
    """Everything that happens in one condition; time zero is the first induction pulse."""

    start: float
    last: float  # the last induction pulse
    stop: float
    baseline: float  # how long the baseline lasts
    pre: Times
    post: Times
    tests: Times  # those of `pre` that are test pulses
    windows: tuple[Window, ...]
    drugs: tuple[Window, ...]
    samples: Times
    measure_at: float  # after `last`
    measure_window: float

    @property
    def events(self) -> int:
        """The number of pulses and samples."""
        return self.pre.size + self.post.size + self.samples.size


def build_timeline(given: ProtocolFormat, document: Document) -> Timeline:
    """Return the timeline of a plain protocol; files of spikes are read from beside `document`."""
    pre, post, last, gaps = _induction(given, document)
    with document.placed("baseline"):
        baseline = _length(given.baseline, "baseline") if given.baseline else 0.0
    with document.placed("follow_up"):
        follow_up = _length(given.follow_up, "follow_up")
    earliest = min([0.0, -baseline, *pre[:1], *post[:1]])
    times = {"start": earliest, "induction": 0.0, "end": last}
    stop = last + follow_up
    tests = _tests(given, baseline, last, stop, gaps, document)
    windows, drugs = _windows(given, times, stop, document)
    with document.placed("bath"):
        for name, text in given.bath.items():
            _quantity(text, _named(name, "bath"))
    with document.placed("measure"):
        at, width = _measure(given, follow_up)
    with document.placed("record"):
        samples = _samples(given.record, times, stop) if given.record else _default(earliest, stop)
    marks = [earliest, *(last + np.linspace(at - width, at, 6))]  # the measure needs samples
    return Timeline(
        start=earliest, last=last, stop=stop, baseline=baseline,
        pre=np.sort(np.concatenate([tests, pre])), post=post, tests=tests,
        windows=windows, drugs=drugs, samples=_unique(np.concatenate([samples, marks])),
        measure_at=at, measure_window=width,
    )  # fmt: skip


def moment(text: str, times: dict[str, float]) -> float:
    """Return the time (s) of "induction - 5 min", "end + 10 min" or "30 s" (from the first pulse).

    >>> moment("end + 1 min", {"start": -600.0, "induction": 0.0, "end": 10.0})
    70.0
    """
    match = _MOMENT.fullmatch(text) if len(text) <= _LONGEST_MOMENT else None
    if not match or match[1] is None:
        try:
            return duration(text, "a moment")
        except InputError:
            hint = "write 'induction - 5 min', 'end + 10 min', 'start' or '30 s'"
            raise InputError(f"'{text[:80]}' is not a moment; {hint}") from None
    shift = duration(match[3], match[1]) if match[2] else 0.0
    return times[match[1]] + (-shift if match[2] == "-" else shift)


def _induction(given: ProtocolFormat, document: Document) -> tuple[Times, Times, float, list[Gap]]:
    """Return pre and post times, the last pulse, and the gaps between the parts."""
    pre, post, last = [np.zeros(0)], [np.zeros(0)], 0.0
    gaps, total = [], 0
    for number, part in enumerate(given.induction):
        with document.placed("induction", number):
            begin = _begin(part, number, last)
            if number:
                gaps.append((last, begin))
            part_pre, part_post = part_times(part, Path(document.path).parent)
            pulses = part_pre if part_pre.size else part_post
            if not pulses.size:
                raise InputError("a part of the induction has no pulse at all")
            total += part_pre.size + part_post.size
            if total > MOST_PULSES:
                raise InputError(f"{total} spikes in all; at most {MOST_PULSES} are possible")
        pre.append(begin + part_pre)
        post.append(begin + part_post)
        last = max(last, begin + float(pulses[-1]))
    return np.sort(np.concatenate(pre)), np.sort(np.concatenate(post)), last, gaps


def _begin(part: PartFormat, number: int, last: float) -> float:
    """Return when a part begins: the first at time zero, the others after the last pulse."""
    if number == 0:
        if part.after is not None:
            raise InputError("after: the first part begins at time zero; delete it")
        return 0.0
    if part.after is None:
        raise InputError("after: every part but the first needs the time since the last pulse")
    return last + positive_duration(part.after, "after")


def _tests(
    given: ProtocolFormat,
    baseline: float,
    last: float,
    stop: float,
    gaps: list[Gap],
    document: Document,
) -> Times:
    """Return the test pulses: through the baseline, the gaps between parts and the follow-up."""
    stretches: list[Times] = [np.zeros(0)]
    if given.baseline and given.baseline.rate:
        with document.placed("baseline"):
            interval = 1 / positive_rate(given.baseline.rate, "rate")
            stretches.append(regular_times(-baseline, 0.0, interval, "rate"))
    if given.follow_up.rate:
        with document.placed("follow_up"):
            interval = 1 / positive_rate(given.follow_up.rate, "rate")
            pause = interval if given.induction else 0.0
            for begin, end in [*gaps, (last, stop)]:
                stretches.append(regular_times(begin + pause, end, interval, "rate"))
    return np.sort(np.concatenate(stretches))


def _windows(
    given: ProtocolFormat, times: dict[str, float], stop: float, document: Document
) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
    """Return the windows of `set` and those of drugs."""
    windows, drugs = [], []
    for number, entry in enumerate(given.set):
        with document.placed("set", number):
            windows.append(_window(entry, times, stop))
    for number, drug in enumerate(given.drugs):
        with document.placed("drugs", number):
            begin, end = moment(drug.from_, times), moment(drug.until, times)
            if end <= begin:
                raise InputError(f"the drug '{drug.name}' ends before it begins")
            if drug.dose:
                _quantity(drug.dose, "dose")
            begin = max(begin, times["start"])
            drugs.append(Window(drug.name, None, begin, end, drug.dose or ""))
    for key, group in (("set", windows), ("drugs", drugs)):
        with document.placed(key):
            _check_overlaps(group)
    return tuple(windows), tuple(drugs)


def _window(entry: dict[str, str], times: dict[str, float], stop: float) -> Window:
    names = [key for key in entry if key not in ("from", "until")]
    if len(names) != 1:
        raise InputError(f"set: write one name and its value, found {', '.join(names) or 'none'}")
    text = entry[_named(names[0], "set")]
    change = Change(text)
    if not change.is_factor:
        _quantity(text, names[0])
    begin = max(moment(entry.get("from", "start"), times), times["start"])
    end = moment(entry["until"], times) if "until" in entry else stop
    if end <= begin:
        raise InputError(f"set: the window of '{names[0]}' ends before it begins")
    return Window(names[0], change, begin, end)


def _named(name: str, key: str) -> str:
    """Return what is to have a value; InputError if no model can have it."""
    try:
        return check_name(name)
    except InputError as problem:
        raise InputError(f"{key}: {problem.message}") from None


def _quantity(text: str, key: str) -> None:
    try:
        parse_quantity(text)
    except InputError as problem:
        raise InputError(f"{key}: {problem.message}") from None


def _check_overlaps(windows: list[Window]) -> None:
    ordered = sorted(windows, key=lambda w: (w.name, w.start))
    for one, two in pairwise(ordered):
        if one.name == two.name and two.start < one.stop:
            raise InputError(f"two windows of '{one.name}' overlap; let one end before the next")


def _measure(given: ProtocolFormat, follow_up: float) -> tuple[float, float]:
    if given.measure is None:
        return follow_up, 0.0
    at = positive_duration(given.measure.at, "at")
    width = duration(given.measure.window, "window") if given.measure.window else 0.0
    if at > follow_up * (1 + 1e-12):
        raise InputError(f"measure: '{given.measure.at}' lies after the follow-up has ended")
    if not 0 <= width <= at:
        raise InputError(f"measure: window '{given.measure.window}' begins before the last pulse")
    return min(at, follow_up), width


def _samples(records: list[RecordFormat], times: dict[str, float], stop: float) -> Times:
    parts = []
    total = 0
    for record in records:
        every = positive_duration(record.every, "every")
        begin = max(moment(record.from_, times), times["start"])
        end = min(moment(record.until, times) if record.until else stop, stop)
        if end < begin:
            raise InputError("record: until lies before from")
        count = int((end - begin) / every + 1e-9) + 1
        total += count
        if total > MOST_SAMPLES:
            raise InputError(f"record: {total} samples; at most {MOST_SAMPLES} are possible")
        parts.append(begin + np.arange(count) * every)
    return np.concatenate(parts)


def _default(start: float, stop: float) -> Times:
    return np.linspace(start, stop, DEFAULT_SAMPLES)


def _unique(samples: Times) -> Times:
    """Return the sorted samples; those closer than a nanosecond are one."""
    samples = np.sort(samples)
    keep = np.concatenate([[True], np.diff(samples) > 1e-9])
    kept: Times = samples[keep]
    return kept


def _length(given: TestFormat, key: str) -> float:
    return positive_duration(given.duration, f"{key}: duration")
