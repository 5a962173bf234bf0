"""The matrix from made-up scores."""

import numpy as np
import pytest
import xarray as xr


def made_up():
    """Return two models under an experiment with errors and one of signs."""
    places = ("model", "experiment")
    return xr.Dataset(
        {
            "state": (places, [["scored", "scored"], ["not applicable", "failed"]]),
            "fitted": (places, [[True, False], [False, False]]),
            "z": (places, [[2.5, np.nan], [np.nan, np.nan]]),
            "agree": (places, [[4, 3], [0, 0]]),
            "of": (places, [[5, 4], [0, 0]]),
        },
        {
            "model": ["one", "other"], "experiment": ["numbers", "signs"],
            "has_error": ("experiment", [True, False]),
        },
    )  # fmt: skip


def test_a_cell_tells_z_where_there_is_one_and_else_how_many_signs_agree(drawn):
    texts = {text.get_text() for text in drawn(made_up()).axes[0].texts}
    assert texts == {"one", "other", "numbers", "signs", "z", "2.5", "3/4", "x"}


def test_fitted_cells_have_a_frame(drawn):
    frames = [patch for patch in drawn(made_up()).axes[0].patches if not patch.get_fill()]
    assert len(frames) == 1


def test_a_file_gives_the_same_picture(drawn, tmp_path):
    made_up().to_netcdf(tmp_path / "matrix.nc", engine="h5netcdf")
    figure = drawn(xr.load_dataset(tmp_path / "matrix.nc", engine="h5netcdf"))
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(180)
    assert "3/4" in {text.get_text() for text in figure.axes[0].texts}
