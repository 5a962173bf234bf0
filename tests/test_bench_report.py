"""The report of a bench: a table, a page that stands alone, and a matrix to print."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
from own_bench import HERE
from own_bench import here as here

from plasticity_sim.experiment import load_experiment
from plasticity_sim.model import load_model
from plasticity_sim.report import draw_matrix, matrix, write_page, write_table
from plasticity_sim.score import compared
from plasticity_sim.trials import Simulated

mpl.use("Agg")


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
