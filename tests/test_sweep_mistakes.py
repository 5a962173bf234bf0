"""A mistake in what is asked of a sweep is one line, and leaves nothing."""

from __future__ import annotations

import os

import pytest
from own_sweeps import KICKS, SWEEP
from own_sweeps import here as here

BAD = (
    (("--over", "kik=1,2"), "did you mean 'kick'?"),
    (("--over", "kick"), "'kick' has no '='"),
    (("--over", "kick=0.1:0.5"), "has no count"),
    (("--over", "kick=1 mV"), "kick is 0.5, so '1 mV'"),
    (("--over", "rate=1:2:3 mV"), "rate is 100 Hz, so"),
    (("--over", "rate=0:2:3 Hz log"), "ratios need two ends of one sign"),
    (("--over", "pulses.rate=-1,2 Hz"), "pulses.rate"),
    (("--over", "kick=1,1"), "has a value twice"),
    (("--over", "kick=1", "--over", "kick=2"), "--over: 'kick' is given twice"),
    (("--over", "kick=1", "--set", "kick=2"), "given by --set and by --over"),
    (("--over", "kick=0:1:1000", "--over", "rate=1:2:1001 Hz"), "1001000 points; at most 1000000"),
    ((), "--over: write name=values"),
    (("--over", "kick=0:1", "--sample", "random", "--points", "4"), "no sample 'random'"),
    (("--over", "kick=0:1", "--sample", "sobol", "--points", "100"), "powers of two, such as 128"),
    (("--over", "kick=0:1", "--sample", "sobol"), "give --points"),
    (("--over", "kick=0:1:5", "--sample", "sobol", "--points", "4"), "takes from --points"),
    (("--over", "kick=0,1", "--points", "4"), "give --sample"),
    (("--over", "kick=0,1", "--keep-traces", "kick=2"), "has no value '2'; it has 0, 1"),
    (("--over", "kick=0,1", "--keep-traces", "n=2"), "no axis 'n'"),
    (("--over", "kick=0,1", "--keep-traces", "point=2"), "the points are 0 to 1"),
    (("--over", "kick=0,1", "--part", "3/2"), "write which of how many"),
    (("--over", "kick=0,1", "--part", "1/2", "--plot", "a.png"), "without --part once all is"),
    (("--over", "kick=0,1", "--synapses", "0"), "synapses: 0 given"),
    (("--over", "kick=0,1", "--drug", "apv"), "does not know the drug 'apv'"),
    (("--over", "kick=0,1", "--jobs", "2", "--cluster", "tcp://x:1"), "--jobs is for this machine"),
    (("--over", "kick=0,1", "--plot", "a.txt"), "needs an ending"),
    (("--over", "kick=0,1", "--over", "rate=1,2 Hz", "--over", "n=1,2", "--plot", "a.png"),
     "--plot draws one or two axes"),
)  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_a_mistake_is_one_line_and_leaves_nothing(cli, arguments, says):
    code, out, err = cli(*SWEEP, *arguments, "--out", "out")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sweep", "--out", "out"), "name a protocol"),
        (("sweep", "--status", "--out", "out"), "there is no sweep in 'out'"),
        ((*KICKS, "--out", "no/such"), "the folder 'no' does not exist; make it first"),
    ],
)
def test_a_folder_without_a_sweep_is_told(cli, arguments, says):
    code, out, err = cli(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_a_scheduler_that_does_not_answer_is_told(cli, monkeypatch):
    monkeypatch.setattr("plasticity_sim.jobs.cluster._ANSWER", 0.5)
    code, _, err = cli(*KICKS, "--out", "out", "--cluster", "tcp://127.0.0.1:9")
    assert (code, err.count("\n")) == (2, 1)
    assert "no scheduler answers at 'tcp://127.0.0.1:9'" in err
    assert os.listdir() == []
