"""Single synapses and their mean, from made-up data."""

import numpy as np
import xarray as xr

TIME = np.array([-600.0, 0.0, 1800.0, 3600.0])


def made_up():
    """Return two synapses that go up or stay, and down or stay."""
    up = [[100.0, 100, 100, 100], [100.0, 100, 150, 180]]
    down = [[100.0, 100, 100, 100], [100.0, 100, 80, 70]]
    return xr.Dataset(
        {
            "course": (("induction", "synapse", "time"), [up, down]),
            "settled": (("induction", "synapse"), [[101.0, 182.0], [101.0, 72.0]]),
            "mean": ("rate", [80.0, 140.0]),
            "up": ("rate", [0.0, 60.0]),
            "down": ("rate", [75.0, 20.0]),
        },
        {"induction": ["fast", "slow"], "time": TIME, "synapse": [0, 1], "rate": [1.0, 50.0]},
    )


def test_every_synapse_is_a_thin_line_and_the_mean_a_thick_one(drawn):
    fast, slow, *_ = drawn(made_up()).axes
    one, other, _, mean = fast.lines[:4]
    np.testing.assert_allclose(other.get_ydata(), [100, 100, 150, 180])
    np.testing.assert_allclose(mean.get_ydata(), [100, 100, 125, 140])
    np.testing.assert_allclose(mean.get_xdata(), [-10, 0, 30, 60])  # minutes
    assert mean.get_linewidth() > 3 * one.get_linewidth()
    np.testing.assert_allclose(slow.lines[3].get_ydata(), [100, 100, 90, 85])


def test_settled_synapses_are_counted_apart_for_each_induction(drawn):
    settled = drawn(made_up()).axes[2]
    fast, slow = settled.containers
    assert sum(bar.get_height() for bar in fast) == 2
    [up] = [bar for bar in fast if bar.get_height() and bar.get_x() > 150]
    assert up.get_x() <= 182 <= up.get_x() + 2 * up.get_width()
    assert sum(bar.get_height() for bar in slow) == 2


def test_mean_and_shares_stand_against_the_rate(drawn):
    mean, shares = drawn(made_up()).axes[3:]
    assert mean.lines[0].get_ydata().tolist() == [80, 140]
    assert [line.get_ydata().tolist() for line in shares.lines] == [[0, 60], [75, 20]]
    assert [mean.get_xlabel(), shares.get_ylabel()] == ["rate (Hz)", "share of synapses (%)"]
