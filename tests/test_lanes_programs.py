"""Compiled programs of the adaptive engine: one for a model, kept, the same bits in any company."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.engine import build, cache, compiled
from plasticity_sim.engine.batch import Batch, Setting
from plasticity_sim.engine.lanes import run_lanes
from plasticity_sim.engine.lanes.program import LanesProgram
from plasticity_sim.simulation.lanes import plan

OBSERVED = ("x", "v", "released", "spikes")

# Runs one lane of a program that another process has compiled; sympy is not to be looked at.
WARM = """
import sys
import numpy as np
import plasticity_sim as ps
from plasticity_sim.engine.batch import Batch, Lane
from plasticity_sim.engine import compiled
from plasticity_sim.engine.lanes import run_lanes
from plasticity_sim.engine.lanes.program import LanesProgram

def refuse(*_):
    raise AssertionError("a warm run makes no code")

compiled.compile_program = refuse
LanesProgram.system = property(refuse)
model = ps.load_model(sys.argv[1])
own = Lane(0.0, 0.2, {n: p.value for n, p in model.parameters.items()},
           dict.fromkeys((*model.differential, *model.held), 0.0),
           np.arange(5) / 40, np.array([]), np.array([0.1, 0.2]), seed=7)
found = run_lanes(Batch(model, (own,), ("x", "v", "released", "spikes"), ("x", "v")))
print(found.compiled, found.samples["v"].tobytes().hex())
"""


@pytest.fixture(scope="module")
def model(own_model):
    assert build.target() == "cpp_standalone", "this machine has no C++ compiler; install one"
    return ps.load_model(own_model("releasing"))


@pytest.fixture(scope="module")
def one(model, lane):
    """Return the batch of a single lane."""
    own = lane(model, 0.2, [0.1, 0.2], pre=np.arange(5) / 40, seed=7)
    return Batch(model, (own,), OBSERVED, peaks=("x", "v"))


@pytest.fixture(scope="module")
def company(model, lane):
    """Return 340 lanes of different spikes, drives, durations and seeds."""

    def member(seed):
        windows = [Setting(0.05, {"drive": 0.2}), Setting(0.06, {"drive": 1.8})] * (seed % 3 == 0)
        pre = 0.001 * seed + np.arange(seed % 11) / (20 + seed % 7)
        return lane(
            model, 0.2 + 0.01 * (seed % 5), np.linspace(0, 0.2, 2 + seed % 4), pre=pre,
            settings=windows, seed=seed, drive=0.9 + 0.01 * (seed % 90),
        )  # fmt: skip

    lanes = tuple(member(seed) for seed in range(340))
    return Batch(model, lanes, OBSERVED, peaks=("x", "v"))


def among(batch, rows):
    return replace(batch, lanes=tuple(batch.lanes[row] for row in rows))


def same(few, many, rows):
    """Tell whether `few` has the bits of `rows` of `many`, samples and peaks."""
    pairs = [(few.peaks[name], many.peaks[name][rows]) for name in many.peaks]
    for name, values in few.samples.items():
        pairs.append((values, many.samples[name][rows][:, : values.shape[1]]))
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def test_a_lane_has_the_same_bits_in_any_company_and_order(company):
    rows = [17, 4, 250, 3, 99, 339, 18, 0, 77, 5, 6, 30, 31, 32, 33, 34, 35, 36, 37, 38]
    everyone = run_lanes(company)
    assert np.ptp(everyone.samples["spikes"][:, 0]) == 0
    assert len(set(everyone.peaks["v"].tolist())) > 10
    for chosen in (rows[:1], rows[:8], rows, rows[::-1]):
        assert same(run_lanes(among(company, chosen)), everyone, chosen)


def test_a_lane_has_the_same_bits_in_any_number_of_processes(company, monkeypatch):
    rows = list(range(20, 60))
    found = []
    for jobs in ("1", "2", "7"):
        monkeypatch.setenv("PLASTICITY_SIM_JOBS", jobs)
        found.append(run_lanes(among(company, rows)))
    assert same(found[1], found[0], range(40))
    assert same(found[2], found[0], range(40))


@pytest.mark.parametrize("jobs", [1, 2])
def test_lanes_take_turns_in_one_process_a_processor(company, monkeypatch, jobs):
    run_lanes(company)
    begun, start = [], subprocess.Popen
    monkeypatch.setenv("PLASTICITY_SIM_JOBS", str(jobs))
    monkeypatch.setattr(
        compiled.subprocess,
        "Popen",
        lambda *given, **more: (begun.append(0), start(*given, **more))[1],
    )
    assert run_lanes(company).samples["x"].shape[0] == 340
    assert len(begun) == jobs


@pytest.mark.parametrize("place", [0, 63, 150, 200])
def test_a_lane_that_cannot_go_on_is_found_among_those_that_take_turns(model, lane, place):
    broken = Setting(0.05, {"drive": np.nan})
    lanes = [lane(model, 0.1, [0.1], label=f"lane {n}") for n in range(201)]
    lanes[place] = lane(model, 0.1, [0.1], settings=[broken], label=f"lane {place}")
    with pytest.raises(ps.SimulationError, match=rf"in lane {place} \(lane {place}\) at 0\.05 s"):
        run_lanes(Batch(model, tuple(lanes), OBSERVED, peaks=("x", "v")))


def test_compiled_and_interpreted_lanes_agree(company):
    rows = [3, 9, 10, 42]
    found = run_lanes(among(company, rows), 1e-6)
    slow = run_lanes(among(company, rows), 1e-6, target="numpy")
    for name, values in found.samples.items():
        np.testing.assert_allclose(values, slow.samples[name], rtol=1e-9, atol=1e-12)
    for name, peaks in found.peaks.items():
        np.testing.assert_allclose(peaks, slow.peaks[name], rtol=1e-9)


def test_a_damaged_program_is_announced_and_compiled_once_more(one, tmp_path, monkeypatch):
    before = run_lanes(one)
    shutil.copytree(cache.folder(), tmp_path / "cache")
    monkeypatch.setenv("PLASTICITY_SIM_CACHE", str(tmp_path / "cache"))
    for binary in (tmp_path / "cache").glob("*/main"):  # as after a full disk
        binary.write_bytes(binary.read_bytes()[:1000])
    told = []
    cold = run_lanes(one, announce=told.append)
    assert cold.compiled
    assert told == ["compiling model 'releasing' for 8 synapses at a time; this happens once"]
    warm = run_lanes(one, announce=told.append)
    assert not warm.compiled
    assert len(told) == 1
    assert same(cold, before, [0])
    assert same(warm, before, [0])


def test_a_warm_run_makes_no_code(one, own_model):
    cold = run_lanes(one)
    warm = subprocess.run(
        [sys.executable, "-c", WARM, own_model("releasing")],
        capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert warm.returncode == 0, warm.stderr
    assert warm.stdout.split() == ["False", cold.samples["v"].tobytes().hex()]


def test_values_protocol_seed_and_tolerance_need_no_new_program(one, model, lane, monkeypatch):
    run_lanes(one)

    def refuse(*_):
        raise AssertionError("this needs no new program")

    monkeypatch.setattr(compiled, "compile_program", refuse)
    monkeypatch.setattr(LanesProgram, "system", property(refuse))
    others = (
        lane(model, 0.1, [0.1], pre=np.arange(5) / 40, seed=7, tau_x=3e-3, p_release=0.8),
        lane(model, 0.5, np.linspace(0, 0.5, 9), pre=[0.1, 0.2, 0.3], start=-0.5, seed=7),
        lane(model, 0.2, [0.2], pre=np.arange(5) / 40, seed=8),
        lane(model, 0.2, [0.2], settings=[Setting(0.1, {"drive": 3.0, "tau_v": 5e-3})]),
    )
    for other in others:
        assert not run_lanes(replace(one, lanes=(other,))).compiled
    assert not run_lanes(one, 1e-8).compiled


@pytest.mark.parametrize(
    ("old", "new"),
    [("-x / tau_x", "-2 * x / tau_x"), ("x += 0.5", "x += 0.4"), ("v > 1", "v > 2"),
     ("v = 0", "v = 0.1")],
)  # fmt: skip
def test_another_equation_event_or_threshold_is_another_program(
    one, own_model, tmp_path, monkeypatch, old, new
):
    run_lanes(one)
    home = Path(own_model("releasing")).parent
    shutil.copytree(home / "components", tmp_path / "components")
    shutil.copy(home / "releasing.yaml", tmp_path)
    component = tmp_path / "components" / "unreliable_release.yaml"
    text = component.read_text()
    assert old in text
    component.write_text(text.replace(old, new))
    other = ps.load_model(str(tmp_path / "releasing.yaml"))

    class Asked(Exception):
        pass

    def ask(*_):
        raise Asked

    monkeypatch.setattr(compiled, "compile_program", ask)
    with pytest.raises(Asked):
        run_lanes(replace(one, model=other))


def test_without_a_compiler_it_runs_slower_and_says_so(company, monkeypatch):
    few = among(company, [1, 2])
    expected = run_lanes(few, 1e-6)
    monkeypatch.setattr(build, "compiler", lambda: None)
    told = []
    found = run_lanes(few, 1e-6, announce=told.append)
    assert found.target == "numpy"
    assert not found.compiled
    assert told == ["no C++ compiler: running on numpy, which is slower; see `doctor`"]
    for name, values in expected.samples.items():
        np.testing.assert_allclose(found.samples[name], values, rtol=1e-9, atol=1e-12)


def test_a_folder_without_a_compiler_on_the_path_has_none(one, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert build.target() == "numpy"


def test_a_run_tells_how_far_it_is(company):
    shares = []
    run_lanes(among(company, range(12)), progress=shares.append)
    assert shares
    assert shares[-1] == 1
    assert all(0 <= share <= 1 for share in shares)


def test_equations_that_blow_up_are_an_error_with_lane_and_time(own_model, lane):
    explosion = ps.load_model(own_model("explosion"))
    lanes = (
        lane(explosion, 0.9, [0.5], label="calm"),
        lane(explosion, 3.0, [0.5, 2.5], label="rate 0.5 Hz", rate=0.5),  # 1 / (1 - t / 2 s)
    )
    with pytest.raises(ps.SimulationError, match=r"in lane 1 \(rate 0\.5 Hz\) at 2 s"):
        run_lanes(Batch(explosion, lanes, ("x",)), target="numpy")


def test_growth_beyond_all_measure_is_an_error_and_not_an_endless_run(own_model, lane):
    growth = ps.load_model(own_model("growth"))
    found = run_lanes(Batch(growth, (lane(growth, 170.0, [170.0]),), ("a",)), target="numpy")
    assert found.samples["a"][0, 0] == pytest.approx(np.exp(170.0), rel=0.01)
    # from 1e77 on the product of four sizes is larger than any number
    with pytest.raises(ps.SimulationError, match=r"too small in lane 0 .* at 17[67]"):
        run_lanes(Batch(growth, (lane(growth, 300.0, [300.0]),), ("a",)), target="numpy")


def test_a_compiled_lane_that_cannot_go_on_ends_with_its_name_and_time(model, lane):
    drops = [Setting(0.1, {"drive": np.nan})]
    lanes = (
        lane(model, 0.2, [0.1, 0.2]), lane(model, 0.2, [0.1, 0.2], settings=drops, label="broken"),
    )  # fmt: skip
    batch = Batch(model, lanes, OBSERVED, peaks=("x", "v"))
    with pytest.raises(ps.SimulationError, match=r"in lane 1 \(broken\) at 0\.1 s"):
        run_lanes(batch)


@pytest.mark.parametrize("kick", [np.nan, np.inf])
def test_what_is_not_a_number_is_an_error_with_lane_and_time(own_model, lane, kick):
    explosion = ps.load_model(own_model("explosion"))
    lanes = (
        lane(explosion, 0.9, [0.5]),
        lane(explosion, 0.9, [0.5, 0.8], pre=[0.6], kick=kick, label="kicked"),
    )
    with pytest.raises(ps.SimulationError, match=r"in lane 1 \(kicked\) at 0\.6 s"):
        run_lanes(Batch(explosion, lanes, ("x",)), target="numpy")


@pytest.mark.long
def test_a_published_lane_has_the_same_bits_in_any_company_and_processes(tmp_path, monkeypatch):
    path = tmp_path / "pairs.yaml"
    path.write_text(
        "format: 1\ntitle: pairs\n"
        'induction: [{pre: [{count: 3, rate: 20 Hz}], post: {lag: "-20:20:170 ms"}}]\n'
        "follow_up: {duration: 200 ms}\nrecord: [{every: 20 ms}]\n"
    )
    published = ps.load_model("graupner_brunel_2007")
    batch = plan(published, ps.load_protocol(str(path)), synapses=1, seed=0).batch
    assert len(batch.lanes) >= 330
    everyone = run_lanes(batch)
    for jobs in ("1", "2"):
        monkeypatch.setenv("PLASTICITY_SIM_JOBS", jobs)
        for rows in ([200], list(range(0, 340, 17)), list(range(339, 0, -17))):
            assert same(run_lanes(among(batch, rows)), everyone, rows)
