"""Sweeps: which points there are, what they give, what a folder keeps, and how a mistake ends."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import plasticity_sim as ps
from plasticity_sim.errors import InputError
from plasticity_sim.jobs import Cluster, Done
from plasticity_sim.simulation import Options
from plasticity_sim.simulation.points import Point, simulate_points
from plasticity_sim.sweep import Request, resolve, run_sweep
from plasticity_sim.sweep.design import grid, sample
from plasticity_sim.sweep.keeping import kept_points
from plasticity_sim.sweep.plotting import draw_sweep

mpl.use("Agg")

HERE = Path(__file__).parent
ESCAPE = str(HERE / "models" / "escape.yaml")
PULSES = str(HERE / "protocols" / "two_pulses_pre.yaml")
SWEEP = ("sweep", PULSES, "--model", ESCAPE)
KICKS = (*SWEEP, "--over", "kick=0.1:0.5:9")


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """Work in a folder of one's own, in chunks of four lanes, and in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("plasticity_sim.sweep.request.LANES_AT_ONCE", 4)
    monkeypatch.setattr("plasticity_sim.jobs.LocalProcesses", lambda count: Here())


class Here:
    """An executor in this process; it notes what it was asked for, and can end early or die."""

    def __init__(self, interrupted_after=None, deaths=None):
        self.asked, self.interrupted_after = [], interrupted_after
        self.deaths = dict(deaths or {})

    def run(self, work, tasks):
        for task in list(tasks):
            if len(self.asked) == self.interrupted_after:
                raise KeyboardInterrupt
            self.asked.append(task)
            if self.deaths.get(task, 0):
                self.deaths[task] -= 1
                yield Done(task, None, "its process was ended by SIGKILL")
            else:
                yield Done(task, work(task))


def asked(*over, models=(ESCAPE,), protocol=PULSES, **options):
    return resolve(Request(protocol, over, models, **options))


def swept(*over, folder="out", executor=None, **options):
    """Run a sweep in this process and return what it left."""
    run_sweep(asked(*over, **options), Path(folder), executor or Here())
    return ps.open_sweep(folder)


def bits(data: xr.Dataset) -> dict[str, object]:
    return {str(name): values.to_numpy().tobytes() if values.dtype.kind in "fiu"
            else values.to_numpy().tolist() for name, values in data.variables.items()}  # fmt: skip


def test_combinations_change_fastest_in_the_last_axis():
    design = grid(["a=1,2 mV", "b=0:1:3"])
    assert [tuple(design.values(n).values()) for n in range(design.count)] == [
        ("1 mV", "0"), ("1 mV", "0.5"), ("1 mV", "1"),
        ("2 mV", "0"), ("2 mV", "0.5"), ("2 mV", "1"),
    ]  # fmt: skip


def test_a_latin_hypercube_has_one_point_in_each_stratum_of_every_span():
    design = sample(["a=10:20 mV", "b=1:1000 Hz log"], "latin-hypercube", 30, seed=3)
    linear = (np.array(design.axes[0].coordinate) - 10) / 10
    decades = np.log10(design.axes[1].coordinate) / 3
    for shares in (linear, decades):
        assert sorted((shares * 30).astype(int)) == list(range(30))


def test_a_sobol_sample_fills_every_quarter_of_the_plane_equally():
    design = sample(["a=0:1", "b=0:1"], "sobol", 64, seed=0)
    x, y = (np.array(axis.coordinate) > 0.5 for axis in design.axes)
    assert [(x & y).sum(), (x & ~y).sum(), (~x & y).sum(), (~x & ~y).sum()] == [16] * 4


def test_the_seed_decides_the_sample():
    first, again, other = (
        sample(["a=0:1"], "latin-hypercube", 8, seed=seed).digest for seed in (1, 1, 2)
    )
    assert first == again != other


