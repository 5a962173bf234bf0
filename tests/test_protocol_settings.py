"""Settings of a protocol: what they are called, which are axes, and what a change leaves."""

from pathlib import Path

import pytest

from plasticity_sim.document import parse_document
from plasticity_sim.errors import InputError
from plasticity_sim.protocol import load_protocol
from plasticity_sim.protocol.axes import axes

HEAD = "format: 1\ntitle: own\nfollow_up: {duration: 10 s}\n"  # bodies begin on line 4
LEVEL = "{count: 3, rate: 1 Hz}"


def own(folder: Path, body: str):
    (folder / "own.yaml").write_text(f"{HEAD}{body}\n")
    return load_protocol(str(folder / "own.yaml"))


def swept(folder: Path):
    return own(folder, "induction: [{pre: [{count: [2, 3], rate: [1 Hz, 2 Hz]}]}]")


@pytest.mark.parametrize(
    ("part", "names"),
    [
        (f"pre: [{LEVEL}]", ["pulses"]),
        (f"post: {{levels: [{LEVEL}]}}", ["pulses"]),
        (f"pre: [{', '.join([LEVEL] * 4)}]", ["level3", "trains", "bursts", "pulses"]),
        (f"pre: [{{name: sets, count: 2, rate: 1 Hz}}, {LEVEL}]", ["sets", "pulses"]),
        (f"pre: [{LEVEL}], post: {{levels: [{LEVEL}]}}",
         ["part1.pre.pulses", "part1.post.levels.pulses"]),
        (f"pre: [{{name: levels, count: 2, rate: 1 Hz}}], post: {{levels: {LEVEL}}}",
         ["part1.pre.levels", "part1.post.levels"]),
        ("pre: [{name: a, count: 2, rate: 1 Hz}, {name: a, count: 3, rate: 1 Hz}]",
         ["part1.pre.1.a", "part1.pre.2.a"]),
        (f"pre: [{LEVEL}], post: {{lag: 1 ms, burst: {LEVEL}}}", ["pulses", "burst"]),
    ],
)  # fmt: skip
def test_a_level_is_called_by_its_name_or_its_depth(tmp_path, part, names):
    found = own(tmp_path, f"induction: [{{{part}}}]").setting_names
    assert [name for name in found if name.endswith("count")] == [f"{name}.count" for name in names]


def test_a_level_named_like_a_key_of_the_protocol_is_told_apart_from_it(tmp_path):
    level = "{name: baseline, count: 3, rate: 1 Hz}"
    text = f"baseline: {{duration: 5 s, rate: 2 Hz}}\ninduction: [{{pre: [{level}]}}]"
    found = own(tmp_path, text).setting_names
    assert [name for name in found if name.endswith("rate")] == [
        "baseline.baseline.rate", "part1.baseline.rate",
    ]  # fmt: skip


def test_a_setting_of_pre_and_of_post_spikes_is_not_changed_before_one_is_chosen(tmp_path):
    protocol = own(tmp_path, f"induction: [{{pre: [{LEVEL}], post: {{levels: [{LEVEL}]}}}}]")
    with pytest.raises(InputError, match=r"'count' could mean part1\.pre\.pulses\.count or part1"):
        protocol.with_settings(count="5")
    changed = protocol.with_settings(**{"pre.pulses.count": "5"}).conditions[0].timeline
    assert (changed.pre.size, changed.post.size) == (5, 3)


def test_axes_stand_in_the_order_of_the_file(tmp_path):
    level = "[{count: [2, 3], rate: [1 Hz, 2 Hz]}]"
    protocol = own(tmp_path, f"induction: [{{pre: {level}}}, {{after: 1 s, pre: {level}}}]")
    assert [axis.name for axis in protocol.axes] == [
        f"part{part}.pulses.{key}" for part in (1, 2) for key in ("count", "rate")
    ]


def test_a_key_without_a_value_is_no_setting(tmp_path):
    assert own(tmp_path, "measure:").setting_names == ["follow_up.duration"]


def test_a_list_of_one_value_is_an_axis_of_one(tmp_path):
    (axis,) = own(tmp_path, "induction: [{pre: [{count: 2, rate: [4 Hz]}]}]").axes
    assert (axis.name, axis.coordinate) == ("rate", [4])


def test_a_change_of_one_setting_leaves_the_axes_of_the_others(tmp_path):
    changed = swept(tmp_path).with_settings(count="5")
    assert [axis.name for axis in changed.axes] == ["rate"]
    assert [c.timeline.last for c in changed.conditions] == [4, 2]


def test_a_change_leaves_the_protocol_that_it_was_made_from(tmp_path):
    protocol = swept(tmp_path)
    protocol.with_settings(count="9")
    assert [axis.name for axis in protocol.with_settings(rate="1 Hz").axes] == ["count"]


def test_a_protocol_is_called_like_its_file_before_and_after_a_change(tmp_path):
    protocol = swept(tmp_path)
    assert (protocol.name, protocol.with_settings(count="5").name) == ("own", "own")


def test_a_mistake_that_two_settings_make_together_names_both(tmp_path):
    with pytest.raises(InputError, match=r"^count, rate: 1000 pulses would last longer"):
        swept(tmp_path).with_settings(count="1000", rate="1e-6 Hz")


def test_the_stimulation_is_that_of_the_protocol(tmp_path):
    (condition,) = own(tmp_path, "stimulation: single").conditions
    assert condition.stimulation == "single"


@pytest.mark.parametrize("more", ["", "arms: [{name: a}, {name: b}]\n"], ids=["settings", "arms"])
def test_ten_thousand_conditions_are_possible_and_no_more(more):
    arms = 2 if more else 1
    most, excess = (
        parse_document(f'{HEAD}{more}bath: {{x: "0:1:{count // arms}"}}\n', "own.yaml")
        for count in (10_000, 10_000 + arms)
    )
    assert len(axes(most, most.data)) == arms
    with pytest.raises(InputError, match=rf"has {10_000 + arms} conditions; at most 10000 are"):
        axes(excess, excess.data)
