"""Exported scripts: run by themselves, without this package, they find the same strengths."""

from __future__ import annotations

import ast
import csv
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import plasticity_sim as ps
from plasticity_sim.export import TOLERANCE, Stepping, brian2_script
from plasticity_sim.export.times import times_text
from plasticity_sim.export.units import quantity_text

ALONE = """
import runpy, sys
sys.modules["plasticity_sim"] = None  # an import of it would be an error
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
RUN = "format: 1\ntitle: own\nrecord: [{every: 1 ms}]\n"
TESTED = RUN + (
    "baseline: {duration: 20 ms, rate: 50 Hz}\nfollow_up: {duration: 40 ms, rate: 50 Hz}\n"
)
PAIRS = RUN + (
    "induction: [{pre: [{count: 2, rate: 100 Hz}], post: {lag: [-5 ms, 5 ms]}}]\n"
    "follow_up: {duration: 20 ms}\n"
)
WINDOWS = (
    TESTED
    + """
induction: [{pre: [{count: 4, rate: 200 Hz}], post: {lag: 1 ms}}]
set:
  - {v: -40 mV, from: induction + 5 ms, until: induction + 11 ms}
  - {g_step: x 0.5, from: induction + 2 ms, until: induction + 12 ms}
bath: {e_leak: -65 mV}
arms: [{name: control}, {name: blocked, drugs: [{name: blocker, from: end - 2 ms}]}]
"""
)
STEPPED = TESTED.replace("every: 1 ms", "every: 10 ms") + (
    "induction: [{pre: [{count: 2, rate: 100 Hz}]}]\nset: [{g_step: x 0.5, from: end + 5 ms}]\n"
)
RELEASED = RUN + "follow_up: {duration: 50 ms}\nset: [{v: -70 mV, from: start, until: 1 ms}]\n"
NUMPY = ps.Options(target="numpy")


def exported(tmp_path, model, protocol, options=None, dt="", method="", synapses=None):
    """Return model, protocol and the script for both."""
    path = tmp_path / "own.yaml"
    path.write_text(protocol)
    loaded, wanted = ps.load_model(model), ps.load_protocol(str(path))
    stepping = Stepping.of(loaded, dt, method)
    text = brian2_script(loaded, wanted, "own", "command", stepping, synapses, options=options)
    return loaded, wanted, text


def run_alone(tmp_path, text):
    """Run a script in a process that cannot import this package; return its series and output."""
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    (tmp_path / "brian_preferences").write_text('codegen.target = "numpy"\n')
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, "own.py", "own.csv"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    with (tmp_path / "own.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, done.stdout


def column(rows, name):
    return np.array([float(row[name]) for row in rows])


@pytest.mark.parametrize(
    ("model", "protocol", "options"),
    [
        pytest.param("leaky_calcium", WINDOWS, NUMPY, id="windows, clamps, drugs, a population"),
        pytest.param("response", STEPPED, NUMPY, id="the response to test pulses"),
        pytest.param("firing", RELEASED, NUMPY, id="a cell that fires by itself"),
        pytest.param("pair_stdp", PAIRS, None, id="traces of pre and post"),
        pytest.param("clopath_2010", PAIRS, NUMPY, id="a model whose step belongs to it"),
        pytest.param(
            "graupner_brunel_2007", PAIRS, None, id="a cascade", marks=pytest.mark.long
        ),
    ],
)  # fmt: skip
def test_a_script_finds_the_strengths_of_a_run_by_itself(
    own_model, tmp_path, model, protocol, options
):
    path = own_model(model)
    name = path if os.path.exists(path) else model
    loaded, wanted, text = exported(tmp_path, name, protocol, options)
    rows, printed = run_alone(tmp_path, text)
    data = ps.simulate(loaded, wanted, options=options)
    expected = data["strength"].to_numpy().ravel()
    times = data["time"].broadcast_like(data["strength"]).to_numpy().ravel()
    own = ~np.isnan(times)  # conditions differ in length
    assert column(rows, "time (s)") == pytest.approx(times[own], abs=1e-9)
    assert np.nanmax(np.abs(column(rows, "strength (%)") - expected[own])) < TOLERANCE
    assert np.nanmax(np.abs(expected - 100)) > TOLERANCE  # something happened
    assert printed.count("expected") == len(wanted.conditions)


def test_values_that_synapses_differ_in_are_written_as_arrays(own_model, tmp_path):
    _, _, text = exported(tmp_path, own_model("leaky_calcium"), WINDOWS, NUMPY)
    assert "g_step : " in text.split("# of this script")[1].split('"""')[0]
    rows = text.split('"g_step": [')[1].split("]")[0].split(",")
    assert len(rows) == 6  # two states of three synapses


