"""Spikes read from files: what is read, what is refused, and at which line."""

import re
from pathlib import Path

import pytest

from plasticity_sim.document import LARGEST_FILE
from plasticity_sim.errors import InputError
from plasticity_sim.protocol import load_protocol

HEAD = "format: 1\ntitle: own\nfollow_up: {duration: 10 s}\n"  # bodies begin on line 4


def part(folder: Path, text: str):
    (folder / "own.yaml").write_text(f"{HEAD}induction: [{text}]\n")
    (condition,) = load_protocol(str(folder / "own.yaml")).conditions
    return condition.timeline


@pytest.mark.parametrize("heading", ["", "time\n", "time (s)\n", "t (s)\n"])
def test_spikes_are_read_from_a_file(tmp_path, heading):
    (tmp_path / "spikes.csv").write_text(heading + "0\n0.5\n0.25\n")
    assert part(tmp_path, "{pre: {file: spikes.csv}}").pre == pytest.approx([0, 0.25, 0.5])


def test_time_zero_is_the_first_pulse_of_a_file_too(tmp_path):
    (tmp_path / "spikes.csv").write_text("5\n6\n")
    line = part(tmp_path, "{pre: {file: spikes.csv}}")
    assert (line.pre[0], line.last) == (0, 1)


def test_time_zero_is_the_first_post_spike_where_there_are_no_pre_spikes(tmp_path):
    (tmp_path / "spikes.csv").write_text("5\n6\n")
    line = part(tmp_path, "{post: {train: {file: spikes.csv}}}")
    assert (line.post.tolist(), line.last) == ([0, 1], 1)


def test_pre_and_post_spikes_of_two_files_keep_their_distance(tmp_path):
    (tmp_path / "pre.csv").write_text("5\n6\n")
    (tmp_path / "post.csv").write_text("4.5\n7\n")
    line = part(tmp_path, "{pre: {file: pre.csv}, post: {train: {file: post.csv}}}")
    assert (line.pre.tolist(), line.post.tolist()) == ([0, 1], [-0.5, 2])


def test_a_spike_file_may_be_larger_than_a_protocol(tmp_path):
    (tmp_path / "spikes.csv").write_text("".join(f"{n}.000000000000\n" for n in range(12_000)))
    assert (tmp_path / "spikes.csv").stat().st_size > LARGEST_FILE
    assert part(tmp_path, "{pre: {file: spikes.csv}}").pre.size == 12_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time\n0\nsoon\n", "spikes.csv:3: 'soon' is not a time in seconds"),
        ("0\n\n\nsoon\n", "spikes.csv:4: 'soon' is not a time in seconds"),
        ("0\nnan\n", "spikes.csv:2: 'nan' is not a time"), ("", "needs at least one time"),
        ("-1\n2\n", "all from 0 s on"), ("0\n1e300\n", "spikes.csv"),
    ],
)  # fmt: skip
def test_a_wrong_spike_file_names_its_line(tmp_path, text, says):
    (tmp_path / "spikes.csv").write_text(text)
    with pytest.raises(InputError, match=re.escape(says)):
        part(tmp_path, "{pre: {file: spikes.csv}}")


def test_spikes_may_come_for_three_years_and_no_longer(tmp_path):
    (tmp_path / "spikes.csv").write_text("0\n1e8\n")
    assert part(tmp_path, "{pre: {file: spikes.csv}}").last == 1e8
    (tmp_path / "spikes.csv").write_text("0\n1.0001e8\n1\n")
    with pytest.raises(InputError, match=r"'spikes\.csv' needs"):
        part(tmp_path, "{pre: {file: spikes.csv}}")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("poisson: 0 Hz, duration: 1 s", "poisson: '0 Hz'"),
        ("poisson: 1 Hz, duration: 0 s", "duration: '0 s'"),
    ],
)
def test_a_random_train_names_what_is_wrong_with_it(tmp_path, text, key):
    with pytest.raises(InputError, match=re.escape(f"{key} must be positive")):
        part(tmp_path, f"{{pre: {{{text}}}}}")


@pytest.mark.parametrize("name", ["../secret.csv", "{}/secret.csv", "link.csv", "a/../../s.csv"])
def test_spikes_are_not_read_from_outside_the_folder(tmp_path, name):
    (tmp_path / "secret.csv").write_text("0\n1\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match=r"own\.yaml:4: file: '.*' lies outside the folder"):
        part(tmp_path / "inside", f"{{pre: {{file: {name.format(tmp_path)}}}}}")


def test_a_spike_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"own\.yaml:4: file: there is no file 'no\.csv'"):
        part(tmp_path, "{pre: {file: no.csv}}")


@pytest.mark.parametrize("first", ["0.1,0.2", "0,5", "nan", "inf"])
def test_a_first_line_that_is_no_heading_is_not_passed_over(tmp_path, first):
    (tmp_path / "spikes.csv").write_text(f"{first}\n1\n")
    with pytest.raises(InputError, match=rf"spikes\.csv:1: '{first}' is not a time"):
        part(tmp_path, "{pre: {file: spikes.csv}}")
