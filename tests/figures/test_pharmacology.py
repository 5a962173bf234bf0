"""Bars, signs and measured numbers from made-up data."""

import numpy as np
import xarray as xr


def made_up():
    """Return three drugs, of which the signs of two are known, and two conditions each below."""
    strength = [[140.0, 100.0, 120.0], [75.0, 100.0, 80.0]]
    sign = [[1.0, 0.0, np.nan], [-1.0, np.nan, np.nan]]
    data = {"strength": (("induction", "drug"), strength), "sign": (("induction", "drug"), sign)}
    for kind in ("pairs", "bursts"):
        data |= {
            f"simulated_{kind}": (kind, [90.0, 100.0]), f"measured_{kind}": (kind, [170.0, 101.0]),
            f"sem_{kind}": (kind, [20.0, 5.0]),
        }  # fmt: skip
    return xr.Dataset(
        data,
        {
            "induction": ["LTP", "LTD"], "drug": ["none", "APV", "H89"],
            "pairs": ["none, +10 ms", "none, -10 ms"], "bursts": ["none, +10 ms", "APV, -50 ms"],
        },
    )  # fmt: skip


def heights(panel):
    return [(bar.get_y(), bar.get_height()) for bar in panel.patches]


def test_bars_go_from_the_baseline_to_the_strength_of_the_model(drawn):
    tetanus, slow, *_ = drawn(made_up()).axes
    assert heights(tetanus) == [(100, 40), (100, 0), (100, 20)]
    assert heights(slow) == [(100, -25), (100, 0), (100, -20)]
    assert [label.get_text() for label in tetanus.get_xticklabels()] == ["none", "APV", "H89"]


def test_a_sign_is_a_mark_at_no_value(drawn):
    tetanus, slow, *_ = drawn(made_up()).axes
    marks = {
        panel: [
            (line.get_marker(), line.get_ydata()[0])
            for line in panel.lines
            if line.get_marker() in ("^", "v", "_")
        ]
        for panel in (tetanus, slow)
    }
    assert [marker for marker, _ in marks[tetanus]] == ["^", "_"]
    assert [marker for marker, _ in marks[slow]] == ["v"]
    for panel, own in marks.items():  # a share of the panel, above all bars
        assert all(0 < height < 1 for _, height in own)
        assert panel.get_ylim()[1] > 150


def test_numbers_are_points_with_error_bars(drawn):
    *_, pairs, bursts = drawn(made_up()).axes
    for panel in (pairs, bursts):
        points = next(c for c in panel.containers if hasattr(c, "has_yerr"))
        assert [float(height) for height in points.lines[0].get_ydata()] == [170, 101]
        [bars] = points.lines[2]
        assert [float(height) for _, height in bars.get_segments()[0]] == [150, 190]
    assert [text.get_text() for text in pairs.texts] == ["post spike +10 ms", "post spike -10 ms"]


def test_the_strengths_have_their_unit(drawn):
    assert drawn(made_up()).axes[0].get_ylabel() == "synaptic strength (% of baseline)"