def test_every_point_has_the_bits_that_it_has_by_itself():
    data = swept("kick=0.2,0.4,0.6", "pulses.rate=50,100 Hz", "rate=10,100 Hz")
    for kick in (0.2, 0.6):
        for pulses, rate in ((50, 10), (100, 100)):
            alone = ps.simulate(ESCAPE, PULSES, kick=str(kick), rate=f"{rate} Hz",
                                **{"pulses.rate": f"{pulses} Hz"})  # fmt: skip
            here = data.sel({"kick": kick, "pulses.rate": pulses, "rate": rate})
            assert float(here.strength) == float(ps_strength(alone))
            assert here.peak_x.to_numpy() == alone.peak_x.to_numpy()


def ps_strength(data):
    from plasticity_sim.measures import at_measure

    return at_measure(data)


@pytest.mark.long  # each exponent is compiled
def test_a_swept_exponent_has_the_bits_that_each_value_has_by_itself():
    data = swept("n=1,2,2.5,3", "kick=0.3,0.6")
    for n in (1, 2, 2.5, 3):
        alone = ps.simulate(ESCAPE, PULSES, n=str(n), kick="0.6")
        assert float(data.strength.sel(n=n, kick=0.6)) == float(ps_strength(alone))


def test_bits_do_not_depend_on_what_else_is_simulated_together():
    model, protocol = ps.load_model(ESCAPE), ps.load_protocol(PULSES)
    points = [Point(n, model.with_values(kick=f"{0.1 * n}"), protocol) for n in range(1, 7)]
    options = Options().resolved(model)
    [whole] = simulate_points(points, 2, 0, options)
    [part] = simulate_points(points[3:5], 2, 0, options)
    assert bits(whole.data.isel(point=[3, 4])) == bits(part.data)


def test_random_numbers_derive_from_the_point_and_the_lane():
    from plasticity_sim.simulation.lanes import plan

    model, protocol = ps.load_model(ESCAPE), ps.load_protocol(PULSES)
    seeds = [
        {lane.seed for lane in plan(model, protocol, 3, 0, place=(point,)).batch.lanes}
        for point in (5, 6, 5)
    ]
    assert seeds[0] == seeds[2]
    assert len(seeds[0]) == 3
    assert not seeds[0] & seeds[1]


