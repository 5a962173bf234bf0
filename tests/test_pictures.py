"""Pictures from made-up data, and files that are never half written."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
import xarray as xr

import plasticity_sim as ps
from plasticity_sim.drawing import save
from plasticity_sim.plots import draw_run, read_points
from plasticity_sim.results import check_target, to_table, write_beside, write_result

mpl.use("Agg")


def made_up(lags=(-10.0, 12.0)):
    """Return a result as `simulate` would give it, strength equal to 100 + lag."""
    time = np.concatenate([np.arange(-0.05, 0.25, 0.001), np.arange(5, 600, 5.0)])
    shape = (len(lags), 2, 1, time.size)
    lag = np.array(lags)
    series = ("lag", "state", "synapse", "sample")
    data = xr.Dataset(
        coords={
            "lag": ("lag", lag, {"units": "ms"}), "state": ["down", "up"], "synapse": [0],
            "mix": ("state", [0.75, 0.25]), "time": ("sample", time, {"units": "s"}),
            "time_after": ("sample", time - 59, {"units": "s"}),
            "last_pulse": ("lag", np.full(len(lags), 59.0)),
            "measure_at": ("lag", np.full(len(lags), 536.0)),
            "measure_window": ("lag", np.zeros(len(lags))),
        },
        attrs={"model": "made_up", "protocol": "pairs", "title": "a model; spike pairs",
               "readout": "w"},
    )  # fmt: skip
    for name, unit in (("ca", "uM"), ("camkii_active", "uM"), ("pp1_active", "uM")):
        values = np.broadcast_to(np.exp(-np.abs(time) / 50), shape)
        data[name] = (series, values, {"units": unit, "long_name": name})
        data[f"peak_{name}"] = (series[:-1], np.ones(shape[:-1]), {"units": unit})
    strength = np.broadcast_to((100 + lag)[:, None], (len(lags), time.size))
    data["strength"] = (("lag", "sample"), strength, {"units": "%"})
    data["strength_of_lane"] = (
        series, np.broadcast_to((100 + lag)[:, None, None, None], shape), {"units": "%"},
    )  # fmt: skip
    return data


def test_a_run_shows_strength_calcium_kinase_and_phosphatase():
    figure = draw_run([made_up()])
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels == ["synaptic strength (% of baseline)", "ca (µM)", "camkii_active (µM)",
                      "pp1_active (µM)"]  # fmt: skip
    assert figure.axes[1].get_xlabel() == "time from the first pulse (ms)"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["lag -10 ms", "lag 12 ms", "from state down", "from state up", "induction"]


def test_a_long_axis_is_drawn_as_a_curve():
    figure = draw_run([made_up(tuple(np.arange(-30.0, 31.0, 10.0)))])
    curve = figure.axes[0].lines[0]
    assert figure.axes[0].get_xlabel() == "lag (ms)"
    np.testing.assert_allclose(curve.get_ydata(), 100 + curve.get_xdata())


def test_measured_points_are_drawn_with_their_error_bars(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("lag,mean,sem,label\n-10,80,5,Own 2026\n10,140,9,Own 2026\n")
    points = read_points(str(path))
    figure = draw_run([made_up(tuple(np.arange(-30.0, 31.0, 10.0)))], points)
    assert len(figure.axes[0].containers) == 1
    assert "Own 2026" in [t.get_text() for t in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("text", ["", "lag,value\n1,2\n", "lag,mean\n1,many\n", "mean\n1\n"])
def test_points_that_cannot_be_read_are_one_clear_line(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ps.InputError, match=r"mine\.csv:(\d+:)? \S"):
        read_points(str(path))


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_pictures_are_written_in_the_format_of_their_ending(tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    save(draw_run([made_up()]), str(path))
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(starts[ending])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_table_has_a_row_a_sample_and_units_in_its_headings():
    table = to_table(made_up())
    assert len(table) == made_up()["ca"].size
    assert {"lag (ms)", "time (s)", "ca (uM)", "strength (%)"} <= set(table.columns)


def test_netcdf_comes_back_as_it_was(tmp_path):
    write_result(made_up(), str(tmp_path / "r.nc"))
    with xr.open_dataset(tmp_path / "r.nc") as back:
        xr.testing.assert_identical(back.load(), made_up())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "r.csv"
    target.write_text("old")

    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ps.InputError, match="No space left on device"):
        write_beside(target, fail)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"]


@pytest.mark.parametrize("name", ["r.txt", "r", "missing/r.nc"])
def test_targets_that_cannot_be_written_are_refused_before_any_work(tmp_path, name):
    with pytest.raises(ps.InputError):
        check_target(str(tmp_path / name))


def test_a_foot_is_below_everything_else_on_the_page(tmp_path):
    plain, footed = (str(tmp_path / name) for name in ("plain.png", "footed.png"))
    save(draw_run([made_up()]), plain)
    save(draw_run([made_up()]), footed, foot="With g_nmda = 0.6 nS")
    before, after = mpl.image.imread(plain), mpl.image.imread(footed)
    height = before.shape[0]
    assert after.shape[0] > height
    moved = np.abs(after[:height] - before).max(axis=2) > 0.5
    assert moved.mean() < 0.01  # the picture itself stays where it is, to parts of a pixel
    assert after[height:].min() < 0.5  # and the line is there
