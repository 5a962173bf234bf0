"""Mistakes in a protocol: what is said of them, and that it is said at the line of the key."""

import re
from pathlib import Path

import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.protocol import load_protocol

HEAD = "format: 1\ntitle: own\nfollow_up: {duration: 10 s}\n"  # bodies begin on line 4
WANTED = "a unit like 'ms' is wanted"
NAME = "use letters, digits and single underscores"
QUANTITY = "'lots' is not a quantity; write a number and a unit, as in '0.5 nS'"


def refused(folder: Path, text: str, line: int, says: str):
    """Tell whether a protocol is refused at `line` with a message that begins with `says`."""
    (folder / "own.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"own\.yaml:{line}: {re.escape(says)}"):
        load_protocol(str(folder / "own.yaml"))
    return True


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("rate: 0 Hz", "rate: '0 Hz' must be positive"),
        ("rate: 3 mV", "rate: '3 mV' has the wrong unit"),
        ("interval: 0 s", "interval: '0 s' must be positive"),
        ("interval: 3 mV", f"interval: '3 mV' has the wrong unit; {WANTED}"),
        ("rate: []", "rate: an empty list"),
    ],
)
def test_a_wrong_spacing_of_a_level_is_told_at_its_own_line(tmp_path, key, says):
    assert refused(tmp_path, f"{HEAD}induction:\n  - pre:\n    - count: 3\n      {key}\n", 7, says)


def test_a_part_without_a_pulse_is_told_at_its_own_line(tmp_path):
    silent = "  - after: 1 s\n    pre: {poisson: 1 uHz, duration: 1 s}\n"
    text = f"{HEAD}induction:\n  - pre: [{{count: 3, rate: 1 Hz}}]\n{silent}"
    assert refused(tmp_path, text, 6, "a part of the induction has no pulse")


@pytest.mark.parametrize("wrong", [6, 7])
def test_of_two_levels_the_wrong_one_is_told(tmp_path, wrong):
    rates = ["3 mV" if line == wrong else "1 Hz" for line in (6, 7)]
    levels = "".join(f"    - {{count: 3, rate: {rate}}}\n" for rate in rates)
    assert refused(tmp_path, f"{HEAD}induction:\n  - pre:\n{levels}", wrong, "rate: '3 mV'")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("jitter: 3 mV", f"jitter: '3 mV' has the wrong unit; {WANTED}"),
        ("post: {lag: 3 mV}", f"lag: '3 mV' has the wrong unit; {WANTED}"),
        ("after: 0 s", "after: '0 s' must be positive"),
        ("after: 3 mV", f"after: '3 mV' has the wrong unit; {WANTED}"),
        (
            "post: {lag: 1 ms, burst: {count: 1001, rate: 1 kHz}}",
            "burst: 1002001 spikes; at most 1000000 are possible",
        ),
    ],
)
def test_a_mistake_in_a_later_part_is_told_at_its_own_line(tmp_path, key, says):
    pulses = "pre: [{count: 1001, rate: 1 kHz}]"
    after = "" if "after" in key else ", after: 1 s"
    text = (
        f"induction:\n  - {{{pulses}, post: {{lag: 1 ms}}}}\n  - {{{pulses}{after},\n     {key}}}\n"
    )
    assert refused(tmp_path, HEAD + text, 7, says)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("duration: 0 s", "duration: '0 s' must be positive"),
        ("duration: 3 mV", f"duration: '3 mV' has the wrong unit; {WANTED}"),
        ("duration: 1 h\n  rate: 0 Hz", "rate: '0 Hz' must be positive"),
        ("duration: 1 h\n  rate: 1 kHz", "rate: 3600000 pulses; at most 1000000 are possible"),
    ],
)
@pytest.mark.parametrize("name", ["baseline", "follow_up"])
def test_a_mistake_in_test_pulses_is_told_at_its_own_line(tmp_path, name, key, says):
    other = "follow_up: {duration: 1 s, rate: 1 Hz}" if name == "baseline" else "note: none"
    text = f"format: 1\ntitle: own\n{other}\n{name}:\n  {key}\n"
    prefix = f"{name}: " if says.startswith("duration") else ""
    assert refused(tmp_path, text, 5 + key.count("\n"), prefix + says)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("set:\n  - {v: 0 mV}\n  - {g: lots}", f"g: {QUANTITY}"),
        ("set:\n  - {v: 0 mV}\n  - {1g: 1 nS}", f"set: '1g' is not a name; {NAME}"),
        ("set:\n  - {v: 0 mV}\n  - {until: 1 s}", "set: write one name and its value, found none"),
        ("drugs:\n  - apv\n  - {name: nif, dose: lots}", f"dose: {QUANTITY}"),
        (
            "drugs:\n  - apv\n  - {name: nif, from: end, until: start}",
            "the drug 'nif' ends before it begins",
        ),
        ("bath:\n  mg_out: 1 mM\n  1x: 1 mM", f"bath: '1x' is not a name; {NAME}"),
        ("bath:\n  mg_out: 1 mM\n  x: lots", f"x: {QUANTITY}"),
        ("bath:\n  mg_out: 1 mM\n  x: []", "x: an empty list; write at least one value"),
        ("measure:\n  window: 1 s\n  at: 0 s", "at: '0 s' must be positive"),
        ("measure:\n  window: 1 s\n  at: 3 mV", f"at: '3 mV' has the wrong unit; {WANTED}"),
        ("measure:\n  at: 1 s\n  window: 3 mV", f"window: '3 mV' has the wrong unit; {WANTED}"),
        ("record:\n  - until: 3 s\n    every: 0 s", "every: '0 s' must be positive"),
        ("arms:\n  - name: a\n    bth: {}", "arms: unknown key 'bth'; did you mean 'bath'?"),
    ],
)
def test_a_mistake_in_an_entry_is_told_at_its_own_line(tmp_path, key, says):
    line = 4 if says.startswith("bath") else 6
    assert refused(tmp_path, f"{HEAD}{key}\n", line, says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("arms: []", "arms: write a list of `{name: …, changed keys}`"),
        ("record: [{every: 1 s, from: 2 s, until: 1 s}]", "record: until lies before from"),
        ("set: [{v: 0 mV, from: end + 5}]", "end: '5' has no unit"),
        ("set: [{v: 0 mV, from: -5 mV}]", "'-5 mV' is not a moment; write 'induction - 5 min'"),
        ("induction: [{after: 1 s, pre: [{count: 1}]}]", "after: the first part begins at time"),
        ("induction: [{pre: [{count: 1}]}, {pre: [{count: 1}]}]", "after: every part but the"),
        ("induction: [{pre: [{count: 1}, two]}]", "pre: "),
        ("induction: [{pre: [{count: 1, name: true}]}]", "name: input should be a valid string"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_the_key_that_it_is_in(tmp_path, text, says):
    assert refused(tmp_path, f"{HEAD}{text}\n", 4, says)


@pytest.mark.parametrize(
    "text",
    [
        "induction: [{pre: [{count: 1}], post: {levels: [{count: 1000000, rate: 1 kHz}]}}]",
        "record: [{every: 7 us}, {every: 7 us}]",  # 10 s / 7 us, twice
        "induction: [{pre: {poisson: 1001 Hz, duration: 1000 s}}]",
    ],
)
def test_more_than_anyone_could_want_is_refused(tmp_path, text):
    (tmp_path / "own.yaml").write_text(f"{HEAD}{text}\n")
    with pytest.raises(InputError, match=r"own\.yaml:4: .*; at most [12]000000 are possible"):
        load_protocol(str(tmp_path / "own.yaml"))