def test_a_failed_lane_is_told_with_its_values_and_the_others_go_on(cli):
    code, out, err = cli(*SWEEP, "--over", "kick=0.1,0.2,3,0.4,5,0.3", "--out", "out")
    assert code == 1
    assert "6 of 6 points" in out
    assert "2 of 6 points failed; out/failures.csv says which and why" in err
    with open("out/failures.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["kick"]) for row in rows] == [("2", "3"), ("4", "5")]
    assert "the step became too small at 0.00" in rows[0]["reason"]
    data = ps.open_sweep("out")
    assert np.isnan(data.strength.sel(kick=[3, 5])).all()
    assert data.failed_lanes.to_numpy().tolist() == [0, 0, 1, 0, 1, 0]
    alone = ps.simulate(ESCAPE, PULSES, kick="0.4")
    assert float(data.strength.sel(kick=0.4)) == float(ps_strength(alone))


def test_a_failed_synapse_takes_the_mean_of_its_population_with_it():
    data = swept("kick=0.4,3", synapses=3)
    assert data.failed_lanes.to_numpy().tolist() == [0, 3]
    assert np.isfinite(data.strength[0])
    assert np.isnan(data.strength[1])
    assert np.isnan(data.strength_sem[1])


def test_settings_of_the_protocol_cross_like_parameters():
    data = swept("pulses.count=1,2", "follow_up.duration=80,90 ms")
    assert data.failed_lanes.sum() == 0
    assert data.strength.shape == (2, 2)


def test_the_axes_of_the_protocol_stay_axes():
    data = swept("kick=0.2,0.3", values=(("pulses.rate", "50,100 Hz"),))
    assert data.strength.dims == ("kick", "rate")
    assert data.strength.shape == (2, 2)


def test_several_models_are_an_axis():
    shutil.copy(ESCAPE, "second.yaml")
    shutil.copytree(HERE / "models" / "components", "components")
    data = swept("kick=0.2,0.3", models=(ESCAPE, "second.yaml"))
    assert data.strength.dims == ("model", "kick")
    assert data.model.to_numpy().tolist() == ["escape", "second"]
    assert (data.strength[0] == data.strength[1]).all()


def test_time_courses_are_kept_of_the_points_asked_for():
    swept("kick=0.2,0.3,0.4", "rate=10,100 Hz", traces=("kick=0.3", "rate=100 Hz"))
    traces = ps.open_sweep("out", traces=True)
    alone = ps.simulate(ESCAPE, PULSES, kick="0.3", rate="100 Hz")
    assert traces.point.to_numpy().tolist() == [3]
    assert (traces.kick.item(), traces.rate.item()) == (0.3, 100)
    assert (traces.x.to_numpy()[0] == alone.x.to_numpy()).all()


def test_a_value_of_an_axis_is_told_from_its_neighbours():
    assert kept_points(["g=0.6 nS"], grid(["g=0.2:1:5 nS"])) == {2}


def test_a_sample_is_a_table_of_points_with_their_values():
    over = ("kick=0.1:0.5", "rate=10:100 Hz log")
    data = swept(*over, sampling="latin-hypercube", points=6)
    assert data.strength.dims == ("point",)
    point = data.isel(point=4)
    alone = ps.simulate(ESCAPE, PULSES, kick=f"{point.kick.item():.12g}",
                        rate=f"{point.rate.item():.12g} Hz")  # fmt: skip
    assert float(point.strength) == pytest.approx(float(ps_strength(alone)), rel=1e-9)


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


@pytest.mark.parametrize(
    ("over", "options", "kind"),
    [
        (("kick=0.1:0.5:9",), {}, "lines"),
        (("kick=0.1:0.5:3", "rate=10:1000:3 Hz log"), {}, "collections"),
        (("kick=0.1:0.5",), {"sampling": "sobol", "points": 4}, "lines"),
        (("kick=0.1:0.5", "rate=1:9 Hz"), {"sampling": "sobol", "points": 4}, "collections"),
    ],
)
def test_a_sweep_is_drawn_as_curves_or_as_a_map(over, options, kind):
    figure = draw_sweep(swept(*over, **options))
    assert len(getattr(figure.axes[0], kind)) > 0
    assert figure.axes[0].get_xlabel() == "kick"
    assert "strength (%" in " ".join(axes.get_ylabel() for axes in figure.axes)


def test_a_range_of_even_ratios_is_drawn_on_a_logarithmic_axis():
    figure = draw_sweep(swept("rate=10:1000:5 Hz log"))
    assert figure.axes[0].get_xscale() == "log"


def doubled(number: int) -> int:
    return 2 * number


@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    """Start a dask scheduler with a worker on loopback; return its address."""
    monkeypatch.undo()
    home = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(HERE.parent) + ":" + str(HERE)},
            "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}  # fmt: skip
    file = tmp_path / "scheduler.json"
    dask = (sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0")
    worker = (sys.executable, "-m", "dask", "worker", "--scheduler-file", str(file),
              "--nthreads", "1", "--no-nanny", "--no-dashboard")  # fmt: skip
    processes = [
        subprocess.Popen([*dask, "--no-dashboard", "--scheduler-file", str(file)], **home),
        subprocess.Popen(worker, **home),
    ]
    try:
        for _ in range(300):
            if file.exists() and file.read_text().rstrip().endswith("}"):
                break
            processes[0].poll()
            subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], check=True)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_every_task_on_a_cluster_comes_back_with_its_value(scheduler):
    found = Cluster(scheduler).run(doubled, [1, 2, 3, 4, 5])
    assert sorted((done.task, done.value) for done in found) == [(n, 2 * n) for n in range(1, 6)]