def test_a_script_says_which_command_made_it_and_what_to_expect(own_model, tmp_path):
    _, _, text = exported(tmp_path, own_model("leaky"), WINDOWS, NUMPY)
    about = ast.get_docstring(ast.parse(text)).lower()
    for words in ("    command\n", "arm control: 100 %", "arm blocked: 100 %", "within 0.1 %"):
        assert words in about.replace("arm: ", "arm ")


def test_every_value_stands_beside_its_source(own_model, tmp_path):
    model, _, text = exported(tmp_path, own_model("leaky"), WINDOWS, NUMPY)
    for parameter in model.parameters.values():
        if parameter.name not in ("e_leak", "g_step"):  # which this run changes
            assert f'"{parameter.name}": ' in text
    assert text.count("# assumed: for a test") == len(model.parameters) - 2


RELEASING = """
format: 1
title: Each pulse releases a half of what is there, twice over
equations: |
  dx/dt = drift : 1
  doubled = 2 * released : 1
  size = doubled * scale : 1
on_pre:
  - do: |
      released = left * 0.5
      left -= released
      x += size
initial: {x: 1, left: 1}
parameters:
  scale: {value: 1, assumed: for a test}
  drift: {value: 0 1/s, assumed: for a test}
"""


def test_a_statement_of_a_script_sees_what_the_one_before_it_did(tmp_path):
    (tmp_path / "components").mkdir()
    equations = RELEASING.replace("  doubled", "  released : 1\n  left : 1\n  doubled")
    (tmp_path / "components" / "own.yaml").write_text(equations)
    (tmp_path / "model.yaml").write_text(
        "format: 1\ntitle: own\ncomponents: [own]\nreadout: x\nobserve: [x]\n"
        "integrator: {method: euler, dt: 1 ms}\n"
    )
    protocol = RUN + "induction: [{pre: [{count: 2, rate: 100 Hz}]}]\nfollow_up: {duration: 5 ms}\n"
    _, _, text = exported(tmp_path, str(tmp_path / "model.yaml"), protocol, NUMPY)
    rows, _ = run_alone(tmp_path, text)
    assert column(rows, "strength (%)")[-1] == pytest.approx(250)  # 1 + 2 / 2 + 2 / 4


def last_values(tmp_path, text):
    """Return the readout of every row at the last sample, from a script run by itself."""
    end = text.index('if __name__ == "__main__"')
    told = "print(*run_condition(CONDITIONS[0])[1][:, -1])\n"
    _, printed = run_alone(tmp_path, f"{text[:end]}open(sys.argv[1], 'w').close()\n{told}")
    return np.array(printed.split(), float)


NOISY = RUN.replace("1 ms", "20 ms") + (
    "induction: [{pre: [{count: 3, rate: 20 Hz}], post: {lag: 10 ms}}]\n"
    "follow_up: {duration: 200 ms}\n"
)


@pytest.mark.parametrize(
    ("model", "readout", "protocol", "method"),
    [
        ("graupner_brunel_2012_dp", "rho", NOISY, "heun"),
        ("diffusion", "x", NOISY.replace(", post: {lag: 10 ms}", ""), "euler"),
    ],
    ids=["noise that lasts while calcium is high", "noise all the time"],
)
def test_a_script_with_noise_has_the_mean_and_the_spread_of_a_run(
    own_model, tmp_path, model, readout, protocol, method
):
    path = own_model(model)
    (tmp_path / "own.yaml").write_text(protocol)
    loaded = ps.load_model(path if os.path.exists(path) else model)
    loaded = replace(loaded, readout=replace(loaded.readout, variable=readout))
    wanted, many = ps.load_protocol(str(tmp_path / "own.yaml")), 400
    stepping = Stepping.of(loaded, "0.1 ms")
    assert stepping.method == method
    text = brian2_script(loaded, wanted, "own", "command", stepping, many, options=NUMPY)
    found = last_values(tmp_path, text).reshape(len(loaded.states), many)
    data = ps.simulate(loaded, wanted, synapses=many, options=NUMPY)
    expected = data[readout].isel(sample=-1).squeeze().transpose(..., "synapse").to_numpy()
    for own, other in zip(found, np.atleast_2d(expected), strict=True):
        spread = other.std()
        assert spread > 0
        assert own.mean() == pytest.approx(other.mean(), abs=4 * spread * np.sqrt(2 / many))
        assert own.std() == pytest.approx(spread, rel=4 * np.sqrt(1 / many))


