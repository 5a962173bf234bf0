"""The bench: kept cells, what it writes, how it ends; and the processes that it runs in."""

from __future__ import annotations

import csv
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import pytest

from plasticity_sim.bench import run_bench
from plasticity_sim.errors import InputError
from plasticity_sim.experiment import load_experiment
from plasticity_sim.jobs import Done, LocalProcesses
from plasticity_sim.library import shipped
from plasticity_sim.model import load_model
from plasticity_sim.report import draw_matrix, matrix, write_page, write_table
from plasticity_sim.score import compared
from plasticity_sim.trials import Simulated

mpl.use("Agg")

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent / "experiments"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of one's own with a model and two experiments."""
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class InPlace:
    """An executor without processes; strengths are made up, and what was asked for is noted."""

    def __init__(self, simulated=None):
        self.asked, self.simulated = [], simulated or {}

    def run(self, work, tasks):
        for task in tasks:
            self.asked.append(task)
            count = len(load_experiment(task[1]).protocol.conditions)
            made_up = Simulated((120.0,) * count, ("",) * count, ("mg_out",), seconds=1.0)
            yield Done(task, self.simulated.get(task[1], made_up))


COUNTED = ("counting.yaml", "counted.yaml")
DRUGGED = ("counting.yaml", "drugged.yaml")


def asked(folder=Path("out")):
    """Run the bench once more; return the pairs that were not taken from the folder."""
    executor = InPlace()
    run_bench(["counting.yaml"], ["counted.yaml", "drugged.yaml"], folder, executor)
    return sorted(executor.asked)


def test_a_second_run_simulates_nothing(here):
    assert asked() == [COUNTED, DRUGGED]
    assert asked() == []


def test_only_the_experiment_whose_protocol_has_changed_is_simulated_again(here):
    asked()
    (here / "pulses.yaml").write_text((here / "pulses.yaml").read_text().replace("50]", "60]"))
    table = (here / "counted.csv").read_text().replace("\n50,", "\n60,")
    (here / "counted.csv").write_text(table)
    assert asked() == [COUNTED]


def test_a_changed_parameter_of_the_model_simulates_all_its_cells_again(here):
    asked()
    component = here / "components" / "counter.yaml"
    component.write_text(component.read_text().replace("value: 0.01", "value: 0.02"))
    assert asked() == [COUNTED, DRUGGED]


def test_models_changed_by_the_loader_are_what_workers_run(here):
    def stronger(name):
        return load_model(name).with_values(step="0.05")

    class Working(InPlace):
        def run(self, work, tasks):
            yield from (Done(task, pickle.loads(pickle.dumps(work))(task)) for task in tasks)

    asked()
    found = run_bench(["counting.yaml"], ["counted.yaml"], Path("out"), Working(), load=stronger)
    plain = run_bench(["counting.yaml"], ["counted.yaml"], Path("out"), Working())
    changes = [
        [strength - 100 for strength in cells.cells[0].simulated.strengths]
        for cells in (found, plain)
    ]
    assert changes[0] == pytest.approx([5 * change for change in changes[1]], rel=1e-6)


def test_changed_spikes_of_a_file_are_noticed(here):
    protocol = here / "drugs.yaml"
    own = "- {name: paired, induction: [{pre: {file: spikes.csv}}]}"
    protocol.write_text(protocol.read_text().rpartition("  - {name: paired")[0] + f"  {own}\n")
    (here / "spikes.csv").write_text("0\n0.1\n")
    asked()
    (here / "spikes.csv").write_text("0\n0.2\n")
    assert asked() == [DRUGGED]


def test_other_engine_sources_simulate_everything_again(here, monkeypatch):
    asked()
    monkeypatch.setattr("plasticity_sim.bench.code_digest", lambda *_: "another version")
    assert asked() == [COUNTED, DRUGGED]


def test_a_changed_outcome_is_scored_again_without_a_simulation(here):
    asked()
    table = (here / "counted.csv").read_text().replace("10,106,8", "10,100,4")
    (here / "counted.csv").write_text(table)
    found = run_bench(["counting.yaml"], ["counted.yaml"], Path("out"), executor := InPlace())
    assert executor.asked == []
    assert found.cells[0].comparisons[0].z == 5


