"""The cascade over time from made-up data."""

import numpy as np
import xarray as xr

PROTOCOLS = ["high_frequency", "theta_burst", "low_frequency"]
NAMES = ("strength", "ca", "camkii_active", "pp2a_active", "pp1_active", "can_active")


def made_up():
    """Return constant time courses, the third protocol lasting a quarter of an hour."""
    time = np.concatenate([np.arange(-0.1, 1.2, 0.1), np.arange(5, 3600, 300.0)])
    data = xr.Dataset(coords={"protocol": PROTOCOLS, "time": time, "quarter": [0.25, 0.75]})
    data["last_pulse"] = ("protocol", [1.0, 12.0, 899.0])
    for height, name in enumerate(NAMES, start=1):
        ones = np.ones((3, time.size))
        data[name] = (("protocol", "time"), height * ones)
        half = np.stack([0.5 * height * ones, 1.5 * height * ones], axis=1)
        data[f"{name}_half"] = (("protocol", "quarter", "time"), half)
    return data


def test_a_column_is_a_protocol_and_a_row_a_stage_of_the_cascade(drawn):
    panels = np.reshape(drawn(made_up()).axes, (4, 3))
    assert [panel.get_title() for panel in panels[0]] == [
        "tetanus, 100 Hz", "theta bursts", "900 pulses at 1 Hz"]  # fmt: skip
    heights = [panel.lines[0].get_ydata()[0] for panel in panels[:, 2]]
    assert heights == [2, 5000, 3, 1]  # calcium, PP1 in nM, CaMKII, strength


def test_the_induction_is_shaded_for_as_long_as_it_lasts(drawn):
    panels = np.reshape(drawn(made_up()).axes, (4, 3))
    (shade,) = panels[3, 2].patches
    assert shade.get_width() == 899 / 60
