"""Times and errors of simulators from made-up measurements, and from the shipped ones."""

import numpy as np
import xarray as xr

from plasticity_sim.figure import read_figure


def made_up():
    """Return two cases, of the first a batch of the project and a peer."""
    return xr.Dataset(
        {
            "model": ("row", ["cascade", "cascade", "cascade"]),
            "protocol": ("row", ["pulses_1hz", "pulses_1hz", "pulses_100hz"]),
            "judged": ("row", ["w", "w", "w"]),
            "place": ("row", ["batch", "lsoda", "batch"]),
            "target": ("row", [1e-4, 1e-4, 1e-5]),
            "seconds": ("row", [0.005, 0.3, 0.0001]),
            "error": ("row", [5e-5, 9e-5, 3e-6]),
        }
    )


def test_every_row_is_a_mark_in_the_panel_of_its_case(drawn):
    first, second, *_ = drawn(made_up()).axes
    marks = [line for line in first.lines if len(line.get_xdata()) and line.get_marker() != "None"]
    assert [line.get_ydata().tolist() for line in marks] == [[0.005], [0.3]]
    [mark] = [x for x in second.lines if len(x.get_xdata()) and x.get_marker() != "None"]
    assert mark.get_xdata().tolist() == [3e-6]


def test_the_error_asked_for_is_a_line(drawn):
    first = drawn(made_up()).axes[0]
    assert first.lines[-1].get_xdata() == [1e-4, 1e-4]
    assert first.get_ylabel() == "time for one synapse (s)"
    assert first.get_xscale() == first.get_yscale() == "log"


def test_the_project_is_filled_and_the_peers_are_open(drawn):
    marks = {
        line.get_label(): line.get_markerfacecolor()
        for line in drawn(made_up()).legends[0].legend_handles
    }
    assert marks["SciPy LSODA, numba"] == "white"
    assert marks["plasticity-sim, batch"] != "white"
    assert "NEURON cvode" not in marks


def test_every_shipped_measurement_is_below_the_error_asked_for():
    data = read_figure("speed").data()
    assert data.sizes["row"] > 50
    assert (data["error"] <= data["target"]).all()
    assert (data["seconds"] > 0).all()
    assert np.isfinite(data["error"]).all()
