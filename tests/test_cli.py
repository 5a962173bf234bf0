"""The command line: results on stdout, a mistake in one line on stderr, exit codes, whole files."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

from plasticity_sim.errors import SimulationError
from plasticity_sim.library import shipped

ROOT = Path(__file__).parent.parent
PAIR = """\
format: 1
title: A single pair
induction:
  - pre: [{name: pairs, count: 1}]
    post: {lag: 10 ms}
follow_up: {duration: 0.2 s}
measure: {at: 0.2 s}
"""
BROKEN = "format: 1\ntitle: Broken\nfollow_up: {duration: 0.2 mV}\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder of one's own, with files that are right and wrong."""
    (tmp_path / "pair.yaml").write_text(PAIR)
    (tmp_path / "broken.yaml").write_text(BROKEN)
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "folder.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "plasticity_sim", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def plain(text: str):
    """Return JSON as data; NaN and infinity are not JSON, and fail as int()."""
    return json.loads(text, parse_constant=int)


def test_a_run_starts_without_what_brian2_takes_along(here):
    """Brian2 imports matplotlib wherever it finds it, which takes half a second of every start."""
    code = (
        "import sys; from plasticity_sim.cli.main import main\n"
        "assert 'brian2' not in sys.modules\n"
        "sys.argv[1:] = ['run', 'pair.yaml', '--model', 'hebbian']\n"
        "try: main()\nexcept SystemExit: print('matplotlib' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "False", done.stderr


@pytest.mark.parametrize("kind", ["models", "components", "protocols"])
def test_list_names_everything_shipped(cli, kind):
    code, out, err = cli("list", kind)
    assert (code, err) == (0, "")
    assert all(name in out for name in shipped(kind))


def test_list_without_a_kind_names_all_kinds(cli):
    out = cli("list")[1]
    assert all(word in out for word in ("graupner_brunel_2007", "theta_burst", "nmda"))


def test_list_as_json_is_one_object(cli):
    entries = plain(cli("list", "models", "--json")[1])["models"]
    assert {e["name"]: e["source"] for e in entries}["graupner_brunel_2007"] == "GraupnerBrunel2007"


def test_show_tells_equations_and_parameters_with_their_sources(cli):
    code, out, _ = cli("show", "graupner_brunel_2007")
    assert code == 0
    assert "dca/dt" in out
    assert re.search(r"k_mg +3\.57 +mM +Jahr1990 +block constant at 0 mV", out)


def test_show_with_a_search_tells_only_lines_that_hold_it(cli):
    _, out, _ = cli("show", "graupner_brunel_2007", "--search", "k_mg")
    assert "mg_unblock" in out
    assert "tau_ca" not in out


def test_show_as_json_holds_every_parameter_once(cli):
    data = plain(cli("show", "graupner_brunel_2007", "--json")[1])
    (k_mg,) = (p for p in data["parameters"] if p["symbol"] == "k_mg")
    assert (k_mg["value"], k_mg["unit"], k_mg["component"]) == ("3.57", "mM", "nmda")


@pytest.mark.parametrize("name", ["theta_burst", "nmda", "./pair.yaml"])
def test_show_of_a_protocol_or_component_is_its_file(cli, here, name):
    code, out, _ = cli("show", name)
    assert (code, "title:" in out) == (0, True)
    assert plain(cli("show", name, "--json")[1])["format"] == "1"


def test_cite_gives_bibtex_of_model_and_parameters(cli):
    code, out, err = cli("cite", "graupner_brunel_2007")
    assert (code, err) == (0, "")
    assert re.findall(r"^@article\{(\w+),", out, re.MULTILINE) == ["GraupnerBrunel2007", "Jahr1990"]


@pytest.mark.parametrize("kind", ["models", "components", "protocols"])
def test_check_finds_nothing_wrong_with_what_is_shipped(cli, kind):
    code, out, err = cli("check", *shipped(kind))
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == len(shipped(kind))


def test_check_tells_one_line_for_each_broken_file(here):
    done = started(here, "check", "broken.yaml", "pair.yaml", "empty.yaml")
    first, second = done.stderr.splitlines()
    assert first.startswith("plasticity-sim: broken.yaml:3: follow_up: duration: '0.2 mV' has the")
    assert second.startswith("plasticity-sim: empty.yaml: is empty")
    assert done.stdout == "pair.yaml: a protocol with 1 conditions\n"
    assert done.returncode == 2


@pytest.mark.parametrize("kind", ["model", "component", "protocol"])
def test_what_new_writes_is_right(cli, here, kind):
    assert cli("new", kind, "mine")[0] == 0
    assert cli("check", "mine.yaml")[0] == 0


@pytest.mark.parametrize(
    ("kind", "like"),
    [(kind, name) for kind in ("model", "component", "protocol") for name in shipped(f"{kind}s")],
)
def test_what_new_copies_is_right(cli, here, kind, like):
    assert cli("new", kind, "mine", "--like", like)[0] == 0
    assert (here / "mine.yaml").read_text().startswith("#")
    assert cli("check", "mine.yaml")[0] == 0


def test_new_does_not_overwrite(cli, here):
    code, out, err = cli("new", "protocol", "pair")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "'pair.yaml' is there already; choose another name" in err
    assert (here / "pair.yaml").read_text() == PAIR


RUN = ("run", "./pair.yaml", "--model", "graupner_brunel_2007", "--engine", "reference")
STEADY = ("steady", "graupner_brunel_2007", "--over")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "nope"), "no protocol called 'nope'"), ((*RUN, "--set", "=1"), "write a name and"),
        (("run", "thta_burst"), "did you mean 'theta_burst'?"), ((*RUN, "--plot", "r.txt"), ".png"),
        (("run", "nope.yaml"), "there is no such protocol"), ((*RUN, "--set", "lag=nan"), "'nan'"),
        (("run", ""), "protocol is empty"),
        (("run", "./pair.yaml", "--engine", "fixed"), "has no fixed step"),
        (("run",), "protocol"), (("new", "model", "x", "--like", "nope"), "no model called 'nope'"),
        (("run", "./broken.yaml"), " broken.yaml:3: follow_up: duration: '0.2 mV' has the wrong"),
        (("run", "stdp_pairs", "--set", "g_ndma=1nS"), "did you mean 'g_nmda'?"),
        ((*RUN, "--set", "g_nmda=1 mV"), "g_nmda is 4.5e-4 uS, so '1 mV'"), (STEADY[:2], "--over"),
        ((*RUN, "--set", "lag=1mV"), "a unit like 'ms' is wanted"), ((*RUN, "--out", ""), "ending"),
        ((*RUN, "--set", "x"), 'as in "g_nmda=0.6 nS"'), ((*RUN, "--data", "d.csv"), "give --plot"),
        ((*RUN, "--set", "lag="), "write a name"), ((*RUN, "--synapses", "1000000000"), "synapses"),
        ((*RUN, "--set", "lag=1 ms", "--set", "lag=2 ms"), "'lag' is given twice"),
        ((*RUN, "--set", "mg_out=0:1:1000001 mM"), "mg_out"), ((*RUN, "--rtol", "5"), "rtol is 5"),
        ((*RUN, "--set", "lag=1 ms\n2"), "lag"), ((*RUN, "--synapses", "-3"), "synapses: -3 given"),
        ((*RUN, "--seed", "x"), "--seed"), ((*RUN, "--model", "nope"), "no model called 'nope'"),
        ((*RUN, "--seed", "-1"), "--seed"), ((*RUN, "--model", "./folder.yaml"), "is not a file"),
        ((*RUN, "--drug", "nope"), "the drug 'nope'"), (("cite", "nope"), "no model called 'nope'"),
        ((*RUN, "--drug", "apv="), "name and dose"), (("list", "modles"), "did you mean 'models'?"),
        ((*RUN, "--drug", "apv=5 uM"), "no dose of half"), ((*RUN, "--rtol", "nan"), "rtol is nan"),
        ((*RUN, "--out", "no/such/r.nc"), "does not exist; make it first"), (("check",), "files"),
        ((*RUN, "--out", "r.txt"), ".nc or .csv"), ((*RUN, "--model", "./pair.yaml"), "pair.yaml:"),
        ((*RUN, "--out", "folder.yaml"), "needs an ending"), ((*STEADY, "ca"), "'ca' has no '='"),
        ((*RUN, "--plot", "r.png", "--data", "nope.csv"), "nope.csv"), (("rnu", "x"), "rnu"),
        ((*RUN, "--out", "r.nc", "--plot", "r.png", "--data", "nope.csv"), "nope.csv"),
        ((*RUN, "--synapses", "0"), "synapses: 0"), (("show", "nope"), "or fit called 'nope'"),
        (("run", "./pair.yaml", "--engine", "refrence"), "did you mean 'reference'?"),
        ((*RUN, "--values", "nope.yaml"), "nope.yaml: is not a file"),
        ((*RUN, "--values", "empty.yaml"), "empty.yaml: is empty"),
        ((*RUN, "--model", "./empty.yaml"), "empty.yaml: is empty"),
        ((*RUN, "--model", "./large.yaml"), "large.yaml: has 10000000 bytes"),
        ((*RUN, "--model", "a\0b"), "null"), (("new", "model", "../x"), "'../x' is not a name"),
        (("new", "modle", "x"), "did you mean 'model'?"),
        (("new", "protocol", "x", "--like", "./folder.yaml"), "folder.yaml"),
        (("run", "stdp_pairs", "--sett", "x=1"), "--sett"),
        ((*STEADY, "caa=0.1:1:5 uM"), "no parameter or state 'caa'"),
        ((*STEADY, "ca=0.1 uM"), "is not a range"), ((*STEADY, "ca=1:0.1:5 uM"), "must be smaller"),
        ((*STEADY, "ca=0.1:1:5 mV"), "wrong unit"),
        ((*STEADY, "ca=0.1:1:5 uM", "--out", "r.txt"), "needs an ending"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_mistake_is_one_line_and_leaves_no_file(cli, here, arguments, says):
    if "./large.yaml" in arguments:
        (here / "large.yaml").write_bytes(b"#" * 10_000_000)
    before = sorted(os.listdir(here))
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("plasticity-sim: ")
    assert err.count("\n") == 1
    assert says in err
    assert sorted(os.listdir(here)) == before


def test_a_mistake_is_one_line_in_a_process_of_its_own(here):
    before = sorted(os.listdir(here))
    done = started(here, *RUN, "--set", "g_nmda=1 mV", "--out", "r.nc")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"plasticity-sim: .+\n", done.stderr)
    assert sorted(os.listdir(here)) == before