def test_noise_is_exported_as_white_noise_without_a_number_to_agree_with(own_model, tmp_path):
    protocol = RUN.replace("1 ms", "10 ms") + "follow_up: {duration: 20 ms}\n"
    _, _, text = exported(tmp_path, own_model("diffusion"), protocol, NUMPY, synapses=4)
    assert "xi" in text
    assert 'METHOD = "euler"' in text
    assert "only means over many" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"dt": "20 ms"},
            "two presynaptic spikes .* fall into one step of 20 ms, at .* give a smaller --dt",
        ),
        ({"dt": "0 ms"}, "dt: '0 ms' is not a step"),
        ({"dt": "3 mV"}, "dt: '3 mV' has the wrong unit"),
        ({"method": "rk5"}, "Brian2 has no method 'rk5'; did you mean 'rk"),
    ],
)
def test_a_step_that_cannot_be_is_refused_before_any_run(own_model, tmp_path, options, message):
    with pytest.raises(ps.InputError, match=message):
        exported(tmp_path, own_model("leaky"), WINDOWS, NUMPY, **options)


def test_times_are_written_as_trains():
    times = np.sort(np.concatenate([np.arange(5) * 0.01, 1 + np.arange(4) * 0.2, [7.5]]))
    assert times_text(times) == "trains((0, 0.01, 5), (1, 0.2, 4), (7.5, 0, 1))"


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (35, "degC", "308.15*kelvin"),
        (0.5, "1/(uM*s)", "0.5/(uM*second)"),
        (2, "1/min", "2/minute"),
        (-70, "mV", "-70*mV"),
        (3, "", "3"),
    ],
)
def test_a_quantity_is_written_in_its_own_unit(number, unit, text):
    assert quantity_text([number], unit) == text


def test_the_command_writes_a_script_that_names_the_command(cli, own_model, tmp_path):
    target = tmp_path / "script.py"
    protocol = tmp_path / "own.yaml"
    protocol.write_text(PAIRS)
    code, _, _ = cli("export", "pair_stdp", "--protocol", str(protocol), "--to", "brian2",
                     "--out", str(target))  # fmt: skip
    assert code == 0
    assert f"plasticity-sim export pair_stdp --protocol {protocol} --to brian2" in (
        target.read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "neuron"), "no simulator 'neuron'"),
        (("--to", "brian"), "did you mean 'brian2'?"),
        (("--to", "brian2", "--out", "script.txt"), "needs an ending"),
        (("--to", "brian2", "--set", "a_plu=1"), "did you mean 'a_plus'?"),
    ],
)
def test_a_wrong_wish_is_one_line(cli, arguments, words):
    code, _, said = cli("export", "pair_stdp", "--protocol", "stdp_pairs", *arguments)
    assert code == 2
    assert words in said
    assert said.count("\n") == 1


def test_no_text_of_a_file_becomes_code_of_the_script(own_model, tmp_path):
    hostile = 'x\n"""\nraise SystemExit(3)\n"""\\'
    model = ps.load_model(own_model("leaky"))
    first = model.parameters["tau_g"]
    parameters = {**model.parameters, "tau_g": replace(first, note=hostile, assumed=hostile)}
    variables = {**model.variables, "g": replace(model.variables["g"], comment=hostile)}
    hostile_model = replace(model, title=hostile, parameters=parameters, variables=variables)
    path = tmp_path / "own.yaml"
    path.write_text(WINDOWS.replace("title: own", f"title: {json.dumps(hostile)}"))
    stepping = Stepping.of(model)
    protocol = ps.load_protocol(str(path))
    arguments = (protocol, hostile, hostile, stepping, 1)
    found = ast.parse(brian2_script(hostile_model, *arguments, options=NUMPY))
    usual = ast.parse(brian2_script(model, *arguments, options=NUMPY))
    assert [type(node) for node in found.body] == [type(node) for node in usual.body]
    assert not any(isinstance(node, ast.Raise) for node in ast.walk(found))
