"""Experiments: each row of a table is one condition of the protocol, and a mistake has its line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from plasticity_sim.errors import InputError
from plasticity_sim.experiment import load_experiment
from plasticity_sim.experiment.formats import ExperimentFormat
from plasticity_sim.library import bibliography, shipped
from plasticity_sim.model import load_model

HERE = Path(__file__).parent / "experiments"
SCHEMAS = Path(__file__).parents[1] / "plasticity_sim" / "schemas"
PAIRS = """\
format: 1
title: Pairs at two rates and three lags
induction:
  - pre: [{name: pairs, count: 60, rate: [1 Hz, 10 Hz]}]
    post: {lag: "-10:10:3 ms"}
follow_up: {duration: 30 min}
"""
OWN = """\
format: 1
title: Pairs
source: Jahr1990
preparation: made up
protocol: pairs.yaml
outcomes: pairs.csv
"""
HEAD = "rate (Hz),lag (ms),mean,sem,n,confidence,digitisation\n"
SIGNS = "rate (Hz),lag (ms),sign,n,confidence,read_from\n"


def written(folder: Path, table: str, signs: str = "") -> str:
    """Write an experiment with its protocol and tables; return its path."""
    (folder / "pairs.yaml").write_text(PAIRS)
    (folder / "pairs.csv").write_text(table)
    (folder / "signs.csv").write_text(signs)
    (folder / "own.yaml").write_text(OWN + ("signs: signs.csv\n" if signs else ""))
    return str(folder / "own.yaml")


def refusal(path: str) -> str:
    with pytest.raises(InputError) as caught:
        load_experiment(path)
    return str(caught.value).removeprefix(str(Path(path).parent) + "/")


def test_a_row_is_the_condition_that_its_columns_say(tmp_path):
    experiment = load_experiment(written(tmp_path, HEAD + "10,0,120,8,5,F,figure 1\n"))
    (outcome,) = experiment.outcomes
    labels = experiment.protocol.conditions[outcome.condition].labels
    assert labels == {"rate": "10 Hz", "lag": "0 ms"}
    assert (outcome.mean, outcome.sem, outcome.n, outcome.kind) == (120, 8, 5, "number")


def test_columns_may_have_other_units_of_the_same_kind(tmp_path):
    table = HEAD.replace("lag (ms)", "lag (s)") + "10,-0.01,120,8,5,F,figure 1\n"
    (outcome,) = load_experiment(written(tmp_path, table)).outcomes
    assert outcome.condition == 3


def test_sem_and_n_may_be_unknown_and_comments_are_not_read(tmp_path):
    table = "# read by hand\n" + HEAD + "\n1,-10,80,,,S,figure 1\n"
    (outcome,) = load_experiment(written(tmp_path, table)).outcomes
    assert (outcome.sem, outcome.n) == (None, None)


def test_a_sign_is_an_outcome_without_a_mean(tmp_path):
    path = written(tmp_path, HEAD + "1,0,80,5,5,F,x\n", SIGNS + "1,10,LTP,,Q,abstract\n")
    outcome = load_experiment(path).outcomes[1]
    assert (outcome.kind, outcome.sign, outcome.mean) == ("sign", "LTP", None)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("12,0,80,5,5,F,x", "no condition has 'rate (Hz)' 12; the protocol has 1, 10"),
        ("ten,0,80,5,5,F,x", "'ten' is not a number; it stands under 'rate (Hz)'"),
        (",0,80,5,5,F,x", "'rate (Hz)' is empty; every row says its condition"),
        ("1,0,,5,5,F,x", "mean is empty"), ("1,0,nan,5,5,F,x", "'nan' is not a number"),
        ("1,0,80,0,5,F,x", "sem is 0; it has to be positive, or empty"),
        ("1,0,80,-2,5,F,x", "sem is -2"), ("1,0,80,5,2.5,F,x", "n is 2.5; write a whole number"),
        ("1,0,80,5,5,M,x", "confidence is 'M'; write F (a file or the paper), S (a secondary"),
        ("1,0,80,5,5,Q,x", "confidence is 'Q'"), ("1,0,80,5,5,F", "6 cells under 7 headings"),
        ("1,-10,80,5,5,F,x", "rate 1 Hz, lag -10 ms has an outcome already, in"),
        ('1,0,80,5,5,F,"x', "not valid CSV"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_row_is_told_with_its_line(tmp_path, row, says):
    path = written(tmp_path, HEAD + "1,-10,80,5,5,F,x\n# a remark\n" + row + "\n")
    message = refusal(path)
    assert message.startswith("pairs.csv:4: "), message
    assert says in message


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("rat (Hz),lag (ms),mean,sem,n,confidence,digitisation", "did you mean 'rate (Hz)'?"),
        ("rate,lag (ms),mean,sem,n,confidence,digitisation", "write 'rate (Hz)'"),
        ("rate (ms),lag (ms),mean,sem,n,confidence,digitisation", "the unit of 'rate (ms)' does"),
        ("lag (ms),mean,sem,n,confidence,digitisation", "the column 'rate (Hz)' is missing"),
        ("rate (Hz),lag (ms),mean,n,confidence,digitisation", "the column 'sem' is missing"),
        ("rate (Hz),lag (ms),mean,mean,sem,n,confidence,digitisation", "'mean' stands twice"),
    ],
)
def test_a_mistake_in_the_headings_is_told_with_their_line(tmp_path, head, says):
    row = "1," * head.count(",") + "1"
    message = refusal(written(tmp_path, f"# by hand\n{head}\n{row}\n"))
    assert message.startswith("pairs.csv:2: ")
    assert says in message


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1,0,up,,Q,x", "signs.csv:2: sign is 'up'; write LTP, LTD or none"),
        ("1,0,LTP,,M,x", "signs.csv:2: confidence is 'M'"),
        ("1,10,LTP,,Q,x", "signs.csv:2: rate 1 Hz, lag 10 ms has an outcome already, in"),
    ],
)
def test_a_mistake_in_a_sign_is_told_with_its_line(tmp_path, row, says):
    path = written(tmp_path, HEAD + "1,10,80,5,5,F,x\n", SIGNS + row + "\n")
    assert refusal(path).startswith(says)


@pytest.mark.parametrize("table", ["", HEAD, "\n\n"])
def test_a_table_without_rows_is_refused(tmp_path, table):
    assert refusal(written(tmp_path, table)).startswith("pairs.csv: has no rows; write headings")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("outcomes: pairs.csv", "outcomes: no.csv", "own.yaml:6: there is no file 'no.csv' beside"),
        ("outcomes: pairs.csv\n", "", "own.yaml:1: write outcomes or signs"),
        ("protocol: pairs.yaml", "protocol: no.yaml", "own.yaml:5: there is no file 'no.yaml'"),
        ("protocol: pairs.yaml", "protocol: stdp_pair", "did you mean 'stdp_pairs'?"),
        ("preparation", "prepartion", "unknown key 'prepartion'; did you mean 'preparation'?"),
        ("source: Jahr1990\n", "", "'source' is missing"),
    ],
)
def test_a_mistake_in_the_experiment_is_told_with_its_line(tmp_path, old, new, says):
    path = Path(written(tmp_path, HEAD + "1,0,80,5,5,F,x\n"))
    path.write_text(OWN.replace(old, new))
    assert says in refusal(str(path))


def test_a_mistake_in_the_protocol_is_told_with_the_line_of_its_own_file(tmp_path):
    path = written(tmp_path, HEAD + "1,0,80,5,5,F,x\n")
    (tmp_path / "pairs.yaml").write_text(PAIRS.replace("30 min", "30 mV"))
    assert refusal(path).startswith("pairs.yaml:6: follow_up: duration")


def test_an_unknown_experiment_gets_the_known_names():
    with pytest.raises(InputError, match="no experiment called 'nope'"):
        load_experiment("nope")


@pytest.mark.parametrize("name", shipped("experiments"))
def test_a_shipped_experiment_is_right_and_cites_the_bibliography(name):
    experiment = load_experiment(name)
    entries = re.findall(r"^@\w+\{([^,\s]+),", bibliography().read_text("utf-8"), re.MULTILINE)
    assert set(experiment.source) <= set(entries)
    assert experiment.outcomes


def test_the_shipped_schema_is_that_of_the_loader():
    schema = json.loads((SCHEMAS / "experiment.json").read_text())
    assert schema == ExperimentFormat.model_json_schema(), "run `make schemas`"


def fitted(folder: Path, name: str) -> str:
    """Write the counting model as fitted to an experiment; return its path."""
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    path = folder / "counting.yaml"
    path.write_text(path.read_text() + f"fitted_to: [{name}]\n")
    return str(path)


def test_a_model_says_which_experiments_it_was_fitted_to(tmp_path):
    assert load_model(fitted(tmp_path, "counted.yaml")).fitted_to == ("counted.yaml",)


@pytest.mark.parametrize("name", ["nope", "nope.yaml"])
def test_a_model_cannot_be_fitted_to_an_experiment_that_is_not_there(tmp_path, name):
    with pytest.raises(InputError, match=r"counting.yaml:\d+: fitted_to: .*no .*experiment"):
        load_model(fitted(tmp_path, name))
