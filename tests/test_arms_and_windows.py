"""What holds in one arm of a protocol, or for some of the time."""

import re
from pathlib import Path

import numpy as np
import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.protocol import load_protocol

HEAD = "format: 1\ntitle: own\nfollow_up: {duration: 10 s}\n"  # bodies begin on line 4
FIVE = "induction:\n  - pre: [{count: 5, rate: 1 Hz}]\n"


def own(folder: Path, body: str, head: str = HEAD):
    (folder / "own.yaml").write_text(head + body)
    return load_protocol(str(folder / "own.yaml"))


def timeline(folder: Path, body: str):
    (condition,) = own(folder, body).conditions
    return condition.timeline


@pytest.mark.parametrize(
    "change",
    [
        "title: other", "baseline: {duration: 1 s}", "induction: [{pre: [{count: 2, rate: 1 Hz}]}]",
        "follow_up: {duration: 9 s}", "bath: {mg_out: 1 mM}", "stimulation: field", "drugs: [apv]",
        "set: [{v: 0 mV}]", "record: [{every: 1 s}]", "measure: {at: 5 s}",
    ],
)  # fmt: skip
def test_an_arm_is_the_protocol_with_that_key_written_so(tmp_path, change):
    (_, arm) = own(
        tmp_path, f"{FIVE}arms: [{{name: control}}, {{name: other, {change}}}]\n"
    ).conditions
    head = HEAD.replace("follow_up: {duration: 10 s}\n", "") if "follow_up" in change else HEAD
    body = f"{change}\n" if "induction" in change else f"{FIVE}{change}\n"
    if "title" in change:
        body, head = FIVE, HEAD.replace("own", "other")
    (alone,) = own(tmp_path, body, head).conditions
    assert (arm.bath, arm.stimulation) == (alone.bath, alone.stimulation)
    one, other = arm.timeline, alone.timeline
    for name in ("pre", "tests", "samples", "windows", "drugs", "start", "stop", "measure_at"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        ("{drugs: [apv]}", "every arm needs a name"), ("{name: one}", "two are called 'one'"),
        ("{name: two, bth: {}}", "unknown key 'bth'"), ("two", "every arm needs a name"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_arm_is_told_at_its_line(tmp_path, arm, says):
    with pytest.raises(InputError, match=rf"own\.yaml:8: arms: {re.escape(says)}"):
        own(tmp_path, f"{FIVE}arms:\n  - {{name: one}}\n  - {arm}\n")


def test_a_window_lasts_from_one_moment_to_the_other(tmp_path):
    text = "set: [{v: 0 mV, from: induction + 1 s, until: end - 1 s}, {g: x 2}]\ndrugs: [apv]\n"
    line = timeline(tmp_path, FIVE + text)
    v, g = line.windows
    assert (v.name, v.change.text, v.start, v.stop) == ("v", "0 mV", 1, 3)
    assert (g.name, g.change.text, g.start, g.stop) == ("g", "x 2", 0, 14)
    assert [(d.name, d.start, d.stop >= 14) for d in line.drugs] == [("apv", 0, True)]


def test_a_window_may_begin_as_the_one_before_ends_but_must_not_be_empty(tmp_path):
    both = "set: [{v: 0 mV, until: 5 s}, {v: 1 mV, from: 5 s}]\n"
    assert len(timeline(tmp_path, FIVE + both).windows) == 2
    with pytest.raises(InputError, match="ends before it begins"):
        timeline(tmp_path, FIVE + "set: [{v: 0 mV, from: 5 s, until: 5 s}]\n")


def test_settings_of_one_name_in_several_parts_are_told_apart_by_the_part(tmp_path):
    body = (
        "induction:\n  - pre: [{count: 5, rate: '1:2:2 Hz'}]\n"
        "  - {after: 1 s, pre: [{count: 5, rate: '3:4:2 Hz'}]}\n"
    )
    axes = own(tmp_path, body).axes
    assert {axis.name: axis.texts for axis in axes} == {
        "part1.pulses.rate": ("1 Hz", "2 Hz"), "part2.pulses.rate": ("3 Hz", "4 Hz"),
    }  # fmt: skip


def test_a_timeline_has_the_times_that_the_protocol_says(tmp_path):
    clock = timeline(
        tmp_path, f"{FIVE}baseline: {{duration: 3 s}}\nmeasure: {{at: 6 s, window: 2 s}}\n"
    )
    assert (clock.start, clock.last, clock.stop, clock.baseline) == (-3.0, 4.0, 14.0, 3.0)
    assert (clock.measure_at, clock.measure_window) == (6.0, 2.0)
    assert {-3.0, 8.0, 10.0} <= set(clock.samples.tolist())


def test_without_a_measure_the_end_of_the_follow_up_is_read(tmp_path):
    clock = timeline(tmp_path, FIVE)
    assert (clock.measure_at, clock.measure_window, clock.baseline) == (10.0, 0.0, 0.0)


def test_a_window_may_be_as_long_as_the_follow_up_before_the_measure(tmp_path):
    clock = timeline(tmp_path, f"{FIVE}measure: {{at: 10 s, window: 10 s}}\n")
    assert (clock.measure_at, clock.measure_window) == (10.0, 10.0)


def test_a_drug_keeps_its_dose(tmp_path):
    clock = timeline(tmp_path, f"{FIVE}drugs: [{{name: apv, dose: 50 uM}}, ifenprodil]\n")
    assert [(drug.name, drug.dose) for drug in clock.drugs] == [
        ("apv", "50 uM"),
        ("ifenprodil", ""),
    ]


@pytest.mark.parametrize(
    ("body", "samples"),
    [
        ("record: [{every: 1 s, from: 1 s, until: 3 s}]", [0, 1, 2, 3, 14]),
        ("record: [{every: 4 s, from: end}, {every: 1 s, until: 2 s}]", [0, 1, 2, 4, 8, 12, 14]),
        (  # the measure is read at both ends of its window and at every fifth of it
            "record: [{every: 100 s}]\nmeasure: {at: 7 s, window: 2 s}",
            [0, 9, 9.4, 9.8, 10.2, 10.6, 11],
        ),
    ],
)
def test_samples_are_what_was_asked_for_the_start_and_the_measure(tmp_path, body, samples):
    assert timeline(tmp_path, f"{FIVE}{body}\n").samples == pytest.approx(samples)


def test_400_samples_go_over_the_whole_run_where_none_are_asked_for(tmp_path):
    samples = timeline(tmp_path, f"{FIVE}baseline: {{duration: 5 s}}\n").samples
    assert (samples.size, samples[0], samples[-1]) == (400, -5, 14)
    assert np.diff(samples) == pytest.approx(19 / 399)


def test_a_measure_without_a_window_is_read_once(tmp_path):
    line = timeline(tmp_path, f"{FIVE}measure: {{at: 5 s}}\n")
    assert (line.measure_at, line.measure_window) == (5, 0)


def test_without_an_induction_test_pulses_go_on_from_baseline_to_follow_up(tmp_path):
    tests = "{duration: 2 s, rate: 2 Hz}"
    text = f"format: 1\ntitle: own\nbaseline: {tests}\nfollow_up: {tests}\n"
    (condition,) = own(tmp_path, "", text).conditions
    assert condition.timeline.tests == pytest.approx([-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5])