@pytest.mark.parametrize("change", ["", "{", "[]", '{"key": 1}', '"strengths": [120.0, 1'])
def test_a_broken_cell_is_simulated_again(here, change):
    asked()
    cell = Path("out/cells/counting--counted.json")
    whole = cell.read_text()
    cell.write_text(whole[: len(whole) // 2] if change.startswith('"') else change)
    assert asked() == [COUNTED]
    assert cell.read_text() == whole


@pytest.mark.parametrize("key", ["strengths", "reasons"])
def test_a_cell_with_too_few_conditions_is_simulated_again(here, key):
    asked()
    cell = Path("out/cells/counting--counted.json")
    data = json.loads(cell.read_text())
    cell.write_text(json.dumps(data | {key: data[key][:1]}))
    assert asked() == [COUNTED]


def test_a_failed_cell_is_tried_again(here):
    executor = InPlace({"counted.yaml": Simulated(failure="not finite")})
    run_bench(["counting.yaml"], ["counted.yaml", "drugged.yaml"], Path("out"), executor)
    assert asked() == [COUNTED]


def test_cells_are_kept_as_they_come(here):
    class Interrupted(InPlace):
        def run(self, work, tasks):
            yield from list(super().run(work, tasks))[:1]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_bench(["counting.yaml"], ["counted.yaml", "drugged.yaml"], Path("out"), Interrupted())
    assert len(list(Path("out/cells").glob("*.json"))) == 1
    assert len(asked()) == 1


def test_two_models_of_one_name_are_refused(here):
    shutil.copytree(here, here / "other")
    with pytest.raises(InputError, match="two models are called 'counting'"):
        run_bench(["counting.yaml", "other/counting.yaml"], ["counted.yaml"], here, InPlace())


def cells(model=None, **simulated):
    """Return the cells of the counting model, with strengths that are made up."""
    model = model or load_model(str(HERE / "counting.yaml"))
    found = {"counted": Simulated((110.0, 120.0, 150.0), ("",) * 3, ("temperature",))}
    found["drugged"] = Simulated((120.0, None, 100.0, None), ("", "no drug", "", "no spikes"))
    found |= simulated
    return [
        compared(model, load_experiment(str(HERE / f"{name}.yaml")), found[name])
        for name in ("counted", "drugged")
    ]


def test_the_table_has_a_row_an_outcome_and_says_why_one_does_not_apply(tmp_path):
    write_table(cells(), tmp_path / "bench.csv")
    with (tmp_path / "bench.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    first, unknown = rows[0], rows[4]
    assert (first["simulated (%)"], first["z"], first["role"]) == ("110", "0.5", "held-out")
    assert (unknown["condition"], unknown["applicable"]) == ("unknown", "no")
    assert unknown["reason"] == "no drug"


def test_the_table_says_which_cells_failed(tmp_path):
    write_table(cells(counted=Simulated(failure="not finite")), tmp_path / "bench.csv")
    with (tmp_path / "bench.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["applicable"] for row in rows[:3]] == ["failed"] * 3
    assert rows[0]["reason"] == "not finite"


class Page(HTMLParser):
    """The tags of a page, those left open, and its links."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.links, self.places = [], set(), [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self.places.add(attributes.get("id"))
        self.links += [attributes[key] for key in ("href", "src") if key in attributes]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page(tmp_path, found) -> str:
    write_page(found, "0", tmp_path / "bench.html")
    return (tmp_path / "bench.html").read_text("utf-8")


def test_the_page_stands_alone_and_every_cell_leads_somewhere(tmp_path):
    text = page(tmp_path, cells())
    found = Page(text)
    assert found.open == []
    assert "script" not in found.tags
    assert found.links
    assert all(link.startswith("#") and link[1:] in found.places for link in found.links)
    assert "http" not in text


def test_the_page_tells_numbers_reasons_and_sources(tmp_path):
    text = page(tmp_path, cells())
    words = ("no drug", "temperature", "made up", "Jahr", "106.0", "Held out")
    assert [word for word in words if word not in text] == []
    assert "<svg" in text


def test_the_page_tells_why_a_cell_failed(tmp_path):
    text = page(tmp_path, cells(counted=Simulated(failure="'w' is not finite")))
    assert "The simulation failed:" in text
    assert "&#39;w&#39; is not finite" in text


def test_every_text_of_a_file_is_escaped(here, tmp_path):
    evil = '<script>alert(1)</script>&\\"'
    for name in ("counting.yaml", "counted.yaml", "pulses.yaml"):
        text = (here / name).read_text()
        (here / name).write_text(re.sub("title: .*", lambda _: f"title: '{evil}'", text))
    experiment = here / "counted.yaml"
    text = experiment.read_text().replace("preparation: made up", f"preparation: '{evil}'")
    experiment.write_text(text + f"note: '{evil}'\n")
    quoted = evil.replace('"', '""')
    table = (here / "counted.csv").read_text().replace("F,made up", f'F,"{quoted}"')
    (here / "counted.csv").write_text(table)
    simulated = Simulated((110.0, None, 150.0), ("", evil, ""), (evil,))
    cell = compared(load_model("counting.yaml"), load_experiment("counted.yaml"), simulated)
    text = page(tmp_path, [cell])
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;\\&#34;") >= 6
    assert Page(text).open == []


def test_the_matrix_is_a_journals_page_wide_with_letters_of_seven_to_nine_points(tmp_path):
    figure = draw_matrix(matrix(cells(drugged=Simulated(failure="not finite"))))
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(180)
    texts = [t for axes in figure.axes for t in axes.texts]
    assert {t.get_text() for t in texts} >= {"counting", "counted", "drugged", "2.9", "x"}
    assert all(7 <= t.get_fontsize() <= 9 for t in texts if t.get_text())


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


def doubled(number: int) -> int:
    return 2 * number


def threads(_: int) -> str:
    return os.environ["PLASTICITY_SIM_JOBS"]


def dies(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def raises(number: int) -> int:
    return 1 // number


def sleeps(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def test_every_task_comes_back_with_its_value():
    found = LocalProcesses(2).run(doubled, [1, 2, 3, 4, 5])
    assert sorted((done.task, done.value) for done in found) == [(n, 2 * n) for n in range(1, 6)]


def test_a_worker_computes_on_one_thread_and_the_parent_as_before(monkeypatch):
    monkeypatch.delenv("PLASTICITY_SIM_JOBS", raising=False)
    assert [done.value for done in LocalProcesses(1).run(threads, [0])] == ["1"]
    assert "PLASTICITY_SIM_JOBS" not in os.environ


def test_a_process_that_dies_loses_its_own_task_only():
    found = {done.task: done for done in LocalProcesses(1).run(dies, [0, 1, 2])}
    assert found[1].died == "its process was ended by SIGKILL"
    assert (found[0].value, found[2].value) == (0, 2)


def test_work_that_raises_is_told_with_its_traceback():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(LocalProcesses(1).run(raises, [0]))


def test_closing_the_iterator_ends_what_runs(tmp_path):
    path = tmp_path / "started"
    results = LocalProcesses(2).run(
        _first_or_sleeps, ["", str(path)]
    )  # the first task ends at once
    assert next(results).task == ""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)


def _first_or_sleeps(path: str) -> None:
    if path:
        sleeps(path)


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
