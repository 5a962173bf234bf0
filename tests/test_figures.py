"""The command that draws figures: what it writes, how a change is told, and how it refuses."""

from __future__ import annotations

import re

import matplotlib as mpl
import pytest
import xarray as xr

from plasticity_sim.figure import read_figure
from plasticity_sim.library import find, shipped

mpl.use("Agg")

MINE = '''
"""Two constants stand still.

A bar is a model;
n = 1.

Made up.
"""
import xarray as xr
from matplotlib.figure import Figure
from plasticity_sim import load_model


def data(load=load_model):
    names = ("pair_stdp", "graupner_brunel_2007")
    values = [load(name).parameters["{}"].value for name in names[:{}]]
    return xr.Dataset({{"value": ("model", values, {{"units": "s"}})}})


def draw(data):
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().bar(data["model"], data["value"])
    return figure
'''
PARAMETER = "tau_plus"  # of pair_stdp


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a figure of one's own, which reads a parameter and simulates nothing."""
    (tmp_path / "mine.py").write_text(MINE.format(PARAMETER, 1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def value(folder) -> float:
    with xr.open_dataset(folder / "mine.nc") as data:
        return float(data["value"][0])


def test_a_figure_is_a_picture_its_data_and_a_page_with_its_caption(cli, here):
    code, out, err = cli("figure", "./mine.py", "--format", "png,svg,pdf")
    assert (code, err) == (0, "mine\n")
    assert out.split() == ["mine.png", "mine.svg", "mine.pdf"]
    names = {path.name for path in here.iterdir()}
    assert names == {"mine.py", "mine.nc", "mine.md", "mine.png", "mine.svg", "mine.pdf"}
    page = (here / "mine.md").read_text()
    assert page.startswith("# Two constants stand still.\n\n![")
    assert "](mine.png)" in page
    assert "A bar is a model; n = 1.\n\nMade up.\n" in page


def test_every_format_carries_the_caption(cli, here):
    cli("figure", "./mine.py", "--format", "png,svg,pdf")
    for ending in ("png", "svg", "pdf"):
        content = (here / f"mine.{ending}").read_bytes()
        assert b"Two constants stand still." in content, ending
        assert b"A bar is a model; n = 1. Made up." in content, ending


def test_a_figure_drawn_twice_has_the_same_bytes(cli, here):
    pictures = []
    for _ in range(2):
        cli("figure", "./mine.py", "--format", "png,svg,pdf")
        pictures.append([(here / f"mine.{e}").read_bytes() for e in ("png", "svg", "pdf")])
    assert pictures[0] == pictures[1]


def test_a_change_is_simulated_and_named_in_the_caption_and_at_the_foot(cli, here):
    cli("figure", "./mine.py", "--format", "svg")
    before, plain = value(here), (here / "mine.svg").read_text()
    code, _, _ = cli("figure", "./mine.py", "--format", "svg", "--set", f"{PARAMETER}=33 ms")
    changed = (here / "mine.svg").read_text()
    assert code == 0
    assert value(here) == pytest.approx(0.033)
    assert before != pytest.approx(0.033)
    assert (here / "mine.md").read_text().rstrip().endswith(f"Here with {PARAMETER} = 33 ms.")
    assert f"Here with {PARAMETER} = 33 ms." in changed

    def height(svg):
        return float(re.search(r'height="([0-9.]+)pt"', svg)[1])

    assert height(plain) < height(changed) < height(plain) + 15  # one small line


def test_a_values_file_changes_every_model_that_has_the_parameter(cli, here):
    (here / "mine.yaml").write_text(
        f"format: 1\nvalues:\n  {PARAMETER}: {{value: 21 ms, assumed: a test}}\n"
    )
    code, _, _ = cli("figure", "./mine.py", "--values", "mine.yaml")
    assert code == 0
    assert value(here) == pytest.approx(0.021)
    assert f"Here with {PARAMETER} = 21 ms." in (here / "mine.md").read_text()
    cli("figure", "./mine.py", "--values", "mine.yaml", "--set", f"{PARAMETER}=22 ms")
    assert value(here) == pytest.approx(0.022)  # --set comes after the file


def test_a_name_of_another_meaning_in_another_model_is_left_alone_and_told(cli, here):
    # in shouval_2002 it is what the receptors bring of calcium, and no conductance
    text = MINE.format("g_nmda", 2).replace('"pair_stdp"', '"shouval_2002"')
    (here / "mine.py").write_text(text)
    assert cli("figure", "./mine.py", "--set", "g_nmda=0.6 nS")[0] == 0
    page = (here / "mine.md").read_text().rstrip()
    assert page.endswith("Here with g_nmda = 0.6 nS in graupner_brunel_2007.")
    with xr.open_dataset(here / "mine.nc") as data:
        assert data["value"][0] < 0
        assert float(data["value"][1]) == pytest.approx(0.6e-9)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give the name of a figure, or --all"),
        (["kinase_switch", "--all"], "give the name of a figure, or --all"),
        (["kinase_swich"], "did you mean 'kinase_switch'?"),
        (["./mine.py", "--format", "jpg"], "no format 'jpg'"),
        (["./mine.py", "--format", ""], "no format ''"),
        (["./mine.py", "--out", "missing"], "the folder 'missing' does not exist"),
        (["./mine.py", "--set", "tau_pluss=1 ms"], "did you mean 'tau_plus'?"),
        (["./mine.py", "--set", "tau_plus=1 mV"], "tau_plus is"),
        (["./mine.py", "--set", "tau_plus"], "write a name and a value"),
        (["./mine.py", "--values", "none.yaml"], "none.yaml"),
        (["./other.py"], "there is no such figure file"),
        (["--all", "--set", "no_such_thing=1"], "'no_such_thing'"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(cli, here, arguments, says):
    code, out, err = cli("figure", *arguments)
    told = [line for line in err.splitlines() if line != "mine"]
    assert (code, out, len(told)) == (2, "", 1)
    assert says in told[0]
    assert [path.name for path in here.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"""A caption."""\ndef data(load): pass\n', "has no function 'draw'"),
        ("def data(load): pass\ndef draw(data): pass\n", "has no docstring"),
    ],
)
def test_a_file_that_is_no_figure_is_refused(cli, here, text, says):
    (here / "mine.py").write_text(text)
    code, _, err = cli("figure", "./mine.py")
    assert code == 2
    assert f"mine.py: {says}" in err


@pytest.mark.parametrize("name", shipped("figures"))
def test_a_shipped_figure_has_a_caption_that_says_what_is_a_model_and_what_was_measured(name):
    caption = read_figure(name).caption
    assert caption.title.endswith(".")
    assert len(caption.title) <= 100
    assert caption.paragraphs
    assert re.search(r"model|simulat", caption.text)


@pytest.mark.parametrize("name", shipped("figures"))
def test_a_shipped_figure_has_a_picture_in_the_gallery_and_a_test(name):
    assert find("figures", name).with_name("gallery").joinpath(f"{name}.png").is_file()
    assert (find("figures", name).parent.parent / "tests/figures" / f"test_{name}.py").is_file()


def test_the_readme_shows_every_shipped_figure():
    readme = (find("figures", "kinase_switch").parent.parent / "README.md").read_text("utf-8")
    shown = re.findall(r"\]\(figures/gallery/(\w+)\.md\)", readme)
    assert sorted(shown) == shipped("figures")
