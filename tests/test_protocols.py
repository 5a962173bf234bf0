"""Protocols: when pulses come, what the axes are, and what cannot be asked for."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity_sim.errors import InputError
from plasticity_sim.protocol import load_protocol
from plasticity_sim.protocol.formats import LevelFormat
from plasticity_sim.protocol.pulses import nested_times, regular_times

HEAD = "format: 1\ntitle: own\nfollow_up: {duration: 10 s}\n"  # bodies begin on line 4
FIVE = "induction:\n  - pre: [{count: 5, rate: 1 Hz}]\n"
LEVELS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 2000)), min_size=1, max_size=4)


def own(folder: Path, body: str, head: str = HEAD):
    (folder / "own.yaml").write_text(head + body)
    return load_protocol(str(folder / "own.yaml"))


def timeline(folder: Path, body: str, head: str = HEAD):
    (condition,) = own(folder, body, head).conditions
    return condition.timeline


def part(folder: Path, text: str):
    return timeline(folder, f"induction: [{text}]\n")


@settings(max_examples=200, deadline=None)
@given(LEVELS)
def test_nested_levels_give_the_product_of_counts_over_the_sum_of_spans(levels):
    times = nested_times([LevelFormat(count=n, interval=f"{gap} ms") for n, gap in levels])
    assert times.size == np.prod([n for n, _ in levels])
    assert (np.diff(times) >= 0).all()
    assert times[0] == 0
    assert times[-1] == pytest.approx(sum((n - 1) * gap for n, gap in levels) / 1000)


def test_theta_burst_is_two_trains_of_ten_bursts_of_four_pulses():
    (condition,) = load_protocol("theta_burst").conditions
    line = condition.timeline
    pulses = np.setdiff1d(line.pre, line.tests).reshape(2, 10, 4)
    assert np.diff(pulses, axis=2) == pytest.approx(0.01)
    assert np.diff(pulses[:, :, 0], axis=1) == pytest.approx(0.2)
    assert np.diff(pulses[:, 0, 0]) == pytest.approx(10)
    assert line.last == pytest.approx(10 + 9 * 0.2 + 3 * 0.01)


@pytest.mark.parametrize("lag", [10, 0, -10])
def test_the_lag_is_post_minus_pre(tmp_path, lag):
    line = part(tmp_path, f"{{pre: [{{count: 5, rate: 1 Hz}}], post: {{lag: {lag} ms}}}}")
    assert line.post - line.pre == pytest.approx(lag / 1000)


def test_a_post_burst_begins_at_the_lag(tmp_path):
    burst = "burst: {count: 3, rate: 100 Hz}"
    line = part(tmp_path, f"{{pre: [{{count: 2, rate: 1 Hz}}], post: {{lag: 5 ms, {burst}}}}}")
    assert line.post == pytest.approx([0.005, 0.015, 0.025, 1.005, 1.015, 1.025])


def test_post_spikes_alone_come_in_levels(tmp_path):
    line = part(tmp_path, "{post: {levels: [{count: 3, rate: 10 Hz}]}}")
    assert (line.pre.size, line.last) == (0, pytest.approx(0.2))
    assert line.post == pytest.approx([0, 0.1, 0.2])


def test_jitter_is_the_same_in_every_run_and_other_with_another_seed(tmp_path):
    text = "{{pre: [{{count: 50, rate: 1 Hz}}], post: {{lag: 5 ms}}, jitter: 3 ms, seed: {}}}"
    one, two, other = (part(tmp_path, text.format(seed)) for seed in (1, 1, 2))
    assert (one.pre == two.pre).all()
    assert (one.pre != other.pre).any()
    assert 0.001 < np.std(one.pre - np.arange(50)) < 0.006
    assert one.post == pytest.approx(np.arange(50) + 0.005)  # so that the lag varies
    assert np.mean(one.pre - np.arange(50)) == pytest.approx(0, abs=4 * 0.003 / 50**0.5)


def test_a_jitter_of_zero_moves_no_pulse(tmp_path):
    line = part(tmp_path, "{pre: [{count: 5, rate: 1 Hz}], jitter: 0 ms}")
    assert line.pre.tolist() == [0, 1, 2, 3, 4]


def test_one_level_may_be_written_without_a_list(tmp_path):
    line = part(tmp_path, "{pre: {count: 3, rate: 1 Hz}, post: {levels: {count: 2, rate: 1 Hz}}}")
    assert (line.pre.tolist(), line.post.tolist()) == ([0, 1, 2], [0, 1])


def test_a_poisson_train_is_the_same_in_every_run_at_its_mean_rate(tmp_path):
    text = "{{pre: {{poisson: 50 Hz, duration: 100 s, seed: {}}}}}"
    one, two, other = (part(tmp_path, text.format(seed)).pre for seed in (7, 7, 8))
    assert (one == two).all()
    assert one.size != other.size or (one != other).any()
    assert one.size == pytest.approx(5000, abs=5 * 5000**0.5)
    assert np.std(np.diff(one)) == pytest.approx(0.02, rel=0.1)  # exponential: s.d. = mean


def test_a_poisson_train_lasts_as_long_as_it_says(tmp_path):
    line = part(tmp_path, "{pre: {poisson: 1 kHz, duration: 2 s}}")
    assert line.last == pytest.approx(2, abs=0.04)  # forty intervals at both ends


def test_a_part_begins_after_the_last_pulse_of_the_part_before(tmp_path):
    line = timeline(tmp_path, FIVE + "  - {after: 60 s, pre: [{count: 2, rate: 10 Hz}]}\n")
    assert line.pre == pytest.approx([0, 1, 2, 3, 4, 64, 64.1])
    assert line.stop == pytest.approx(74.1)


def test_test_pulses_come_in_baseline_gap_and_follow_up(tmp_path):
    head = "format: 1\ntitle: own\nbaseline: {duration: 30 s, rate: 0.1 Hz}\n"
    head += "follow_up: {duration: 30 s, rate: 0.1 Hz}\n"
    line = timeline(tmp_path, FIVE + "  - {after: 25 s, pre: [{count: 1}]}\n", head)
    assert line.tests == pytest.approx([-30, -20, -10, 14, 24, 39, 49])
    assert (line.start, line.last, line.stop) == pytest.approx((-30, 29, 59))


def test_a_list_or_a_range_is_an_axis(tmp_path):
    protocol = own(tmp_path, "induction: [{pre: [{count: 2, rate: [1 Hz, 10 Hz]}]}]\n")
    assert [(a.name, a.unit, a.coordinate) for a in protocol.axes] == [("rate", "Hz", [1, 10])]
    assert [c.timeline.last for c in protocol.conditions] == pytest.approx([1, 0.1])
    (axis,) = own(tmp_path, 'induction: [{pre: [{count: 1}], post: {lag: "-4:4:3 ms"}}]\n').axes
    assert (axis.name, axis.coordinate) == ("lag", pytest.approx([-4, 0, 4]))


def test_two_axes_make_every_combination_the_last_fastest(tmp_path):
    protocol = own(tmp_path, "induction: [{pre: [{count: [1, 2], rate: [1 Hz, 4 Hz]}]}]\n")
    assert [tuple(c.labels.values()) for c in protocol.conditions] == [
        ("1", "1 Hz"), ("1", "4 Hz"), ("2", "1 Hz"), ("2", "4 Hz")
    ]  # fmt: skip


def test_an_axis_of_a_bath_may_be_in_degrees_or_percent(tmp_path):
    protocol = own(tmp_path, FIVE + "bath: {temperature: [30 degC, 36 degC], block: [0 %, 50 %]}\n")
    assert [axis.coordinate for axis in protocol.axes] == [pytest.approx([30, 36]), [0, 50]]


def test_arms_replace_what_they_name(tmp_path):
    arms = "[{name: control}, {name: low, bath: {mg_out: 0.1 mM}, follow_up: {duration: 5 s}}]"
    control, low = own(tmp_path, f"{FIVE}arms: {arms}\n").conditions
    assert (control.labels, low.labels) == ({"arm": "control"}, {"arm": "low"})
    assert (control.bath, low.bath) == ({}, {"mg_out": "0.1 mM"})
    assert (control.timeline.stop, low.timeline.stop) == (14, 9)


def test_a_setting_is_changed_by_its_short_and_its_full_name():
    protocol = load_protocol("stdp_pairs")
    for name in ("count", "pairs.count"):
        assert protocol.with_settings(**{name: "2"}).conditions[0].timeline.last == 1


def test_the_settings_of_the_induction_come_before_those_of_test_pulses():
    changed = load_protocol("low_frequency").with_settings(rate="1,10 Hz")  # a list makes an axis
    assert changed.axes[0].texts == ("1 Hz", "10 Hz")
    assert [c.timeline.last for c in changed.conditions] == pytest.approx([899, 89.9])


def test_a_setting_that_could_mean_two_names_them():
    with pytest.raises(InputError, match=r"'count' could mean pulses\.count or slow_pulses\.count"):
        load_protocol("depotentiation").with_settings(count="5")


@pytest.mark.parametrize("text", ["1 mV", "0 Hz", "-1 Hz", "fast", "1: 2: x"])
def test_a_wrong_setting_names_the_setting_once(text):
    for name in ("rate", "pulses.rate", "follow_up.duration"):
        with pytest.raises(InputError, match=rf"^{name}: '"):
            load_protocol("low_frequency").with_settings(**{name: text})
    with pytest.raises(InputError, match="has no setting 'rat'"):
        load_protocol("low_frequency").with_settings(rat=text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rat: 1 Hz", "did you mean 'rate'?"), ("interval: 3 mV", "'3 mV' has the wrong unit"),
        ("name: x", "needs a rate or an interval"), ("rate: -1 Hz", "'-1 Hz' must be positive"),
        ("rate: 1 Hz, interval: 1 s", "count"), ("interval: 0 s", "'0 s' must be positive"),
        ("interval: 3", "'3' has no unit"), ("rate: 0 Hz", "'0 Hz' must be positive"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_level_is_told_at_its_line(tmp_path, text, says):
    with pytest.raises(InputError, match=rf"own\.yaml:5: .*{re.escape(says)}"):
        own(tmp_path, f"induction:\n  - pre: [{{count: 3, {text}}}]\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pre: [{count: 0, rate: 1 Hz}]", "greater than or equal to 1"),
        ("name: no", "needs pre, post"), ("pre: {poisson: 1 MHz, duration: 1 h}", "out of bounds"),
        ("pre: [{count: 1000000000, rate: 1 Hz}]", "1000000"),
        ("post: {lag: 5 ms}", "a lag needs pre"),
        ("pre: [{count: 1}], pots: {lag: 1 ms}", "did you mean 'post'?"),
        ("pre: [{count: 1}], post: {lag: 5}", "'5' has no unit"),
        ("pre: [{count: 1}], jitter: -1 ms", "'-1 ms' is negative"),
        ("pre: {poisson: 0 Hz, duration: 1 s}", "'0 Hz' must be positive"),
        ("pre: {poisson: 1 Hz}", "a random train needs a duration"),
        ("after: 1 s, pre: [{count: 1}]", "the first part begins at time zero"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_part_is_told_at_its_line(tmp_path, text, says):
    with pytest.raises(InputError, match=rf"own\.yaml:5: .*{re.escape(says)}"):
        own(tmp_path, f"induction:\n  - {{{text}}}\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inducton: [{pre: [{count: 1}]}]", "did you mean 'induction'?"),
        ("induction: [{pre: [{count: 1}]}, {pre: [{count: 1}]}]", "every part but the first"),
        ("induction: [{pre: [{count: 1}]}, {after: -1 s, pre: [{count: 1}]}]", "must be positive"),
        ("baseline: {duration: 0 s}", "'0 s' must be positive"), ("arms: []", "arms: write a list"),
        ("stimulation: both", "stimulation"), ("record: [{every: 0 s}]", "'0 s' must be positive"),
        ("baseline: {duration: -5 s}", "'-5 s' must be positive"), ("bath: {x: []}", "empty list"),
        ("baseline: {duration: 5 s, rate: 0 Hz}", "'0 Hz' must be positive"),
        ("baseline: {duration: 5 mV}", "'5 mV' has the wrong unit"),
        ("set: [{v: 0 mV, until: 5 s}, {v: 1 mV, from: 4 s}]", "of 'v' overlap"),
        ("set: [{v: 0 mV, from: 5 s, until: 4 s}]", "ends before it begins"),
        ("set: [{v: 0 mV, g: 1 nS}]", "found v, g"), ("record: [{every: 1 ns}]", "at most 2000000"),
        ("set: [{v: lots}]", "'lots' is not"), ("arms: [{drugs: [apv]}]", "every arm needs a name"),
        ("bath: {x: lots}", "'lots' is not"), ("measure: {at: 0 s}", "'0 s' must be positive"),
        ("drugs: [apv, apv]", "of 'apv' overlap"), ("bath: {x: [1 mM, 2 mV]}", "wrong unit"),
        ("drugs: [{name: apv, from: end, until: start}]", "ends before it begins"),
        ("drugs: [{name: apv, frm: end}]", "did you mean 'from'?"),
        ("drugs: [{name: apv, from: later}]", "'later' is not a moment"),
        ("measure: {at: 11 s}", "after the follow-up has ended"),
        ("measure: {at: 5 s, window: 6 s}", "before the last pulse"),
        ("record: [{every: 1 s, from: 2 s, until: 1 s}]", "until lies before from"),
        ("arms: [{name: a}, {name: a}]", "two are called 'a'"),
        ("arms: [{name: a, bth: {}}]", "did you mean 'bath'?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_protocol_is_told_at_its_line(tmp_path, text, says):
    with pytest.raises(InputError, match=rf"own\.yaml:4: .*{re.escape(says)}"):
        own(tmp_path, text)


LEVEL = "{count: 1000, rate: 1 kHz}"


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (f"induction: [{{pre: [{LEVEL}, {LEVEL}, {LEVEL}]}}]", HEAD),
        (f"induction: [{{pre: [{LEVEL}, {LEVEL}], post: {{lag: 1 ms, burst: {LEVEL}}}}}]".replace(
            "1000", "300"), HEAD),
        ("baseline: {duration: 1 h, rate: 1 kHz}", HEAD),
        ("", HEAD.replace("10 s", "1 h, rate: 1 kHz")),
        ('bath: {a: "0:1:1000", b: "0:1:1000"}', HEAD),
    ],
    ids=["levels", "post burst", "baseline", "follow-up", "conditions"],
)  # fmt: skip
def test_too_many_pulses_or_conditions_are_refused_at_once(tmp_path, body, head):
    with pytest.raises(InputError, match=r"own\.yaml.*at most 10+ are possible"):
        own(tmp_path, body, head)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(0, 10))
def test_samples_are_sorted_and_never_twice(tmp_path_factory, every, finer, until):
    folder = tmp_path_factory.mktemp("samples")
    record = f"record: [{{every: {every} ms}}, {{every: {finer} ms, until: {until} s}}]\n"
    samples = timeline(folder, FIVE + record).samples
    assert (np.diff(samples) > 1e-9).all()
    assert (samples[0], samples[-1]) == (0, pytest.approx(14))


def test_a_million_pulses_are_possible():
    assert nested_times([LevelFormat(count=1000, rate="1 kHz")] * 2).size == 1_000_000
    assert regular_times(0.0, 1000.0, 0.001, "rate").size == 1_000_000


def test_the_bound_on_pulses_holds_for_all_parts_together(tmp_path):
    parts = "  - {after: 1 s, pre: [{count: 600000, rate: 1 kHz}]}\n" * 2
    with pytest.raises(InputError, match=r"own\.yaml:\d+: 1200005 spikes .* at most 1000000"):
        timeline(tmp_path, FIVE + parts)