def test_a_reader_that_stops_early_is_no_error(here):
    command = f'"{sys.executable}" -m plasticity_sim show graupner_brunel_2007 | head -1'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize(("problem", "code"), [(KeyboardInterrupt, 130), (SimulationError, 1)])
def test_a_run_without_an_end_leaves_no_file(cli, here, monkeypatch, problem, code):
    def ends(*_, **__) -> None:
        raise problem("lane 3, ca, at 2 s")

    monkeypatch.setattr("plasticity_sim.simulation.simulate", ends)
    before = sorted(os.listdir(here))
    found, out, err = cli(*RUN, "--out", "r.nc")
    assert (found, out, err.count("plasticity-sim: ")) == (code, "", 1)
    assert sorted(os.listdir(here)) == before


def test_help_tells_every_command(cli):
    code, out, err = cli("--help")
    assert (code, err) == (0, "")
    words = ("list", "show", "check", "new", "run", "steady", "cite", "doctor")
    assert all(re.search(rf"^ +{word} ", out, re.MULTILINE) for word in words)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One real run: a single pair on the reference engine, to JSON, NetCDF and CSV."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "pair.yaml").write_text(PAIR)
    done = started(folder, *RUN, "--json", "--seed", "7", "--out", "r.nc", "--out", "r.csv")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_run_prints_one_json_object_and_nothing_else(finished):
    data = plain(finished[1].stdout)
    keys = "model protocol conditions trust not_modelled wall_s compiled seed version"
    assert set(keys.split()) <= data.keys()
    assert (data["model"], data["protocol"], data["seed"]) == ("graupner_brunel_2007", "pair", 7)


