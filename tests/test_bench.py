"""The bench as a command: what it writes and shows, how it ends, and how a mistake is told."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib as mpl
import pytest
from own_bench import InPlace
from own_bench import here as here

from plasticity_sim.library import shipped
from plasticity_sim.trials import Simulated

mpl.use("Agg")

ROOT = Path(__file__).parent.parent

BENCH = ("bench", "--models", "counting.yaml", "--experiments", "counted.yaml,drugged.yaml")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*BENCH, "--out", "no/such"), "the folder 'no' does not exist; make it first"),
        ((*BENCH, "--out", "counted.csv"), "'counted.csv' is a file; give a folder"),
        ((*BENCH, "--out", ""), "give the name of a folder"), (BENCH, "--out"),
        ((*BENCH, "--out", "out", "--jobs", "0"), "--jobs"),
        ((*BENCH[:3], "--experiments", "countd.yaml", "--out", "out"), "no such experiment file"),
        (("bench", "--models", "nope", "--out", "out"), "no model called 'nope'"),
        (("bench", "--models", ",", "--out", "out"), "--models: write names or files"),
        (("check", "wrong.yaml"), "counted.csv:3: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_leaves_nothing(cli, here, arguments, says):
    (here / "wrong.yaml").write_text((here / "counted.yaml").read_text())
    if "check" in arguments:
        table = (here / "counted.csv").read_text().replace("10,106", "11,106")
        (here / "counted.csv").write_text(table)
    before = sorted(os.listdir(here))
    code, out, err = cli(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err
    assert sorted(os.listdir(here)) == before


def test_failed_cells_are_counted_and_the_exit_code_is_one(cli, here, monkeypatch):
    executor = InPlace({"counted.yaml": Simulated(failure="'w' is not finite")})
    monkeypatch.setattr("plasticity_sim.jobs.LocalProcesses", lambda count: executor)
    code, out, err = cli(*BENCH, "--out", "out")
    assert code == 1
    assert "1 of 2 cells failed" in err
    assert "counting under counted failed: 'w' is not finite" in err
    assert "2 cells: 1 scored, 0 do not apply, 0 left out as too long, 1 failed" in out


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start one command in a process of its own, where there is no compiler."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": ""}
    command = [sys.executable, "-m", "plasticity_sim", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_bench_writes_table_picture_and_page_from_real_simulations(here):
    process = started(here, *BENCH, "--out", "out", "--jobs", "2")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "2 cells: 2 scored" in out
    assert sorted(os.listdir(here / "out")) == ["bench.csv", "bench.html", "bench.png", "cells"]
    with (here / "out" / "bench.csv").open(newline="") as file:
        rows = {(row["experiment"], row["condition"]): row for row in csv.DictReader(file)}
    assert float(rows["counted", "count 50"]["simulated (%)"]) == pytest.approx(150, rel=1e-5)
    assert rows["drugged", "unknown"]["applicable"] == "no"
    assert (here / "out" / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_an_interrupt_says_how_to_go_on_and_leaves_whole_cells(here):
    slow = (here / "drugs.yaml").read_text().replace("count: 20", "count: 200000")
    (here / "drugs.yaml").write_text(slow)
    process = started(here, *BENCH, "--out", "out", "--jobs", "2")
    kept = here / "out" / "cells" / "counting--counted.json"
    deadline = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "1 of 2 are done; what was simulated is kept in out/cells; the same command" in err
    assert os.listdir(here / "out") == ["cells"]
    assert os.listdir(here / "out" / "cells") == ["counting--counted.json"]
    json.loads(kept.read_text())


def test_help_tells_the_bench_and_list_the_experiments(cli):
    assert re.search(r"^ +bench ", cli("--help")[1], re.MULTILINE)
    listed = cli("list", "experiments")[1]
    assert [name for name in shipped("experiments") if name not in listed] == []


def test_show_of_an_experiment_tells_its_outcomes_and_its_protocol(cli, here):
    code, out, _ = cli("show", "counted.yaml")
    assert code == 0
    assert re.search(r"count 10 +106 +8 +5 +F +made up", out)
    assert "title: Three numbers of pulses\n" in out
    data = json.loads(cli("show", "counted.yaml", "--json")[1])
    assert [row["mean"] for row in data["measured"]] == [106, 120, 130]


def test_check_takes_experiments(cli, here):
    code, out, _ = cli("check", "counted.yaml", *shipped("experiments"))
    assert code == 0
    assert out.startswith("counted.yaml: an experiment with 3 outcomes, 3 conditions\n")


def test_show_of_a_model_tells_what_it_was_fitted_to(cli, here):
    model = here / "counting.yaml"
    model.write_text(model.read_text() + "fitted_to: [counted.yaml]\n")
    assert re.search(r"^fitted to +counted.yaml$", cli("show", "counting.yaml")[1], re.MULTILINE)
    assert json.loads(cli("show", "counting.yaml", "--json")[1])["fitted_to"] == ["counted.yaml"]
