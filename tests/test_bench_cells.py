"""Cells of the bench: kept as they come, and simulated again only where something has changed."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
from own_bench import InPlace
from own_bench import here as here

from plasticity_sim.bench import run_bench
from plasticity_sim.errors import InputError
from plasticity_sim.jobs import Done
from plasticity_sim.model import load_model
from plasticity_sim.trials import Simulated

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
