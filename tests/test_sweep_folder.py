"""A sweep's folder: work goes on in it, and what is damaged, foreign or in use is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_sweeps import ESCAPE, HERE, KICKS, Here, asked, bits, swept
from own_sweeps import here as here

import plasticity_sim as ps
from plasticity_sim.errors import InputError
from plasticity_sim.sweep import run_sweep


def test_what_is_there_is_not_simulated_again():
    whole = bits(swept("kick=0.1:0.5:9", folder="whole"))
    with pytest.raises(KeyboardInterrupt):
        run_sweep(asked("kick=0.1:0.5:9"), Path("out"), Here(interrupted_after=2))
    second = Here()
    assert bits(swept("kick=0.1:0.5:9", executor=second)) == whole
    assert second.asked == [2]
    third = Here()
    swept("kick=0.1:0.5:9", executor=third)
    assert third.asked == []


def test_an_interrupt_says_how_to_go_on(cli, monkeypatch):
    executor = Here(interrupted_after=1)
    monkeypatch.setattr("plasticity_sim.jobs.LocalProcesses", lambda count: executor)
    code, out, err = cli(*KICKS, "--out", "out")
    assert (code, out) == (130, "")
    assert "4 of 9 points are in 'out'; the same command goes on from there" in err
    assert sorted(os.listdir("out")) == ["chunks", "lock", "log.jsonl", "manifest.json"]


def test_a_chunk_whose_process_dies_is_begun_again():
    executor = Here(deaths={1: 2})
    whole = bits(swept("kick=0.1:0.5:9", folder="whole"))
    assert bits(swept("kick=0.1:0.5:9", executor=executor)) == whole
    assert executor.asked == [0, 1, 2, 1, 1]


def test_a_chunk_whose_process_dies_each_time_is_told_and_the_rest_is_there(cli, monkeypatch):
    executor = Here(deaths={1: 99})
    monkeypatch.setattr("plasticity_sim.jobs.LocalProcesses", lambda count: executor)
    code, out, err = cli(*KICKS, "--out", "out")
    assert (code, executor.asked.count(1)) == (1, 3)
    assert "5 of 9 points" in out
    assert "1 chunks were not computed" in err
    with pytest.raises(InputError, match="1 of 3 chunks are not in 'out' yet"):
        ps.open_sweep("out")
    assert np.isnan(ps.open_sweep("out", partial=True).strength).sum() == 4


def test_parts_fill_a_folder_together():
    sweep, whole = asked("kick=0.1:0.5:9"), bits(swept("kick=0.1:0.5:9", folder="whole"))
    for part in (1, 2):
        run_sweep(sweep, Path("out"), Here(), part=(part, 2))
    assert bits(ps.open_sweep("out")) == whole


def test_another_sweep_in_the_folder_is_refused_with_what_differs(cli):
    cli(*KICKS, "--out", "out")
    for other, says in (
        (("--seed", "7"), "seed: 0 there, 7 here"),
        (("--set", "rate=90 Hz"), "parameters.rate: 100 Hz there, 90 Hz here"),
        (("--synapses", "2"), "points a chunk[0]: 4 there, 2 here"),
    ):
        code, out, err = cli(*KICKS, *other, "--out", "out")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "'out' holds another sweep (" in err
        assert says in err
        assert "give another folder" in err


def test_a_truncated_chunk_is_told_and_simulated_again(cli):
    whole = bits(swept("kick=0.1:0.5:9"))
    path = Path("out/chunks/00001.nc")
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", content[:-3000] + b"\0" * 3000):
        path.write_bytes(damaged)
        code, _, err = cli(*KICKS, "--out", "out")
        assert (code, err.count("\n")) == (0, 1)
        assert "'out/chunks/00001.nc' is damaged (" in err
        assert "it is simulated again" in err
        assert bits(ps.open_sweep("out")) == whole


def test_a_chunk_of_another_sweep_is_refused_and_left_alone(cli):
    swept("kick=0.1:0.4:9", folder="other")
    whole = bits(swept("kick=0.1:0.5:9"))
    path = Path("out/chunks/00001.nc")
    own, foreign = path.read_bytes(), Path("other/chunks/00001.nc").read_bytes()
    path.write_bytes(foreign)
    code, out, err = cli(*KICKS, "--out", "out")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "'out/chunks/00001.nc' is of another sweep; move it away" in err
    assert path.read_bytes() == foreign
    path.unlink()
    assert cli(*KICKS, "--out", "out")[0] == 0
    assert bits(ps.open_sweep("out")) == whole
    Path("out/chunks/00002.nc").write_bytes(own)
    assert "is of chunk 1; move it away" in cli(*KICKS, "--out", "out")[2]


def test_an_edited_manifest_is_told_and_costs_nothing_once_it_is_gone(cli, monkeypatch):
    whole = bits(swept("kick=0.1:0.5:9"))
    path = Path("out/manifest.json")
    text = path.read_text()
    for edited in (text.replace('"seed": 0', '"seed": 1'), text[: len(text) // 2], "[]", "{}"):
        path.write_text(edited)
        code, out, err = cli(*KICKS, "--out", "out")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "'out/manifest.json' is not as it was written; put it back, or remove it" in err
    path.unlink()
    executor = Here()
    monkeypatch.setattr("plasticity_sim.jobs.LocalProcesses", lambda count: executor)
    assert cli(*KICKS, "--out", "out")[0] == 0
    assert executor.asked == []
    assert bits(ps.open_sweep("out")) == whole


def test_a_changed_file_of_the_model_is_another_sweep_in_mid_work(cli, monkeypatch):
    shutil.copy(ESCAPE, "mine.yaml")
    shutil.copytree(HERE / "models" / "components", "components")
    sweep = asked("kick=0.1:0.5:9", models=("mine.yaml",))
    component = Path("components/escape.yaml")
    component.write_text(component.read_text().replace("100 Hz", "110 Hz"))
    with pytest.raises(ps.SimulationError, match="the files or versions there are others than at"):
        run_sweep(sweep, Path("out"), Here())
    assert os.listdir("out/chunks") == []


def test_a_folder_in_which_another_process_works_is_left_to_it(cli):
    cli(*KICKS, "--out", "out")
    Path("out/chunks/00001.nc").unlink()
    hold = "import fcntl, sys; f = open('out/lock', 'r+'); fcntl.lockf(f, fcntl.LOCK_EX, 1, 1)"
    wait = "print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", f"{hold}; {wait}"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:  # fmt: skip
        other.stdout.readline()
        code, out, err = cli(*KICKS, "--out", "out")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "another process works in 'out'" in err
        assert "a process works on it" in cli("sweep", "--status", "--out", "out")[1]
        other.stdin.close()
    assert cli(*KICKS, "--out", "out")[0] == 0


def test_the_status_tells_how_far_it_is(cli):
    with pytest.raises(KeyboardInterrupt):
        run_sweep(asked("kick=0.1:0.5:9"), Path("out"), Here(interrupted_after=2))
    code, out, _ = cli("sweep", "--status", "--out", "out")
    assert code == 0
    assert "two_pulses_pre on escape: 8 of 9 points (2 of 3 chunks), 0 failed" in out
    assert "nobody works on it; the same command goes on" in out
    cli(*KICKS, "--out", "out")
    assert "complete" in cli(*KICKS, "--status", "--out", "out")[1]
    code, _, err = cli(*KICKS, "--seed", "3", "--status", "--out", "out")
    assert code == 2
    assert "seed: 0 there, 3 here" in err


def test_hosts_and_times_are_in_the_log_and_not_in_the_data(cli):
    data = swept("kick=0.1:0.5:9")
    lines = [json.loads(line) for line in Path("out/log.jsonl").read_text().splitlines()]
    assert [line["chunk"] for line in lines] == [0, 1, 2]
    assert {"seconds", "host", "cpu", "ended"} <= lines[0].keys()
    assert not lines[0].keys() & {*data.attrs, *data.variables} - {"chunk", "points", "failed"}