def test_a_condition_has_strength_states_and_peaks_with_units(finished):
    (condition,) = plain(finished[1].stdout)["conditions"]
    assert {"strength_percent", "strength_sem", "n", "states", "peak"} <= condition.keys()
    assert condition["states"].keys() == {"down", "up"}
    assert condition["peak"]["ca"]["unit"] == "uM"
    assert 50 < condition["strength_percent"] < 200


def test_the_trust_figures_are_complete(finished):
    trust = plain(finished[1].stdout)["trust"]
    keys = "steps rejected conservation_drift min_state finite tenth_tolerance_change"
    assert set(keys.split()) <= trust.keys()
    assert trust["finite"] is True
    assert trust["conservation_drift"] < 1e-9


def test_a_run_leaves_only_the_files_it_was_asked_for(finished):
    assert sorted(os.listdir(finished[0])) == ["pair.yaml", "r.csv", "r.nc"]


def test_the_netcdf_file_holds_units_and_what_decided_it(finished):
    with xr.open_dataset(finished[0] / "r.nc", engine="h5netcdf") as data:
        assert all("units" in variable.attrs for variable in data.data_vars.values())
        assert data["strength"].attrs["units"] == "%"
        assert data["ca"].attrs["units"] == "uM"
        assert data.attrs["seed"] == 7
        assert re.fullmatch("[0-9a-f]{64}", data.attrs["content_hash"])
        assert json.loads(data.attrs["inputs"])["parameters"]["mg_out"] == "1 mM"
        assert {"python", "brian2", "numpy"} <= json.loads(data.attrs["versions"]).keys()


def test_the_csv_file_has_units_in_its_headings(finished):
    headings = (finished[0] / "r.csv").read_text().splitlines()[0].split(",")
    assert {"time (s)", "ca (uM)", "v (mV)", "strength (%)", "state", "w"} <= set(headings)
